/** Requests that wait for a transaction which waits for them: Postgres ends one of the two, which here always is the request. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inTransaction, type PoolClient } from '../../src/storage/postgres/pool.ts';
import { type Answer, startApi } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const server = await startApi();
const { send, pool, counter, lines, ann, ids } = server.value;

const LINKS = '/api/v1/links';
const url = 'https://example.com/';

const test = suite('requests in a deadlock');

test.after(() => server.stop());

async function link(slug: string): Promise<number> {
  const { status, json } = await send('POST', LINKS, { key: ann, body: { url, slug } });
  assert.is(status, 201);
  return Number(json.id);
}

/**
 * Locks something, lets a request come that waits for it, and then wants what the request has locked.
 * @returns what the request was answered
 */
async function deadlocked(
  lock: (other: PoolClient) => Promise<unknown>,
  request: () => Promise<Answer>,
  want: (other: PoolClient) => Promise<unknown>,
) {
  let answer: Promise<Answer> | null = null;
  await inTransaction(pool, async (other) => {
    await other.query(`SET LOCAL deadlock_timeout = '60s'`); // whoever looks first is the one who is ended
    await lock(other);
    answer = request();
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until('the request waits', async () => (await pool.query(waiting)).rowCount === 1);
    await want(other);
  });
  if (answer === null) throw new Error('nothing was asked');
  return answer as Promise<Answer>;
}

test('a transaction is begun anew: the request is answered as if nothing had happened', async () => {
  const id = await link('deleted');
  await pool.query('INSERT INTO link_totals (link_id, clicks, uniques, bots) VALUES ($1, 1, 1, 0)', [id]);
  const { status } = await deadlocked(
    (other) => other.query('SELECT FROM link_totals WHERE link_id = $1 FOR UPDATE', [id]),
    () => send('DELETE', `${LINKS}/deleted`, { key: ann }),
    (other) => other.query('SELECT FROM links WHERE id = $1 FOR UPDATE', [id]),
  );
  assert.is(status, 204);
  assert.is((await pool.query('SELECT FROM link_totals WHERE link_id = $1', [id])).rowCount, 0);
});

test('what is no transaction of ours is answered by 503, with the time to try again', async () => {
  const id = await link('renamed');
  const { status, headers, json } = await deadlocked(
    (other) => other.query(`INSERT INTO links (slug, owner_id, target) VALUES ('wanted', $1, $2)`, [ids.bob, url]),
    () => send('PATCH', `${LINKS}/renamed`, { key: ann, body: { slug: 'wanted' } }),
    (other) => other.query('UPDATE links SET title = $2 WHERE id = $1', [id, 'first']),
  );
  assert.equal([status, json.code, headers.get('retry-after')], [503, 'store_away', '5']);
  assert.is((await send('PATCH', `${LINKS}/renamed`, { key: ann, body: { slug: 'free' } })).status, 200, 'later it succeeds');
});

test('neither is an error of ours', () => {
  assert.is(counter('serverErrors'), 1);
  assert.equal(lines.filter(({ level }) => level === 'error'), []); // biome-ignore format: short
});

test.run();

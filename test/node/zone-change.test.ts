/** The owner changes the zone of a real node with two fronts: days stay as they were labelled, hours are cut anew, from the next click on. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Stats } from '../../src/core/api/stats.ts';
import { dayOf, offsetAt, quarterOf } from '../../src/core/zone.ts';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';
import { zoneAtNoon } from '../support/visits.ts';

/** Each on a connection of its own, so that both fronts have the link at hand, and both are asked again. */
const CLICKS = 24;
const PASSWORD = 'correct horse battery';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const FOLDED_MS = 40_000;
const AHEAD_HOURS = 13;

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const pool = connections.value;
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url },
});

const test = suite('a change of zone');

test.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});

const now = Date.now();
const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
const dayIn = (zone: string) => dayOf(quarterOf(now), offsetAt(zone, quarterOf(now)));

/** Where it is noon, and where it is another day and midnight is an hour away. */
function twoZones(): { before: string; after: string } {
  const after = zoneAtNoon(now);
  const offsetHours = offsetAt(after, quarterOf(now)) / 4;
  const other = offsetHours > 0 ? offsetHours - AHEAD_HOURS : offsetHours + AHEAD_HOURS;
  const before = other === 0 ? 'UTC' : `Etc/GMT${other > 0 ? '-' : '+'}${Math.abs(other)}`;
  return { before, after };
}

async function click(slug: string): Promise<void> {
  for (let n = 0; n < CLICKS; n++) {
    const { status } = await fetch(`${node.url()}/${slug}`, {
      redirect: 'manual',
      headers: { connection: 'close', 'user-agent': BROWSER },
    });
    assert.is(status, 302);
  }
}

async function changeZone(email: string, timezone: string): Promise<void> {
  const send = async (method: string, path: string, token: string | null, body: object) => {
    const response = await fetch(`${node.url()}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    assert.is(response.status, 200, path);
    return (await response.json()) as { accessToken: string };
  };
  const { accessToken } = await send('POST', '/auth/login', null, { email, password: PASSWORD });
  await send('PATCH', '/me', accessToken, { timezone });
}

test('days stay as they were labelled, hours and weekdays are those of the new zone', async () => {
  const { before, after } = twoZones();
  assert.is.not(dayIn(before), dayIn(after));
  const owner = await makeOwner(pool, { links: 1, timeZone: before });
  const [{ slug, id }] = owner.links;
  const { rows } = await pool.query<{ email: string }>('UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING email', [
    owner.userId,
    await hashPassword(PASSWORD),
  ]);
  const api = apiClient(node.url(), owner);

  await click(slug);
  const inOldZone = await api.stats(slug);
  assert.equal([inOldZone.timezone, inOldZone.clicks, inOldZone.uniqueClicks], [before, CLICKS, 1]);
  assert.is(sum(inOldZone.hours), CLICKS);

  await changeZone(rows[0].email, after);
  await click(slug); // the same visitor, on another day of the calendar now, whichever front is asked
  const range = `?from=${new Date(now - 172_800_000).toISOString()}`;
  const all = (await (await api.get(`/links/${slug}/stats${range}`)).json()) as Stats;
  assert.equal([all.timezone, all.clicks, all.uniqueClicks, all.repeatClicks], [after, 2 * CLICKS, 2, 2 * (CLICKS - 1)]);
  assert.equal(all.os, [{ key: 'Linux', clicks: 2 * CLICKS }], 'lists of both days, each whole');
  assert.is(
    all.hours.slice(11, 14).reduce((a, b) => a + b),
    2 * CLICKS,
    'at noon, also those from before the change',
  );
  assert.is(sum(all.week), 2 * CLICKS);
  assert.is((await api.link(slug)).clicksToday, 2 * CLICKS);

  await until('folded', async () => (await node.metric('elnk_clicks_folded_total')) === 2 * CLICKS, FOLDED_MS);
  const days = await pool.query<{ day: number }>(
    `SELECT day - date '1970-01-01' AS day FROM link_days WHERE link_id = $1 ORDER BY day = date '1970-01-01' + $2::int DESC`,
    [id, dayIn(before)],
  );
  assert.equal(
    days.rows.map(({ day }) => day),
    [dayIn(before), dayIn(after)],
  );
  const folded = (await (await api.get(`/links/${slug}/stats${range}`)).json()) as Stats;
  assert.equal({ ...folded, to: all.to, series: [] }, { ...all, series: [] });
});

test.run();

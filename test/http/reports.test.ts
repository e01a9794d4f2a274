/** Daily reports over HTTP: to be sent now, and as a PDF when the threads that make them have enough to do. */
import { MessageChannel } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PoolSetup } from '../../src/core/messages.ts';
import { DAILY_REPORT_TASK } from '../../src/core/report-jobs.ts';
import { REPORT_POLICY } from '../../src/http/api/reports.ts';
import { startTaskPool } from '../../src/jobs/pool.ts';
import { createPoolClient, servePool } from '../../src/jobs/pool-port.ts';
import type { PoolTasks } from '../../src/pool-thread.ts';
import { entryUrl } from '../../src/threads.ts';
import { startApi } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const SEND = '/api/v1/reports/daily/send';

const server = await startApi();
const api = server.value;

const it = suite('reports over HTTP');
it.after(() => server.stop());

type Order = { userId: number; day: string; isAsked: boolean };
const orders = async (): Promise<Order[]> => {
  const { rows } = await api.pool.query<{ payload: Order }>(
    `SELECT payload FROM graphile_worker._private_jobs AS jobs JOIN graphile_worker._private_tasks AS tasks ON tasks.id = task_id WHERE identifier = $1 ORDER BY jobs.id`,
    [DAILY_REPORT_TASK],
  );
  return rows.map(({ payload }) => payload);
};

it('one is sent to whoever is signed in, of yesterday in the own calendar; not to keys', async () => {
  for (const key of [api.ann, await api.keyOf('ann', ['stats:read'])]) {
    const { status, json } = await api.send('POST', SEND, { key });
    assert.equal([status, json.code], [403, 'forbidden']);
  }
  assert.is((await api.send('POST', SEND)).status, 401);
  assert.equal(await orders(), []);
  const { status, json } = await api.send('POST', SEND, { key: await api.sessionOf('ann') });
  assert.equal([status, json], [202, '']);
  // It is 01:07 on the 11th in Moscow.
  assert.equal(await orders(), [{ userId: api.ids.ann, day: '2026-05-10', isAsked: true }]);
});

it('three an hour for an account; a wish that waits is replaced; others are not held up', async () => {
  const ann = await api.sessionOf('ann');
  const answers = [];
  for (let n = 1; n < REPORT_POLICY.limit; n++) answers.push((await api.send('POST', SEND, { key: ann })).status);
  assert.equal(answers, [202, 202], 'the first was taken by the test before');
  const refused = await api.send('POST', SEND, { key: ann });
  assert.equal([refused.status, refused.json.code], [429, 'too_many_requests']);
  const seconds = Number(refused.headers.get('retry-after'));
  assert.ok(seconds > 0 && seconds <= REPORT_POLICY.windowSec, String(seconds));
  assert.match(
    refused.headers.get('ratelimit-policy') ?? '',
    `"${REPORT_POLICY.name}";q=${REPORT_POLICY.limit};w=${REPORT_POLICY.windowSec}`,
  );
  assert.is((await orders()).length, 1);
  assert.is((await api.send('POST', SEND, { key: await api.sessionOf('bob') })).status, 202);
  assert.equal(
    (await orders()).map(({ userId }) => userId),
    [api.ids.ann, api.ids.bob],
  );
});

it('an address that is not confirmed gets none, and that costs nothing of what is left', async () => {
  const root = await api.sessionOf('root');
  const confirm = (at: Date | null) => api.pool.query('UPDATE users SET confirmed_at = $2 WHERE id = $1', [api.ids.root, at]);
  await confirm(null);
  for (let n = 0; n <= REPORT_POLICY.limit; n++) {
    const { status, json } = await api.send('POST', SEND, { key: root });
    assert.equal([status, json.code], [403, 'unconfirmed']);
  }
  await confirm(new Date());
  assert.is((await api.send('POST', SEND, { key: root })).status, 202);
});

it('as a PDF: 503 with Retry-After when as many wait as may, and then it is made', async () => {
  const setup: PoolSetup = { node: 'test', databaseUrl: 'postgres://nobody@127.0.0.1:1/none', logLevel: 'silent' }; // PDFs need none
  const pool = startTaskPool<PoolTasks>(entryUrl('pool-thread').href, setup, { threads: 1, maxQueue: 1 });
  const client = createPoolClient<PoolTasks>();
  const { port1, port2 } = new MessageChannel();
  client.connect(port1);
  servePool(port2, pool.value);
  api.pdfs.render = (order) => client.run('dailyPdf', order);
  try {
    const ask = () => api.send('GET', '/api/v1/reports/daily.pdf', { key: api.ann });
    await until('a thread that has started', async () => (await ask()).status === 200, 60_000);
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    const made = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    assert.is(made.length + refused.length, answers.length);
    assert.ok(made.length >= 1 && refused.length >= 1, answers.map(({ status }) => status).join());
    for (const { headers, json } of refused) assert.equal([json.code, Number(headers.get('retry-after'))], ['busy', 2]);
    for (const { headers } of made) assert.is(headers.get('content-type'), 'application/pdf');
  } finally {
    client.close();
    await pool.stop();
  }
});

it.run();

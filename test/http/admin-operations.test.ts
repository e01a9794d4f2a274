/** What administrators see of the server: counters by the day, nodes, jobs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS } from '../../src/core/counters.ts';
import type { NodeState } from '../../src/core/operations.ts';
import { queueMail, tidyMailQueue } from '../../src/storage/postgres/mail-queue.ts';
import { writeGoodbye, writeHeartbeat } from '../../src/storage/postgres/nodes.ts';
import { startApi } from '../support/api-server.ts';

const it = suite('operations');

const { value: api, stop } = await startApi();
const root = await api.sessionOf('root');

it.after(stop);

const get = (path: string) => api.send('GET', `/api/v1/admin/${path}`, { key: root });
const SECRET = 'https://s.example.com/confirm#token=abc';
const mail = (to: string) => queueMail(api.pool, { to, kind: 'confirm', locale: 'en', link: SECRET, jobKey: to });
const jobs = () => api.pool.query('SELECT id, attempts, max_attempts FROM graphile_worker.jobs ORDER BY id').then(({ rows }) => rows);
const set = (id: number, what: string) => api.pool.query(`UPDATE graphile_worker._private_jobs SET ${what} WHERE id = $1`, [id]);
const audit = async () =>
  (await get('audit')).json.data.map(({ action, subject }: { action: string; subject: { name: string } }) => [action, subject.name]);

it('counters of today are as of now, with names, labels and kinds', async () => {
  api.beginDay();
  const before = (await get('counters')).json.days[0].counters.linksCreated;
  await api.send('POST', '/api/v1/links', { key: api.ann, body: { url: 'https://example.com/' } });
  const { status, json } = await get('counters');
  assert.equal([status, json.from, json.to], [200, '2026-05-10', '2026-05-10']);
  assert.is(json.days[0].counters.linksCreated, before + 1);
  assert.equal(Object.keys(json.days[0].counters), COUNTER_NAMES);
  assert.equal(json.counters[0], { name: 'rejectedUrls', kind: 'sum', en: 'Rejected URLs', ru: 'Отклонённые адреса' });
  assert.equal(
    json.counters.map(({ name }: { name: string }) => name),
    Object.keys(COUNTERS),
  );
});

it('counters of other days and nodes come from the store, every day of the range', async () => {
  await api.pool.query(
    `INSERT INTO server_counters (day, node, name, kind, run, before, current)
     SELECT day, node, 'redirects', 'sum', 'r', 10, 5 FROM unnest('{2026-05-07,2026-05-09}'::date[]) AS day, unnest('{a,b}'::text[]) AS node`,
  );
  const { json } = await get('counters?from=2026-05-06&to=2026-05-10');
  assert.equal(
    json.days.map(({ day, counters }: { day: string; counters: { redirects: number } }) => [day.slice(-2), counters.redirects]),
    [
      ['06', 0],
      ['07', 30],
      ['08', 0],
      ['09', 30],
      ['10', api.counter('redirects')],
    ],
  );
});

it('ranges that are none are refused', async () => {
  for (const query of [
    'from=2026-05-11',
    'from=2026-05-02&to=2026-05-01',
    'from=2026-02-30',
    'from=yesterday',
    'from=2020-01-01',
    'day=2026-05-01',
  ]) {
    const { status, json } = await get(`counters?${query}`);
    assert.equal([status, json.code], [422, 'invalid'], query);
  }
});

const STATE: NodeState = {
  uptimeSec: 10,
  ttlMs: 10_000,
  fronts: 1,
  shards: 1,
  backlogBytes: 500,
  backlogClicks: 4,
  clicksLost: 0,
  degraded: ['Redis is away'],
  diskUsed: 0.5,
  logs: [{ name: 'f0-s0', written: 700, stored: 200 }],
};

it('nodes are running, stopped or silent', async () => {
  const startedAt = Date.UTC(2026, 4, 1);
  for (const node of ['a', 'b', 'c']) await writeHeartbeat(api.pool, { node, version: '1.2.3', startedAt, state: STATE });
  await writeGoodbye(api.pool, 'b');
  await api.pool.query(`UPDATE nodes SET seen_at = now() - interval '2 minutes' WHERE node = 'c'`);
  const { status, json } = await get('nodes');
  assert.is(status, 200);
  assert.equal(
    json.data.map(({ node, health }: { node: string; health: string }) => [node, health]),
    [
      ['a', 'running'],
      ['b', 'stopped'],
      ['c', 'silent'],
    ],
  );
  const { seenAt, ...first } = json.data[0];
  assert.equal(first, { ...STATE, node: 'a', version: '1.2.3', startedAt: '2026-05-01T00:00:00.000Z', health: 'running' });
  assert.ok(Math.abs(Date.now() - Date.parse(seenAt)) < 60_000);
  await writeHeartbeat(api.pool, { node: 'b', version: '1.2.4', startedAt, state: STATE });
  assert.equal((await get('nodes')).json.data[1].health, 'running');
});

it('jobs are listed by state, without what they carry', async () => {
  for (const to of ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com']) await mail(to);
  const [waiting, failed, dead, running] = (await jobs()).map(({ id }) => id);
  await set(failed, `attempts = 3, last_error = E'451 not now, ${SECRET}\nstack'`);
  await set(dead, `attempts = max_attempts, last_error = 'no'`);
  await set(running, `locked_at = now(), locked_by = 'worker-1'`);
  const { status, json } = await get('jobs');
  assert.is(status, 200);
  assert.equal(json.counts, { waiting: 1, failed: 1, dead: 1, running: 1 });
  assert.equal(
    json.data.map(({ id, state, canRetry }: { id: number; state: string; canRetry: boolean }) => [id, state, canRetry]),
    [
      [running, 'running', false],
      [dead, 'dead', true],
      [failed, 'failed', true],
      [waiting, 'waiting', true],
    ],
  );
  assert.is(json.data[2].lastError, '451 not now, …');
  assert.equal(json.work, []);
  assert.not.match(JSON.stringify(json), /token=|@example/);
  assert.equal(
    (await get('jobs?state=failed')).json.data.map(({ id }: { id: number }) => id),
    [failed],
  );
  const page = await get('jobs?limit=3');
  assert.equal(
    (await get(`jobs?limit=3&cursor=${page.json.nextCursor}`)).json.data.map(({ id }: { id: number }) => id),
    [waiting],
  );
});

it('a job that failed is done again, one that runs is left alone, both is in the audit list', async () => {
  const [, failed, dead, running] = (await jobs()).map(({ id }) => id);
  const retried = await api.send('POST', `/api/v1/admin/jobs/${dead}/retry`, { key: root });
  assert.equal([retried.status, retried.json.state, retried.json.attempts], [200, 'waiting', 0]);
  assert.is((await api.send('DELETE', `/api/v1/admin/jobs/${failed}`, { key: root })).status, 204);
  for (const [method, path] of [
    ['POST', `jobs/${running}/retry`],
    ['DELETE', `jobs/${running}`],
  ]) {
    const { status, json } = await api.send(method, `/api/v1/admin/${path}`, { key: root });
    assert.equal([status, json.code], [409, 'job_running']);
  }
  for (const id of [failed, 999_999, 'x']) assert.is((await api.send('DELETE', `/api/v1/admin/jobs/${id}`, { key: root })).status, 404);
  assert.equal(await audit(), [
    ['job.delete', 'mail'],
    ['job.retry', 'mail'],
  ]);
  assert.is((await jobs()).length, 3);
});

it('of mails that were given up a record is left, without the secret', async () => {
  const [first] = (await jobs()).map(({ id }) => id);
  await set(first, `attempts = max_attempts, last_error = E'550 not ${SECRET}\nstack'`);
  assert.is(await tidyMailQueue(api.pool), 1);
  const { data } = (await get('jobs?state=dead')).json;
  assert.equal(
    data.map(({ id, task, lastError, canRetry }: Record<string, unknown>) => [id, task, lastError, canRetry]),
    [[first, 'mail', '550 not …', false]],
  );
  assert.equal((await api.pool.query('SELECT error FROM given_up_jobs')).rows, [{ error: '550 not …' }], 'nor is it kept');
  const { status, json } = await api.send('POST', `/api/v1/admin/jobs/${first}/retry`, { key: root });
  assert.equal([status, json.code], [409, 'job_gone']);
  assert.is((await api.send('DELETE', `/api/v1/admin/jobs/${first}`, { key: root })).status, 204);
  assert.equal((await get('jobs?state=dead')).json.data, []);
});

it('nobody else sees or does any of it', async () => {
  for (const path of ['counters', 'nodes', 'jobs']) {
    assert.is((await api.send('GET', `/api/v1/admin/${path}`, { key: api.ann })).status, 403);
    assert.is((await api.send('GET', `/api/v1/admin/${path}`)).status, 401);
  }
  assert.is((await api.send('POST', '/api/v1/admin/jobs/1/retry', { key: api.ann })).status, 403);
  assert.is((await api.send('DELETE', '/api/v1/admin/jobs/1', { key: api.ann })).status, 403);
});

it.run();

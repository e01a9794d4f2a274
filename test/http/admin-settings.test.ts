/** The switches of the running server, and the list of what administrators did. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startApi } from '../support/api-server.ts';

const it = suite('settings and audit');

const { value: api, stop } = await startApi();
const root = await api.sessionOf('root');

it.after(stop);
it.before.each(() => api.pool.query('DELETE FROM admin_acts').then(() => undefined));

const SETTINGS = '/api/v1/admin/settings';
const set = (registrationOpen: unknown) => api.send('PATCH', SETTINGS, { key: root, body: { registrationOpen } });
const audit = async (query = '') => (await api.send('GET', `/api/v1/admin/audit${query}`, { key: root })).json;
let people = 0;
const register = () =>
  api.send('POST', '/api/v1/auth/register', { body: { email: `new-${++people}@example.com`, password: 'correct horse battery' } });

it('registration is open until it is closed, at once, and is opened again', async () => {
  const read = await api.send('GET', SETTINGS, { key: root });
  assert.equal([read.status, read.json], [200, { registrationOpen: true, registrationClosedBySetting: false }]);
  assert.is((await register()).status, 201);
  const closed = await set(false);
  assert.equal([closed.status, closed.json], [200, { registrationOpen: false, registrationClosedBySetting: false }]);
  assert.equal((await api.send('GET', SETTINGS, { key: root })).json, closed.json);
  const refused = await register();
  assert.equal([refused.status, refused.json.code], [403, 'forbidden']);
  assert.is((await set(true)).json.registrationOpen, true);
  assert.is((await register()).status, 201);
});

it('the setting of the node is stronger than the switch', async () => {
  api.registration.isOpen = false;
  try {
    assert.is((await set(true)).status, 200);
    assert.is((await register()).status, 403);
  } finally {
    api.registration.isOpen = true;
  }
});

it('what is no switch is refused', async () => {
  for (const body of [{}, { registrationOpen: 'no' }, { registrationOpen: null }, { registrationOpen: true, isAdmin: true }, []]) {
    assert.is((await api.send('PATCH', SETTINGS, { key: root, body })).status, 422, JSON.stringify(body));
  }
});

it('the audit list says who did what on whom and when, and nothing of what changed nothing', async () => {
  await set(true);
  assert.equal((await audit()).data, []);
  await set(false);
  await set(false);
  await api.send('POST', '/api/v1/admin/blocked-hosts', { key: root, body: { host: 'evil.example' } });
  await api.send('DELETE', '/api/v1/admin/blocked-hosts/evil.example', { key: root });
  await api.send('DELETE', '/api/v1/admin/blocked-hosts/evil.example', { key: root });
  await set(true);
  const { data, nextCursor } = await audit();
  const admin = { id: api.ids.root, email: 'root@example.com' };
  assert.is(nextCursor, null);
  assert.equal(
    data.map(({ id, at, ...act }: { id: number; at: string }) => act),
    [
      { admin, action: 'settings.edit', subject: { id: null, name: 'settings' }, changes: { registrationOpen: { from: false, to: true } } },
      { admin, action: 'host.unblock', subject: { id: null, name: 'evil.example' }, changes: {} },
      { admin, action: 'host.block', subject: { id: null, name: 'evil.example' }, changes: {} },
      { admin, action: 'settings.edit', subject: { id: null, name: 'settings' }, changes: { registrationOpen: { from: true, to: false } } },
    ],
  );
  for (const { at } of data) assert.ok(Math.abs(Date.now() - Date.parse(at)) < 60_000, at);
});

it('the audit list has pages', async () => {
  for (let i = 0; i < 5; i++) await set(i % 2 === 1);
  const pages = [await audit('?limit=2')];
  while (pages[pages.length - 1].nextCursor !== null) pages.push(await audit(`?limit=2&cursor=${pages[pages.length - 1].nextCursor}`));
  const ids = pages.flatMap(({ data }) => data.map(({ id }: { id: number }) => id));
  assert.equal(
    pages.map(({ data }) => data.length),
    [2, 2, 1],
  );
  assert.equal(
    ids,
    [...ids].sort((a, b) => b - a),
  );
  await set(true);
});

it('an administrator who was demoted a moment ago does nothing any more, and nothing of it is kept', async () => {
  const key = await api.keyOf('root', ['admin']);
  const act = () => api.send('POST', '/api/v1/admin/blocked-hosts', { key, body: { host: 'late.example' } });
  await api.send('GET', SETTINGS, { key }); // the thread has the key at hand, with its scope
  await api.pool.query('UPDATE users SET is_admin = false WHERE email = $1', ['root@example.com']);
  try {
    const { status, json } = await act();
    assert.equal([status, json.code], [403, 'forbidden']);
    assert.is((await api.pool.query('SELECT FROM blocked_hosts')).rowCount, 0);
  } finally {
    await api.pool.query('UPDATE users SET is_admin = true WHERE email = $1', ['root@example.com']);
  }
});

it.run();

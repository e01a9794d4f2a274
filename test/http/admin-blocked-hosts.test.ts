/** Blocked hosts over the API. What becomes of visitors: test/node/blocked-hosts.test.ts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startApi } from '../support/api-server.ts';

const HOSTS = '/api/v1/admin/blocked-hosts';

const it = suite('blocked hosts over HTTP');

const { value: api, stop } = await startApi();
const root = await api.keyOf('root', ['admin']);

it.after(stop);
it.before.each(async () => {
  const { json } = await api.send('GET', `${HOSTS}?limit=100`, { key: root });
  for (const { host } of json.data) assert.is((await unblock(host)).status, 204);
});

const block = (host: string) => api.send('POST', HOSTS, { key: root, body: { host } });
const unblock = (host: string) => api.send('DELETE', `${HOSTS}/${encodeURIComponent(host)}`, { key: root });
const create = (body: object) => api.send('POST', '/api/v1/links', { key: api.ann, body });
const names = async (query = '') => {
  const { json } = await api.send('GET', HOSTS + query, { key: root });
  return json.data.map(({ host }: { host: string }) => host);
};

it('a host is blocked, listed and unblocked', async () => {
  const made = await block('Evil.Example.');
  assert.equal([made.status, made.json.host, made.headers.get('location')], [201, 'evil.example', `${HOSTS}/evil.example`]);
  assert.ok(Math.abs(Date.now() - Date.parse(made.json.createdAt)) < 60_000);
  const again = await block('evil.example');
  assert.equal([again.status, again.json], [201, made.json], 'is no fault');
  assert.equal(await names(), ['evil.example']);
  const gone = await unblock('EVIL.example');
  assert.equal([gone.status, gone.json], [204, '']);
  assert.is((await unblock('evil.example')).status, 404);
  assert.equal(await names(), []);
});

it('links to it can neither be made nor edited in, in whatever spelling; others can', async () => {
  const link = (await create({ url: 'https://good.example/' })).json;
  for (const host of ['evil.example', 'пример.рф', '10.1.2.3', '2001:db8::1']) assert.is((await block(host)).status, 201);
  for (const url of [
    'https://evil.example',
    'HTTPS://EVIL.EXAMPLE:8443/a?b',
    'http://evil.example./',
    'http://a.b.evil.example/',
    'http://ｅvil.example/',
    'http://xn--e1afmkfd.xn--p1ai/',
    'http://www.ПРИМЕР.рф/',
    'http://10.66051/',
    'http://0x0a010203/',
    'http://[::ffff:10.1.2.3]/',
    'http://[2001:DB8:0::1]:80/',
  ]) {
    for (const { status, json } of [
      await create({ url }),
      await api.send('PATCH', `/api/v1/links/${link.slug}`, { key: api.ann, body: { url } }),
      await create({ url: 'https://good.example/', expiresAt: '2030-01-01T00:00:00Z', expiredUrl: url }),
    ]) {
      assert.equal([status, json.code], [422, 'invalid'], url);
      assert.match(json.errors[0].path, /^(url|expiredUrl)$/);
      assert.match(json.errors[0].message, 'blocked');
    }
  }
  assert.is((await create({ url: 'https://notevil.example/' })).status, 201);
  const edited = await api.send('PATCH', `/api/v1/links/${link.slug}`, { key: api.ann, body: { title: 'the target stays' } });
  assert.equal([edited.status, edited.json.url], [200, 'https://good.example/']);
  assert.is((await unblock('evil.example')).status, 204);
  assert.is((await create({ url: 'https://evil.example/' })).status, 201, 'at once');
});

it('a refusal is counted', async () => {
  await block('evil.example');
  const before = [api.counter('rejectedUrls'), api.counter('invalidCreations')];
  await create({ url: 'https://evil.example/' });
  assert.equal(
    [api.counter('rejectedUrls'), api.counter('invalidCreations')],
    before.map((n) => n + 1),
  );
});

it('what is no host is refused', async () => {
  for (const host of ['', 'http://evil.example/', 'evil.example/path', 'evil.example:80', '*.evil.example', 'a..b', 'a b', 7, null]) {
    const { status, json } = await api.send('POST', HOSTS, { key: root, body: { host } });
    assert.equal([status, json.errors?.[0]?.path], [422, 'host'], String(host));
  }
  assert.is((await api.send('POST', HOSTS, { key: root, body: {} })).status, 422);
  assert.is((await api.send('POST', HOSTS, { key: root, body: { host: 'a.example', by: 'me' } })).status, 422);
  assert.is((await unblock('a..b')).status, 404);
  assert.equal(await names(), []);
});

it('the list has pages', async () => {
  const hosts = ['a.example', 'b.example', 'c.example', '[2001:db8::1]', '10.0.0.1'];
  for (const host of hosts) await block(host);
  const found: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages++) {
    assert.ok(pages < 3);
    const { status, json } = await api.send('GET', `${HOSTS}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`, { key: root });
    assert.is(status, 200);
    found.push(...json.data.map(({ host }: { host: string }) => host));
    cursor = json.nextCursor;
  }
  assert.equal(found, [...hosts].sort());
  for (const wrong of [
    'x',
    'WzEsMl0',
    Buffer.from('["a",1,2]').toString('base64url'),
    Buffer.from('["a\\u0000",1]').toString('base64url'),
  ]) {
    assert.is((await api.send('GET', `${HOSTS}?cursor=${wrong}`, { key: root })).status, 400, wrong);
  }
});

it('of many who block one host at once, each is answered, and one act is in the audit list', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => block('storm.example')));
  assert.ok(answers.every(({ status }) => status === 201));
  const { json } = await api.send('GET', '/api/v1/admin/audit', { key: root });
  const acts = json.data.filter(({ subject }: { subject: { name: string } }) => subject.name === 'storm.example');
  assert.equal(
    acts.map(({ action }: { action: string }) => action),
    ['host.block'],
  );
});

it.run();

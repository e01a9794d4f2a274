/** Who may call what, over every route that the OpenAPI document names: a new route is in these tests when it is in the document. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ApiServer, startApi } from '../support/api-server.ts';

type Operation = { method: string; path: string; isOpen: boolean };

const it = suite('access');

let api: ApiServer;
let stop: () => Promise<void>;
let operations: Operation[];
/** What Ann has, by the path's parameter. */
let anns: Record<string, string>;

it.before(async () => {
  const started = await startApi();
  api = started.value;
  stop = started.stop;
  const { json } = await api.send('GET', '/openapi.json');
  operations = Object.entries<Record<string, { security?: unknown[] }>>(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({ method: method.toUpperCase(), path, isOpen: security?.length === 0 })),
  );
  const link = await api.send('POST', '/api/v1/links', { key: api.ann, body: { url: 'https://example.com/' } });
  const key = await api.send('POST', '/api/v1/api-keys', {
    key: await api.sessionOf('ann'),
    body: { name: 'mine', scopes: ['links:read'] },
  });
  anns = { slug: link.json.slug, id: String(key.json.id) };
});
it.after(() => stop());

const filled = (path: string) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => anns[name] ?? assert.unreachable(`no ${name} of Ann's`));
const body = (method: string, more: object = {}) => (['POST', 'PATCH', 'PUT'].includes(method) ? { body: more } : {});
const guarded = () => operations.filter(({ isOpen }) => !isOpen);

it('nobody gets anywhere without saying who they are', async () => {
  assert.ok(guarded().length >= 14);
  for (const { method, path } of guarded()) {
    for (const key of [undefined, 'elnk_0000000000000000000000000000000000000000', 'a.b.c']) {
      const { status, json } = await api.send(method, filled(path), { ...(key === undefined ? {} : { key }), ...body(method) });
      assert.equal([status, json.code], [401, 'unauthenticated'], `${method} ${path} with ${key}`);
    }
  }
});

it('a key without a scope may do nothing', async () => {
  const key = await api.keyOf('ann', []);
  for (const { method, path } of guarded()) {
    const { status, json } = await api.send(method, filled(path), { key, ...body(method) });
    assert.equal([status, json.code], [403, 'forbidden'], `${method} ${path}`);
  }
});

it('what belongs to somebody else is not there', async () => {
  const bob = await api.sessionOf('bob');
  const ofOne = guarded().filter(({ path }) => path.includes('{'));
  assert.ok(ofOne.length >= 5);
  for (const { method, path } of ofOne) {
    const { status, json } = await api.send(method, filled(path), { key: bob, ...body(method, { title: 'mine now' }) });
    assert.equal([status, json.code], [404, 'not_found'], `${method} ${path}`);
  }
  const ann = await api.sessionOf('ann');
  assert.is((await api.send('GET', `/api/v1/links/${anns.slug}`, { key: ann })).json.title, null);
  assert.ok((await api.send('GET', '/api/v1/api-keys', { key: ann })).json.data.some(({ id }: { id: number }) => String(id) === anns.id));
  assert.equal((await api.send('GET', '/api/v1/links', { key: bob })).json.data, []);
  const bobsKeys: { id: number }[] = (await api.send('GET', '/api/v1/api-keys', { key: bob })).json.data;
  assert.not(bobsKeys.some(({ id }) => String(id) === anns.id));
});

it('fields that are not for clients to set are refused, wherever a body is read', async () => {
  const ann = await api.sessionOf('ann');
  const forbidden = [
    'id',
    'ownerId',
    'userId',
    'isAdmin',
    'plan',
    'publicId',
    'passwordHash',
    'version',
    'clicks',
    'confirmedAt',
    '__proto__x',
  ];
  const withBody = operations.filter(({ method, path }) => ['POST', 'PATCH'].includes(method) && !/logout|refresh|resend/.test(path));
  assert.ok(withBody.length >= 8);
  for (const { method, path } of withBody) {
    for (const field of forbidden) {
      const { status, json } = await api.send(method, filled(path), { key: ann, body: { [field]: 1 } });
      assert.is(status, 422, `${method} ${path} ${field}`);
      assert.ok(
        json.errors.some((error: { path: string }) => error.path === field),
        `${method} ${path} ${field}: ${JSON.stringify(json.errors)}`,
      );
    }
  }
});

it.run();

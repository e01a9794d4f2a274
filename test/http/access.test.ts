/** Who may call what, over every route that the OpenAPI document names: a new route is in these tests when it is in the document. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_SCOPES, type ApiServer, startApi } from '../support/api-server.ts';

/** @param isForGuests also does something for whoever says nothing of himself */
type Operation = { method: string; path: string; isOpen: boolean; isForGuests: boolean };

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
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path,
      isOpen: security?.length === 0,
      isForGuests: security?.some((it) => JSON.stringify(it) === '{}') ?? false,
    })),
  );
  const link = await api.send('POST', '/api/v1/links', { key: api.ann, body: { url: 'https://example.com/' } });
  const key = await api.send('POST', '/api/v1/api-keys', {
    key: await api.sessionOf('ann'),
    body: { name: 'mine', scopes: ['links:read'] },
  });
  anns = { slug: link.json.slug, id: String(key.json.id), host: 'evil.example' };
});
it.after(() => stop());

const filled = (path: string) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => anns[name] ?? assert.unreachable(`no ${name} of Ann's`));
const body = (method: string, more: object = {}) => (['POST', 'PATCH', 'PUT'].includes(method) ? { body: more } : {});
const guarded = () => operations.filter(({ isOpen }) => !isOpen);
const isForAdministrators = ({ path }: { path: string }) => path.startsWith('/api/v1/admin/');

it('nobody gets anywhere without saying who they are', async () => {
  assert.ok(guarded().length >= 14);
  assert.equal(
    guarded()
      .filter(({ isForGuests }) => isForGuests)
      .map(({ method, path }) => `${method} ${path}`),
    ['POST /api/v1/links'],
  );
  for (const { method, path, isForGuests } of guarded()) {
    for (const key of [...(isForGuests ? [] : [undefined]), 'elnk_0000000000000000000000000000000000000000', 'a.b.c']) {
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
  const ofOne = guarded().filter((route) => route.path.includes('{') && !isForAdministrators(route));
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

it('what is for administrators is for nobody else, whether it is there or not', async () => {
  const [ann, bob] = [await api.sessionOf('ann'), await api.sessionOf('bob')];
  const keys = [ann, bob, api.ann, await api.keyOf('ann', [...ALL_SCOPES, 'admin']), await api.keyOf('root', ALL_SCOPES)];
  const routes = guarded().filter(isForAdministrators);
  assert.ok(routes.length >= 6);
  for (const { method, path } of routes) {
    const nobodys = path.replaceAll(/\{\w+\}/g, '999999');
    const answers = [];
    for (const key of keys) {
      for (const at of [filled(path), nobodys]) answers.push(await api.send(method, at, { key, ...body(method, { disabled: true }) }));
    }
    for (const { status, json } of answers) assert.equal([status, json], [403, answers[0].json], `${method} ${path}`);
    assert.is(answers[0].json.code, 'forbidden');
  }
  const root = await api.sessionOf('root');
  assert.equal((await api.send('GET', '/api/v1/admin/audit', { key: root })).json.data, [], 'nothing was done');
});

it('fields that are not for clients to set are refused, wherever a body is read', async () => {
  const [ann, root] = [await api.sessionOf('ann'), await api.sessionOf('root')];
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
      const key = isForAdministrators({ path }) ? root : ann;
      const { status, json } = await api.send(method, filled(path), { key, body: { [field]: 1 } });
      assert.is(status, 422, `${method} ${path} ${field}`);
      assert.ok(
        json.errors.some((error: { path: string }) => error.path === field),
        `${method} ${path} ${field}: ${JSON.stringify(json.errors)}`,
      );
    }
  }
});

it.run();

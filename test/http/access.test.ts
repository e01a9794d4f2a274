/** Who may call what, over every route that the OpenAPI document names: a new route is in these tests when it is in the document. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { ALL_SCOPES, type ApiServer, BASE_URL, startApi } from '../support/api-server.ts';

/** @param isForGuests also does something for whoever says nothing of himself */
type Operation = { method: string; path: string; isOpen: boolean; isForGuests: boolean; setsCookie: boolean; body: unknown };
type Described = { security?: unknown[]; requestBody?: unknown; responses: Record<string, { headers?: Record<string, unknown> }> };

const it = suite('access');

let api: ApiServer;
let stop: () => Promise<void>;
let document: { paths: Record<string, Record<string, Described>>; components: { schemas: Record<string, unknown> } };
let operations: Operation[];
/** What Ann has, by the path's parameter. */
let anns: Record<string, string>;

it.before(async () => {
  const started = await startApi();
  api = started.value;
  stop = started.stop;
  document = (await api.send('GET', '/openapi.json')).json;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      isOpen: security?.length === 0,
      isForGuests: security?.some((it) => JSON.stringify(it) === '{}') ?? false,
      setsCookie: Object.values(responses).some(({ headers }) => headers?.['Set-Cookie'] !== undefined),
      body: requestBody,
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
  const withBody = operations.filter(({ body }) => JSON.stringify(body)?.includes('application/json'));
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

it('no object in any body takes fields that it does not name', () => {
  const open: string[] = [];
  let objects = 0;
  const look = (schema: unknown, where: string) => {
    if (typeof schema !== 'object' || schema === null) return;
    const { $ref, type, additionalProperties } = schema as Record<string, unknown>;
    if (typeof $ref === 'string') look(document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)], where);
    if (type === 'object') objects++;
    if (type === 'object' && additionalProperties !== false) open.push(where);
    for (const [name, inner] of Object.entries(schema)) look(inner, `${where} ${name}`);
  };
  for (const { method, path, body } of operations) look(body, `${method} ${path}`);
  assert.equal(open, []);
  assert.ok(objects >= operations.filter((it) => it.body !== undefined).length, `${objects}`);
});

it('a cookie is no way to say who one is, and brings nobody in from another origin', async () => {
  const login = { email: 'ann@example.com', password: 'correct horse battery' };
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE email = $1', [login.email, await hashPassword(login.password)]);
  const signedIn = await api.send('POST', '/api/v1/auth/login', { body: login });
  const Cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  for (const { method, path } of guarded().filter((it) => !it.isForGuests)) {
    const { status } = await api.send(method, filled(path), { headers: { Cookie }, ...body(method) });
    assert.is(status, 401, `${method} ${path}`);
  }
  const unsafe = operations.filter(({ method }) => method !== 'GET');
  for (const { method, path } of unsafe) {
    for (const Origin of ['https://evil.example', 'null']) {
      const key = await api.sessionOf('root');
      const { status, json } = await api.send(method, filled(path), { key, headers: { Cookie, Origin }, ...body(method) });
      assert.equal([status, json.code], [403, 'forbidden'], `${method} ${path} from ${Origin}`);
    }
  }
  const own = await api.send('POST', '/api/v1/auth/refresh', { headers: { Cookie, Origin: BASE_URL } });
  assert.is(own.status, 200, 'nothing of all that has used up the token');
});

it('whatever sets or clears the cookie is closed to other origins, also for those who have none yet', async () => {
  const setting = operations.filter(({ setsCookie }) => setsCookie);
  const names = setting.filter(({ isOpen }) => isOpen).map(({ path }) => path.replace('/api/v1/auth/', ''));
  assert.equal(names.sort(), ['login', 'logout', 'refresh', 'register', 'setup']);
  for (const { method, path } of setting) {
    const { status, headers } = await api.send(method, path, { headers: { Origin: 'https://evil.example' }, ...body(method) });
    assert.equal([status, headers.get('set-cookie')], [403, null], path);
  }
});

it('no answer may be kept by anybody but who asked', async () => {
  const [ann, root] = [await api.sessionOf('ann'), await api.sessionOf('root')];
  for (const { method, path } of operations.filter(({ method: it }) => it === 'GET')) {
    const key = isForAdministrators({ path }) ? root : ann;
    const { headers, status } = await api.send(method, filled(path), { key });
    assert.match(headers.get('cache-control') ?? '', /^(no-store$|private, )/, `${method} ${path} ${status}`);
  }
  for (const { method, path } of operations.filter(({ method: it }) => it !== 'GET')) {
    const { headers } = await api.send(method, filled(path), body(method));
    assert.is(headers.get('cache-control'), 'no-store', `${method} ${path}`);
  }
});

it.run();

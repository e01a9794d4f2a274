import { Validator } from '@seriousme/openapi-schema-validator';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROBLEMS } from '../../src/http/problem.ts';
import { BASE_URL, startApi } from '../support/api-server.ts';
import { documentedBy } from '../support/documented.ts';

const server = await startApi();
const { send, base } = server.value;

const test = suite('openapi');

test.after(() => server.stop());

test('the document is valid OpenAPI 3.1', async () => {
  const { status, headers, json } = await send('GET', '/openapi.json');
  assert.equal([status, headers.get('content-type'), json.openapi], [200, 'application/json', '3.1.0']);
  const { valid, errors } = await new Validator().validate(json);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(json.servers, [{ url: BASE_URL }]);
});

test('it says what the routes do', async () => {
  const { json } = await send('GET', '/openapi.json');
  const operations = Object.entries<object>(json.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  const isAdmins = (operation: string) => operation.includes(' /api/v1/admin/');
  const adminOperations = [
    'get /api/v1/admin/users',
    'get /api/v1/admin/users/{id}',
    'patch /api/v1/admin/users/{id}',
    'delete /api/v1/admin/users/{id}',
    'post /api/v1/admin/users/bulk',
    'get /api/v1/admin/links',
    'patch /api/v1/admin/links/{slug}',
    'delete /api/v1/admin/links/{slug}',
    'get /api/v1/admin/blocked-hosts',
    'post /api/v1/admin/blocked-hosts',
    'delete /api/v1/admin/blocked-hosts/{host}',
    'get /api/v1/admin/settings',
    'patch /api/v1/admin/settings',
    'get /api/v1/admin/audit',
    'get /api/v1/admin/counters',
    'get /api/v1/admin/nodes',
    'get /api/v1/admin/jobs',
    'post /api/v1/admin/jobs/{id}/retry',
    'delete /api/v1/admin/jobs/{id}',
  ];
  assert.equal(operations.filter(isAdmins), adminOperations);
  const others = operations.filter((operation) => !isAdmins(operation));
  assert.equal(others, [
    'post /api/v1/links',
    'get /api/v1/links',
    'get /api/v1/links/{slug}',
    'patch /api/v1/links/{slug}',
    'delete /api/v1/links/{slug}',
    'get /api/v1/tags',
    'post /api/v1/links/bulk',
    'post /api/v1/links/delete',
    'get /api/v1/links.csv',
    'post /api/v1/links/import',
    'get /api/v1/imports',
    'get /api/v1/imports/{id}',
    'delete /api/v1/imports/{id}',
    'get /api/v1/imports/{id}/faults',
    'get /api/v1/slugs',
    'get /api/v1/links/{slug}/qr',
    'get /api/v1/links/{slug}/stats',
    'get /api/v1/links/{slug}/stats.csv',
    'get /api/v1/stats',
    'get /api/v1/dashboard',
    'get /api/v1/reports/daily.pdf',
    'post /api/v1/reports/daily/send',
    'get /api/v1/reports/unsubscribe',
    'post /api/v1/reports/unsubscribe',
    'get /api/v1/live',
    'post /api/v1/auth/login',
    'post /api/v1/auth/refresh',
    'post /api/v1/auth/logout',
    'post /api/v1/auth/logout/everywhere',
    'post /api/v1/auth/register',
    'post /api/v1/auth/confirm',
    'post /api/v1/auth/confirm/resend',
    'post /api/v1/auth/password/forgot',
    'post /api/v1/auth/password/reset',
    'post /api/v1/auth/setup',
    'get /api/v1/me',
    'patch /api/v1/me',
    'delete /api/v1/me',
    'post /api/v1/api-keys',
    'get /api/v1/api-keys',
    'delete /api/v1/api-keys/{id}',
  ]);
  assert.equal(json.paths['/api/v1/auth/login'].post.security, [], 'everybody may sign in');
  const patch = json.paths['/api/v1/links/{slug}'].patch;
  assert.equal(
    patch.parameters.map(({ name }: { name: string }) => name),
    ['slug', 'If-Match'],
  );
  const statuses = Object.keys(patch.responses).map(Number);
  for (const code of [
    'malformed',
    'unauthenticated',
    'forbidden',
    'not_found',
    'slug_taken',
    'stale',
    'too_large',
    'invalid',
    'store_away',
  ] as const) {
    assert.ok(statuses.includes(PROBLEMS[code].status), code);
  }
  const schemas = [
    'ApiKey',
    'ApiKeyList',
    'BulkCreate',
    'BulkDelete',
    'BulkResults',
    'Confirm',
    'CounterDays',
    'CreateApiKey',
    'CreateGuestLink',
    'CreateLink',
    'Dashboard',
    'DashboardLink',
    'DeleteAccount',
    'EditAccount',
    'EditLink',
    'ForgotPassword',
    'GuestLink',
    'ImportFaultPage',
    'Job',
    'JobPage',
    'Link',
    'LinkImport',
    'LinkImportPage',
    'LinkPage',
    'Login',
    'NewApiKey',
    'Nodes',
    'OwnerStats',
    'Problem',
    'Register',
    'ResetPassword',
    'Session',
    'Setup',
    'SlugState',
    'Stats',
    'TagPage',
    'User',
  ];
  const adminSchemas = [
    'AdminAct',
    'AdminUser',
    'AdminUserPage',
    'BulkUsers',
    'BulkUsersResult',
    'EditUser',
    'AdminLink',
    'AdminLinkPage',
    'SwitchLink',
    'AuditPage',
    'BlockHost',
    'BlockedHost',
    'BlockedHostPage',
    'EditSettings',
    'ServerSettings',
  ];
  assert.equal(Object.keys(json.components.schemas).sort(), [...schemas, ...adminSchemas].sort());
  assert.equal(json.components.schemas.LinkPage.properties.data.items, { $ref: '#/components/schemas/Link' });
  assert.is(json.components.schemas.CreateLink.additionalProperties, false);
});

test('answers that it does not name are noticed: every answer that `send` gets in any of these tests is held against it', async () => {
  const { json } = await send('GET', '/openapi.json');
  const faultOf = documentedBy(json);
  const answer = (status: number, body: object | string, headers: Record<string, string> = {}) => {
    const isProblem = typeof body === 'object' && 'code' in body;
    const type = isProblem ? 'application/problem+json' : 'application/json';
    return { status, headers: new Headers({ 'content-type': type, ...headers }), json: body };
  };
  const problem = { type: 'x', title: 'x', status: 403, detail: 'x', code: 'forbidden' };
  const me = '/api/v1/me';
  assert.is(faultOf('GET', me, answer(403, problem)), null);
  assert.match(faultOf('GET', me, answer(403, { ...problem, code: 'slug_taken' })) ?? '', 'slug_taken, which the document does not name');
  assert.match(faultOf('GET', me, answer(418, problem)) ?? '', '418, which the document does not name');
  assert.match(faultOf('GET', me, answer(200, { email: 'x' })) ?? '', 'GET /api/v1/me answers 200: ');
  assert.match(faultOf('GET', me, answer(403, problem, { 'set-cookie': 'x=y' })) ?? '', 'with a cookie');
  assert.match(faultOf('GET', me, answer(403, problem, { 'content-type': 'text/html' })) ?? '', 'as text/html');
  assert.match(faultOf('GET', '/api/v1/links/abc', answer(200, { slug: 'abc' })) ?? '', 'answers 200: ');
  assert.is(faultOf('PUT', me, answer(405, problem)), null, 'what is not in it is none of its business');
});

test('whoever has it already gets a 304', async () => {
  const first = await fetch(`${base}/openapi.json`);
  await first.text();
  const etag = first.headers.get('etag') ?? '';
  const second = await fetch(`${base}/openapi.json`, { headers: { 'If-None-Match': etag } });
  assert.equal([second.status, await second.text(), second.headers.get('etag')], [304, '', etag]);
  assert.is((await send('GET', '/openapi.json', { headers: { 'If-None-Match': '"x"' } })).status, 200);
});

test.run();

/** The first administrator of a whole node, by the link that it prints. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const BASE_URL = 'https://s.example.com';
const LINK = /open (https:\/\/s\.example\.com\/setup#token=([\w-]{43})) to become one/;

const database = await testDatabase();

const startNode = (settings: Record<string, string> = {}) =>
  startTestNode({
    dataDir: join(temporaryFolder(), 'data'),
    settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url, BASE_URL, ...settings },
  });

const tokenOf = async (node: TestNode) => (await until('the link', () => LINK.exec(node.log())))[2];

async function setUp(node: TestNode, token: string, email: string): Promise<{ status: number; accessToken: string }> {
  const response = await fetch(`${node.url()}/api/v1/auth/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ token, email, password: 'correct horse battery' }),
  });
  return { status: response.status, accessToken: ((await response.json()) as { accessToken: string }).accessToken };
}

const it = suite('setup of a node');
it.after(() => database.stop());

it('each start prints a link, of which the newest makes the administrator, once; then none is printed any more', async () => {
  const first = await startNode();
  const old = await tokenOf(first);
  await first.stop();
  const node = await startNode({ REGISTRATION: 'closed' });
  try {
    const token = await tokenOf(node);
    assert.is.not(token, old);
    assert.is((await setUp(node, old, 'old@example.com')).status, 422);
    const { status, accessToken } = await setUp(node, token, 'first@example.com');
    assert.is(status, 201);
    const users = await fetch(`${node.url()}/api/v1/admin/users`, {
      headers: { authorization: `Bearer ${accessToken}`, connection: 'close' },
    });
    assert.equal(
      [users.status, ((await users.json()) as { data: { email: string }[] }).data.map(({ email }) => email)],
      [200, ['first@example.com']],
    );
    assert.is((await setUp(node, token, 'second@example.com')).status, 422);
  } finally {
    await node.stop();
  }
  const later = await startNode({ LOG_LEVEL: 'info' });
  await until('it is ready', () => later.log().includes('elnk is ready'));
  assert.is((await later.stop()).code, 0);
  assert.not.match(later.log(), '/setup#token=');
});

it.run();

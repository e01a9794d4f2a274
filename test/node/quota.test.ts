/** The quotas of the settings, in a real node whose fronts all make links. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PLANS, type Plan } from '../../src/core/account.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';

const AT_ONCE = 20;

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 2, shards: 1 }), DATABASE_URL: database.value.url, QUOTA_REGULAR: '3', QUOTA_EXTENDED: '7' },
});

async function keyOf(plan: Plan): Promise<string> {
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  const { id } = await createConfirmedUser(connections.value, { email, passwordHash: null, isAdmin: false, plan, timeZone: 'UTC' });
  return createApiKey(connections.value, { userId: id, name: 'test', scopes: ['links:write'] });
}

/** On a connection of its own, so that all fronts are asked. */
async function create(key: string): Promise<number> {
  const { status } = await fetch(`${node.url()}/api/v1/links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, connection: 'close', 'content-type': 'application/json' },
    body: '{"url":"https://example.com/"}',
  });
  return status;
}

const it = suite('quotas of a node');

it.after(async () => {
  await node.stop();
  await connections.stop();
  await database.stop();
});

it('are those of the settings, exact over all fronts', async () => {
  const made: number[] = [];
  for (const plan of PLANS) {
    const key = await keyOf(plan);
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, () => create(key)));
    assert.ok(
      statuses.every((status) => status === 201 || status === 403),
      statuses.join(),
    );
    made.push(statuses.filter((status) => status === 201).length);
  }
  assert.equal(made, [3, 7, AT_ONCE]);
  assert.is(await node.metric('elnk_quota_refusals_regular_total'), AT_ONCE - 3);
  assert.is(await node.metric('elnk_quota_refusals_extended_total'), AT_ONCE - 7);
});

it.run();

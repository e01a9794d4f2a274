/** Mails of a whole node. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queueMail } from '../../src/storage/postgres/mail-queue.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { silentLogger } from '../support/logger.ts';
import { startMailServer } from '../support/mail-server.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { until } from '../support/until.ts';

const MAIL = {
  to: 'ann@example.com',
  kind: 'reset',
  locale: 'en',
  link: 'https://s.example.com/reset?token=abc',
  jobKey: 'reset/1',
} as const;
const WARNING = 'SMTP_URL is not set';

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const server = await startMailServer();

const startNode = (settings: Record<string, string>) =>
  startTestNode({
    dataDir: temporaryFolder(),
    settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url, LOG_LEVEL: 'info', ...settings },
  });

const it = suite('mails of a node');

it.after(async () => {
  await closePool();
  await server.stop();
  await database.stop();
});

it('go to the server', async () => {
  const node = await startNode({ SMTP_URL: server.value.url, BASE_URL: 'https://s.example.com', NODE_ENV: 'production' });
  await queueMail(pool, MAIL);
  const { from, to } = await until('a mail', () => server.value.received[0]);
  assert.equal([from, to], ['elnk@s.example.com', [MAIL.to]]);
  assert.is((await node.stop()).code, 0);
  assert.not.match(node.log(), WARNING);
  assert.not.match(node.log(), 'token=abc');
});

it('are printed when there is none, with a warning in production', async () => {
  const node = await startNode({ SMTP_URL: '', NODE_ENV: 'production' });
  assert.match(node.log(), WARNING);
  await queueMail(pool, MAIL);
  await until('a printed mail', () => node.log().includes(MAIL.link));
  assert.is((await node.stop()).code, 0);
});

it.run();

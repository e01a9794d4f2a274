/** The connection to Redis: what its holders and the log are told when Redis is stopped, frozen and started again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRedisAway, openRedis, type RedisOptions } from '../../src/storage/redis/connection.ts';
import { freePort } from '../support/free-port.ts';
import { recordingLogger } from '../support/logger.ts';
import { startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const COMMAND_TIMEOUT_MS = 150;
/** A command that has to wait for its timeout, on a machine that is busy. */
const PATIENCE_MS = 2_000;

const it = suite('connection to Redis');

async function open(options: Pick<RedisOptions, 'url'> & Partial<RedisOptions>) {
  const { logger, lines } = recordingLogger();
  const seen: string[] = [];
  const connection = await openRedis({
    name: 'a test',
    logger,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    onUp: () => void seen.push('up'),
    onLost: () => void seen.push('lost'),
    ...options,
  });
  return { ...connection, lines, seen, messages: () => lines.map(({ message }) => message) };
}

async function refusedWith(work: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const from = performance.now();
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error, 'a refusal');
  return { error, tookMs: performance.now() - from };
}

it('says once that Redis is away and once that it is back, and refuses commands at once meanwhile', async () => {
  const redis = await startTestRedis();
  const { value, stop, seen, messages } = await open({ url: redis.value.url });
  try {
    assert.ok(value.isUp());
    assert.is(await value.client.set('a', '1'), 'OK');
    await redis.value.stop();
    await until('it is noticed', () => !value.isUp());
    for (let i = 0; i < 3; i++) assert.ok(isRedisAway((await refusedWith(value.client.get('a'))).error));
    await redis.value.start();
    await until('it is back', () => value.isUp());
    assert.is(await value.client.get('a'), null);
    assert.equal(messages(), ['Redis is away', 'Redis is back']);
    assert.equal(seen, ['up', 'lost', 'up']);
  } finally {
    await stop();
    await redis.stop();
  }
});

it('gives a frozen Redis up: first commands time out, later ones are refused at once, none is sent again', async () => {
  const redis = await startTestRedis();
  const { value, stop, messages } = await open({ url: redis.value.url });
  try {
    await value.client.set('n', '0');
    redis.value.freeze();
    const first = await refusedWith(value.client.incr('n'));
    assert.ok(isRedisAway(first.error) && first.tookMs < PATIENCE_MS, `${first.tookMs} ms`);
    await until('the connection is given up', () => !value.isUp());
    const tooks: number[] = [];
    for (let i = 0; i < 50; i++) {
      const { error, tookMs } = await refusedWith(value.client.incr('n'));
      assert.ok(isRedisAway(error));
      tooks.push(tookMs);
    }
    assert.ok(tooks.toSorted((a, b) => a - b)[25] < COMMAND_TIMEOUT_MS / 2, `at once: ${tooks}`);
    redis.value.thaw();
    await until('it is back', () => value.isUp());
    assert.is(await value.client.get('n'), '1', 'only what was sent before it was given up');
    assert.equal(messages(), ['Redis is away', 'Redis is back']);
  } finally {
    await stop();
    await redis.stop();
  }
});

it('starts although Redis is away, and is up once Redis is', async () => {
  const port = await freePort();
  const { value, stop, lines, seen } = await open({ url: `redis://127.0.0.1:${port}` });
  assert.not.ok(value.isUp());
  assert.equal(
    lines.map(({ level, message, fields }) => [level, message, 'reason' in fields && String(fields.reason).includes('ECONNREFUSED')]),
    [['warn', 'Redis is away', true]],
  );
  assert.equal(seen, ['lost']);
  await stop();
});

it('starts and stops although Redis is frozen', async () => {
  const redis = await startTestRedis();
  redis.value.freeze();
  const { value, stop } = await open({ url: redis.value.url });
  assert.not.ok(value.isUp());
  await stop();
  await redis.stop();
});

it('signs in with the password of the URL, chooses its database, and never logs a password', async () => {
  const redis = await startTestRedis('--user elnk on >hush/hush +@all ~* &*'.split(' '));
  const right = await open({ url: `redis://elnk:hush%2Fhush@127.0.0.1:${redis.value.port}/3` });
  const wrong = await open({ url: `redis://elnk:wrong-hush@127.0.0.1:${redis.value.port}` });
  try {
    assert.is(await right.value.client.set('a', '1'), 'OK');
    assert.match(String(await right.value.client.client('INFO')), / name=elnk-a-test .* db=3 .* user=elnk /);
    assert.not.ok(wrong.value.isUp());
    assert.equal(wrong.messages(), ['Redis is away']);
    assert.match(JSON.stringify(wrong.lines), 'WRONGPASS');
    assert.not.match(JSON.stringify(wrong.lines), 'hush');
  } finally {
    await right.stop();
    await wrong.stop();
    await redis.stop();
  }
});

it('tells an absent Redis from a fault of ours', async () => {
  const redis = await startTestRedis(['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction']);
  const { value, stop } = await open({ url: redis.value.url });
  try {
    await value.client.set('text', 'x');
    assert.not.ok(isRedisAway((await refusedWith(value.client.incr('text'))).error));
    assert.ok(
      isRedisAway((await refusedWith(value.client.set('text', 'x'.repeat(2 << 20)).then(() => value.client.set('more', 'x')))).error),
    );
    assert.not.ok(isRedisAway(new Error('something else')));
    assert.not.ok(isRedisAway('no error'));
  } finally {
    await stop();
    await redis.stop();
  }
});

it.run();

/** The bus: several nodes of one process on a real Redis, which is stopped, frozen and started again; and nodes that are frozen or gone. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBusMessage } from '../../src/core/bus.ts';
import { counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { Component } from '../../src/core/ports.ts';
import { DEAF_MS, openBus, type RedisBus } from '../../src/storage/redis/bus.ts';
import { openRedis } from '../../src/storage/redis/connection.ts';
import { ACK_WAIT_MS } from '../../src/storage/redis/deliveries.ts';
import { createRedisThrottle } from '../../src/storage/redis/throttles.ts';
import { recordingLogger } from '../support/logger.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const newName = () => randomBytes(8).toString('hex');

const it = suite<{ redis: Component<TestRedis>; opened: Component<RedisBus>[] }>('bus');

it.before.each(async (context) => {
  context.redis = await startTestRedis();
  context.opened = [];
});

it.after.each(async ({ redis, opened }) => {
  for (const bus of opened) await bus.stop();
  await redis.stop();
});

async function open({ redis, opened }: { redis: Component<TestRedis>; opened: Component<RedisBus>[] }, db = 0, server = redis.value.url) {
  const memory = new SharedArrayBuffer(counterBytes(1));
  const clock = { now: 0 };
  const { logger, lines } = recordingLogger();
  const url = `${server}/${db}`;
  const component = await openBus({ url, newName, clock: () => clock.now, counters: countersOf(memory, 0), logger });
  opened.push(component);
  const bus = component.value;
  const seen: unknown[] = [];
  const states: string[] = [];
  bus.on('changed', ({ cells }) => void seen.push(cells));
  bus.onUp(() => void states.push('up'));
  bus.onLost(() => void states.push('lost'));
  return {
    bus,
    seen,
    states,
    clock,
    stop: component.stop,
    ignored: () => readCounters(memory).ignoredBusMessages,
    unacknowledged: () => readCounters(memory).unacknowledgedChanges,
    messages: () => lines.map(({ message }) => message),
  };
}

const deliver = ({ bus }: { bus: RedisBus }, ...cells: number[]) => bus.deliver({ type: 'changed', cells });

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const from = performance.now();
  return [await work, performance.now() - from];
}

it('a delivery settles when every other node has taken it in, and does not come back to its sender', async (context) => {
  const [a, b, c] = [await open(context), await open(context), await open(context)];
  assert.is(await deliver(a, 1, 2), 'acknowledged');
  assert.equal([a.seen, b.seen, c.seen], [[], [[1, 2]], [[1, 2]]]);
  const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => deliver([a, b, c][i % 3], i)));
  assert.ok(outcomes.every((outcome) => outcome === 'acknowledged'));
  assert.equal([a.seen.length, b.seen.length, c.seen.length], [66, 68, 68]);
});

it('alone, nobody is waited for; nor is a node that has left', async (context) => {
  const a = await open(context);
  assert.is(await deliver(a, 1), 'acknowledged');
  const b = await open(context);
  assert.is(await deliver(a, 1), 'acknowledged');
  await b.stop();
  assert.is(await deliver(a, 1), 'acknowledged');
  assert.is(a.unacknowledged(), 0);
});

it('databases of one Redis are worlds of their own', async (context) => {
  const [a, b] = [await open(context, 1), await open(context, 2)];
  await deliver(a, 1);
  assert.equal(b.seen, []);
});

const silences = ({ messages }: { messages(): string[] }) =>
  messages().filter((message) => message.startsWith('a node does not acknowledge')).length;

/** Subscribes as a node does, and never says a word. */
async function mute({ redis }: { redis: Component<TestRedis> }) {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.value.url);
  client.on('error', () => undefined); // of a test that has failed
  await client.subscribe('elnk:0:all', `elnk:0:node:${newName()}`);
  return client;
}

it('a node that does not acknowledge is waited for once, and others still are; until it is heard again', async (context) => {
  const [a, b] = [await open(context), await open(context)];
  const dead = await mute(context);
  const [first, waitedMs] = await timed(deliver(a, 1));
  assert.is(first, 'unacknowledged');
  assert.ok(waitedMs >= ACK_WAIT_MS - 5, `${waitedMs} ms`);
  await until('it is known', () => silences(a) === 1);
  for (let i = 0; i < 20; i++) assert.is(await deliver(a, i), 'acknowledged');
  assert.is(b.seen.length, 21);
  assert.is(a.unacknowledged(), 1);

  // Two who are silent, one of whom leaves: the counts must not be mixed up.
  const other = await mute(context);
  assert.is(await deliver(a, 1), 'unacknowledged');
  await until('it is known', () => silences(a) === 2);
  dead.disconnect();
  await until('it has left', async () => (await context.redis.value.command('PUBSUB', 'NUMSUB', 'elnk:0:all')).endsWith(':3'));
  assert.is(await deliver(a, 1), 'acknowledged');
  const c = await open(context);
  assert.is(await deliver(a, 77), 'acknowledged');
  assert.equal(c.seen, [[77]]);
  other.disconnect();
});

it('while Redis is stopped nothing is waited for; when it is back, everybody is told', async (context) => {
  const [a, b] = [await open(context), await open(context)];
  await context.redis.value.stop();
  await until('both have noticed', () => a.states.length + b.states.length === 2);
  const [outcome, tookMs] = await timed(deliver(a, 1));
  assert.is(outcome, 'failed');
  assert.ok(tookMs < ACK_WAIT_MS / 2, `${tookMs} ms`);
  a.bus.send({ type: 'beat' });
  await context.redis.value.start();
  await until('both are back', () => a.bus.isUp() && b.bus.isUp());
  assert.equal(
    [a.states, b.states],
    [
      ['lost', 'up'],
      ['lost', 'up'],
    ],
  );
  assert.is(await deliver(a, 2), 'acknowledged');
  assert.equal(b.seen, [[2]]);
});

it('a delivery under way fails when Redis is frozen, and later ones at once', async (context) => {
  const a = await open(context);
  await open(context);
  context.redis.value.freeze();
  assert.is(await deliver(a, 1), 'failed');
  await until('it is noticed', () => !a.bus.isUp());
  const [outcome, tookMs] = await timed(deliver(a, 1));
  assert.ok(outcome === 'failed' && tookMs < ACK_WAIT_MS / 2, `${outcome}, ${tookMs} ms`);
  context.redis.value.thaw();
  await until('it is back', () => a.bus.isUp());
  // Whoever was frozen with it may be known under its former name yet.
  await until('all is well', async () => (await deliver(a, 1)) === 'acknowledged');
});

it('comes up later when Redis was away at the start', async (context) => {
  await context.redis.value.stop();
  const a = await open(context);
  assert.not.ok(a.bus.isUp());
  assert.is(await deliver(a, 1), 'failed');
  await context.redis.value.start();
  await until('it is up', () => a.bus.isUp());
  assert.equal(a.states, ['up']);
});

it('a node that does not hear itself connects anew, under another name', async (context) => {
  const [a, b] = [await open(context), await open(context)];
  a.clock.now += DEAF_MS;
  a.bus.tick();
  a.clock.now += 1;
  a.bus.tick();
  assert.equal(a.states, ['lost']);
  await until('it is up again', () => a.bus.isUp());
  assert.is(await deliver(b, 1), 'acknowledged');
  assert.equal(a.seen, [[1]]);
  for (let i = 0; i < 5; i++) {
    a.bus.tick();
    await until('its beat is heard', async () => (await deliver(a, 1)) === 'acknowledged');
    a.clock.now += DEAF_MS;
  }
  assert.equal(a.states, ['lost', 'up']);
});

it('needs no more rights than the docs say', async (context) => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const rights = /rights, when its user has few \| `([^`]+)`/.exec(docs)?.[1].split(' ') ?? [];
  assert.ok(rights.length > 5);
  await context.redis.value.command('ACL', 'SETUSER', 'elnk', 'on', '>secret', ...rights);
  const url = context.redis.value.url.replace('//', '//elnk:secret@');
  const [a, b] = [await open(context, 0, url), await open(context, 0, url)];
  assert.is(await deliver(a, 1), 'acknowledged');
  const dead = await mute(context);
  assert.is(await deliver(a, 1), 'unacknowledged');
  await until('it is known', () => silences(a) === 1);
  assert.is(await deliver(a, 2), 'acknowledged');
  assert.equal(b.seen, [[1], [1], [2]]);
  dead.disconnect();

  const { value, stop } = await openRedis({ url, name: 'test', logger: recordingLogger().logger });
  const throttle = createRedisThrottle(value.client, { name: 'test', limit: 2, windowSec: 60 });
  await throttle.take('a');
  await throttle.giveBack('a');
  await throttle.forget('a');
  assert.is((await throttle.lease('a', 3)).granted, 2);
  await stop();
});

it('what is no message of this version is ignored and counted, and does no harm', async (context) => {
  const [a, b] = [await open(context), await open(context)];
  const from = newName();
  const good = encodeBusMessage({ from, id: 1, body: { type: 'changed', cells: [1] } });
  const wrong = [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    good.replace('"v":1', '"v":2'),
    good.replace(from, 'somebody'),
    good.replace('[1]', '[65536]'),
    good.replace('[1]', '[-1]'),
    good.replace('[1]', '[0.5]'),
    good.replace('[1]', '"some"'),
    good.replace('[1]', `[${new Array(5_000).fill(1)}]`),
    good.replace('changed', '__proto__'),
    good.replace('changed', 'constructor'),
    good.replace('"id":1', '"id":"1"'),
    `${good}${' '.repeat(70_000)}`,
  ];
  for (const text of wrong) await context.redis.value.command('PUBLISH', 'elnk:0:all', text);
  for (let i = 0; i < 5; i++) await context.redis.value.command('PUBLISH', 'elnk:0:all', randomBytes(200).toString('latin1'));
  assert.is(await deliver(a, 5), 'acknowledged');
  assert.equal(b.seen, [[5]]);
  assert.is(b.ignored(), wrong.length + 5);
  await context.redis.value.command('PUBLISH', 'elnk:0:all', good);
  await until('a good one is taken in', () => b.seen.length === 2);
});

it.run();

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTakeClient, MAX_WAITING_VISITORS } from '../../src/actors/limit-port.ts';
import type { Limits } from '../../src/actors/limits.ts';
import { createLiveWatch } from '../../src/actors/live-watch.ts';
import type { Shard } from '../../src/actors/shard.ts';
import { ANSWER_DEADLINE_MS, answerOn, createShardClient, type MovedTakers } from '../../src/actors/shard-port.ts';
import { Failure } from '../../src/core/failure.ts';
import { emptyLinkDay } from '../../src/core/link-day.ts';
import type { UnstoredBatch } from '../../src/core/ports/clicks.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const test = suite('shard port');

type Question = { linkIds: readonly number[]; deadline: number; answer(batches: UnstoredBatch[]): void; fail(reason: string): void };
const NOW = 5_000;

const batch = (end: number): UnstoredBatch => ({ ends: { 'f0-s0': end }, days: new Map(), candidates: [] });
const endsOf = (batches: UnstoredBatch[]) => batches.map((it) => it.ends['f0-s0']);

/** Clicks that a front asks a shard for. */
type Take = { linkId: number; clicks: number; answer(granted: number | null): void };

const NO_TAKERS: MovedTakers = { moved: () => undefined, anyMoved: () => undefined };

/** A shard that answers when the test lets it. */
function openShard() {
  const { port1: front, port2: shardPort } = new MessageChannel();
  const questions: Question[] = [];
  const shard: Shard = {
    tick: () => false,
    unstored: (linkIds, deadline) =>
      new Promise((resolve, reject) => {
        questions.push({ linkIds, deadline, answer: resolve, fail: (reason) => reject(new Error(reason)) });
      }),
  };
  const takes: Take[] = [];
  const limits: Limits = {
    take: (linkId, clicks) => new Promise((answer) => takes.push({ linkId, clicks, answer })),
  };
  const live = createLiveWatch();
  answerOn(shardPort, { shard, limits, live, now: () => NOW });
  return { front, shardPort, questions, takes, live };
}

function setUp(shards: number, takers = NO_TAKERS) {
  const opened = Array.from({ length: shards }, openShard);
  const client = createShardClient(shards, takers);
  for (const [i, { front }] of opened.entries()) client.connect(i, front);
  const asked = (times: number) => until(`${times} questions`, () => opened.every(({ questions }) => questions.length === times));
  return { client, opened, asked };
}

const assertAway = (error: Error, message: RegExp) => {
  assert.instance(error, Failure);
  assert.equal([(error as Failure).code, (error as Failure).retryAfterSec], ['store_away', 1]);
  assert.match(error.message, message);
};

test('asks every shard and puts the answers together', async () => {
  const { client, opened, asked } = setUp(2);
  const answer = client.unstored([3, 4]);
  await asked(1);
  for (const { questions } of opened) assert.equal([questions[0].linkIds, questions[0].deadline], [[3, 4], NOW + ANSWER_DEADLINE_MS]);
  const counted: UnstoredBatch = {
    ends: { 'f0-s0': 2, 'f1-s0': 9 },
    days: new Map([[3, new Map([[20_000, emptyLinkDay()]])]]),
    candidates: [{ linkId: 3, day: 20_000, visitor: -(2n ** 63n), quarter: 7 }],
  };
  opened[1].questions[0].answer([counted]);
  opened[0].questions[0].answer([batch(1), batch(5)]);
  assert.equal(await answer, [batch(1), batch(5), counted]);
  client.close();
});

test('answers come in any order and reach who asked', async () => {
  const { client, opened, asked } = setUp(1);
  const answers = Array.from({ length: 100 }, (_, i) => client.unstored([i]));
  await asked(100);
  for (const { linkIds, answer } of [...opened[0].questions].reverse()) answer([batch(linkIds[0])]);
  assert.equal(
    (await Promise.all(answers)).map(endsOf),
    Array.from({ length: 100 }, (_, i) => [i]),
  );
  client.close();
});

test('a shard that cannot say fails that question and no other', async () => {
  const { client, opened, asked } = setUp(1);
  const [failing, other] = [thrownBy(client.unstored([1])), client.unstored([2])];
  await asked(2);
  opened[0].questions[0].fail('it cannot read on');
  assertAway(await failing, /it cannot read on/);
  opened[0].questions[1].answer([batch(2)]);
  assert.equal(endsOf(await other), [2]);
  client.close();
});

test('the end of a shard fails all who wait for it, and the next ones at once', async () => {
  const { client, opened, asked } = setUp(2);
  const waiting = Array.from({ length: 10 }, () => thrownBy(client.unstored([1])));
  await asked(10);
  opened[1].shardPort.close();
  for (const error of await Promise.all(waiting)) assertAway(error, /cannot be counted right now/);
  assertAway(await thrownBy(client.unstored([1])), /cannot be counted right now/);
  await until('the question to the shard that is still there', () => opened[0].questions.length === 11);
  client.close();
});

test('a shard that is not there fails at once', async () => {
  const client = createShardClient(2, NO_TAKERS);
  assertAway(await thrownBy(client.unstored([1])), /cannot be counted right now/);
  const { front } = openShard();
  client.connect(0, front);
  assertAway(await thrownBy(client.unstored([1])), /cannot be counted right now/);
  client.close();
});

test('a shard that has started again is asked in place of the one before, whose late end changes nothing', async () => {
  const { client, opened, asked } = setUp(1);
  const waiting = thrownBy(client.unstored([1]));
  await asked(1);
  const next = openShard();
  client.connect(0, next.front);
  assertAway(await waiting, /cannot be counted right now/);
  const answer = client.unstored([2]);
  await until('the question', () => next.questions.length === 1);
  opened[0].questions[0].answer([batch(99)]); // nobody waits for it any more
  opened[0].shardPort.close();
  await closed(opened[0].front);
  next.questions[0].answer([batch(7)]);
  assert.equal(endsOf(await answer), [7]);
  const again = client.unstored([3]);
  await until('the second question', () => next.questions.length === 2);
  next.questions[1].answer([]);
  assert.equal(await again, []);
  client.close();
});

const closed = (port: MessagePort) => new Promise((resolve) => port.on('close', resolve));

test('closing fails who waits', async () => {
  const { client, asked } = setUp(1);
  const waiting = thrownBy(client.unstored([1]));
  await asked(1);
  client.close();
  assertAway(await waiting, /cannot be counted right now/);
});

const demandsOf = ({ takes }: { takes: Take[] }) => takes.map(({ linkId, clicks }) => [linkId, clicks]);

test('visitors of limited links who come at the same time are one question to the shard of the link', async () => {
  const { client, opened } = setUp(2);
  const outcomes = Promise.all([4, 3, 4, 6, 3, 4].map((linkId) => client.take(linkId)));
  await until('both questions', () => opened.every(({ takes }) => takes.length > 0));
  assert.equal(opened.map(demandsOf), [
    [
      [4, 3],
      [6, 1],
    ],
    [[3, 2]],
  ]);
  opened[0].takes[1].answer(1);
  opened[0].takes[0].answer(2);
  opened[1].takes[0].answer(0);
  assert.equal(await outcomes, ['granted', 'exhausted', 'granted', 'granted', 'exhausted', 'exhausted']);
  client.close();
});

test('a link is answered as soon as it is known, whatever came with it; answers that are known at once are one message', async () => {
  const { client, opened } = setUp(1);
  const [first, second, third] = [client.take(1), client.take(2), client.take(3)];
  await until('the question', () => opened[0].takes.length === 3);
  let messages = 0;
  opened[0].front.on('message', () => messages++);
  opened[0].takes[1].answer(1);
  opened[0].takes[2].answer(null);
  assert.equal([await second, await third, messages], ['granted', 'unavailable', 1]);
  opened[0].takes[0].answer(1);
  assert.equal([await first, messages], ['granted', 2]);
  client.close();
});

test('the end of a shard leaves its limited links unavailable, until it has started again; others are answered', async () => {
  const { client, opened } = setUp(2);
  const waiting = [client.take(1), client.take(3)];
  await until('the question', () => opened[1].takes.length === 2);
  const other = client.take(2);
  opened[1].shardPort.close();
  await closed(opened[1].front);
  assert.equal(await Promise.all([...waiting, client.take(5)]), ['unavailable', 'unavailable', 'unavailable']);
  await until('the other question', () => opened[0].takes.length === 1);
  opened[0].takes[0].answer(1);
  assert.is(await other, 'granted');

  const next = openShard();
  client.connect(1, next.front);
  const again = client.take(1);
  await until('the question', () => next.takes.length === 1);
  next.takes[0].answer(1);
  assert.is(await again, 'granted');
  client.close();
});

test('a shard that ends before it was asked leaves nobody waiting', async () => {
  const { client, opened } = setUp(1);
  const waiting = client.take(1);
  const next = openShard();
  client.connect(0, next.front);
  assert.is(await waiting, 'unavailable');
  const after = client.take(2);
  await until('the question', () => next.takes.length === 1);
  next.takes[0].answer(0);
  assert.equal([await after, opened[0].takes.length], ['exhausted', 0]);
  opened[0].shardPort.close();
  client.close();
});

test('nobody waits longer than the deadline for a shard that hangs, and its late answer changes nothing', async () => {
  const asked: number[] = [];
  const client = createTakeClient((takes) => void asked.push(...takes.map(({ id }) => id)), 20);
  assert.is(await client.take(1), 'unavailable');
  const next = client.take(1);
  await until('the next question', () => asked.length === 2);
  client.settle([{ id: asked[0], granted: 1 }]);
  client.settle([{ id: asked[1], granted: 0 }]);
  assert.is(await next, 'exhausted');
});

test('no more than so many visitors wait for a shard', async () => {
  const clicks: number[] = [];
  const client = createTakeClient((takes) => void clicks.push(...takes.map((take) => take.clicks)));
  const waiting = Array.from({ length: MAX_WAITING_VISITORS }, () => client.take(1));
  assert.is(await client.take(2), 'unavailable');
  await until('the question', () => clicks.length === 1);
  client.settle([{ id: 1, granted: MAX_WAITING_VISITORS }]);
  assert.equal([await waiting[0], await waiting.at(-1), clicks], ['granted', 'granted', [MAX_WAITING_VISITORS]]);
  const next = client.take(2);
  await until('the next question', () => clicks.length === 2);
  client.settle([{ id: 2, granted: 1 }]);
  assert.is(await next, 'granted');
});

test.run();

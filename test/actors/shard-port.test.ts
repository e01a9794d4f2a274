import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Shard } from '../../src/actors/shard.ts';
import { ANSWER_DEADLINE_MS, answerOn, createShardClient } from '../../src/actors/shard-port.ts';
import { Failure } from '../../src/core/failure.ts';
import { emptyLinkDay } from '../../src/core/link-day.ts';
import type { UnstoredBatch } from '../../src/core/ports.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const test = suite('shard port');

type Question = { linkIds: readonly number[]; deadline: number; answer(batches: UnstoredBatch[]): void; fail(reason: string): void };
const NOW = 5_000;

const batch = (end: number): UnstoredBatch => ({ ends: { 'f0-s0': end }, days: new Map(), candidates: [] });
const endsOf = (batches: UnstoredBatch[]) => batches.map((it) => it.ends['f0-s0']);

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
  answerOn(shardPort, shard, () => NOW);
  return { front, shardPort, questions };
}

function setUp(shards: number) {
  const opened = Array.from({ length: shards }, openShard);
  const client = createShardClient(shards);
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
  const client = createShardClient(2);
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

test.run();

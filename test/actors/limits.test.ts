import { setImmediate as nextTurn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLimits, MAX_WAITING_CLICKS, PROBE_MS, TURN_MS } from '../../src/actors/limits.ts';
import type { ClickDemand } from '../../src/core/ports/clicks.ts';
import { recordingLogger } from '../support/logger.ts';
import { randomFrom, seed } from '../support/seed.ts';

const test = suite('limits');

/** A statement that is under way until the test answers it. */
type Statement = {
  demands: readonly ClickDemand[];
  isAlone: boolean;
  /** Clicks by link id; links that are not in it are locked by somebody else. */
  answer(granted: Record<number, number>): Promise<void>;
  fail(message?: string): Promise<void>;
};

function setUp() {
  const clock = { now: 1_000 };
  const statements: Statement[] = [];
  const ask = (demands: readonly ClickDemand[], isAlone: boolean) => {
    const { promise, resolve, reject } = Promise.withResolvers<Map<number, number>>();
    statements.push({
      demands,
      isAlone,
      async answer(granted) {
        resolve(new Map(Object.entries(granted).map(([id, clicks]) => [Number(id), clicks])));
        await nextTurn();
      },
      async fail(message = 'connect ECONNREFUSED') {
        reject(new Error(message));
        await nextTurn();
      },
    });
    return promise;
  };
  const { logger, lines } = recordingLogger();
  const limits = createLimits({
    store: {
      take: (demands) => ask(demands, false),
      takeAlone: async (demand) => (await ask([demand], true)).get(demand.linkId) ?? 0,
    },
    isStoreAway: (error) => (error as Error).message.includes('ECONNREFUSED'),
    clock: () => clock.now,
    logger,
  });
  return { limits, statements, clock, lines };
}

type Noted = (number | null | 'waiting')[];

/** What each answer was, 'waiting' for those that have not come. @param known where more are noted behind those that are there */
function noted(answers: readonly Promise<number | null>[], known: Noted = []): Noted {
  for (const answer of answers) {
    const i = known.push('waiting') - 1;
    void answer.then((granted) => {
      known[i] = granted;
    });
  }
  return known;
}

const demand = (linkId: number, clicks: number): ClickDemand => ({ linkId, clicks });

test('who comes first is asked for at once; what comes meanwhile gathers, all links in one statement', async () => {
  const { limits, statements } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(1, 2), limits.take(2, 5), limits.take(1, 3), limits.take(3, 1)]);
  assert.equal(
    statements.map(({ demands }) => demands),
    [[demand(1, 1)]],
  );
  await statements[0].answer({ 1: 1 });
  assert.equal(answers, [1, 'waiting', 'waiting', 'waiting', 'waiting']);
  assert.equal(
    statements.slice(1).map(({ demands }) => demands),
    [[demand(2, 5), demand(3, 1), demand(1, 5)]],
  );
  await statements[1].answer({ 1: 5, 2: 5, 3: 1 });
  assert.equal(answers, [1, 2, 5, 3, 1]);
  assert.is(statements.length, 2);
});

test('who came first is served first', async () => {
  const { limits, statements } = setUp();
  const first = limits.take(9, 1);
  const answers = noted([limits.take(1, 2), limits.take(1, 3), limits.take(1, 4)]);
  await statements[0].answer({ 9: 1 });
  assert.equal(statements[1].demands, [demand(1, 9)]);
  await statements[1].answer({ 1: 4 });
  assert.equal([await first, ...answers], [1, 2, 2, 0]);
});

test('a link that comes again while it is asked for stands at the end of the queue', async () => {
  const { limits, statements } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(1, 1), limits.take(2, 1)]);
  await statements[0].answer({ 1: 1 });
  assert.equal(statements[1].demands, [demand(2, 1), demand(1, 1)]);
  await statements[1].answer({ 1: 0, 2: 1 });
  assert.equal(answers, [1, 0, 1]);
});

test('a statement has a thousand links at most; the others are next', async () => {
  const { limits, statements } = setUp();
  const answers = noted([limits.take(5_000, 1), ...Array.from({ length: 1_500 }, (_, i) => limits.take(i, 1))]);
  await statements[0].answer({ 5000: 1 });
  assert.is(statements[1].demands.length, 1_000);
  await statements[1].answer(Object.fromEntries(statements[1].demands.map(({ linkId }) => [linkId, 1])));
  assert.equal(
    statements[2].demands,
    Array.from({ length: 500 }, (_, i) => demand(1_000 + i, 1)),
  );
  await statements[2].answer(Object.fromEntries(statements[2].demands.map(({ linkId }) => [linkId, 1])));
  assert.ok(answers.every((granted) => granted === 1));
});

test('a link that somebody else keeps locked is asked for alone, with all who have come, and holds up no other', async () => {
  const { limits, statements } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(2, 1), limits.take(3, 1), limits.take(2, 4)]);
  await statements[0].answer({});
  const [, quick, alone] = statements;
  assert.equal([alone.isAlone, alone.demands], [true, [demand(1, 1)]]);
  assert.equal([quick.isAlone, quick.demands], [false, [demand(2, 5), demand(3, 1)]]);
  noted([limits.take(1, 7)], answers);
  await quick.answer({ 3: 1 });
  assert.equal(answers.slice(0, 4), ['waiting', 'waiting', 1, 'waiting']);
  assert.equal(
    statements.slice(3).map(({ isAlone, demands }) => [isAlone, demands]),
    [[true, [demand(2, 5)]]],
  );
  // Two are asked for alone; a third has to wait, and links that are not locked do not.
  const others = noted([limits.take(4, 1), limits.take(5, 1)]);
  await statements[4].answer({});
  assert.equal(statements[5].demands, [demand(5, 1)]);
  await statements[5].answer({ 5: 1 });
  assert.equal(others, ['waiting', 1]);
  await statements[3].answer({ 2: 5 });
  assert.equal([statements[6].isAlone, statements[6].demands], [true, [demand(4, 1)]]);
  await statements[6].answer({ 4: 0 });
  await alone.answer({ 1: 1 });
  assert.equal(statements[7].demands, [demand(1, 7)]);
  await statements[7].answer({ 1: 0 });
  assert.equal([...answers, others[0]], [1, 1, 1, 4, 0, 0]);
});

test('a statement that failed is not tried again: whoever it was for is refused, the others are asked for', async () => {
  const { limits, statements, lines } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(1, 1), limits.take(2, 1)]);
  await statements[0].fail();
  assert.equal(answers, [null, 'waiting', 'waiting']);
  assert.equal(statements[1].demands, [demand(2, 1), demand(1, 1)]);
  await statements[1].answer({ 1: 1, 2: 1 });
  assert.equal(answers, [null, 1, 1]);
  assert.equal(
    lines.map(({ level, message }) => [level, message]),
    [
      ['warn', 'clicks of limited links cannot be granted; their visitors are asked to come again'],
      ['info', 'clicks of limited links are granted again'],
    ],
  );
});

test('a fault that is not the absence of the store is an error in the log', async () => {
  const { limits, statements, lines } = setUp();
  const answer = limits.take(1, 1);
  await statements[0].fail('column clicks_used does not exist');
  assert.equal([await answer, lines.map(({ level }) => level)], [null, ['error']]);
});

test('while the store is away all are refused at once, but for one an interval, who finds out when it is back', async () => {
  const { limits, statements, clock } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(2, 1)]);
  await statements[0].fail();
  noted([limits.take(2, 1), limits.take(3, 1)], answers);
  await statements[1].fail();
  assert.equal(answers, [null, null, null, null]);
  assert.equal([await limits.take(1, 1), statements.length], [null, 2]);

  clock.now += PROBE_MS;
  const probe = limits.take(1, 1);
  assert.equal([await limits.take(2, 1), statements.length], [null, 3]);
  clock.now += PROBE_MS - 1;
  assert.is(await limits.take(2, 1), null);
  await statements[2].fail();
  assert.is(await probe, null);

  clock.now += PROBE_MS;
  const back = limits.take(1, 1);
  await statements[3].answer({ 1: 1 });
  assert.is(await back, 1);
  const well = noted([limits.take(2, 1), limits.take(3, 1)]);
  await statements[4].answer({ 2: 1 });
  await statements[5].answer({ 3: 1 });
  assert.equal(well, [1, 1]);
});

test('whoever has waited too long for a turn is refused instead of asked for', async () => {
  const { limits, statements, clock } = setUp();
  const answers = noted([limits.take(1, 1), limits.take(2, 1), limits.take(3, 1)]);
  clock.now += TURN_MS / 2;
  noted([limits.take(3, 2)], answers);
  clock.now += TURN_MS / 2 + 1;
  await statements[0].answer({ 1: 1 });
  assert.equal(statements[1].demands, [demand(3, 2)]);
  assert.equal(answers, [1, null, null, 'waiting']);
  await statements[1].answer({ 3: 2 });
  const again = limits.take(2, 1);
  await statements[2].answer({ 2: 1 });
  assert.equal([answers[3], await again], [2, 1]);
});

test('no more than so many clicks wait', async () => {
  const { limits, statements } = setUp();
  const first = limits.take(1, MAX_WAITING_CLICKS - 1);
  const second = limits.take(2, 1);
  assert.is(await limits.take(3, 1), null);
  await statements[0].answer({ 1: 3 });
  assert.is(await first, 3);
  const third = limits.take(3, 1);
  await statements[1].answer({ 2: 1 });
  await statements[2].answer({ 3: 1 });
  assert.equal([await second, await third], [1, 1]);
});

test(`locked rows, failures and lost answers in any order: all are answered, and no link ever grants more than it has (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const { limits, statements, clock } = setUp();
  const LINKS = 7;
  const left = Array.from({ length: LINKS }, () => Math.floor(random() * 300));
  const most = [...left];
  const answers: Promise<void>[] = [];
  const granted = left.map(() => 0);
  const open = new Set<Statement>();
  let seen = 0;
  async function finishOne(statement: Statement): Promise<void> {
    open.delete(statement);
    const isLocked = () => !statement.isAlone && random() < 0.2;
    const taken: Record<number, number> = {};
    const fate = random();
    if (fate < 0.1) return statement.fail(); // never reached the store
    for (const { linkId, clicks } of statement.demands) {
      if (isLocked()) continue;
      taken[linkId] = Math.min(left[linkId], clicks);
      left[linkId] -= taken[linkId];
    }
    return fate < 0.2 ? statement.fail() : statement.answer(taken); // committed, and its answer lost
  }
  for (let step = 0; step < 3_000 || open.size > 0; step++) {
    for (; seen < statements.length; seen++) open.add(statements[seen]);
    if (step < 3_000 && random() < 0.7) {
      const linkId = Math.floor(random() * LINKS);
      const clicks = 1 + Math.floor(random() * 3);
      const note = (own: number | null) => {
        assert.ok(own === null || own <= clicks);
        granted[linkId] += own ?? 0;
      };
      answers.push(limits.take(linkId, clicks).then(note));
    } else if (open.size > 0) await finishOne([...open][Math.floor(random() * open.size)]);
    for (; seen < statements.length; seen++) open.add(statements[seen]);
    clock.now += random() * 40;
  }
  await Promise.all(answers);
  for (const [linkId, total] of granted.entries()) assert.ok(total <= most[linkId] - left[linkId], `link ${linkId}: ${total}`);
  assert.ok(granted.some((total) => total > 0));
});

test.run();

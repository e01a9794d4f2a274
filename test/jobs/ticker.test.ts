import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startTicker } from '../../src/jobs/ticker.ts';
import { recordingLogger } from '../support/logger.ts';
import { until } from '../support/until.ts';

const test = suite('ticker');

test('never two at once, and a pause between the end of one and the start of the next', async () => {
  const { logger } = recordingLogger();
  let running = 0;
  let ticks = 0;
  const ends: number[] = [];
  const starts: number[] = [];
  const pauseMs = 5;
  const ticker = startTicker(
    'test',
    pauseMs,
    async () => {
      assert.is(++running, 1);
      starts.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 3 * pauseMs));
      ends.push(performance.now());
      running--;
      ticks++;
    },
    logger,
  );
  await until('five ticks', () => ticks >= 5);
  await ticker.stop();
  for (const [i, end] of ends.slice(0, -1).entries()) assert.ok(starts[i + 1] - end >= pauseMs - 1, `${starts[i + 1] - end} ms`);
});

test('a failing tick is logged once, until it has worked again', async () => {
  const { logger, lines } = recordingLogger();
  const outcomes = [false, false, false, true, true, false, false, true];
  let ticks = 0;
  const ticker = startTicker(
    'test',
    0,
    async () => {
      if (!(outcomes[ticks++] ?? true)) throw new Error(`tick ${ticks}`);
    },
    logger,
  );
  await until('all ticks', () => ticks > outcomes.length);
  await ticker.stop();
  const said = lines.map(({ level, fields }) => [
    level,
    (fields as { err?: Error }).err?.message ?? (fields as { failures: number }).failures,
  ]);
  assert.equal(said, [
    ['warn', 'tick 1'],
    ['info', 3],
    ['warn', 'tick 6'],
    ['info', 2],
  ]);
});

test('a tick that throws before it waits is no different', async () => {
  const { logger, lines } = recordingLogger();
  let ticks = 0;
  const ticker = startTicker(
    'test',
    0,
    () => {
      ticks++;
      throw new Error('at once');
    },
    logger,
  );
  await until('three ticks', () => ticks >= 3);
  await ticker.stop();
  assert.is(lines.length, 1);
});

test('stop waits for the tick under way, and there is no other', async () => {
  const { logger } = recordingLogger();
  const { promise, resolve } = Promise.withResolvers<void>();
  let ticks = 0;
  let ended = false;
  const ticker = startTicker(
    'test',
    0,
    async () => {
      ticks++;
      await promise;
      ended = true;
    },
    logger,
  );
  await until('the first tick', () => ticks === 1);
  let stopped = false;
  const stopping = ticker.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  assert.not(stopped);
  resolve();
  await stopping;
  assert.ok(ended);
  await new Promise((done) => setTimeout(done, 20)); // nothing must happen: there is nothing to poll for
  assert.is(ticks, 1);
});

test('stop before the first tick: there is none', async () => {
  let ticks = 0;
  const ticker = startTicker('test', 5, async () => void ticks++, recordingLogger().logger);
  await ticker.stop();
  await new Promise((done) => setTimeout(done, 20));
  assert.is(ticks, 0);
});

test.run();

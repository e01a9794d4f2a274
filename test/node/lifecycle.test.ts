import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Component } from '../../src/core/ports.ts';
import { createLifecycle } from '../../src/lifecycle.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { thrownBy } from '../support/thrown-by.ts';

const STOP_TIMEOUT_MS = 50;

/** Components that write down what happens to them. */
function diary() {
  const events: string[] = [];
  const opens =
    (name: string, stop: () => Promise<void> = async () => undefined) =>
    async (): Promise<Component<string>> => {
      events.push(`start ${name}`);
      return {
        value: `value of ${name}`,
        stop: () => {
          events.push(`stop ${name}`);
          return stop();
        },
      };
    };
  return { events, opens };
}

const fail = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};
const never = () => new Promise<never>(() => undefined);

const it = suite('lifecycle');

it('gives values, and stops in reverse order, once', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger);
  assert.is(await life.start('a', opens('a')), 'value of a');
  await life.start('b', opens('b'));
  await life.start('c', opens('c'));
  await Promise.all([life.stop(), life.stop()]);
  await life.stop();
  assert.equal(events, ['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
});

it('stops what was started when a later start fails, and throws that error', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger);
  await life.start('a', opens('a'));
  await life.start('b', opens('b'));
  const error = await thrownBy(life.start('c', fail('c is broken')));
  assert.is(error.message, 'c is broken');
  assert.equal(events, ['start a', 'start b', 'stop b', 'stop a']);
  assert.match((await thrownBy(life.start('d', opens('d')))).message, 'd is not started: the node is stopping');
  await life.stop();
});

it('throws the first error, and logs that of the stop after it', async () => {
  const { logger, lines } = recordingLogger();
  const life = createLifecycle(logger);
  await life.start('a', diary().opens('a', fail('a does not stop')));
  assert.is((await thrownBy(life.start('b', fail('b is broken')))).message, 'b is broken');
  assert.is(lines.filter(({ level, fields }) => level === 'error' && 'err' in fields).length, 1);
});

it('stops the others when one fails to stop, and tells of all that failed', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger);
  await life.start('a', opens('a', fail('a is stuck')));
  await life.start('b', opens('b'));
  await life.start(
    'c',
    opens('c', () => {
      throw new Error('c throws at once');
    }),
  );
  const error = await thrownBy(life.stop());
  assert.instance(error, AggregateError);
  assert.is(error.message, 'stopping c: c throws at once; stopping a: a is stuck');
  assert.is((error as AggregateError).errors.length, 2);
  assert.equal(events.slice(3), ['stop c', 'stop b', 'stop a']);
});

it('does not wait longer than the timeout for one, and names it', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger, STOP_TIMEOUT_MS);
  await life.start('a', opens('a'));
  await life.start('b', opens('b', never));
  assert.is((await thrownBy(life.stop())).message, `stopping b: took longer than ${STOP_TIMEOUT_MS} ms`);
  assert.equal(events.slice(2), ['stop b', 'stop a']);
});

it('stops what is being started while it is stopped', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger);
  await life.start('a', opens('a'));
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const starting = thrownBy(life.start('b', () => gate.then(opens('b'))));
  const stopped = life.stop();
  open();
  assert.is((await starting).message, 'b was started while the node is stopping');
  await stopped;
  assert.equal(events, ['start a', 'start b', 'stop b', 'stop a']);
});

it('gives up on a start that does not end while it is stopped', async () => {
  const { events, opens } = diary();
  const life = createLifecycle(silentLogger, STOP_TIMEOUT_MS);
  await life.start('a', opens('a'));
  life.start('b', never).catch(() => undefined);
  assert.is((await thrownBy(life.stop())).message, `starting b: took longer than ${STOP_TIMEOUT_MS} ms`);
  assert.equal(events, ['start a', 'stop a']);
});

it.run();

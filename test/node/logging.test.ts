import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogLevel } from '../../src/core/ports.ts';
import { createLogger } from '../../src/logging.ts';

function captured(level: LogLevel) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { logger: createLogger({ level, fields: { thread: 'front 1' }, destination }), lines };
}

const it = suite('logging');

it('writes one JSON line an event', () => {
  const { logger, lines } = captured('info');
  logger.debug({}, 'not this');
  logger.warn({ port: 1, err: new Error('why') }, 'something\nhappened');
  assert.is(lines.length, 1);
  const { time, err, ...rest } = JSON.parse(lines[0]);
  assert.equal(rest, { level: 'warn', thread: 'front 1', port: 1, msg: 'something\nhappened' });
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  assert.is(err.message, 'why');
});

it('cuts secrets out, also below', () => {
  const { logger, lines } = captured('debug');
  const secret = 'hunter2';
  logger.info(
    {
      password: secret,
      config: { secretKey: secret, databaseUrl: secret },
      request: { headers: { authorization: secret, cookie: secret } },
    },
    'x',
  );
  assert.not.match(lines[0], secret);
  assert.match(lines[0], '"secretKey":"***"');
});

it('says nothing when told so', () => {
  const { logger, lines } = captured('silent');
  logger.error({}, 'x');
  assert.equal(lines, []);
});

it.run();

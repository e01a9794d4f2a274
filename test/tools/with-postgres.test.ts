/** The wrapper that gives a whole test run one Postgres. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processIdentity } from '../../src/storage/process.ts';
import { until } from '../support/until.ts';

const WRAPPER = join(import.meta.dirname, '..', 'support', 'with-postgres.ts');
const POSTGRES = join(import.meta.dirname, '..', 'support', 'postgres.ts');

function start(command: string[]) {
  const child = spawn(process.execPath, [WRAPPER, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, ended: Promise.all([once(child, 'exit'), text(child.stdout)]).then(([[code], stdout]) => ({ code, stdout })) };
}

/** A program that copies the template and says where. */
const COPY = `
  const { testDatabase } = await import(${JSON.stringify(POSTGRES)});
  const database = await testDatabase();
  console.log(new URL(database.value.url).port);
  await database.stop();
  process.exitCode = 7;
`;

const it = suite('with-postgres');

it('gives all programs of a command one server, and passes its output and exit code on', async () => {
  const node = `'${process.execPath}' --input-type=module -e "$COPY"`;
  process.env.COPY = COPY;
  const { code, stdout } = await start(['sh', '-c', `${node}; ${node}`]).ended;
  assert.is(code, 7);
  const [first, second] = stdout.trim().split('\n');
  assert.match(first, /^\d+$/);
  assert.is(second, first);
});

it('passes a signal on, and leaves nothing', async () => {
  const { child, ended } = start(['sh', '-c', 'echo $$; exec sleep 100']);
  const [line] = await once(child.stdout, 'data');
  const pid = Number(String(line));
  child.kill('SIGTERM');
  const { code } = await ended;
  assert.is(code, 128 + 15);
  await until('the end of the command', () => processIdentity(pid) === null);
});

it.run();

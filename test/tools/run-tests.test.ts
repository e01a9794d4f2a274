/** The runner against test files that are wrong in one way each, see fixtures/run-tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const FIXTURES = 'test/tools/fixtures/run-tests';
const fixture = (name: string): string => `${FIXTURES}/${name}.test.ts`;

const folder = mkdtempSync(join(tmpdir(), 'run-tests-'));
const pidFile = join(folder, 'pid');

const it = suite('run-tests');

it.before.each(() => rmSync(pidFile, { force: true }));
it.after(() => rmSync(folder, { recursive: true }));

it('passes a good file and counts its tests', async () => {
  const { code, stdout, last } = await run([fixture('good')]);
  assert.is(code, 0, stdout);
  assert.is(last, '2 passed, 0 failed');
});

it('shows the figures of a file that passes', async () => {
  const { stdout, last } = await run([fixture('figure')]);
  assert.match(stdout, /^ok .*figure\.test\.ts .*\n {6}G0: 3 of 3\n/m);
  assert.is(last, '1 passed, 0 failed');
});

it('takes a file twice named once', async () => {
  const { last } = await run([fixture('good'), `./${fixture('good')}`]);
  assert.is(last, '2 passed, 0 failed');
});

it('forgives a child that ends just after its test', async () => {
  const { code, stdout } = await run([fixture('late-child')]);
  assert.is(code, 0, stdout);
});

const BAD: { name: string; last: string; says: RegExp }[] = [
  { name: 'failing', last: '1 passed, 1 failed', says: /"is wrong"/ },
  { name: 'throwing-before', last: '0 passed, 1 failed', says: /1 of 1 tests did not pass and uvu hides why/ },
  { name: 'hang', last: '0 passed, 1 failed', says: /still running after 1 s, killed/ },
  { name: 'hang-after-summary', last: '1 passed, 1 failed', says: /still running after 1 s, killed/ },
  { name: 'forgotten-run', last: '0 passed, 1 failed', says: /no it\.run\(\)/ },
  { name: 'half-forgotten-run', last: '1 passed, 1 failed', says: /no second\.run\(\)/ },
  { name: 'test-after-run', last: '1 passed, 1 failed', says: /stands after it\.run\(\)/ },
  { name: 'empty-suite', last: '0 passed, 1 failed', says: /no test$/m },
  { name: 'exit-in-mid-test', last: '0 passed, 1 failed', says: /no summary/ },
  { name: 'exit-before-tests', last: '0 passed, 1 failed', says: /no summary/ },
  { name: 'skipped', last: '1 passed, 1 failed', says: /1 tests skipped/ },
  { name: 'killed', last: '0 passed, 1 failed', says: /ended by SIGKILL/ },
];

for (const { name, last, says } of BAD) {
  it(`fails ${name}`, async () => {
    const result = await run(['--timeout-ms', '1000', fixture(name)]);
    assert.is(result.code, 1, result.stdout);
    assert.is(result.last, last, result.stdout);
    assert.match(result.stdout, says);
  });
}

it('is needed: uvu alone lets these pass', async () => {
  for (const name of ['throwing-before', 'forgotten-run', 'half-forgotten-run', 'test-after-run', 'exit-before-tests', 'skipped']) {
    assert.is((await output(start([fixture(name)]))).code, 0, name);
  }
  assert.is((await output(start(['node_modules/uvu/bin.js', 'test', 'no-such-test']))).code, 0);
});

it('kills what a hanging test has started', async () => {
  const result = await run(['--timeout-ms', '1000', fixture('hang-with-grandchild')]);
  assert.is(result.code, 1, result.stdout);
  assert.is(result.last, '0 passed, 1 failed');
  assert.not(isAlive(startedPid()));
});

it('fails a file that leaves a process behind, and kills that', async () => {
  const result = await run([fixture('left-behind')]);
  assert.is(result.code, 1, result.stdout);
  assert.is(result.last, '1 passed, 1 failed');
  assert.match(result.stdout, /left behind process/);
  assert.not(isAlive(startedPid()));
});

// Only /proc shows it.
if (process.platform === 'linux') {
  it('finds what was left behind in a process group of its own', async () => {
    const result = await run([fixture('left-behind-detached')]);
    assert.is(result.code, 1, result.stdout);
    assert.is(result.last, '1 passed, 1 failed');
    assert.match(result.stdout, new RegExp(`left behind process ${startedPid()}: sleep 300`));
    assert.not(isAlive(startedPid()));
  });
}

it('believes a file that asks for its own timeout', async () => {
  const result = await run([fixture('declared-timeout')]);
  assert.is(result.code, 1, result.stdout);
  assert.match(result.stdout, /still running after 1 s, killed/);
});

it('fails when a folder or file named holds no test', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  for (const nothing of ['no-such-folder', empty]) {
    const result = await run([nothing]);
    assert.is(result.code, 1, result.stdout);
    assert.is(result.last, '0 passed, 1 failed');
  }
  const result = await run([fixture('good'), 'no-such-folder']);
  assert.is(result.code, 1, result.stdout);
  assert.is(result.last, '2 passed, 1 failed');
});

it('adds up over files, also with several at once', async () => {
  for (const jobs of ['1', '2']) {
    const result = await run(['--jobs', jobs, fixture('good'), fixture('failing'), fixture('exit-in-mid-test')]);
    assert.is(result.code, 1, result.stdout);
    assert.is(result.last, '3 passed, 2 failed');
  }
});

it('runs several at once, but those that want to be alone', async () => {
  const tree = join(folder, 'alone');
  mkdirSync(tree);
  for (const name of ['a', 'b', 'z']) {
    const text = readFileSync(fixture('interval'), 'utf8');
    writeFileSync(join(tree, `${name}.test.ts`), name === 'b' ? `// alone\n${text}` : text);
  }
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const { stdout } = await run(['--jobs', '3', tree]);
  const interval = (name: string) => {
    const [, from, to] = stdout.match(new RegExp(`${name}\\.test\\.ts .*\\n +from (\\d+) to (\\d+)`)) ?? [];
    return { from: Number(from), to: Number(to) };
  };
  const [a, b, z] = ['a', 'b', 'z'].map(interval);
  assert.ok(a.from < z.to && z.from < a.to, stdout);
  assert.ok(b.from >= a.to && b.from >= z.to, stdout);
});

it('finds the test files of a folder and of those in it, but for fixtures', async () => {
  const tree = join(folder, 'tree');
  for (const path of ['one.test.ts', 'deeper/two.test.ts', 'deeper/helper.ts', 'fixtures/three.test.ts', 'deeper/fixtures/four.test.ts']) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    copyFileSync(fixture('good'), join(tree, path));
  }
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const { code, stdout, last } = await run([tree]);
  assert.is(code, 0, stdout);
  assert.is(last, '4 passed, 0 failed');
  assert.match(stdout, 'one.test.ts');
  assert.match(stdout, 'two.test.ts');
});

it('refuses options that make no sense', async () => {
  for (const args of [
    ['--jobs', '0'],
    ['--timeout-ms', 'soon'],
    ['--timeout-ms', '1e12'],
    ['--timeout', '5'],
  ]) {
    assert.is((await run([...args, fixture('good')])).code, 1, args.join(' '));
  }
});

it('takes everything with it when it is told to stop', async () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    rmSync(pidFile, { force: true });
    const runner = start(['tools/run-tests.ts', fixture('hang-with-grandchild')]);
    const result = output(runner);
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
    assert.ok(isAlive(startedPid()));
    runner.kill(signal);
    assert.is((await result).code, code);
    await until(() => !isAlive(startedPid()));
  }
});

it.run();

type Output = { code: number | null; stdout: string; last: string };

const run = (args: string[]): Promise<Output> => output(start(['tools/run-tests.ts', ...args]));

function start(args: string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PID_FILE: pidFile } });
}

async function output(child: ChildProcess): Promise<Output> {
  if (child.stdout === null) throw new Error('started without a pipe');
  const [[code], stdout] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
  return { code, stdout, last: stdout.split('\n').at(-2) ?? '' };
}

const startedPid = (): number => Number(readFileSync(pidFile, 'utf8'));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // no such process, or gone in between
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await sleep(10);
  }
}

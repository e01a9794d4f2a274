/**
 * The test runner: each test file runs in a process of its own, and is believed only when it says that it has run tests and that
 * all of them passed.
 *
 *   node tools/run-tests.ts [--timeout-ms N] [--jobs N] [file or folder…]
 *
 * Why not uvu's own: started as `node file.test.ts` or by uvu's command line, these end with exit code 0, though nothing was tested
 * (test/tools/run-tests.test.ts shows it, with uvu 0.5.6): a `before` that throws, a suite without `.run()`, a file that calls
 * `process.exit(0)` before its suite begins, tests behind `.skip`, no file found. A test that hangs hangs for ever, and what it has
 * started outlives it.
 *
 * With --jobs, those that say `// alone` in their first lines come last, one at a time.
 *
 * The last line on standard output is `N passed, N failed`, in tests; the exit code is 1 unless nothing failed.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { type FileResult, killRunningTests, runTestFile, wantsToBeAlone } from './test-file.ts';

const DEFAULT_ROOT = 'test';
const DEFAULT_JOBS = 1;
/** Test files in such folders are there for tests to run, and some of them fail. */
const FIXTURES = 'fixtures';
/** What a test prints for people to read also when it passes; uvu's dots may stand in front of it. */
const FIGURE = /figure: (.*)/g;
const TIMER_MAX_MS = 2 ** 31 - 1; // setTimeout fires at once beyond it
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

process.on('exit', killRunningTests);
for (const signal of STOP_SIGNALS) process.on(signal, () => process.exit(128 + constants.signals[signal]));

const { timeoutMs, jobs, roots } = readArguments();
let passed = 0;
let failed = 0;
const failedFiles: string[] = [];
const files = testFiles(roots);
const alone = new Set(files.filter(wantsToBeAlone));
await runAll(
  files.filter((path) => !alone.has(path)),
  jobs,
);
await runAll([...alone], 1);
if (failedFiles.length > 0) console.log(`\nfailed:\n${failedFiles.map((path) => `  ${path}\n`).join('')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function runAll(paths: string[], atOnce: number): Promise<void> {
  const queue = paths.values();
  await Promise.all(Array.from({ length: atOnce }, () => runEach(queue)));
}

async function runEach(queue: Iterable<string>): Promise<void> {
  for (const path of queue) {
    const result = await runTestFile(path, timeoutMs);
    report(path, result);
    passed += result.passed;
    failed += result.failed;
    if (result.failed > 0) failedFiles.push(path);
  }
}

function report(path: string, result: FileResult): void {
  const seconds = (result.durationMs / 1_000).toFixed(2);
  if (result.failed === 0) {
    console.log(`ok    ${path}  ${result.passed} passed  ${seconds} s`);
    for (const [, figure] of result.output.matchAll(FIGURE)) console.log(`      ${figure}`);
    return;
  }
  console.log(`FAIL  ${path}  ${result.passed} passed, ${result.failed} failed  ${seconds} s`);
  for (const fault of result.faults) console.log(`      ${fault}`);
  console.log(result.output.trimEnd().replace(/^/gm, '    | '));
}

/** The test files of each file or folder named, in order, each once. One that names none is a failure: it may be a typing error. */
function testFiles(roots: string[]): string[] {
  const found = roots.map((root) => {
    const paths = findTestFiles(normalize(root));
    if (paths.length === 0) {
      console.log(`FAIL  ${root}  no test file there`);
      failed++;
    }
    return paths;
  });
  return [...new Set(found.flat())];
}

function findTestFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return entry.name === FIXTURES ? [] : findTestFiles(join(path, entry.name));
      return entry.name.endsWith('.test.ts') ? [join(path, entry.name)] : [];
    });
}

function readArguments(): { timeoutMs: number | null; jobs: number; roots: string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { 'timeout-ms': { type: 'string' }, jobs: { type: 'string', default: String(DEFAULT_JOBS) } },
      allowPositionals: true,
    });
    const limit = values['timeout-ms'];
    return {
      timeoutMs: limit === undefined ? null : positiveInteger('timeout-ms', limit),
      jobs: positiveInteger('jobs', values.jobs),
      roots: positionals.length === 0 ? [DEFAULT_ROOT] : positionals,
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > TIMER_MAX_MS) throw new RangeError(`--${name} cannot be ${text}`);
  return value;
}

/** Runs one test file in a process of its own and judges what came of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { describeMember, type Family, killMembers, livingMembers, newMark, waitForEnd } from './family.ts';

export const DEFAULT_TIMEOUT_MS = 120_000;
/** How long what a test has just told to stop may take to be gone once the test itself has ended. */
const LEFTOVER_GRACE_MS = 1_000;
/** How long killed processes may take to be gone, and their end of the output pipe with them. */
const KILL_GRACE_MS = 5_000;
/** Only the end of the output is kept: the summary and the errors stand there. */
const OUTPUT_MAX_CHARACTERS = 1_000_000;
const COMMENT_LINES = 5;

export type FileResult = {
  /** Tests. A file with a fault counts at least one failed test. */
  passed: number;
  failed: number;
  /** Why the file failed, a line each; empty when it passed. */
  faults: string[];
  output: string;
  durationMs: number;
};

type Summary = { total: number; passed: number; skipped: number };

const running = new Set<Family>();

/** For the end of the runner itself. Synchronous, so that it can be the last thing a process does. */
export function killRunningTests(): void {
  for (const family of running) killMembers(family);
}

/** @param timeoutMs null: what the file asks for with `// timeout: 300 s` in its first lines, else DEFAULT_TIMEOUT_MS */
export async function runTestFile(path: string, timeoutMs: number | null): Promise<FileResult> {
  const source = readFileSync(path, 'utf8');
  const limitMs = timeoutMs ?? declaredTimeoutMs(source) ?? DEFAULT_TIMEOUT_MS;
  const startedAt = Date.now();
  const mark = newMark();
  const child = spawn(process.execPath, [path], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [mark]: '1' },
  });
  const ended = once(child, 'exit');
  if (child.pid === undefined) throw new Error(`cannot start ${process.execPath}`);
  const family = { group: child.pid, mark };
  running.add(family);
  const output = collect(child.stdout, child.stderr);

  const faults = forgottenTests(source);
  const timer = setTimeout(() => {
    faults.push(`still running after ${limitMs / 1_000} s, killed`);
    killMembers(family);
  }, limitMs);
  const [code, signal] = await ended;
  clearTimeout(timer);
  const durationMs = Date.now() - startedAt;
  faults.push(...(await endFamily(family)));
  running.delete(family);
  await Promise.race([output.closed, sleep(KILL_GRACE_MS, undefined, { ref: false })]);

  if (signal !== null) faults.push(`ended by ${signal}`);
  else if (code !== 0) faults.push(`exit code ${code}`);
  const summary = readSummary(output.text());
  faults.push(...summaryFaults(summary, code));
  const notPassed = summary === null ? 0 : summary.total - summary.passed + summary.skipped;
  const failed = faults.length === 0 ? 0 : Math.max(1, notPassed);
  return { passed: summary?.passed ?? 0, failed, faults, output: output.text(), durationMs };
}

/** Ends what the file has left behind. @returns a fault for each process */
async function endFamily(family: Family): Promise<string[]> {
  const faults = (await waitForEnd(family, LEFTOVER_GRACE_MS)).map((member) => `left behind ${describeMember(member)}`);
  const deadline = Date.now() + KILL_GRACE_MS;
  while (livingMembers(family).length > 0 && Date.now() < deadline) {
    killMembers(family);
    await waitForEnd(family, LEFTOVER_GRACE_MS);
  }
  return [...faults, ...livingMembers(family).map((member) => `cannot kill ${describeMember(member)}`)];
}

function declaredTimeoutMs(source: string): number | null {
  const seconds = /^\/\/ timeout: (\d+) s$/m.exec(headOf(source))?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** Whether a file wants no other test beside it: it says so by `// alone` in its first lines, mostly because it measures. */
export const wantsToBeAlone = (path: string): boolean => /^\/\/ alone$/m.test(headOf(readFileSync(path, 'utf8')));

const headOf = (source: string): string => source.split('\n', COMMENT_LINES).join('\n');

/**
 * Tests that uvu will never hear of: of a suite without `.run()`, or added after it. Nobody can see them at run time when another
 * suite of the file runs, so they are looked for in the text.
 */
function forgottenTests(source: string): string[] {
  const suites = [...source.matchAll(/\b(?:const|let|var) (\w+) = suite\b/g)].map(([, name]) => name);
  return [...new Set(suites)].flatMap((name) => {
    const runs = [...source.matchAll(new RegExp(`\\b${name}\\.run\\(\\)`, 'g'))];
    if (runs.length < suites.filter((other) => other === name).length) return [`suite ${name} has no ${name}.run()`];
    const tests = [...source.matchAll(new RegExp(`\\b${name}\\(`, 'g'))];
    return tests.some((test) => test.index > runs[runs.length - 1].index) ? [`a test of ${name} stands after ${name}.run()`] : [];
  });
}

/** What uvu prints last. */
function readSummary(output: string): Summary | null {
  const all = [...output.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration: /gm)];
  if (all.length === 0) return null;
  const [total, passed, skipped] = all[all.length - 1].slice(1).map(Number);
  return { total, passed, skipped };
}

function summaryFaults(summary: Summary | null, code: number | null): string[] {
  if (summary === null) return ['no summary: died, or ran no test'];
  const faults: string[] = [];
  if (summary.total === 0) faults.push('no test');
  if (summary.passed < summary.total) {
    const why = code === 0 ? ' and uvu hides why: a hook threw' : '';
    faults.push(`${summary.total - summary.passed} of ${summary.total} tests did not pass${why}`);
  }
  if (summary.skipped > 0) faults.push(`${summary.skipped} tests skipped`);
  return faults;
}

/** Both streams in the order they came, without colours. */
function collect(...streams: Readable[]): { text(): string; closed: Promise<unknown> } {
  let text = '';
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-OUTPUT_MAX_CHARACTERS);
    });
  }
  return {
    text: () => stripVTControlCharacters(text),
    closed: Promise.all(streams.map((stream) => once(stream, 'close'))),
  };
}

/** Looks at a node under load while something that it needs goes away and comes back (G4). */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type Load, percentile } from './load.ts';
import { say } from './say.ts';
import type { TestNode } from './test-node.ts';

const PHASE_MS = 3_000;
const MIB = 1024 ** 2;
const MEMORY_MAX = 256 * MIB;
/** p99 may be twice what it was, or so many milliseconds more: on a busy machine one pause of a millisecond doubles a p99 of one. */
const SLACK_MS = 25;
/** Nobody waits for a store, whose silence is told from slowness only after some seconds. */
const LONGEST_MS = 1_000;
const WATCHED_AGAIN = 4;

/** Makes an outage happen, and watches the node meanwhile and afterwards, for PHASE_MS at least. @param outage settles with what is to be said of it */
export type OutageWatcher = (what: string, outage: () => Promise<string>) => Promise<void>;

/** Measures how the node is before. @param load with a rate, and warm */
export async function outageWatcher(name: string, node: TestNode, load: Load): Promise<OutageWatcher> {
  load.takeLatencies();
  await sleep(PHASE_MS);
  const before = { p99: percentile(load.takeLatencies(), 0.99), memory: node.residentBytes() };
  return (what, outage) => watchOutage(`${name}, ${what}`, outage, { node, load, before });
}

type Watched = { node: TestNode; load: Load; before: { p99: number; memory: number } };

async function watchOutage(what: string, happen: () => Promise<string>, { node, load, before }: Watched): Promise<void> {
  const p99Max = Math.max(2 * before.p99, before.p99 + SLACK_MS);
  let longest = 0;
  let memory = 0;
  const p99After = async (work: Promise<unknown>) => {
    load.takeLatencies();
    await Promise.all([work, sleep(PHASE_MS)]);
    const latencies = load.takeLatencies();
    longest = Math.max(longest, ...latencies);
    memory = Math.max(memory, node.residentBytes());
    return percentile(latencies, 0.99);
  };
  const happened = happen();
  let p99 = await p99After(happened);
  // The machine may have been busy with something else: what slows redirects down while Postgres is away does so all the time.
  for (let again = 0; again < WATCHED_AGAIN && p99 > p99Max; again++) p99 = await p99After(Promise.resolve());
  const grown = (memory - before.memory) / MIB;
  const figures = `p99 ${p99.toFixed(2)} ms, before ${before.p99.toFixed(2)} ms, longest ${longest.toFixed(0)} ms; memory ${grown.toFixed(0)} MiB more`;
  say(`G4 ${what}: ${figures}; ${await happened}`);
  assert.ok(p99 <= p99Max && longest <= LONGEST_MS && memory - before.memory <= MEMORY_MAX, `${what}: ${figures}`);
  assert.equal([load.figures.refused, load.figures.cut], [{}, 0], what);
}

export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; tookMs: number }> {
  const from = performance.now();
  const value = await work();
  return { value, tookMs: performance.now() - from };
}

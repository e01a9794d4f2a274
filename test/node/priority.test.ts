import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'priority.ts');

/** The nice value of a process's main thread before and after it lowers its priority. */
function lowered(level: string, startedWith: number): { before: number; after: number } {
  const script = `
    import { getPriority } from 'node:os';
    import { lowerPriority } from ${JSON.stringify(MODULE)};
    const before = getPriority();
    lowerPriority('${level}');
    console.log(JSON.stringify({ before, after: getPriority() }));`;
  const args = ['-n', String(startedWith), process.execPath, '--input-type=module', '-e', script];
  return JSON.parse(execFileSync('nice', args, { encoding: 'utf8' }));
}

/** As sched(7) numbers the policies. */
const [SCHED_OTHER, SCHED_IDLE] = [0, 5];

const it = suite('priority');

if (process.platform === 'linux') {
  it('lowers a thread, and never raises one: an ordinary user may not', () => {
    const { before } = lowered('storing', 0);
    assert.is(lowered('storing', 0).after, Math.max(before, 5));
    assert.is(lowered('background', 0).after, Math.max(before, 10));
    assert.equal(lowered('storing', 12), { before: before + 12, after: before + 12 });
  });

  it('lowers the threads that check passwords, and no others', () => {
    const script = `
      import { readdirSync, readFileSync } from 'node:fs';
      import { getPriority } from 'node:os';
      import { lowerPoolPriority } from ${JSON.stringify(MODULE)};
      const found = await lowerPoolPriority('passwords');
      const text = (id, file) => readFileSync('/proc/self/task/' + id + '/' + file, 'utf8').trim();
      const policy = (id) => Number(text(id, 'stat').split(') ')[1].split(' ')[38]);
      const tasks = readdirSync('/proc/self/task').map((id) => [text(id, 'comm'), getPriority(Number(id)), policy(id)]);
      console.log(JSON.stringify({ found, own: getPriority(), tasks }));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const { found, own, tasks }: { found: number; own: number; tasks: [string, number, number][] } = JSON.parse(output);
    assert.is(found, 4);
    const pool = tasks.filter(([name]) => name === 'libuv-worker');
    assert.equal(pool, new Array(found).fill(['libuv-worker', Math.max(own, 15), SCHED_IDLE]));
    for (const [name, nice, policy] of tasks) if (name !== 'libuv-worker') assert.equal([nice, policy], [own, SCHED_OTHER], name);
  });
} else {
  it('leaves the process alone where a thread has no priority of its own', () => {
    const { before, after } = lowered('storing', 3);
    assert.is(after, before);
  });
}

it.run();

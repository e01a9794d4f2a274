/** bin/elnk finds its package and a Node.js that can run it, from wherever it is called. The program is a stand-in that tells its arguments. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const TELL = 'console.log(JSON.stringify([import.meta.filename, process.execPath, ...process.argv.slice(2)]));\n';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'elnk-bin-')));
/** Has the tools that bin/elnk uses, but no Node.js. */
const tools = join(root, 'tools');

const it = suite('bin/elnk');

it.before(() => {
  mkdirSync(tools);
  for (const name of ['sh', 'dirname', 'readlink']) symlinkSync(where(name), join(tools, name));
});
it.after(() => rmSync(root, { recursive: true }));

it('runs the sources with the Node.js of its package, arguments as they are', () => {
  const elnk = plant('checkout', ['src/cli.ts', 'dist/cli.js']);
  addNode(join(root, 'checkout'));
  const { status, stdout } = run(elnk, ['a b', '', '$x', "'"]);
  assert.is(status, 0);
  assert.equal(JSON.parse(stdout), [join(root, 'checkout/src/cli.ts'), process.execPath, 'a b', '', '$x', "'"]);
});

it('runs dist where there are no sources', () => {
  const elnk = plant('package', ['dist/cli.js']);
  addNode(join(root, 'package'));
  assert.is(JSON.parse(run(elnk).stdout)[0], join(root, 'package/dist/cli.js'));
});

it('finds its package through symbolic links, relative and absolute, and the Node.js of the project it is installed in', () => {
  plant('project/node_modules/elnk', ['dist/cli.js']);
  const project = join(root, 'project');
  addNode(project);
  symlinkSync('../elnk/bin/elnk', join(project, 'node_modules/.bin/elnk'));
  symlinkSync(join(project, 'node_modules/.bin/elnk'), join(root, 'link to elnk'));
  for (const path of [join(project, 'node_modules/.bin/elnk'), join(root, 'link to elnk')]) {
    assert.equal(JSON.parse(run(path, ['serve']).stdout), [join(project, 'node_modules/elnk/dist/cli.js'), process.execPath, 'serve']);
  }
});

it('takes the Node.js of the PATH when it is new enough', () => {
  const elnk = plant('bare', ['dist/cli.js']);
  assert.is(run(elnk, [], `${dirname(process.execPath)}:${tools}`).status, 0);
  for (const version of ['22.18.0', '23.0.0', '100.0.0']) {
    const { status, stdout, stderr } = run(elnk, ['x'], pathWithNode(version));
    assert.is(status, 0, stderr);
    assert.match(stdout, `${version} runs ${join(root, 'bare/dist/cli.js')} x`);
  }
});

it('says so when there is no Node.js or only an old one', () => {
  const elnk = plant('bare', ['dist/cli.js']);
  const without = run(elnk, [], tools);
  assert.is(without.status, 1);
  assert.match(without.stderr, /^elnk: no Node\.js found; .*\n$/);
  for (const version of ['20.20.2', '22.17.9', '8.18.0']) {
    const { status, stdout, stderr } = run(elnk, [], pathWithNode(version));
    assert.is(status, 1);
    assert.is(stdout, '');
    assert.match(stderr, new RegExp(`^elnk: needs Node\\.js 22\\.18 or newer, but .* is ${version}; .*\\n$`));
  }
});

it('becomes the program: signals reach it, and its exit code is the exit code', async () => {
  const elnk = plant('signals', ['src/cli.ts']);
  addNode(join(root, 'signals'));
  const program = "process.on('SIGTERM', () => process.exit(7));\nsetInterval(() => {}, 1_000);\nconsole.log(process.pid);\n";
  writeFileSync(join(root, 'signals/src/cli.ts'), program);
  const child = spawn(elnk, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  assert.is(Number(said), child.pid);
  child.kill('SIGTERM');
  assert.is((await once(child, 'exit'))[0], 7);
});

it.run();

/** A package with bin/elnk and the program files named. @returns the path of its bin/elnk */
function plant(name: string, programs: string[]): string {
  const folder = join(root, name);
  for (const path of ['bin/elnk', ...programs]) mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const path of programs) writeFileSync(join(folder, path), TELL);
  copyFileSync('bin/elnk', join(folder, 'bin/elnk'));
  return join(folder, 'bin/elnk');
}

function addNode(folder: string): void {
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
}

/** A PATH whose node only claims to be of that version, and tells what it should run. */
function pathWithNode(version: string): string {
  const folder = join(root, `node-${version}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'node'), `#!/bin/sh\n[ "$1" = -p ] && echo ${version} || echo ${version} runs "$@"\n`);
  chmodSync(join(folder, 'node'), 0o755);
  return `${folder}:${tools}`;
}

function run(elnk: string, args: string[] = [], path = tools): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(elnk, args, { env: { PATH: path }, encoding: 'utf8' });
}

function where(program: string): string {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
}

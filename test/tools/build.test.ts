/** What `npm run build` makes runs without the sources. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'build-'));

const it = suite('build');

it.before(() => {
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'bin', 'src', 'tools', 'web']) {
    cpSync(name, join(folder, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});
it.after(() => rmSync(folder, { recursive: true }));

it('makes JavaScript of every source and takes everything else along', () => {
  const built = run('npm', 'run', '-s', 'build');
  assert.is(built.status, 0, built.stdout + built.stderr);
  const expected = allFiles('src').map((path) => path.replace(/\.ts$/, '.js'));
  assert.ok(expected.some((path) => path.endsWith('.sql')));
  const made = allFiles(join(folder, 'dist'));
  assert.equal(
    made.filter((path) => !path.startsWith('web/')),
    expected,
  );
  assert.ok(made.includes('web/index.html'));
});

it('runs', () => {
  rmSync(join(folder, 'src'), { recursive: true });
  const { status, stdout, stderr } = run(join(folder, 'bin/elnk'), '--help');
  assert.is(status, 0, stderr);
  assert.match(stdout, 'Usage: elnk');
});

it.run();

function run(command: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
}

function allFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

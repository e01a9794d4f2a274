/** Every house rule of the folders is broken once, in small trees; then through `npm run lint`, as the build does. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf } from '../../tools/imports.ts';

type Tree = Record<string, string>;

const GOOD: Tree = {
  'src/core/link.ts': 'export type Link = { id: number };\nexport const a = 1;\n',
  'src/core/api/links.ts':
    "import * as z from 'zod';\nimport { a } from '../link.ts';\n\nexport type Api = number;\nexport const it = [z, a];\n",
  'src/core/api/admin.ts': "import * as z from 'zod';\n\nexport type AdminApi = typeof z;\n",
  'src/http/server.ts': "import { a } from '../core/link.ts';\nimport { b } from './api/links.ts';\n\nexport const it = [a, b];\n",
  'src/http/api/links.ts':
    "import { readFile } from 'node:fs/promises';\nimport type { Link } from '../../core/link.ts';\n\nexport const b: [Link?, unknown?] = [undefined, readFile];\n",
  'src/actors/shard.ts': "import { a } from '../core/link.ts';\n\nexport const it = a;\n",
  'src/storage/log.ts': "import { a } from '../core/link.ts';\n\nexport const it = a;\n",
  'src/jobs/fold.ts': "import { a } from '../core/link.ts';\n\nexport const it = a;\n",
  'src/config.ts': 'export const port = 8080;\n',
  'src/main.ts':
    "import { port } from './config.ts';\nimport { it as server } from './http/server.ts';\nimport { it as log } from './storage/log.ts';\n\nexport const it = [port, server, log, new URL('./front-thread.ts', import.meta.url)];\n",
  'src/front-thread.ts': "import { port } from './config.ts';\n\nexport const it = port;\nexport type Tasks = 1;\n",
  'src/tasks.ts': "export type { Tasks } from './front-thread.ts';\n",
  'src/cli.ts': "import { it as main } from './main.ts';\n\nexport const it = main;\n",
  'test/http/server.test.ts':
    "import { it } from '../../src/http/server.ts';\nimport { it as log } from '../../src/storage/log.ts';\n\nexport const both = [it, log];\n",
  'web/app.tsx': "import type { Api } from '../src/core/api/links.ts';\nimport { b } from './part';\n\nexport const x: Api = b;\n",
  'web/admin.ts': "import type { AdminApi } from '../src/core/api/admin.ts';\n\nexport type A = AdminApi;\n",
  'web/part.ts': "export { b } from 'a-package';\n",
};

const BAD: { rule: string; tree: Tree; says: RegExp | string }[] = [
  ...(['http', 'actors', 'storage', 'jobs'] as const).flatMap((from) =>
    Object.entries({ http: 'server', actors: 'shard', storage: 'log', jobs: 'fold' })
      .filter(([to]) => to !== from)
      .map(([to, file]) => ({
        rule: `${from} does not import ${to}`,
        tree: { [`src/${from}/bad.ts`]: `import { it } from '../${to}/${file}.ts';\n\nexport const bad = it;\n` },
        says: `src/${from}/bad.ts:1: ${from} does not import ${to}: src/${to}/${file}.ts`,
      })),
  ),
  ...(['http', 'actors', 'storage', 'jobs'] as const).map((to) => ({
    rule: `core does not import ${to}`,
    tree: { [`src/${to}/bad.ts`]: 'export type T = 1;\n', 'src/core/bad.ts': `export type { T } from '../${to}/bad.ts';\n` },
    says: `src/core/bad.ts:1: core does not import ${to}`,
  })),
  { rule: 'core uses no node: module', tree: { 'src/core/bad.ts': "import 'node:fs';\n" }, says: 'core imports only core, not node:fs' },
  { rule: 'nor a module of Node without node:', tree: { 'src/core/bad.ts': "import 'fs';\n" }, says: 'core imports only core, not fs' },
  { rule: 'nor a package', tree: { 'src/core/bad.ts': "import type p from 'pg';\n\nexport type P = p.Pool;\n" }, says: 'not pg' },
  { rule: 'nor zod outside api.ts', tree: { 'src/core/bad.ts': "import 'zod';\n" }, says: 'core imports only core, not zod' },
  { rule: 'nor in a file of a similar name', tree: { 'src/core/rapi.ts': "import 'zod';\n" }, says: 'core imports only core, not zod' },
  {
    rule: 'in api/ only zod',
    tree: { 'src/core/api/links.ts': "import 'pg';\n" },
    says: 'src/core/api/links.ts:1: core imports only core, not pg',
  },
  {
    rule: 'no folder imports an entry',
    tree: { 'src/http/bad.ts': "\nimport { port } from '../config.ts';\n\nexport const bad = port;\n" },
    says: 'src/http/bad.ts:2: http does not import an entry file: src/config.ts',
  },
  {
    rule: 'core imports no entry',
    tree: { 'src/core/bad.ts': "export * from '../config.ts';\n" },
    says: 'core does not import an entry file: src/config.ts',
  },
  { rule: 'an entry imports no thread', tree: { 'src/bad.ts': "import './front-thread.ts';\n" }, says: 'src/front-thread.ts is started' },
  { rule: 'nor cli.ts', tree: { 'src/bad.ts': "import './cli.ts';\n" }, says: 'src/cli.ts is started, never imported' },
  ...['test/http/server.test.ts', 'bench/x.ts', 'tools/x.ts', 'web/part.ts'].map((path) => ({
    rule: `src does not import ${dirname(path)}`,
    tree: { [path]: 'export const b = 1;\n', 'src/bad.ts': `import '../${path}';\n` },
    says: `src/bad.ts:1: src imports only src, not ${path}`,
  })),
  { rule: 'a new folder has rules', tree: { 'src/util/bad.ts': "import '../core/link.ts';\n" }, says: 'src/util has no import rules yet' },
  { rule: 'what is imported is there', tree: { 'src/bad.ts': "import './gone.ts';\n" }, says: 'there is no src/gone.ts' },
  { rule: 'import() is checked', tree: { 'src/http/bad.ts': "await import('../jobs/fold.ts');\n" }, says: 'http does not import jobs' },
  { rule: 'import() is not computed', tree: { 'src/http/bad.ts': 'await import(process.argv[2]);\n' }, says: 'computed' },
  {
    rule: 'a type import is checked',
    tree: { 'src/http/bad.ts': "import type { it } from '../jobs/fold.ts';\n\nexport type T = typeof it;\n" },
    says: 'http does not import jobs',
  },
  {
    rule: 'a type by import() is checked',
    tree: { 'src/http/bad.ts': "export type T = typeof import('../jobs/fold.ts');\n" },
    says: 'http does not import jobs',
  },
  {
    rule: 'web imports no other file',
    tree: { 'web/bad.ts': "import type { Link } from '../src/core/link.ts';\n\nexport type L = Link;\n" },
    says: 'not src/core/link.ts',
  },
  {
    rule: 'web imports no preact/compat',
    tree: { 'web/bad.ts': "import { memo } from 'preact/compat';\n\nexport const m = memo;\n" },
    says: 'web does not import preact/compat',
  },
  { rule: 'web imports no test', tree: { 'web/bad.ts': "import '../test/http/server.test.ts';\n" }, says: 'web imports only web' },
  {
    rule: 'web imports types only',
    tree: { 'web/bad.ts': "import { it } from '../src/core/api/links.ts';\n\nexport const i = it;\n" },
    says: 'use "import type"',
  },
  {
    rule: 'and nothing else that loads the file',
    tree: { 'web/bad.ts': "import { type Api } from '../src/core/api/links.ts';\n\nexport type A = Api;\n" },
    says: 'use "import type"',
  },
  {
    rule: 'no circle, by types neither',
    tree: {
      'src/http/a.ts': "import './b.ts';\n",
      'src/http/b.ts': "export type { C } from './c.ts';\n",
      'src/http/c.ts': "export type C = typeof import('./a.ts');\n",
    },
    says: 'import circle: src/http/a.ts -> src/http/b.ts -> src/http/c.ts -> src/http/a.ts',
  },
  { rule: 'nor with oneself', tree: { 'src/jobs/a.ts': "import './a.ts';\n" }, says: 'import circle: src/jobs/a.ts -> src/jobs/a.ts' },
  {
    rule: 'nor of entries',
    tree: { 'src/a.ts': "import './b.ts';\n", 'src/b.ts': "import './a.ts';\n" },
    says: 'import circle: src/a.ts -> src/b.ts -> src/a.ts',
  },
];

const folder = mkdtempSync(join(tmpdir(), 'check-imports-'));

const it = suite('check-imports');

it.after(() => rmSync(folder, { recursive: true }));

it('passes elnk itself', () => {
  const { status, stderr } = check('.');
  assert.is(status, 0, stderr);
});

it('passes a tree that keeps the rules', () => {
  const { status, stdout, stderr } = check(plant('good', GOOD));
  assert.is(status, 0, stderr);
  assert.match(stdout, 'imports of 16 files follow the rules');
});

for (const { rule, tree, says } of BAD) {
  it(`fails where broken: ${rule}`, () => {
    const { status, stderr } = check(plant(rule, { ...GOOD, ...tree }));
    assert.is(status, 1);
    assert.match(stderr, says);
    assert.is(stderr.trimEnd().split('\n').length, 1, stderr);
  });
}

it('fails where there is nothing to check', () => {
  const { status, stderr } = check(plant('empty', { 'web/part.ts': '' }));
  assert.is(status, 1);
  assert.match(stderr, 'no source file');
});

it('fails on a file that cannot be parsed', () => {
  const { status, stderr } = check(plant('unreadable', { ...GOOD, 'src/http/bad.ts': "import { from 'x';\n" }));
  assert.is(status, 1);
  assert.match(stderr, 'SyntaxError: src/http/bad.ts');
});

it('breaks `npm run lint`, which is what `make lint` runs', () => {
  const tree = plant('lint', {
    'src/core/link.ts': 'export const a = 1;\n',
    'src/http/server.ts': "export { a } from '../core/link.ts';\n",
    'web/src/main.ts': 'export const a = 1;\n',
  });
  for (const name of ['package.json', 'tsconfig.json', 'biome.json', 'tools', 'web/tsconfig.json'])
    cpSync(name, join(tree, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const good = lint(tree);
  assert.is(good.status, 0, good.stdout + good.stderr);
  writeFileSync(join(tree, 'src/core/link.ts'), "export { a } from '../http/server.ts';\n");
  writeFileSync(join(tree, 'src/http/server.ts'), 'export const a = 1;\n');
  const bad = lint(tree);
  assert.is.not(bad.status, 0);
  assert.match(bad.stderr, 'core does not import http: src/http/server.ts');
  assert.match(spawnSync('make', ['-n', 'lint'], { encoding: 'utf8' }).stdout, 'npm run -s lint');
});

it('reads imports of every form, and nothing that only looks like one', () => {
  const source = `
    import a, { b } from './1.ts';
    import type { c } from './2.ts';
    import { type d } from './3.ts';
    import './4.ts';
    export { e } from './5.ts';
    export * from './6.ts';
    export type { f } from './7.ts';
    export type * as g from './8.ts';
    import h = require('./9.ts');
    const i = () => import('./10.ts');
    const j = import(\`./11.ts\`);
    type K = import('./12.ts').K<typeof import('./13.ts')>;
    const l = import('./' + a);
    // import './no.ts';
    const text = "import './no.ts'";
    const worker = new Worker(new URL('./no.ts', import.meta.url));
    export { text };
  `;
  const types = ['./2.ts', './7.ts', './8.ts', './12.ts', './13.ts'];
  const found = importsOf('x.ts', source);
  assert.equal(
    found.map((one) => one.specifier),
    [...Array.from({ length: 13 }, (_, i) => `./${i + 1}.ts`), null],
  );
  assert.equal(
    found.filter((one) => one.typeOnly).map((one) => one.specifier),
    types,
  );
  assert.equal([found[0].line, found[13].line], [2, 14]);
});

it.run();

function check(root: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['tools/check-imports.ts', root], { encoding: 'utf8' });
}

function lint(root: string): SpawnSyncReturns<string> {
  return spawnSync('npm', ['run', '-s', 'lint'], { cwd: root, encoding: 'utf8' });
}

function plant(name: string, tree: Tree): string {
  const root = join(folder, name.replace(/\W+/g, '-'));
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/**
 * Checks who imports whom. Breaks the build (`npm run lint`) when a rule is broken, by a type import as well.
 *
 *   node tools/check-imports.ts [root folder]
 *
 *  - src/http, src/actors, src/storage and src/jobs import core and themselves, never each other; packages and node: modules freely.
 *  - src/core imports core: no node: module, no package (zod in core/api/ excepted).
 *  - The entry files directly under src/ join them. No folder imports an entry; and cli.ts and the threads do something when loaded,
 *    so that entries, too, import only types of them.
 *  - src imports nothing of test, bench, tools and web; those three may import anything of src.
 *  - web imports no preact/compat: it makes `onChange` mean `onInput`, in every component of the app.
 *  - web imports of src only types, only from those; core/charts.ts, by which the report draws, too; and core/troubles.ts, the server's own words.
 *  - No circle anywhere in src.
 * A thread's file named in `new URL(…)` is no import.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path/posix';
import { findCircles } from './circles.ts';
import { type Import, importsOf } from './imports.ts';

const SOURCE = /\.[cm]?[jt]sx?$/;
const CHECKED = ['src', 'web'];
const NOT_SOURCE = new Set(['node_modules', 'dist']);

const CORE = 'core';
/** The folders of src, and which of them each may import. A new folder needs a line here. */
const FOLDERS: Record<string, readonly string[]> = {
  core: [CORE],
  http: [CORE, 'http'],
  actors: [CORE, 'actors'],
  storage: [CORE, 'storage'],
  jobs: [CORE, 'jobs'],
};
/** The JSON of the API. */
const API = /^src\/core\/api\/[\w-]+\.ts$/;
const API_PACKAGE = 'zod';
const SHARED_WITH_WEB = ['src/core/charts.ts', 'src/core/troubles.ts'];
const COMPAT = /^preact\/compat(\/|$)/;
const STARTED_NOT_IMPORTED = /^src\/(cli|[\w-]+-thread)\.ts$/;

const root = resolve(process.argv[2] ?? '.');
const files = CHECKED.flatMap(sourceFiles);
const faults: string[] = files.some((path) => path.startsWith('src/')) ? [] : [`no source file in ${join(root, 'src')}`];
const graph = new Map<string, string[]>();
for (const path of files) checkFile(path);
for (const circle of findCircles(graph)) faults.push(`import circle: ${circle.join(' -> ')}`);

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log(`imports of ${files.length} files follow the rules`);

function checkFile(path: string): void {
  const targets = new Set<string>();
  for (const it of importsOf(path, readFileSync(join(root, path), 'utf8'))) {
    const target = targetOf(path, it);
    const fault = path.startsWith('src/') ? faultInSrc(path, it, target) : faultInWeb(it, target);
    if (fault !== null) faults.push(`${path}:${it.line}: ${fault}`);
    if (target !== null) targets.add(target);
  }
  if (path.startsWith('src/')) graph.set(path, [...targets]);
}

function faultInSrc(path: string, it: Import, target: string | null): string | null {
  const folder = folderOf(path);
  if (it.specifier === null) return 'import() of something computed cannot be checked';
  if (folder !== null && !(folder in FOLDERS)) return `src/${folder} has no import rules yet`;
  if (target === null) {
    if (folder !== CORE || (API.test(path) && it.specifier === API_PACKAGE)) return null;
    return `core imports only core, not ${it.specifier}`;
  }
  if (!existsSync(join(root, target))) return `there is no ${target}`;
  if (!target.startsWith('src/')) return `src imports only src, not ${target}`;
  if (STARTED_NOT_IMPORTED.test(target) && !it.typeOnly) return `${target} is started, never imported`;
  if (folder === null) return null;
  const targetFolder = folderOf(target);
  if (targetFolder === null) return `${folder} does not import an entry file: ${target}`;
  return FOLDERS[folder].includes(targetFolder) ? null : `${folder} does not import ${targetFolder}: ${target}`;
}

function faultInWeb(it: Import, target: string | null): string | null {
  if (it.specifier !== null && COMPAT.test(it.specifier)) return `web does not import ${it.specifier}: it changes what onChange means`;
  if (target === null || target.startsWith('web/') || SHARED_WITH_WEB.includes(target)) return null;
  if (!API.test(target)) return `web imports only web and the types of src/core/api/, not ${target}`;
  return it.typeOnly ? null : `web imports only types of ${target}: use "import type"`;
}

/** @returns the path from the root, or null when it is a package or a node: module */
function targetOf(path: string, it: Import): string | null {
  if (it.specifier === null || !/^(\.{0,2}\/|\.{1,2}$|file:)/.test(it.specifier)) return null;
  return normalize(join(dirname(path), it.specifier));
}

/** The folder right under src that a file of src is in; null for an entry file. */
function folderOf(path: string): string | null {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1] : null;
}

/** Paths from the root, with `/`. */
function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return NOT_SOURCE.has(entry.name) ? [] : sourceFiles(path);
      return SOURCE.test(entry.name) ? [path] : [];
    });
}

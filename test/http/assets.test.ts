/** How the files of the web app are served, of a folder as the build leaves it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failure } from '../../src/core/failure.ts';
import { slugFault } from '../../src/core/slug.ts';
import { APP_PATHS, appRoutes } from '../../src/http/assets.ts';
import type { Reply } from '../../src/http/route.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const it = suite('assets');

const folder = temporaryFolder();
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'index.html'), '<!doctype html><base href="/"><title>app</title>');
writeFileSync(join(folder, 'icon.svg'), '<svg/>');
writeFileSync(join(folder, 'assets', 'main-1a2b.js'), 'plain');
writeFileSync(join(folder, 'assets', 'main-1a2b.js.br'), 'as brotli');
writeFileSync(join(folder, 'assets', 'main-1a2b.js.gz'), 'as gzip');

function get(path: string, params: Record<string, string> = {}, headers: Record<string, string> = {}, base = ''): Reply {
  const route = appRoutes(folder, base).find((candidate) => candidate.path === path);
  if (route === undefined) throw new Error(`no route ${path}`);
  const exchange = {
    method: 'GET',
    path,
    params,
    query: new URLSearchParams(),
    search: '',
    headers: new Map(Object.entries(headers)),
    remote: new Uint8Array(4),
    body: new Uint8Array(),
    isOver: () => false,
  };
  return route.handler(exchange) as Reply;
}
const textOf = ({ body }: Reply) => Buffer.from(body as Uint8Array).toString();
const script = (headers: Record<string, string> = {}) => get('/assets/{name}', { name: 'main-1a2b.js' }, headers);

it('answers every address of the app with the page, which is asked for anew and runs nothing of others', () => {
  for (const path of APP_PATHS) {
    const { status, headers = {}, ...rest } = get(path);
    assert.is(status, 200);
    assert.is(textOf({ status, ...rest }), '<!doctype html><base href="/"><title>app</title>');
    assert.is(headers['Cache-Control'], 'no-cache');
    assert.match(headers['Content-Security-Policy'], "default-src 'none'");
    assert.not.match(headers['Content-Security-Policy'], /unsafe|https?:/);
  }
});

it('works below a path', () => {
  assert.match(textOf(get('/', {}, {}, '/go')), '<base href="/go/">');
});

it('takes no address that could be a slug', () => {
  const taken = APP_PATHS.map((path) => path.split('/')[1]).filter((name) => name !== '' && slugFault(name) === null);
  assert.equal(taken, []);
});

it('sends the smallest form that the browser takes', () => {
  assert.is(textOf(script({ 'accept-encoding': 'gzip, deflate, br, zstd' })), 'as brotli');
  assert.is(textOf(script({ 'accept-encoding': 'GZIP' })), 'as gzip');
  assert.is(textOf(script({ 'accept-encoding': 'br;q=0, gzip;q=0.5' })), 'as gzip');
  assert.is(textOf(script({ 'accept-encoding': 'identity' })), 'plain');
  assert.is(textOf(script()), 'plain');
  assert.is(script({ 'accept-encoding': 'br' }).headers?.['Content-Encoding'], 'br');
  assert.is(script().headers?.['Content-Encoding'], undefined);
  assert.is(script().headers?.Vary, 'Accept-Encoding');
});

it('lets hashed files be kept for ever, and answers 304 for what is known', () => {
  const { headers = {} } = script();
  assert.is(headers['Cache-Control'], 'public, max-age=31536000, immutable');
  const known = script({ 'if-none-match': headers.ETag });
  assert.is(known.status, 304);
  assert.is(known.body, undefined);
});

it('serves nothing but what is in the folder', () => {
  for (const name of ['nothing.js', '../index.html', '..%2findex.html', 'main-1a2b.js.br.br', '']) {
    assert.throws(
      () => get('/assets/{name}', { name }),
      (error: unknown) => error instanceof Failure && error.code === 'not_found',
    );
  }
});

it.run();

/**
 * The web app: its files, held in memory in the forms that the build has made of them, and the pages whose addresses belong to it.
 * A file's name holds the hash of what is in it, so that it may be kept for ever; the page itself is asked for anew each time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Failure } from '../core/failure.ts';
import type { Exchange, Reply, ServedRoute } from './route.ts';

/** Addresses that the app answers in the browser; as in web/src/app.tsx. */
export const APP_PATHS = [
  '/',
  '/login',
  '/register',
  '/forgot',
  '/confirm',
  '/reset',
  '/setup',
  '/links',
  '/links/{slug}',
  '/settings',
  '/admin',
  '/admin/{part}',
  '/docs',
];

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};
/** The forms that the build makes, the smallest first; by Content-Encoding. */
const ENCODINGS = { br: '.br', gzip: '.gz' } as const;
type Encoding = keyof typeof ENCODINGS;

/** Only what this server serves itself; styles set by scripts (CSSOM) are no inline styles. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  'frame-src blob:', // a report, in the browser's viewer
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'Content-Type': TYPES['.html'],
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

type Asset = { body: Uint8Array; encoded: Partial<Record<Encoding, Uint8Array>>; headers: Record<string, string> };

/**
 * @param folder what `vite build` has made
 * @param basePath path that the app is served under, without a slash at the end
 * @throws when there is none
 */
export function appRoutes(folder: string, basePath: string): ServedRoute[] {
  const page = pageOf(readFileSync(join(folder, 'index.html'), 'utf8'), basePath);
  const hashed = new Map(readdirSync(join(folder, 'assets')).map((name) => [name, assetOf(join(folder, 'assets', name), 'immutable')]));
  const icon = assetOf(join(folder, 'icon.svg'), 'revalidate');
  const get = (path: string, handler: ServedRoute['handler']): ServedRoute => ({ method: 'GET', path, maxBodyBytes: 0, handler });
  return [
    ...APP_PATHS.map((path) => get(path, (exchange) => reply(page, exchange))),
    get('/icon.svg', (exchange) => reply(icon, exchange)),
    get('/favicon.ico', (exchange) => reply(icon, exchange)),
    get('/assets/{name}', (exchange) => {
      const asset = hashed.get(exchange.params.name);
      if (asset === undefined) throw new Failure('not_found', 'There is no such file');
      return reply(asset, exchange);
    }),
  ];
}

function pageOf(html: string, basePath: string): Asset {
  const body = Buffer.from(html.replace('<base href="/">', `<base href="${basePath}/">`));
  return { body, encoded: {}, headers: { ...PAGE_HEADERS, ETag: etagOf(body) } };
}

function assetOf(path: string, caching: 'immutable' | 'revalidate'): Asset {
  const body = readFileSync(path);
  const encoded: Asset['encoded'] = {};
  for (const [encoding, ending] of Object.entries(ENCODINGS)) {
    if (existsSync(path + ending)) encoded[encoding as Encoding] = readFileSync(path + ending);
  }
  const headers = {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': caching === 'immutable' ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etagOf(body),
    Vary: 'Accept-Encoding',
  };
  return { body, encoded, headers };
}

const etagOf = (body: Uint8Array): string => `"${createHash('sha256').update(body).digest('base64url')}"`;

function reply({ body, encoded, headers }: Asset, { headers: asked }: Exchange): Reply {
  if (asked.get('if-none-match')?.includes(headers.ETag)) return { status: 304, headers };
  const accepted = asked.get('accept-encoding') ?? '';
  for (const encoding of Object.keys(ENCODINGS) as Encoding[]) {
    const smaller = encoded[encoding];
    if (smaller !== undefined && accepts(accepted, encoding))
      return { status: 200, headers: { ...headers, 'Content-Encoding': encoding }, body: smaller };
  }
  return { status: 200, headers, body };
}

/** RFC 9110, 12.5.3, without weights but for `q=0`, which forbids. */
const accepts = (header: string, encoding: Encoding): boolean =>
  header.split(',').some((it) => {
    const [name, weight = ''] = it
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/, 2);
    return name === encoding && !/^q=0(\.0*)?$/.test(weight);
  });

/** Redirects over HTTP on a free port, with a click log of their own, from stores that are what the test says. */
import { suite, type Test } from 'uvu';
import type { Link } from '../../src/core/link.ts';
import type { Component } from '../../src/core/ports.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { offsetMemory } from '../../src/core/zone.ts';
import { clientAddress } from '../../src/http/client-address.ts';
import { serveRedirects } from '../../src/http/redirect.ts';
import { startServer } from '../../src/http/server.ts';
import { createUnlocks } from '../../src/http/unlock-cookie.ts';
import { clickWriter } from '../../src/storage/click-log/writer.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { createRig, drain, type Rig } from '../storage/click-log-rig.ts';
import { type RawConnection, rawConnection } from './raw-http.ts';

type Answer = { status: number; headers: Map<string, string>; body: string };
export type RedirectContext = {
  rig: Rig;
  server: Component<{ port: number }>;
  /** What the store has. */
  stored: Map<string, Link>;
  /** What the store of guest links has. */
  guests: Map<string, Link>;
  /** While set, lookups wait for it. */
  held: { promise: Promise<void>; asked: number } | null;
  away: boolean;
  /** Clicks that limited links have left, together, and how often somebody asked for one; while `held`, answers wait for it. */
  limit: { left: number | 'unavailable'; asked: number; held: Promise<void> | null };
  connection: RawConnection;
  bump(slug: string): void;
  /** Slugs of guest links that were said to be used. */
  used: string[];
};
export const NOW = Date.UTC(2026, 10, 23, 9);

/** A suite each of whose tests has a server of its own. */
export function redirectSuite(name: string): Test<RedirectContext> {
  const test = suite<RedirectContext>(name);
  test.before.each(async (context) => {
    const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
    const rig = createRig();
    Object.assign(context, { rig, stored: new Map(), guests: new Map(), held: null, away: false, bump: versions.bump, used: [] });
    context.limit = { left: 0, asked: 0, held: null };
    await serve(context, rig.writer({ maxBytes: 1e9 }), versions);
  });
  test.after.each(async ({ rig, server, connection }) => {
    connection.socket.destroy();
    await server.stop();
    await rig.remove();
  });
  return test;
}

/** Begins to serve, with the links of the context. */
export async function serve(
  context: RedirectContext,
  log: ReturnType<Rig['writer']>,
  versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions),
) {
  const table = (of: 'stored' | 'guests') =>
    createLinkTable({
      async lookup(slug) {
        if (context.held !== null) {
          context.held.asked++;
          await context.held.promise;
        }
        if (context.away) throw new Error('connect ECONNREFUSED');
        return context[of].get(slug) ?? null;
      },
      versions,
      entries: 1_000,
      ttlMs: () => 60_000,
      clock: () => NOW,
      onFailure: () => undefined,
    });
  context.server = await startServer('127.0.0.1', 0, (app) =>
    serveRedirects(app, {
      links: table('stored'),
      guests: { links: table('guests'), used: (slug) => void context.used.push(slug) },
      otherHosts: { takes: (host) => host === 'www.eeozon.ru', serve: (res) => void res.writeStatus('418 Other').end() },
      clicks: clickWriter([log]),
      limits: {
        async take() {
          const { limit } = context;
          limit.asked++;
          if (limit.held !== null) await limit.held;
          if (limit.left === 'unavailable') return 'unavailable';
          return limit.left-- > 0 ? 'granted' : 'exhausted';
        },
      },
      unlocks: createUnlocks(['a secret of a test, long enough to be one'], 'https://elnk.example'),
      offsetOf: offsetMemory(),
      clientAddress: clientAddress(null),
      clock: () => NOW,
      counters: context.rig.counters,
    }),
  );
  context.connection = await rawConnection(context.server.value.port);
}

let lastId = 0;
export function store({ stored }: RedirectContext, slug: string, changes: Partial<Link> = {}): Link {
  const link = {
    id: ++lastId,
    slug,
    target: `https://example.com/${slug}`,
    timeZone: 'Asia/Kathmandu',
    disabled: false,
    rules: null,
    ...changes,
  };
  stored.set(slug, link);
  return link;
}

/** The ids of all clicks that are in the log right now, for a reader that has not seen it before. */
export const clicksOf = ({ rig }: RedirectContext) => drain(rig.reader({ board: null })).map((click) => click.linkId);

export const request = (path: string, { method = 'GET', headers = [] as string[] } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: elnk.example\r\n${headers.map((it) => `${it}\r\n`).join('')}\r\n`;

/** Splits what came over a connection into answers; `methods[i]` is that of request i. Null when the last is not complete. */
function answersOf(text: string, methods: readonly string[]): Answer[] | null {
  const answers: Answer[] = [];
  let rest = Buffer.from(text);
  for (const method of methods) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [statusLine, ...lines] = rest.subarray(0, end).toString().split('\r\n');
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
    const length = method === 'HEAD' ? 0 : Number(headers.get('content-length'));
    if (rest.length < end + 4 + length) return null;
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body: rest.subarray(end + 4, end + 4 + length).toString() });
    rest = rest.subarray(end + 4 + length);
  }
  if (rest.length > 0) throw new Error(`more than ${methods.length} answers: ${rest}`);
  return answers;
}

/** Sends requests at once on a new connection, and waits for all answers. */
export async function sent({ server }: RedirectContext, ...requests: string[]): Promise<Answer[]> {
  const methods = requests.map((it) => it.split(' ', 1)[0]);
  const connection = await rawConnection(server.value.port);
  connection.socket.write(requests.join(''));
  const text = await connection.until((it) => answersOf(it, methods) !== null);
  connection.socket.destroy();
  const answers = answersOf(text, methods);
  if (answers === null) throw new Error(`the connection was closed after ${JSON.stringify(text)}`);
  return answers;
}

export const get = async (context: RedirectContext, path: string, ...headers: string[]) =>
  (await sent(context, request(path, { headers })))[0];

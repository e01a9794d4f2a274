/**
 * What visitors get of links that are in a Postgres, from one or several fronts in this thread, with a real click path behind them. A request
 * comes from wherever its X-Forwarded-For says.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createLimits } from '../../src/actors/limits.ts';
import { type CounterName, counterBytes, countersOf, readCounters } from '../../src/core/counters.ts';
import type { Throttle, ThrottlePolicy } from '../../src/core/ports/accounts.ts';
import type { LinkChanges, NewLink, OwnedLink } from '../../src/core/ports/links.ts';
import type { Component } from '../../src/core/ports.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import { offsetMemory } from '../../src/core/zone.ts';
import { clientAddress, exchangeAddress, exchangeClient } from '../../src/http/client-address.ts';
import { API_DEADLINE_MS, serveRoute } from '../../src/http/exchange.ts';
import { serveRedirects } from '../../src/http/redirect.ts';
import { startServer } from '../../src/http/server.ts';
import { trustedProxies } from '../../src/http/trusted-proxies.ts';
import { unlockRoute } from '../../src/http/unlock.ts';
import { createUnlocks } from '../../src/http/unlock-cookie.ts';
import { createUnlockTries, UNLOCK_LINK_POLICY, UNLOCK_POLICY } from '../../src/http/unlock-tries.ts';
import { batchedLookup } from '../../src/storage/links/lookup.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { hashPassword, verifyPassword } from '../../src/storage/passwords.ts';
import { createClickLimitStore } from '../../src/storage/postgres/click-limits.ts';
import { createLinkLookup } from '../../src/storage/postgres/link-lookup.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import { createPool, isAccountGone, isStoreAway, type Pool } from '../../src/storage/postgres/pool.ts';
import { createThrottle } from '../../src/storage/postgres/throttles.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { openClickPath } from './click-path.ts';
import { type LogLine, recordingLogger, silentLogger } from './logger.ts';
import { testDatabase } from './postgres.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const BROWSER_HEADERS = {
  Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'User-Agent': 'Mozilla/5.0 (X11; Linux) Firefox/140.0',
};

export type VisitAnswer = { status: number; headers: Headers; body: string };
export type Sent = { headers?: Record<string, string>; from?: string; front?: number; cookie?: string | undefined };

export type VisitServer = {
  bases: string[];
  pool: Pool;
  clock: { now: number };
  lines: LogLine[];
  /** Questions that the throttles' store was asked. */
  throttle: { asked: number; isAway: boolean };
  make(link: Partial<NewLink> & { password?: string }): Promise<OwnedLink>;
  edit(slug: string, changes: LinkChanges & { password?: string }): Promise<void>;
  remove(slug: string): Promise<void>;
  /** As a browser does; redirects are not followed. */
  get(slug: string, sent?: Sent & { method?: string }): Promise<VisitAnswer>;
  unlock(slug: string, password: string, sent?: Sent): Promise<VisitAnswer>;
  post(slug: string, body: string | Uint8Array, sent?: Sent): Promise<VisitAnswer>;
  counter(name: CounterName): number;
  /** Clicks of a link that are stored, those of bots included. */
  clicks(linkId: number): Promise<number>;
};

export const OWNER_ZONE = 'Asia/Kathmandu';
export const TARGET = 'https://example.com/target?a=b';

export async function startVisits({ fronts = 1, isHttps = true } = {}): Promise<Component<VisitServer>> {
  const database = await testDatabase();
  const connections = await createPool({ url: database.value.url, name: 'visits', max: 10, logger: silentLogger });
  const pool = connections.value;
  const owner = await createConfirmedUser(pool, {
    email: 'ann@example.com',
    passwordHash: null,
    isAdmin: false,
    plan: 'unlimited',
    timeZone: OWNER_ZONE,
  });
  const store = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 });
  const path = await openClickPath({ pool, dir: temporaryFolder() });
  const { clock } = path;
  const versions = linkVersions(createSharedMemory({ fronts: 1, shards: 1 }).versions);
  const counterMemory = new SharedArrayBuffer(counterBytes(1));
  const counters = countersOf(counterMemory, 0);
  const { logger, lines } = recordingLogger();
  const throttle = { asked: 0, isAway: false };

  const counted = (policy: ThrottlePolicy): Throttle => {
    const real = createThrottle(pool, policy);
    const ask = (question: (key: string) => Promise<void>) => async (key: string) => {
      throttle.asked++;
      if (throttle.isAway) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      await question(key);
    };
    return { take: ask(real.take), giveBack: ask(real.giveBack), forget: ask(real.forget) };
  };

  const limitStore = createClickLimitStore(pool, (slugs) => slugs.forEach(versions.bump));
  const limits = createLimits({ store: limitStore, isStoreAway, clock: () => clock.now, logger: silentLogger });
  const trusted = trustedProxies(['127.0.0.1']);
  const servers = await Promise.all(
    Array.from({ length: fronts }, (_, front) =>
      startServer('127.0.0.1', 0, (app) => {
        const visits = {
          links: createLinkTable({
            lookup: batchedLookup(createLinkLookup(pool)),
            versions,
            entries: 1_000,
            ttlMs: () => 600_000,
            clock: () => clock.now,
            onFailure: () => undefined,
          }),
          guests: { links: { get: () => null, load: async () => null }, used: () => undefined },
          clicks: path.writers[front],
          limits: {
            async take(linkId: number) {
              const granted = await limits.take(linkId, 1);
              return granted === null ? ('unavailable' as const) : granted === 1 ? ('granted' as const) : ('exhausted' as const);
            },
          },
          unlocks: createUnlocks(['a secret of a test, long enough to be one'], isHttps ? 'https://elnk.example' : 'http://elnk.example'),
          offsetOf: offsetMemory(),
          clock: () => clock.now,
          counters,
        };
        serveRedirects(app, { ...visits, clientAddress: clientAddress(trusted), otherHosts: null });
        const tries = createUnlockTries({
          perAddress: counted(UNLOCK_POLICY),
          perLink: counted(UNLOCK_LINK_POLICY),
          isStoreAway,
          clock: () => clock.now,
          onStoreAway: (error) => logger.warn({ err: error }, 'away'),
        });
        const clients = { clientOf: exchangeClient(trusted), addressOf: exchangeAddress(trusted) };
        const route = unlockRoute({ ...visits, ...clients, tries, passwords: { verify: verifyPassword } });
        serveRoute(app, route, {
          logger,
          counters,
          isStoreAway,
          isAccountGone,
          newErrorId: randomUUID,
          deadlineMs: API_DEADLINE_MS,
          otherHosts: null,
        });
      }),
    ),
  );
  const bases = servers.map(({ value }) => `http://127.0.0.1:${value.port}`);

  async function send(method: string, slug: string, body: string | Uint8Array | null, sent: Sent = {}): Promise<VisitAnswer> {
    const response = await fetch(`${bases[sent.front ?? 0]}/${slug}`, {
      method,
      headers: {
        ...BROWSER_HEADERS,
        'X-Forwarded-For': sent.from ?? '192.0.2.1',
        ...(body === null ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(sent.cookie === undefined ? {} : { Cookie: sent.cookie }),
        ...sent.headers,
      },
      body,
      redirect: 'manual',
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  return {
    value: {
      bases,
      pool,
      clock,
      lines,
      throttle,
      async make({ password, ...link }) {
        const passwordHash = password === undefined ? undefined : await hashPassword(password);
        const { link: made } = await store.create(owner.id, { url: TARGET, passwordHash, ...link }, null);
        versions.bump(made.slug);
        return made;
      },
      async edit(slug, { password, ...changes }) {
        const hashed = password === undefined ? {} : { passwordHash: await hashPassword(password) };
        await store.edit(owner.id, slug, { ...changes, ...hashed }, null);
        versions.bump(slug);
      },
      async remove(slug) {
        await store.delete(owner.id, slug, null);
        versions.bump(slug);
      },
      get: (slug, { method = 'GET', ...sent } = {}) => send(method, slug, null, sent),
      unlock: (slug, password, sent) => send('POST', slug, new URLSearchParams({ password }).toString(), sent),
      post: (slug, body, sent) => send('POST', slug, body, sent),
      counter: (name) => readCounters(counterMemory)[name],
      async clicks(linkId) {
        await path.settle();
        const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM clicks WHERE link_id = $1', [linkId]);
        return rows[0].n;
      },
    },
    async stop() {
      for (const server of servers) await server.stop();
      await connections.stop();
      await database.stop();
    },
  };
}

/** What a browser sends back of Set-Cookie. */
export const cookieOf = ({ headers }: Pick<VisitAnswer, 'headers'>): string | undefined => headers.get('set-cookie')?.split(';', 1)[0];

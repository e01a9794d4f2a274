/** The live feed of a front thread. */
import type { TemplatedApp } from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import type { ShardClient } from './actors/shard-port.ts';
import { Failure } from './core/failure.ts';
import type { ReadLiveFigures } from './core/live.ts';
import type { FrontSetup } from './core/messages.ts';
import { type LinkVersions, liveCell } from './core/shared.ts';
import type { CallerLookups } from './http/auth.ts';
import { type ExchangeDeps, otherHostServer } from './http/exchange.ts';
import { createLiveHub, type LiveHub } from './http/live/hub.ts';
import { type LiveDeps, type LiveServer, serveLive } from './http/live.ts';
import { createLiveStore } from './storage/postgres/live.ts';
import type { Pool } from './storage/postgres/pool.ts';

export type FrontLiveOptions = CallerLookups &
  Pick<LiveDeps, 'tokens' | 'addressOf'> & {
    setup: FrontSetup;
    exchange: ExchangeDeps;
    pool: Pool;
    shards: Pick<ShardClient, 'watch' | 'unwatch'>;
    versions: LinkVersions;
    figures: ReadLiveFigures;
  };

export type FrontLive = { hub: LiveHub; serve(app: TemplatedApp): LiveServer };

export function createFrontLive(options: FrontLiveOptions): FrontLive {
  const { setup, exchange, pool, shards, versions, figures, findKey, findSession, tokens, addressOf } = options;
  const { logger, counters } = exchange;
  const isStoreAway = (error: unknown) => (error instanceof Failure && error.code === 'store_away') || exchange.isStoreAway(error);
  const hub = createLiveHub({
    store: createLiveStore(pool, setup.node),
    figures,
    versions,
    shards,
    // Of a session the account is asked for with all others.
    isValid: async ({ caller, credential, endsAt }) =>
      caller.kind === 'key'
        ? (await findKey(createHash('sha256').update(credential).digest())) !== null
        : endsAt !== null && Date.now() < endsAt,
    isStoreAway,
    clock: Date.now,
    monotonic: () => performance.now(),
    logger,
  });
  const onCount = liveCell(setup.shared.live, setup.index);
  return {
    hub,
    serve: (app) =>
      serveLive(app, {
        hub,
        findKey,
        findSession,
        tokens,
        baseUrl: setup.baseUrl,
        addressOf,
        isStoreAway,
        otherHosts: otherHostServer(exchange),
        counters,
        onCount,
      }),
  };
}

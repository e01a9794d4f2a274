/**
 * News of links that something else than a front has made: an import, a command beside the running nodes. Nodes remember for a while that a slug has no
 * link; they hear of it through Postgres, as soon as the transaction commits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Component, Logger } from '../../core/ports.ts';
import type { LinkVersions } from '../../core/shared.ts';
import type { Queryable } from './pool.ts';

const CHANNEL = 'elnk_links';
/** Slugs of one message, which may have 8,000 bytes. */
const MESSAGE_SLUGS = 100;
const SEPARATOR = ',';
const RETRY_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** @param db inside a transaction, its client: then nodes hear of it when it commits */
export async function announceLinks(db: Queryable, slugs: readonly string[]): Promise<void> {
  if (slugs.length === 0) return;
  const messages = Array.from({ length: Math.ceil(slugs.length / MESSAGE_SLUGS) }, (_, i) =>
    slugs.slice(i * MESSAGE_SLUGS, (i + 1) * MESSAGE_SLUGS).join(SEPARATOR),
  );
  await db.query('SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message', [CHANNEL, messages]);
}

/**
 * Moves the versions of what is heard of. After a connection was lost nobody knows what was missed, so that what had no link is looked up again. Links
 * that are at hand are not touched by it: nothing that is heard here changes one.
 */
export async function startLinkNews(url: string, versions: LinkVersions, logger: Logger): Promise<Component<void>> {
  const stopping = new AbortController();

  /** Settles when the connection has ended. */
  async function listen(isAgain: boolean): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'elnk news',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    const ended = new Promise((resolve) => client.once('end', resolve));
    const end = () => void client.end().catch((error) => logger.debug({ err: error }, 'a connection did not end well'));
    client.on('error', (error) => logger.debug({ reason: error.message }, 'connection lost'));
    client.on('notification', ({ payload = '' }) => {
      for (const slug of payload.split(SEPARATOR)) versions.bump(slug);
    });
    stopping.signal.addEventListener('abort', end);
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (isAgain) versions.expireAbsences();
      await ended;
    } finally {
      stopping.signal.removeEventListener('abort', end);
    }
  }

  async function keepListening(): Promise<void> {
    for (let isAgain = false; !stopping.signal.aborted; isAgain = true) {
      await listen(isAgain).catch((error) => logger.debug({ err: error }, 'news of links cannot be heard'));
      await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const kept = keepListening();
  return {
    value: undefined,
    async stop() {
      stopping.abort();
      await kept;
    },
  };
}

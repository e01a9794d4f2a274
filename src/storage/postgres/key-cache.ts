/**
 * The API keys that a front thread has at hand, so that not every request asks Postgres who is calling.
 *
 * A key is answered from memory until the first of:
 *   its version has moved on (it was revoked), or the epoch: looked up before it is answered, in every thread
 *   KEY_TTL_MS are over: that is how long a key may outlive its end on a node that cannot be told, or a change of its account
 *   it expires
 * Nothing is answered beyond that, not even while Postgres is away: who may do what is not a thing to guess.
 * Keys that are not known, or banned, are not remembered, so that a flood of them displaces none that may be used.
 */
import { GenerationMap } from '../../core/generation-map.ts';
import type { KeyHolder, KeyLookup } from '../../core/ports/accounts.ts';
import type { Clock } from '../../core/ports.ts';
import type { LinkVersions } from '../../core/shared.ts';

export const KEY_TTL_MS = 5_000;

/** What the store knows of a key that is good. `expiresAt` in milliseconds since the epoch; null: never. */
export type FoundKey = { caller: KeyHolder; expiresAt: number | null };

const idOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

/** What an Announcer calls a key by its SHA-256. Keys share the cells of the links; what stands before the hash can stand in no slug. */
export const keyName = (hash: Uint8Array): string => `key:${idOf(hash)}`;

export type KeyCacheOptions = {
  /** Asks the store. Null for a key that is unknown, revoked or expired. */
  lookup: (hash: Uint8Array) => Promise<FoundKey | null>;
  versions: LinkVersions;
  /** Keys at most. */
  entries: number;
  clock: Clock;
};

/** `askedAt` is from before the lookup: what was committed elsewhere since then may be missing in it. */
type Entry = FoundKey & { cell: number; version: number; epoch: number; askedAt: number };

/** @returns a lookup that rejects when the store has to be asked and cannot be */
export function cachedKeyLookup({ lookup, versions, entries, clock }: KeyCacheOptions): KeyLookup {
  const held = new GenerationMap<string, Entry>(entries);
  const asking = new Map<string, Promise<KeyHolder | null>>();

  function isCurrent({ cell, version, epoch, askedAt, expiresAt }: Entry): boolean {
    const now = clock();
    const age = now - askedAt;
    // Negative: the clock was set back, and the lifetime must not grow by that.
    if (versions.read(cell) !== version || versions.epoch() !== epoch) return false;
    return age >= 0 && age < KEY_TTL_MS && (expiresAt === null || now < expiresAt);
  }

  async function ask(id: string, hash: Uint8Array): Promise<KeyHolder | null> {
    held.delete(id);
    const cell = versions.cell(keyName(hash));
    for (;;) {
      // Before the question: a key that is revoked meanwhile outdates the answer.
      const version = versions.read(cell);
      const epoch = versions.epoch();
      const askedAt = clock();
      const found = await lookup(hash);
      if (versions.read(cell) !== version || versions.epoch() !== epoch) continue;
      if (found === null) return null;
      if (found.caller !== 'banned') held.set(id, { ...found, cell, version, epoch, askedAt });
      return found.caller;
    }
  }

  return async (hash) => {
    const id = idOf(hash);
    const entry = held.get(id);
    if (entry !== undefined && isCurrent(entry)) return entry.caller;
    const underWay = asking.get(id);
    if (underWay !== undefined) return underWay;
    const promise = ask(id, hash).finally(() => asking.delete(id));
    asking.set(id, promise);
    return promise;
  };
}

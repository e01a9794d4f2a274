/**
 * The API keys that a front thread has at hand, so that not every request asks Postgres who is calling.
 *
 * A key is answered from memory until the first of:
 *   its version has moved on (it was revoked on this node): looked up before it is answered, in every thread
 *   KEY_TTL_MS are over: that is how long a key may outlive its end on another node, or a change of its account
 *   it expires
 * Nothing is answered beyond that, not even while Postgres is away: who may do what is not a thing to guess.
 * Keys that are not known are not remembered, so that a flood of them displaces none that are.
 */
import { GenerationMap } from '../../core/generation-map.ts';
import type { ApiCaller, Clock, KeyLookup } from '../../core/ports.ts';
import type { LinkVersions } from '../../core/shared.ts';

export const KEY_TTL_MS = 5_000;

/** What the store knows of a key that may be used. `expiresAt` in milliseconds since the epoch; null: never. */
export type FoundKey = { caller: ApiCaller; expiresAt: number | null };

/** The versions of keys, by SHA-256; see LinkVersions. */
export type KeyVersions = {
  cell(hash: Uint8Array): number;
  read(cell: number): number;
  /** After the commit and before the answer of whatever ends a key. */
  bump(hash: Uint8Array): void;
};

const idOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const versionName = (hash: Uint8Array): string => `key:${idOf(hash)}`;

/** Keys share the cells of the links; what stands before the hash can stand in no slug. */
export const keyVersions = (versions: LinkVersions): KeyVersions => ({
  cell: (hash) => versions.cell(versionName(hash)),
  read: versions.read,
  bump: (hash) => versions.bump(versionName(hash)),
});

export type KeyCacheOptions = {
  /** Asks the store. Null for a key that is unknown, revoked or expired. */
  lookup: (hash: Uint8Array) => Promise<FoundKey | null>;
  versions: KeyVersions;
  /** Keys at most. */
  entries: number;
  clock: Clock;
};

/** `askedAt` is from before the lookup: what was committed elsewhere since then may be missing in it. */
type Entry = FoundKey & { cell: number; version: number; askedAt: number };

/** @returns a lookup that rejects when the store has to be asked and cannot be */
export function cachedKeyLookup({ lookup, versions, entries, clock }: KeyCacheOptions): KeyLookup {
  const held = new GenerationMap<string, Entry>(entries);
  const asking = new Map<string, Promise<ApiCaller | null>>();

  function isCurrent({ cell, version, askedAt, expiresAt }: Entry): boolean {
    const now = clock();
    const age = now - askedAt;
    // Negative: the clock was set back, and the lifetime must not grow by that.
    return versions.read(cell) === version && age >= 0 && age < KEY_TTL_MS && (expiresAt === null || now < expiresAt);
  }

  async function ask(id: string, hash: Uint8Array): Promise<ApiCaller | null> {
    held.delete(id);
    const cell = versions.cell(hash);
    for (;;) {
      const version = versions.read(cell); // before the question: a key that is revoked meanwhile outdates the answer
      const askedAt = clock();
      const found = await lookup(hash);
      if (versions.read(cell) !== version) continue;
      if (found === null) return null;
      held.set(id, { ...found, cell, version, askedAt });
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

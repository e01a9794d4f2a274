/**
 * What becomes of a logged click before it is stored: an ordered list of steps, each of which fills some fields of the row. No step throws
 * and none makes garbage when the header's text was seen before: one row is used again and again.
 */
import type { LoggedClick } from '../../core/click.ts';
import type { ClickRow } from '../../core/copy-row.ts';
import { VISITORS_KEPT_DAYS } from '../../core/retention.ts';
import { dayOf, quarterOf } from '../../core/zone.ts';
import { type Agent, agentReader } from './agent.ts';
import { languageReader } from './language.ts';
import { referrerReader } from './referrer.ts';
import { HI, LO } from './siphash.ts';
import { type VisitorHasher, visitorHasher } from './visitor.ts';

export type EnricherOptions = {
  /** Address (16 bytes) → code, 0 when not known. */
  countryOf: (address: Uint8Array) => number;
  /** The hosts that short links are served under; no referrers of their own. */
  ownHosts: readonly string[];
  /** The salt (16 bytes) of a day, if it is at hand. It never changes. */
  salts: (day: number) => Uint8Array | undefined;
};

/**
 * Fills all of `row` but `seen`, which is set false for the caller to decide.
 * @returns false when the day's salt is not at hand: then `row.day` is right and the rest is not; get the salt and call again
 */
export type Enricher = (click: LoggedClick, row: ClickRow) => boolean;

export function createEnricher({ countryOf, ownHosts, salts }: EnricherOptions): Enricher {
  const agentOf = agentReader();
  const referrerOf = referrerReader(ownHosts);
  const languageOf = languageReader();
  const hashers = new Map<number, VisitorHasher>();
  const visitor = new Int32Array(2);
  // What a step leaves for later ones, besides the row.
  let hasher: VisitorHasher;
  let agent: Agent;

  function keepHasher(day: number, salt: Uint8Array): VisitorHasher {
    // A hasher holds the day's salt, so it is forgotten like that. One that is missing is only made again.
    for (const before of hashers.keys()) if (before < day - VISITORS_KEPT_DAYS) hashers.delete(before);
    const made = visitorHasher(salt);
    hashers.set(day, made);
    return made;
  }

  /** A step answers false when the click has to wait. */
  const steps: readonly Enricher[] = [
    function copied(click, row) {
      row.linkId = click.linkId;
      row.at = click.at;
      row.seen = false;
      return true;
    },
    function dated(click, row) {
      row.day = dayOf(quarterOf(click.at), click.zoneOffset);
      return true;
    },
    function salted(_, row) {
      const kept = hashers.get(row.day);
      if (kept !== undefined) {
        hasher = kept;
        return true;
      }
      const salt = salts(row.day);
      if (salt === undefined) return false;
      hasher = keepHasher(row.day, salt);
      return true;
    },
    function located(click, row) {
      row.country = countryOf(click.address);
      return true;
    },
    function sorted(click, row) {
      agent = agentOf(click.userAgent);
      row.bot = agent.bot;
      row.device = agent.device;
      row.os = agent.os;
      row.browser = agent.browser;
      return true;
    },
    function referred(click, row) {
      row.referrer = referrerOf(click.referrer);
      return true;
    },
    function spoken(click, row) {
      row.language = languageOf(click.language);
      return true;
    },
    function recognised(click, row) {
      if (agent.bot) visitor.fill(0);
      else hasher(click.linkId, click.address, agent.hashLo, agent.hashHi, visitor);
      row.visitorHi = visitor[HI];
      row.visitorLo = visitor[LO];
      return true;
    },
  ];

  return (click, row) => {
    for (const step of steps) if (!step(click, row)) return false;
    return true;
  };
}

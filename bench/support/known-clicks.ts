/**
 * Clicks of which everything is known: made cheaply, in the order of time, and counted as they are made, in typed arrays.
 * Links are picked by Zipf's law, a click's country, device, system, browser, language and referrer by its profile, its visitor among VISITORS of its
 * link and day.
 */
import type { ClickRow } from '../../src/core/copy-row.ts';
import { addClickFacets } from '../../src/core/facets.ts';
import { addFacet, addQuarter, emptyLinkDay, FACETS, type Facet, type LinkDay } from '../../src/core/link-day.ts';
import { DAY_MS, dayOf, offsetAt, QUARTERS_PER_DAY, quarterOf } from '../../src/core/zone.ts';

export const ZONES = ['UTC', 'Europe/Moscow', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Chatham', 'Pacific/Pago_Pago', 'Asia/Tokyo'];
/** Some days around a change of clocks in New York. */
const FROM_MS = Date.UTC(2026, 9, 28);

const VISITORS = 256;
const PROFILES = 128;
/** Of the profiles, those of bots: one in sixteen. */
const BOT_PROFILES = 8;
const PICKS = 1 << 16;
/** A day before the first one and one behind the last, by the calendars of zones. */
const MORE_LABELS = 2;
const COUNTRIES = 40;
const REFERRERS = 64;
const LETTERS = 27;

export type Plan = { links: number; owners: number; days: number };

/** Links are dealt to owners one by one, and so are zones. */
export const ownerOf = ({ owners }: Plan, link: number): number => link % owners;
export const zoneOf = (owner: number): string => ZONES[owner % ZONES.length];

export const rangeOf = ({ days }: Plan): { from: number; to: number } => ({ from: FROM_MS, to: FROM_MS + days * DAY_MS });

type Profile = Pick<ClickRow, 'bot' | 'country' | 'device' | 'os' | 'browser' | 'language' | 'referrer'>;

function makeProfiles(): Profile[] {
  return Array.from({ length: PROFILES }, (_, i) => ({
    bot: i < BOT_PROFILES,
    country: i % 17 === 0 ? 0 : LETTERS + 1 + ((i * 7) % COUNTRIES),
    device: i % 4,
    os: (i * 5) % 11,
    browser: (i * 3) % 26,
    language: i % 19 === 0 ? 0 : LETTERS + 1 + ((i * 11) % 26),
    referrer: i % 3 === 0 ? '' : `site${i % REFERRERS}.example`,
  }));
}

export class KnownClicks {
  readonly plan: Plan;
  readonly #ids: readonly number[];
  readonly #profiles = makeProfiles();
  /** What a profile's clicks are in the lists. */
  readonly #words = this.#profiles.map(wordsOf);
  readonly #firstQuarter = quarterOf(FROM_MS);
  readonly #firstLabel = Math.floor(FROM_MS / DAY_MS) - 1;
  readonly #labels: number;
  readonly #quarters: number;
  /** Day of the owner's calendar, from the first label on, by zone and quarter. */
  readonly #labelOf: Int8Array[];
  readonly #profileCounts: Uint32Array;
  /** Of a link's quarters: clicks, uniques, bots. */
  readonly #counts: Uint32Array;
  readonly #seen: Uint32Array;
  #state = 0x9e3779b9;
  /** One row, used again and again. */
  readonly row: ClickRow = { linkId: 0, at: 0, day: 0, visitorHi: 0, visitorLo: 0, seen: false, ...this.#profiles[0] };
  /** Clicks made of each owner, bots included. */
  readonly ofOwner: Float64Array;

  /** @param ids of the links in the database */
  constructor(plan: Plan, ids: readonly number[]) {
    this.plan = plan;
    this.#ids = ids;
    this.#labels = plan.days + MORE_LABELS;
    this.#quarters = plan.days * QUARTERS_PER_DAY;
    this.#labelOf = ZONES.map((zone) =>
      Int8Array.from({ length: this.#quarters }, (_, i) => {
        const quarter = this.#firstQuarter + i;
        return dayOf(quarter, offsetAt(zone, quarter)) - this.#firstLabel;
      }),
    );
    this.#profileCounts = new Uint32Array(plan.links * this.#labels * PROFILES);
    this.#counts = new Uint32Array(plan.links * this.#quarters * 3);
    this.#seen = new Uint32Array((plan.links * this.#labels * VISITORS) / 32);
    this.ofOwner = new Float64Array(plan.owners);
  }

  /** Which of some links come up how often. */
  picks(links: readonly number[]): Int32Array {
    const weights = links.map((_, rank) => 1 / (rank + 20));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const picks = new Int32Array(PICKS);
    let at = 0;
    let until = 0;
    for (const [rank, link] of links.entries()) {
      until += (weights[rank] / sum) * PICKS;
      while (at < until && at < PICKS) picks[at++] = link;
    }
    while (at < PICKS) picks[at++] = links[0];
    return picks;
  }

  /** Makes the next click in `row`. @param at when, within the range */
  next(picks: Int32Array, at: number): void {
    const link = picks[this.#random() >>> 16];
    const draw = this.#random();
    const profile = (draw >>> 8) & (PROFILES - 1);
    const visitor = draw >>> 24;
    const owner = ownerOf(this.plan, link);
    const quarter = quarterOf(at) - this.#firstQuarter;
    const label = this.#labelOf[owner % ZONES.length][quarter];
    const { row } = this;
    row.linkId = this.#ids[link];
    row.at = at;
    row.day = this.#firstLabel + label;
    this.#describe(this.#profiles[profile]);
    this.ofOwner[owner]++;
    const count = (link * this.#quarters + quarter) * 3;
    if (row.bot) {
      row.visitorHi = 0;
      row.visitorLo = 0;
      this.#counts[count + 2]++;
      return;
    }
    const number = link * VISITORS + visitor;
    row.visitorHi = mix(number);
    row.visitorLo = mix(number + Math.imul(label + 1, 0x9e3779b1));
    this.#counts[count]++;
    this.#profileCounts[(link * this.#labels + label) * PROFILES + profile]++;
    const bit = (link * this.#labels + label) * VISITORS + visitor;
    const mask = 1 << (bit & 31);
    if ((this.#seen[bit >>> 5] & mask) === 0) {
      this.#seen[bit >>> 5] |= mask;
      this.#counts[count + 1]++;
    }
  }

  #describe({ bot, country, device, os, browser, language, referrer }: Profile): void {
    const { row } = this;
    row.bot = bot;
    row.country = country;
    row.device = device;
    row.os = os;
    row.browser = browser;
    row.language = language;
    row.referrer = referrer;
  }

  /** Xorshift, 32 bits (Marsaglia 2003). */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** What was made of a link, by day. */
  days(link: number): Map<number, LinkDay> {
    const days = new Map<number, LinkDay>();
    const labelOf = this.#labelOf[ownerOf(this.plan, link) % ZONES.length];
    const of = (label: number): LinkDay => {
      const day = days.get(this.#firstLabel + label) ?? emptyLinkDay();
      days.set(this.#firstLabel + label, day);
      return day;
    };
    for (let quarter = 0; quarter < this.#quarters; quarter++) {
      const at = (link * this.#quarters + quarter) * 3;
      const [clicks, uniques, bots] = this.#counts.subarray(at, at + 3);
      if (clicks + bots > 0) addQuarter(of(labelOf[quarter]), this.#firstQuarter + quarter, clicks, uniques, bots);
    }
    for (let label = 0; label < this.#labels; label++) {
      for (let profile = 0; profile < PROFILES; profile++) {
        const clicks = this.#profileCounts[(link * this.#labels + label) * PROFILES + profile];
        if (clicks > 0) addWords(of(label), this.#words[profile], clicks);
      }
    }
    return days;
  }
}

type Word = [facet: Facet, key: string];

function wordsOf(profile: Profile): Word[] {
  const one = emptyLinkDay();
  addClickFacets(one, profile, profile.referrer);
  return FACETS.flatMap((facet) => [...one.facets[facet].keys()].map((key): Word => [facet, key]));
}

function addWords(into: LinkDay, words: readonly Word[], clicks: number): void {
  for (const [facet, key] of words) addFacet(into, facet, key, clicks);
}

/** Every 32-bit number becomes another one (the finalizer of MurmurHash3). */
function mix(number: number): number {
  let h = number | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Random LinkDays, for property tests. */
import fc from 'fast-check';
import { BROWSERS, DEVICES, OPERATING_SYSTEMS } from '../../src/core/agent.ts';
import { DIRECT, UNKNOWN } from '../../src/core/click.ts';
import { addFacet, addQuarter, emptyLinkDay, FACETS, type Facet, type LinkDay, OTHER } from '../../src/core/link-day.ts';

const count = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 2 ** 40 }));
const quarter = fc.oneof(fc.integer({ min: 1_980_000, max: 1_980_120 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 }));
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.domain());

const KEYS: Record<Facet, fc.Arbitrary<string>> = {
  countries: fc.oneof(fc.constantFrom('RU', 'US', 'DE', UNKNOWN, OTHER, 'us', 'usa'), text),
  devices: fc.oneof(fc.constantFrom(...DEVICES), text),
  os: fc.oneof(fc.constantFrom(...OPERATING_SYSTEMS), text),
  browsers: fc.oneof(fc.constantFrom(...BROWSERS), text),
  referrers: fc.oneof(fc.constantFrom(DIRECT, OTHER, 't.me', 'google.com', '__proto__', ''), text),
  languages: fc.oneof(fc.constantFrom('en', 'ru', 'kk', UNKNOWN, 'EN', 'fil'), text),
};

const facetArbitrary = (facet: Facet) => fc.array(fc.tuple(KEYS[facet], count), { maxLength: 15 });

/** No facet exceeds its cap, so that a round trip through the store loses nothing. */
export const linkDayArbitrary: fc.Arbitrary<LinkDay> = fc
  .tuple(fc.array(fc.tuple(quarter, count, count, count), { maxLength: 30 }), ...FACETS.map(facetArbitrary))
  .map(([quarters, ...facets]) => {
    const linkDay = emptyLinkDay();
    for (const [at, clicks, uniques, bots] of quarters) addQuarter(linkDay, at, clicks, uniques, bots);
    for (const [i, facet] of FACETS.entries()) for (const [key, clicks] of facets[i]) addFacet(linkDay, facet, key, clicks);
    return linkDay;
  });

/** The same counts in a fixed order, for comparing. */
export function sorted({ quarters, facets }: LinkDay): unknown {
  return {
    quarters: [...quarters].sort((a, b) => a[0] - b[0]),
    facets: FACETS.map((facet) => [...facets[facet]].sort((a, b) => (a[0] < b[0] ? -1 : 1))),
  };
}

/** A day of 20 quarters and some 26 facet keys: what a link with 1,000 clicks a day looks like. */
export function typicalLinkDay(): LinkDay {
  const linkDay = emptyLinkDay();
  for (let i = 0; i < 20; i++) addQuarter(linkDay, 1_980_000 + i * 3, 20 + i * 3, 10 + i, i % 3);
  const keys: Record<Facet, string[]> = {
    countries: ['RU', 'US', 'DE', 'FR', 'KZ', 'BY', 'UA', UNKNOWN],
    devices: ['phone', 'pc', 'tablet'],
    os: ['Android', 'Windows', 'iPhone', 'macOS'],
    browsers: ['Chrome', 'Safari', 'Firefox', 'Yandex', 'Telegram'],
    referrers: [DIRECT, 't.me', 'google.com', 'vk.com', 'youtube.com', 'l.instagram.com'],
    languages: ['ru', 'en', 'de', 'kk'],
  };
  for (const facet of FACETS) for (const [i, key] of keys[facet].entries()) addFacet(linkDay, facet, key, 300 - i * 30);
  return linkDay;
}

/** The words that people and programs read for the numbers a click is stored with. */
import { BROWSERS, DEVICES, OPERATING_SYSTEMS } from './agent.ts';
import { codeToLetters, DIRECT, UNKNOWN } from './click.ts';
import { addFacet, type LinkDay } from './link-day.ts';

export type FacetNumbers = { country: number; device: number; os: number; browser: number; language: number };

/** ISO 3166 alpha-2 in capitals, or `unknown`. */
export const countryKey = (code: number): string => (code === 0 ? UNKNOWN : codeToLetters(code).toUpperCase());
export const deviceKey = (number: number): string => DEVICES[number] ?? DEVICES[0];
export const osKey = (number: number): string => OPERATING_SYSTEMS[number] ?? OPERATING_SYSTEMS[0];
export const browserKey = (number: number): string => BROWSERS[number] ?? BROWSERS[0];
export const languageKey = (code: number): string => codeToLetters(code);
export const referrerKey = (host: string): string => (host === '' ? DIRECT : host);

/** Counts one person's click in every facet. */
export function addClickFacets(into: LinkDay, { country, device, os, browser, language }: FacetNumbers, referrer: string): void {
  addFacet(into, 'countries', countryKey(country), 1);
  addFacet(into, 'devices', deviceKey(device), 1);
  addFacet(into, 'os', osKey(os), 1);
  addFacet(into, 'browsers', browserKey(browser), 1);
  addFacet(into, 'languages', languageKey(language), 1);
  addFacet(into, 'referrers', referrerKey(referrer), 1);
}

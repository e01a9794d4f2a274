/** The country database as threads tell each other of it. */

/** For people; part of the contract of `elnk status --json`. */
export type CountriesAbout = {
  source: string;
  /** ISO 8601. */
  builtAt: string;
  /** SPDX; null: whatever the file's publisher says. */
  licence: string | null;
};

/** `memory` is for `countryReader` (actors/enrich/country.ts). */
export type Countries = { memory: SharedArrayBuffer; about: CountriesAbout };

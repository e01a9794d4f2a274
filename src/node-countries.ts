/** The country database of a node: loaded before the threads start, and again when GEOIP_FILE is another file. */
import { BUNDLED_COUNTRIES, loadCountries } from './actors/enrich/country.ts';
import type { Countries } from './core/countries.ts';
import type { Logger } from './core/ports.ts';
import { createCountryWatch, fileMark } from './jobs/country-watch.ts';
import { startTicker } from './jobs/ticker.ts';
import type { Lifecycle } from './lifecycle.ts';

const WATCH_MS = 60_000;

export type NodeCountries = {
  current(): Countries;
  /** @param tell gives threads that are running another database; those that start later ask for the current one */
  watch(tell: (countries: Countries) => void): Promise<void>;
};

/** @param geoipFile null: the bundled one, which does not change. @throws when the file cannot be used */
export async function openNodeCountries(geoipFile: string | null, logger: Logger, life: Lifecycle): Promise<NodeCountries> {
  const { file, source, licence } = geoipFile === null ? BUNDLED_COUNTRIES : { file: geoipFile, source: geoipFile, licence: null };
  const load = async (): Promise<Countries> => {
    const { memory, builtAt } = await loadCountries(file);
    return { memory, about: { source, builtAt: builtAt.toISOString(), licence } };
  };
  const mark = await fileMark(file);
  let current = await load();
  return {
    current: () => current,
    async watch(tell) {
      if (geoipFile === null) return;
      const onLoaded = (countries: Countries) => {
        current = countries;
        tell(countries);
      };
      const tick = createCountryWatch({ file, mark, load, onLoaded, logger });
      await life.start('country watch', async () => startTicker('country watch', WATCH_MS, tick, logger));
    },
  };
}

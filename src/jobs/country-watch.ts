/** Notices that the country database on disk is another one, and hands it on when it is good. A broken one is refused: the one before stays. */
import { stat } from 'node:fs/promises';
import type { Countries } from '../core/countries.ts';
import type { Logger } from '../core/ports.ts';

export type CountryWatchOptions = {
  file: string;
  /** `fileMark` of what is loaded, taken before it was. */
  mark: string;
  load(): Promise<Countries>;
  onLoaded(countries: Countries): void;
  logger: Logger;
};

/** Another one whenever the file was written or replaced. */
export async function fileMark(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino}/${size}/${mtimeMs}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error); // gone: that is a change, too
  }
}

/** @returns looks once; what was refused is not tried again before it changes */
export function createCountryWatch({ file, mark, load, onLoaded, logger }: CountryWatchOptions): () => Promise<void> {
  let seen = mark;
  return async () => {
    const found = await fileMark(file);
    if (found === seen) return;
    seen = found;
    try {
      const countries = await load();
      onLoaded(countries);
      logger.info({ file, builtAt: countries.about.builtAt }, 'another country database is in use');
    } catch (error) {
      logger.warn(
        { file, reason: error instanceof Error ? error.message : error },
        'the new country database is refused; the old one stays in use',
      );
    }
  };
}

/** How settings are read from an environment: each is parsed on its own, and every fault is kept. */

/** A setting's name, and what is wrong with it and would be right. */
export type ConfigFault = { name: string; message: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** @returns null when there is no such file; throws when it cannot be read */
export type ReadFile = (path: string) => string | null;

/** What is wrong with a value; the text completes "NAME …". */
export class SettingError extends Error {}

export type Parse<T> = (text: string) => T;

export function settingsOf(env: Environment, readFile: ReadFile, faults: ConfigFault[]) {
  const reading = <T>(name: string, fallback: T, read: () => string | null, parse: Parse<T>): T => {
    try {
      const text = read();
      return text === null ? fallback : parse(text);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      faults.push({ name, message: error.message });
      return fallback;
    }
  };
  const textOf = (name: string) => env[name]?.trim() || null;
  return {
    text: <T>(name: string, fallback: T, parse: Parse<T>) => reading(name, fallback, () => textOf(name), parse),
    /** May also stand in a file, and is never quoted in a fault. */
    secret: <T>(name: string, fallback: T, parse: Parse<T>) => {
      const path = textOf(`${name}_FILE`);
      if (path === null) return reading(name, fallback, () => textOf(name), parse);
      return reading(`${name}_FILE`, fallback, () => (textOf(name) === null ? secretFile(path, readFile) : bothSet(name)), parse);
    },
  };
}

function bothSet(name: string): never {
  throw new SettingError(`and ${name} are both set: keep one of them`);
}

function secretFile(path: string, readFile: ReadFile): string {
  let text: string | null;
  try {
    text = readFile(path);
  } catch (error) {
    throw new SettingError(`names ${path}, which cannot be read (${error instanceof Error ? error.message : error})`);
  }
  if (!text?.trim()) throw new SettingError(`names ${path}, which ${text === null ? 'is not there' : 'is empty'}`);
  return text.trim();
}

export const integer =
  (min: number, max: number): Parse<number> =>
  (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new SettingError(`must be a whole number from ${min} to ${max}, is "${text}"`);
    return value;
  };

export const KIB = 1024;
export const GIB = KIB ** 3;
const UNITS: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, ki: KIB, mi: KIB ** 2, gi: GIB, ti: KIB ** 4 };

/** @param min a whole number of MiB */
export const bytes =
  (min: number): Parse<number> =>
  (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?) ?([kmgt]?i?)b?$/i.exec(text) ?? [];
    const value = Math.round(Number(number) * UNITS[unit?.toLowerCase() ?? '']);
    if (value >= min && Number.isSafeInteger(value)) return value;
    throw new SettingError(`must be a size of at least ${min / KIB ** 2}MiB such as 500MB or 8GiB, is "${text}"`);
  };

export const oneOf =
  <T extends string>(words: readonly T[]): Parse<T> =>
  (text) => {
    const word = words.find((it) => it === text);
    if (word === undefined) throw new SettingError(`must be ${words.join(', ').replace(/, ([^,]*)$/, ' or $1')}, is "${text}"`);
    return word;
  };

export type Settings = ReturnType<typeof settingsOf>;

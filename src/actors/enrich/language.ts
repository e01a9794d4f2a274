/** The language that a visitor prefers, from Accept-Language (RFC 9110, 12.5.4). */
import { lettersToCode } from '../../core/click.ts';
import { textCache } from './text-cache.ts';

/** Headers remembered, ≤ 64 bytes each. */
export const LANGUAGE_CACHE_ENTRIES = 4096;

/**
 * @returns the code (core/click.ts) of the primary tag with the highest quality, the first among equals; 0 when there is none: no header,
 * `*`, or nothing that looks like a language
 */
export function parseLanguage(header: string): number {
  let best = 0;
  let bestQuality = 0;
  for (const item of header.split(',')) {
    const [tag, ...parameters] = item.split(';');
    const quality = qualityOf(parameters);
    if (quality <= bestQuality) continue;
    const code = lettersToCode(tag.split('-', 1)[0].trim());
    if (code === 0) continue;
    best = code;
    bestQuality = quality;
  }
  return best;
}

/** 1 when not given; 0 ("not acceptable") when it is no number. */
function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=');
    if (name.trim().toLowerCase() === 'q') return Math.min(1, Number.parseFloat(value)) || 0;
  }
  return 1;
}

/** Accept-Language → language code, remembered. */
export const languageReader = (): ((header: string) => number) => textCache(LANGUAGE_CACHE_ENTRIES, parseLanguage);

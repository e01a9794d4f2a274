/** What the keys of statistics are called, in the language of the page. */
import type { Stats } from '../../../../src/core/api/stats.ts';
import type { Part } from '../../../../src/core/charts.ts';
import { locale } from '../../preferences.ts';
import { words } from '../../words.ts';

type FacetName = 'countries' | 'devices' | 'os' | 'browsers' | 'referrers' | 'languages';

const names = words(
  {
    other: 'Other',
    unknown: 'Unknown',
    direct: 'Direct, or not told',
    devices: { phone: 'Phone', tablet: 'Tablet', pc: 'PC' } as Readonly<Record<string, string>>,
  },
  {
    other: 'Другие',
    unknown: 'Неизвестно',
    direct: 'Прямые или без источника',
    devices: { phone: 'Телефон', tablet: 'Планшет', pc: 'Компьютер' },
  },
);

const OTHER = 'other';

export function partsOf(facet: FacetName, list: Stats[FacetName]): Part[] {
  return list.map(({ key, clicks }) => ({ label: nameOfKey(facet, key), value: clicks, isRest: key === OTHER }));
}

function nameOfKey(facet: FacetName, key: string): string {
  if (key === OTHER) return names.value.other;
  if (key === 'unknown') return names.value.unknown;
  if (facet === 'devices') return names.value.devices[key] ?? key;
  if (facet === 'referrers') return key === 'direct' ? names.value.direct : key;
  if (facet === 'countries') return countryName(key);
  return facet === 'languages' ? displayName('language', key) : key;
}

/** @param code ISO 3166 alpha-2, or a name where there is none */
export const countryName = (code: string): string => (/^[A-Z]{2}$/.test(code) ? displayName('region', code) : code);

/** «Соединенные Штаты» does not fit into a legend, «США» does. In English the long name fits. */
const NAME_STYLES = { en: 'long', ru: 'short' } as const;

/** The code itself where the browser knows no name. */
function displayName(type: 'region' | 'language', code: string): string {
  try {
    return new Intl.DisplayNames(locale.value, { type, style: NAME_STYLES[locale.value] }).of(code) ?? code;
  } catch {
    return code; // RangeError is how Intl says that this is no code
  }
}

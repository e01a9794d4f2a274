/** What this browser remembers: language and theme. An account's language comes before it. */
import { computed, effect, signal } from '@preact/signals';
import { readStored, store } from './stored.ts';

export const LOCALES = ['en', 'ru'] as const;
export type Locale = (typeof LOCALES)[number];
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The first of the browser's languages that there is; English when none is. */
export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    const locale = LOCALES.find((it) => language.toLowerCase().split('-', 1)[0] === it);
    if (locale !== undefined) return locale;
  }
  return 'en';
}

export const locale = signal<Locale>(
  readStored('locale', (it) => LOCALES.find((known) => known === it)) ?? preferredLocale(navigator.languages),
);
export const theme = signal<Theme>(readStored('theme', (it) => THEMES.find((known) => known === it)) ?? 'system');

const darkByDevice = matchMedia('(prefers-color-scheme: dark)');
const deviceIsDark = signal(darkByDevice.matches);
darkByDevice.addEventListener('change', ({ matches }) => {
  deviceIsDark.value = matches;
});
export const isDark = computed(() => theme.value === 'dark' || (theme.value === 'system' && deviceIsDark.value));

export function chooseLocale(chosen: Locale): void {
  locale.value = chosen;
  store('locale', chosen);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  store('theme', chosen);
}

effect(() => {
  document.documentElement.lang = locale.value;
});
effect(() => {
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
});

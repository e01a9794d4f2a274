/** Texts in both languages, side by side where they are used. Reading one in a component makes it follow the language. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { type Locale, locale } from './preferences.ts';

export function words<T>(en: T, ru: NoInfer<T>): ReadonlySignal<T> {
  return computed(() => (locale.value === 'ru' ? ru : en));
}

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** @param forms by the plural categories of the language, with # for the number: `{ one: '# link', other: '# links' }` */
export function plural(language: Locale, count: number, forms: Forms): string {
  const form = forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
  return form.replace('#', new Intl.NumberFormat(language).format(count));
}

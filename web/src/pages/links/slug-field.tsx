/** The path of a short link, checked as it is typed. */

import { useEffect, useState } from 'preact/hooks';
import type { SlugState } from '../../../../src/core/api/links.ts';
import { ask, UnreachableError } from '../../api/client.ts';
import { fieldWords } from '../../common-words.ts';
import { Field } from '../../components/field.tsx';
import { locale } from '../../preferences.ts';
import { links } from './words.ts';

/** After the last key. */
const REST_MS = 300;

type SlugFieldProps = { value: string; onValue: (value: string) => void; fault: string | null; current: string | null };

export function SlugField({ value, onValue, fault, current }: SlugFieldProps) {
  const [state, setState] = useState<SlugState | null>(null);
  const slug = value.trim();
  useEffect(() => {
    setState(null);
    if (slug === '' || slug === current) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => void check(slug, abort.signal).then(setState), REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [slug, current]);
  const isRefused = state !== null && !state.isAvailable;
  return (
    <Field
      label={links.value.slug}
      placeholder={links.value.slugPlaceholder}
      value={value}
      onValue={onValue}
      autoComplete="off"
      spellcheck={false}
      hint={state?.isAvailable ? links.value.slugFree : undefined}
      fault={fault ?? (isRefused ? (state.message === null ? links.value.slugTaken : fieldWords(state.message, locale.value)) : null)}
    />
  );
}

/** @returns null when it cannot be known right now; the server checks it again when the link is made */
async function check(slug: string, signal: AbortSignal): Promise<SlugState | null> {
  try {
    return await ask<SlugState>('GET', `slugs?slug=${encodeURIComponent(slug)}`, { signal });
  } catch (error) {
    if (signal.aborted || error instanceof UnreachableError) return null;
    throw error;
  }
}

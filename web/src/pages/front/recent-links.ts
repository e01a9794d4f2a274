/** The last few links that were made in this browser, kept only here. */
import { signal } from '@preact/signals';
import { readStored, store } from '../../stored.ts';

export type MadeLink = { shortUrl: string; url: string; qr: string | null };

const KEPT = 5;
const NAME = 'recentLinks';

const isHttp = (text: unknown): text is string => typeof text === 'string' && /^https?:\/\//.test(text);

function read(stored: unknown): MadeLink[] | undefined {
  if (!Array.isArray(stored)) return undefined;
  return stored
    .filter((it) => isHttp(it?.shortUrl) && isHttp(it?.url))
    .map(({ shortUrl, url, qr }) => ({ shortUrl, url, qr: typeof qr === 'string' ? qr : null }))
    .slice(0, KEPT);
}

export const recentLinks = signal<readonly MadeLink[]>(readStored(NAME, read) ?? []);

export function remember(link: MadeLink): void {
  recentLinks.value = [link, ...recentLinks.value.filter(({ shortUrl }) => shortUrl !== link.shortUrl)].slice(0, KEPT);
  store(NAME, recentLinks.value);
}

export function forgetRecent(): void {
  recentLinks.value = [];
  store(NAME, []);
}

/** Where a visitor came from: the host of the Referer header, nothing else of it. */
import { DIRECT, REFERRER_HOST_MAX_BYTES, UNKNOWN } from '../../core/click.ts';
import { OTHER } from '../../core/link-day.ts';
import { textCache } from './text-cache.ts';

/** Headers remembered, ≤ 512 bytes each. */
export const REFERRER_CACHE_ENTRIES = 16_384;

/** Apps on Android send `android-app://com.example.app/`. */
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'android-app:']);
/** Words that statistics use as keys of their own; as hosts they could only be made up. */
const KEYWORDS: ReadonlySet<string> = new Set([OTHER, DIRECT, UNKNOWN]);

/**
 * The host, in lower case and without `www.` or the root's dot; international names in punycode. `URL` lets nothing but printable ASCII
 * into a host (the rest is percent-encoded or refused), so that the result is valid in Postgres, CSV and HTML as far as encoding goes.
 * @returns '' when there is none that means anything: no header, another scheme, longer than a name in the DNS can be
 */
export function referrerHost(referrer: string): string {
  const url = URL.parse(referrer);
  if (url === null || !SCHEMES.has(url.protocol)) return '';
  const host = url.hostname
    .toLowerCase() // `URL` does that for http, not for android-app
    .replace(/\.$/, '')
    .replace(/^www\.(?=[^.]+\.)/, ''); // but `www.com` is a name of its own
  return host.length > REFERRER_HOST_MAX_BYTES || KEYWORDS.has(host) ? '' : host;
}

/**
 * Referer header → host, remembered; '' also for a visitor who comes from elnk itself.
 * @param ownHosts the hosts that short links are served under; a port is ignored
 */
export function referrerReader(ownHosts: readonly string[]): (referrer: string) => string {
  const own = new Set(ownHosts.map((host) => referrerHost(`http://${host}/`)));
  return textCache(REFERRER_CACHE_ENTRIES, (referrer) => {
    const host = referrerHost(referrer);
    return own.has(host) ? '' : host;
  });
}

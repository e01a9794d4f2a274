/**
 * The cookie with which a browser that has given a link's password may open the link again. It names nothing: when it ends, and a signature
 * over that, the link and the hash of its password. So it is good for this link only, and a new password, or none, ends it at once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { basePathOf } from '../core/base-url.ts';
import type { Link } from '../core/link.ts';
import { keyFor } from './keys.ts';

export const UNLOCK_TTL_SEC = 3600;
const NAME = 'elnk-unlock';
/** Seconds since the epoch and SHA-256, both in characters that cookies may have. */
const VALUE = /^(\d{10,12})\.([\w-]{43})$/;
/** Cookies of this name that are looked at: a browser sends one. */
const COOKIES_MAX = 4;

export type Unlocks = {
  /** For Set-Cookie. @param now milliseconds since the epoch */
  cookie(link: Unlockable, now: number): string;
  /** @param cookies the Cookie header, '' for none */
  isUnlocked(link: Unlockable, cookies: string, now: number): boolean;
};

/** A link with its password's hash. */
export type Unlockable = Pick<Link, 'id' | 'slug'> & { passwordHash: string };

/**
 * @param secrets of the server: the first signs, all verify
 * @param baseUrl what short links begin with: only with https a browser may be told to keep the cookie for HTTPS
 */
export function createUnlocks(secrets: readonly [string, ...string[]], baseUrl: string): Unlocks {
  const isHttps = new URL(baseUrl).protocol === 'https:';
  const basePath = basePathOf(baseUrl);
  const [newest, ...older] = secrets;
  const signer = keyFor(newest, 'elnk link unlock');
  const keys = [signer, ...older.map((secret) => keyFor(secret, 'elnk link unlock'))];
  const sign = (key: Uint8Array, { id, passwordHash }: Unlockable, endSec: number) =>
    createHmac('sha256', key).update(`${id}.${endSec}.${passwordHash}`).digest();
  const isGood = (link: Unlockable, value: string, nowSec: number) => {
    const [, end, signature] = VALUE.exec(value) ?? [];
    if (signature === undefined || nowSec >= Number(end)) return false;
    const given = Buffer.from(signature, 'base64url');
    return keys.some((key) => timingSafeEqual(sign(key, link, Number(end)), given));
  };
  return {
    cookie(link, now) {
      const endSec = Math.floor(now / 1000) + UNLOCK_TTL_SEC;
      const value = `${endSec}.${sign(signer, link, endSec).toString('base64url')}`;
      const secure = isHttps ? '; Secure' : '';
      return `${NAME}=${value}; Path=${basePath}/${link.slug}; HttpOnly; SameSite=Lax; Max-Age=${UNLOCK_TTL_SEC}${secure}`;
    },
    isUnlocked(link, cookies, now) {
      const nowSec = Math.floor(now / 1000);
      const values = cookies
        .split(/[;,] ?/)
        .filter((pair) => pair.startsWith(`${NAME}=`))
        .slice(0, COOKIES_MAX);
      return values.some((pair) => isGood(link, pair.slice(NAME.length + 1), nowSec));
    },
  };
}

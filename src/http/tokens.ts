/**
 * The tokens of people who are signed in, as JWT (RFC 7519) signed with HS256. Each purpose has a key of its own, so that a token of one
 * purpose is nothing for another. They name the user by a public id that the account changes with its password: older tokens then name
 * nobody.
 */
import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../core/ports.ts';
import { keyFor } from './keys.ts';

export const ACCESS_TTL_SEC = 15 * 60;
export const REFRESH_TTL_SEC = 60 * 24 * 3600;
const ALGORITHM = 'HS256';
/** Characters of a key's name in the header; it only says which key to try. */
const KEY_ID_LENGTH = 8;

/** `typ` as RFC 9068 has it for access tokens. */
const PURPOSES = {
  access: { typ: 'at+jwt', audience: 'elnk:access', ttlSec: ACCESS_TTL_SEC },
  refresh: { typ: 'rt+jwt', audience: 'elnk:refresh', ttlSec: REFRESH_TTL_SEC },
} as const;
type Purpose = keyof typeof PURPOSES;

/** Whom a refresh token stands for, and which of its chain it is. */
export type RefreshClaims = { publicId: string; sessionId: string; generation: number };

export type Tokens = {
  signAccess(publicId: string): Promise<string>;
  signRefresh(claims: RefreshClaims): Promise<string>;
  /** @returns the public id; null for whatever is no access token of this server that is valid now */
  readAccess(token: string): Promise<string | null>;
  /** When an access token ends, in milliseconds since the epoch; null for whatever is none that is valid now. */
  accessEnd(token: string): Promise<number | null>;
  readRefresh(token: string): Promise<RefreshClaims | null>;
};

export type TokensOptions = {
  /** The newest first: it signs, all of them verify, so that a secret can be changed without signing everyone out. */
  secrets: readonly [string, ...string[]];
  /** Where this server is reached, see BASE_URL. */
  issuer: string;
  clock: Clock;
};

export function createTokens({ secrets, issuer, clock }: TokensOptions): Tokens {
  const keys = { access: keysOf(secrets, 'access'), refresh: keysOf(secrets, 'refresh') };

  async function sign(purpose: Purpose, subject: string, claims: JWTPayload): Promise<string> {
    const { typ, audience, ttlSec } = PURPOSES[purpose];
    const [{ id, key }] = keys[purpose];
    const nowSec = Math.floor(clock() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ, kid: id })
      .setSubject(subject)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(nowSec)
      .setExpirationTime(nowSec + ttlSec)
      .sign(key);
  }

  async function read(purpose: Purpose, token: string): Promise<JWTPayload | null> {
    const { typ, audience } = PURPOSES[purpose];
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => (keys[purpose].find(({ id }) => id === kid) ?? keys[purpose][0]).key, {
        algorithms: [ALGORITHM],
        typ,
        issuer,
        audience,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(clock()),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  return {
    signAccess: (publicId) => sign('access', publicId, {}),
    signRefresh: ({ publicId, sessionId, generation }) => sign('refresh', publicId, { sid: sessionId, gen: generation }),
    async readAccess(token) {
      return (await read('access', token))?.sub ?? null;
    },
    async accessEnd(token) {
      const endSec = (await read('access', token))?.exp;
      return endSec === undefined ? null : endSec * 1000;
    },
    async readRefresh(token) {
      const payload = await read('refresh', token);
      const { sub, sid, gen } = payload ?? {};
      if (typeof sub !== 'string' || typeof sid !== 'string' || !Number.isSafeInteger(gen)) return null;
      return { publicId: sub, sessionId: sid, generation: Number(gen) };
    },
  };
}

type NamedKey = { id: string; key: Uint8Array };

function keysOf([newest, ...older]: readonly [string, ...string[]], purpose: Purpose): [NamedKey, ...NamedKey[]] {
  return [keyOf(newest, purpose), ...older.map((secret) => keyOf(secret, purpose))];
}

function keyOf(secret: string, purpose: Purpose): NamedKey {
  const key = keyFor(secret, `elnk ${purpose} token`);
  return { id: createHash('sha256').update(key).digest('hex').slice(0, KEY_ID_LENGTH), key };
}

import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ACCESS_TTL_SEC, createTokens, REFRESH_TTL_SEC } from '../../src/http/tokens.ts';

const SECRET = 'a secret of a test, long enough to be one';
const ISSUER = 'https://elnk.example';
const NOW = Date.UTC(2026, 4, 10, 12);
const CLAIMS = { publicId: 'abcdefghjk', sessionId: 'session-1', generation: 3 };

const it = suite('tokens');

const make = (secrets: [string, ...string[]] = [SECRET], issuer = ISSUER, clock = { now: NOW }) =>
  createTokens({ secrets, issuer, clock: () => clock.now });

const header = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString());
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

it('reads what it has signed, each kind for its own purpose only', async () => {
  const tokens = make();
  const [access, refresh] = [await tokens.signAccess(CLAIMS.publicId), await tokens.signRefresh(CLAIMS)];
  assert.is(await tokens.readAccess(access), CLAIMS.publicId);
  assert.equal(await tokens.readRefresh(refresh), CLAIMS);
  assert.is(await tokens.readAccess(refresh), null);
  assert.is(await tokens.readRefresh(access), null);
});

it('ends when its time is over, to the second', async () => {
  const clock = { now: NOW };
  const tokens = make([SECRET], ISSUER, clock);
  const [access, refresh] = [await tokens.signAccess(CLAIMS.publicId), await tokens.signRefresh(CLAIMS)];
  clock.now = NOW + (ACCESS_TTL_SEC - 1) * 1000;
  assert.is(await tokens.readAccess(access), CLAIMS.publicId);
  clock.now = NOW + ACCESS_TTL_SEC * 1000;
  assert.is(await tokens.readAccess(access), null);
  clock.now = NOW + (REFRESH_TTL_SEC - 1) * 1000;
  assert.equal(await tokens.readRefresh(refresh), CLAIMS);
  clock.now = NOW + REFRESH_TTL_SEC * 1000;
  assert.is(await tokens.readRefresh(refresh), null);
});

it('refuses what another server, another secret or nobody has signed', async () => {
  const tokens = make();
  const good = await tokens.signAccess(CLAIMS.publicId);
  assert.is(await tokens.readAccess(await make([SECRET], 'https://other.example').signAccess(CLAIMS.publicId)), null);
  assert.is(await tokens.readAccess(await make(['another secret, of the same length as ours']).signAccess(CLAIMS.publicId)), null);
  const [, payload, signature] = good.split('.');
  for (const alg of ['none', 'None', 'NONE']) {
    assert.is(await tokens.readAccess(`${encode({ ...header(good), alg })}.${payload}.`), null, alg);
    assert.is(await tokens.readAccess(`${encode({ ...header(good), alg })}.${payload}.${signature}`), null, alg);
  }
  // Signed with a key that an attacker chooses and names, and with the bare secret instead of a derived key.
  const raw = new TextEncoder().encode(SECRET);
  const claims = { sub: CLAIMS.publicId, iss: ISSUER, aud: 'elnk:access', iat: NOW / 1000, exp: NOW / 1000 + 60 };
  for (const alg of ['HS256', 'HS512']) {
    const forged = await new SignJWT(claims).setProtectedHeader({ ...header(good), alg, typ: 'at+jwt' }).sign(raw);
    assert.is(await tokens.readAccess(forged), null, alg);
  }
});

it('refuses any token of which one character is another', async () => {
  const tokens = make();
  const good = await tokens.signAccess(CLAIMS.publicId);
  for (let i = 0; i < good.length - 1; i++) {
    const other = good[i] === 'A' ? 'B' : 'A';
    assert.is(await tokens.readAccess(good.slice(0, i) + other + good.slice(i + 1)), null, `at ${i}`);
  }
  for (const text of ['', '.', '..', 'a.b.c', good.slice(1), `${good}.`, randomBytes(200).toString('base64url')]) {
    assert.is(await tokens.readAccess(text), null, text);
  }
});

it('a secret can be changed without signing everyone out', async () => {
  const before = await make().signAccess(CLAIMS.publicId);
  const after = make(['a new secret of a test, which is long enough, too', SECRET]);
  assert.is(await after.readAccess(before), CLAIMS.publicId);
  const fresh = await after.signAccess(CLAIMS.publicId);
  assert.is(await make().readAccess(fresh), null);
  assert.not.equal(header(fresh).kid, header(before).kid);
});

it.run();

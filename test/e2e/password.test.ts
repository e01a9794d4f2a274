/** A link with a password in a real browser, with scripts switched off: what only a browser knows of forms, policies and cookies. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBrowser } from '../support/browser.ts';
import { startVisits } from '../support/visit-server.ts';

const server = await startVisits({ isHttps: false });
const { make, edit, clicks, bases } = server.value;
const browser = await startBrowser();
/** Where links lead: another origin, so that the policy of the form matters. */
const elsewhere = createServer((_, response) => void response.end('the target')).listen(0, '127.0.0.1');
await new Promise((resolve) => elsewhere.once('listening', resolve));
const target = `http://localhost:${(elsewhere.address() as AddressInfo).port}/target`;

const test = suite('password page in a browser');
test.after(async () => {
  await browser.stop();
  elsewhere.close();
  await server.stop();
});

test('a wrong password, then the right one; then the link is open for this browser until the password changes', async () => {
  const link = await make({ slug: 'locked', url: target, password: 'Сезам 1' });
  const context = await browser.value.newContext({ javaScriptEnabled: false, locale: 'ru-RU' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  const address = `${bases[0]}/locked`;

  await page.goto(`${address}?utm_source=x`);
  await page.getByLabel('Пароль').fill('сезам 1');
  await page.getByRole('button').click();
  assert.is(page.url(), `${address}?utm_source=x`);
  assert.match(await page.getByRole('alert').innerText(), 'Пароль не подошёл');
  assert.is(await page.getByLabel('Пароль').inputValue(), '');

  await page.getByLabel('Пароль').fill('Сезам 1');
  await page.keyboard.press('Enter');
  await page.waitForURL(target);
  assert.is(await clicks(link.id), 1);

  await page.goto(address);
  assert.is(page.url(), target);
  assert.is(await clicks(link.id), 2);
  await make({ slug: 'locked-too', url: target, password: 'Сезам 1' });
  await page.goto(`${bases[0]}/locked-too`);
  assert.is(await page.getByLabel('Пароль').count(), 1, 'the cookie is for one link');

  await edit('locked', { password: 'Сезам 2' });
  await page.goto(address);
  assert.is(page.url(), address);
  assert.is(await page.getByLabel('Пароль').count(), 1);
  assert.equal(
    complaints.filter((text) => !text.includes('403')),
    [],
    'no policy was in the way',
  );
  await context.close();
});

test.run();

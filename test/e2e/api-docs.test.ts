// timeout: 120 s
/** The API documentation in a real browser, under the same policy as every page. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerConfirmed, startApp } from '../support/app.ts';
import { until } from '../support/until.ts';

const started = await startApp();
const app = started.value;
const it = suite('API documentation');
it.after(() => started.stop());

it('a guest finds a route by searching, reads it, and tries it', async () => {
  const guest = await app.visit();
  const { page } = guest;
  await page.goto('/');
  await page.getByRole('contentinfo').getByRole('link', { name: 'API' }).click();
  await page.waitForURL('**/docs');
  await page.getByLabel('Search routes').fill('post /api/v1/links');
  const route = page.locator('#postApiV1Links');
  await route.getByText('Create a link').click();
  await page.waitForURL('**/docs#postApiV1Links');
  await route.getByRole('heading', { name: 'Answers' }).waitFor();
  await route.getByLabel('Body').fill(JSON.stringify({ url: `${app.target}/it's` }));
  assert.match(await route.locator('.docs-line').innerText(), `${app.url}/api/v1/links`);
  await route.getByRole('button', { name: 'Send' }).click();
  const answer = route.getByRole('region', { name: 'Answer' });
  await answer.getByText(/^201/).waitFor();
  assert.match(await answer.innerText(), /"shortUrl": "http/);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('an owner has a token filled in, makes a key, and it works', async () => {
  const owner = await app.visit();
  const { page } = owner;
  await registerConfirmed(app, owner, 'owner@example.com');
  await page.goto('/docs#getApiV1Links');
  const key = page.getByLabel('Token or API key');
  const route = page.locator('#getApiV1Links');
  const send = async () => {
    await Promise.all([page.waitForResponse('**/api/v1/links'), route.getByRole('button', { name: 'Send' }).click()]);
    await route.getByText(/^200/).last().waitFor();
  };
  await until('a token in the field', async () => (await key.inputValue()) !== '');
  await send();
  await page.getByRole('button', { name: 'Make a key for a day' }).click();
  await page.getByText(/autocannon .*Bearer elnk_/).waitFor();
  assert.match(await key.inputValue(), /^elnk_/);
  await send();
  assert.equal(owner.complaints, []);
  await owner.context.close();
});

it.run();

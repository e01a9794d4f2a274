// timeout: 120 s
/** Everything under a path behind a proxy, which takes it off (docs/operations.md): pages, API, live feed, cookies, mails, short links. */
import { devices } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerConfirmed, startApp, type Visitor } from '../support/app.ts';
import { until } from '../support/until.ts';

const PATH = '/go';
const EMAIL = 'owner@example.com';
const LINK_PASSWORD = 'open sesame';

const started = await startApp({}, PATH);
const app = started.value;
const owner = await app.visit();
const { page } = owner;
const outside: string[] = [];
page.on('request', (request) => {
  const isOwn = request.url().startsWith('blob:') || request.url().startsWith(`${app.url}/`) || request.url().startsWith(app.target);
  if (!isOwn) outside.push(request.url());
});

const it = suite('under a path');
it.after(() => started.stop());

const today = async ({ page: shown }: Visitor): Promise<string> => shown.locator('.overview dd').first().innerText();

it('a guest shortens, and the short link leads on', async () => {
  await page.goto('');
  await page.getByLabel('Long address').fill(app.target);
  await page.keyboard.press('Enter');
  const href = await page.getByRole('region', { name: 'Your short link' }).getByRole('link').first().getAttribute('href');
  assert.match(href ?? '', new RegExp(`^${app.url}/_[\\w]{7}$`));
  await page.goto(href ?? '');
  assert.is(page.url(), app.target);
});

it('a person registers, confirms by the mail, and stays signed in', async () => {
  await registerConfirmed(app, owner, EMAIL);
  await page.reload();
  await page.getByText('No links yet').waitFor();
  assert.is(page.url(), `${app.url}/links`);
});

it('a link with a password is made, opened, and open for that browser', async () => {
  await page.getByRole('button', { name: 'New link' }).first().click();
  assert.is(page.url(), `${app.url}/links/new`);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where it leads').fill(app.target);
  await dialog.getByLabel('Short address').fill('spring');
  await dialog.getByText('Free').waitFor();
  await dialog.getByText('Password, limit, dates').click();
  await dialog.getByLabel('Password', { exact: true }).fill(LINK_PASSWORD);
  const [made] = await Promise.all([
    page.waitForResponse((it) => it.request().method() === 'POST' && it.url().endsWith('/api/v1/links')),
    dialog.getByRole('button', { name: 'Create' }).click(),
  ]);
  assert.is(made.headers().location, `${PATH}/api/v1/links/spring`);
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  const visitor = await app.visit(devices['Pixel 7']); // headless Chromium counts as a bot
  await visitor.page.goto('spring+');
  await visitor.page.getByRole('link').last().click();
  await visitor.page.getByLabel('Password').fill(LINK_PASSWORD);
  await visitor.page.keyboard.press('Enter');
  await visitor.page.waitForURL(app.target);
  await visitor.page.goto('spring');
  assert.is(visitor.page.url(), app.target, 'the cookie is sent to this path');
  await visitor.context.close();
});

it('the clicks are seen live', async () => {
  await page.getByText('Live', { exact: true }).waitFor();
  await until('two clicks without loading the page again', async () => (await today(owner)) === '2');
});

it('nothing is asked for outside the path, and pages of the same host may be shortened', async () => {
  await page.goto('');
  await page.getByLabel('Long address').fill(`${new URL(app.url).origin}/shop`);
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Your short link' }).waitFor();
  await page.goto('docs');
  await page.getByRole('heading', { name: 'API', exact: true }).waitFor();
  assert.equal(outside, []);
  assert.equal(owner.complaints, []);
});

it.run();

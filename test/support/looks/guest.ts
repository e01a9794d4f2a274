/** What happens to whoever is not signed in. */
import type { Page } from 'playwright-core';
import { type App, PASSWORD } from '../app.ts';
import { askApp, sendToApp } from '../app-api.ts';
import { ownerToken } from './owner.ts';
import { click, type LookState, unanswered } from './states.ts';

/** For documentation (RFC 5737): who comes from there has made as many links as an hour allows. */
const BUSY_ADDRESS = '203.0.113.77';
const TOO_MANY = 429;

const shorten = async (page: Page, text: string) => {
  await page.locator('.front-form .input').fill(text);
  await page.keyboard.press('Enter');
};

const submit = async (page: Page, fields: Readonly<Record<string, string>>) => {
  for (const [type, value] of Object.entries(fields)) await page.locator(`form input[autocomplete="${type}"]`).fill(value);
  await page.keyboard.press('Enter');
};

let accounts = 0;

/** A new account by the API, each from an address of its own. */
async function newAccount(app: App): Promise<string> {
  accounts++;
  const email = `person-${accounts}@example.com`;
  const body = { email, password: PASSWORD, timezone: 'Europe/Berlin', locale: accounts % 2 === 0 ? 'en' : 'ru' };
  await askApp(app, 'POST', 'auth/register', body, { address: `198.51.100.${accounts}` });
  return email;
}

export const GUEST_STATES: readonly LookState[] = [
  {
    name: 'made',
    path: '/',
    async reach(page) {
      await shorten(page, 'https://shop.example/a/rather/long/address?of=a-product&from=newsletter');
      await page.locator('.front-result').waitFor();
    },
  },
  {
    name: 'no-address',
    path: '/',
    async reach(page) {
      await shorten(page, 'no address');
      await page.locator('#front-fault').waitFor();
    },
  },
  {
    name: 'too-many',
    path: '/',
    async reach(page, app) {
      const make = () => sendToApp(app, 'POST', 'links', { url: 'https://shop.example/' }, { address: BUSY_ADDRESS });
      while ((await make()).status !== TOO_MANY);
      await page.setExtraHTTPHeaders({ 'X-Forwarded-For': BUSY_ADDRESS });
      await shorten(page, 'https://shop.example/one-more');
      await page.locator('#front-fault').waitFor();
    },
    leave: (page) => page.setExtraHTTPHeaders({}),
  },
  unanswered('server-away', '/', '**/api/v1/links', async (page) => {
    await shorten(page, 'https://shop.example/nobody-answers');
    await page.locator('#front-fault').waitFor();
  }),
  { name: 'languages', path: '/', reach: click('.shell-bar .menu .button') },
  {
    name: 'refused',
    path: '/login',
    async reach(page) {
      await submit(page, { email: 'nobody@example.com', 'current-password': 'not this' });
      await page.locator('.dialog .notice').waitFor();
    },
  },
  {
    name: 'refused',
    path: '/register',
    async reach(page) {
      await submit(page, { email: 'nobody@example.com', 'new-password': 'password' });
      await page.locator('.dialog .field-fault').waitFor();
    },
  },
  {
    name: 'closed',
    path: '/register',
    async reach(page, app) {
      await openRegistration(app, false);
      await submit(page, { email: 'nobody@example.com', 'new-password': PASSWORD });
      await page.locator('.dialog .notice').waitFor();
    },
    leave: (_, app) => openRegistration(app, true),
  },
  {
    name: 'sent',
    path: '/forgot',
    async reach(page) {
      await submit(page, { email: `nobody-${Math.random()}@example.com` });
      await page.locator('.dialog .notice').waitFor();
    },
  },
  {
    name: 'confirmed',
    path: '/',
    async reach(page, app) {
      await page.goto(await app.mailedLink(await newAccount(app), 1, 'confirm'));
      await page.locator('.alone .button[data-kind="primary"]').waitFor();
    },
  },
  {
    name: 'refused',
    path: '/reset#token=x',
    async reach(page) {
      await submit(page, { 'new-password': PASSWORD });
      await page.locator('.notice').waitFor();
    },
  },
  {
    name: 'refused',
    path: '/setup#token=x',
    async reach(page) {
      await submit(page, { email: 'nobody@example.com', 'new-password': PASSWORD });
      await page.locator('.notice').waitFor();
    },
  },
  {
    name: 'reset-valid',
    path: '/',
    async reach(page, app) {
      await page.goto(await resetLink(app));
      await page.locator('form input').fill(PASSWORD);
    },
  },
  {
    name: 'reset-done',
    path: '/',
    async reach(page, app) {
      await page.goto(await resetLink(app));
      await submit(page, { 'new-password': PASSWORD });
      await page.locator('.alone a.button[data-kind="primary"]').waitFor();
    },
  },
  {
    name: 'tried',
    path: '/docs#getApiV1Links',
    async reach(page) {
      await page.locator('#getApiV1Links .docs-send').click();
      await page.locator('#getApiV1Links .docs-answer').waitFor();
    },
  },
  {
    name: 'nothing',
    path: '/docs',
    async reach(page) {
      await page.locator('.docs input[type="search"]').fill('nothing fits');
      await page.locator('.docs > .card.soft').waitFor();
    },
  },
];

async function openRegistration(app: App, registrationOpen: boolean): Promise<void> {
  await askApp(app, 'PATCH', 'admin/settings', { registrationOpen }, { token: await ownerToken(app) });
}

async function resetLink(app: App): Promise<string> {
  const email = await newAccount(app);
  await askApp(app, 'POST', 'auth/password/forgot', { email }, { address: `198.51.100.${accounts}` });
  return app.mailedLink(email, 2, 'reset');
}

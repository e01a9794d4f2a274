/** What owners do with their links and their account. */
import type { Page } from 'playwright-core';
import { type App, PASSWORD } from '../app.ts';
import { askApp, signIn } from '../app-api.ts';
import { IMPORT_STATES } from './import.ts';
import { SETTINGS_STATES } from './settings.ts';
import { asItIs, click, type LookState, paste, unanswered, waitingFor } from './states.ts';

/** Where the links lead that are only made for a picture. */
const PASSING = 'https://passing.example';

/** Of a token, which is good for 15. */
const FRESH_MS = 10 * 60_000;
let signedIn = { at: 0, token: Promise.resolve('') };

/** Of the administrator, who is the owner of everything here. */
export function ownerToken(app: App): Promise<string> {
  if (Date.now() - signedIn.at > FRESH_MS) signedIn = { at: Date.now(), token: signIn(app, 'admin@example.com', PASSWORD) };
  return signedIn.token;
}

const fillTarget = (page: Page, url: string) => page.locator('.dialog form .input').first().fill(url);
const create = (page: Page) => page.locator('.dialog form button[type="submit"]').click();

/** All that lead there. */
async function deletePassing(app: App, token: string): Promise<void> {
  const { data } = await askApp<{ data: { slug: string }[] }>(app, 'GET', `links?limit=100&search=${new URL(PASSING).host}`, undefined, {
    token,
  });
  await askApp(app, 'POST', 'links/delete', { slugs: data.map(({ slug }) => slug) }, { token });
}

const deleteMade = async (_: Page, app: App) => deletePassing(app, await ownerToken(app));

const pasteSeveral = (page: Page) =>
  paste(page.locator('.dialog form .input').first(), `${PASSING}/first\n${PASSING}/second\nno-address\n${PASSING}/third`);

const CREATING: readonly LookState[] = [
  {
    name: 'rules',
    path: '/links/new',
    async reach(page) {
      await page.locator('.dialog summary').click();
      await fillTarget(page, 'https://shop.example/spring');
    },
  },
  {
    name: 'taken',
    path: '/links/new',
    async reach(page) {
      await fillTarget(page, 'https://shop.example/spring');
      await page.locator('.link-fields-pair .input').nth(1).fill('spring');
      await page.locator('.dialog .field-fault').waitFor();
    },
  },
  {
    name: 'refused',
    path: '/links/new',
    async reach(page) {
      await fillTarget(page, 'no address');
      await create(page);
      await page.locator('.dialog .field-fault').waitFor();
    },
  },
  {
    name: 'made',
    path: '/links/new',
    async reach(page) {
      await page.evaluate('navigator.share ??= () => Promise.resolve()'); // phones have it
      await fillTarget(page, PASSING);
      await create(page);
      await page.locator('.made-one img').waitFor();
    },
    leave: deleteMade,
  },
  {
    name: 'several',
    path: '/links/new',
    async reach(page) {
      await pasteSeveral(page);
      await page.locator('.dialog textarea').waitFor();
    },
  },
  {
    name: 'several-made',
    path: '/links/new',
    async reach(page) {
      await pasteSeveral(page);
      await create(page);
      await page.locator('.dialog .made-list').first().waitFor();
    },
    leave: deleteMade,
  },
];

const PANEL: readonly LookState[] = [
  { name: 'in', path: '/', reach: asItIs },
  { name: 'filtered', path: '/links?state=exhausted&sort=name', reach: asItIs },
  { name: 'selected', path: '/links', reach: click('.link-check') },
  {
    name: 'selected-several',
    path: '/links',
    async reach(page) {
      for (const nth of [0, 2]) await page.locator('.link-check').nth(nth).click();
    },
  },
  { name: 'menu', path: '/links', reach: click('.links-head .menu .button') },
  { name: 'person', path: '/links', reach: click('.shell-bar .menu:last-child .button') },
  {
    name: 'copied',
    path: '/links',
    reach: click('.link-row .button'),
  },
  waitingFor('/links', '**/api/v1/dashboard', '.links'),
  {
    name: 'lost',
    path: '/links',
    async reach(page) {
      await page.routeWebSocket('**/api/v1/live', (socket) => socket.close());
      await page.reload();
      await page.locator('.link-row').first().waitFor();
      await page.locator('.live[data-state="lost"]').waitFor();
    },
    leave: (page) => page.routeWebSocket('**/api/v1/live', (socket) => void socket.connectToServer()),
  },
  unanswered('failed', '/links', '**/api/v1/dashboard', async (page) => {
    await page.reload();
    await page.locator('.links .notice').waitFor();
  }),
];

const LINK: readonly LookState[] = [
  { name: 'own', path: '/links/spring?range=own', reach: asItIs },
  { name: 'week', path: '/links/spring', reach: click('.stats-head .switch-choice:last-child') },
  { name: 'limited', path: '/links/meetup', reach: asItIs },
  { name: 'scheduled', path: '/links/soon', reach: asItIs },
  { name: 'empty', path: '/links/drafts', reach: asItIs },
  waitingFor('/links/spring', '**/api/v1/links/spring*', '.shell-main'),
  { name: 'edit', path: '/links/spring', reach: click('.links-head .button') },
  {
    name: 'edit-rules',
    path: '/links/drafts',
    async reach(page) {
      await page.locator('.links-head .button').first().click();
      await page.locator('.dialog summary').waitFor();
    },
  },
  {
    name: 'deleted',
    path: '/links/drafts',
    reach: async (page) => {
      await page.locator('.links-head [data-kind="danger"]').click();
      await page.locator('.link-list').waitFor();
    },
    leave: click('.toasts .button'),
  },
];

export const OWNER_STATES: readonly LookState[] = [...PANEL, ...CREATING, ...LINK, ...SETTINGS_STATES, ...IMPORT_STATES];

const NEWCOMER = 'newcomer@example.com';
/** Of the regular plan, unless the settings say otherwise. */
const QUOTA = 75;

const newcomerToken = (app: App) => signIn(app, NEWCOMER, PASSWORD);

async function fillQuota(app: App): Promise<void> {
  const links = Array.from({ length: QUOTA }, (_, i) => ({ url: `${PASSING}/${i}` }));
  await askApp(app, 'POST', 'links/bulk', { links }, { token: await newcomerToken(app) });
}

/** Of whoever has a confirmed account, and nothing in it. */
export const NEWCOMER_STATES: readonly LookState[] = [
  {
    name: 'quota',
    path: '/links/new',
    async reach(page, app) {
      await fillQuota(app);
      await fillTarget(page, PASSING);
      await create(page);
      await page.locator('.dialog .notice').waitFor();
    },
    leave: async (_, app) => deletePassing(app, await newcomerToken(app)),
  },
  {
    name: 'pending',
    path: '/settings',
    async reach(page) {
      const notice = page.locator('.settings .card').first().locator('.notice');
      if ((await notice.count()) > 0) return;
      await page.locator('.settings summary').first().click();
      const fields = page.locator('.settings details[open] input');
      await fields.nth(0).fill('another-address@example.com');
      await fields.nth(1).fill(PASSWORD);
      await page.keyboard.press('Enter');
      await notice.waitFor();
    },
  },
];

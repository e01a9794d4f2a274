// timeout: 120 s
/** How one gets about in the app: by keyboard, by the address bar, back and forth, in two tabs; and what a browser or a server refuses on the way. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD, registerConfirmed, startApp } from '../support/app.ts';
import { askApp, signIn } from '../support/app-api.ts';
import { until } from '../support/until.ts';

const EMAIL = 'owner@example.com';

const started = await startApp();
const app = started.value;
const owner = await app.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
const { page } = owner;
await registerConfirmed(app, owner, EMAIL);
const token = await signIn(app, EMAIL, PASSWORD);
for (const [slug, tag] of Object.entries({ spring: 'shop', autumn: 'club' })) {
  await askApp(app, 'POST', 'links', { url: app.target, slug, title: slug, tags: [tag] }, { token });
}

const it = suite('ways');
it.after(() => started.stop());

const dialogOf = (page: Page) => page.getByRole('dialog');
const closed = (page: Page) => dialogOf(page).waitFor({ state: 'detached' });
const focused = (name: string) => page.locator(':focus').and(page.getByRole('button', { name })).waitFor();

async function fillSignIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(EMAIL);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

it('the first key leads past the head, on the page that one is on', async () => {
  await page.goto('/links?tag=shop');
  await page.locator('.link-row').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('main:focus').waitFor();
  assert.is(page.url(), `${app.url}/links?tag=shop`);
  assert.is(await page.locator('.link-row').count(), 1);
});

it('a dialog that is closed leaves everything as it was, and Back does not open it again', async () => {
  await page.getByRole('button', { name: 'New link' }).focus();
  await page.keyboard.press('Enter');
  await dialogOf(page).waitFor();
  assert.match(page.url(), /\/links\/new\b/);
  await page.keyboard.press('Escape');
  await closed(page);
  assert.is(page.url(), `${app.url}/links?tag=shop`);
  assert.is(await page.locator('.link-row').count(), 1, 'still those with the tag');
  await focused('New link');
  await page.getByRole('link', { name: 'spring' }).click();
  await page.getByRole('button', { name: 'Edit' }).press('Enter');
  await dialogOf(page).waitFor();
  await page.keyboard.press('Escape');
  await closed(page);
  await focused('Edit');
  await page.goBack();
  await page.waitForURL('**/links?tag=shop');
  assert.is(await dialogOf(page).count(), 0);
});

it('a dialog that was opened by its address is closed like any other', async () => {
  await page.goto('/links/new');
  await dialogOf(page).waitFor();
  await page.keyboard.press('Escape');
  await closed(page);
  assert.is(page.url(), `${app.url}/links`);
});

it('copies without the clipboard of browsers, also in a dialog; and says so when nothing was copied', async () => {
  const other = await app.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
  await other.page.addInitScript(
    `globalThis.clipboardOf = () => real.readText(); const real = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined });`,
  );
  await other.page.goto('/login');
  await fillSignIn(other.page);
  await other.page.getByRole('button', { name: 'New link' }).click();
  await other.page.getByLabel('Where it leads').fill(app.target);
  await other.page.getByLabel('Short address').fill('copied');
  await other.page.getByRole('button', { name: 'Create' }).click();
  const copy = dialogOf(other.page).getByRole('button', { name: 'Copy' });
  await copy.click();
  await dialogOf(other.page).getByRole('button', { name: 'Copied' }).waitFor();
  assert.is(await other.page.evaluate('clipboardOf()'), `${app.url}/copied`);
  assert.ok(await dialogOf(other.page).locator(':focus').count(), 'the focus is where it was');
  await copy.waitFor();
  await other.page.evaluate('document.execCommand = () => false');
  await copy.click();
  await dialogOf(other.page).getByRole('button', { name: 'Not copied' }).waitFor();
  await other.page.getByText('This browser does not let the page copy').waitFor();
  assert.equal(other.complaints, []);
  await other.context.close();
});

it('who has to sign in first is then where they wanted to be', async () => {
  const guest = await app.visit();
  await guest.page.goto('/links/spring?range=month');
  await guest.page.waitForURL('**/login');
  await fillSignIn(guest.page);
  await guest.page.getByRole('heading', { name: 'spring' }).waitFor();
  assert.is(guest.page.url(), `${app.url}/links/spring?range=month`);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('while the server cannot say who is signed in, that is said, with a way to try again', async () => {
  const away = JSON.stringify({ type: 'about:blank', title: 'Away', status: 503, detail: 'away', code: 'store_away' });
  const answers = [
    { says: 'The server cannot do this right now', answer: { status: 503, contentType: 'application/problem+json', body: away } },
    { says: 'The server cannot be reached', answer: null },
  ];
  for (const { says, answer } of answers) {
    await page.route('**/auth/refresh', (route) => (answer === null ? route.abort() : route.fulfill(answer)));
    await page.goto('/links/spring');
    await page.getByText(says).waitFor();
    assert.is(page.url(), `${app.url}/links/spring`);
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'spring' }).waitFor();
  }
});

it('the list is ordered, searched and filtered by the address bar', async () => {
  const names = () => page.locator('.link-name a').allInnerTexts();
  const shows = async (...wanted: string[]) => until(`${wanted} in ${page.url()}`, async () => (await names()).join() === wanted.join());
  await app.execute("UPDATE links SET disabled = true WHERE slug = 'autumn'");
  await page.goto('/links');
  await shows('copied', 'autumn', 'spring');
  await page.getByLabel('Order').selectOption('By name');
  await shows('autumn', 'copied', 'spring');
  await page.reload();
  await shows('autumn', 'copied', 'spring');
  await page.getByLabel('Tag').selectOption('club');
  await shows('autumn');
  await page.getByLabel('State').selectOption('Active');
  await page.getByText('Nothing fits').waitFor();
  await page.getByRole('button', { name: 'Show all links' }).click();
  await shows('autumn', 'copied', 'spring');
  await page.getByRole('searchbox').fill('SPR');
  await shows('spring');
  assert.is(page.url(), `${app.url}/links?sort=name&search=SPR`);
});

it('a stretch of time stands in the address bar, too; the week is one switch away', async () => {
  await page.getByRole('link', { name: 'spring' }).click();
  await page.getByRole('button', { name: 'This week' }).click();
  await page.getByRole('heading', { name: 'This week' }).waitFor();
  await page.getByRole('button', { name: 'Dates…' }).click();
  await page.getByLabel('from').fill('2026-01-05');
  await page.getByLabel('until').fill('2026-01-07');
  await page.waitForURL('**/links/spring?range=own&from=2026-01-05&to=2026-01-07');
  const days = page.locator('table', { has: page.locator('caption', { hasText: /^Clicks$/ }) }).locator('th');
  await until('three days', async () => (await days.count()) === 3);
  await page.goBack();
  await page.waitForURL('**/links?sort=name&search=SPR');
});

it('what cannot be read leaves what is there, with a way to try again', async () => {
  const away = page.getByText('The server cannot be reached');
  const tryAgain = () => page.getByRole('button', { name: 'Try again' }).click();
  await page.route('**/api/v1/links/spring', (route) => route.abort());
  await page.goto('/links/spring');
  await away.waitFor();
  await page.unrouteAll();
  await tryAgain();
  const devices = page.getByRole('heading', { name: 'Devices' });
  await devices.waitFor();
  await page.route('**/stats?*', (route) => route.abort());
  await page.getByRole('button', { name: '30 days' }).click();
  await away.waitFor();
  assert.ok(await devices.isVisible());
  await page.unrouteAll();
  await tryAgain();
  await away.waitFor({ state: 'detached' });
});

it('the live feed goes on when its token is over', async () => {
  const said: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/auth/refresh')) said.push('asks for a token');
  });
  await page.routeWebSocket('**/api/v1/live', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      server.send(message);
      if (!String(message).includes('"auth"')) return;
      said.push('connects');
      if (said.length === 2) void socket.close({ code: 4401, reason: 'the token or key is not valid, or not valid any more' });
    });
  });
  await page.goto('/links');
  await until('a second connection', () => said.length >= 4);
  assert.equal(said, ['asks for a token', 'connects', 'asks for a token', 'connects']);
  await page.getByText('Live', { exact: true }).waitFor();
});

it('a link that is being deleted is not shown, by no way back, until that is taken back', async () => {
  await askApp(app, 'POST', 'links', { url: app.target, slug: 'passing' }, { token });
  await page.goto('/links');
  await page.getByRole('link', { name: 'passing' }).click();
  await page.getByRole('button', { name: 'Delete' }).press('Enter');
  await page.getByText('1 link was deleted').waitFor();
  await page.locator('main:focus').waitFor(); // the button is gone
  await page.goBack();
  await page.getByRole('heading', { name: 'My links' }).waitFor();
  assert.is(page.url(), `${app.url}/links`);
  assert.is(await page.getByRole('link', { name: 'passing' }).count(), 0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: 'passing' }).waitFor();
});

it('more links than one request may name are deleted together, also when the page is left at once', async () => {
  await app.execute(
    `INSERT INTO links (slug, owner_id, target) SELECT 'many-' || i, (SELECT id FROM users WHERE email = '${EMAIL}'), '${app.target}' FROM generate_series(1, 1001) i`,
  );
  await page.goto('/links?search=many-');
  await page.locator('.link-check').first().check();
  await page.getByRole('button', { name: 'Select all 1001' }).click();
  await page.locator('.links-selection').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('1,001 links were deleted').waitFor();
  await page.reload();
  for (const slug of ['many-1', 'many-500', 'many-1001'])
    await until(`the end of ${slug}`, async () => (await app.node.ask(`/${slug}`)).status === 404);
});

it('who signs out in one tab is out in the others', async () => {
  const second = await owner.context.newPage();
  await second.goto('/links');
  await second.getByRole('button', { name: EMAIL }).click();
  await second.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL('**/login');
  assert.is(await page.locator('.link-row').count(), 0);
  assert.equal(owner.complaints, []);
});

it.run();

// timeout: 120 s
/** The whole way on a telephone, 360 pixels wide, and the menus for language and theme. */
import { devices } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openLocked, overhang, registerConfirmed, startApp, VISITOR_ADDRESSES } from '../support/app.ts';
import { until } from '../support/until.ts';

/** As long as a telephone is not wide. */
const SLUG = 'everything-for-the-spring-and-the-summer-2026';

const LINK_PASSWORD = 'open sesame';

const started = await startApp();
const app = started.value;
const owner = await app.visit({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
const { page } = owner;

const it = suite('360 pixels');
it.after(() => started.stop());

const fits = async (what: string) => assert.is(await overhang(page), 0, what);
const language = () => page.evaluate<string>('document.documentElement.lang');
const theme = () => page.evaluate<string>('document.documentElement.dataset.theme');

it('registers, confirms, and makes a link', async () => {
  await page.goto('');
  await fits('the front page');
  await registerConfirmed(app, owner, 'somebody-with-a-long-name@department.example.com');
  await fits('no links yet');
  await page.getByRole('button', { name: 'New link' }).first().tap();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where it leads').fill(`${app.target}?${'long'.repeat(60)}`);
  await dialog.getByLabel('Name', { exact: true }).fill('Spring sale');
  await dialog.getByLabel('Short address').fill(SLUG);
  await dialog.getByText('Free').waitFor();
  await dialog.getByText('Password, limit, dates').tap();
  await dialog.getByLabel('Valid until').fill('2099-12-31T20:15');
  await fits('the form');
  await dialog.getByRole('button', { name: 'Create' }).tap();
  await dialog.getByRole('heading', { name: 'Your short link' }).waitFor();
  await fits('the new link');
  await dialog.getByRole('button', { name: 'Close' }).last().tap();
  await fits('the list');
});

it('opens it and changes it', async () => {
  await page.getByRole('link', { name: 'Spring sale' }).tap();
  await page.getByRole('heading', { name: 'Spring sale' }).waitFor();
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  await fits('the page of the link');
  await page.getByRole('button', { name: 'Edit' }).tap();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Summer sale');
  await dialog.getByLabel('Password', { exact: true }).fill(LINK_PASSWORD);
  await dialog.getByLabel('Clicks at most').fill('2');
  await fits('the form of an edit');
  await dialog.getByRole('button', { name: 'Save' }).tap();
  await page.getByRole('heading', { name: 'Summer sale' }).waitFor();
});

it('sees a phone and a desktop open it by its password, until it is used up', async () => {
  await page.getByText('Live', { exact: true }).waitFor();
  for (const [device, address] of [
    ['Pixel 7', VISITOR_ADDRESSES.RU],
    ['Desktop Firefox', VISITOR_ADDRESSES.US],
  ]) {
    const visitor = await app.visit({ ...devices[device], extraHTTPHeaders: { 'X-Forwarded-For': address } });
    await openLocked(visitor, SLUG, LINK_PASSWORD, app.target);
  }
  await page.getByText('Used up').waitFor();
  for (const name of ['Phone 1', 'PC 1', 'Russia 1', 'United States 1']) {
    await page.getByRole('row', { name, exact: true }).first().waitFor({ state: 'attached' });
  }
  await fits('charts of clicks');
  assert.is((await app.node.ask(`/${SLUG}`)).status, 410);
});

it("changes the zone, and looks at yesterday's report", async () => {
  await page.goto('settings');
  await page.getByLabel('Time zone').fill('Asia/Tokyo');
  await page.keyboard.press('Tab');
  await page.getByText('Saved').waitFor();
  await page.getByRole('button', { name: "Look at yesterday's" }).tap();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').getByRole('link', { name: 'PDF' }).tap()]);
  assert.match(download.suggestedFilename(), /\.pdf$/);
  await fits('the report');
  await page.goto(`links/${SLUG}`);
  await page.getByRole('heading', { name: 'Summer sale' }).waitFor();
});

it('deletes it, takes that back, and deletes it for good', async () => {
  await page.getByRole('button', { name: 'Delete' }).tap();
  await page.getByText('1 link was deleted').waitFor();
  await fits('the offer to take it back');
  await page.getByRole('button', { name: 'Undo' }).tap();
  await page.getByRole('link', { name: 'Summer sale' }).tap();
  await page.getByRole('button', { name: 'Delete' }).tap();
  await page.reload(); // leaving the page sends what waits
  await until('a link that is gone', async () => (await app.node.ask(`/${SLUG}`)).status === 404);
});

it('changes language and theme by the menus, and keeps them', async () => {
  await page.getByRole('button', { name: 'Language' }).tap();
  await fits('an open menu');
  await Promise.all([page.waitForResponse('**/api/v1/me'), page.getByRole('menuitemradio', { name: 'Русский' }).tap()]);
  await page.getByRole('heading', { name: 'Мои ссылки' }).waitFor();
  await page.getByRole('button', { name: 'Тема' }).tap();
  await page.getByRole('menuitemradio', { name: 'Тёмная' }).tap();
  assert.equal([await language(), await theme()], ['ru', 'dark']);
  await page.goto('settings');
  assert.is(await page.getByRole('combobox', { name: 'Язык' }).inputValue(), 'ru', 'mails and reports are in it, too');
  await page.goto('links');
  await page.getByRole('heading', { name: 'Мои ссылки' }).waitFor();
  assert.equal([await language(), await theme()], ['ru', 'dark']);
  await page.getByRole('button', { name: 'Тема' }).tap();
  await page.getByRole('menuitemradio', { name: 'Светлая' }).tap();
  assert.is(await theme(), 'light');
  await page.getByRole('button', { name: 'Язык' }).press('Enter');
  await page.locator('[role=menuitemradio]:focus', { hasText: 'English' }).press('Enter'); // the first choice gets the focus
  await page.getByRole('heading', { name: 'My links' }).waitFor();
  assert.equal(owner.complaints, []);
});

it.run();

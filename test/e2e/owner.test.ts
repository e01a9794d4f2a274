// timeout: 180 s
/** An owner in a real browser, from registering to signing out. The tests are one story: each goes on where the one before ended. */
import { readFileSync } from 'node:fs';
import { devices, type Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openLocked, overhang, PASSWORD, register, startApp, VISITOR_ADDRESSES, type Visitor } from '../support/app.ts';
import { until } from '../support/until.ts';

const EMAIL = 'owner@example.com';
const NEW_PASSWORD = 'a longer horse than before';
const REPORTS_IN_AN_HOUR = 3;
const LINK_PASSWORD = 'open sesame';

const started = await startApp();
const app = started.value;
const owner = await app.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
const { page } = owner;

const it = suite('owner');
it.after(() => started.stop());

const row = (name: string): Locator => page.getByRole('listitem').filter({ hasText: name });
const hourIn = (timeZone: string): string =>
  new Intl.DateTimeFormat('en', { hour: '2-digit', hourCycle: 'h23', timeZone }).format(Date.now()).padStart(2, '0');

/** The numbers of a chart that are not 0, as its table for screen readers has them. */
async function chart(title: string): Promise<Record<string, string>> {
  const table = page.locator('table', { has: page.locator('caption', { hasText: new RegExp(`^${title}$`) }) }).first();
  const rows = await table.locator('tr').evaluateAll((all) => all.map((it) => [...it.children].map((cell) => cell.textContent ?? '')));
  return Object.fromEntries(rows.filter(([, value]) => value !== '0'));
}

it('registers in the dialog, and sees why no links can be made', async () => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Create an account' }).first().click();
  await page.getByRole('dialog').waitFor();
  assert.match(page.url(), /\/register$/);
  await page.keyboard.press('Escape');
  await page.waitForURL('**/');
  await register(owner, EMAIL);
  assert.ok(await page.getByRole('button', { name: 'New link' }).isDisabled());
  await page.getByText('Your address is not confirmed yet').waitFor();
  await page.getByRole('button', { name: 'Send the mail again' }).click();
  await page.getByText('The mail is on its way').waitFor();
  await page.goto('/settings');
  await page.getByText('You have no links yet, so there is nothing to report').waitFor();
  await page.getByText('It can be sent once your e-mail address is confirmed').waitFor();
  assert.ok(await page.getByRole('button', { name: "Send me yesterday's now" }).isDisabled());
});

it('confirms by the link of the second mail', async () => {
  await page.goto(await app.mailedLink(EMAIL, 2, 'confirm'));
  await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor();
  await page.getByRole('link', { name: 'To my links' }).click();
  await page.getByText('No links yet').waitFor();
});

it('makes a link with every option, the slug checked as it is typed', async () => {
  await page.getByRole('button', { name: 'New link' }).first().click();
  assert.match(page.url(), /\/links\/new$/);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where it leads').fill(app.target);
  await dialog.getByLabel('Name', { exact: true }).fill('Spring sale');
  await dialog.getByLabel('Short address').fill('api');
  await dialog.getByText('Is reserved').waitFor();
  await dialog.getByLabel('Short address').fill('spring');
  await dialog.getByText('Free').waitFor();
  await dialog.getByLabel('Tags').fill('shop, spring');
  await dialog.getByText('Password, limit, dates').click();
  await dialog.getByLabel('Password', { exact: true }).fill(LINK_PASSWORD);
  await dialog.getByLabel('Clicks at most').fill('5');
  await dialog.getByLabel('Valid from').fill('2020-01-01T08:30');
  await dialog.getByLabel('Valid until').fill('2099-12-31T20:15');
  await dialog.getByLabel('Afterwards lead to').fill(`${app.target}/over`);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByRole('heading', { name: 'Your short link' }).waitFor();
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await dialog.getByRole('button', { name: 'Copied' }).waitFor();
  assert.is(await page.evaluate('navigator.clipboard.readText()'), `${app.url}/spring`);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const text = await row('Spring sale').innerText();
  for (const part of ['shop', '5 clicks left', '2020', '2099']) assert.match(text, part);
});

it('makes several by pasting lines', async () => {
  await page.getByRole('button', { name: 'New link' }).first().click();
  const lines = JSON.stringify(`${app.target}/a\n${app.target}/b\nnot an address\n`);
  await page.evaluate(`navigator.clipboard.writeText(${lines})`);
  await page.getByRole('dialog').getByLabel('Where it leads').focus();
  await page.keyboard.press('Control+V');
  await page.getByLabel('3 addresses: a link for each').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await page.getByText('2 links were made · 1 was refused').waitFor();
  await page.getByText('not an address: Must be a complete URL').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  assert.is(await page.locator('.link-row').count(), 3);
});

const click = (visitor: Visitor): Promise<void> => openLocked(visitor, 'spring', LINK_PASSWORD, app.target);

it('sees a click of a phone and one of a desktop in the right hour, device and country', async () => {
  await row('Spring sale').getByRole('link', { name: 'Spring sale' }).click();
  await page.getByRole('heading', { name: 'Spring sale' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const before = hourIn('Europe/Berlin');
  await click(await app.visit({ ...devices['Pixel 7'], extraHTTPHeaders: { 'X-Forwarded-For': VISITOR_ADDRESSES.RU } }));
  await click(await app.visit({ ...devices['Desktop Firefox'], extraHTTPHeaders: { 'X-Forwarded-For': VISITOR_ADDRESSES.US } }));
  await until('both in the charts, without loading the page again', async () => Object.keys(await chart('Devices')).length === 2);
  assert.equal(await chart('Devices'), { Phone: '1', PC: '1' });
  assert.equal(await chart('Countries'), { Russia: '1', 'United States': '1' });
  const hours = await chart('Today by hour');
  const clicks = Object.values(hours).reduce((sum, value) => sum + Number(value), 0);
  assert.is(clicks, 2, JSON.stringify(hours));
  for (const hour of Object.keys(hours)) assert.ok([before, hourIn('Europe/Berlin')].includes(hour.slice(0, 2)), hour);
  await page.reload();
  await page.getByText('3 clicks left').waitFor();
});

it('changes the time zone, and the hours move', async () => {
  await page.goto('/settings');
  await page.getByLabel('Time zone').fill('Asia/Tokyo');
  await page.keyboard.press('Tab');
  await page.getByText('Saved').waitFor();
  const before = hourIn('Asia/Tokyo');
  await page.goto('/links/spring');
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  const hours = Object.keys(await chart('Today by hour'));
  assert.ok(hours.length > 0);
  const earlier = String((Number(before) + 23) % 24).padStart(2, '0');
  for (const hour of hours) assert.ok([earlier, before, hourIn('Asia/Tokyo')].includes(hour.slice(0, 2)), hour);
});

it("looks at yesterday's report, has it sent, and is told when that was often enough", async () => {
  await page.goto('/settings');
  await page.getByRole('button', { name: "Look at yesterday's" }).click();
  const dialog = page.getByRole('dialog');
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('link', { name: 'PDF' }).click()]);
  assert.match(download.suggestedFilename(), /^elnk-\d{4}-\d\d-\d\d\.pdf$/);
  assert.is(readFileSync(await download.path(), 'latin1').slice(0, 5), '%PDF-');
  await page.keyboard.press('Escape');
  const send = page.getByRole('button', { name: "Send me yesterday's now" });
  for (let n = 0; n < REPORTS_IN_AN_HOUR; n++) {
    await Promise.all([page.waitForResponse('**/reports/daily/send'), send.click()]);
    await page.getByText(`The report is on its way to ${EMAIL}`).waitFor();
  }
  const { mail } = await until('the report', () =>
    app.mails.received.find(({ to, mail: { attachments } }) => to.includes(EMAIL) && attachments.length > 0),
  );
  assert.is(mail.attachments[0].contentType, 'application/pdf');
  await send.click();
  await page.getByText('Reports have been sent to you a moment ago').waitFor();
});

it('stays signed in, however quickly pages are left again', async () => {
  // Each page is left while it asks for a token.
  for (let n = 0; n < 3; n++) await Promise.all([page.waitForRequest('**/auth/refresh'), page.goto('/settings', { waitUntil: 'commit' })]);
  await page.goto('/settings');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
});

it('edits the link: name, target, no password any more', async () => {
  await page.goto('/links/spring');
  await page.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Summer sale');
  await dialog.getByLabel('Where it leads').fill(`${app.target}/summer`);
  await dialog.getByLabel('Remove the password').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Summer sale' }).waitFor();
  const visitor = await app.visit();
  await visitor.page.goto('/spring');
  assert.is(visitor.page.url(), `${app.target}/summer`);
  await visitor.context.close();
});

it('deletes with a way back, and for good', async () => {
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.waitForURL('**/links');
  await page.getByText('1 link was deleted').waitFor();
  assert.is(await row('Summer sale').count(), 0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await row('Summer sale').waitFor();
  await row('Summer sale').getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.reload(); // leaving the page sends what waits
  await until('a link that is gone', async () => (await app.node.ask('/spring')).status === 404);
});

it('finds its way at 360 pixels', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ['/links', '/links/new', '/settings']) {
    await page.goto(path);
    await page.locator('h1').first().waitFor();
    assert.is(await overhang(page), 0, path);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

it('selects one link after the other, deletes them together with a way back, and selects none', async () => {
  await page.goto('/links');
  const checks = page.locator('.link-check');
  await checks.nth(0).check();
  await checks.nth(1).check();
  await page.getByText('2 links selected').waitFor();
  assert.ok(await checks.nth(0).isChecked());
  const links = await checks.count();
  await page.locator('.links-selection').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('2 links were deleted').waitFor();
  assert.is(await checks.count(), links - 2);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page
    .locator('.link-row')
    .nth(links - 1)
    .waitFor();
  await checks.nth(0).check();
  await checks.nth(1).check();
  await checks.nth(0).uncheck();
  await page.getByText('1 link selected').waitFor();
  await page.getByRole('button', { name: `Select all ${links}` }).click();
  await page.getByText(`${links} links selected`).waitFor();
  assert.is(await page.getByRole('button', { name: 'Select all' }).count(), 0);
  await page.getByRole('button', { name: 'Unselect' }).click();
  assert.not(await checks.nth(1).isChecked());
});

it('signs out, which ends the time to take a deletion back, and sets a new password by mail', async () => {
  await page.goto('/links');
  await page.locator('.link-check').first().check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: EMAIL }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await page.getByLabel('E-mail').fill(EMAIL);
  await page.keyboard.press('Enter');
  await page.getByText('a mail with a link is on its way').waitFor();
  await page.goto(await app.mailedLink(EMAIL, 3, 'reset'));
  await page.getByLabel('New password').fill(NEW_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The new password is set' }).waitFor();
  await page.getByRole('link', { name: 'Sign in' }).last().click();
  const signIn = async (password: string) => {
    await page.getByLabel('E-mail').fill(EMAIL);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  };
  await signIn(PASSWORD);
  await page.getByRole('dialog').getByText('The address or the password is wrong').waitFor();
  await signIn(NEW_PASSWORD);
  await page.waitForURL('**/links');
  await page.locator('.link-row').waitFor(); // the other one of two
  assert.equal(owner.complaints, []);
});

it.run();

// timeout: 120 s
/** What an owner settles about the account, in a real browser: address, password, keys, devices, the end of it. The tests are one story. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD, registerConfirmed, startApp } from '../support/app.ts';
import { askApp, sendToApp } from '../support/app-api.ts';

const EMAIL = 'owner@example.com';
const NEW_EMAIL = 'other@example.com';
const NEW_PASSWORD = 'a longer horse than before';

const started = await startApp();
const app = started.value;
const owner = await app.visit();
const { page } = owner;
await registerConfirmed(app, owner, EMAIL);

const it = suite('settings');
it.after(() => started.stop());

const open = (name: string) => page.locator('summary', { hasText: name }).click();
const form = () => page.locator('details[open] form');

async function signIn(email: string, password: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/links');
}

it('makes a key that is shown once, and revokes it', async () => {
  await page.goto('/settings');
  await page.getByText('There are no keys yet').waitFor();
  await open('New key');
  await form().getByLabel('Name').fill('Shop');
  await form().getByLabel('read statistics').uncheck();
  await form().getByRole('button', { name: 'Make the key' }).click();
  const token = await page.locator('.key-secret code').innerText();
  const link = await askApp<{ slug: string }>(app, 'POST', 'links', { url: app.target }, { token });
  assert.is((await sendToApp(app, 'GET', `links/${link.slug}/stats`, undefined, { token })).status, 403);
  await page.reload();
  await page.getByText('read links, create and change links').waitFor();
  assert.is(await page.locator('.key-secret').count(), 0);
  await page.getByRole('button', { name: 'Revoke: Shop' }).click();
  await page.getByText('There are no keys yet').waitFor();
  assert.is((await sendToApp(app, 'GET', 'links', undefined, { token })).status, 401);
});

it('has the daily report switched on and off', async () => {
  const isOn = page.getByRole('checkbox', { name: 'Send it by mail each day' });
  const before = await isOn.isChecked();
  await isOn.click();
  await page.getByText('Saved').waitFor();
  await page.reload();
  await isOn.waitFor();
  assert.is(await isOn.isChecked(), !before);
});

it('changes the address, which holds when the mail is opened', async () => {
  await open('Change the address');
  await form().getByLabel('E-mail').fill(NEW_EMAIL);
  await form().getByLabel('Current password').fill('not this');
  await page.keyboard.press('Enter');
  await form().getByRole('alert').waitFor();
  await form().getByLabel('Current password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText(`A mail is on its way to ${NEW_EMAIL}`).waitFor();
  await page.goto(await app.mailedLink(NEW_EMAIL, 1, 'confirm'));
  await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor();
  await page.goto('/settings');
  await page.locator('p', { hasText: NEW_EMAIL }).waitFor();
});

it('changes the password: this device stays in, others are out', async () => {
  const other = await app.visit();
  await other.page.goto('/login');
  await other.page.getByLabel('E-mail').fill(NEW_EMAIL);
  await other.page.getByLabel('Password').fill(PASSWORD);
  await other.page.keyboard.press('Enter');
  await other.page.waitForURL('**/links');
  await open('Change the password');
  await form().getByLabel('Current password').fill(PASSWORD);
  await form().getByLabel('New password').fill(NEW_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('The new password holds').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await other.page.goto('/settings');
  await other.page.waitForURL('**/login');
  await other.context.close();
});

it('signs out everywhere', async () => {
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  await page.goto('/settings');
  await page.waitForURL('**/login');
});

it('deletes the account, with the password', async () => {
  await signIn(NEW_EMAIL, NEW_PASSWORD);
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password').fill('not this');
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Current password').fill(NEW_PASSWORD);
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  assert.is((await sendToApp(app, 'POST', 'auth/login', { email: NEW_EMAIL, password: NEW_PASSWORD })).status, 401);
  assert.equal(owner.complaints, []);
});

it.run();

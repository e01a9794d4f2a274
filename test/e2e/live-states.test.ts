// timeout: 120 s
/** What an owner sees change by itself: a limit that is used up, a window that closes, a connection that is lost and found again. */
import { devices, type Locator } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD, registerConfirmed, startApp } from '../support/app.ts';

const EMAIL = 'owner@example.com';
/** Until a link is over: time enough to see that it is not yet. */
const WINDOW_MS = 8_000;

const started = await startApp();
const app = started.value;
const owner = await app.visit();
const phone = await app.visit(devices['Pixel 7']); // headless Chromium counts as a bot
const { page } = owner;

const it = suite('states, live');
it.after(() => started.stop());

const row = (slug: string): Locator => page.getByRole('listitem').filter({ hasText: `/${slug} ` });

it('a limit goes down with the clicks until the link is used up', async () => {
  await registerConfirmed(app, owner, EMAIL);
  await page.getByRole('button', { name: 'New link' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where it leads').fill(app.target);
  await dialog.getByLabel('Short address').fill('twice');
  await dialog.getByText('Free').waitFor();
  await dialog.getByText('Password, limit, dates').click();
  await dialog.getByLabel('Clicks at most').fill('2');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByText('Live', { exact: true }).waitFor();
  await row('twice').getByText('2 clicks left').waitFor();
  await phone.page.goto('twice');
  await row('twice').getByText('1 click left').waitFor();
  await phone.page.goto('twice');
  await row('twice').getByText('Used up').waitFor();
  await phone.page.goto('twice');
  assert.match(phone.page.url(), /\/twice$/, 'it leads nowhere any more');
});

async function post(path: string, body: unknown, token: string | null): Promise<{ accessToken: string }> {
  const headers = { 'Content-Type': 'application/json', ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
  const response = await fetch(`${app.url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json() as Promise<{ accessToken: string }>;
}

it('a link is over at its time, on its page and in the list', async () => {
  const { accessToken } = await post('auth/login', { email: EMAIL, password: PASSWORD }, null);
  const expiresAt = new Date(Date.now() + WINDOW_MS).toISOString();
  await post('links', { url: app.target, slug: 'brief', title: 'Brief', expiresAt }, accessToken);
  await page.goto('links/brief');
  await page.getByRole('heading', { name: 'Brief' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('.links-head .badge', { hasText: 'Over' }).waitFor();
  assert.ok(Date.now() >= Date.parse(expiresAt));
  await page.getByRole('link', { name: 'All links' }).click();
  await row('brief').getByText('Over').waitFor();
});

it('a connection that is lost is said to be, and what has come meanwhile is there when it is found again', async () => {
  assert.equal([...owner.complaints, ...phone.complaints], []); // those of a broken connection are none
  await page.goto('links');
  await page.getByText('Live', { exact: true }).waitFor();
  await app.node.kill();
  await page.getByText('Connection lost. Trying again').waitFor();
  await app.execute(`UPDATE links SET title = 'Meanwhile' WHERE slug = 'brief'`);
  await app.startAgain();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Meanwhile' }).waitFor();
});

it.run();

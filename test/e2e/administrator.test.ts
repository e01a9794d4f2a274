// timeout: 180 s
/** The first administrator of a new node in a real browser, and whoever feels it. The tests are one story. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD, registerConfirmed, setUp, startApp } from '../support/app.ts';

const EMAIL = 'person@example.com';

const started = await startApp();
const app = started.value;
const administrator = await app.visit();
const person = await app.visit();
const { page } = administrator;

const it = suite('administrator');
it.after(() => started.stop());

it('becomes one by the link of a new node, which is good once', async () => {
  await setUp(app, administrator, 'admin@example.com');
  await page.getByRole('button', { name: 'admin@example.com' }).click();
  await page.getByRole('menuitem', { name: 'Administration' }).click();
  await page.getByRole('heading', { name: 'Administration' }).waitFor();
  const second = await app.visit();
  await second.page.goto(app.setupLink());
  await second.page.getByLabel('E-mail').fill('thief@example.com');
  await second.page.getByLabel('Password').fill(PASSWORD);
  await second.page.keyboard.press('Enter');
  await second.page.locator('.notice[data-kind="fault"]').waitFor();
  await second.context.close();
});

it('finds a person and bans them: they are out', async () => {
  await registerConfirmed(app, person, EMAIL);
  await person.page.goto('/admin');
  await person.page.getByText('There is no such page').waitFor();
  await page.goto('/admin/users');
  await page.getByLabel('Search e-mail addresses').fill('person@');
  await page.getByRole('checkbox', { name: EMAIL }).check();
  await page.getByRole('button', { name: 'Ban', exact: true }).click();
  await page.getByRole('row', { name: EMAIL }).getByText('banned').waitFor();

  await person.page.goto('/links');
  await person.page.waitForURL('**/login');
  await person.page.getByLabel('E-mail').fill(EMAIL);
  await person.page.getByLabel('Password').fill(PASSWORD);
  await person.page.keyboard.press('Enter');
  await person.page.getByRole('dialog').locator('.notice[data-kind="fault"]').waitFor();
  assert.match(person.page.url(), /\/login$/);
});

it('blocks a host: nobody can make a link to it, until it is unblocked', async () => {
  const guest = await app.visit();
  const shorten = async () => {
    await guest.page.goto('/');
    await guest.page.getByLabel('Long address').fill('https://www.blocked.example/page');
    await guest.page.keyboard.press('Enter');
  };
  await page.goto('/admin/hosts');
  await page.getByRole('textbox', { name: 'Host' }).fill('blocked.example');
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  const unblock = page.getByRole('button', { name: 'Unblock: blocked.example' });
  await unblock.waitFor();
  await shorten();
  await guest.page.getByRole('alert').waitFor();
  await unblock.click();
  await page.getByText('No host is blocked').waitFor();
  await shorten();
  await guest.page.getByRole('region', { name: 'Your short link' }).waitFor();
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('closes the registration', async () => {
  await page.goto('/admin/settings');
  await page.getByLabel('Visitors may create accounts').uncheck();
  await page.getByText('Done').waitFor();
  const guest = await app.visit();
  await guest.page.goto('/register');
  await guest.page.getByLabel('E-mail').fill('late@example.com');
  await guest.page.getByLabel('Password').fill(PASSWORD);
  await guest.page.keyboard.press('Enter');
  await guest.page.getByRole('dialog').locator('.notice[data-kind="fault"]').waitFor();
  await guest.context.close();
});

it('reads in the audit what was done', async () => {
  await page.goto('/admin/audit');
  await page.getByText(EMAIL).first().waitFor();
  await page.getByText('blocked.example').first().waitFor();
  assert.equal(administrator.complaints, []);
  assert.equal(person.complaints, []);
});

it.run();

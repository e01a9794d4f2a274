// timeout: 180 s
/** The first administrator of a new node in a real browser, and whoever feels it. The tests are one story. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { trouble } from '../../src/core/troubles.ts';
import { PASSWORD, registerConfirmed, setUp, startApp } from '../support/app.ts';
import { askApp, signIn } from '../support/app-api.ts';
import { until } from '../support/until.ts';

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

it('sees what the server counted, by the day, and what it does right now', async () => {
  const clicks = 5;
  await page.goto('/admin/counters?days=7');
  const redirects = page.getByRole('link', { name: /^Guest links created/ });
  await redirects.click();
  await page.waitForURL('**/admin/counters?days=7&counter=guestLinksCreated');
  await page.getByRole('heading', { name: 'Guest links created' }).waitFor();
  const days = page.locator('table', { has: page.locator('caption', { hasText: 'Guest links created' }) }).locator('tr');
  assert.equal([await days.count(), await days.last().locator('td').innerText()], [7, '1']);

  await page.getByRole('link', { name: 'Traffic now' }).click();
  await page.getByRole('heading', { name: 'Redirects a second' }).waitFor();
  const unknown = page.locator('.overview > div').filter({ hasText: 'Unknown slugs' });
  await unknown.getByText('today 0').waitFor();
  for (let n = 0; n < clicks; n++) await app.node.ask(`/nothing-${n}`);
  await unknown.getByText(`today ${clicks}`).waitFor();
});

it('runs a job again that has failed', async () => {
  await app.execute(
    `SELECT graphile_worker.add_job('nothing', '{}', run_at => now() + interval '1 day', max_attempts => 3);
     UPDATE graphile_worker._private_jobs SET attempts = 3, last_error = 'the disk was full' WHERE max_attempts = 3`,
  );
  await page.goto('/admin/jobs');
  await page.getByRole('navigation', { name: 'State' }).getByRole('link', { name: 'given up' }).click();
  await page.getByText('the disk was full').waitFor();
  assert.match(page.url(), /state=dead$/);
  await page.getByRole('button', { name: 'Run again: nothing' }).click();
  await page.getByText('It will run now').waitFor();
  await page.getByText('There are none: all is done').waitFor();
  await page.goto('/admin/audit');
  await page.getByText('ran a job again').waitFor();
});

it('sees the nodes, with their versions, lifetimes and positions', async () => {
  await page.goto('/admin/nodes');
  const card = page.getByRole('listitem').filter({ hasText: 'Cache lifetime' });
  await card.getByText('Positions of the click logs').click();
  assert.match(await card.innerText(), /running[\s\S]*Version[\s\S]*0\.1\.0[\s\S]*Backlog[\s\S]*0 clicks/);
  assert.ok((await card.getByRole('row').count()) > 1);
});

it('reads in Russian what the server says of its troubles', async () => {
  const degraded = [trouble('redisAway'), 'of a later version'];
  await app.execute(
    `SELECT graphile_worker.add_job('nothing', '{}', run_at => now() + interval '1 day', max_attempts => 3);
     UPDATE graphile_worker._private_jobs SET attempts = 3, last_error = '${trouble('tookLonger', { number: 60_000 })}' WHERE max_attempts = 3;
     INSERT INTO nodes (node, version, started_at, seen_at, state)
     SELECT 'unwell', version, started_at, now() + interval '1 hour', state || '${JSON.stringify({ degraded })}' FROM nodes`,
  );
  await page.goto('/admin/nodes');
  await page.getByText(degraded[0]).waitFor();
  await page.evaluate(`localStorage.setItem('elnk.locale', '"ru"')`);
  await page.goto('/admin/nodes');
  await page.getByText('Redis недоступен: другие узлы узнают об изменениях с задержкой').waitFor();
  await page.getByText(degraded[1]).waitFor();
  await page.goto('/admin/jobs');
  await page.getByText('Последняя ошибка: не уложилось в 60000 мс').first().waitFor();
  await page.evaluate(`localStorage.setItem('elnk.locale', '"en"')`);
});

it('switches a link off and on, and deletes it', async () => {
  const token = await signIn(app, 'admin@example.com', PASSWORD);
  await askApp(app, 'POST', 'links', { url: app.target, slug: 'switched' }, { token });
  const status = async () => (await app.node.ask('/switched')).status;
  const press = async (name: string) => {
    await page.getByRole('listitem').filter({ hasText: '/switched' }).getByRole('button', { name }).click();
  };
  await page.goto('/admin/links');
  await page.getByLabel('Search slugs and targets').fill('switch');
  assert.is(await status(), 302);
  await press('Switch off');
  await until('a link that leads nowhere', async () => (await status()) !== 302);
  await press('Switch on');
  await until('a link that leads on', async () => (await status()) === 302);
  await press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Delete' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.is(await status(), 302, 'nothing happens before the answer');
  await press('Delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await until('a link that is gone', async () => (await status()) === 404);
});

it('reads in the audit what was done', async () => {
  await page.goto('/admin/audit');
  await page.getByText(EMAIL).first().waitFor();
  await page.getByText('blocked.example').first().waitFor();
  assert.equal(administrator.complaints, []);
  assert.equal(person.complaints, []);
});

it.run();

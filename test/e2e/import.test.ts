// timeout: 180 s
/**
 * Imports in a real browser: choosing, checking, watching, cancelling, refused rows, coming back. States are looked at in both languages and themes, at 360 and
 * 1,280 pixels; SCREENSHOTS=folder looks at all of them, in all combinations, and keeps pictures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Download } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { overhang, register, registerConfirmed, startApp } from '../support/app.ts';
import { seriousFaults } from '../support/axe.ts';

/** With a password each, which is the work of a core: more than are imported before somebody cancels, however quick the machine. */
const MANY = 5_000;
const SCREENSHOTS = process.env.SCREENSHOTS;
const LOOKS = [
  { language: 'en', theme: 'light' },
  { language: 'ru', theme: 'dark' },
  ...(SCREENSHOTS === undefined
    ? []
    : [
        { language: 'en', theme: 'dark' },
        { language: 'ru', theme: 'light' },
      ]),
];
const WIDTHS = [360, 1280];

const started = await startApp({ QUOTA_REGULAR: '10000' });
const app = started.value;
const owner = await app.visit({ acceptDownloads: true });
const { page } = owner;
await registerConfirmed(app, owner, 'owner@example.com');

const it = suite('import in the browser');
it.after(() => started.stop());

const csv = (lines: readonly string[]) => ({ name: 'my links.csv', mimeType: 'text/csv', buffer: Buffer.from(`${lines.join('\n')}\n`) });
const GOOD_AND_BAD = csv([
  'url,slug,maxClicks,colour',
  'https://a.example/,first,5,red',
  'https://a.example/,first,,',
  'nonsense,,,',
  'https://a.example/,a b,many,',
  'https://a.example/,"open,,',
  'https://a.example/second,,,',
]);

async function look(name: string): Promise<void> {
  const faults: string[] = [];
  for (const { language, theme } of LOOKS) {
    await page.evaluate(`localStorage.setItem('elnk.locale', '"${language}"'); localStorage.setItem('elnk.theme', '"${theme}"');`);
    await page.reload();
    await page.locator('.import .card, .import .notice').first().waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const wider = await overhang(page);
      if (wider !== 0) faults.push(`${name}: ${wider} pixels wider than ${width}`);
      faults.push(...(await seriousFaults(page)).map((fault) => `${name}, ${language}: ${fault}`));
      if (SCREENSHOTS !== undefined)
        await page.screenshot({ path: join(SCREENSHOTS, `import-${name}-${language}-${theme}-${width}.png`), fullPage: true });
    }
  }
  await page.evaluate(`localStorage.setItem('elnk.locale', '"en"'); localStorage.setItem('elnk.theme', '"light"');`);
  await page.reload();
  assert.equal(faults, []);
}

/** A state that is much like another one. */
const lookToo = (name: string): Promise<void> => (SCREENSHOTS === undefined ? Promise.resolve() : look(name));

async function textOf(download: Promise<Download>): Promise<string> {
  return readFileSync(await (await download).path(), 'utf8');
}

const choose = (file: ReturnType<typeof csv>) => page.getByLabel('Choose a file').setInputFiles(file);
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

it('is found from an empty panel, and gives a template that it takes', async () => {
  await page.getByRole('link', { name: 'Import CSV' }).click();
  await page.getByRole('heading', { name: 'Import links' }).waitFor();
  assert.match(page.url(), /\/links\/import$/);
  await look('choose');
  const download = page.waitForEvent('download');
  await press('Download a template');
  const template = await textOf(download);
  assert.match(template, /^\ufeffurl,slug,title,tags,/);
  await choose({ name: 'template.csv', mimeType: 'text/csv', buffer: Buffer.from(template) });
  await page.getByText('template.csv').waitFor();
  await page.getByLabel('Only check the file').check();
  await press('Check');
  await page.getByText('No row was refused.').waitFor();
  await press('Import another file');
});

it('says what is wrong with a file', async () => {
  await press('Import');
  await page.getByRole('alert').filter({ hasText: 'Choose a file first.' }).waitFor();
  await choose(csv(['name,age', 'a,1']));
  await press('Import');
  await page.getByRole('alert').filter({ hasText: 'The first line has to name the columns' }).waitFor();
  await choose(csv(['url']));
  await press('Import');
  await page.getByText('There were no rows below the first line.').waitFor();
  await lookToo('no-rows');
  await press('Import another file');
});

it('checks a file, then imports it, with the refused rows and why', async () => {
  await choose(GOOD_AND_BAD);
  await page.getByLabel('Only check the file').check();
  await press('Check');
  await page.getByText('The file is checked').waitFor();
  await press('Import 2 links');
  await page.getByText('The import is finished').waitFor();
  await page.getByText('Columns that mean nothing here: colour').waitFor();
  const rows = await page
    .locator('.import-faults tbody tr')
    .evaluateAll((all) => all.map((it) => [...it.children].map((cell) => cell.textContent)));
  assert.equal(rows, [
    ['3', 'The slug first is taken'],
    ['4', 'url: must be a complete URL'],
    ['5', 'slug: may contain only ASCII letters, digits, "-" and "_"; maxClicks: must be a whole number'],
    ['6', 'has a quotation mark that is not closed'],
  ]);
  const download = page.waitForEvent('download');
  await press('Download all refused rows');
  assert.match(await textOf(download), /^\ufeffLine,Why\r\n3,The slug first is taken\r\n/);
  await look('result');
  await page.getByRole('main').getByRole('link', { name: 'My links', exact: true }).click();
  await page.locator('.link-row').nth(1).waitFor();
  assert.is(await page.locator('.link-row').count(), 2);
});

it('exports what can be imported again', async () => {
  await page.getByRole('button', { name: 'Import and export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export as CSV' }).click();
  assert.match(await textOf(download), /^slug,url,title,/);
  await page.getByRole('button', { name: 'Import and export' }).click();
  await page.getByRole('menuitem', { name: 'Import CSV' }).click();
  await page.waitForURL('**/links/import');
});

it('shows how far a long one is, also to who comes back; and cancels it', async () => {
  await choose(csv(['url,password', ...Array.from({ length: MANY }, (_, i) => `https://a.example/${i},sesame`)]));
  await press('Import');
  await page.getByRole('progressbar', { name: 'How far it is' }).waitFor();
  await page.goto('/links');
  await page.locator('.link-row').first().waitFor();
  await page.goto('/links/import');
  await page.waitForURL('**/links/import?id=*');
  await look('under-way');
  await page.getByText('Making links…').waitFor();
  await press('Cancel');
  await page.getByText('The import was cancelled').waitFor();
  await lookToo('cancelled');
  await page.goto('/links/import?id=999999');
  await page.getByText('There is no such import any more').waitFor();
  await lookToo('gone');
  assert.equal(owner.complaints, []);
});

it('is locked, with the reason, before the address is confirmed', async () => {
  const stranger = await app.visit();
  await register(stranger, 'new@example.com');
  await stranger.page.goto('/links/import');
  await stranger.page.getByText('Your address is not confirmed yet').waitFor();
  assert.ok(await stranger.page.getByRole('button', { name: 'Import', exact: true }).isDisabled());
  assert.equal(stranger.complaints, []);
});

it.run();

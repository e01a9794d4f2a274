// timeout: 240 s
/**
 * Every page: axe-core finds nothing serious, no page is wider than its window, and the console stays empty. A test looks at each in English,
 * light, 1,280 pixels wide, and in Russian, dark, at 360. SCREENSHOTS=folder looks at all combinations and keeps a picture of each.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { overhang, register, setUp, startApp } from '../support/app.ts';
import { seriousFaults } from '../support/axe.ts';
import { fillDemo } from '../support/demo-data.ts';
import { until } from '../support/until.ts';

const LANGUAGES = ['en', 'ru'];
const THEMES = ['light', 'dark'] as const;
const WIDTHS = [360, 1280];
const HEIGHT = 800;

const GUEST_PAGES = [
  '/',
  '/login',
  '/register',
  '/forgot',
  '/reset#token=x',
  '/confirm#token=x',
  '/setup#token=x',
  '/docs#postApiV1Links',
  '/no/such/page',
];
const OWNER_PAGES = [
  '/links',
  '/links/new',
  '/links/spring',
  '/links/spring?range=month',
  '/links?search=nothing-fits',
  '/links/import',
  '/settings',
  '/docs',
];
const ADMIN_PAGES = ['users', 'links', 'hosts', 'settings', 'counters', 'traffic', 'jobs', 'nodes', 'audit'].map(
  (part) => `/admin/${part}`,
);
/** What visitors see of links, without JavaScript. */
const VISITOR_PAGES = ['/drafts', '/soon', '/past', '/used', '/off', '/blocked', '/no-such-link', '/spring+', '/drafts+'];
const UNCONFIRMED_PAGES = ['/links', '/settings'];

const started = await startApp();
const app = started.value;
const it = suite('looks');
it.after(() => started.stop());

const guest = await app.visit();
const admin = await app.visit();
const unconfirmed = await app.visit();
await setUp(app, admin, 'admin@example.com');
await fillDemo(app, admin);
await register(unconfirmed, 'a-rather-long-address-of-somebody@department.example.com');

async function settle(page: Page): Promise<void> {
  await page.locator('h1, h2').first().waitFor();
  // Asked again and again from here: waiting within the page would be eval, which its policy forbids.
  await until('a page without skeletons', () => page.evaluate<boolean>('document.querySelector(".skeleton") === null'));
  await page.evaluate('document.fonts.ready');
}

async function look(page: Page, path: string, name: string): Promise<string[]> {
  const faults: string[] = [];
  await page.goto(path);
  await settle(page);
  if (new URL(page.url()).pathname !== new URL(path, page.url()).pathname) faults.push(`${name}: led to ${page.url()}`);
  const wider = await overhang(page);
  if (wider !== 0) faults.push(`${name}: ${wider} pixels wider than its window`);
  faults.push(...(await seriousFaults(page)).map((fault) => `${name}: ${fault}`));
  const folder = process.env.SCREENSHOTS;
  const file = name.replace(/[^\w-]+/g, '-').replace(/-+$/, '');
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${file}.png`), fullPage: true });
  return faults;
}

const groups = {
  guest: { visitor: guest, paths: GUEST_PAGES },
  owner: { visitor: admin, paths: OWNER_PAGES },
  admin: { visitor: admin, paths: ADMIN_PAGES },
  unconfirmed: { visitor: unconfirmed, paths: UNCONFIRMED_PAGES },
};

type Look = { language: string; theme: (typeof THEMES)[number]; width: number };
const everything: Look[] = LANGUAGES.flatMap((language) => THEMES.flatMap((theme) => WIDTHS.map((width) => ({ language, theme, width }))));
const looks: Look[] =
  process.env.SCREENSHOTS === undefined
    ? [
        { language: 'en', theme: 'light', width: 1280 },
        { language: 'ru', theme: 'dark', width: 360 },
      ]
    : everything;

for (const [group, { visitor, paths }] of Object.entries(groups)) {
  for (const { language, theme, width } of looks) {
    it(`${group}, ${language}, ${theme}, ${width} pixels`, async () => {
      const { page, complaints } = visitor;
      await page.goto('/');
      await page.evaluate(`localStorage.setItem('elnk.locale', '"${language}"'); localStorage.setItem('elnk.theme', '"${theme}"');`);
      await page.setViewportSize({ width, height: HEIGHT });
      const faults: string[] = [];
      for (const path of paths)
        faults.push(...(await look(page, path, `${group}-${path.slice(1) || 'front'}-${language}-${theme}-${width}`)));
      assert.equal(faults, []);
      assert.equal(complaints, []);
    });
  }
}

for (const { language, theme, width } of looks) {
  it(`visitor, ${language}, ${theme}, ${width} pixels`, async () => {
    const { context, page, complaints } = await app.visit({
      locale: language,
      colorScheme: theme,
      viewport: { width, height: HEIGHT },
    });
    const faults: string[] = [];
    for (const path of VISITOR_PAGES) faults.push(...(await look(page, path, `visitor-${path.slice(1)}-${language}-${theme}-${width}`)));
    await context.close();
    assert.equal(faults, []);
    assert.equal(complaints, []);
  });
}

it.run();

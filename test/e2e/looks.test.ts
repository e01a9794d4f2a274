// timeout: 240 s
/**
 * Every page: axe-core finds nothing serious, no page is wider than its window, nothing moves while it loads, and the console stays empty. A test looks
 * at each in English, light, 1,280 pixels wide, and in Russian, dark, at 360. SCREENSHOTS=folder looks at all combinations, at states without an address
 * of their own, too, and keeps a picture of each; LOOKS=expression only at those whose name it fits, such as `owner-links.*-ru-dark`.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { overhang, register, registerConfirmed, setUp, startApp, type Visitor } from '../support/app.ts';
import { seriousFaults } from '../support/axe.ts';
import { fillDemo, fillTroubles } from '../support/demo-data.ts';
import { shiftsOf, watchShifts } from '../support/layout-shift.ts';
import { ADMIN_STATES } from '../support/looks/admin.ts';
import { GUEST_STATES } from '../support/looks/guest.ts';
import { NEWCOMER_STATES, OWNER_STATES } from '../support/looks/owner.ts';
import type { LookState } from '../support/looks/states.ts';
import { VISITOR_STATES } from '../support/looks/visitor.ts';
import { until } from '../support/until.ts';

const LANGUAGES = ['en', 'ru'];
const THEMES = ['light', 'dark'] as const;
const WIDTHS = [360, 1280];
const HEIGHT = 800;
/** Of Cumulative Layout Shift; up to 0.1 counts as good in the field. */
const SHIFT_MAX = 0.02;
/** Of every answer, so that pages stand with their skeletons for a moment, as they do for people. */
const LATENCY_MS = 50;

type Pages = { paths: readonly string[]; states: readonly LookState[] };
const ADMIN_PARTS = ['users', 'links', 'hosts', 'settings', 'counters', 'traffic', 'jobs', 'nodes', 'audit'];
const PAGES: Readonly<Record<string, Pages>> = {
  guest: {
    paths: ['/', '/login', '/register', '/forgot', '/reset#token=x', '/confirm#token=x', '/setup#token=x', '/docs#postApiV1Links'],
    states: GUEST_STATES,
  },
  owner: {
    paths: [
      '/links',
      '/links/new',
      '/links/spring',
      '/links/spring?range=month',
      '/links/no-such',
      '/links?charts=open',
      '/links?search=nothing-fits',
      '/links/import',
      '/settings',
      '/docs',
    ],
    states: OWNER_STATES,
  },
  admin: { paths: ADMIN_PARTS.map((part) => `/admin/${part}`), states: ADMIN_STATES },
  unconfirmed: { paths: ['/links', '/links/import', '/settings', '/admin'], states: [] },
  newcomer: { paths: ['/links'], states: NEWCOMER_STATES },
  /** What people see of links, without JavaScript. */
  visitor: {
    paths: ['/drafts', '/soon', '/past', '/used', '/off', '/blocked', '/no-such-link', '/spring+', '/drafts+'],
    states: VISITOR_STATES,
  },
};

const started = await startApp();
const app = started.value;
const it = suite('looks');
it.after(() => started.stop());

const guest = await app.visit();
const admin = await app.visit();
const unconfirmed = await app.visit();
const newcomer = await app.visit();
await setUp(app, admin, 'admin@example.com');
await fillDemo(app, admin);
await fillTroubles(app);
await register(unconfirmed, 'a-rather-long-address-of-somebody@department.example.com');
await registerConfirmed(app, newcomer, 'newcomer@example.com');

const HAS_TORN_FIGURES =
  '[...document.querySelectorAll(".link-numbers")].some(({ firstElementChild, lastElementChild }) => firstElementChild.offsetTop !== lastElementChild.offsetTop)';

/** A picture of a whole page is one of more than can be seen: its head is at its top, and rows are drawn that nobody has scrolled to. */
const PREPARE_PICTURE = `{
  scrollTo(0, 0);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.link-row { content-visibility: visible; }');
  document.adoptedStyleSheets.push(sheet);
}`;

async function settle(page: Page): Promise<void> {
  await page.locator('h1, h2').first().waitFor();
  // Asked again and again from here: waiting within the page would be eval, which its policy forbids.
  await until('a page without skeletons', () => page.evaluate<boolean>('document.querySelector(".skeleton, .skeletons") === null'));
  await page.evaluate('document.fonts.ready');
}

async function look(page: Page, path: string, name: string): Promise<string[]> {
  const faults: string[] = [];
  await page.goto(path);
  await settle(page);
  if (new URL(page.url()).pathname !== new URL(path, page.url()).pathname) faults.push(`${name}: led to ${page.url()}`);
  const { sum, moved } = await shiftsOf(page);
  if (sum > SHIFT_MAX) faults.push(`${name}: layout shift of ${sum}: ${moved.join(', ')}`);
  return [...faults, ...(await judge(page, name))];
}

async function lookAtState(page: Page, { path, reach, leave }: LookState, name: string): Promise<string[]> {
  await page.goto(path);
  await settle(page);
  await reach(page, app);
  const faults = await judge(page, name);
  await leave?.(page, app);
  return faults;
}

async function judge(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  const wider = await overhang(page);
  if (wider !== 0) faults.push(`${name}: ${wider} pixels wider than its window`);
  if (await page.evaluate<boolean>(HAS_TORN_FIGURES)) faults.push(`${name}: the figures of a link are in two lines`);
  faults.push(...(await seriousFaults(page)).map((fault) => `${name}: ${fault}`));
  const folder = process.env.SCREENSHOTS;
  if (folder === undefined) return faults;
  const fullPage = await page.evaluate<boolean>('document.querySelector("dialog[open]") === null'); // which covers what can be seen
  await page.evaluate(PREPARE_PICTURE);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
  return faults;
}

async function slowDown({ context, page }: Visitor): Promise<void> {
  await watchShifts(context);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: LATENCY_MS,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
}

for (const visitor of [guest, admin, unconfirmed, newcomer]) await slowDown(visitor);

type Look = { language: string; theme: (typeof THEMES)[number]; width: number };
const everything: Look[] = LANGUAGES.flatMap((language) => THEMES.flatMap((theme) => WIDTHS.map((width) => ({ language, theme, width }))));
const isEverything = process.env.SCREENSHOTS !== undefined;
const WANTED = new RegExp(process.env.LOOKS ?? '');
const looks: Look[] = isEverything
  ? everything
  : [
      { language: 'en', theme: 'light', width: 1280 },
      { language: 'ru', theme: 'dark', width: 360 },
    ];

async function lookAtAll(page: Page, group: string, { language, theme, width }: Look): Promise<string[]> {
  const { paths, states } = PAGES[group];
  const faults: string[] = [];
  const nameOf = (path: string, state = '') => {
    const page = `${group}-${path.slice(1) || 'front'}${state}`
      .replace('+', '-preview')
      .replace(/[^\w-]+/g, '-')
      .replace(/-$/, '');
    return `${page}-${language}-${theme}-${width}`;
  };
  const lookAt = async (name: string, how: (name: string) => Promise<string[]>) => {
    if (WANTED.test(name)) faults.push(...(await how(name)));
  };
  for (const path of paths) await lookAt(nameOf(path), (name) => look(page, path, name));
  if (!isEverything) return faults;
  for (const state of states) await lookAt(nameOf(state.path, `-${state.name}`), (name) => lookAtState(page, state, name));
  return faults;
}

for (const [group, visitor] of Object.entries({ guest, owner: admin, admin, unconfirmed, newcomer })) {
  for (const wanted of looks) {
    const { language, theme, width } = wanted;
    it(`${group}, ${language}, ${theme}, ${width} pixels`, async () => {
      const { page, complaints } = visitor;
      await page.goto('/');
      await page.evaluate(`localStorage.setItem('elnk.locale', '"${language}"'); localStorage.setItem('elnk.theme', '"${theme}"');`);
      await page.setViewportSize({ width, height: HEIGHT });
      assert.equal(await lookAtAll(page, group, wanted), []);
      assert.equal(complaints, []);
    });
  }
}

for (const wanted of looks) {
  const { language, theme, width } = wanted;
  it(`visitor, ${language}, ${theme}, ${width} pixels`, async () => {
    const visitor = await app.visit({ locale: language, colorScheme: theme, viewport: { width, height: HEIGHT } });
    await slowDown(visitor);
    const faults = await lookAtAll(visitor.page, 'visitor', wanted);
    await visitor.context.close();
    assert.equal(faults, []);
    assert.equal(visitor.complaints, []);
  });
}

it.run();

/**
 * The web app in Chromium: first visit of the front page, and the panel of an owner with 150 links, on a CPU that is made four times slower, with nothing
 * in the browser's cache. From the begin of the navigation to: first contentful paint; all rows there and painted; and what one key typed into the search takes
 * until its answer is painted. Layout shift is summed up until a second after that.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { hashPassword } from '../src/storage/passwords.ts';
import type { Pool } from '../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../src/storage/postgres/users.ts';
import { startBrowser } from '../test/support/browser.ts';
import { silentLogger } from '../test/support/logger.ts';
import { startTestNode } from '../test/support/test-node.ts';
import { startBenchDatabase } from './support/database.ts';
import { type BenchRow, median, round } from './support/row.ts';

const LINKS = 150;
const SLOWER = 4;
const ROUNDS = 5;
const SETTLED_MS = 1_000;
const EMAIL = 'bench@example.com';
const PASSWORD = 'correct horse battery';

type Visit = { paintMs: number; shift: number; loadedBytes: number };
type PanelVisit = Visit & { rowsMs: number; keyMs: number };

export async function run(): Promise<BenchRow[]> {
  const database = await startBenchDatabase(silentLogger);
  const dataDir = mkdtempSync(join(tmpdir(), 'elnk-bench-web-'));
  const browser = await startBrowser();
  try {
    await makeLinks(database.value.pool);
    const node = await startTestNode({ dataDir, settings: { DATABASE_URL: database.value.url } });
    try {
      const fronts: Visit[] = [];
      const panels: PanelVisit[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        fronts.push(await inFreshBrowser(browser.value, node.url(), visitFront));
        panels.push(await inFreshBrowser(browser.value, node.url(), visitPanel));
      }
      return rowsOf(fronts, panels);
    } finally {
      await node.stop();
    }
  } finally {
    await browser.stop();
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function rowsOf(fronts: readonly Visit[], panels: readonly PanelVisit[]): BenchRow[] {
  const slow = `CPU ${SLOWER} times slower`;
  const row = (name: string, values: readonly number[], unit: string, must?: string): BenchRow => ({
    name,
    value: round(median(values)),
    unit,
    ...(must === undefined ? {} : { must }),
  });
  return [
    row(
      `front page, first contentful paint, ${slow}`,
      fronts.map((it) => it.paintMs),
      'ms',
    ),
    row(
      'front page, script and style',
      fronts.map((it) => it.loadedBytes / 1_024),
      'KiB',
      '≤ 90',
    ),
    row(
      'front page, layout shift',
      fronts.map((it) => it.shift),
      '',
      '≤ 0.01',
    ),
    row(
      `panel of ${LINKS} links, first contentful paint, ${slow}`,
      panels.map((it) => it.paintMs),
      'ms',
    ),
    row(
      `panel of ${LINKS} links, all rows painted, ${slow}`,
      panels.map((it) => it.rowsMs),
      'ms',
      '≤ 1,000 ms',
    ),
    row(
      `panel of ${LINKS} links, a key in the search answered, ${slow}`,
      panels.map((it) => it.keyMs),
      'ms',
    ),
    row(
      'panel, layout shift',
      panels.map((it) => it.shift),
      '',
      '≤ 0.01',
    ),
  ];
}

async function makeLinks(pool: Pool): Promise<void> {
  const passwordHash = await hashPassword(PASSWORD);
  const { id } = await createConfirmedUser(pool, { email: EMAIL, passwordHash, isAdmin: true, plan: 'unlimited', timeZone: 'UTC' });
  await pool.query(
    `INSERT INTO links (slug, owner_id, target, title, tags)
     SELECT 'link-' || i, $1, 'https://shop.example/products/' || i, 'Product number ' || i, ARRAY['tag' || i % 7] FROM generate_series(1, $2::int) i`,
    [id, LINKS],
  );
}

async function inFreshBrowser<T>(
  browser: Browser,
  url: string,
  visit: (page: Page, devtools: CDPSession, url: string) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await page.addInitScript({ path: join(import.meta.dirname, 'support', 'page-watch.js') });
    return await visit(page, devtools, url);
  } finally {
    await context.close();
  }
}

async function visitFront(page: Page, devtools: CDPSession, url: string): Promise<Visit> {
  await slowDown(devtools);
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return figuresOf(page);
}

async function visitPanel(page: Page, devtools: CDPSession, url: string): Promise<PanelVisit> {
  await page.goto(`${url}/login`);
  await page.getByLabel('E-mail').fill(EMAIL);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/links');
  await page.locator('.link-list').waitFor();
  await devtools.send('Network.clearBrowserCache');
  await slowDown(devtools);
  await page.goto(`${url}/links`);
  const rowsMs = await page.evaluate<number>(`watch.rowsPainted(${LINKS})`);
  await page.getByRole('searchbox').first().focus();
  await page.evaluate('watch.awaitKey()');
  await page.keyboard.press('7');
  const keyMs = await page.evaluate<number>('watch.answered');
  return { ...(await figuresOf(page)), rowsMs, keyMs };
}

const slowDown = (devtools: CDPSession): Promise<unknown> => devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });

async function figuresOf(page: Page): Promise<Visit> {
  await sleep(SETTLED_MS);
  return page.evaluate<Visit>('watch.figures()');
}

if (import.meta.main) console.table(await run());

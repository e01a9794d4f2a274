/** What owners do with their account. */
import type { Page } from 'playwright-core';
import { type App, PASSWORD } from '../app.ts';
import { click, type LookState, waitingFor } from './states.ts';

const openForms = async (page: Page) => {
  for (const summary of await page.locator('.settings summary').all()) await summary.click();
};

const REPORTS_AN_HOUR = 3;

async function sendReport(page: Page): Promise<void> {
  await Promise.all([
    page.waitForResponse('**/api/v1/reports/daily/send'),
    page.locator('.settings .card .row > .button + .button').first().click(),
  ]);
}

/** More are asked for here than an hour allows. */
const forgetReports = (_: Page, app: App) => app.execute(`DELETE FROM throttles WHERE key LIKE 'reports:%'`);

export const SETTINGS_STATES: readonly LookState[] = [
  { name: 'forms', path: '/settings', reach: openForms },
  {
    name: 'wrong-password',
    path: '/settings',
    async reach(page) {
      await page.locator('.settings summary').nth(1).click();
      const fields = page.locator('.settings details[open] input[type="password"]');
      await fields.nth(0).fill('not this');
      await fields.nth(1).fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.locator('.settings .field-fault').waitFor();
    },
  },
  {
    name: 'key',
    path: '/settings',
    async reach(page) {
      const form = page.locator('.settings details', { has: page.locator('.checks') });
      await form.locator('summary').click();
      await form.locator('input').first().fill('Shop');
      await page.keyboard.press('Enter');
      await page.locator('.key-secret').waitFor();
      await page.locator('.key-row').waitFor();
    },
    leave: (page) => page.locator('.key-row .button').click(),
  },
  {
    name: 'report',
    path: '/settings',
    async reach(page) {
      await page.locator('.settings .card .row .button:not([disabled])').first().click();
      await page.locator('iframe.report-page, .dialog a[download]').first().waitFor();
    },
  },
  {
    name: 'report-sent',
    path: '/settings',
    async reach(page) {
      await sendReport(page);
      await page.locator('.settings .notice[data-kind="done"]').waitFor();
    },
    leave: forgetReports,
  },
  {
    name: 'report-too-many',
    path: '/settings',
    async reach(page) {
      for (let sent = 0; sent < REPORTS_AN_HOUR; sent++) await sendReport(page);
      await sendReport(page);
      await page.locator('.settings .notice[data-kind="fault"]').waitFor();
    },
    leave: forgetReports,
  },
  { name: 'delete', path: '/settings', reach: click('.settings .card:last-child .button') },
  waitingFor('/settings', '**/api/v1/api-keys', '.settings'),
];

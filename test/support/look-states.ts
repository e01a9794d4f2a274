/** States of pages that have no address of their own: how one gets there, without words, in whichever language. */
import type { Page } from 'playwright-core';

export type LookState = { name: string; path: string; reach: (page: Page) => Promise<unknown>; leave?: (page: Page) => Promise<unknown> };

const click = (selector: string) => (page: Page) => page.locator(selector).first().click();

export const GUEST_STATES: readonly LookState[] = [
  {
    name: 'made',
    path: '/',
    async reach(page) {
      await page.locator('.front-form .input').fill('https://shop.example/a/rather/long/address?of=a-product&from=newsletter');
      await page.keyboard.press('Enter');
      await page.locator('.front-result').waitFor();
    },
  },
  {
    name: 'no-address',
    path: '/',
    async reach(page) {
      await page.locator('.front-form .input').fill('no address');
      await page.keyboard.press('Enter');
      await page.locator('#front-fault').waitFor();
    },
  },
];

export const OWNER_STATES: readonly LookState[] = [
  { name: 'selected', path: '/links', reach: click('.link-check') },
  { name: 'menu', path: '/links', reach: click('.links-head .menu .button') },
  { name: 'person', path: '/links', reach: click('.shell-bar .menu:last-child .button') },
  {
    name: 'rules',
    path: '/links/new',
    async reach(page) {
      await page.locator('.dialog summary').click();
      await page.locator('.dialog form .input').first().fill('https://shop.example/spring');
    },
  },
  { name: 'edit', path: '/links/spring', reach: click('.links-head .button') },
  {
    name: 'deleted',
    path: '/links/drafts',
    reach: async (page) => {
      await page.locator('.links-head [data-kind="danger"]').click();
      await page.locator('.link-list').waitFor();
    },
    leave: click('.toasts .button'),
  },
  {
    name: 'forms',
    path: '/settings',
    async reach(page) {
      for (const summary of await page.locator('.settings summary').all()) await summary.click();
    },
  },
  {
    name: 'report',
    path: '/settings',
    async reach(page) {
      await page.locator('.settings .card .row .button:not([disabled])').first().click();
      await page.locator('iframe.report-page, .dialog a[download]').first().waitFor();
    },
  },
];

export const ADMIN_STATES: readonly LookState[] = [
  { name: 'selected', path: '/admin/users', reach: click('tbody input[type="checkbox"]') },
  { name: 'at-rest', path: '/admin/counters', reach: click('.admin summary') },
  { name: 'positions', path: '/admin/nodes', reach: click('.admin summary') },
];

export const VISITOR_STATES: readonly LookState[] = [
  {
    name: 'wrong',
    path: '/drafts',
    async reach(page) {
      await page.locator('input[type="password"]').fill('not this');
      await Promise.all([page.waitForResponse('**/drafts'), page.keyboard.press('Enter')]);
      await page.locator('[aria-invalid="true"], [role="alert"]').first().waitFor();
    },
  },
];

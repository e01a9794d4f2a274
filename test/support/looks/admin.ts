/** What administrators see and do. */
import { asItIs, click, type LookState, waitingFor } from './states.ts';

export const ADMIN_STATES: readonly LookState[] = [
  { name: 'selected', path: '/admin/users', reach: click('tbody input[type="checkbox"]') },
  { name: 'nobody', path: '/admin/users?search=nobody-fits', reach: asItIs },
  { name: 'banned', path: '/admin/users?kind=banned', reach: asItIs },
  waitingFor('/admin/users', '**/api/v1/admin/users*', '.admin'),
  {
    name: 'delete',
    path: '/admin/users',
    async reach(page) {
      await page.locator('tbody input[type="checkbox"]').first().click();
      await page.locator('.links-selection [data-kind="danger"]').click();
      await page.locator('.dialog').waitFor();
    },
  },
  {
    name: 'delete',
    path: '/admin/links',
    async reach(page) {
      await page.locator('.admin-link [data-kind="danger"]').first().click();
      await page.locator('.dialog').waitFor();
    },
  },
  { name: 'found', path: '/admin/links?search=shop.example%2Fclosed', reach: asItIs },
  {
    name: 'refused',
    path: '/admin/hosts',
    async reach(page) {
      await page.locator('form .input').fill('no host');
      await page.keyboard.press('Enter');
      await page.locator('.field-fault').waitFor();
    },
  },
  { name: 'at-rest', path: '/admin/counters', reach: click('.admin summary') },
  { name: 'week', path: '/admin/counters?days=7&counter=linksCreated', reach: asItIs },
  { name: 'measured', path: '/admin/traffic', reach: (page) => page.locator('.admin canvas, .admin svg[role="img"]').first().waitFor() },
  { name: 'dead', path: '/admin/jobs?state=dead', reach: asItIs },
  { name: 'none', path: '/admin/jobs?state=running', reach: asItIs },
  { name: 'positions', path: '/admin/nodes', reach: click('.admin summary') },
];

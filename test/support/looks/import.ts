/** Imports that make no links; test/e2e/import.test.ts looks at those that do. */
import type { LookState } from './states.ts';

const FILE = `url,slug,colour\nhttps://shop.example/first,first,red\nhttps://shop.example/second,,\nno-address,,\nhttps://shop.example/third,spring,\n`;

/** @param text of a file that is only checked */
const checked = (name: string, text: string): LookState => ({
  name,
  path: '/links/import',
  async reach(page) {
    await page.locator('.import-input').setInputFiles({ name: 'links.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await page.locator('.import-check input').check();
    await page.locator('.import button[type="submit"]').click();
    await page.locator('.import-figures').waitFor();
  },
});

export const IMPORT_STATES: readonly LookState[] = [
  checked('checked', FILE),
  checked('checked-good', FILE.split('\n', 3).join('\n')),
  checked('checked-bad', 'url\nno-address\n'),
];

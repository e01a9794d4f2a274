/** States of pages that have no address of their own: how one gets there, without words, in whichever language. */
import type { Locator, Page } from 'playwright-core';
import type { App } from '../app.ts';

export type LookState = {
  name: string;
  path: string;
  /** From the page at `path`. */
  reach: (page: Page, app: App) => Promise<unknown>;
  /** Whatever it takes that the next page is as before. */
  leave?: (page: Page, app: App) => Promise<unknown>;
};

export const click = (selector: string) => (page: Page) => page.locator(selector).first().click();

/** For pages that are only worth a picture. */
export const asItIs = async (): Promise<void> => undefined;

const forgetRoutes = (page: Page): Promise<void> => page.unrouteAll({ behavior: 'ignoreErrors' });

/** What a page looks like before an answer comes. @param asked whose answer is waited for; `shown` is there already */
export const waitingFor = (path: string, asked: string, shown: string): LookState => ({
  name: 'waiting',
  path,
  async reach(page) {
    await page.route(asked, () => undefined); // for ever
    await page.reload();
    await page.locator(`${shown} .skeleton`).first().waitFor();
  },
  leave: forgetRoutes,
});

/** @param asked what the browser finds nobody for from then on; `reach` what is done with the page after that */
export const unanswered = (name: string, path: string, asked: string, reach: (page: Page) => Promise<unknown>): LookState => ({
  name,
  path,
  async reach(page) {
    await page.route(asked, (route) => route.abort('internetdisconnected'));
    await reach(page);
  },
  leave: forgetRoutes,
});

/** As a person does it who has copied several lines elsewhere. */
export async function paste(field: Locator, text: string): Promise<void> {
  await field.focus();
  await field.page().evaluate(`{
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', ${JSON.stringify(text)});
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }`);
}

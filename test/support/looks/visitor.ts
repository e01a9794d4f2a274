/** What people see of links that do not simply lead on. No page here has a script of ours. */
import type { App } from '../app.ts';
import { askApp } from '../app-api.ts';
import { until } from '../until.ts';
import { ownerToken } from './owner.ts';
import { asItIs, type LookState } from './states.ts';

/** For documentation (RFC 5737): who comes from there has guessed too often. */
const GUESSER = '203.0.113.78';
const TOO_MANY = 429;
const BOT = 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)';

async function guess(app: App): Promise<number> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': GUESSER };
  return (await fetch(`${app.url}/drafts`, { method: 'POST', headers, body: 'password=guess' })).status;
}

let unsubscribe: Promise<string> | undefined;

/** The address in the mail of a report, which is asked for once. */
function unsubscribeLink(app: App): Promise<string> {
  unsubscribe ??= (async () => {
    await askApp(app, 'POST', 'reports/daily/send', undefined, { token: await ownerToken(app) });
    const text = await until('a report', () => app.mails.received.find(({ mail }) => mail.attachments.length > 0)?.mail.text);
    const [link] = /http\S+\/unsubscribe\?token=\S+/.exec(text) ?? [];
    if (link === undefined) throw new Error(`no way out in:\n${text}`);
    return link;
  })();
  return unsubscribe;
}

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
  {
    name: 'too-many',
    path: '/drafts',
    async reach(page, app) {
      while ((await guess(app)) !== TOO_MANY);
      await page.setExtraHTTPHeaders({ 'X-Forwarded-For': GUESSER });
      await page.locator('input[type="password"]').fill('not this');
      await Promise.all([page.waitForResponse('**/drafts'), page.keyboard.press('Enter')]);
      await page.locator('form').waitFor({ state: 'detached' });
    },
    leave: (page) => page.setExtraHTTPHeaders({}),
  },
  { name: 'limited', path: '/meetup+', reach: asItIs },
  {
    name: 'bot',
    path: '/soon+',
    async reach(page) {
      await page.setExtraHTTPHeaders({ 'User-Agent': BOT });
      await page.goto('/meetup');
    },
    leave: (page) => page.setExtraHTTPHeaders({}),
  },
  {
    name: 'store-away',
    path: '/soon+',
    async reach(page, app) {
      await app.execute('ALTER TABLE guest_links RENAME TO guest_links_away');
      await page.goto('/_abcdefg');
    },
    leave: (_, app) => app.execute('ALTER TABLE guest_links_away RENAME TO guest_links'),
  },
  { name: 'unsubscribe', path: '/soon+', reach: async (page, app) => page.goto(await unsubscribeLink(app)) },
  {
    name: 'unsubscribed',
    path: '/soon+',
    async reach(page, app) {
      await page.goto(await unsubscribeLink(app));
      await page.locator('button').click();
      await page.locator('form').waitFor({ state: 'detached' });
    },
  },
  { name: 'unsubscribe-wrong', path: '/api/v1/reports/unsubscribe?token=x', reach: asItIs },
];

/** The whole product for tests in a browser: a real node with the built web app, Postgres, an SMTP server, and Chromium. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Component } from '../../src/core/ports.ts';
import { startBrowser } from './browser.ts';
import { freePort } from './free-port.ts';
import { type MailServer, startMailServer } from './mail-server.ts';
import { execute, testDatabase } from './postgres.ts';
import { startReverseProxy } from './reverse-proxy.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from './test-node.ts';
import { until } from './until.ts';

export const PASSWORD = 'correct horse battery';
/** Addresses that X-Forwarded-For may say, by the country that the bundled database has for them. */
export const VISITOR_ADDRESSES = { DE: '46.114.0.1', RU: '77.88.8.8', US: '8.8.8.8' } as const;

/** A browser of its own, as another person or device has it. */
export type Visitor = {
  context: BrowserContext;
  page: Page;
  /** What its console and its page policy had to say; answers of the server that are errors are not counted, the app explains them. */
  complaints: string[];
};

export type App = {
  url: string;
  readonly node: TestNode;
  /** Starts the node again, after it was killed. */
  startAgain(): Promise<void>;
  browser: Browser;
  mails: MailServer;
  /** Changes what is in the node's database. */
  execute(sql: string): Promise<void>;
  /** Another origin, where links may lead. */
  target: string;
  /** An English browser in Berlin, unless the options say something else. */
  visit(options?: BrowserContextOptions): Promise<Visitor>;
  /** The link that a node without an administrator prints. */
  setupLink(): string;
  /** The address in the nth mail to somebody, reports left out; waits for it. */
  mailedLink(email: string, n: number, page: 'confirm' | 'reset'): Promise<string>;
};

/** Of one step: much more than it takes, much less than a test file may. */
const TIMEOUT_MS = 15_000;
const VIEWPORT = { width: 1280, height: 800 };
const WEB = join(import.meta.dirname, '..', '..', 'web', 'dist', 'index.html');

/** @param settings of the node, over those that a small one has @param path '' or one under which a proxy serves the node, such as `/go` */
export async function startApp(settings: Readonly<Record<string, string>> = {}, path = ''): Promise<Component<App>> {
  if (!existsSync(WEB)) throw new Error('the web app is not built: make web');
  const [database, smtp, browser] = [await testDatabase(), await startMailServer(), await startBrowser()];
  const elsewhere = createServer((_, response) => void response.end('the target')).listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const port = await freePort();
  const proxy = path === '' ? null : await startReverseProxy(path, port);
  const url = proxy?.value ?? `http://127.0.0.1:${port}`;
  const options = {
    dataDir: join(temporaryFolder(), 'data'),
    settings: {
      ...shapeSettings({ fronts: 1, shards: 1 }),
      PORT: String(port),
      BASE_URL: url,
      DATABASE_URL: database.value.url,
      SMTP_URL: smtp.value.url,
      TRUSTED_PROXIES: '127.0.0.1',
      ...settings,
    },
  };
  let node = await startTestNode(options);
  const value: App = {
    url,
    get node() {
      return node;
    },
    async startAgain() {
      node = await startTestNode(options);
    },
    browser: browser.value,
    mails: smtp.value,
    execute: (sql) => execute(database.value.url, sql),
    target: `http://localhost:${(elsewhere.address() as AddressInfo).port}/target`,
    visit: (options) => visit(browser.value, url, options),
    setupLink() {
      const [link] = /http\S+\/setup#token=[\w-]+/.exec(node.log()) ?? [];
      if (link === undefined) throw new Error(`no link in the log:\n${node.log()}`);
      return link;
    },
    async mailedLink(email, n, page) {
      const mail = await until(
        `mail ${n} to ${email}`,
        () => smtp.value.received.filter((it) => it.to.includes(email) && it.mail.attachments.length === 0)[n - 1],
      );
      const [link] = new RegExp(`^${url}/${page}#token=[\\w-]+$`, 'm').exec(mail.mail.text ?? '') ?? [];
      if (link === undefined) throw new Error(`no link to /${page} in:\n${mail.mail.text}`);
      return link;
    },
  };
  return {
    value,
    async stop() {
      await browser.stop();
      await node.stop();
      await proxy?.stop();
      elsewhere.close();
      await smtp.stop();
      await database.stop();
    },
  };
}

async function visit(browser: Browser, baseURL: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: `${baseURL}/`,
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    viewport: VIEWPORT,
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  return { context, page, complaints: listen(page) };
}

const ANSWERS = /^Failed to load resource/;

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !ANSWERS.test(message.text())) complaints.push(message.text());
  });
  return complaints;
}

/** Makes the account by the dialog; the person is signed in afterwards, and not confirmed. */
export async function register({ page }: Visitor, email: string): Promise<void> {
  await page.goto('register');
  await page.getByLabel(/^(E-mail|Почта)$/).fill(email);
  await page.getByLabel(/^(Password|Пароль)$/).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/links');
}

/** The same, confirmed by the link of the mail. */
export async function registerConfirmed(app: App, visitor: Visitor, email: string): Promise<void> {
  await register(visitor, email);
  await visitor.page.goto(await app.mailedLink(email, 1, 'confirm'));
  await visitor.page.getByRole('link', { name: /To my links|К моим ссылкам/ }).click();
  await visitor.page.waitForURL('**/links');
}

/** The first administrator of a new node, by the link that it prints. */
export async function setUp(app: App, { page }: Visitor, email: string): Promise<void> {
  await page.goto(app.setupLink());
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/links');
}

/** Opens a link that has a password, as somebody does who knows it, and leaves. @param target what the address begins with where it leads */
export async function openLocked({ context, page }: Visitor, slug: string, password: string, target: string): Promise<void> {
  await page.goto(slug);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(({ href }) => href.startsWith(target));
  await context.close();
}

/** How many pixels the page is wider than its window. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

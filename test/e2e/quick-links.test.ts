// timeout: 120 s
/**
 * Quick links in a real browser: the names of the shops and of elnk lead to this machine, TLS ends in a proxy in front of a real node, and
 * the shop is played by the same proxy. SCREENSHOTS=folder keeps pictures of the page.
 */

import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startBrowser } from '../support/browser.ts';
import { silentLogger } from '../support/logger.ts';
import { testDatabase } from '../support/postgres.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';

const OWN = 'https://s.example.com';
const PRODUCT =
  '/product/chehol-knizhka-%D1%87%D1%91%D1%80%D0%BD%D1%8B%D0%B9-622328422/?advert=AJkBP1e7xdKZ1mQ-0a_Bz7G%2FnTcQ%3D%3D&avtc=1&sh=4dSJmQx1yA';
const SHOP = 'https://www.ozon.ru';
const WIDTHS = [360, 1280];
const LANGUAGES = {
  en: { locale: 'en-US', title: 'Your short link', button: 'Copy and go back', back: 'Back to the product' },
  ru: { locale: 'ru-RU', title: 'Короткая ссылка готова', button: 'Скопировать и вернуться', back: 'Вернуться к товару' },
};

const database = await testDatabase();
const connections = await createPool({ url: database.value.url, name: 'test', max: 1, logger: silentLogger });
const node = await startTestNode({
  dataDir: join(temporaryFolder(), 'data'),
  settings: { ...shapeSettings({ fronts: 1, shards: 1 }), DATABASE_URL: database.value.url, BASE_URL: OWN, TRUSTED_PROXIES: '127.0.0.1' },
});
const nodePort = new URL(node.url()).port;
const proxy = await startProxy();
const proxyPort = (proxy.address() as AddressInfo).port;
const browser = await startBrowser([
  `--host-resolver-rules=MAP *:443 127.0.0.1:${proxyPort}, MAP *:80 127.0.0.1:${nodePort}`,
  '--ignore-certificate-errors',
]);

const it = suite('quick links in a browser');
it.after(async () => {
  await browser.stop();
  proxy.closeAllConnections();
  proxy.close();
  await node.stop();
  await connections.stop();
  await database.stop();
});

/** What nginx does: ends TLS, keeps the Host. The shop itself is a page that says what was asked for. */
async function startProxy(): Promise<Server> {
  const server = createServer(selfSigned(), (asked, answer) => {
    if (asked.headers.host === 'www.ozon.ru')
      answer.setHeader('Content-Type', 'text/html').end(`<h1>the product</h1><textarea></textarea>`);
    else passOn(asked, answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

function passOn(asked: IncomingMessage, answer: ServerResponse): void {
  const headers = { ...asked.headers, 'x-forwarded-for': asked.socket.remoteAddress };
  const passed = request({ host: '127.0.0.1', port: nodePort, method: asked.method, path: asked.url, headers }, (got) => {
    answer.writeHead(got.statusCode ?? 500, got.headers);
    got.pipe(answer);
  });
  asked.pipe(passed);
}

/** @param clipboard what the browser says to a page that wants to copy by itself */
async function open({ clipboard, ...options }: BrowserContextOptions & { clipboard: 'granted' | 'denied' }): Promise<BrowserContext> {
  const context = await browser.value.newContext({ ignoreHTTPSErrors: true, ...options });
  const own = clipboard === 'granted' ? ['clipboard-read', 'clipboard-write'] : [];
  for (const origin of ['https://www.eeozon.ru', 'https://eeozon.ru']) await context.grantPermissions(own, { origin }); // and no others
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: SHOP });
  return context;
}

/** What the clipboard holds, as the shop's page can read it. */
const clipboardOf = (page: Page) => page.evaluate('navigator.clipboard.readText()') as Promise<string>;
const empty = async (page: Page) => {
  await page.goto(`${SHOP}/before`);
  await page.evaluate(
    `(() => { const area = document.querySelector('textarea'); area.value = 'nothing yet'; area.select(); document.execCommand('copy'); })()`,
  );
};
const watch = (page: Page) => {
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
};

it('the short link is on the clipboard, the browser is back on the product, and the link leads there', async () => {
  const context = await open({ clipboard: 'granted' });
  const page = await context.newPage();
  const complaints = watch(page);
  await empty(page);
  await page.goto(`https://www.eeozon.ru${PRODUCT}`);
  assert.is(await page.locator('h1').innerText(), 'Your short link');
  const shown = await page.getByLabel('Short link').inputValue();
  await page.waitForURL(`${SHOP}${PRODUCT}`);
  assert.is(await clipboardOf(page), shown);
  assert.match(shown, /^https:\/\/s\.example\.com\/_\w{7}$/);
  await page.goBack();
  assert.is(page.url(), `${SHOP}/before`, 'the page in between is not in the history');
  await page.goto(shown);
  assert.is(page.url(), `${SHOP}${PRODUCT}`);

  await page.goto(`https://eeozon.ru${PRODUCT}`);
  assert.is(await page.getByLabel('Short link').inputValue(), shown, 'the same product, the same link');
  const { rows } = await connections.value.query('SELECT target FROM guest_links');
  assert.equal(rows, [{ target: `${SHOP}${PRODUCT}` }], 'and no link to an icon');
  assert.equal(complaints, []);
  await context.close();
});

it('where the page may not copy by itself, one button does both', async () => {
  const context = await open({ clipboard: 'denied', locale: 'ru-RU' });
  const page = await context.newPage();
  await empty(page);
  const complaints = watch(page);
  await page.goto(`https://www.eeozon.ru${PRODUCT}`);
  const button = page.getByRole('button', { name: LANGUAGES.ru.button });
  await button.waitFor();
  const shown = await page.getByLabel('Короткая ссылка').inputValue();
  assert.is(page.url(), `https://www.eeozon.ru${PRODUCT}`);
  await page.keyboard.press('Enter'); // it has the focus
  await page.waitForURL(`${SHOP}${PRODUCT}`);
  assert.is(await clipboardOf(page), shown);
  assert.equal(complaints, []);
  await context.close();
});

it('without HTTPS, too', async () => {
  const context = await open({ clipboard: 'granted' });
  const page = await context.newPage();
  await empty(page);
  await page.goto(`http://www.eeozon.ru${PRODUCT}`);
  const shown = await page.getByLabel('Short link').inputValue();
  await page.getByRole('button', { name: LANGUAGES.en.button }).click();
  await page.waitForURL(`${SHOP}${PRODUCT}`);
  assert.is(await clipboardOf(page), shown);
  await context.close();
});

it('a browser that copies nothing at all is said so, and the way back is there', async () => {
  const context = await open({ clipboard: 'denied' });
  const page = await context.newPage();
  await page.addInitScript('document.execCommand = () => false;');
  await page.goto(`https://www.eeozon.ru${PRODUCT}`);
  await page.getByRole('button').click();
  await page.getByText('please copy the link above').waitFor();
  await page.getByRole('link').click();
  await page.waitForURL(`${SHOP}${PRODUCT}`);
  await context.close();
});

it('without scripts there are the link and the way back', async () => {
  const context = await open({ clipboard: 'granted', javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`https://www.eeozon.ru${PRODUCT}`);
  assert.ok(await page.getByLabel('Short link').isVisible());
  assert.not(await page.getByRole('button').isVisible());
  await page.getByRole('link', { name: LANGUAGES.en.back }).click();
  await page.waitForURL(`${SHOP}${PRODUCT}`);
  await context.close();
});

for (const [language, words] of Object.entries(LANGUAGES)) {
  for (const width of WIDTHS) {
    it(`fits on ${width} pixels, in ${language}`, async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await open({ clipboard: 'denied', locale: words.locale, viewport: { width, height: 740 }, colorScheme });
        const page = await context.newPage();
        await page.goto(`https://www.eeozon.ru${PRODUCT}`);
        assert.is(await page.locator('h1').innerText(), words.title);
        const button = page.getByRole('button', { name: words.button });
        await button.waitFor();
        const box = await button.boundingBox();
        assert.ok(box !== null && box.height >= 40 && box.x >= 0 && box.x + box.width <= width, JSON.stringify(box));
        assert.is(await page.evaluate('document.documentElement.scrollWidth'), width);
        await picture(page, `quick-link-${language}-${width}-${colorScheme}`);
        await page.goto('https://a.eeozon.ru/product');
        await picture(page, `nothing-${language}-${width}-${colorScheme}`);
        await context.close();
      }
    });
  }
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

it.run();

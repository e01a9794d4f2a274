/** A guest in a real browser: shortens, copies, finds it again, and is told what is wrong. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { overhang, startApp, type Visitor } from '../support/app.ts';

const started = await startApp();
const app = started.value;
const it = suite('guest');
it.after(() => started.stop());

const shorten = async ({ page }: Visitor, url: string) => {
  await page.getByLabel('Long address').fill(url);
  await page.keyboard.press('Enter');
};
const shortLink = ({ page }: Visitor) => page.getByRole('region', { name: 'Your short link' }).getByRole('link').first();

it('shortens by Enter, copies, has the QR code, and follows the link', async () => {
  const guest = await app.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
  const { page } = guest;
  await page.goto('/');
  assert.is(await page.evaluate("document.activeElement.getAttribute('type')"), 'url', 'the field has the focus');
  await page.keyboard.type(app.target);
  await page.keyboard.press('Enter');
  const href = (await shortLink(guest).getAttribute('href')) ?? '';
  assert.match(href, new RegExp(`^${app.url}/_[\\w]{7}$`));
  const copy = page.getByRole('button', { name: /^Cop(y|ied)$/ }).first();
  const before = await copy.boundingBox();
  await copy.click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await copy.boundingBox(), before, 'what stands beside it stays where it is');
  assert.is(await page.evaluate('navigator.clipboard.readText()'), href);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'QR code' }).click()]);
  assert.is(download.suggestedFilename(), 'qr.png');
  await page.goto(href);
  assert.is(page.url(), app.target);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('keeps the last five in this browser until they are cleared', async () => {
  const guest = await app.visit();
  const { page } = guest;
  await page.goto('/');
  for (let n = 1; n <= 6; n++) {
    await shorten(guest, `${app.target}/${n}`);
    await page.getByText(`/target/${n}`).first().waitFor();
  }
  await page.reload();
  const kept = page.getByRole('listitem').filter({ hasText: '/target/' });
  await kept.first().waitFor();
  assert.equal(
    (await kept.allInnerTexts()).map((text) => /target\/(\d)/.exec(text)?.[1]),
    ['6', '5', '4', '3', '2'],
  );
  await page.getByRole('button', { name: 'Clear the list' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Shorten' }).waitFor();
  assert.is(await kept.count(), 0);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('what is no address is explained, without a request and by the server', async () => {
  const guest = await app.visit();
  const { page } = guest;
  await page.goto('/');
  await shorten(guest, 'not an address');
  assert.match(await page.getByRole('alert').innerText(), 'This is no web address');
  await shorten(guest, `${app.url}/loop`);
  await page.getByText('Must not lead back').waitFor();
  await shorten(guest, app.target.replace('http://', ''));
  await shortLink(guest).waitFor();
  assert.is(await page.getByRole('alert').count(), 0);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('in Russian by the browser, at 360 pixels', async () => {
  const guest = await app.visit({ locale: 'ru-RU', viewport: { width: 360, height: 740 } });
  const { page } = guest;
  await page.goto('/');
  await page.getByLabel('Длинный адрес').fill(`${app.target}?${'long'.repeat(100)}`);
  await page.getByRole('button', { name: 'Сократить' }).click();
  await page.getByRole('button', { name: 'Копировать' }).first().waitFor();
  assert.is(await overhang(page), 0);
  await page.reload();
  await page.getByRole('heading', { name: 'Созданы в этом браузере' }).waitFor();
  assert.is(await overhang(page), 0, 'the list of what was made');
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it('a server that is away is said so, and nothing that was typed is lost', async () => {
  const guest = await app.visit();
  const { page } = guest;
  await page.goto('/');
  await app.node.kill();
  await shorten(guest, app.target);
  await page.getByText('The server cannot be reached').waitFor();
  assert.is(await page.getByLabel('Long address').inputValue(), app.target);
  assert.equal(guest.complaints, []);
  await guest.context.close();
});

it.run();

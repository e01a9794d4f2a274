/** QR codes are read back by a library that did not draw them; SVGs are drawn by a browser before. */
import { createHash } from 'node:crypto';
import { PNG } from 'pngjs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { QR_LEVELS, type QrQuery } from '../../src/core/qr.ts';
import { cachedQr, drawQr, qrDataUri } from '../../src/http/qr.ts';
import { BASE_URL, startApi } from '../support/api-server.ts';
import { startBrowser } from '../support/browser.ts';
import { readQr } from '../support/read-qr.ts';
import { say } from '../support/say.ts';

const PLAIN: QrQuery = { format: 'png', size: 256, dark: '#000000', light: '#ffffff', level: 'M' };
const SHORT = `${BASE_URL}/abcdefg`;
const LONG = `${BASE_URL}/${'Z9-_'.repeat(16)}`;
/** The last ones have just enough contrast. */
const COLOURS = [
  ['#000000', '#ffffff'],
  ['#1a237e', '#fffde7'],
  ['#0000ff', '#ffff00'],
  ['#b71c1c', '#ffebee'],
  ['#767676', '#ffffff'],
  ['#000000', '#757575'],
  ['#c2185b', '#b9f6ca'],
] as const;

const server = await startApi();
const { ann, bob, send, base } = server.value;
await send('POST', '/api/v1/links', { key: ann, body: { url: 'https://example.com/', slug: 'coded' } });

const ask = (query: string, { slug = 'coded', key = ann, headers = {} }: { slug?: string; key?: string; headers?: object } = {}) =>
  fetch(`${base}/api/v1/links/${slug}/qr${query}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

const test = suite('QR codes');

let browser: Awaited<ReturnType<typeof startBrowser>> | undefined;

test.after(async () => {
  await browser?.stop();
  await server.stop();
});

test('PNG: read back at every level, in sizes from the smallest to the largest, in colours', () => {
  let codes = 0;
  for (const level of QR_LEVELS) {
    for (const text of [SHORT, LONG]) {
      const sizes = [smallest(text, level), 333, 1024].map((size, i) => ({ size, colours: COLOURS[i] }));
      for (const { size, colours } of [...sizes, ...COLOURS.map((colours) => ({ size: 256, colours }))]) {
        const query = { ...PLAIN, size, level, dark: colours[0], light: colours[1] };
        const { bytes, type } = drawQr(text, query);
        const { width, height } = PNG.sync.read(Buffer.from(bytes));
        assert.equal([type, width, height], ['image/png', size, size]);
        assert.is(readQr(bytes), text, JSON.stringify(query));
        codes++;
      }
    }
  }
  assert.is(codes, 4 * 2 * (3 + COLOURS.length));
});

/** As the refusal of a size that is too small says. */
function smallest(text: string, level: QrQuery['level']): number {
  try {
    drawQr(text, { ...PLAIN, level, size: 64 });
    return 64;
  } catch (error) {
    const [{ message }] = (error as { errors: { message: string }[] }).errors;
    return Number(/at least (\d+)/.exec(message)?.[1]);
  }
}

test('the colours are those that were asked for, and the quiet zone is light', () => {
  const { bytes } = drawQr(SHORT, { ...PLAIN, size: 300, dark: '#123456', light: '#fedcba' });
  const { data, width } = PNG.sync.read(Buffer.from(bytes));
  const seen = new Set<string>();
  for (let i = 0; i < data.length; i += 4) seen.add(data.subarray(i, i + 4).toString('hex'));
  assert.equal([...seen].sort(), ['123456ff', 'fedcbaff']);
  const module = Math.floor(300 / (29 + 8)); // 28 bytes at level M: version 3
  for (let i = 0; i < 4 * module * width * 4; i += 4) assert.is(data.subarray(i, i + 4).toString('hex'), 'fedcbaff');
});

test('SVG: drawn by Chromium, then read', async () => {
  browser = await startBrowser();
  const page = await browser.value.newPage({ viewport: { width: 1024, height: 1024 } });
  for (const level of QR_LEVELS) {
    for (const [text, size, [dark, light]] of [
      [SHORT, 256, COLOURS[1]],
      [LONG, 1024, COLOURS[6]],
      [LONG, 480, COLOURS[0]],
    ] as const) {
      const { bytes, type } = drawQr(text, { ...PLAIN, format: 'svg', level, size, dark, light });
      assert.is(type, 'image/svg+xml');
      await page.setContent(`<body style="margin:0">${Buffer.from(bytes)}`);
      const box = await page.locator('svg').boundingBox();
      assert.equal([box?.width, box?.height], [size, size]);
      assert.is(readQr(await page.locator('svg').screenshot()), text);
    }
  }
});

test('a data URI for whoever gets one in JSON', () => {
  const uri = qrDataUri(SHORT);
  assert.match(uri, /^data:image\/png;base64,/);
  assert.is(readQr(Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64')), SHORT);
  assert.ok(uri.length < 2_000, `${uri.length} characters`);
});

test('drawings are kept, as many as were allowed', () => {
  let drawn = 0;
  const draw = cachedQr((text, query) => {
    drawn++;
    return drawQr(text, query);
  }, 10);
  const first = draw(SHORT, PLAIN);
  assert.is(draw(SHORT, PLAIN), first);
  assert.is(drawn, 1);
  for (const query of [{ level: 'L' }, { size: 300 }, { dark: '#111111' }, { light: '#eeeeee' }, { format: 'svg' }] as const) {
    assert.is.not(draw(SHORT, { ...PLAIN, ...query }).etag, first.etag);
  }
  for (let i = 0; i < 20; i++) draw(`${SHORT}${i}`, PLAIN);
  drawn = 0;
  draw(SHORT, PLAIN);
  assert.is(drawn, 1, 'was forgotten');
});

test('over HTTP: the link’s address, with a strong ETag that is 304 the next time', async () => {
  const response = await ask('');
  assert.equal([response.status, response.headers.get('content-type')], [200, 'image/png']);
  assert.is(response.headers.get('cache-control'), 'private, max-age=3600');
  assert.is(response.headers.get('vary'), 'Authorization, X-Api-Key');
  const bytes = await bytesOf(response);
  assert.is(readQr(bytes), `${BASE_URL}/coded`);
  const etag = response.headers.get('etag') ?? '';
  assert.is(etag, `"${createHash('sha256').update(bytes).digest('base64url')}"`);
  for (const tags of [etag, `"x", ${etag}`, `W/${etag}`, '*']) {
    const again = await ask('', { headers: { 'If-None-Match': tags } });
    assert.equal([again.status, await again.text(), again.headers.get('etag')], [304, '', etag]);
  }
  for (const tags of ['"x"', etag.slice(0, -2), '']) assert.is((await ask('', { headers: { 'If-None-Match': tags } })).status, 200);
  const other = await ask('?format=svg&size=1024&dark=00f&light=%23FFFF00&level=H');
  assert.equal([other.status, other.headers.get('content-type')], [200, 'image/svg+xml']);
  const svg = await other.text();
  assert.match(svg, /width="1024" height="1024".*fill="#ffff00".*fill="#0000ff"/);
  const head = await fetch(`${base}/api/v1/links/coded/qr`, { method: 'HEAD', headers: { Authorization: `Bearer ${ann}` } });
  assert.equal([head.status, head.headers.get('content-length'), head.headers.get('etag')], [200, String(bytes.length), etag]);
});

test('422: too large or small, colours that are none or too alike, with the reason', async () => {
  for (const [query, path, message] of [
    ['size=1025', 'size', 'must be at most 1024'],
    ['size=100000000', 'size', 'must be at most 1024'],
    ['size=63', 'size', 'must be at least 64'],
    ['size=65', 'size', 'must be at least 66 for this link at this level'],
    ['size=x', 'size', 'must be a number'],
    ['size=', 'size', 'must be at least 64'],
    ['size=300.5', 'size', 'must be a whole number'],
    ['dark=red', 'dark', 'must be a colour as rrggbb or rgb in hexadecimal digits'],
    ['light=%22%3E%3Cscript%3E', 'light', 'must be a colour as rrggbb or rgb in hexadecimal digits'],
    ['dark=fff&light=000', 'dark', 'must be darker than `light`: many readers know no inverted codes'],
    ['dark=777', 'dark', 'must differ more from `light`: the contrast is 4.48, and 4.5 is needed'],
    ['light=000', 'dark', 'must differ more from `light`: the contrast is 1.00, and 4.5 is needed'],
  ]) {
    const response = await ask(`?${query}`);
    const { errors } = (await response.json()) as { errors: object[] };
    assert.equal([response.status, errors], [422, [{ path, message }]], query);
  }
  for (const query of ['format=gif', 'level=X', 'margin=0', 'size=300&size=x']) assert.is((await ask(`?${query}`)).status, 422, query);
});

test('404 for what is somebody else’s or not there', async () => {
  assert.is((await ask('', { key: bob })).status, 404);
  assert.is((await ask('', { slug: 'never' })).status, 404);
  assert.is((await ask('', { slug: 'a.b' })).status, 404);
});

test('the largest one takes a small part of what the package needs for it', async () => {
  const { toBuffer } = await import('qrcode');
  const query = { ...PLAIN, size: 1024, level: 'H' } as const;
  const [ours, theirs] = [[] as number[], [] as number[]];
  for (let i = 0; i < 9; i++) {
    const from = performance.now();
    drawQr(LONG, query);
    const between = performance.now();
    await toBuffer(LONG, { width: 1024, errorCorrectionLevel: 'H' });
    ours.push(between - from);
    theirs.push(performance.now() - between);
  }
  const median = (times: number[]) => times.sort((a, b) => a - b)[4];
  say(`QR code of 1,024 px: ${median(ours).toFixed(1)} ms; drawn by the package ${median(theirs).toFixed(1)} ms`);
  assert.ok(median(ours) < median(theirs) / 4);
});

test.run();

/** What a first visit loads, in the smaller form that browsers ask for: charts and maps come when they are needed. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { say } from '../support/say.ts';

const DIST = join(import.meta.dirname, '..', '..', 'web', 'dist');
const FIRST_LOAD_MAX_BYTES = 90 * 1_024;

const it = suite('budget of the web app');

it('the first load has at most 90 KiB, without charts', () => {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const files = [...html.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+)"/g)].map(([, file]) => file);
  assert.ok(files.some((file) => file.endsWith('.js')) && files.some((file) => file.endsWith('.css')), html);
  const bytes = files.reduce((sum, file) => sum + statSync(join(DIST, `${file}.br`)).size, Buffer.byteLength(html));
  say(`first load ${(bytes / 1_024).toFixed(1)} KiB in ${files.length + 1} files`);
  assert.ok(bytes <= FIRST_LOAD_MAX_BYTES, `${bytes} bytes`);
});

it.run();

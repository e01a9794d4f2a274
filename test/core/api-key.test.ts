import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apiKeyPrefix, generateApiKey, isApiKeyForm } from '../../src/core/api-key.ts';

const it = suite('api-key');

it('is elnk_ and 40 letters and digits', () => {
  const key = generateApiKey((n) => crypto.getRandomValues(new Uint8Array(n)));
  assert.match(key, /^elnk_[0-9A-Za-z]{40}$/);
  assert.ok(isApiKeyForm(key));
});

it('draws every character equally often', () => {
  let next = 0;
  const everyByte = (n: number) => Uint8Array.from({ length: n }, () => next++ % 256);
  const times = new Map<string, number>();
  // 31 keys take 1,240 characters, which is 20 of each, from five times 256 bytes: eight of them are skipped each time.
  for (let i = 0; i < 31; i++) {
    for (const character of generateApiKey(everyByte).slice(5)) times.set(character, (times.get(character) ?? 0) + 1);
  }
  assert.is(times.size, 62);
  assert.ok(Math.max(...times.values()) - Math.min(...times.values()) <= 4, JSON.stringify([...times]));
});

it('uses no byte that would favour some characters', () => {
  const bytes = [255, 250, 248, 247, 61, 0];
  let next = 0;
  const key = generateApiKey((n) => Uint8Array.from({ length: n }, () => bytes[next++ % bytes.length]));
  assert.is(key, `elnk_${'zz0'.repeat(13)}z`);
});

it('shows only its beginning', () => {
  assert.is(apiKeyPrefix(`elnk_${'a1B2c3D4'.repeat(5)}`), 'elnk_a1B2c3');
});

it('refuses what is no key', () => {
  const random = 'a1B2c3D4'.repeat(5);
  for (const text of [
    '',
    'elnk_',
    random,
    `elnk_${random}x`,
    `elnk_${random.slice(1)}`,
    `ELNK_${random}`,
    `elnk_${random.slice(1)}-`,
    ` elnk_${random}`,
  ]) {
    assert.not(isApiKeyForm(text), text);
  }
});

it.run();

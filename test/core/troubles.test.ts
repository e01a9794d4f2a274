import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isTrouble, TROUBLES, trouble, troubleIn } from '../../src/core/troubles.ts';

const test = suite('troubles');

/** What stands in a blank: a number, a thread, or something nobody here has written. */
const SAMPLES: Readonly<Record<string, string>> = { number: '65', thread: 'front 12' };
const sampleOf = (blank: string): string => SAMPLES[blank] ?? `x-${blank} (é"\\1$&)`;
const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (_, blank: string) => sampleOf(blank));
const blanksOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, blank]) => blank).sort();

test('each is known again in what the server has said, and has its Russian words', () => {
  for (const [name, { en, ru }] of Object.entries(TROUBLES)) {
    assert.equal(blanksOf(ru), blanksOf(en), name);
    if (name !== 'ofThread') assert.match(ru, /[а-яё]{4}/i, name);
    const said = filled(en);
    assert.ok(isTrouble(said), name);
    assert.is(troubleIn(said, 'en'), said);
    assert.is(troubleIn(said, 'ru'), filled(ru).replace('front 12', 'фронт 12'), name);
  }
});

test('what a thread says is translated within', () => {
  const said = trouble('ofThread', { thread: trouble('shard', { number: 1 }), trouble: trouble('clicksUnstored') });
  assert.is(said, 'shard 1: clicks cannot be stored');
  assert.is(troubleIn(said, 'ru'), 'шард 1: клики не удаётся сохранить в базе');
  assert.is(troubleIn('shard 1: of a later version', 'ru'), 'шард 1: of a later version');
  const foreign = trouble('guestRedisForeign', { what: trouble('foreignKeys', { number: 3, database: '7' }) });
  assert.match(troubleIn(foreign, 'ru'), /лежат другие данные \(ключей в базе 7: 3\), они бы/);
});

test('what others say stays as it is', () => {
  for (const text of [
    '',
    'connect ECONNREFUSED 192.0.2.7:587',
    '550 5.1.1: User unknown',
    'not stopping',
    'stopping it',
    'took longer than usual ms',
  ]) {
    assert.not(isTrouble(text), text);
    assert.is(troubleIn(text, 'ru'), text);
  }
});

test('no job fails with words of its own', () => {
  const files = readdirSync('src/jobs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const thrown = files.flatMap((file) =>
    [...readFileSync(join('src/jobs', file), 'utf8').matchAll(/new \w*Error\((.*)/g)].map(([, what]) => ({ file, what })),
  );
  const others = thrown.filter(({ what }) => !what.startsWith('trouble('));
  // It hands on what a task on another thread has failed with.
  assert.equal(
    others.map(({ file }) => file),
    ['pool-port.ts'],
  );
  assert.ok(thrown.length > others.length);
});

test.run();

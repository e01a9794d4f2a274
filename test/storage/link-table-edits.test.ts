import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../support/until.ts';
import { linkOf, PROBE_MS, setUp, TTL_MS } from './link-table-rig.ts';

const test = suite('link table: edits');

test('a slug that got a link is no longer unknown, and the other way round', async () => {
  const { links, versions, hold } = setUp();
  await hold('abc', null);
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  const link = await hold('abc');
  assert.is(links.get('abc'), link);
  versions.bump('abc');
  await hold('abc', null);
  assert.is(links.get('abc'), null);
  assert.is(links.size(), 1);
});

test('an edit outdates the entry at once, in every thread that shares the versions', async () => {
  const { links, versions, hold } = setUp();
  await hold('abc');
  await hold('other');
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  assert.ok(links.get('other'));
  const edited = await hold('abc', linkOf('abc', 'https://example.com/new'));
  assert.is(links.get('abc'), edited);
});

test('an edit while the lookup is under way: the older answer is neither kept nor given', async () => {
  const { links, versions, asked } = setUp();
  const loaded = links.load('abc');
  versions.bump('abc');
  asked[0].answer(linkOf('abc', 'https://example.com/old'));
  await until('the store is asked again', () => asked.length === 2);
  assert.is(links.get('abc'), undefined);
  versions.bump('abc');
  asked[1].answer(linkOf('abc', 'https://example.com/older'));
  await until('and again', () => asked.length === 3);
  const newest = linkOf('abc', 'https://example.com/new');
  asked[2].answer(newest);
  assert.is(await loaded, newest);
  assert.is(links.get('abc'), newest);
});

test('an edit while an ageing entry is refreshed: neither the entry nor the older answer is given', async () => {
  const { links, clock, versions, asked, hold } = setUp();
  await hold('abc');
  clock.now += TTL_MS * 0.9;
  assert.ok(links.get('abc'));
  assert.is(asked.length, 2);
  versions.bump('abc');
  assert.is(links.get('abc'), undefined);
  asked[1].answer(linkOf('abc', 'https://example.com/old'));
  await until('the store is asked again', () => asked.length === 3);
  assert.is(links.get('abc'), undefined);
});

test('what was loaded in an earlier epoch is looked up before it is answered, unless the store is away', async () => {
  const { links, clock, versions, asked, hold, fail } = setUp();
  const link = await hold('abc');
  await hold('none', null);
  versions.expireAll();
  assert.equal([links.get('abc'), links.get('none')], [undefined, undefined]);
  const edited = await hold('abc', linkOf('abc', 'https://example.com/edited'));
  assert.is(links.get('abc'), edited, 'is of the new epoch');

  versions.expireAll();
  await fail();
  assert.is(links.get('abc'), edited, 'as of an expired one');
  assert.is(links.get('none'), null);
  clock.now += PROBE_MS;
  assert.is(links.get('abc'), edited);
  assert.is(asked[asked.length - 1].slug, 'abc', 'and it is asked for meanwhile');
  asked[asked.length - 1].answer(link);
  await until('it is kept', () => links.get('abc') === link);
});

test('links that may have been made unheard: what was not there is looked up again, and nothing else', async () => {
  const { links, versions, asked, hold } = setUp();
  const link = await hold('abc');
  await hold('none', null);
  versions.expireAbsences();
  assert.equal([links.get('abc'), links.get('none')], [link, undefined]);
  const loaded = links.load('none');
  versions.expireAbsences();
  asked[2].answer(null);
  await until('it is asked again', () => asked.length === 4);
  const made = linkOf('none');
  asked[3].answer(made);
  assert.equal([await loaded, links.get('none')], [made, made]);
});

test('an epoch that begins while the lookup is under way: the older answer is neither kept nor given', async () => {
  const { links, versions, asked } = setUp();
  const loaded = links.load('abc');
  versions.expireAll();
  asked[0].answer(linkOf('abc', 'https://example.com/old'));
  await until('it is asked again', () => asked.length === 2);
  const link = linkOf('abc');
  asked[1].answer(link);
  assert.is(await loaded, link);
});

test.run();

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linkListQuerySchema, linkRequestSchemas, TAG_MAX_LENGTH, TAGS_MAX, TITLE_MAX_LENGTH } from '../../src/core/api/links.ts';

const { createLink, editLink } = linkRequestSchemas(new Set(['elnk.example']));
const faults = (schema: typeof createLink | typeof editLink, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

const url = 'https://example.com/';
const test = suite('api');

test('a link needs only a URL, which is normalised', () => {
  assert.equal(createLink.parse({ url: 'HTTPS://EXAMPLE.com' }), { url });
  assert.equal(createLink.parse({ url, slug: 'a-b_C1', title: 'Ж', tags: ['x', 'y', 'x'] }), {
    url,
    slug: 'a-b_C1',
    title: 'Ж',
    tags: ['x', 'y'],
  });
});

test('every fault is named at once', () => {
  const found = faults(createLink, { url: 'http://elnk.example', slug: 'API', title: 'a\nb', tags: ['', 1], urll: 1 });
  assert.equal(
    found.map((line) => line.slice(0, line.indexOf(':'))),
    ['url', 'slug', 'title', 'tags.0', 'tags.1', ''],
  );
});

test('what is not an object, and unknown fields, are refused', () => {
  for (const value of [null, [], 'x', 1, undefined]) assert.is(faults(createLink, value).length, 1);
  for (const field of ['password', 'maxClicks', 'ownerId', 'constructor', '__proto__']) {
    assert.is(faults(createLink, JSON.parse(`{"url":"${url}","${field}":{"a":1}}`)).length, 1, field);
  }
  assert.is(({} as { a?: number }).a, undefined);
});

test('title and tags are short lines of well-formed text', () => {
  const title = (text: string) => faults(createLink, { url, title: text });
  assert.equal(title('я'.repeat(TITLE_MAX_LENGTH)), []);
  assert.equal(title('😀'.repeat(TITLE_MAX_LENGTH)), []); // two UTF-16 units each
  assert.equal(title('👩‍👩‍👧 — <b>"quoted"</b>'), []);
  for (const text of [
    '',
    'я'.repeat(TITLE_MAX_LENGTH + 1),
    '😀'.repeat(TITLE_MAX_LENGTH + 1),
    'a\0b',
    'a\tb',
    '\x7f',
    '\x9b',
    '\u2028',
    '\ud800',
  ]) {
    assert.is(title(text).length, 1, JSON.stringify(text));
  }
  const tags = (all: string[]) => faults(createLink, { url, tags: all }).length;
  assert.is(tags(Array.from({ length: TAGS_MAX }, (_, i) => `tag ${i}`)), 0);
  assert.is(tags(Array.from({ length: TAGS_MAX + 1 }, (_, i) => `tag ${i}`)), 1);
  assert.is(tags(['x'.repeat(TAG_MAX_LENGTH)]), 0);
  assert.is(tags(['x'.repeat(TAG_MAX_LENGTH + 1), 'a\nb']), 2);
});

test('an edit changes at least one field; null clears the title and nothing else', () => {
  assert.equal(editLink.parse({ title: null }), { title: null });
  assert.equal(editLink.parse({ tags: [] }), { tags: [] });
  assert.is(faults(editLink, {}).length, 1);
  for (const field of ['url', 'slug', 'tags']) assert.is(faults(editLink, { [field]: null }).length, 1, field);
});

test('a page has 1 to 100 links, 50 when nothing is said', () => {
  assert.is(linkListQuerySchema.parse({}).limit, 50);
  assert.is(linkListQuerySchema.parse({ limit: '100', cursor: 'x' }).limit, 100);
  for (const limit of ['', '0', '-1', '101', '1.5', 'x', '1e9', 'Infinity', 'NaN'])
    assert.not(linkListQuerySchema.safeParse({ limit }).success, limit);
  assert.not(linkListQuerySchema.safeParse({ serach: 'x' }).success);
});

test.run();

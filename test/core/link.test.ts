import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Decision, decide, type Link } from '../../src/core/link.ts';

const test = suite('link');

const link = (changes: Partial<Link> = {}): Link => ({
  id: 7,
  slug: 'abc',
  target: 'https://example.com/a?b=c#d',
  timeZone: 'UTC',
  disabled: false,
  ...changes,
});

const TABLE: readonly [what: string, link: Link | null, decision: Decision][] = [
  ['no link', null, { kind: 'refuse', reason: 'unknown' }],
  ['a link', link(), { kind: 'redirect', target: 'https://example.com/a?b=c#d' }],
  ['another target', link({ target: 'http://[::1]:8080/' }), { kind: 'redirect', target: 'http://[::1]:8080/' }],
  ['a link that is switched off', link({ disabled: true }), { kind: 'refuse', reason: 'disabled' }],
];

for (const [what, given, decision] of TABLE) {
  test(`${what} → ${decision.kind === 'redirect' ? 'redirect' : decision.reason}`, () => {
    const before = structuredClone(given);
    assert.equal(decide(given), decision);
    assert.equal(given, before, 'the link is left alone');
  });
}

test.run();

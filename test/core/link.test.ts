import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Decision,
  decide,
  type Link,
  type LinkRules,
  type LinkState,
  noteUsedUp,
  type Settled,
  showRules,
  type Visit,
} from '../../src/core/link.ts';

const test = suite('link');

const NOW = Date.UTC(2026, 4, 10, 12);
const TARGET = 'https://example.com/a?b=c#d';
const ELSEWHERE = 'https://example.com/over';
const NO_RULES: LinkRules = { passwordHash: null, maxClicks: null, clicksUsed: 0, validFrom: null, expiresAt: null, expiredUrl: null };
const STRANGER: Visit = { isUnlocked: false, isPreview: false };

const link = (changes: Partial<Link> = {}): Link => ({
  id: 7,
  slug: 'abc',
  target: TARGET,
  timeZone: 'UTC',
  disabled: false,
  rules: null,
  ...changes,
});
const ruled = (rules: Partial<LinkRules>, changes: Partial<Link> = {}) => link({ ...changes, rules: { ...NO_RULES, ...rules } });

test('no link, a plain one, and one that is switched off', () => {
  for (const visit of [STRANGER, { isUnlocked: true, isPreview: true }]) {
    assert.equal(decide(null, visit, NOW), { kind: 'refuse', reason: 'unknown' });
    assert.equal(decide(link(), visit, NOW), { kind: 'redirect', target: TARGET });
    assert.equal(decide(link({ target: 'http://[::1]:8080/' }), visit, NOW), { kind: 'redirect', target: 'http://[::1]:8080/' });
    assert.equal(decide(link({ disabled: true }), visit, NOW), { kind: 'refuse', reason: 'disabled' });
    assert.equal(decide(link({ disabled: true, blocked: true }), visit, NOW), { kind: 'refuse', reason: 'blocked' });
  }
});

/** Every rule with every state it can be in at NOW. */
const DISABLED = [false, true] as const;
const WINDOWS = {
  none: {},
  early: { validFrom: NOW + 1 },
  begun: { validFrom: NOW },
  running: { expiresAt: NOW + 1 },
  over: { expiresAt: NOW },
  'early, with an end': { validFrom: NOW + 1, expiresAt: NOW + 2 },
  within: { validFrom: NOW - 1, expiresAt: NOW + 1 },
  'over, with a beginning': { validFrom: NOW - 2, expiresAt: NOW - 1 },
} as const;
const LIMITS = {
  none: {},
  left: { maxClicks: 2, clicksUsed: 1 },
  'used up': { maxClicks: 2, clicksUsed: 2 },
  lowered: { maxClicks: 2, clicksUsed: 3 },
  'lifted after use': { maxClicks: null, clicksUsed: 3 },
} as const;
const PASSWORDS = [null, '$argon2id$…'] as const;
const PLACES = [null, ELSEWHERE] as const;
const VISITS: readonly Visit[] = [false, true].flatMap((isUnlocked) => [false, true].map((isPreview) => ({ isUnlocked, isPreview })));

type Case = { disabled: boolean; window: keyof typeof WINDOWS; limit: keyof typeof LIMITS; locked: boolean; place: boolean; visit: Visit };

const usedUp = ({ place }: Case): Settled =>
  place ? { kind: 'elsewhere', target: ELSEWHERE, reason: 'exhausted' } : { kind: 'refuse', reason: 'exhausted' };

type Expected = Settled | Omit<Extract<Decision, { kind: 'limited' }>, 'link'>;

/** What is expected, in words of the case and not of the link: the first line that fits is the answer. */
const ORDER: readonly [when: (it: Case) => boolean, then: (it: Case) => Expected][] = [
  [(it) => it.disabled, () => ({ kind: 'refuse', reason: 'disabled' })],
  [(it) => it.window.startsWith('early'), () => ({ kind: 'outside', reason: 'scheduled', at: NOW + 1 })],
  [(it) => it.window.startsWith('over') && it.place, () => ({ kind: 'elsewhere', target: ELSEWHERE, reason: 'expired' })],
  [(it) => it.window === 'over', () => ({ kind: 'outside', reason: 'expired', at: NOW })],
  [(it) => it.window === 'over, with a beginning', () => ({ kind: 'outside', reason: 'expired', at: NOW - 1 })],
  [(it) => it.limit === 'used up' || it.limit === 'lowered', usedUp],
  [(it) => it.locked && !it.visit.isUnlocked, () => ({ kind: 'password' })],
  [(it) => it.limit === 'left' && it.visit.isPreview, () => ({ kind: 'preview' })],
  [(it) => it.limit === 'left', (it) => ({ kind: 'limited', target: TARGET, otherwise: usedUp(it) })],
  [() => true, () => ({ kind: 'redirect', target: TARGET })],
];
test('every combination of rules and visits', () => {
  const met = new Set<number>();
  let cases = 0;
  for (const disabled of DISABLED) {
    for (const window of Object.keys(WINDOWS) as Case['window'][]) {
      for (const limit of Object.keys(LIMITS) as Case['limit'][]) {
        for (const passwordHash of PASSWORDS) {
          for (const expiredUrl of PLACES) {
            for (const visit of VISITS) {
              const given = ruled({ ...WINDOWS[window], ...LIMITS[limit], passwordHash, expiredUrl }, { disabled });
              const before = structuredClone(given);
              const it = { disabled, window, limit, locked: passwordHash !== null, place: expiredUrl !== null, visit };
              const line = ORDER.findIndex(([when]) => when(it));
              met.add(line);
              cases++;
              const { link: limited, ...decision } = { link: undefined, ...decide(given, visit, NOW) };
              assert.equal(decision, ORDER[line][1](it), JSON.stringify(it));
              assert.is(limited, decision.kind === 'limited' ? given : undefined);
              assert.equal(given, before, 'the link is left alone');
            }
          }
        }
      }
    }
  }
  assert.is(cases, 2 * 8 * 5 * 2 * 2 * 4);
  assert.is(met.size, ORDER.length, 'every line of the table was met');
});

test('the window is decided by the moment of the visit, to the millisecond', () => {
  const it = ruled({ validFrom: NOW, expiresAt: NOW + 1_000 });
  assert.is(decide(it, STRANGER, NOW - 1).kind, 'outside');
  for (const at of [NOW, NOW + 1, NOW + 999]) assert.is(decide(it, STRANGER, at).kind, 'redirect');
  for (const at of [NOW + 1_000, NOW + 1e12])
    assert.equal(decide(it, STRANGER, at), { kind: 'outside', reason: 'expired', at: NOW + 1_000 });
});

test('the state that the owner is shown is what a visit would find first', () => {
  const stateOfDecision = (decision: Decision): LinkState => {
    if (decision.kind === 'outside' || decision.kind === 'elsewhere') return decision.reason;
    if (decision.kind !== 'refuse') return 'active';
    return decision.reason === 'disabled' ? 'disabled' : 'exhausted';
  };
  const states = new Set<LinkState>();
  for (const disabled of DISABLED) {
    for (const window of Object.values(WINDOWS)) {
      for (const limit of Object.values(LIMITS)) {
        const rules = { ...NO_RULES, ...window, ...limit };
        const { state } = showRules({ ...rules, hasPassword: false, disabled }, NOW);
        assert.is(state, stateOfDecision(decide(link({ disabled, rules }), STRANGER, NOW)));
        states.add(state);
      }
    }
  }
  assert.is(states.size, 5);
});

test('that a limit is used up is remembered with the link, unless there is none any more', () => {
  const [limited, over, unlimited, plain] = [
    ruled({ maxClicks: 5, clicksUsed: 3 }),
    ruled({ maxClicks: 5, clicksUsed: 8 }),
    ruled({ passwordHash: 'a hash' }),
    link(),
  ];
  for (const it of [limited, over, unlimited, plain]) noteUsedUp(it);
  assert.equal(
    [limited, over, unlimited, plain].map((it) => it.rules?.clicksUsed),
    [5, 8, 0, undefined],
  );
  assert.equal(decide(limited, STRANGER, NOW), { kind: 'refuse', reason: 'exhausted' });
});

test('what the owner is shown of the rules', () => {
  const shown = (changes: object) => showRules({ ...NO_RULES, hasPassword: false, disabled: false, ...changes }, NOW);
  assert.equal(shown({}), {
    hasPassword: false,
    maxClicks: null,
    clicksLeft: null,
    validFrom: null,
    expiresAt: null,
    expiredUrl: null,
    state: 'active',
  });
  assert.equal(shown({ hasPassword: true, maxClicks: 5, clicksUsed: 2, validFrom: NOW + 1, expiresAt: NOW + 2, expiredUrl: ELSEWHERE }), {
    hasPassword: true,
    maxClicks: 5,
    clicksLeft: 3,
    validFrom: '2026-05-10T12:00:00.001Z',
    expiresAt: '2026-05-10T12:00:00.002Z',
    expiredUrl: ELSEWHERE,
    state: 'scheduled',
  });
  assert.is(shown({ maxClicks: 2, clicksUsed: 3 }).clicksLeft, 0, 'a limit that was lowered');
  assert.is(shown({ clicksUsed: 3 }).clicksLeft, null, 'a limit that was lifted');
});

test.run();

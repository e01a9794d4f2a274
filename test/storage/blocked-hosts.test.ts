/** The blocked hosts in front threads: what each holds, and that no link escapes them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { threadAnnouncer } from '../../src/core/announce.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Link } from '../../src/core/link.ts';
import { createSharedMemory, linkVersions } from '../../src/core/shared.ts';
import {
  BLOCKED_HOSTS_NAME,
  BLOCKED_HOSTS_TTL_MS,
  createBlockedHosts,
  DEAF_BLOCKED_HOSTS_TTL_MS,
  markingBlocked,
  refuseBlocked,
} from '../../src/storage/links/blocked-hosts.ts';
import { batchedLookup } from '../../src/storage/links/lookup.ts';
import { createLinkTable } from '../../src/storage/links/table.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const it = suite('blocked hosts at hand');

const linkOf = (slug: string, target: string): Link => ({ id: 1, slug, target, timeZone: 'UTC', disabled: false, rules: null });
const away = new Error('connect ECONNREFUSED');

/** A store whose questions may be held up, and the threads that ask it. */
function setUp() {
  const clock = { now: 1_000_000 };
  const versions = linkVersions(createSharedMemory({ fronts: 2, shards: 1 }).versions);
  const announcer = threadAnnouncer(versions, null);
  const store = { hosts: [] as string[], links: new Map<string, Link>(), loads: 0, isAway: false };
  const held: (() => void)[] = [];
  let isHolding = false;
  const failures: unknown[] = [];

  /** What is found is of the moment of the question; the answer may come later. */
  async function answering<T>(found: T): Promise<T> {
    if (isHolding) await new Promise<void>((resolve) => void held.push(resolve));
    if (store.isAway) throw away;
    return found;
  }
  const thread = () => {
    const hosts = createBlockedHosts({
      load: () => {
        store.loads++;
        return answering([...store.hosts]);
      },
      versions,
      clock: () => clock.now,
      onFailure: (error) => failures.push(error),
    });
    const lookup = (slugs: readonly string[]) =>
      answering(new Map(slugs.flatMap((slug) => (store.links.has(slug) ? [[slug, store.links.get(slug) as Link]] : []))));
    const table = createLinkTable({
      lookup: batchedLookup(markingBlocked(lookup, hosts)),
      versions,
      entries: 100,
      ttlMs: () => 600_000,
      clock: () => clock.now,
      onFailure: (error) => failures.push(error),
    });
    /** As the redirect does. */
    const visit = async (slug: string) => table.get(slug) ?? (await table.load(slug));
    return { hosts, table, visit };
  };
  return {
    clock,
    versions,
    store,
    failures,
    thread,
    /** Questions from now on wait until they are let go. */
    hold: () => {
      isHolding = true;
    },
    letGo: () => {
      isHolding = false;
      for (const go of held.splice(0)) go();
    },
    held: () => held.length,
    async block(...hosts: string[]) {
      store.hosts = hosts;
      await announcer.changed([BLOCKED_HOSTS_NAME]);
      await announcer.everythingChanged();
    },
  };
}

it('a change is effective at once in every thread, for links that are there already, and back', async () => {
  const { store, thread, block } = setUp();
  store.links.set('a', linkOf('a', 'https://www.evil.example/'));
  store.links.set('b', linkOf('b', 'https://good.example/'));
  const threads = [thread(), thread()];
  for (const { visit } of threads) for (const slug of ['a', 'b']) assert.is((await visit(slug))?.disabled, false);
  await block('evil.example');
  for (const { table, visit } of threads) {
    assert.is(table.get('a'), undefined, 'to be looked up');
    const link = await visit('a');
    assert.equal([link?.disabled, link?.blocked], [true, true]);
    assert.equal(await visit('b'), store.links.get('b'));
  }
  await block();
  for (const { visit } of threads) assert.equal(await visit('a'), store.links.get('a'));
});

it('the hosts are asked for once, and again after a change, and after a while without making anybody wait', async () => {
  const { store, clock, versions, thread, block, hold, letGo } = setUp();
  const { hosts } = thread();
  await Promise.all(Array.from({ length: 20 }, () => hosts.current()));
  assert.is(store.loads, 1);
  await block('evil.example');
  assert.equal([...(await hosts.current())], ['evil.example']);
  assert.is(store.loads, 2);
  clock.now += BLOCKED_HOSTS_TTL_MS - 1;
  await hosts.current();
  assert.is(store.loads, 2);
  store.hosts = ['other.example']; // by somebody who could not announce it
  clock.now += 1;
  hold();
  assert.equal([...(await hosts.current())], ['evil.example']);
  assert.equal([...(await hosts.current())], ['evil.example']);
  assert.is(store.loads, 3);
  letGo();
  await until('they are renewed', async () => [...(await hosts.current())][0] === 'other.example');
  assert.is(store.loads, 3);
  versions.setDeaf(true);
  clock.now += DEAF_BLOCKED_HOSTS_TTL_MS;
  await hosts.current();
  assert.is(store.loads, 4, 'sooner, while other nodes are not heard');
});

it('a link that is looked up while its host is being blocked does not escape, wherever the lookup is', async () => {
  const { store, thread, block, hold, letGo, held } = setUp();
  const { visit } = thread();
  const early = thread(); // has no hosts yet: they are asked for behind the link
  store.links.set('a', linkOf('a', 'https://evil.example/'));
  await visit('other');
  hold();
  const visits = [visit('a'), early.visit('a')];
  await until('both ask', () => held() === 2);
  const blocking = block('evil.example');
  letGo();
  await blocking;
  for (const link of await Promise.all(visits)) assert.is(link?.blocked, true);
});

it('a link that is made while its host is being blocked does not escape', async () => {
  const { store, thread, block } = setUp();
  const [one, other] = [thread(), thread()];
  await refuseBlocked(one.hosts, { url: 'https://evil.example/' });
  await block('evil.example');
  store.links.set('new', linkOf('new', 'https://evil.example/')); // was judged before, is committed now
  for (const { visit } of [one, other]) assert.is((await visit('new'))?.blocked, true);
});

it('between the two announcements nobody takes a link for good that the older hosts have judged', async () => {
  const { store, versions, thread } = setUp();
  const { visit } = thread();
  store.links.set('a', linkOf('a', 'https://evil.example/'));
  await visit('a');
  store.hosts = ['evil.example'];
  versions.bump(BLOCKED_HOSTS_NAME);
  versions.bump('a'); // the first cell of all
  assert.is((await visit('a'))?.blocked, true);
});

it('a place for latecomers that is on a blocked host is dropped', async () => {
  const { store, thread, block } = setUp();
  const rules = { passwordHash: null, maxClicks: 3, clicksUsed: 3, validFrom: null, expiresAt: null };
  store.links.set('a', { ...linkOf('a', 'https://good.example/'), rules: { ...rules, expiredUrl: 'https://evil.example/' } });
  await block('evil.example');
  const link = await thread().visit('a');
  assert.equal([link?.disabled, link?.blocked, link?.rules], [false, undefined, { ...rules, expiredUrl: null }]);
});

it('without the store: a known change makes wait for it; an epoch or the end of a lifetime does not', async () => {
  const { store, clock, versions, thread, block, failures } = setUp();
  const { hosts } = thread();
  await block('evil.example');
  await hosts.current();
  store.isAway = true;
  versions.expireAll();
  assert.equal([...(await hosts.current())], ['evil.example']);
  assert.equal(failures, [away]);
  await hosts.current();
  assert.is(failures.length, 1, 'not asked at every lookup');
  clock.now += BLOCKED_HOSTS_TTL_MS;
  assert.equal([...(await hosts.current())], ['evil.example']);
  await until('the try has failed', () => failures.length === 2);
  await block('evil.example', 'more.example');
  assert.is(await thrownBy(hosts.current()), away);
  store.isAway = false;
  assert.is((await hosts.current()).size, 2);
});

it('a new epoch asks for them before the next link is judged', async () => {
  const { store, versions, thread } = setUp();
  const { visit } = thread();
  store.links.set('a', linkOf('a', 'https://evil.example/'));
  assert.is((await visit('a'))?.blocked, undefined);
  store.hosts = ['evil.example']; // announced while nobody heard it
  versions.expireAll();
  assert.is((await visit('a'))?.blocked, true);
});

it('targets that are refused are named', async () => {
  const { thread, block } = setUp();
  const { hosts } = thread();
  await block('evil.example');
  const [good, evil] = ['https://good.example/', 'https://a.evil.example/'];
  const failure = await thrownBy(refuseBlocked(hosts, { url: good, expiredUrl: evil }));
  assert.ok(failure instanceof Failure && failure.code === 'invalid');
  assert.equal(
    failure.errors.map(({ path }) => path),
    ['expiredUrl'],
  );
  const both = await thrownBy(refuseBlocked(hosts, { url: evil, expiredUrl: evil }));
  assert.ok(both instanceof Failure && both.errors.length === 2);
  await refuseBlocked(hosts, { url: undefined, expiredUrl: null });
  await refuseBlocked(hosts, { url: good });
});

it.run();

/** What holds for every store of guest links. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GuestStore } from '../../src/core/ports/links.ts';
import type { Component } from '../../src/core/ports.ts';
import { guestSlug, isGuestSlug } from '../../src/core/slug.ts';
import { TARGET_MAX_LENGTH } from '../../src/core/target.ts';
import { createGuestLinks } from '../../src/storage/guests/links.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

/** Links of `BULKY` characters that the store has room for, about. */
export const ROOM_LINKS = 500;
export const BULKY = 2_000;

export type StoreRig = {
  store: GuestStore;
  /** Another thread's, or another node's. */
  other: GuestStore;
  /** Settles when a link that was made or used before counts as used less recently than one that is used now. */
  untilOlder(slug: string): Promise<void>;
  /** Links displaced since the last call. */
  displaced(): Promise<number>;
  /** Makes the store be away. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
};

export function guestStoreContract(name: string, start: () => Promise<Component<StoreRig>>): void {
  const it = suite<{ rig: StoreRig; stop(): Promise<void> }>(`guest links in ${name}`);
  it.before.each(async (context) => {
    const { value, stop } = await start();
    Object.assign(context, { rig: value, stop });
  });
  it.after.each(({ stop }) => stop());

  const linksOf = (store: GuestStore) => createGuestLinks(store, randomBytes, () => undefined);
  const targetOf = async (store: GuestStore, slug: string) => (await store.lookup([slug])).get(slug)?.target;
  const bulky = (text: string) => `https://example.com/${text}/`.padEnd(BULKY, 'x');
  const make = async (store: GuestStore, count: number, text: string) => {
    const slugs: string[] = [];
    for (let i = 0; i < count; i++) slugs.push(await linksOf(store).create(bulky(`${text}-${i}`)));
    return slugs;
  };

  it('a link is found under its slug, which has the form of a guest slug, and leads where it was said, character by character', async ({
    rig: { store, other },
  }) => {
    for (const target of ['https://example.com/', `https://example.com/?q=%D0%BF&"'<>\\|^\`{}~`, `https://e.com/${'a'.repeat(8_178)}`]) {
      assert.ok(target.length <= TARGET_MAX_LENGTH);
      const slug = await linksOf(store).create(target);
      assert.ok(isGuestSlug(slug), slug);
      assert.is(await targetOf(other, slug), target);
    }
  });

  it('many are looked up at once; those that are not there are absent', async ({ rig: { store } }) => {
    const links = linksOf(store);
    const [one, two] = [await links.create('https://example.com/1'), await links.create('https://example.com/2')];
    const found = await store.lookup([one, guestSlug(randomBytes), two]);
    assert.equal(
      [...found],
      [
        [one, { slug: one, target: 'https://example.com/1' }],
        [two, { slug: two, target: 'https://example.com/2' }],
      ],
    );
  });

  it('who makes a link gets one of his own, also to a target that others have one to', async ({ rig: { store, other } }) => {
    const target = 'https://example.com/same';
    const slugs = [await linksOf(store).create(target), await linksOf(other).create(target), (await linksOf(store).share(target)).slug];
    assert.is(new Set(slugs).size, 3);
  });

  it('quick links to one target share one link, to others they do not', async ({ rig: { store, other } }) => {
    const first = await linksOf(store).share('https://www.ozon.ru/product/1');
    assert.is(first.isNew, true);
    assert.equal(await linksOf(other).share('https://www.ozon.ru/product/1'), { slug: first.slug, isNew: false });
    const second = await linksOf(store).share('https://www.ozon.ru/product/1/');
    assert.is(second.isNew, true);
    assert.is.not(second.slug, first.slug);
    assert.is(await targetOf(store, first.slug), 'https://www.ozon.ru/product/1');
  });

  it('who asks for the same quick link at the same moment gets the same link, made once', async ({ rig: { store, other } }) => {
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => linksOf(i % 2 === 0 ? store : other).share('https://www.ozon.ru/')));
    assert.is(new Set(all.map(({ slug }) => slug)).size, 1);
    assert.is(all.filter(({ isNew }) => isNew).length, 1);
  });

  it('a slug that is taken leads on to where it led', async ({ rig: { store } }) => {
    const slug = guestSlug(randomBytes);
    assert.equal(await store.put(slug, 'https://example.com/first'), { target: 'https://example.com/first', isNew: true });
    assert.equal(await store.put(slug, 'https://example.com/second'), { target: 'https://example.com/first', isNew: false });
    assert.is(await targetOf(store, slug), 'https://example.com/first');
  });

  it('a quick link whose slug another target has gets the next one, always the same', async ({ rig: { store, other } }) => {
    const target = 'https://www.ozon.ru/product/2';
    const taken: string[] = [];
    // Says of the first slug that it is taken by another target, whatever is in it.
    const colliding: GuestStore = {
      ...store,
      put: async (slug, it) => {
        taken.push(slug);
        return taken.length === 1 ? { target: 'https://example.com/another', isNew: false } : store.put(slug, it);
      },
    };
    const { slug } = await linksOf(colliding).share(target);
    assert.equal(taken, [taken[0], slug]);
    await store.put(taken[0], 'https://example.com/another');
    assert.equal(await linksOf(other).share(target), { slug, isNew: false });
  });

  it('beyond the cap, what was not used for the longest time goes first', async ({ rig }) => {
    const { store } = rig;
    const hot = await make(store, 10, 'hot');
    const cold = await make(store, ROOM_LINKS * 0.75, 'cold');
    await rig.displaced();
    assert.is((await store.lookup([...hot, ...cold])).size, hot.length + cold.length, 'there is room for all of them');
    await rig.untilOlder(cold[cold.length - 1]);
    await store.touch([...hot, guestSlug(randomBytes)]);
    const fresh = await make(store, ROOM_LINKS * 0.6, 'fresh');

    const left = async (slugs: string[]) => (await store.lookup(slugs)).size;
    assert.is(await left(hot), hot.length);
    assert.is(await left(fresh), fresh.length);
    const gone = cold.length - (await left(cold));
    assert.ok(gone >= ROOM_LINKS * 0.2 && gone < cold.length, `${gone} of ${cold.length} are gone`);
    assert.is(await rig.displaced(), gone);
    assert.is(await rig.displaced(), 0);
  });

  it('a quick link that was displaced is the same link when somebody asks for it again', async ({ rig }) => {
    const { store } = rig;
    const links = linksOf(store);
    const { slug } = await links.share(bulky('product'));
    await rig.untilOlder(slug);
    await make(store, ROOM_LINKS * 1.5, 'fresh');
    assert.is(await targetOf(store, slug), undefined);
    assert.equal(await links.share(bulky('product')), { slug, isNew: true });
    assert.is(await targetOf(store, slug), bulky('product'));
  });

  it('while the store is away everything is refused, and afterwards it works as before', async ({ rig }) => {
    const { store } = rig;
    const slug = await linksOf(store).create('https://example.com/');
    await rig.goAway();
    const asked = [store.put(guestSlug(randomBytes), 'https://example.com/'), store.lookup([slug]), store.touch([slug])];
    await Promise.all(asked.map(thrownBy));
    await rig.comeBack();
    await until('a link that is made', () =>
      linksOf(store)
        .create('https://example.com/')
        .catch(() => null),
    );
  });

  it.run();
}

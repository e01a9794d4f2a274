/** Everybody's links: found by slug or target, switched off, deleted. */
import { useState } from 'preact/hooks';
import type { AdminLink } from '../../../../src/core/api/admin.ts';
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { SearchField } from '../../components/search-field.tsx';
import { Sure } from '../../components/sure.tsx';
import { toast } from '../../components/toasts.tsx';
import { withoutScheme } from '../../format.ts';
import { query, setQuery } from '../../router.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';
import { admin } from './words.ts';

export function LinksPart() {
  const search = query.value.get('search') ?? '';
  const pages = usePages<AdminLink>(`admin/links?${new URLSearchParams(search === '' ? {} : { search })}`);
  /** The one that is asked about. */
  const [doomed, setDoomed] = useState<AdminLink | null>(null);
  const change = async (link: AdminLink, work: () => Promise<AdminLink | null>, done: string) => {
    try {
      const changed = await work();
      pages.change((links) => links.flatMap((it) => (it.id !== link.id ? [it] : changed === null ? [] : [changed])));
      toast(done);
    } catch (error) {
      toast(explain(error));
    }
  };
  const remove = (link: AdminLink) =>
    change(link, () => ask<undefined>('DELETE', `admin/links/${link.slug}`).then(() => null), admin.value.deletedLink);
  return (
    <section class="stack">
      <SearchField label={admin.value.searchLinks} value={search} onValue={(search) => setQuery({ search })} />
      <PageList pages={pages} empty={admin.value.noLinks}>
        <ul class="link-list">
          {pages.items?.map((link) => (
            <li key={link.id} class="admin-link">
              <div class="link-text">
                <p class="link-name">
                  {withoutScheme(link.shortUrl)}
                  {link.disabled && <span class="badge">{admin.value.disabled}</span>}
                  {link.blocked && <span class="badge">{admin.value.blocked}</span>}
                </p>
                <p class="soft small link-line">→ {withoutScheme(link.url)}</p>
                <p class="soft small">
                  {admin.value.owner}: {link.owner.email}
                </p>
              </div>
              <div class="row">
                <button
                  type="button"
                  class="button"
                  data-size="small"
                  onClick={() =>
                    void change(
                      link,
                      () => ask<AdminLink>('PATCH', `admin/links/${link.slug}`, { body: { disabled: !link.disabled } }),
                      admin.value.done,
                    )
                  }
                >
                  {link.disabled ? admin.value.enable : admin.value.disable}
                </button>
                <button type="button" class="button" data-kind="danger" data-size="small" onClick={() => setDoomed(link)}>
                  {common.value.delete}
                </button>
              </div>
            </li>
          ))}
        </ul>
      </PageList>
      {doomed !== null && (
        <Sure action={common.value.delete} onYes={() => void remove(doomed)} onClose={() => setDoomed(null)}>
          <p>{admin.value.deleteLinkSure}</p>
          <p class="link-line">{withoutScheme(doomed.shortUrl)}</p>
          <p class="soft small link-line">→ {withoutScheme(doomed.url)}</p>
        </Sure>
      )}
    </section>
  );
}

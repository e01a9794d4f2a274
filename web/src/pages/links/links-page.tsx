/** The panel: overview of all links, and the list of them. */
import { useEffect, useState } from 'preact/hooks';
import { askRaw, user } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Fault } from '../../components/fault.tsx';
import { Icon } from '../../components/icons.tsx';
import { Menu } from '../../components/menu.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { Select } from '../../components/select.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { toast } from '../../components/toasts.tsx';
import { Unconfirmed } from '../../components/unconfirmed.tsx';
import { usePageTitle } from '../../page-title.ts';
import { locale } from '../../preferences.ts';
import { hrefOf, leaveDialog, navigate, path, query, setQuery } from '../../router.ts';
import { saveFile } from '../../save-file.ts';
import { AllStats } from './all-stats.tsx';
import { CreateDialog } from './create-dialog.tsx';
import { deleteLinks } from './deletion.ts';
import { filtersOf, isFiltered, listed, SORTS, STATES, tagsOf } from './filters.ts';
import { LinkRow } from './link-row.tsx';
import { watchLive } from './live-feed.ts';
import { LiveState } from './live-state.tsx';
import { Overview } from './overview.tsx';
import { addLinks, dashboard, loadPanel, panelError, panelLinks } from './panel.ts';
import { PanelSkeleton } from './panel-skeleton.tsx';
import { links } from './words.ts';
import './links.css';

export const NEW_LINK_PATH = '/links/new';
export const IMPORT_PATH = '/links/import';

/** Of many thousand links. */
const EXPORT_TIMEOUT_MS = 300_000;

/** Filters stay. */
const openNew = () => navigate(`${NEW_LINK_PATH}${location.search}`);
const leaveNew = () => leaveDialog(`/links${location.search}`);

export function LinksPage() {
  usePageTitle(links.value.title);
  const isKnown = user.value != null;
  useEffect(() => {
    if (!isKnown) return undefined;
    void loadPanel();
    return watchLive();
  }, [isKnown]);
  const isConfirmed = user.value?.confirmed === true;
  const isLocked = user.value?.confirmed === false;
  return (
    <div class="links">
      <header class="links-head">
        <h1>{links.value.title}</h1>
        <LiveState />
        <button type="button" class="button" data-kind="primary" disabled={isLocked} onClick={openNew}>
          <Icon name={isLocked ? 'lock' : 'plus'} />
          {links.value.create}
        </button>
        <Files />
      </header>
      <Unconfirmed />
      {panelError.value !== null && <Fault error={panelError.value} onRetry={() => void loadPanel()} />}
      {dashboard.value === null ? panelError.value === null && (isKnown ? <PanelSkeleton /> : <Skeleton lines={0} />) : <Panel />}
      {path.value === NEW_LINK_PATH && isConfirmed && <CreateDialog onClose={leaveNew} onMade={addLinks} />}
    </div>
  );
}

/** All links as a file, and the other way round. */
function Files() {
  const save = async () => {
    try {
      const isExcel = locale.value === 'ru'; // where its lists have semicolons
      await saveFile(await askRaw('GET', `links.csv?excel=${isExcel}`, { timeoutMs: EXPORT_TIMEOUT_MS }), 'links.csv');
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <Menu label={links.value.files} face={<Icon name="more" />}>
      <a class="menu-item" role="menuitem" href={hrefOf(IMPORT_PATH)} data-app>
        <Icon name="plus" />
        {links.value.importCsv}
      </a>
      {panelLinks.value.length > 0 && (
        <button type="button" class="menu-item" role="menuitem" onClick={() => void save()}>
          <Icon name="download" />
          {links.value.exportCsv}
        </button>
      )}
    </Menu>
  );
}

function Panel() {
  const all = panelLinks.value;
  if (all.length === 0) return <NoLinks />;
  return (
    <>
      <Overview />
      <AllStats />
      <List />
    </>
  );
}

function NoLinks() {
  return (
    <section class="card stack links-empty">
      <h2>{links.value.noLinks}</h2>
      {user.value?.confirmed && (
        <>
          <p class="soft">{links.value.noLinksText}</p>
          <div class="row">
            <a class="button" data-kind="primary" href={hrefOf(NEW_LINK_PATH)} data-app>
              <Icon name="plus" />
              {links.value.create}
            </a>
            <a class="button" href={hrefOf(IMPORT_PATH)} data-app>
              {links.value.importCsv}
            </a>
          </div>
        </>
      )}
    </section>
  );
}

function List() {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const filters = filtersOf(query.value);
  const shown = listed(panelLinks.value, filters, locale.value);
  const chosen = shown.filter(({ slug }) => selected.has(slug)).map(({ slug }) => slug);
  // Of what is selected by then: rows that are not drawn again keep the function of an earlier drawing.
  const toggle = (slug: string) =>
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(slug)) next.add(slug);
      return next;
    });
  return (
    <section class="stack" aria-label={links.value.title}>
      <Toolbar />
      {chosen.length > 0 && (
        <div class="card row links-selection">
          <span>{links.value.selected(chosen.length)}</span>
          <button
            type="button"
            class="button"
            data-kind="danger"
            data-size="small"
            onClick={() => {
              deleteLinks(chosen);
              setSelected(new Set());
            }}
          >
            <Icon name="trash" size={16} />
            {links.value.deleteSelected}
          </button>
          {chosen.length < shown.length && (
            <button type="button" class="button" data-size="small" onClick={() => setSelected(new Set(shown.map(({ slug }) => slug)))}>
              {links.value.selectAll(shown.length)}
            </button>
          )}
          <button type="button" class="button" data-size="small" onClick={() => setSelected(new Set())}>
            {links.value.unselect}
          </button>
        </div>
      )}
      {shown.length === 0 && isFiltered(filters) && (
        <div class="card stack links-empty">
          <p>{links.value.nothingFound}</p>
          <button type="button" class="button" onClick={() => setQuery({ search: null, state: null, tag: null })}>
            {links.value.clearFilters}
          </button>
        </div>
      )}
      <ul class="link-list">
        {shown.map((link) => (
          <LinkRow key={link.id} link={link} isSelected={selected.has(link.slug)} onToggle={toggle} />
        ))}
      </ul>
    </section>
  );
}

const ALL = '';

function Toolbar() {
  const { search, state, tag, sort } = filtersOf(query.value);
  const tags = tagsOf(panelLinks.value);
  return (
    <div class="links-tools">
      <SearchField label={links.value.search} value={search} onValue={(search) => setQuery({ search })} />
      <Select
        label={links.value.state}
        isLabelHidden
        value={state ?? ALL}
        choices={[{ value: ALL, label: links.value.allStates }, ...STATES.map((value) => ({ value, label: links.value.states[value] }))]}
        onValue={(value) => setQuery({ state: value })}
      />
      {tags.length > 0 && (
        <Select
          label={links.value.tag}
          isLabelHidden
          value={tag ?? ALL}
          choices={[{ value: ALL, label: links.value.allTags }, ...tags.map((value) => ({ value, label: value }))]}
          onValue={(value) => setQuery({ tag: value })}
        />
      )}
      <Select
        label={links.value.sort}
        isLabelHidden
        value={sort}
        choices={SORTS.map((value) => ({ value, label: links.value.sorts[value] }))}
        onValue={(value) => setQuery({ sort: value === 'newest' ? null : value })}
      />
    </div>
  );
}

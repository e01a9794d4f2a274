/** Charts of all links together. Whether they are open stands in the address bar. */
import { query, setQuery } from '../../router.ts';
import { panelLinks } from './panel.ts';
import { StatsView } from './stats-view.tsx';
import { links } from './words.ts';
import './link-page.css';

const OPEN = 'open';

export function AllStats() {
  const isOpen = query.value.get('charts') === OPEN;
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setQuery({ charts: currentTarget.open ? OPEN : null })}>
      <summary class="all-stats">{links.value.allStats}</summary>
      {isOpen && (
        <div class="links">
          <StatsView slug={null} clicks={panelLinks.value.reduce((sum, { clicks }) => sum + clicks, 0)} />
        </div>
      )}
    </details>
  );
}

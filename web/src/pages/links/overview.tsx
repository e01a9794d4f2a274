/** All links together, on top. */
import { number } from '../../format.ts';
import { dashboard, panelLinks } from './panel.ts';
import { links } from './words.ts';

export const OVERVIEW_FIGURES = 5;

export function Overview() {
  const all = panelLinks.value;
  const sum = (of: (link: (typeof all)[number]) => number) => all.reduce((total, link) => total + of(link), 0);
  if (dashboard.value === null) return null;
  const figures = [
    { label: links.value.today, value: sum(({ clicksToday }) => clicksToday) },
    { label: links.value.repeatToday, value: sum(({ repeatClicksToday }) => repeatClicksToday) },
    { label: links.value.week, value: sum(({ week }) => week.reduce((total, day) => total + day, 0)) },
    { label: links.value.allClicks, value: sum(({ clicks }) => clicks) },
    { label: links.value.linkCount, value: all.length },
  ];
  return (
    <dl class="overview numbers">
      {figures.map(({ label, value }) => (
        <div key={label} class="card">
          <dd>{number(value)}</dd>
          <dt class="soft small">{label}</dt>
        </div>
      ))}
    </dl>
  );
}

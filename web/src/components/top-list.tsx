/** The most frequent of something, with bars. */
import type { Part } from '../../../src/core/charts.ts';
import { number } from '../format.ts';

export function TopList({ title, parts }: { title: string; parts: readonly Part[] }) {
  const highest = Math.max(1, ...parts.map(({ value }) => value));
  return (
    <section class="card stack">
      <h3>{title}</h3>
      {parts.length === 0 && <p class="soft">—</p>}
      <ol class="top-list">
        {parts.map(({ label, value }) => (
          <li key={label}>
            <span class="top-bar" style={{ width: `${(value / highest) * 100}%` }} />
            <span class="top-name">{label}</span>
            <span class="numbers">{number(value)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

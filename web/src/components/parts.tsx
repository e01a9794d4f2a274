/** A doughnut with its legend: what clicks are made of. */

import { useMemo } from 'preact/hooks';
import { DARK_COLORS, doughnutOption, LIGHT_COLORS, type Part, partColor } from '../../../src/core/charts.ts';
import { number, percent } from '../format.ts';
import { isDark } from '../preferences.ts';
import { Chart } from './chart.tsx';

/** Legends stay short; the picture has all. */
const LISTED = 5;

export function Parts({ title, parts }: { title: string; parts: readonly Part[] }) {
  const colors = isDark.value ? DARK_COLORS : LIGHT_COLORS;
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const option = useMemo(() => doughnutOption(parts, title, colors), [parts, title, colors]);
  return (
    <section class="card parts">
      <h3>{title}</h3>
      {total === 0 ? (
        <p class="soft">—</p>
      ) : (
        <div class="parts-body">
          <Chart label={title} option={option} height={128} rows={parts.map(({ label, value }) => [label, number(value)])} />
          <ol class="parts-list small" aria-hidden="true">
            {parts.slice(0, LISTED).map(({ label, value, isRest }, i) => (
              <li key={label}>
                <span class="parts-mark" style={{ background: partColor(i, isRest, colors) }} />
                <span class="parts-name">{label}</span>
                <span class="numbers soft">{percent(value / total)}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

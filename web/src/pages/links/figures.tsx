/** Some numbers in a row, each above its name, and before that the line that it has in a chart: its style and colour. */
import { number } from '../../format.ts';

export function Figures({ class: name, figures }: { class: string; figures: readonly [label: string, value: number, line?: string][] }) {
  return (
    <dl class={`${name} numbers`}>
      {figures.map(([label, value, line]) => (
        <div key={label}>
          <dd>{number(value)}</dd>
          <dt class="soft small">
            {line !== undefined && <span class="figure-line" style={{ borderBlockStart: `2px ${line}` }} />}
            {label}
          </dt>
        </div>
      ))}
    </dl>
  );
}

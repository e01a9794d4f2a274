/** Some numbers in a row, each above its name. */
import { number } from '../../format.ts';

export function Figures({ class: name, figures }: { class: string; figures: readonly [label: string, value: number][] }) {
  return (
    <dl class={`${name} numbers`}>
      {figures.map(([label, value]) => (
        <div key={label}>
          <dd>{number(value)}</dd>
          <dt class="soft small">{label}</dt>
        </div>
      ))}
    </dl>
  );
}

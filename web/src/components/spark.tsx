/** Hours or days in one small picture of numbers that stand beside it. */
const WIDTH = 96;
const HEIGHT = 28;
/** Between bars; narrower ones have none. */
const GAP = 1;
const GAP_FROM_STEP = 2.5;

/** Two shapes and not one for each bar: a long list has thousands of bars. */
export function Spark({ values, isWideOnly = true }: { values: readonly number[]; isWideOnly?: boolean }) {
  const highest = Math.max(1, ...values);
  const step = WIDTH / values.length;
  const width = step - (step < GAP_FROM_STEP ? 0 : GAP);
  let bars = '';
  let empty = '';
  values.forEach((value, i) => {
    const bar = `M${i * step} ${HEIGHT}h${width}v${-(value === 0 ? 1 : Math.max(2, (value / highest) * HEIGHT))}h${-width}z`;
    if (value === 0) empty += bar;
    else bars += bar;
  });
  return (
    <svg
      class={isWideOnly ? 'spark wide-only' : 'spark'}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      <path d={bars} />
      <path d={empty} data-empty />
    </svg>
  );
}

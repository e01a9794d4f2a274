/** Hours or days in one small picture of numbers that stand beside it. */
const WIDTH = 96;
const HEIGHT = 28;
/** Between bars; narrower ones have none. */
const GAP = 1;
const GAP_FROM_STEP = 2.5;

export function Spark({ values, isWideOnly = true }: { values: readonly number[]; isWideOnly?: boolean }) {
  const highest = Math.max(1, ...values);
  const step = WIDTH / values.length;
  const gap = step < GAP_FROM_STEP ? 0 : GAP;
  return (
    <svg
      class={isWideOnly ? 'spark wide-only' : 'spark'}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {values.map((value, i) => {
        const height = value === 0 ? 1 : Math.max(2, (value / highest) * HEIGHT);
        return <rect key={i} x={i * step} y={HEIGHT - height} width={step - gap} height={height} rx="1" data-empty={value === 0} />;
      })}
    </svg>
  );
}

/** A day in one small line; only a picture of numbers that stand beside it. */
const WIDTH = 96;
const HEIGHT = 28;

export function Spark({ values }: { values: readonly number[] }) {
  const highest = Math.max(1, ...values);
  const step = WIDTH / values.length;
  return (
    <svg class="spark wide-only" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {values.map((value, hour) => {
        const height = value === 0 ? 1 : Math.max(2, (value / highest) * HEIGHT);
        return <rect key={hour} x={hour * step} y={HEIGHT - height} width={step - 1} height={height} rx="1" data-empty={value === 0} />;
      })}
    </svg>
  );
}

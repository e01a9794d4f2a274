/** One figure, beside what it is measured against in the same run. */
export type BenchRow = {
  name: string;
  value: number;
  unit: string;
  baseline?: number;
  /** Good or bad by itself: how near the figure comes to the baseline, 1 is as good; for costs how many times the baseline's. */
  ratio?: number;
  /** What `ratio` must reach (or, for costs, not exceed). */
  must?: string;
};

export const round = (value: number): number => Number(value.toPrecision(3));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

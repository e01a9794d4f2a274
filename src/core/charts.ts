/**
 * Charts as plain option objects of ECharts (https://echarts.apache.org/en/option.html): the web app draws them on a page, the report as SVG
 * on the server. Words are given, so that each place says them in its language.
 */

export type ChartOption = Readonly<Record<string, unknown>>;

/** CSS colours. `parts` are for the pieces of a whole, the largest first; what is left over has `rest`. */
export type ChartColors = {
  ink: string;
  soft: string;
  line: string;
  accent: string;
  accentSoft: string;
  parts: readonly string[];
  rest: string;
};

/** Told apart also by people who see few colours (after Okabe and Ito), on light and on dark ground. */
const PARTS = ['#2f6f62', '#d08a2e', '#5b7fb5', '#b2574d', '#8a6fa8', '#6f9a4d', '#3f9fb0', '#c06f98', '#9a8a3d', '#7d8794'];
export const LIGHT_COLORS: ChartColors = {
  ink: '#23262b',
  soft: '#5d636d',
  line: '#dcd9d0',
  accent: '#2f6f62',
  accentSoft: '#e3eeea',
  parts: PARTS,
  rest: '#b9b6ad',
};
export const DARK_COLORS: ChartColors = {
  ink: '#e7e5df',
  soft: '#a3a9b2',
  line: '#2f353d',
  accent: '#7fc4b4',
  accentSoft: '#213530',
  parts: ['#7fc4b4', '#e0a95c', '#8fb0e0', '#e08b81', '#bda3d8', '#a5c987', '#7ac9d8', '#e3a2c2', '#cbbc77', '#a9b1bb'],
  rest: '#59616b',
};

export type Point = { label: string; value: number };
/** `isRest`: everything that is not listed. */
export type Part = Point & { isRest: boolean };

const FONT_SIZE = 12;
const BAR_RADIUS = 3;

const axes = (labels: readonly string[], colors: ChartColors) => ({
  grid: { left: 4, right: 8, top: 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
  xAxis: {
    type: 'category',
    data: [...labels],
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colors.line } },
    axisLabel: { color: colors.soft, fontSize: FONT_SIZE, hideOverlap: true },
  },
  yAxis: {
    type: 'value',
    minInterval: 1,
    splitNumber: 3,
    axisLabel: { color: colors.soft, fontSize: FONT_SIZE },
    splitLine: { lineStyle: { color: colors.line } },
  },
});

/** One bar a label, such as a day of the week. */
export function barsOption(points: readonly Point[], name: string, colors: ChartColors): ChartOption {
  return {
    ...axes(
      points.map(({ label }) => label),
      colors,
    ),
    series: [
      {
        name,
        type: 'bar',
        data: points.map(({ value }) => value),
        barCategoryGap: '30%',
        itemStyle: { color: colors.accent, borderRadius: [BAR_RADIUS, BAR_RADIUS, 0, 0] },
      },
    ],
  };
}

/** A line over time, which may end before its labels do, and beneath it a second one that is a part of the first. */
export function lineOption(
  labels: readonly string[],
  whole: { name: string; values: readonly number[] },
  part: { name: string; values: readonly number[] } | null,
  colors: ChartColors,
): ChartOption {
  const line = (name: string, values: readonly number[], color: string) => ({
    name,
    type: 'line',
    data: [...values],
    showSymbol: values.length === 1,
    lineStyle: { width: 2, color },
    itemStyle: { color },
  });
  return {
    ...axes(labels, colors),
    series: [
      { ...line(whole.name, whole.values, colors.accent), areaStyle: { color: colors.accentSoft } },
      ...(part === null
        ? []
        : [{ ...line(part.name, part.values, colors.parts[1]), lineStyle: { width: 2, type: 'dashed', color: colors.parts[1] } }]),
    ],
  };
}

/** The parts of a whole, with their share in the legend of the page, not in the picture. */
export function doughnutOption(parts: readonly Part[], name: string, colors: ChartColors): ChartOption {
  return {
    series: [
      {
        name,
        type: 'pie',
        radius: ['58%', '92%'],
        label: { show: false },
        emphasis: { label: { show: false } },
        data: parts.map(({ label, value, isRest }, i) => ({ name: label, value, itemStyle: { color: partColor(i, isRest, colors) } })),
      },
    ],
  };
}

export const partColor = (index: number, isRest: boolean, colors: ChartColors): string =>
  isRest ? colors.rest : colors.parts[index % colors.parts.length];

/** A chart, drawn when its engine has been loaded; for screen readers its numbers as a table. */

import { useEffect, useRef } from 'preact/hooks';
import type { ChartOption } from '../../../src/core/charts.ts';
import { isDark } from '../preferences.ts';

type ChartProps = {
  /** What it shows. */
  label: string;
  option: ChartOption;
  /** Pixels. */
  height: number;
  /** Label and number, as they stand in the chart. */
  rows: readonly (readonly [label: string, value: string])[];
  /** Loads what the engine needs besides. */
  load?: () => Promise<unknown>;
};

type Engine = typeof import('../charts/engine.ts');
type Drawing = ReturnType<Engine['init']>;

export function Chart({ label, option, height, rows, load }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(option);
  latest.current = option;
  const theme = isDark.value;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    let isGone = false;
    const resize = new ResizeObserver(() => drawing.current?.resize());
    const start = async () => {
      const [{ init }] = await Promise.all([import('../charts/engine.ts'), load?.()]);
      if (isGone) return;
      drawing.current = init(element);
      drawing.current.setOption(withTooltip(latest.current, element));
      resize.observe(element);
    };
    void start();
    return () => {
      isGone = true;
      resize.disconnect();
      drawing.current?.dispose();
      drawing.current = null;
    };
  }, [load]);

  useEffect(() => {
    if (box.current !== null) drawing.current?.setOption(withTooltip(option, box.current));
  }, [option, theme]);

  return (
    <figure class="chart">
      <div ref={box} class="chart-box" style={{ height: `${height}px` }} aria-hidden="true" />
      <table class="visually-hidden">
        <caption>{label}</caption>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** Drawn in the canvas: HTML tooltips need inline styles, which the page's policy forbids. */
function withTooltip(option: ChartOption, element: Element): ChartOption {
  const style = getComputedStyle(element);
  return {
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    animationDuration: 300,
    ...option,
    tooltip: {
      trigger: 'xAxis' in option ? 'axis' : 'item',
      renderMode: 'richText',
      confine: true,
      backgroundColor: style.getPropertyValue('--card'),
      borderColor: style.getPropertyValue('--line'),
      textStyle: { color: style.getPropertyValue('--ink'), fontFamily: style.fontFamily },
      ...(option.tooltip as object | undefined),
    },
  };
}

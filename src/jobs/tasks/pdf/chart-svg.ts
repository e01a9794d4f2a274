/** The charts of core/charts.ts as SVG, drawn by ECharts without a browser. */
import { BarChart, PieChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';

import { SVGRenderer } from 'echarts/renderers';
import type { ChartOption } from '../../../core/charts.ts';

use([BarChart, PieChart, GridComponent, SVGRenderer]);

/** Sizes in points. */
export function chartSvg(option: ChartOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose(); // else its timers would keep the thread busy
  }
}

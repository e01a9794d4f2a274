/** Where clicks come from, on a map. */

import { useMemo } from 'preact/hooks';
import type { OwnerStats } from '../../../../src/core/api/stats.ts';
import { type ChartOption, DARK_COLORS, LIGHT_COLORS } from '../../../../src/core/charts.ts';
import { Chart } from '../../components/chart.tsx';
import { number } from '../../format.ts';
import { isDark } from '../../preferences.ts';
import { countryName, partsOf } from './facet-names.ts';
import { links } from './words.ts';

const HEIGHT = 320;
const loadWorld = () => import('../../charts/world.ts');

export function WorldMap({ countries }: { countries: OwnerStats['countries'] }) {
  const colors = isDark.value ? DARK_COLORS : LIGHT_COLORS;
  const option: ChartOption = useMemo(
    () => ({
      tooltip: { formatter: ({ name, value }: { name: string; value: number }) => `${countryName(name)}: ${number(value || 0)}` },
      visualMap: {
        show: false,
        min: 0,
        max: Math.max(1, ...countries.map(({ clicks }) => clicks)),
        inRange: { color: [colors.accentSoft, colors.accent] },
      },
      series: [
        {
          name: links.value.clicksName,
          type: 'map',
          map: 'world',
          silent: false,
          selectedMode: false,
          top: 0,
          bottom: 0,
          itemStyle: { areaColor: colors.line, borderColor: colors.soft, borderWidth: 0.4 },
          emphasis: { label: { show: false }, itemStyle: { areaColor: colors.parts[1] } },
          data: countries.map(({ key, clicks }) => ({ name: key, value: clicks })),
        },
      ],
    }),
    [countries, colors],
  );
  return (
    <section class="card stack world">
      <h3>{links.value.map}</h3>
      <Chart
        label={links.value.map}
        option={option}
        height={HEIGHT}
        load={loadWorld}
        rows={partsOf('countries', countries).map(({ label, value }) => [label, number(value)])}
      />
    </section>
  );
}

/** Statistics of one link, or of all: hours and week as of now, and any stretch of time. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { OwnerStats } from '../../../../src/core/api/stats.ts';
import { barsOption, type ChartOption, DARK_COLORS, LIGHT_COLORS, lineOption } from '../../../../src/core/charts.ts';
import { ask } from '../../api/client.ts';
import { Chart } from '../../components/chart.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { Parts } from '../../components/parts.tsx';
import { TopList } from '../../components/top-list.tsx';
import { number, ownZone } from '../../format.ts';
import { isDark, locale } from '../../preferences.ts';
import { query } from '../../router.ts';
import { useResource } from '../../use-resource.ts';
import { toLocalInput } from '../../zoned-time.ts';
import { partsOf } from './facet-names.ts';
import { Figures } from './figures.tsx';
import { rangeOf, statsQuery, unitOf } from './range.ts';
import { RangePicker } from './range-picker.tsx';
import { bucketLabel, hourLabels, weekdayLabels } from './time-labels.ts';
import { links } from './words.ts';
import { WorldMap } from './world-map.tsx';

/** Clicks come in bursts; the numbers are read again this often at most. */
const REREAD_MS = 800;
const CHART_HEIGHT = 220;
/** Taller than a window: what stands below is pushed by nothing that can be seen. */
const SKELETON_CARDS = 4;

/** @param clicks as the live feed has them: when they change, the statistics are read again */
export function StatsView({ slug, clicks }: { slug: string | null; clicks: number }) {
  const range = rangeOf(query.value, ownZone());
  const asked = statsQuery(range, ownZone());
  const round = useThrottled(clicks, REREAD_MS);
  const path = slug === null ? 'stats' : `links/${encodeURIComponent(slug)}/stats`;
  const stats = useResource((signal) => ask<OwnerStats>('GET', `${path}?${asked}`, { signal }), [path, asked, round]);
  return (
    <Loaded resource={stats} lines={SKELETON_CARDS} kind="stats-skeleton">
      {(stats) => (
        <>
          <Now stats={stats} />
          <section class="stack" aria-label={links.value.range}>
            <RangePicker range={range} csv={slug === null ? null : `${path}.csv?${asked}`} />
            <Series stats={stats} unit={unitOf(asked)} />
            <div class="stats-grid">
              <Parts title={links.value.devices} parts={partsOf('devices', stats.devices)} />
              <Parts title={links.value.systems} parts={partsOf('os', stats.os)} />
              <Parts title={links.value.countries} parts={partsOf('countries', stats.countries)} />
            </div>
            <WorldMap countries={stats.countries} />
            <div class="stats-grid">
              <TopList title={links.value.referrers} parts={partsOf('referrers', stats.referrers)} />
              <TopList title={links.value.browsers} parts={partsOf('browsers', stats.browsers)} />
              <TopList title={links.value.languages} parts={partsOf('languages', stats.languages)} />
            </div>
          </section>
        </>
      )}
    </Loaded>
  );
}

/** Follows a value, but not more often than so; the last value always gets through. */
function useThrottled<T>(value: T, pauseMs: number): T {
  const [seen, setSeen] = useState(value);
  const readAt = useRef(0);
  useEffect(() => {
    const timer = setTimeout(
      () => {
        readAt.current = Date.now();
        setSeen(value);
      },
      Math.max(0, readAt.current + pauseMs - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return seen;
}

const colors = () => (isDark.value ? DARK_COLORS : LIGHT_COLORS);

/** Hours of today that have begun; none is left out that has clicks, whatever this device's clock says. */
function hoursSoFar(hours: readonly number[]): number {
  const hour = Number(toLocalInput(new Date().toISOString(), ownZone()).slice(11, 13));
  const last = hours.findLastIndex((clicks) => clicks > 0);
  return Math.max(hour, last) + 1;
}

/** Today's hours or the days of the week, whichever is chosen. */
function Now({ stats }: { stats: OwnerStats }) {
  const [isWeek, setWeek] = useState(false);
  const points = isWeek
    ? weekdayLabels(locale.value).map((label, i) => ({ label, value: stats.week[i] }))
    : hourLabels()
        .slice(0, hoursSoFar(stats.hours))
        .map((label, i) => ({ label, value: stats.hours[i] }));
  const title = isWeek ? links.value.week : links.value.todayByHour;
  const paint = colors();
  const option: ChartOption = useMemo(
    () =>
      isWeek
        ? barsOption(points, links.value.clicksName, paint)
        : lineOption(hourLabels(), { name: links.value.clicksName, values: points.map(({ value }) => value) }, null, paint),
    [stats, points.length, isWeek, paint, locale.value],
  );
  return (
    <section class="card stack">
      <div class="row stats-head">
        <h2>{title}</h2>
        <fieldset class="switch">
          <legend class="visually-hidden">{links.value.range}</legend>
          {[false, true].map((week) => (
            <button key={String(week)} type="button" class="switch-choice" aria-pressed={isWeek === week} onClick={() => setWeek(week)}>
              {week ? links.value.week : links.value.today}
            </button>
          ))}
        </fieldset>
      </div>
      <Chart
        key={String(isWeek)}
        label={title}
        option={option}
        height={CHART_HEIGHT}
        rows={points.map(({ label, value }) => [label, number(value)])}
      />
    </section>
  );
}

function Series({ stats, unit }: { stats: OwnerStats; unit: string }) {
  const paint = colors();
  const labels = stats.series.map(({ start }) => bucketLabel(start, unit, stats.timezone, locale.value));
  const option = useMemo(
    () =>
      lineOption(
        labels,
        { name: links.value.clicksName, values: stats.series.map(({ clicks }) => clicks) },
        { name: links.value.uniqueName, values: stats.series.map(({ uniqueClicks }) => uniqueClicks) },
        paint,
      ),
    [stats, paint, locale.value],
  );
  const figures: [string, number, string?][] = [
    [links.value.clicksName, stats.clicks, `solid ${paint.accent}`],
    [links.value.uniqueName, stats.uniqueClicks, `dashed ${paint.parts[1]}`],
    [links.value.repeatName, stats.repeatClicks],
    [links.value.botsName, stats.botClicks],
  ];
  return (
    <div class="card stack">
      <Figures class="overview-line" figures={figures} />
      <Chart
        label={links.value.clicksName}
        option={option}
        height={CHART_HEIGHT}
        rows={labels.map((label, i) => [label, number(stats.series[i].clicks)])}
      />
    </div>
  );
}

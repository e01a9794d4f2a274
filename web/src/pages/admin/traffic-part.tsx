/** What the server does right now: the counters of today, looked at again and again. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CounterDays } from '../../../../src/core/api/operations.ts';
import { DARK_COLORS, LIGHT_COLORS, lineOption } from '../../../../src/core/charts.ts';
import { ask } from '../../api/client.ts';
import { Chart } from '../../components/chart.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { Section } from '../../components/section.tsx';
import { number } from '../../format.ts';
import { isDark, locale } from '../../preferences.ts';
import { usePolled } from '../../use-polled.ts';
import { operations } from './operations-words.ts';

const READ_EVERY_MS = 2_000;
/** About three minutes. */
const RATES_KEPT = 90;
const CHART_HEIGHT = 260;
const SHOWN = [
  'redirects',
  'guestRedirects',
  'unknownSlugs',
  'limitRefusals',
  'clicksStored',
  'throttledRequests',
  'serverErrors',
] as const;

type Sample = { at: number; day: string; counters: Readonly<Record<string, number>> };
/** Per second. */
type Rate = { at: number; perSec: Readonly<Record<string, number>> };

async function readSample(signal: AbortSignal): Promise<Sample & { labels: CounterDays['counters'] }> {
  const { counters: labels, days } = await ask<CounterDays>('GET', 'admin/counters', { signal });
  const { day, counters } = days[days.length - 1];
  return { at: performance.now(), day, counters, labels };
}

/** @returns null across midnight, where counters begin anew */
function rateBetween(before: Sample, now: Sample): Rate | null {
  const seconds = (now.at - before.at) / 1_000;
  if (before.day !== now.day || seconds <= 0) return null;
  const perSec = Object.fromEntries(SHOWN.map((name) => [name, Math.max(0, now.counters[name] - before.counters[name]) / seconds]));
  return { at: now.at, perSec };
}

export function TrafficPart() {
  const polled = usePolled(readSample, [], READ_EVERY_MS);
  const [{ rates }, setHistory] = useState<{ last: Sample | null; rates: readonly Rate[] }>({ last: null, rates: [] });
  const sample = polled.data;
  useEffect(() => {
    if (sample === null) return;
    setHistory(({ last, rates: before }) => {
      const rate = last === null ? null : rateBetween(last, sample);
      return { last: sample, rates: rate === null ? before : [...before, rate].slice(-RATES_KEPT) };
    });
  }, [sample]);
  return (
    <section class="stack">
      <p class="soft small">{operations.value.trafficHint}</p>
      <Loaded resource={polled}>
        {({ counters, labels }) => (
          <>
            <RatesChart rates={rates} />
            <dl class="overview numbers">
              {SHOWN.map((name) => (
                <div key={name} class="card">
                  <dd>{perSecond(rates.at(-1)?.perSec[name] ?? 0)}</dd>
                  <dt class="soft small">
                    {labels.find((it) => it.name === name)?.[locale.value]}
                    <br />
                    {operations.value.today} {number(counters[name])}
                  </dt>
                </div>
              ))}
            </dl>
          </>
        )}
      </Loaded>
    </section>
  );
}

const perSecond = (rate: number): string => operations.value.perSecond(number(Math.round(rate * 10) / 10));

function RatesChart({ rates }: { rates: readonly Rate[] }) {
  const colors = isDark.value ? DARK_COLORS : LIGHT_COLORS;
  const last = rates.at(-1)?.at ?? 0;
  const ago = rates.map(({ at }) => operations.value.secondsAgo(Math.round((last - at) / 1_000)));
  const values = rates.map(({ perSec }) => Math.round((perSec.redirects + perSec.guestRedirects) * 10) / 10);
  const title = operations.value.redirectsPerSecond;
  const option = useMemo(() => lineOption(ago, { name: title, values }, null, colors), [rates, title, colors]);
  return (
    <Section title={title}>
      {rates.length === 0 ? (
        <p class="soft traffic-empty">{operations.value.measuring}</p>
      ) : (
        <Chart label={title} option={option} height={CHART_HEIGHT} rows={ago.map((label, i) => [label, number(values[i])] as const)} />
      )}
    </Section>
  );
}

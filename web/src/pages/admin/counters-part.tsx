/** What the server counted, by the day: one counter large, all others small. */

import { useMemo } from 'preact/hooks';
import type { CounterDays } from '../../../../src/core/api/operations.ts';
import { barsOption, DARK_COLORS, LIGHT_COLORS } from '../../../../src/core/charts.ts';
import { ask } from '../../api/client.ts';
import { Chart } from '../../components/chart.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { Section } from '../../components/section.tsx';
import { Select } from '../../components/select.tsx';
import { Spark } from '../../components/spark.tsx';
import { dayName, number } from '../../format.ts';
import { isDark, locale } from '../../preferences.ts';
import { hrefOf, path, query, setQuery } from '../../router.ts';
import { usePolled } from '../../use-polled.ts';
import { operations } from './operations-words.ts';

const SPANS = ['7', '30', '90', '365'] as const;
type Span = (typeof SPANS)[number];
const DEFAULT_SPAN: Span = '30';
const FIRST_SHOWN = 'redirects';
const READ_EVERY_MS = 30_000;
const CHART_HEIGHT = 240;
const DAY_MS = 86_400_000;

type Counter = CounterDays['counters'][number] & { values: number[] };

/** One number of all days, as its kind asks for. */
const joined = ({ kind, values }: Counter): number =>
  kind === 'sum' ? values.reduce((sum, value) => sum + value, 0) : kind === 'max' ? Math.max(...values) : (values.at(-1) ?? 0);

const readDays = (span: Span, signal: AbortSignal): Promise<CounterDays> => {
  const from = new Date(Date.now() - (Number(span) - 1) * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length);
  return ask<CounterDays>('GET', `admin/counters?from=${from}`, { signal });
};

export function CountersPart() {
  const span = SPANS.find((it) => it === query.value.get('days')) ?? DEFAULT_SPAN;
  const days = usePolled((signal) => readDays(span, signal), [span], READ_EVERY_MS);
  return (
    <section class="stack">
      <div class="row counters-head">
        <p class="soft small">{operations.value.countersHint}</p>
        <Select
          label={operations.value.span}
          isLabelHidden
          value={span}
          choices={SPANS.map((value) => ({ value, label: operations.value.days(Number(value)) }))}
          onValue={(value) => setQuery({ days: value === DEFAULT_SPAN ? null : value })}
        />
      </div>
      <Loaded resource={days}>{(data) => <Counters data={data} />}</Loaded>
    </section>
  );
}

function Counters({ data }: { data: CounterDays }) {
  const counters: Counter[] = data.counters.map((it) => ({ ...it, values: data.days.map(({ counters: of }) => of[it.name] ?? 0) }));
  const chosen = query.value.get('counter') ?? FIRST_SHOWN;
  const shown = counters.find(({ name }) => name === chosen) ?? counters[0];
  const moved = counters.filter(({ values }) => values.some((value) => value !== 0));
  const atRest = counters.filter(({ values }) => values.every((value) => value === 0));
  const list = (some: readonly Counter[]) => (
    <ul class="counters">
      {some.map((counter) => (
        <CounterCard key={counter.name} counter={counter} isShown={counter === shown} />
      ))}
    </ul>
  );
  return (
    <>
      <DaysChart counter={shown} days={data.days.map(({ day }) => day)} />
      {list(moved)}
      {atRest.length > 0 && (
        <details>
          <summary>{operations.value.atRest(atRest.length)}</summary>
          {list(atRest)}
        </details>
      )}
    </>
  );
}

function DaysChart({ counter, days }: { counter: Counter; days: readonly string[] }) {
  const colors = isDark.value ? DARK_COLORS : LIGHT_COLORS;
  const label = counter[locale.value];
  const option = useMemo(() => {
    const points = days.map((day, i) => ({ label: dayName(day), value: counter.values[i] }));
    return barsOption(points, label, colors);
  }, [days, counter, label, colors]);
  return (
    <Section title={label}>
      <Chart
        label={label}
        option={option}
        height={CHART_HEIGHT}
        rows={days.map((day, i) => [dayName(day), number(counter.values[i])] as const)}
      />
    </Section>
  );
}

function CounterCard({ counter, isShown }: { counter: Counter; isShown: boolean }) {
  const address = new URLSearchParams(query.value);
  address.set('counter', counter.name);
  const isBad = counter.name === 'clicksLost' && joined(counter) > 0;
  return (
    <li>
      <a class="counter card" href={`${hrefOf(path.value)}?${address}`} data-app aria-current={isShown ? 'true' : undefined}>
        <span class="small">{counter[locale.value]}</span>
        <span class="counter-figures">
          <strong class={isBad ? 'danger numbers' : 'numbers'}>{number(joined(counter))}</strong>
          <span class="soft small numbers">
            {operations.value.today} {number(counter.values.at(-1) ?? 0)}
          </span>
        </span>
        <Spark values={counter.values} isWideOnly={false} />
      </a>
    </li>
  );
}

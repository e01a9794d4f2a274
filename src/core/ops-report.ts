/** The daily report to administrators: every counter, unexpected events, and what ran in the background; plain text in English or Russian. */
import type { Locale } from './account.ts';
import { COUNTER_NAMES, COUNTERS, type CounterName } from './counters.ts';
import type { NodeEvent } from './journal.ts';
import type { WorkSummary } from './operations.ts';
import { troubleIn } from './troubles.ts';

/** Of Telegram, in UTF-16 units. */
export const MESSAGE_MAX_LENGTH = 4_096;
/** Events and kinds of work in a report; the rest is counted. */
const ROWS_MAX = 40;

export type OpsReport = {
  /** `YYYY-MM-DD`, of UTC. */
  day: string;
  /** Where this server is. */
  baseUrl: string;
  counters: Record<CounterName, number>;
  /** The most important first. */
  events: NodeEvent[];
  work: WorkSummary[];
};

type Words = {
  title: string;
  figures: string;
  events: string;
  work: string;
  none: string;
  more: (n: number) => string;
  last: string;
  runs: string;
  failures: string;
  total: string;
  longest: string;
  ms: string;
  levels: Record<NodeEvent['level'], string>;
};

const WORDS: Record<Locale, Words> = {
  en: {
    title: 'Daily report',
    figures: 'Figures',
    events: 'Unexpected events',
    work: 'Background work',
    none: 'none',
    more: (n) => `and ${n} more`,
    last: 'last',
    runs: 'runs',
    failures: 'failed',
    total: 'total',
    longest: 'longest',
    ms: 'ms',
    levels: { warn: 'warning', error: 'error' },
  },
  ru: {
    title: 'Отчёт за день',
    figures: 'Показатели',
    events: 'Неожиданные события',
    work: 'Фоновые работы',
    none: 'нет',
    more: (n) => `и ещё ${n}`,
    last: 'последнее',
    runs: 'запусков',
    failures: 'с ошибкой',
    total: 'всего',
    longest: 'дольше всего',
    ms: 'мс',
    levels: { warn: 'предупреждение', error: 'ошибка' },
  },
};

/** Lines without a line break at the end. */
export function composeOpsReport({ day, baseUrl, counters, events, work }: OpsReport, locale: Locale): string {
  const words = WORDS[locale];
  const number = (value: number) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value);
  const clock = (ms: number) => `${new Date(ms).toISOString().slice(11, 16)} UTC`;
  const event = ({ level, place, message, times, lastAt }: NodeEvent) =>
    `${words.levels[level]}${place === '' ? '' : `, ${place}`}: ${message} ×${number(times)}, ${words.last} ${clock(lastAt)}`;
  const job = ({ name, runs, failures, totalMs, longestMs, lastError }: WorkSummary) =>
    `${name}: ${words.runs} ${number(runs)}, ${words.failures} ${number(failures)}, ${words.total} ${number(totalMs)} ${words.ms}, ` +
    `${words.longest} ${number(longestMs)} ${words.ms}${lastError === null ? '' : ` (${troubleIn(lastError, locale)})`}`;
  const section = <T>(title: string, rows: readonly T[], line: (row: T) => string): string[] => [
    '',
    `— ${title} —`,
    ...(rows.length === 0 ? [words.none] : rows.slice(0, ROWS_MAX).map(line)),
    ...(rows.length > ROWS_MAX ? [words.more(rows.length - ROWS_MAX)] : []),
  ];
  return [
    `${words.title} ${day} (UTC)`,
    baseUrl,
    '',
    `— ${words.figures} —`,
    ...COUNTER_NAMES.map((name) => `${COUNTERS[name][locale]}: ${number(counters[name])}`),
    ...section(words.events, events, event),
    ...section(words.work, work, job),
  ].join('\n');
}

/**
 * Splits a text at ends of lines into parts below a length; a line that is longer by itself is cut.
 * @param below UTF-16 units, at least 2
 */
export function splitAtLines(text: string, below = MESSAGE_MAX_LENGTH): string[] {
  const parts: string[] = [];
  let part = '';
  for (const line of text.split('\n').flatMap((it) => cutLine(it, below - 1))) {
    const longer = part === '' ? line : `${part}\n${line}`;
    if (longer.length < below) part = longer;
    else {
      parts.push(part);
      part = line;
    }
  }
  return [...parts, part].map((it) => it.replace(/^\n+|\n+$/g, '')).filter((it) => it !== '');
}

function cutLine(line: string, max: number): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > max) {
    const isPair = /[\uD800-\uDBFF]/.test(rest[max - 1]); // the next unit is its other half
    const end = isPair ? max - 1 : max;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...pieces, rest];
}

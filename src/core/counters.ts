/**
 * The closed list of what a node counts, each with an English and a Russian label. Metrics, admin panel and daily report are made
 * from this one list; a name never changes its meaning.
 *
 * Counters live in shared memory, one lane a thread: a thread adds to its own lane with a plain store (an aligned
 * 64-bit store is not torn on x64 and arm64), readers add the lanes up. No messages, no atomics, and a thread that was
 * restarted goes on with its lane.
 */

/** `sum`: all that happened; `max`: the largest there was; `newest`: what each node says last, of several nodes the smallest. */
export type CounterKind = 'sum' | 'max' | 'newest';

type Definition = { kind: CounterKind; en: string; ru: string };

const sum = (en: string, ru: string): Definition => ({ kind: 'sum', en, ru });
const max = (en: string, ru: string): Definition => ({ kind: 'max', en, ru });
const newest = (en: string, ru: string): Definition => ({ kind: 'newest', en, ru });

export const COUNTERS = {
  rejectedUrls: sum('Rejected URLs', 'Отклонённые адреса'),
  passwordPages: sum('Password pages shown', 'Показы страницы пароля'),
  outsideWindow: sum('Opens outside the window', 'Переходы вне срока действия'),
  malformedUnlocks: sum('Malformed unlocks', 'Неверно составленные запросы с паролем'),
  rejectedEdits: sum('Rejected edits', 'Отклонённые правки'),
  unconfirmedCreations: sum('Creations by unconfirmed accounts', 'Попытки создания без подтверждения почты'),
  invalidCreations: sum('Creations failing validation', 'Создания с ошибками в данных'),
  deniedDeletions: sum('Denied deletions', 'Отказы в удалении'),
  deniedEdits: sum('Denied edits', 'Отказы в правке'),
  guestRedirects: sum('Guest redirects', 'Переходы по гостевым ссылкам'),
  unknownSlugs: sum('Unknown slugs', 'Неизвестные ссылки'),
  wrongLinkPasswords: sum('Wrong link passwords', 'Неверные пароли ссылок'),
  rightLinkPasswords: sum('Right link passwords', 'Верные пароли ссылок'),
  emptyLinkPasswords: sum('Empty link passwords', 'Пустые пароли ссылок'),
  dashboardsCached: sum('Dashboards from cache', 'Панели из кэша'),
  dashboardsComputed: sum('Dashboards computed', 'Панели, посчитанные заново'),
  unknownCountries: sum('Unknown countries', 'Неизвестные страны'),
  guestStoreErrors: sum('Guest store errors', 'Ошибки хранилища гостевых ссылок'),
  guestLinksGone: sum('Guest links gone', 'Вытесненные гостевые ссылки'),
  missingLinkLookups: sum('Database lookups of missing links', 'Поиски несуществующих ссылок в базе'),
  failedReportMails: sum('Failed report mails', 'Неотправленные письма с отчётами'),
  earlyBatches: sum('Batches written early', 'Пакеты, записанные досрочно'),
  quotaRefusalsRegular: sum('Quota refusals (regular)', 'Отказы по квоте (обычный тариф)'),
  quotaRefusalsExtended: sum('Quota refusals (extended)', 'Отказы по квоте (расширенный тариф)'),
  bannedCreations: sum('Creations by banned users', 'Попытки создания заблокированными'),
  failedTokenRefreshes: sum('Failed token refreshes', 'Неудачные обновления токенов'),
  failedPasswordChanges: sum('Failed password changes', 'Неудачные смены пароля'),
  passwordChanges: sum('Password changes', 'Смены пароля'),
  failedRegistrations: sum('Failed registrations', 'Неудачные регистрации'),
  logouts: sum('Logouts', 'Выходы'),
  unknownEmailLogins: sum('Logins with unknown e-mail', 'Входы с неизвестной почтой'),
  guestLinksCreated: sum('Guest links created', 'Создано гостевых ссылок'),
  linksDeleted: sum('Links deleted', 'Удалено ссылок'),
  linksEdited: sum('Links edited', 'Изменено ссылок'),
  registrations: sum('Registrations', 'Регистрации'),
  confirmationMails: sum('Confirmation mails', 'Письма с подтверждением'),
  confirmations: sum('Confirmations', 'Подтверждения'),
  linksCreated: sum('Links created', 'Создано ссылок'),
  redirects: sum('Redirects', 'Переходы'),
  tokenRefreshes: sum('Token refreshes', 'Обновления токенов'),
  logins: sum('Logins', 'Входы'),
  failedLogins: sum('Failed logins', 'Неудачные входы'),
  failedConfirmations: sum('Failed confirmations', 'Неудачные подтверждения'),
  pdfRenderingMs: sum('PDF rendering time, ms', 'Время создания PDF, мс'),
  reportSendingMs: sum('Report sending time, ms', 'Время отправки отчётов, мс'),
  clicksStored: sum('Clicks stored', 'Сохранено кликов'),
  repeatClicks: sum('Repeat clicks', 'Повторные клики'),
  botClicks: sum('Bot clicks', 'Клики ботов'),
  clicksLost: sum('Clicks lost (must be 0)', 'Потеряно кликов (должно быть 0)'),
  limitRefusals: sum('Limit refusals', 'Отказы по лимиту переходов'),
  throttledRequests: sum('Throttled requests', 'Отклонено из-за частоты'),
  serverErrors: sum('5xx answers', 'Ответы 5xx'),
  backlogHighWaterBytes: max('Click-log backlog high-water mark, bytes', 'Наибольшее отставание журнала кликов, байт'),
  clicksFolded: sum('Clicks folded', 'Свёрнуто кликов'),
  folds: sum('Folds', 'Свёртки'),
  foldingMs: sum('Folding time, ms', 'Время свёрток, мс'),
  damagedRecords: sum('Damaged click-log records', 'Повреждённые записи журнала кликов'),
  tornTails: sum('Torn click-log ends', 'Оборванные концы журнала кликов'),
  quarantinedClicks: sum('Clicks in quarantine', 'Клики в карантине'),
  clickLogBytes: sum('Click-log bytes written', 'Записано в журнал кликов, байт'),
  clickLogWriteErrors: sum('Click-log write errors', 'Ошибки записи журнала кликов'),
  clickLogSyncErrors: sum('Click-log sync errors', 'Ошибки синхронизации журнала кликов'),
  flushRetries: sum('Batches tried again', 'Повторы записи пакетов'),
  unacknowledgedChanges: sum('Changes not acknowledged by all nodes', 'Правки, не подтверждённые всеми узлами'),
  ignoredBusMessages: sum('Ignored messages between nodes', 'Отброшенные сообщения между узлами'),
  liveMessages: sum('Live feed messages', 'Сообщения живой статистики'),
  slowLiveReaders: sum('Live feed readers dropped as too slow', 'Отключено медленных читателей живой статистики'),
  threadRestarts: sum('Thread restarts', 'Перезапуски потоков'),
  failedTelegramMessages: sum('Failed Telegram messages', 'Неотправленные сообщения в Telegram'),
  daysWithoutRestart: newest('Days without restart', 'Дней без перезапуска'),
} as const satisfies Record<string, Definition>;

export type CounterName = keyof typeof COUNTERS;

export const COUNTER_NAMES = Object.keys(COUNTERS) as CounterName[];

const INDEX = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as Record<CounterName, number>;

/** What one thread counts with. */
export type Counters = {
  add(name: CounterName, n?: number): void;
  /** `add` for one counter, looked up beforehand: for what happens at every click. */
  adder(name: CounterName): (n: number) => void;
  /** For counters that are no sums, all of which are main's: keeps the largest. */
  raise(name: CounterName, value: number): void;
};

/** Bytes of shared memory for a number of lanes. */
export const counterBytes = (lanes: number): number => lanes * COUNTER_NAMES.length * Float64Array.BYTES_PER_ELEMENT;

/** @param lane this thread's own; no two living threads may share one */
export function countersOf(memory: SharedArrayBuffer, lane: number): Counters {
  const cells = new Float64Array(memory, counterBytes(lane), COUNTER_NAMES.length);
  return {
    add(name, n = 1) {
      cells[INDEX[name]] += n;
    },
    adder(name) {
      const index = INDEX[name];
      return (n) => {
        cells[index] += n;
      };
    },
    raise(name, value) {
      if (value > cells[INDEX[name]]) cells[INDEX[name]] = value;
    },
  };
}

/** Every counter over all lanes: sums added, maxima compared. */
export function readCounters(memory: SharedArrayBuffer): Record<CounterName, number> {
  const cells = new Float64Array(memory);
  const totals = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as Record<CounterName, number>;
  for (let i = 0; i < cells.length; i++) {
    const name = COUNTER_NAMES[i % COUNTER_NAMES.length];
    totals[name] = COUNTERS[name].kind === 'sum' ? totals[name] + cells[i] : Math.max(totals[name], cells[i]);
  }
  return totals;
}

/** Whoever keeps days apart begins a new one: what a day's largest was is not that of the next. For main, which alone raises them. */
export function forgetMaxima(memory: SharedArrayBuffer): void {
  const cells = new Float64Array(memory);
  for (let i = 0; i < cells.length; i++) if (COUNTERS[COUNTER_NAMES[i % COUNTER_NAMES.length]].kind === 'max') cells[i] = 0;
}

/** What is counted further on, joined with what was before. */
export function joinCounts(kind: CounterKind, before: number, after: number): number {
  if (kind === 'sum') return before + after;
  return kind === 'max' ? Math.max(before, after) : after;
}

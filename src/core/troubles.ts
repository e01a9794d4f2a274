/**
 * What the server itself says when something is wrong: why a node is not well, and why work in the background has failed. Whatever says so takes its
 * words from here, where they are in both languages: logs, the API and /readyz have the English ones, and people who read Russian get the others made
 * of those. What others say, such as Postgres or a mail server, is not here and stays as it is.
 */
import type { Locale } from './account.ts';

export const TROUBLES = {
  front: { en: 'front {number}', ru: 'фронт {number}' },
  shard: { en: 'shard {number}', ru: 'шард {number}' },
  ofThread: { en: '{thread}: {trouble}', ru: '{thread}: {trouble}' },
  starting: { en: '{thread} is starting', ru: '{thread} запускается' },
  stopping: { en: 'stopping', ru: 'узел останавливается' },
  clicksUnstored: { en: 'clicks cannot be stored', ru: 'клики не удаётся сохранить в базе' },
  logUnsynced: { en: 'the click log cannot be synced to the disk', ru: 'журнал кликов не удаётся сбросить на диск' },
  logFull: { en: 'the click log is full: clicks are lost', ru: 'журнал кликов полон: клики теряются' },
  logUnwritten: {
    en: 'the click log cannot be written: clicks are lost',
    ru: 'журнал кликов недоступен для записи: клики теряются',
  },
  diskNearlyFull: {
    en: 'the disk of the data folder is nearly full: less than {number} % are free',
    ru: 'диск с данными почти полон: свободно меньше {number}\u00a0%',
  },
  redisAway: {
    en: 'Redis is away: edits are late on other nodes',
    ru: 'Redis недоступен: другие узлы узнают об изменениях с задержкой',
  },
  guestRedisAway: {
    en: 'the Redis of guest links is away: none can be made, and those that are not at hand cannot be found',
    ru: 'Redis гостевых ссылок недоступен: новые не создаются, а те, которых нет в памяти узла, не находятся',
  },
  guestRedisForeign: {
    en: 'the Redis of REDIS_GUEST_URL holds other data ({what}), which would be lost: guest links displace whatever was not used for long. Give guest links a Redis of their own, or leave REDIS_GUEST_URL away to keep them in Postgres',
    ru: 'в Redis из REDIS_GUEST_URL лежат другие данные ({what}), они бы пропали: гостевые ссылки вытесняют то, чем давно не пользовались. Дайте гостевым ссылкам отдельный Redis или уберите REDIS_GUEST_URL: тогда они будут в Postgres',
  },
  foreignKeys: { en: '{number} keys in database {database}', ru: 'ключей в базе {database}: {number}' },
  foreignKey: { en: 'such as the key {key}', ru: 'например, ключ {key}' },
  guestRedisKeeps: {
    en: 'the Redis of REDIS_GUEST_URL has maxmemory-policy {policy} and does not allow CONFIG SET: set "maxmemory-policy {wanted}" and "maxmemory {number}" in its configuration',
    ru: 'у Redis из REDIS_GUEST_URL maxmemory-policy {policy}, а CONFIG SET он не разрешает: укажите в его конфигурации «maxmemory-policy {wanted}» и «maxmemory {number}»',
  },
  guestRedisUncapped: {
    en: 'the Redis of REDIS_GUEST_URL has no maxmemory and does not allow CONFIG SET: set "maxmemory {number}" in its configuration',
    ru: 'у Redis из REDIS_GUEST_URL нет maxmemory, а CONFIG SET он не разрешает: укажите в его конфигурации «maxmemory {number}»',
  },
  guestRedisUnusable: {
    en: 'the Redis of guest links cannot be used: {message}',
    ru: 'Redis гостевых ссылок использовать нельзя: {message}',
  },
  tookLonger: { en: 'took longer than {number} ms', ru: 'не уложилось в {number} мс' },
  telegramAnswers: { en: 'Telegram answers {message}', ru: 'Telegram отвечает {message}' },
  telegramAway: { en: 'Telegram cannot be reached: {message}', ru: 'Telegram недоступен: {message}' },
  reportSentElsewhere: { en: 'this report was sent by somebody else', ru: 'этот отчёт отправил кто-то другой' },
  slugsTaken: { en: 'no free slugs in {number} rounds', ru: 'свободных адресов не нашлось, попыток: {number}' },
  transactionUndone: {
    en: 'the transaction was rolled back: one of its statements had failed',
    ru: 'транзакция отменена: одна из её команд не выполнилась',
  },
  clicksCut: { en: 'the clicks ended before their trailer', ru: 'клики из базы пришли не до конца' },
  copyCut: { en: 'COPY data ended before its trailer', ru: 'данные COPY пришли не до конца' },
  documentDamaged: { en: 'damaged link-day document: {message}', ru: 'статистика ссылки за день повреждена: {message}' },
  severalFonts: { en: '{file} holds several fonts', ru: 'в файле {file} несколько шрифтов' },
  chartElement: {
    en: 'a chart has an element <{element}>, which cannot be drawn',
    ru: 'в диаграмме есть элемент <{element}>, нарисовать его нельзя',
  },
  chartTransformed: {
    en: 'a chart has a transformation that cannot be drawn: {text}',
    ru: 'в диаграмме есть преобразование, нарисовать его нельзя: {text}',
  },
} as const satisfies Record<string, Record<Locale, string>>;

export type TroubleName = keyof typeof TROUBLES;
declare const ours: unique symbol;
/** English. Only `trouble` makes it, so that there is none without words in the other language. */
export type Trouble = string & { readonly [ours]: true };

type Blank<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Blank<Rest> : never;
type Blanks<Name extends TroubleName> = Record<Blank<(typeof TROUBLES)[Name]['en']>, string | number>;

/** @param blanks what its text leaves open */
export function trouble<Name extends TroubleName>(
  name: Name,
  ...[blanks]: keyof Blanks<Name> extends never ? [] : [Blanks<Name>]
): Trouble {
  return filled(TROUBLES[name].en, blanks ?? {}) as Trouble;
}

export const isTrouble = (text: string): text is Trouble => found(text) !== null;

/** @param text whatever anybody said; in English, or not from here, it stays as it is */
export function troubleIn(text: string, locale: Locale): string {
  const known = locale === 'en' ? null : found(text);
  if (known === null) return text;
  const blanks = Object.entries(known.blanks).map(([blank, value]) => [blank, troubleIn(value, locale)]);
  return filled(TROUBLES[known.name][locale], Object.fromEntries(blanks));
}

const BLANK = /\{(\w+)\}/g;
const filled = (text: string, blanks: Readonly<Record<string, string | number>>): string =>
  text.replace(BLANK, (_, blank: string) => String(blanks[blank]));

/** What a blank may hold; those that are not here hold anything. */
const SHAPES: Readonly<Record<string, string>> = { number: '\\d+', thread: '(?:front|shard) \\d+' };
const ANYTHING = '.+';

const PATTERNS = (Object.keys(TROUBLES) as TroubleName[]).map((name) => {
  const literal = TROUBLES[name].en.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return {
    name,
    pattern: new RegExp(`^${literal.replace(BLANK, (_, blank: string) => `(?<${blank}>${SHAPES[blank] ?? ANYTHING})`)}$`, 's'),
  };
});

function found(text: string): { name: TroubleName; blanks: Readonly<Record<string, string>> } | null {
  for (const { name, pattern } of PATTERNS) {
    const match = pattern.exec(text);
    if (match !== null) return { name, blanks: match.groups ?? {} };
  }
  return null;
}

/** All links with clicks, as many pages as it takes. Each page repeats the headings. Nothing at all when no link has clicks. */
import { HOURS } from '../../../core/calendar.ts';
import type { DailyReport, ReportRow } from '../../../core/daily-report.ts';
import type { ReportWords } from '../../../core/report-words.ts';
import { COLORS, CONTENT_WIDTH, PAGE, printable, type Sheet } from './sheet.ts';

const ROW_HEIGHT = 15;
const HEAD_TOP = 60;
const HEAD_HEIGHT = 18;
const BODY_TOP = HEAD_TOP + HEAD_HEIGHT;
/** Above the page's number. */
const BODY_BOTTOM = PAGE.height - 44;
const PAGE_LINES = Math.floor((BODY_BOTTOM - BODY_TOP) / ROW_HEIGHT);
/** The page before gives some of its own up for that: a page with a note alone looks like a mistake. More than there are notes. */
const LAST_PAGE_MIN_LINES = 4;
const HOUR_WIDTH = 15.6;
const HOURS_LEFT = PAGE.width - PAGE.margin - HOURS * HOUR_WIDTH;
const NUMBER_WIDTH = 36;
const NUMBERS = ['clicks', 'repeatClicks', 'pc', 'phone', 'other'] as const;
const NUMBERS_LEFT = HOURS_LEFT - 8 - NUMBERS.length * NUMBER_WIDTH;
const LINK_WIDTH = 74;
const LINK_LEFT = NUMBERS_LEFT - LINK_WIDTH;
const NAME_WIDTH = LINK_LEFT - PAGE.margin - 8;
const SIZE = 7.5;
/** Of a number in an hour; one that needs more room is smaller. */
const HOUR_SIZE = 6;
const PADDING = 1.7;

/** @param newPage begins one */
export function drawLinkTable(sheet: Sheet, report: DailyReport, words: ReportWords, host: string, newPage: () => void): void {
  if (report.rows.length === 0) return;
  const most = Math.max(1, ...report.rows.map(({ hours }) => Math.max(...hours)));
  const notes: string[] = [];
  if (report.more.links > 0) notes.push(words.more(report.more.links, report.more.clicks));
  if (report.linksWithoutClicks > 0) notes.push(words.quiet(report.linksWithoutClicks));
  const lines = report.rows.length + notes.length;
  let from = 0;
  const topOf = (index: number): number => {
    if (beginsPage(index, lines)) {
      newPage();
      drawHead(sheet, words);
      from = index;
    }
    return BODY_TOP + (index - from) * ROW_HEIGHT;
  };
  for (const [i, row] of report.rows.entries()) drawRow(sheet, row, words, host, topOf(i), most);
  for (const [i, note] of notes.entries()) {
    const top = topOf(report.rows.length + i);
    sheet.text(note, PAGE.margin, top, { size: SIZE + 0.5, color: COLORS.soft, maxWidth: CONTENT_WIDTH, lineHeight: ROW_HEIGHT });
  }
}

/** Whether the line of this index, of so many in all, is the first of its page. */
function beginsPage(index: number, lines: number): boolean {
  const onLast = ((lines - 1) % PAGE_LINES) + 1;
  const lastFrom = lines - (lines > PAGE_LINES ? Math.max(LAST_PAGE_MIN_LINES, onLast) : onLast);
  return index === lastFrom || (index < lastFrom && index % PAGE_LINES === 0);
}

function drawHead(sheet: Sheet, { allLinks, columns }: ReportWords): void {
  const style = { size: 7, color: COLORS.soft, lineHeight: HEAD_HEIGHT } as const;
  sheet.text(allLinks, PAGE.margin, 34, { size: 12, face: 'bold', maxWidth: CONTENT_WIDTH });
  sheet.text(columns.name, PAGE.margin, HEAD_TOP, style);
  sheet.text(columns.link, LINK_LEFT, HEAD_TOP, { ...style, maxWidth: LINK_WIDTH });
  const titles = [columns.clicks, columns.repeat, columns.pc, columns.phone, columns.other];
  for (const [i, title] of titles.entries()) {
    sheet.text(title, NUMBERS_LEFT + (i + 1) * NUMBER_WIDTH, HEAD_TOP, { ...style, align: 'right', maxWidth: NUMBER_WIDTH - 4 });
  }
  for (let hour = 0; hour < HOURS; hour++) {
    sheet.text(String(hour), HOURS_LEFT + (hour + 0.5) * HOUR_WIDTH, HEAD_TOP, { ...style, size: HOUR_SIZE, align: 'center' });
  }
  line(sheet, BODY_TOP, COLORS.soft);
}

function drawRow(sheet: Sheet, row: ReportRow, words: ReportWords, host: string, y: number, most: number): void {
  const style = { size: SIZE, lineHeight: ROW_HEIGHT } as const;
  for (const [hour, clicks] of row.hours.entries()) if (clicks > 0) drawHour(sheet, hour, clicks, y, most);
  sheet.text(printable(row.name) || row.slug, PAGE.margin, y, { ...style, maxWidth: NAME_WIDTH });
  // The host is in every link: of a long one the slug is worth more.
  const slug = `/${row.slug}`;
  const whole = `${host}${slug}`;
  const short = sheet.widthOf(whole, style) <= LINK_WIDTH - 4 ? whole : slug;
  sheet.text(short, LINK_LEFT, y, { ...style, color: COLORS.accent, maxWidth: LINK_WIDTH - 4 });
  for (const [i, key] of NUMBERS.entries()) {
    const color = i === 0 ? COLORS.ink : COLORS.soft;
    const right = NUMBERS_LEFT + (i + 1) * NUMBER_WIDTH;
    fitNumber(sheet, words.number(row[key]), right, y, { size: SIZE, room: NUMBER_WIDTH - 3, align: 'right', color });
  }
  line(sheet, y + ROW_HEIGHT, COLORS.line);
}

/** Filled the more, the more clicks it had, by the root: so a few are seen beside very many. */
function drawHour(sheet: Sheet, hour: number, clicks: number, y: number, most: number): void {
  const x = HOURS_LEFT + hour * HOUR_WIDTH;
  const share = Math.sqrt(clicks / most);
  sheet.doc.rect(x + 0.4, y + 0.8, HOUR_WIDTH - 0.8, ROW_HEIGHT - 1.6).fill(mixed(share));
  const color = share > 0.55 ? '#ffffff' : COLORS.ink;
  fitNumber(sheet, String(clicks), x + HOUR_WIDTH / 2, y, { size: HOUR_SIZE, room: HOUR_WIDTH - 2 * PADDING, align: 'center', color });
}

type NumberStyle = { size: number; room: number; align: 'center' | 'right'; color: string };

/** A number is never shortened: it becomes smaller. */
function fitNumber(sheet: Sheet, text: string, x: number, y: number, { size, room, align, color }: NumberStyle): void {
  const width = sheet.widthOf(text, { size });
  sheet.text(text, x, y, { size: width > room ? (size * room) / width : size, align, color, lineHeight: ROW_HEIGHT });
}

const bytesOf = (color: string): number[] => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

/** Between the soft accent and the accent. @param share 0 to 1 */
function mixed(share: number): string {
  const [from, to] = [bytesOf(COLORS.accentSoft), bytesOf(COLORS.accent)];
  return `#${from
    .map((byte, i) =>
      Math.round(byte + (to[i] - byte) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

function line({ doc }: Sheet, y: number, color: string): void {
  doc
    .moveTo(PAGE.margin, y)
    .lineTo(PAGE.width - PAGE.margin, y)
    .lineWidth(0.4)
    .stroke(color);
}

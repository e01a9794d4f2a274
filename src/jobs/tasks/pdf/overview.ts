/** The first page: totals, hours, devices, and who is at the top. */
import { barsOption, doughnutOption, type Part, partColor } from '../../../core/charts.ts';
import type { DailyReport, DayCounts } from '../../../core/daily-report.ts';
import { capFacet, OTHER, type TotalFacet } from '../../../core/link-day.ts';
import { change, type ReportWords } from '../../../core/report-words.ts';
import { chartSvg } from './chart-svg.ts';
import { COLORS, CONTENT_WIDTH, PAGE, printable, type Sheet } from './sheet.ts';
import { drawSvg } from './svg-picture.ts';

const GAP = 12;
const PADDING = 12;
const CARDS_TOP = 92;
const CARDS_HEIGHT = 84;
const CHARTS_TOP = CARDS_TOP + CARDS_HEIGHT + GAP;
const CHARTS_HEIGHT = 178;
const LISTS_TOP = CHARTS_TOP + CHARTS_HEIGHT + GAP;
const LISTS_HEIGHT = 176;
const HOURS_WIDTH = 500;
const DOUGHNUT = 112;
const LIST_ROWS = 7;
const ROW_HEIGHT = 20;
const ASIDE_WIDTH = 240;
const HEADING = { size: 10, face: 'bold' } as const;

type Box = { x: number; y: number; width: number; height: number };

export function drawOverview(sheet: Sheet, report: DailyReport, words: ReportWords): void {
  drawHead(sheet, report, words);
  drawCards(sheet, report, words);
  drawHours(sheet, report, words, { x: PAGE.margin, y: CHARTS_TOP, width: HOURS_WIDTH, height: CHARTS_HEIGHT });
  const x = PAGE.margin + HOURS_WIDTH + GAP;
  drawDevices(sheet, report, words, { x, y: CHARTS_TOP, width: CONTENT_WIDTH - HOURS_WIDTH - GAP, height: CHARTS_HEIGHT });
  const width = (CONTENT_WIDTH - 2 * GAP) / 3;
  const box = (column: number): Box => ({ x: PAGE.margin + column * (width + GAP), y: LISTS_TOP, width, height: LISTS_HEIGHT });
  drawList(sheet, words.topLinks, topLinks(report), words, box(0));
  drawList(sheet, words.facets.countries, named(report, 'countries', words), words, box(1));
  drawList(sheet, words.facets.os, named(report, 'os', words), words, box(2));
}

function drawHead(sheet: Sheet, { day, timeZone, botClicks }: DailyReport, words: ReportWords): void {
  const right = PAGE.width - PAGE.margin;
  sheet.text(words.title, PAGE.margin, 32, { size: 11, color: COLORS.accent, face: 'bold' });
  sheet.text(words.date(day), PAGE.margin, 48, { size: 20, face: 'bold', maxWidth: CONTENT_WIDTH - ASIDE_WIDTH - GAP });
  const aside = { size: 9, color: COLORS.soft, align: 'right', maxWidth: ASIDE_WIDTH } as const;
  sheet.text(words.timeZone(timeZone), right, 46, aside);
  if (botClicks > 0) sheet.text(words.bots(botClicks), right, 60, aside);
}

function drawCard({ doc }: Sheet, { x, y, width, height }: Box): void {
  doc.roundedRect(x, y, width, height, 6).lineWidth(0.6).fillAndStroke(COLORS.card, COLORS.line);
}

function drawCards(sheet: Sheet, report: DailyReport, words: ReportWords): void {
  const width = (CONTENT_WIDTH - 3 * GAP) / 4;
  const box = (column: number): Box => ({ x: PAGE.margin + column * (width + GAP), y: CARDS_TOP, width, height: CARDS_HEIGHT });
  const counted = (key: keyof DayCounts, column: number, title: string) => {
    drawFigure(sheet, box(column), title, words.number(report[key]));
    const { day, dayBefore, weekBefore } = report;
    drawChange(sheet, box(column), 46, changeWords(words, report[key], dayBefore[key], words.toDayBefore));
    drawChange(sheet, box(column), 60, changeWords(words, report[key], weekBefore[key], words.toWeekBefore(day - 7)));
  };
  counted('clicks', 0, words.clicks);
  counted('repeatClicks', 1, words.repeatClicks);
  const withClicks = report.rows.length + report.more.links;
  drawFigure(sheet, box(2), words.linksWithClicks, words.number(withClicks));
  drawChange(sheet, box(2), 46, { text: words.ofLinks(withClicks + report.linksWithoutClicks), isLess: false });
  const most = Math.max(...report.hours);
  const hour = report.hours.indexOf(most);
  drawFigure(sheet, box(3), words.busiestHour, most === 0 ? '—' : `${hour}:00–${hour + 1}:00`);
  if (most > 0) drawChange(sheet, box(3), 46, { text: words.clicksInHour(most), isLess: false });
}

function drawFigure(sheet: Sheet, box: Box, title: string, figure: string): void {
  drawCard(sheet, box);
  const maxWidth = box.width - 2 * PADDING;
  sheet.text(title, box.x + PADDING, box.y + 8, { size: 9, color: COLORS.soft, maxWidth });
  sheet.text(figure, box.x + PADDING, box.y + 19, { size: 20, face: 'bold', maxWidth });
}

/** A change with its sign, or both numbers where there is nothing to put them into proportion to. */
function changeWords(words: ReportWords, now: number, before: number, against: string): { text: string; isLess: boolean } {
  const share = change(words, now, before);
  const difference = share ?? (now === before ? '±0' : `+${words.number(now - before)}`);
  return { text: `${difference} ${against}`, isLess: now < before };
}

function drawChange(sheet: Sheet, box: Box, down: number, { text, isLess }: { text: string; isLess: boolean }): void {
  const color = isLess ? COLORS.danger : COLORS.soft;
  sheet.text(text, box.x + PADDING, box.y + down + 2, { size: 8.5, color, maxWidth: box.width - 2 * PADDING });
}

function drawHours(sheet: Sheet, { hours }: DailyReport, words: ReportWords, box: Box): void {
  drawCard(sheet, box);
  sheet.text(words.byHour, box.x + PADDING, box.y + 8, HEADING);
  const points = hours.map((value, hour) => ({ label: String(hour), value }));
  const svg = chartSvg(small(barsOption(points, words.clicks, COLORS), words), box.width - 2 * PADDING, box.height - 34);
  drawSvg(sheet, svg, box.x + PADDING, box.y + 26);
}

/** On paper, labels are smaller than on a screen, and numbers as people read them. */
function small(option: ReturnType<typeof barsOption>, words: ReportWords) {
  const { xAxis, yAxis } = option as { xAxis: { axisLabel: object }; yAxis: { axisLabel: object } };
  return {
    ...option,
    xAxis: { ...xAxis, axisLabel: { ...xAxis.axisLabel, fontSize: 8 } },
    yAxis: { ...yAxis, axisLabel: { ...yAxis.axisLabel, fontSize: 8, formatter: (value: number) => words.number(value) } },
  };
}

function drawDevices(sheet: Sheet, report: DailyReport, words: ReportWords, box: Box): void {
  drawCard(sheet, box);
  sheet.text(words.facets.devices, box.x + PADDING, box.y + 8, HEADING);
  const parts = named(report, 'devices', words);
  if (parts.length === 0) {
    drawNone(sheet, words, box);
    return;
  }
  const svg = chartSvg(doughnutOption(parts, words.facets.devices, COLORS), DOUGHNUT, DOUGHNUT);
  drawSvg(sheet, svg, box.x + PADDING, box.y + 44);
  const x = box.x + PADDING + DOUGHNUT + 10;
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const room = box.x + box.width - PADDING - x;
  for (const [i, { label, value, isRest }] of parts.entries()) {
    const y = box.y + 44 + (DOUGHNUT - parts.length * 26) / 2 + i * 26;
    sheet.doc.roundedRect(x, y + 3, 7, 7, 1.5).fill(partColor(i, isRest, COLORS));
    sheet.text(label, x + 12, y, { size: 8.5, maxWidth: room - 12 });
    sheet.text(`${words.number(value)} · ${words.percent(value / total)}`, x + 12, y + 11, {
      size: 8,
      color: COLORS.soft,
      maxWidth: room - 12,
    });
  }
}

/** As many as a list has rows for: what goes beyond is among the others. */
function named(report: DailyReport, facet: TotalFacet, words: ReportWords): Part[] {
  const all = report[facet].map(({ key, clicks }): [string, number] => [key, clicks]);
  const parts = all.length > LIST_ROWS ? capFacet(new Map(all), LIST_ROWS - 1) : all;
  return parts.map(([key, clicks]) => ({ label: words.keyName(facet, key), value: clicks, isRest: key === OTHER }));
}

const topLinks = ({ rows }: DailyReport): Part[] =>
  rows.map(({ name, slug, clicks }) => ({ label: printable(name) || slug, value: clicks, isRest: false }));

function drawNone(sheet: Sheet, words: ReportWords, box: Box): void {
  sheet.text(words.none, box.x + PADDING, box.y + 30, { size: 9, color: COLORS.soft });
}

/** Names with their clicks, and beneath each a bar as long as its share of the first. */
function drawList(sheet: Sheet, title: string, parts: readonly Part[], words: ReportWords, box: Box): void {
  drawCard(sheet, box);
  sheet.text(title, box.x + PADDING, box.y + 8, HEADING);
  if (parts.length === 0) {
    drawNone(sheet, words, box);
    return;
  }
  const width = box.width - 2 * PADDING;
  const most = Math.max(...parts.map(({ value }) => value));
  for (const [i, { label, value, isRest }] of parts.slice(0, LIST_ROWS).entries()) {
    const y = box.y + 30 + i * ROW_HEIGHT;
    const number = words.number(value);
    const numberWidth = sheet.widthOf(number, { size: 8.5 });
    sheet.text(label, box.x + PADDING, y, { size: 8.5, maxWidth: width - numberWidth - 10 });
    sheet.text(number, box.x + box.width - PADDING, y, { size: 8.5, align: 'right' });
    const bar = Math.max(1, (width * value) / most);
    sheet.doc.roundedRect(box.x + PADDING, y + 13.5, bar, 2.4, 1.2).fill(isRest ? COLORS.rest : COLORS.accent);
  }
}

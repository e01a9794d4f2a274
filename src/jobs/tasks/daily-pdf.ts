/** The daily report as a PDF. Runs on a pool thread; nothing is read or written but the fonts. */
import type { DailyPdfOrder } from '../../core/daily-report.ts';
import { reportWords } from '../../core/report-words.ts';
import { drawLinkTable } from './pdf/link-table.ts';
import { drawOverview } from './pdf/overview.ts';
import { COLORS, openSheet, PAGE, type Sheet } from './pdf/sheet.ts';

export async function renderDailyPdf({ report, locale, host, madeAt }: DailyPdfOrder): Promise<Uint8Array> {
  const words = reportWords(locale);
  const title = `${words.title}: ${words.date(report.day)}`;
  const sheet = openSheet({ title, language: locale, madeAt: new Date(madeAt) });
  const { doc } = sheet;
  const file = collect(doc);
  doc.addPage();
  drawOverview(sheet, report, words);
  drawLinkTable(sheet, report, words, host, () => doc.addPage());
  numberPages(sheet, `elnk · ${host}`);
  doc.end();
  return file;
}

function numberPages(sheet: Sheet, mark: string): void {
  const { doc } = sheet;
  const { start, count } = doc.bufferedPageRange();
  const style = { size: 8, color: COLORS.soft } as const;
  for (let page = start; page < start + count; page++) {
    doc.switchToPage(page);
    sheet.text(mark, PAGE.margin, PAGE.height - 30, { ...style, maxWidth: PAGE.width / 2 });
    sheet.text(`${page - start + 1} / ${count}`, PAGE.width - PAGE.margin, PAGE.height - 30, { ...style, align: 'right' });
  }
}

function collect(doc: PDFKit.PDFDocument): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    doc.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    doc.on('end', () => resolve(Buffer.concat(chunks)));
    doc.on('error', reject);
  });
}

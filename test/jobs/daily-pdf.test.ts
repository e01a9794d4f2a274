/** The PDF of the daily report, read again by another library. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Locale } from '../../src/core/account.ts';
import { type DailyReport, REPORT_MAX_LINKS } from '../../src/core/daily-report.ts';
import { renderDailyPdf } from '../../src/jobs/tasks/daily-pdf.ts';
import { linesOf, overlaps, readPdf } from '../support/pdf-text.ts';
import { randomFrom } from '../support/random.ts';
import { sampleReport } from '../support/sample-report.ts';

const MAX_BYTES = 500 * 1024;
const PAGE_WIDTH = 842;
const it = suite('PDF of the daily report');

const render = (report: DailyReport, locale: Locale = 'ru') => renderDailyPdf({ report, locale, host: 's.example.com', madeAt: 0 });

/** The numbers of every row of the table, by slug as far as it is shown: clicks, repeat, PC, phone, other, and those hours that are not 0. */
function rowsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /\t(?:s\.example\.com)?\/[\w…-]+\t(\d.*)$/.exec(line)?.[1] ?? []);
}

const plain = (text: string) => text.replaceAll(/(?<=\d)[ \u00a0\u202f,](?=\d{3})/g, '');

for (const [links, most] of [
  [1, 30],
  [40, 4_000],
  [150, 40_000],
  [150, 3_000_000],
]) {
  for (const locale of ['en', 'ru'] as const) {
    it(`has every number of ${links} links, ${locale}, up to ${most} clicks`, async () => {
      const report = sampleReport(links, randomFrom(links), most);
      const pdf = await render(report, locale);
      assert.ok(pdf.length <= MAX_BYTES, `${pdf.length} bytes`);
      const { texts } = await readPdf(pdf);
      const lines = linesOf(texts).map(plain);
      assert.equal(
        rowsIn(lines),
        report.rows.map(({ clicks, repeatClicks, pc, phone, other, hours }) =>
          [clicks, repeatClicks, pc, phone, other, ...hours.filter((n) => n > 0)].join('\t'),
        ),
      );
      assert.ok(lines.some((line) => line.startsWith(`${report.clicks}\t${report.repeatClicks}\t${report.rows.length}\t`)));
      assert.equal(overlaps(texts), []);
      for (const { text, x, width } of texts) assert.ok(x >= 30 && x + width <= PAGE_WIDTH - 30, text);
    });
  }
}

it('says in which language it is, what it is, and on which page one is; headings are on every page of the table', async () => {
  const { pages, title, language, texts } = await readPdf(await render(sampleReport(150, randomFrom(1))));
  assert.equal([title, language], ['Отчёт за день: Понедельник, 23 ноября 2026 г.', 'ru']);
  const all = texts.map(({ text }) => text);
  for (let page = 1; page <= pages; page++) assert.ok(all.includes(`${page} / ${pages}`));
  assert.is(all.filter((text) => text === 'Короткая ссылка').length, pages - 1);
  const english = await readPdf(await render(sampleReport(1, randomFrom(1)), 'en'));
  assert.equal([english.title, english.language], ['Daily report: Monday, 23 November 2026', 'en']);
});

it('shortens long names with an ellipsis, leaves out signs that the font has not, and calls a link without a readable name by its slug', async () => {
  const report = sampleReport(8, randomFrom(5), 50_000);
  const all = (await readPdf(await render(report))).texts.map(({ text }) => text);
  assert.ok(all.some((text) => text.startsWith('Щётка для бритья «Ёж»') && text.endsWith('…')));
  assert.ok(all.includes('Подарки'));
  const nameless = report.rows.find(({ name }) => name === '夏のセール');
  assert.ok(nameless !== undefined && all.includes(nameless.slug));
});

it('lists of the first page leave no click out: countries that have no row are among the others', async () => {
  const keys = ['RU', 'KZ', 'BY', 'US', 'DE', 'FR', 'GB', 'AM', 'GE', 'UZ', 'other'];
  const countries = keys.map((key, i) => ({ key, clicks: 90_000 - 7_001 * i }));
  const { texts } = await readPdf(await render({ ...sampleReport(1, randomFrom(1)), countries }, 'en'));
  const all = texts.map(({ text }) => plain(text));
  const others = countries.slice(6).reduce((sum, { clicks }) => sum + clicks, 0);
  assert.equal([all.includes(String(countries[5].clicks)), all.includes(String(others)), all.includes('Other')], [true, true, true]);
  assert.not.ok(all.includes('United Kingdom'));
});

it('is one page of noughts for a day without clicks', async () => {
  const { pages, texts } = await readPdf(await render(sampleReport(0, randomFrom(1), 0), 'en'));
  const all = texts.map(({ text }) => text);
  assert.is(pages, 1);
  assert.ok(all.includes('of 3 links'));
  assert.equal(overlaps(texts), []);
});

it('never ends with a page of one or two lines, whatever number of links there is', async () => {
  for (let links = 27; links <= 36; links++) {
    const report = { ...sampleReport(links, randomFrom(links), 40_000), more: { links: 2, clicks: 3 } };
    const { pages, texts } = await readPdf(await render(report, 'en'));
    const lines = linesOf(texts).map(plain);
    assert.is(rowsIn(lines).length, links);
    const last = linesOf(texts.filter(({ page }) => page === pages)).map(plain);
    assert.ok(rowsIn(last).length >= 2, `${links} links: ${last.join(' | ')}`);
    assert.ok(last.some((line) => line.startsWith('3 links without clicks')));
    assert.is(pages, links + 2 <= 31 ? 2 : 3);
  }
});

it('says how many more links there are than it lists', async () => {
  const report = { ...sampleReport(20, randomFrom(2), 9_000), more: { links: 21, clicks: 1_234 } };
  const lines = linesOf((await readPdf(await render(report))).texts);
  assert.ok(lines.includes('Ещё 21 ссылка: всего 1234 клика.'), lines.slice(-5).join('\n'));
  assert.ok(REPORT_MAX_LINKS >= 150);
});

it('takes little longer for 150 links than for 75: what a row costs does not grow', async () => {
  const timed = async (links: number) => {
    const report = sampleReport(links, randomFrom(3), 100_000);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const { user } = process.cpuUsage();
      await render(report);
      best = Math.min(best, (process.cpuUsage().user - user) / 1000);
    }
    return best;
  };
  await timed(75);
  const [half, whole] = [await timed(75), await timed(150)];
  process.stdout.write(`75 links ${half.toFixed()} ms, 150 links ${whole.toFixed()} ms of CPU\n`);
  assert.ok(whole < half * 3, `${whole} ms against ${half} ms`);
});

it.run();

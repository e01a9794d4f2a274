/** Files that are made here: a template, and what was refused. */
import type { ImportFaultPage } from '../../../../src/core/api/imports.ts';
import { ask } from '../../api/client.ts';
import { saveFile } from '../../save-file.ts';
import { reasonWords } from './reasons.ts';

const PAGE_FAULTS = 1_000;
/** So that spreadsheets take it for UTF-8. */
const BYTE_ORDER_MARK = '\ufeff';

const TEMPLATE = [
  ['url', 'slug', 'title', 'tags', 'password', 'maxClicks', 'validFrom', 'expiresAt', 'expiredUrl'],
  ['https://example.com/a/long/address', 'spring-sale', 'Spring sale', 'shop|spring', '', '1000', '', '2027-12-31T20:00:00Z', ''],
  ['https://example.com/another/one', '', '', '', '', '', '', '', ''],
];

export const saveTemplate = (language: string): Promise<void> => saveLines(TEMPLATE, 'links-template.csv', language);

export async function saveFaults(id: number, heads: readonly [line: string, reason: string], language: string): Promise<void> {
  const lines: string[][] = [[...heads]];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: ImportFaultPage = await ask('GET', `imports/${id}/faults?limit=${PAGE_FAULTS}${query}`);
    for (const { line, message } of page.data) lines.push([String(line), reasonWords(message, language)]);
    cursor = page.nextCursor;
  }
  await saveLines(lines, 'refused-rows.csv', language);
}

/** With semicolons in Russian, as spreadsheets have them there. */
function saveLines(lines: readonly (readonly string[])[], name: string, language: string): Promise<void> {
  const separator = language === 'ru' ? ';' : ',';
  const text = lines.map((cells) => cells.map(quoted).join(separator)).join('\r\n');
  return saveFile(new Response(`${BYTE_ORDER_MARK}${text}\r\n`, { headers: { 'Content-Type': 'text/csv' } }), name);
}

const quoted = (cell: string): string => (/[",;\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

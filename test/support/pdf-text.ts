/** What a reader finds in a PDF: its texts with their places, and what it says of itself. */
import { getDocumentProxy } from 'unpdf';

/** In points; x and y of the left end of the baseline, y from below. */
export type PdfText = { page: number; text: string; x: number; y: number; width: number; height: number };
export type PdfContent = { pages: number; title: string | undefined; language: string | undefined; texts: PdfText[] };

export async function readPdf(pdf: Uint8Array): Promise<PdfContent> {
  const document = await getDocumentProxy(new Uint8Array(pdf));
  const texts: PdfText[] = [];
  for (let page = 1; page <= document.numPages; page++) {
    const { items } = await (await document.getPage(page)).getTextContent();
    for (const item of items) {
      if (!('str' in item) || item.str.trim() === '') continue;
      texts.push({ page, text: item.str, x: item.transform[4], y: item.transform[5], width: item.width, height: item.height });
    }
  }
  const { info } = await document.getMetadata();
  const { Title, Language } = info as { Title?: string; Language?: string };
  return { pages: document.numPages, title: Title, language: Language, texts };
}

/** Pairs of texts that lie upon each other. */
export function overlaps(texts: readonly PdfText[]): [PdfText, PdfText][] {
  const found: [PdfText, PdfText][] = [];
  const slack = 0.3;
  for (const [i, a] of texts.entries()) {
    for (const b of texts.slice(i + 1)) {
      if (a.page !== b.page || Math.abs(a.y - b.y) > (Math.min(a.height, b.height) * 2) / 3) continue;
      if (a.x + a.width - slack > b.x && b.x + b.width - slack > a.x) found.push([a, b]);
    }
  }
  return found;
}

/** The texts as lines, from top to bottom and left to right; tabs between the parts of a line. */
export function linesOf(texts: readonly PdfText[]): string[] {
  const lines: { page: number; y: number; parts: PdfText[] }[] = [];
  for (const text of texts) {
    const line = lines.find(({ page, y }) => page === text.page && Math.abs(y - text.y) < 3);
    if (line === undefined) lines.push({ page: text.page, y: text.y, parts: [text] });
    else line.parts.push(text);
  }
  return lines
    .sort((a, b) => a.page - b.page || b.y - a.y)
    .map(({ parts }) =>
      parts
        .sort((a, b) => a.x - b.x)
        .map(({ text }) => text.trim())
        .join('\t'),
    );
}

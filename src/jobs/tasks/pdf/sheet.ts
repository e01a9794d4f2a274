/** A PDF with our fonts, colours and measures, and texts that never leave the room they have. Lengths are in points. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';
import PDFDocument from 'pdfkit';
import { LIGHT_COLORS } from '../../../core/charts.ts';
import { trouble } from '../../../core/troubles.ts';

/** A4, lying. */
export const PAGE = { width: 841.89, height: 595.28, margin: 36 };
export const CONTENT_WIDTH = PAGE.width - 2 * PAGE.margin;
export const COLORS = { ...LIGHT_COLORS, card: '#fffefb', paper: '#f6f5f1', danger: '#a8322a' };

const ELLIPSIS = '…';

type Face = 'regular' | 'bold';

export type TextStyle = {
  size: number;
  color?: string;
  face?: Face;
  /** Relative to x: it is the text's left end, its middle or its right end. */
  align?: 'left' | 'center' | 'right';
  /** A text that is wider is shortened, and ends with an ellipsis. */
  maxWidth?: number;
  /** The text stands in the middle of a line so high. */
  lineHeight?: number;
};

export type Sheet = {
  doc: PDFKit.PDFDocument;
  /** One line. */
  text(words: string, x: number, y: number, style: TextStyle): void;
  widthOf(words: string, style: Pick<TextStyle, 'size' | 'face'>): number;
};

const require = createRequire(import.meta.url);
const FILES: Readonly<Record<Face, string>> = {
  regular: '@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf',
  bold: '@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf',
};
let fonts: Readonly<Record<Face, Font>> | null = null;

/** Opened once a thread: reading their tables costs more than drawing a page. */
function loadFonts(): Readonly<Record<Face, Font>> {
  fonts ??= { regular: openFont(FILES.regular), bold: openFont(FILES.bold) };
  return fonts;
}

function openFont(file: string): Font {
  const font = create(readFileSync(require.resolve(file)));
  if (!('layout' in font)) throw new Error(trouble('severalFonts', { file }));
  // A glyph keeps the sign with which it was first asked for, and tells readers of the PDF by it what it means. One that is asked for as a part of
  // another, as the Е in Ё when a file is written, would say nothing in later files.
  for (const sign of font.characterSet) font.glyphForCodePoint(sign);
  return font;
}

/** Without what the font has no signs for, such as emoji. */
export function printable(words: string): string {
  const { regular } = loadFonts();
  const known = [...words.normalize('NFC')].filter((sign) => regular.hasGlyphForCodePoint(sign.codePointAt(0) ?? 0));
  return known.join('').replaceAll(/\s+/g, ' ').trim();
}

export function openSheet({ title, language, madeAt }: { title: string; language: string; madeAt: Date }): Sheet {
  const { regular, bold } = loadFonts();
  const doc = new PDFDocument({
    size: [PAGE.width, PAGE.height],
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    compress: true,
    font: sourceOf(regular), // else Helvetica would be read
    lang: language,
    displayTitle: true,
    info: { Title: title, Creator: 'elnk', Producer: 'elnk', CreationDate: madeAt },
  });
  // From now on they go by their own names. (Under others, pdfkit would open and compare them at every change.)
  doc.font(sourceOf(bold));
  const names: Readonly<Record<Face, string>> = { regular: regular.postscriptName, bold: bold.postscriptName };

  const setFont = ({ size, face = 'regular' }: Pick<TextStyle, 'size' | 'face'>) => doc.font(names[face]).fontSize(size);
  const widthOf: Sheet['widthOf'] = (words, style) => setFont(style).widthOfString(words);

  function fitted(words: string, style: TextStyle): { words: string; width: number } {
    const { maxWidth = Number.POSITIVE_INFINITY } = style;
    const width = widthOf(words, style);
    if (width <= maxWidth) return { words, width };
    const signs = [...words];
    let [fits, over] = [0, signs.length];
    while (over - fits > 1) {
      const middle = (fits + over) >>> 1;
      if (widthOf(cut(signs, middle), style) <= maxWidth) fits = middle;
      else over = middle;
    }
    const short = cut(signs, fits);
    return { words: short, width: widthOf(short, style) };
  }

  return {
    doc,
    widthOf,
    text(words, x, y, style) {
      const { size, color = COLORS.ink, align = 'left', lineHeight } = style;
      const { words: shown, width } = fitted(words, style);
      const left = align === 'left' ? x : align === 'right' ? x - width : x - width / 2;
      // Noto Sans stands in a line of 1.362 times its size; the middle of that is the middle of its digits.
      const top = lineHeight === undefined ? y : y + (lineHeight - size * LINE_FACTOR) / 2;
      setFont(style).fillColor(color).text(shown, left, top, { lineBreak: false });
    },
  };
}

/** pdfkit takes fonts that are open, too; its types do not say so. */
const sourceOf = (font: Font) => font as unknown as PDFKit.Mixins.PDFFontSource & string;

/** Height of a line of Noto Sans by its size (its ascender and descender). */
const LINE_FACTOR = 1.362;

const cut = (signs: readonly string[], length: number): string => signs.slice(0, length).join('').trimEnd() + ELLIPSIS;

/**
 * Draws the SVG that ECharts writes into a PDF, as vectors. It knows what our charts consist of (core/charts.ts): paths, rectangles and texts,
 * each with a fill, a stroke and a transformation of its own; a drawing with anything else is refused, so that nothing is left out unseen.
 */
import { trouble } from '../../../core/troubles.ts';
import type { Sheet } from './sheet.ts';

type Attributes = Readonly<Record<string, string>>;

const ELEMENT = /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"]*")*)\s*\/?>([^<]*)/g;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;
/** What has nothing to draw: groups without a transformation, and the style sheet, which is about pointers. */
const SILENT = new Set(['svg', 'g', 'style', 'defs']);
const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

/** @throws an Error when the drawing has an element that is not known here */
export function drawSvg(sheet: Sheet, svg: string, x: number, y: number): void {
  const { doc } = sheet;
  doc.save().translate(x, y);
  for (const [, closing, name, text, content] of svg.replaceAll(/<style[^>]*>[\s\S]*?<\/style>/g, '').matchAll(ELEMENT)) {
    if (closing !== '') continue;
    const attributes: Attributes = Object.fromEntries([...text.matchAll(ATTRIBUTE)].map(([, key, value]) => [key, value]));
    if (name === 'path' || name === 'rect') drawShape(sheet, name, attributes);
    else if (name === 'text') drawLabel(sheet, attributes, content);
    else if (!SILENT.has(name) || attributes.transform !== undefined) throw new Error(trouble('chartElement', { element: name }));
  }
  doc.restore();
}

function drawShape({ doc }: Sheet, name: 'path' | 'rect', it: Attributes): void {
  const fill = colorOf(it.fill);
  const stroke = colorOf(it.stroke);
  if (fill === null && stroke === null) return;
  doc.save();
  transform(doc, it.transform);
  if (name === 'path') doc.path(it.d);
  else doc.rect(Number(it.x ?? 0), Number(it.y ?? 0), Number(it.width), Number(it.height));
  if (stroke !== null) doc.lineWidth(Number(it['stroke-width'] ?? 1));
  if (fill !== null && stroke !== null) doc.fillAndStroke(fill, stroke);
  else if (fill !== null) doc.fill(fill);
  else if (stroke !== null) doc.stroke(stroke);
  doc.restore();
}

function drawLabel({ doc, text }: Sheet, it: Attributes, content: string): void {
  const size = Number(/font-size:([\d.]+)px/.exec(it.style ?? '')?.[1] ?? 12);
  doc.save();
  transform(doc, it.transform);
  const align = it['text-anchor'] === 'middle' ? 'center' : it['text-anchor'] === 'end' ? 'right' : 'left';
  const middle = Number(it.y ?? 0);
  const words = content.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]);
  text(words, Number(it.x ?? 0), middle - size / 2, { size, color: colorOf(it.fill) ?? '#000000', align, lineHeight: size });
  doc.restore();
}

const colorOf = (text: string | undefined): string | null =>
  text === undefined || text === 'none' || text === 'transparent' ? null : text;

function transform(doc: Sheet['doc'], text: string | undefined): void {
  if (text === undefined) return;
  const [, kind, list] = /^(translate|matrix)\(([^)]*)\)$/.exec(text) ?? [];
  const numbers = (list ?? '').split(/[\s,]+/).map(Number);
  if (kind === 'translate') doc.translate(numbers[0], numbers[1] ?? 0);
  else if (kind === 'matrix' && numbers.length === 6) doc.transform(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
  else throw new Error(trouble('chartTransformed', { text }));
}

/**
 * QR codes of short links. The package `qrcode` makes the modules; they are drawn here: a PNG of one bit a pixel takes a millisecond, while the
 * package's own takes four bytes a pixel and tens of milliseconds of a front thread.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { create } from 'qrcode';
import { Failure, type FieldError } from '../core/failure.ts';
import { GenerationMap } from '../core/generation-map.ts';
import { contrastOf, type QrQuery, rgbOf } from '../core/qr.ts';

/** Light modules around the code (ISO/IEC 18004, 9.1). */
const QUIET_MODULES = 4;
/** Fewer pixels a module are hard to read for a camera. */
const MODULE_MIN_PX = 2;
/** Below 4 readers begin to fail (jsQR: 5 of 120 codes at 3.5 to 4, 19 of 174 at 3 to 3.5, none above). The ratio is that of WCAG 2.2. */
export const QR_MIN_CONTRAST = 4.5;
/** Drawings that are at hand, each some kilobytes. */
const CACHE_ENTRIES = 500;

export type QrImage = { bytes: Uint8Array; type: 'image/png' | 'image/svg+xml'; etag: string };

/** @throws Failure invalid: colours that cannot be read, or too small for what it has to hold */
export type QrDrawer = (text: string, query: QrQuery) => QrImage;

/** Keeps drawings; those that are asked for stay. */
export function cachedQr(draw: QrDrawer = drawQr, entries = CACHE_ENTRIES): QrDrawer {
  const held = new GenerationMap<string, QrImage>(entries);
  return (text, query) => {
    const { format, size, dark, light, level } = query;
    const key = `${format} ${size} ${dark} ${light} ${level} ${text}`;
    const known = held.get(key);
    if (known !== undefined) return known;
    const image = draw(text, query);
    held.set(key, image);
    return image;
  };
}

export function drawQr(text: string, { format, size, dark, light, level }: QrQuery): QrImage {
  const { data, size: modules } = create(text, { errorCorrectionLevel: level }).modules;
  const faults = [...sizeFaults(size, modules), ...colourFaults(dark, light)];
  if (faults.length > 0) throw new Failure('invalid', 'Such a code could not be read', { errors: faults });
  const isDark = (x: number, y: number) => data[y * modules + x] !== 0;
  const bytes = format === 'png' ? png(modules, isDark, size, dark, light) : Buffer.from(svg(modules, isDark, size, dark, light));
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { bytes, type: format === 'png' ? 'image/png' : 'image/svg+xml', etag };
}

/** A code that stands in JSON and can be shown as it is: a PNG as a data URI, some 700 characters for a short link. */
export function qrDataUri(text: string): string {
  const { bytes } = drawQr(text, { format: 'png', size: 256, dark: '#000000', light: '#ffffff', level: 'M' });
  return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
}

function sizeFaults(size: number, modules: number): FieldError[] {
  const needed = (modules + 2 * QUIET_MODULES) * MODULE_MIN_PX;
  return size >= needed ? [] : [{ path: 'size', message: `must be at least ${needed} for this link at this level` }];
}

function colourFaults(dark: string, light: string): FieldError[] {
  const contrast = contrastOf(light, dark);
  if (contrast < 1) return [{ path: 'dark', message: 'must be darker than `light`: many readers know no inverted codes' }];
  if (contrast >= QR_MIN_CONTRAST) return [];
  return [
    { path: 'dark', message: `must differ more from \`light\`: the contrast is ${contrast.toFixed(2)}, and ${QR_MIN_CONTRAST} is needed` },
  ];
}

type Modules = (x: number, y: number) => boolean;

function svg(modules: number, isDark: Modules, size: number, dark: string, light: string): string {
  const side = modules + 2 * QUIET_MODULES;
  let path = '';
  for (let y = 0; y < modules; y++) {
    for (let x = 0; x < modules; x++) {
      let run = 0;
      while (x + run < modules && isDark(x + run, y)) run++;
      if (run > 0) path += `M${x + QUIET_MODULES} ${y + QUIET_MODULES}h${run}v1h-${run}z`;
      x += run;
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">` +
    `<path fill="${light}" d="M0 0h${side}v${side}H0z"/><path fill="${dark}" d="${path}"/></svg>\n`
  );
}

const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const BITS_PER_PIXEL = 1;
const PALETTE = 3;

/** Every module has the same whole number of pixels; what is left of the size is added to the quiet zone. The format: RFC 2083. */
function png(modules: number, isDark: Modules, size: number, dark: string, light: string): Buffer {
  const scale = Math.floor(size / (modules + 2 * QUIET_MODULES));
  const margin = Math.floor((size - modules * scale) / 2);
  const rowBytes = 1 + Math.ceil(size / 8); // the first byte names the row's filter: none
  const rows = Buffer.alloc(rowBytes * size);
  for (let y = 0; y < modules; y++) {
    const at = (margin + y * scale) * rowBytes;
    const row = rows.subarray(at, at + rowBytes);
    for (let x = 0; x < modules; x++) {
      if (!isDark(x, y)) continue;
      for (let px = margin + x * scale; px < margin + (x + 1) * scale; px++) row[1 + (px >> 3)] |= 0x80 >> (px & 7);
    }
    for (let copy = 1; copy < scale; copy++) row.copy(rows, at + copy * rowBytes);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = BITS_PER_PIXEL;
  header[9] = PALETTE;
  const palette = Buffer.from([...rgbOf(light), ...rgbOf(dark)]);
  const chunks = [chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([PNG_SIGNATURE, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

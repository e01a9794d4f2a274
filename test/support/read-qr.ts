/** Reads QR codes, by libraries that do not draw them. */
import { createRequire } from 'node:module';
import type jsqr from 'jsqr';
import { PNG } from 'pngjs';

/** The package is the function itself, while its types speak of a default export. */
const decode: typeof jsqr.default = createRequire(import.meta.url)('jsqr');

/** @param png an image with a dark code on light ground; @returns what it says, null when there is no code to be read */
export function readQr(png: Uint8Array): string | null {
  const { data, width, height } = PNG.sync.read(Buffer.from(png));
  return decode(new Uint8ClampedArray(data), width, height, { inversionAttempts: 'dontInvert' })?.data ?? null;
}

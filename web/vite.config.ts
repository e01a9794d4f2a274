/** How the web app is built: hashed files in web/dist, each beside its Brotli and gzip form, so that nothing is compressed while serving. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = resolve(import.meta.dirname, 'dist');
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.svg', '.json']);
/** Below it a packet is sent anyway. */
const COMPRESS_MIN_BYTES = 1_024;

const precompress: Plugin = {
  name: 'precompress',
  apply: 'build',
  closeBundle() {
    for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !COMPRESSIBLE.has(extname(path)) || entry.name === 'index.html') continue;
      const body = readFileSync(path);
      if (body.length < COMPRESS_MIN_BYTES) continue;
      writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }));
      writeFileSync(`${path}.gz`, gzipSync(body, { level: constants.Z_BEST_COMPRESSION }));
    }
  },
};

// biome-ignore lint/style/noDefaultExport: vite asks for one
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [precompress],
  build: { outDir: OUT, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});

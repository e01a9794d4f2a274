/** A file of links on its way into the store, piece by piece. */
import { type CsvEncoding, EncodingProbe, LinkCsvReader } from './link-csv-reader.ts';
import type { LinkImportStore } from './link-import.ts';

/** Of the file, as it is stored: so much of it is in memory at once. */
const CHUNK_BYTES = 256 << 10;

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** @throws Failure invalid when it is no file of links */
export async function storeImportFile(
  imports: Pick<LinkImportStore, 'addChunk'>,
  id: number,
  pieces: Pieces,
): Promise<{ encoding: CsvEncoding; bytes: number }> {
  const probe = new EncodingProbe();
  let first: Uint8Array = new Uint8Array();
  let chunks = 0;
  let bytes = 0;
  for await (const chunk of inChunks(pieces)) {
    if (chunks === 0) first = chunk;
    probe.push(chunk);
    bytes += chunk.length;
    await imports.addChunk(id, chunks++, chunk);
  }
  const encoding = probe.end();
  const reader = new LinkCsvReader(encoding);
  reader.read(first).next(); // a header that makes no sense is told at once
  if (chunks < 2) reader.end().next();
  return { encoding, bytes };
}

/** The same bytes in pieces that are worth a statement. */
async function* inChunks(pieces: Pieces): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < CHUNK_BYTES) continue;
    yield joined(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield joined(waiting, size);
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

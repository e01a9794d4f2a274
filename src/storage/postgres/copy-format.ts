/** Postgres' binary COPY format for small tables: a builder of rows, and a reader of one int4 column. Layout: core/copy-row.ts. */
import type { ClientBase } from 'pg';
import { type CopyToStreamQuery, to as copyTo } from 'pg-copy-streams';
import { COPY_HEADER, COPY_TRAILER, setInt64 } from '../../core/copy-row.ts';
import { trouble } from '../../core/troubles.ts';

const CHUNK_BYTES = 1 << 16;
/** A row of `readSingleColumn`: int16 count, int32 length, int32 value. */
const INT4_ROW_BYTES = 10;

export class CopyRows {
  readonly #fields: number;
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES * 2);
  #view = new DataView(this.#buffer.buffer);
  #end = 0;

  constructor(fields: number) {
    this.#fields = fields;
    this.#buffer.set(COPY_HEADER);
    this.#end = COPY_HEADER.length;
  }

  get isFull(): boolean {
    return this.#end >= CHUNK_BYTES;
  }

  begin(): this {
    this.#reserve(2);
    this.#view.setInt16(this.#end, this.#fields);
    this.#end += 2;
    return this;
  }

  int4(value: number): this {
    const at = this.#field(4);
    this.#view.setInt32(at, value);
    return this;
  }

  int8(value: number): this {
    const at = this.#field(8);
    setInt64(this.#view, at, value);
    return this;
  }

  int8Words(hi: number, lo: number): this {
    const at = this.#field(8);
    this.#view.setInt32(at, hi);
    this.#view.setInt32(at + 4, lo);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#field(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  /** What was built so far; the caller owns it. */
  take(): Buffer {
    const built = this.#buffer.subarray(0, this.#end);
    this.#buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES * 2);
    this.#view = new DataView(this.#buffer.buffer);
    this.#end = 0;
    return built;
  }

  finish(): Buffer {
    this.#reserve(COPY_TRAILER.length);
    this.#buffer.set(COPY_TRAILER, this.#end);
    this.#end += COPY_TRAILER.length;
    return this.take();
  }

  /** @returns where the value of the next field goes */
  #field(length: number): number {
    this.#reserve(4 + length);
    this.#view.setInt32(this.#end, length);
    const at = this.#end + 4;
    this.#end = at + length;
    return at;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow((this.#end + bytes) * 2);
    larger.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/**
 * Reads COPY data of rows that have no nulls.
 * @param visit gets the values of each row; they are only valid until it returns
 */
export async function readRows(stream: AsyncIterable<Buffer>, fields: number, visit: (values: readonly Buffer[]) => void): Promise<void> {
  let rest = Buffer.alloc(0);
  let skip = COPY_HEADER.length;
  const values: Buffer[] = new Array(fields);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = Math.min(skip, bytes.length);
    skip -= at;
    for (let end = rowEnd(bytes, at, fields, values); end >= 0; end = rowEnd(bytes, at, fields, values)) {
      visit(values);
      at = end;
    }
    rest = Buffer.from(bytes.subarray(at));
  }
  if (!rest.equals(COPY_TRAILER)) throw new Error(trouble('copyCut'));
}

/** @returns behind the row, or −1 when it is not here as a whole (or is the trailer) */
function rowEnd(bytes: Buffer, start: number, fields: number, values: Buffer[]): number {
  let at = start + 2; // the number of fields
  for (let field = 0; field < fields; field++) {
    if (at + 4 > bytes.length) return -1;
    const from = at + 4;
    at = from + bytes.readInt32BE(at);
    if (at > bytes.length) return -1;
    values[field] = bytes.subarray(from, at);
  }
  return at;
}

/**
 * The data of a COPY … TO STDOUT, which knows no parameters.
 * pg sets a timer for every query that has a time limit, and would keep that of a COPY until it is over: it is cleared by the query's callback.
 */
export async function* copyOut(client: ClientBase, statement: string): AsyncGenerator<Buffer> {
  const stream: CopyToStreamQuery & { callback?: () => void } = client.query(copyTo(statement));
  try {
    yield* stream;
  } finally {
    stream.callback?.();
  }
}

/** Reads COPY data of one int4 column that is never null. */
export async function readSingleColumn(stream: AsyncIterable<Buffer>, visit: (value: number) => void): Promise<void> {
  let rest = Buffer.alloc(0);
  let skip = COPY_HEADER.length;
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = Math.min(skip, bytes.length);
    skip -= at;
    for (; at + INT4_ROW_BYTES <= bytes.length; at += INT4_ROW_BYTES) visit(bytes.readInt32BE(at + 6));
    rest = Buffer.from(bytes.subarray(at));
  }
  if (!rest.equals(COPY_TRAILER)) throw new Error(trouble('copyCut'));
}

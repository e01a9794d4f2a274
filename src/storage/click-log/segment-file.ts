/** One segment opened for reading, addressed by positions, and what can be asked of its bytes when they are not what they should be. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { allocateBytes, type Bytes } from './bytes.ts';
import { isRecordLength, recordSize } from './record.ts';
import { isHeader, segmentPath } from './segment.ts';
import { HEADER_BYTES, RECORD, RECORD_MAX_BYTES, RECORD_MIN_BYTES } from './spec.ts';

export class SegmentFile {
  readonly start: number;
  private readonly fd: number;

  constructor(folder: string, start: number) {
    this.start = start;
    this.fd = openSync(segmentPath(folder, start), 'r');
  }

  /** Bytes from `from` on, to the beginning of `into`: as many as there are before `to`. @returns how many */
  read(into: Bytes, from: number, to: number): number {
    const wanted = Math.min(to - from, into.buffer.length);
    return wanted <= 0 ? 0 : readSync(this.fd, into.buffer, 0, wanted, from - this.start);
  }

  /** Position behind the last byte of the file. */
  end(): number {
    return this.start + fstatSync(this.fd).size;
  }

  hasHeader(): boolean {
    const bytes = allocateBytes(HEADER_BYTES);
    return this.read(bytes, this.start, this.start + HEADER_BYTES) === HEADER_BYTES && isHeader(bytes, this.start);
  }

  /**
   * Linear: an offset that no record can have costs two comparisons, any other at most the checksum of one record.
   * @returns position of the first whole, valid record in [from, to); -1 if there is none
   */
  findRecord(window: Bytes, from: number, to: number): number {
    let position = from;
    while (position + RECORD_MIN_BYTES <= to) {
      const got = this.read(window, position, to);
      if (got === 0) break;
      // A record that begins later than this may reach beyond the window: the next window begins there.
      const searched = got === window.buffer.length ? got - RECORD_MAX_BYTES : got;
      for (let i = 0; i < searched; i++) if (recordSize(window.view, i, got) > 0) return position + i;
      position += searched;
    }
    return -1;
  }

  /**
   * Whether a write that was cut short explains the bytes in [from, to), the last of their segment: less than a header, a record that runs past
   * the end, or zeros, which file systems leave where a size reached the disk and data did not.
   */
  isTorn(window: Bytes, from: number, to: number): boolean {
    if (to - from < (from === this.start ? HEADER_BYTES : RECORD_MIN_BYTES)) return true;
    this.read(window, from, to);
    const length = window.view.getUint32(RECORD.length, true);
    if (isRecordLength(length) && from + RECORD.payload + length > to) return true;
    for (let position = from; position < to; ) {
      const got = this.read(window, position, to);
      if (got === 0) break;
      for (let i = 0; i < got; i++) if (window.buffer[i] !== 0) return false;
      position += got;
    }
    return true;
  }

  /** Copies the bytes in [from, to) to a file of their own. */
  copyTo(path: string, window: Bytes, from: number, to: number): void {
    const target = openSync(path, 'w', 0o600);
    try {
      for (let position = from; position < to; ) {
        const got = this.read(window, position, to);
        if (got === 0) break;
        for (let done = 0; done < got; ) done += writeSync(target, window.buffer, done, got - done);
        position += got;
      }
    } finally {
      closeSync(target);
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

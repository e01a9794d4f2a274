/**
 * The shard thread's end of a click log: hands over the clicks behind a position, in order, each once, while the front writes on.
 *
 * It keeps no bytes between two calls, only the position; what is not read waits on disk.
 *
 * What stands at the position decides:
 *   a record                                     → visited, the position moves behind it
 *   nothing, a newer segment exists              → on to that one
 *   nothing                                      → wait
 *   no record, but one further on                → damage: the bytes between are copied to quarantine, counted, skipped
 *   no record and none behind, newest segment    → wait: a write may be under way, or be repeated at the same place
 *   no record and none behind, older segment     → the torn end of a crash, counted; or damage
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedClick } from '../../core/click.ts';
import type { Counters } from '../../core/counters.ts';
import type { Component, Logger } from '../../core/ports.ts';
import type { LogBoard } from '../../core/shared.ts';
import { allocateBytes } from './bytes.ts';
import { HeaderTextTable } from './header-texts.ts';
import { decodeRecord, recordSize } from './record.ts';
import { endOnDisk, listSegments, segmentPath } from './segment.ts';
import { SegmentFile } from './segment-file.ts';
import { ADDRESS_BYTES, HEADER_BYTES, RECORD_MAX_BYTES } from './spec.ts';

/**
 * Gets the same click object again and again, and the position behind its record.
 * @returns false to refuse the click: it is not read on, and the click comes again at the next read
 */
export type Visit = (click: LoggedClick, end: number) => boolean;

export type LogReader = {
  /** Position behind the last record that was visited or skipped. */
  readonly position: number;
  /**
   * Visits the complete records behind the position, synchronously.
   * @param maxBytes of records in one call, give or take the largest record
   * @returns number of records; 0: there is no more at the moment
   * @throws when the disk fails (EIO); the position stands behind the last record visited
   */
  read(maxBytes: number, visit: Visit): number;
  /** Says that Postgres has everything up to `upTo`; deletes the segments that are wholly below it. */
  release(upTo: number): void;
  /** Bytes between the position and the end of the log. */
  backlogBytes(): number;
};

export type LogReaderOptions = {
  /** Folder of all logs. */
  dir: string;
  /** As listLogs or logName say. */
  name: string;
  /** Position to begin at, behind a record that is stored. What is not on disk any more is passed over. */
  from: number;
  /** null for a log that no thread of this process writes. */
  board: LogBoard | null;
  counters: Counters;
  /** Where damaged stretches are copied to, as `<name>-<position>.bin`. */
  quarantineDir: string;
  logger: Logger;
};

const CHUNK_BYTES = 512 * 1024;
const NOWHERE = -1;

export function openLogReader(options: LogReaderOptions): Component<LogReader> {
  const reader = new SegmentReader(options);
  return { value: reader, stop: async () => reader.close() };
}

class SegmentReader implements LogReader {
  position: number;
  private readonly options: LogReaderOptions;
  private readonly board: LogBoard | null;
  private readonly folder: string;
  private readonly chunk = allocateBytes(CHUNK_BYTES);
  private readonly texts = new HeaderTextTable();
  private readonly click: LoggedClick = {
    at: 0,
    linkId: 0,
    zoneOffset: 0,
    address: new Uint8Array(ADDRESS_BYTES),
    userAgent: '',
    referrer: '',
    language: '',
  };

  /** Postgres has everything up to here. */
  private stored: number;
  /** Starts of the segments on disk when they were last listed. */
  private starts: number[] = [];
  private file: SegmentFile | undefined;
  /** Start of the segment behind the open one, and the end of the open one: known together, until then it may grow. */
  private next: number | undefined;
  private end: number | undefined;
  /** The newest segment's end when it was last searched for a record in vain. */
  private searchedTo = NOWHERE;
  /** The last visit refused its click. */
  private refused = false;

  constructor(options: LogReaderOptions) {
    this.options = options;
    this.board = options.board;
    this.folder = join(options.dir, options.name);
    this.position = options.from;
    this.stored = options.from;
    if (this.board !== null) this.board.stored = options.from;
    this.look();
  }

  read(maxBytes: number, visit: Visit): number {
    if (this.board !== null && this.board.written > 0 && this.isAtEnd(this.board)) return 0;
    const budget = Math.max(maxBytes, RECORD_MAX_BYTES);
    let records = 0;
    for (let read = 0; read < budget; ) {
      const got = this.fill(Math.max(budget - read, RECORD_MAX_BYTES));
      const before = this.position;
      this.refused = false;
      records += this.visitRecords(got, visit);
      read += this.position - before;
      if (this.refused || (this.position === before && !this.pass(got))) break;
    }
    return records;
  }

  release(upTo: number): void {
    this.stored = Math.min(upTo, this.position); // what this reader has not passed it needs itself, whatever the caller says
    if (this.board !== null) this.board.stored = upTo;
    this.deleteStored();
  }

  backlogBytes(): number {
    const end = this.board !== null && this.board.written > 0 ? this.board.written : endOnDisk(this.folder);
    return Math.max(0, end - this.position);
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  /** Nothing more is written, and no segment was begun: on a full disk the writer may wait for this one to be left, and deleted. */
  private isAtEnd({ written, newest }: LogBoard): boolean {
    return this.position >= written && (this.file === undefined || this.file.start >= newest);
  }

  private deleteStored(): void {
    while (this.starts.length > 1 && this.starts[1] <= this.stored) {
      rmSync(segmentPath(this.folder, this.starts[0]), { force: true });
      this.starts.shift();
    }
    if (this.board !== null) this.board.freed = this.starts[0] ?? this.position;
  }

  /** Reads what stands at the position, at least one record if there is one. @returns bytes in `chunk` */
  private fill(maxBytes: number): number {
    const { file } = this;
    if (file === undefined) return 0;
    if (this.position < file.start + HEADER_BYTES && file.hasHeader()) this.position = file.start + HEADER_BYTES;
    return file.read(this.chunk, this.position, Math.min(this.readableEnd(file), this.position + maxBytes));
  }

  /**
   * A position below which the open segment does not change any more. While its writer lives, what it has not acknowledged yet may still be
   * overwritten, however complete it looks.
   */
  private readableEnd(file: SegmentFile): number {
    if (this.end !== undefined) return this.end;
    return this.board !== null && this.board.written > file.start ? this.board.written : Number.POSITIVE_INFINITY;
  }

  private visitRecords(got: number, visit: Visit): number {
    const { chunk, click } = this;
    let records = 0;
    for (let offset = 0; ; records++) {
      const size = recordSize(chunk.view, offset, got);
      if (size === 0) return records;
      decodeRecord(chunk, offset, size, this.texts, click);
      if (!visit(click, this.position + size)) {
        this.refused = true;
        return records;
      }
      offset += size;
      this.position += size;
    }
  }

  /** There is no record at the position. @returns whether to read again; false: wait for the writer */
  private pass(got: number): boolean {
    // What was read before the successor was seen may be stale, so read once more.
    if (this.end === undefined && this.look()) return true;
    if (this.file === undefined) return false;
    if (got > 0) return this.passDamage(this.file);
    if (this.next === undefined) return false;
    this.open(this.next);
    return true;
  }

  /** Lists the folder. @returns whether there is news: a segment to read, or the end of the open one */
  private look(): boolean {
    this.starts = listSegments(this.folder);
    if (this.board !== null) this.board.freed = this.starts[0] ?? this.position;
    const { file } = this;
    if (file === undefined) {
      const start = this.starts.findLast((candidate) => candidate <= this.position) ?? this.starts[0];
      if (start !== undefined) this.open(start);
      return start !== undefined;
    }
    this.next = this.starts.find((start) => start > file.start);
    if (this.next === undefined) return false;
    this.end = Math.min(file.end(), this.next);
    return true;
  }

  private open(start: number): void {
    this.close();
    this.file = new SegmentFile(this.folder, start);
    this.next = undefined;
    this.end = undefined;
    this.searchedTo = NOWHERE;
    this.position = Math.max(this.position, start);
    this.deleteStored(); // the segment before was stored as the newest, and had to stay
  }

  /** Bytes that are no record stand at the position. @returns whether they were passed; false: they may become one yet */
  private passDamage(file: SegmentFile): boolean {
    const growing = this.end === undefined;
    const end = Math.min(file.end(), this.readableEnd(file));
    if (growing && end === this.searchedTo) return false;
    const found = file.findRecord(this.chunk, this.position + 1, end);
    if (found !== NOWHERE) {
      this.quarantine(file, found);
    } else if (growing) {
      this.searchedTo = end;
      return false;
    } else if (file.isTorn(this.chunk, this.position, end)) {
      this.options.counters.add('tornTails');
      this.options.logger.warn({ log: this.options.name, position: this.position, bytes: end - this.position }, 'torn end of a click log');
      this.position = end;
    } else {
      this.quarantine(file, end);
    }
    return true;
  }

  private quarantine(file: SegmentFile, to: number): void {
    const { counters, logger, name, quarantineDir } = this.options;
    const path = join(quarantineDir, `${name}-${this.position}.bin`);
    counters.add('damagedRecords');
    logger.error({ log: name, position: this.position, bytes: to - this.position, path }, 'damaged click log');
    try {
      mkdirSync(quarantineDir, { recursive: true, mode: 0o700 });
      file.copyTo(path, this.chunk, this.position, to);
    } catch (err) {
      // A full disk must not keep the clicks behind the damage from being stored.
      logger.error({ log: name, path, err }, 'damaged click log could not be kept');
    }
    this.position = to;
  }
}

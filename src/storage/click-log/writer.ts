/**
 * The front thread's end of a click log: one synchronous pwrite(2) a click, before the visitor is answered.
 *
 * States: `ok` — `full` (maxBytes wait for the reader) — `failing` (a write, or the creation of the next segment, failed).
 * Both faults lose clicks, each one counted, and both end by themselves: with the reader's release, with the first write that succeeds.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { shardOf } from '../../core/click.ts';
import type { Counters } from '../../core/counters.ts';
import type { ClickWriter } from '../../core/ports/clicks.ts';
import type { Component, Logger } from '../../core/ports.ts';
import type { LogBoard } from '../../core/shared.ts';
import { allocateBytes } from './bytes.ts';
import { encodeRecord } from './record.ts';
import { encodeHeader, endOnDisk, listSegments, logName, makeLogFolder, segmentPath, syncFolder } from './segment.ts';
import { HEADER_BYTES, RECORD_MAX_BYTES, SEGMENT_BYTES } from './spec.ts';

export type LogState = 'ok' | 'full' | 'failing';

export type LogWriter = ClickWriter & {
  /**
   * @param now milliseconds since the epoch. A failed write counts for FAILING_MS only: a node that gets no visitors because of
   *   it would never get the click that shows it is over.
   */
  state(now: number): LogState;
};

export type LogWriterOptions = {
  /** Folder of all logs. */
  dir: string;
  front: number;
  shard: number;
  board: LogBoard;
  /** `always`: a record is on the device before append returns. `everysec` is the syncer's business. */
  fsync: 'everysec' | 'always' | 'no';
  /** Bytes from the oldest segment kept to the end, at most. */
  maxBytes: number;
  segmentBytes?: number;
  /** The log begins here or later: what Postgres has stored, in case the folder was lost. */
  startAtLeast: number;
  counters: Counters;
  logger: Logger;
  /** pwrite(2); tests let it fail. */
  write?: (fd: number, buffer: Buffer, offset: number, length: number, position: number) => number;
};

/** How often the creation of a segment is tried again, and how often a fault is logged: by the clicks' own time. */
const REOPEN_MS = 100;
const COMPLAIN_MS = 1000;
const FAILING_MS = 5000;
/** At least so many segments make up maxBytes: the newest is never deleted, so a single one could fill the log for good. */
const SEGMENTS_MIN = 4;
const NONE = -1;
const NEVER = Number.NEGATIVE_INFINITY;

/** Begins a new segment; a full disk does not keep it from opening, only from writing. @throws when the folder cannot be made or read */
export function openLogWriter(options: LogWriterOptions): Component<LogWriter> {
  const writer = new SegmentWriter(options);
  return { value: writer, stop: async () => writer.close() };
}

/** One writer for all shards; `logs[i]` is the log of shard i. */
export function clickWriter(logs: readonly ClickWriter[]): ClickWriter {
  return {
    append: (at, linkId, zoneOffset, address, userAgent, referrer, language) =>
      logs[shardOf(linkId, logs.length)].append(at, linkId, zoneOffset, address, userAgent, referrer, language),
  };
}

class SegmentWriter implements LogWriter {
  private readonly options: LogWriterOptions;
  private readonly board: LogBoard;
  private readonly write: NonNullable<LogWriterOptions['write']>;
  private readonly countBytes: (n: number) => void;
  private readonly name: string;
  private readonly folder: string;
  private readonly segmentBytes: number;

  private readonly record = allocateBytes(RECORD_MAX_BYTES);
  /** Start of the oldest segment at opening: the board does not say before the reader has been there. */
  private readonly oldest: number;
  private fd = NONE;
  /** Start of the segment that is open or, when none is, has to be created. */
  private start: number;
  /** End of what is acknowledged. */
  private end: number;
  /** The board's rotations that the open segment has followed. */
  private rotations = 0;
  private closed = false;

  /** Something went wrong since the last record. */
  private troubled = false;
  private failedAt = NEVER;
  private complained = false;
  private complainedAt = NEVER;
  /** Clicks lost since the last complaint was taken back. */
  private lost = 0;

  constructor(options: LogWriterOptions) {
    this.options = options;
    this.board = options.board;
    this.write = options.write ?? writeSync;
    this.countBytes = options.counters.adder('clickLogBytes');
    this.name = logName(options.front, options.shard);
    this.folder = makeLogFolder(options.dir, this.name);
    this.segmentBytes = Math.min(options.segmentBytes ?? SEGMENT_BYTES, options.maxBytes / SEGMENTS_MIN);
    this.start = Math.max(endOnDisk(this.folder), options.startAtLeast);
    this.end = this.start;
    this.oldest = listSegments(this.folder)[0] ?? this.start;
    this.hasSegment(NEVER);
  }

  append(
    at: number,
    linkId: number,
    zoneOffset: number,
    address: ArrayBuffer,
    userAgent: string,
    referrer: string,
    language: string,
  ): boolean {
    if (!this.hasSegment(at)) return this.lose();
    if (!this.hasRoom()) {
      this.complain(at, 'click log is full', undefined);
      return this.lose();
    }
    const size = encodeRecord(this.record, at, linkId, zoneOffset, address, userAgent, referrer, language);
    try {
      const written = this.write(this.fd, this.record.buffer, 0, size, this.end - this.start);
      if (written !== size) throw new Error(`only ${written} of ${size} bytes were written`);
    } catch (error) {
      this.fail(at, error);
      if (this.options.fsync === 'always') this.leaveBehind(size);
      else if (this.isStored()) this.rotations = NONE; // a full disk may get its space back from this very segment
      return this.lose();
    }
    this.end += size;
    this.board.written = this.end;
    this.countBytes(size);
    if (this.troubled) this.recover();
    return true;
  }

  state(now: number): LogState {
    if (!this.hasSegment(now)) return 'failing';
    // Not `now - failedAt`: a clock that was set back must not make the failure last.
    if (Math.abs(now - this.failedAt) < FAILING_MS) return 'failing';
    return this.hasRoom() ? 'ok' : 'full';
  }

  close(): void {
    this.closed = true;
    if (this.fd !== NONE) this.leaveSegment();
  }

  /** Whether the largest record still fits below maxBytes. */
  private hasRoom(): boolean {
    return this.end + RECORD_MAX_BYTES - Math.max(this.board.freed, this.oldest) <= this.options.maxBytes;
  }

  /** Whether Postgres has every click of the open segment, and there are some. */
  private isStored(): boolean {
    return this.end > this.start + HEADER_BYTES && this.board.stored >= this.end;
  }

  /** Creates the next segment when it is time; @returns whether there is one to write to */
  private hasSegment(at: number): boolean {
    if (this.fd !== NONE && this.end - this.start < this.segmentBytes && this.rotations === this.board.rotations) return true;
    if (this.closed || Math.abs(at - this.failedAt) < REOPEN_MS) return false;
    try {
      if (this.fd !== NONE) this.leaveSegment();
      this.createSegment();
      return true;
    } catch (error) {
      this.fail(at, error);
      return false;
    }
  }

  private leaveSegment(): void {
    const fd = this.fd;
    this.fd = NONE;
    this.start = this.end;
    closeSync(fd);
  }

  /**
   * After a failed write with O_DSYNC the whole record may stand there, and a reader may have taken it, so nothing may be written over it: the log
   * goes on behind it, in a new segment.
   */
  private leaveBehind(bytes: number): void {
    this.end += bytes;
    this.rotations = NONE;
  }

  /**
   * Creates the segment at `start`. No O_EXCL: after a failure the file may be there, with less than a header in it.
   * Once this was tried the segment before gets no more records, for a reader who sees the new file takes the old one for complete.
   */
  private createSegment(): void {
    const always = this.options.fsync === 'always';
    const flags = constants.O_WRONLY | constants.O_CREAT | (always ? constants.O_DSYNC : 0);
    const rotations = this.board.rotations;
    const fd = openSync(segmentPath(this.folder, this.start), flags, 0o600);
    this.board.newest = this.start;
    try {
      const written = this.write(fd, encodeHeader(this.start), 0, HEADER_BYTES, 0);
      if (written !== HEADER_BYTES) throw new Error(`only ${written} of ${HEADER_BYTES} header bytes were written`);
      if (always) for (const folder of [this.options.dir, this.folder]) syncFolder(folder);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.fd = fd;
    this.rotations = rotations;
    this.end = this.start + HEADER_BYTES;
    this.board.written = this.end;
  }

  private lose(): false {
    this.options.counters.add('clicksLost');
    this.troubled = true;
    this.lost++;
    return false;
  }

  private fail(at: number, error: unknown): void {
    this.options.counters.add('clickLogWriteErrors');
    this.failedAt = at;
    this.complain(at, 'click log cannot be written', error);
  }

  private complain(at: number, message: string, err: unknown): void {
    this.troubled = true;
    if (Math.abs(at - this.complainedAt) < COMPLAIN_MS) return;
    this.complained = true;
    this.complainedAt = at;
    this.options.logger.error({ log: this.name, clicksLost: this.lost, err }, message);
  }

  private recover(): void {
    this.troubled = false;
    this.failedAt = NEVER;
    if (!this.complained) return;
    this.complained = false;
    this.options.logger.warn({ log: this.name, clicksLost: this.lost }, 'click log is written again');
    this.lost = 0;
  }
}

/**
 * `everysec`: brings what was written to the device, once a tick, away from the front threads.
 *
 * A failed fsync is not retried: the kernel may have dropped the pages and marked them clean, so a second try would succeed
 * without the data. The writer is asked for a new segment instead, and the failed one is left to the reader and the page cache.
 */
import { fdatasync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Counters } from '../../core/counters.ts';
import type { Logger } from '../../core/ports.ts';
import type { LogBoard } from '../../core/shared.ts';
import { listSegments, segmentPath } from './segment.ts';

export type LogSyncer = {
  /** Syncs every log that was written since the last tick. Called while one is under way it only waits for that one. */
  tick(): Promise<void>;
  /** Whether the last sync of any log failed, and none has succeeded since. */
  readonly failing: boolean;
};

export type LogSyncerOptions = {
  /** Folder of all logs. */
  dir: string;
  logs: readonly { name: string; board: LogBoard }[];
  counters: Counters;
  logger: Logger;
  /** fdatasync(2); tests let it fail. */
  sync?: (fd: number, done: (error: NodeJS.ErrnoException | null) => void) => void;
};

/** Opens nothing between ticks, so there is nothing to stop; wait for the last tick before the folder goes. */
export function createLogSyncer(options: LogSyncerOptions): LogSyncer {
  const logs = options.logs.map((log) => new SyncedLog(log.name, log.board, options));
  let running: Promise<void> | undefined;
  const syncAll = async () => {
    for (const log of logs) await log.sync();
  };
  return {
    tick() {
      running ??= syncAll().finally(() => {
        running = undefined;
      });
      return running;
    },
    get failing() {
      return logs.some((log) => log.failing);
    },
  };
}

const NONE = -1;

class SyncedLog {
  failing = false;
  private readonly name: string;
  private readonly board: LogBoard;
  private readonly options: LogSyncerOptions;
  private readonly folder: string;
  private readonly syncFd: (fd: number) => Promise<void>;
  /** The board's `written` that the last tick saw. */
  private syncedTo = 0;
  /** Segments below are done with, this one may have grown: not only the newest, for the writer may rotate between two ticks. */
  private first = 0;
  /** Newest segment whose name in the folder is on the device. */
  private named = NONE;

  constructor(name: string, board: LogBoard, options: LogSyncerOptions) {
    this.name = name;
    this.board = board;
    this.options = options;
    this.folder = join(options.dir, name);
    this.syncFd = promisify(options.sync ?? fdatasync);
  }

  async sync(): Promise<void> {
    const { written } = this.board;
    if (written === this.syncedTo) return;
    this.syncedTo = written;
    for (const start of listSegments(this.folder)) {
      if (start < this.first) continue;
      try {
        await this.syncSegment(start);
        this.first = start;
        this.failing = false;
      } catch (err) {
        this.first = start + 1;
        this.failing = true;
        this.board.rotations += 1;
        this.options.counters.add('clickLogSyncErrors');
        this.options.logger.error({ log: this.name, segment: start, err }, 'click log cannot be synced');
      }
    }
  }

  private async syncSegment(start: number): Promise<void> {
    // Opened anew for each tick: Linux reports a write-back error to the first fsync after it, also on a descriptor opened later.
    const file = await openUnlessGone(segmentPath(this.folder, start));
    if (file === undefined) return;
    try {
      await this.syncFd(file.fd);
    } finally {
      await file.close();
    }
    if (start <= this.named) return;
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    this.named = start;
  }
}

/** @returns undefined for a segment that the reader has deleted meanwhile: it is stored */
async function openUnlessGone(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

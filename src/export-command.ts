/** `elnk export`: all links of an account as CSV, which `elnk import` takes. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createAsOfNow } from './core/as-of-now.ts';
import { inPieces } from './core/csv.ts';
import type { Quotas } from './core/quota.ts';
import { exportLines } from './http/api/links-export.ts';
import type { Progress } from './progress.ts';
import { createClickCounter } from './storage/postgres/click-counts.ts';
import { createLinkStore } from './storage/postgres/links.ts';
import { createOwnerLinkIds } from './storage/postgres/owner-links.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { createStatsCounter } from './storage/postgres/stats-counts.ts';
import { findUserByEmail } from './storage/postgres/users.ts';

/** No node has this name. */
const NO_NODE = '';

export type ExportCommand = {
  email: string;
  /** Null: `stdout`. */
  out: string | null;
  isExcel: boolean;
  baseUrl: string;
  quotas: Quotas;
  stdout: Writable;
  progress: Progress;
};

/** @returns what is printed when the file is not; null else. @throws an Error for people */
export async function exportLinks(pool: Pool, command: ExportCommand): Promise<object | null> {
  const { email, out, isExcel, baseUrl, quotas, stdout, progress } = command;
  const user = await findUserByEmail(pool, email);
  if (user === null) throw new Error(`there is no account with the e-mail ${email}`);
  // What shards hold and have not stored yet is a matter of milliseconds, and of the running node.
  const { numbers } = createAsOfNow({
    count: createClickCounter(pool, NO_NODE),
    sum: createStatsCounter(pool, NO_NODE),
    unstored: async () => [],
    clock: Date.now,
  });
  const deps = { links: createLinkStore(pool, randomBytes, quotas), numbers, baseUrl, clock: Date.now };
  const owner = { userId: user.id, timeZone: user.timeZone };
  const file = out === null ? null : await open(out, 'w'); // before anything is said
  const total = (await createOwnerLinkIds(pool)(user.id)).length;
  let lines = -1; // the header is none
  async function* counted(): AsyncGenerator<string> {
    for await (const line of exportLines(deps, owner, isExcel)) {
      lines++;
      progress.show(lines, total, `${lines} links`);
      yield line;
    }
  }
  const pieces = Readable.from(inPieces(counted()), { objectMode: false });
  if (file === null) await pipeline(pieces, stdout, { end: false });
  else await pipeline(pieces, file.createWriteStream());
  progress.end();
  return out === null ? null : { email: user.email, links: lines, file: out };
}

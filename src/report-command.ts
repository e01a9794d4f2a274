/** `elnk report send`: the running node sends the report, or the command itself writes it to a file. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDocumentReader, createReportReader, faultOfDay, lastDay } from './core/daily-report.ts';
import { dayToISO } from './core/zone.ts';
import { createClickCounter } from './storage/postgres/click-counts.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { createReportedLinks, createReportStore } from './storage/postgres/reports.ts';
import { findUserByEmail } from './storage/postgres/users.ts';

/** How long the first try may take, beside other jobs. */
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

export type ReportCommand = {
  email: string;
  /** Days since 1970-01-01; null: yesterday in the owner's calendar. */
  day: number | null;
  /** A file for the PDF; null: the report is sent. */
  out: string | null;
  /** As short links have it. */
  host: string;
};

/** @returns what is printed. @throws an Error for people */
export async function sendReport(pool: Pool, { email, day: asked, out, host }: ReportCommand): Promise<object> {
  const store = createReportStore(pool);
  const user = await findUserByEmail(pool, email);
  const owner = user === null ? null : await store.owner(user.id);
  if (owner === null) throw new Error(`there is no account with the e-mail ${email}`);
  const day = asked ?? lastDay(owner.timeZone, Date.now()).day;
  const fault = faultOfDay(owner.timeZone, day, Date.now());
  if (fault !== null) throw new Error(`the day ${dayToISO(day)} ${fault}`);
  const said = { email: owner.email, day: dayToISO(day) };
  if (out !== null) {
    const { renderDailyPdf } = await import('./jobs/tasks/daily-pdf.ts');
    // What shards hold and have not stored yet is a matter of milliseconds, and of the running node.
    const documents = createDocumentReader({ count: createClickCounter(pool, ''), unstored: async () => [] });
    const report = await createReportReader(createReportedLinks(pool), documents)(owner, day);
    writeFileSync(out, await renderDailyPdf({ report, locale: owner.locale, host, madeAt: Date.now() }));
    return { ...said, file: out };
  }
  if (!owner.isConfirmed) throw new Error(`${owner.email} is not confirmed, and gets no report; --out writes it to a file`);
  await store.order(owner.id, day);
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(POLL_MS)) {
    const { isWaiting, lastError } = await store.ordered(owner.id);
    if (!isWaiting) return { ...said, sent: true };
    if (lastError !== null) throw new Error(`it could not be sent, and is tried again later: ${lastError}`);
    if (Date.now() > deadline) throw new Error('no node has sent it so far; it is sent as soon as one runs');
  }
}

/**
 * The tasks that send the mails which wait in the queue (storage/postgres/mail-queue.ts). A mail that could not be sent is tried again later, by whichever
 * node; one whose node dies between the server's yes and the end of the job is sent twice, never not at all.
 */
import { normalizeEmail } from '../core/account.ts';
import { composeMail, MAIL_TASKS, readMailOrder } from '../core/mail.ts';
import type { Logger } from '../core/ports.ts';
import type { MailTransport } from './mail-transport.ts';
import type { Task, Tasks } from './runner.ts';
import { within } from './within.ts';

/** Of one try as a whole, however the server drags it out. */
const SEND_TIMEOUT_MS = 60_000;

export type MailTaskOptions = {
  transport: MailTransport;
  /** An address. */
  from: string;
  /** Makes a mail of the wish for a new password, if there is such an account. */
  sendReset(email: string): Promise<void>;
  logger: Logger;
};

export const mailTasks = (options: MailTaskOptions): Tasks => ({
  [MAIL_TASKS.mail]: mailTask(options),
  [MAIL_TASKS.reset]: resetTask(options),
});

function mailTask({ transport, from, logger }: Pick<MailTaskOptions, 'transport' | 'from' | 'logger'>): Task {
  return async (payload, { job }) => {
    const order = readMailOrder(payload);
    if (order === null) {
      logger.error({ job: job.id }, 'a job in the queue of mails is no mail; it is dropped');
      return;
    }
    const { kind, to, link } = order;
    try {
      await within(SEND_TIMEOUT_MS, transport({ ...composeMail(order), from, to, link }));
      logger.debug({ job: job.id, kind }, 'mail sent');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isLast = job.attempts >= job.max_attempts;
      const fields = { job: job.id, kind, attempt: job.attempts, of: job.max_attempts, reason };
      if (isLast) logger.error(fields, 'a mail could not be sent; it is given up');
      else logger.warn(fields, 'a mail could not be sent; it is tried again');
      throw error;
    }
  };
}

function resetTask({ sendReset, logger }: Pick<MailTaskOptions, 'sendReset' | 'logger'>): Task {
  return async (payload, { job }) => {
    const email = typeof payload === 'object' && payload !== null && 'email' in payload ? normalizeEmail(String(payload.email)) : null;
    if (email === null) logger.error({ job: job.id }, 'a job for a new password names no address; it is dropped');
    else await sendReset(email);
  };
}

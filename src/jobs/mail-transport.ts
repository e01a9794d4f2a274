/** Ways out for mails: an SMTP server, or the log. */
import { createTransport } from 'nodemailer';
import type { MailContent } from '../core/mail.ts';
import type { Logger } from '../core/ports.ts';

export type OutgoingMail = MailContent & { from: string; to: string; link: string };

/** @throws when the mail was not accepted */
export type MailTransport = (mail: OutgoingMail) => Promise<void>;

const CONNECT_TIMEOUT_MS = 10_000;
/** Without a byte. */
const SILENCE_TIMEOUT_MS = 20_000;

/** @param url smtp:// or smtps://, with user and password where the server wants them. One connection for each mail. */
export function createSmtpTransport(url: string): MailTransport {
  const transport = createTransport({
    url,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ from, to, subject, text, html }) => {
    // Addresses as objects: in a text, nodemailer would look for lists, names and groups.
    const address = (it: string) => ({ name: '', address: it });
    await transport.sendMail({ from: address(from), to: address(to), subject, text, html });
  };
}

/** For development: the link can be clicked in the log. */
export function createLogTransport(logger: Logger): MailTransport {
  return async ({ to, subject, link }) => logger.info({ to, subject, link }, 'a mail, not sent: SMTP_URL is not set');
}

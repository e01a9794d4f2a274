/** Ways out for mails: an SMTP server, or the log. */
import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { MailContent } from '../core/mail.ts';
import type { Logger } from '../core/ports.ts';

export type OutgoingMail = MailContent & {
  from: string;
  to: string;
  link: string;
  headers?: Readonly<Record<string, string>>;
  /** At the end of the mail. */
  attachment?: { name: string; type: string; bytes: Uint8Array };
  /** Called when the server has everything but the last bytes of the attachment; it gets them when this settles, and never when it rejects. */
  beforeLastBytes?(): Promise<void>;
};

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
  return async ({ from, to, subject, text, html, headers = {}, attachment, beforeLastBytes }) => {
    // Addresses as objects: in a text, nodemailer would look for lists, names and groups.
    const address = (it: string) => ({ name: '', address: it });
    const attachments =
      attachment === undefined
        ? []
        : [{ filename: attachment.name, contentType: attachment.type, content: heldBack(attachment.bytes, beforeLastBytes) }];
    await transport.sendMail({ from: address(from), to: address(to), subject, text, html, headers, attachments });
  };
}

/** The end of a mail is written when its last attachment has ended. */
function heldBack(bytes: Uint8Array, beforeLastBytes: OutgoingMail['beforeLastBytes']): Readable {
  return Readable.from(
    (async function* () {
      yield bytes;
      await beforeLastBytes?.();
    })(),
  );
}

/** Whether the server has said no: then it has not taken the mail, for sure. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number';
}

/** For development: the link can be clicked in the log. */
export function createLogTransport(logger: Logger): MailTransport {
  return async ({ to, subject, link, beforeLastBytes }) => {
    await beforeLastBytes?.();
    logger.info({ to, subject, link }, 'a mail, not sent: SMTP_URL is not set');
  };
}

/** A real SMTP server on a free port of 127.0.0.1, which keeps what it accepts. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Component } from '../../src/core/ports.ts';

export type ReceivedMail = { from: string; to: string[]; mail: ParsedMail };

export type MailServer = {
  url: string;
  received: ReceivedMail[];
  /** Attempts to hand over a mail, refused ones included. */
  attempts(): number;
  /** The next mails are refused with this code, or accepted again (null). */
  refuseWith(code: number | null): void;
  /** The next mails are answered when the promise settles. */
  holdUntil(gate: Promise<void>): void;
};

export async function startMailServer(): Promise<Component<MailServer>> {
  const received: ReceivedMail[] = [];
  let attempts = 0;
  let refusal: number | null = null;
  let gate: Promise<void> = Promise.resolve();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      attempts++;
      const parsed = Promise.all([simpleParser(stream), gate]);
      parsed.then(([mail]) => {
        if (refusal !== null) return done(Object.assign(new Error('not now'), { responseCode: refusal }));
        const { mailFrom, rcptTo } = envelope;
        received.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), mail });
        done();
      }, done);
    },
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    value: {
      url: `smtp://127.0.0.1:${port}`,
      received,
      attempts: () => attempts,
      refuseWith(code) {
        refusal = code;
      },
      holdUntil(until) {
        gate = until;
      },
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** The API with a real SMTP server behind it, and people who register and read their mails. */
import * as assert from 'uvu/assert';
import { resetToken } from '../../src/core/mail.ts';
import type { Component } from '../../src/core/ports.ts';
import { mailTasks } from '../../src/jobs/mail.ts';
import { createSmtpTransport } from '../../src/jobs/mail-transport.ts';
import { startJobRunner } from '../../src/jobs/runner.ts';
import { newMailToken } from '../../src/storage/postgres/mail-tokens.ts';
import { createRegistrationStore } from '../../src/storage/postgres/registration.ts';
import { type Answer, type ApiServer, BASE_URL, type Sent, startApi } from './api-server.ts';
import { noJournal } from './journal.ts';
import { silentLogger } from './logger.ts';
import { type ReceivedMail, startMailServer } from './mail-server.ts';
import { until } from './until.ts';

export const PASSWORD = 'correct horse battery';
export const NEW_PASSWORD = 'a longer horse than before';

export type MailedAccounts = {
  api: ApiServer;
  /** To a path below /api/v1/auth. */
  post(path: string, sent?: Sent): Promise<Answer>;
  newEmail(): string;
  /** An account of a new address, or the given one. */
  register(more?: Record<string, unknown>): Promise<{ email: string; token: string; answer: Answer }>;
  /** The same, with the address proved by the mail. */
  registerProved(): Promise<{ email: string; token: string }>;
  /** What an address was sent so far, the oldest first. */
  mailsTo(email: string): ReceivedMail[];
  /** Waits for the nth mail to an address. */
  mail(email: string, n: number): Promise<ReceivedMail['mail']>;
  /** The token in it. */
  mailedToken(email: string, n: number, page: 'confirm' | 'reset'): Promise<string>;
  me(token: string): Promise<Answer['json']>;
};

export const cookieOf = (answer: Answer): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

export async function startMailedAccounts(): Promise<Component<MailedAccounts>> {
  const [server, smtp] = [await startApi(), await startMailServer()];
  const [api, mails] = [server.value, smtp.value];
  const { sendReset } = createRegistrationStore(api.pool);
  const tasks = mailTasks({
    transport: createSmtpTransport(mails.url),
    from: 'elnk@elnk.example',
    sendReset: (email) => sendReset(email, resetToken(BASE_URL, newMailToken())),
    logger: silentLogger,
  });
  const jobs = startJobRunner({ pool: api.pool, tasks, journal: noJournal, logger: silentLogger });
  let people = 0;
  const post: MailedAccounts['post'] = (path, sent = {}) => api.send('POST', `/api/v1/auth/${path}`, sent);
  const mailsTo: MailedAccounts['mailsTo'] = (email) => mails.received.filter(({ to }) => to.includes(email));
  const value: MailedAccounts = {
    api,
    post,
    newEmail: () => `person-${++people}@example.com`,
    async register(more = {}) {
      const body = { email: value.newEmail(), password: PASSWORD, ...more };
      const answer = await post('register', { body });
      assert.is(answer.status, 201, JSON.stringify(answer.json));
      return { email: String(body.email), token: answer.json.accessToken, answer };
    },
    async registerProved() {
      const { email, token } = await value.register();
      const proof = await value.mailedToken(email, 1, 'confirm');
      assert.is((await post('confirm', { body: { token: proof } })).status, 204);
      return { email, token };
    },
    mailsTo,
    mail: async (email, n) => (await until(`mail ${n} to ${email}`, () => mailsTo(email)[n - 1])).mail,
    async mailedToken(email, n, page) {
      const { text = '', html } = await value.mail(email, n);
      const [, token] = new RegExp(`^${BASE_URL}/${page}#token=([\\w-]{43})$`, 'm').exec(text) ?? [];
      assert.ok(token, text);
      assert.match(html || '', `${BASE_URL}/${page}#token=${token}`);
      return token;
    },
    me: async (token) => (await api.send('GET', '/api/v1/me', { key: token })).json,
  };
  return {
    value,
    async stop() {
      await jobs.stop();
      await smtp.stop();
      await server.stop();
    },
  };
}

/** Tokens that mails bring (migrations/0002): kept as SHA-256, each for one purpose and one use, until there is a newer one of its purpose. */
import { createHash, randomBytes } from 'node:crypto';
import type { Locale } from '../../core/account.ts';
import type { MailKind } from '../../core/mail.ts';
import type { Account, MailToken, ProofToken } from '../../core/ports/accounts.ts';
import { queueMail } from './mail-queue.ts';
import type { PoolClient } from './pool.ts';

/** `confirm` proves the address of an account, `email` a new one that it is to get, `reset` allows to set a new password. */
export type TokenPurpose = 'confirm' | 'reset' | 'email';

const TOKEN_BYTES = 32;
export const newMailToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

type Addressee = Pick<Account, 'id' | 'email' | 'locale'>;

/** Queues the mail in the transaction of the token. It replaces one of the same purpose that still waits. */
export async function sendReset(client: PoolClient, to: Addressee, token: MailToken): Promise<void> {
  await replaceToken(client, to, 'reset', token);
  await sendTokenMail(client, to, 'reset', 'reset', token.link);
}

/**
 * Asks whoever reads the mails of an address to confirm it. Where it is an account's already, its owner is told so instead. Both take the
 * same statements, so that the time does not tell; the token of the second kind reaches nobody.
 */
export async function sendProof(client: PoolClient, to: Addressee, purpose: 'confirm' | 'email', token: ProofToken): Promise<void> {
  const owners = await client.query<{ locale: Locale }>(
    'SELECT locale FROM users WHERE lower(email) = lower($1) AND confirmed_at IS NOT NULL AND id <> $2',
    [to.email, to.id],
  );
  const [owner] = owners.rows;
  await replaceToken(client, to, purpose, token);
  if (owner !== undefined) await sendTokenMail(client, { ...to, ...owner }, purpose, 'taken', token.signInLink);
  else await sendTokenMail(client, to, purpose, purpose === 'email' ? 'emailChange' : 'confirm', token.link);
}

async function replaceToken(client: PoolClient, { id, email }: Addressee, purpose: TokenPurpose, token: MailToken): Promise<void> {
  await dropTokens(client, id, [purpose]);
  await client.query(
    'INSERT INTO mail_tokens (hash, user_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))',
    [tokenHash(token.token), id, purpose, email, token.ttlSec],
  );
}

const sendTokenMail = (client: PoolClient, { id, email, locale }: Addressee, purpose: TokenPurpose, kind: MailKind, link: string) =>
  queueMail(client, { to: email, kind, locale, link, jobKey: `${purpose}:${id}` });

export type UsedToken = { userId: number; email: string; purpose: TokenPurpose };

/** @returns null when it is none of these purposes, was used, or its time is over */
export async function takeToken(client: PoolClient, token: string, purposes: readonly TokenPurpose[]): Promise<UsedToken | null> {
  const { rows } = await client.query<UsedToken>(
    `DELETE FROM mail_tokens WHERE hash = $1 AND purpose = ANY($2) AND expires_at > now() RETURNING user_id AS "userId", email, purpose`,
    [tokenHash(token), purposes],
  );
  return rows[0] ?? null;
}

/**
 * Not those that are being used at this moment: whoever uses one has locked it and waits for the account, which is locked here, and would be
 * waited for in turn. It is gone with their transaction.
 */
export async function dropTokens(client: PoolClient, userId: number, purposes: readonly TokenPurpose[]): Promise<void> {
  await client.query(
    `DELETE FROM mail_tokens WHERE hash = ANY (ARRAY(
       SELECT hash FROM mail_tokens WHERE user_id = $1 AND purpose = ANY($2) FOR UPDATE SKIP LOCKED))`,
    [userId, purposes],
  );
}

/** Keys that are derived from the server's secret by HKDF (RFC 5869): one for each purpose, none of which tells anything about another. */
import { createHmac, hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;

export const keyFor = (secret: string, purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));

/** Tells equal texts from others without telling what they are: whoever has the fingerprint but not the secret cannot try guesses. */
export function fingerprinter(secret: string): (text: string) => string {
  const key = keyFor(secret, 'elnk request fingerprint');
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

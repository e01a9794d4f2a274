/** IP addresses as bytes, 4 or 16, and as text. */
import { isIP } from 'node:net';

/** @returns 4 or 16 bytes, or null for what is no address; a port or brackets around it are allowed */
export function addressBytes(text: string): ArrayBuffer | null {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  const version = isIP(bare);
  if (version === 4) return Uint8Array.from(bare.split('.'), Number).buffer;
  if (version !== 6) return null;
  return v6Bytes(bare.split('%', 1)[0]);
}

/** @param text a valid IPv6 address without zone */
function v6Bytes(text: string): ArrayBuffer {
  // URL writes the address out in its canonical form, with IPv4 tails turned into groups.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head, tail] = canonical.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const groups = tail === undefined ? head : [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[i * 2] = value >> 8;
    bytes[i * 2 + 1] = value & 0xff;
  });
  return bytes.buffer;
}

/** An IPv4 address in the clothes of IPv6 (RFC 4291, 2.5.5.2): its last four bytes are the address. */
export const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);

/** Without shortening. */
export function v6Text(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return groups.join(':');
}

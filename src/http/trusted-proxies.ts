/** Which peers may say who asks through them. Asked at every click behind a proxy, so it compares bytes: `BlockList` of node:net takes texts, and a microsecond a question. */
import { addressBytes, isMapped } from './ip-address.ts';

/** @param address 4 or 16 bytes */
export type TrustedProxies = (address: ArrayBuffer) => boolean;

/** @param proxies addresses and CIDRs, valid, as in `Config`; without any, nobody is trusted: null */
export function trustedProxies(proxies: readonly string[]): TrustedProxies | null {
  const networks = proxies.map(networkOf);
  if (networks.length === 0) return null;
  return (address) => {
    const bytes = plain(new Uint8Array(address));
    return networks.some((network) => contains(network, bytes));
  };
}

/** What stands before an IPv4 address in the clothes of IPv6. */
const MAPPED_BITS = 96;

type Network = { bytes: Uint8Array; bits: number };

function networkOf(proxy: string): Network {
  const [text, bits] = proxy.split('/');
  const address = addressBytes(text);
  if (address === null) throw new Error(`${proxy} is no address`);
  const bytes = new Uint8Array(address);
  const prefix = bits === undefined ? bytes.length * 8 : Number(bits);
  const [v4, v4Bits] = [plain(bytes), prefix - MAPPED_BITS];
  return v4 === bytes || v4Bits < 0 ? { bytes, bits: prefix } : { bytes: v4, bits: v4Bits };
}

/** An IPv4 address is the same in the clothes of IPv6. */
const plain = (bytes: Uint8Array): Uint8Array => (isMapped(bytes) ? bytes.subarray(12) : bytes);

function contains({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = 8 - (bits & 7);
  return rest === 8 || address[whole] >> rest === bytes[whole] >> rest;
}

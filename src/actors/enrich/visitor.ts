/**
 * Who a visitor is: a number made of link, address and user agent that means nothing without the salt of its day.
 *
 * Why a keyed 64-bit hash is right here:
 *  - The key is random, one for each day, and deleted three days later. While it exists, it is only in Postgres and in the shards;
 *    afterwards nobody can test whether an address was here, which any plain hash would allow (2^32 addresses are tried in minutes).
 *  - The link and the day's key are in it, so the same person has unrelated numbers on another link or another day: nobody can be followed.
 *  - SipHash is made as a pseudo-random function for short inputs: without the key, no visitor can choose a header or address that collides
 *    with another one's. Nothing of a password's kind is hidden here, so a slow hash would protect nothing.
 *  - 64 bits fit a bigint column. Of 100 million visitors of one day, two share a number with a probability of 0.03 %: a unique click less.
 */
import { sipHash24, sipHashKey } from './siphash.ts';

const TWO_32 = 4_294_967_296;
/** Link 8, address 16, user agent 8. */
const MESSAGE_BYTES = 32;

/**
 * @param address 16 bytes
 * @param agentLo,agentHi 64 bits of the user agent's SHA-256 (see agent.ts)
 * @param out takes the number: see LO and HI in siphash.ts
 */
export type VisitorHasher = (linkId: number, address: Uint8Array, agentLo: number, agentHi: number, out: Int32Array) => void;

/** @param salt the day's, 16 bytes @throws RangeError on any other length */
export function visitorHasher(salt: Uint8Array): VisitorHasher {
  const key = sipHashKey(salt);
  const message = new Int32Array(MESSAGE_BYTES / 4 + 2); // two words of padding, see sipHash24
  return (linkId, address, agentLo, agentHi, out) => {
    message[0] = linkId;
    message[1] = linkId / TWO_32;
    for (let word = 0; word < 4; word++) {
      const at = word * 4;
      message[word + 2] = address[at] | (address[at + 1] << 8) | (address[at + 2] << 16) | (address[at + 3] << 24);
    }
    message[6] = agentLo;
    message[7] = agentHi;
    sipHash24(key, message, MESSAGE_BYTES, out);
  };
}

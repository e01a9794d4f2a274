/**
 * A random text, each character equally likely.
 * @param randomBytes a cryptographic source: n → n bytes
 */
export function randomText(alphabet: string, length: number, randomBytes: (n: number) => Uint8Array): string {
  const limit = 256 - (256 % alphabet.length); // bytes above it would favour the first characters
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

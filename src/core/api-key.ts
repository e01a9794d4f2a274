/** The keys that programs sign in with: `elnk_` and 40 letters and digits (238 bits). */

export const API_KEY_MARK = 'elnk_';
const RANDOM_LENGTH = 40;
/** What stays visible of a key, so that its owner can tell it from others. */
const SHOWN_LENGTH = API_KEY_MARK.length + 6;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^elnk_[0-9A-Za-z]{40}$/;

/** Whether a text could be a key; what cannot is answered without asking the store. */
export const isApiKeyForm = (text: string): boolean => FORM.test(text);

/** The beginning of a key, which is not secret. */
export const apiKeyPrefix = (key: string): string => key.slice(0, SHOWN_LENGTH);

/**
 * A random key, each character equally likely.
 * @param randomBytes a cryptographic source: n → n bytes
 */
export function generateApiKey(randomBytes: (n: number) => Uint8Array): string {
  const limit = 256 - (256 % ALPHABET.length); // bytes above it would favour the first characters
  let random = '';
  while (random.length < RANDOM_LENGTH) {
    for (const byte of randomBytes(RANDOM_LENGTH)) {
      if (byte < limit && random.length < RANDOM_LENGTH) random += ALPHABET[byte % ALPHABET.length];
    }
  }
  return API_KEY_MARK + random;
}

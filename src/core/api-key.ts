/** The keys that programs sign in with: `elnk_` and 40 letters and digits (238 bits). */
import { randomText } from './random-text.ts';

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

/** A new key. @param randomBytes a cryptographic source: n → n bytes */
export const generateApiKey = (randomBytes: (n: number) => Uint8Array): string =>
  API_KEY_MARK + randomText(ALPHABET, RANDOM_LENGTH, randomBytes);

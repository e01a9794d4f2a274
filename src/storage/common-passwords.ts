/** Passwords that everybody tries first: the 49,000 most used ones that @zxcvbn-ts has collected. */
import { dictionary } from '@zxcvbn-ts/language-common';

const COMMON = new Set(dictionary['passwords-common'].map((word) => String(word)));

/** In whatever case and form. */
export const isCommonPassword = (password: string): boolean => COMMON.has(password.normalize('NFKC').toLowerCase());

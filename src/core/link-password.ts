/** Passwords of links: chosen by the owner, typed by visitors. */

/** Code points at most. */
export const LINK_PASSWORD_MAX_LENGTH = 128;

/** What is hashed and compared: one form for what looks the same (RFC 8265, 4.2.2), since keyboards write й as one character or as two. */
export const linkPasswordForm = (text: string): string => text.normalize('NFC');

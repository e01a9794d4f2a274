/** Passwords of links: chosen by the owner, typed by visitors. */

/** Code points at most. */
export const LINK_PASSWORD_MAX_LENGTH = 128;

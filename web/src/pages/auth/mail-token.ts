/** The token that a mail's link brings behind #, where no server logs it. */
export const mailToken = (): string => new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

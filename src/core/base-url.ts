/** The path of BASE_URL, under which a proxy serves this node: '' or `/a/b`, without a slash at the end. The proxy takes it off. */
export const basePathOf = (baseUrl: string): string => new URL(baseUrl).pathname.replace(/\/$/, '');

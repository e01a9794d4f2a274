/** What a person means by an address: `example.com/page` is typed without https:// more often than with it. @returns null when it is none */
export function webAddress(text: string): string | null {
  const typed = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(typed) && !/^[^/]+:\d+(\/|$)/.test(typed);
  const url = URL.parse(hasScheme ? typed : `https://${typed}`);
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && (url.hostname.includes('.') || url.hostname === 'localhost');
  return isAddress ? (hasScheme ? typed : `https://${typed}`) : null;
}

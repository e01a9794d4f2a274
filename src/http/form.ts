/** A form that a browser has sent, read strictly: what is not UTF-8 becomes no other text. */
import { Failure } from '../core/failure.ts';
import type { Exchange } from './route.ts';

const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

type Sent = Pick<Exchange, 'headers' | 'body'>;

/** @returns the one value of a field. @throws Failure unsupported_media_type; malformed, also when the field is there twice or not at all */
export function formFieldOf(sent: Sent, name: string): string {
  const values = formFieldsOf(sent, name);
  if (values.length !== 1) throw new Failure('malformed', `The form must have one field "${name}"`);
  return values[0];
}

/** @returns all values of a field. @throws Failure unsupported_media_type, malformed */
export function formFieldsOf({ headers, body }: Sent, name: string): string[] {
  if (!FORM_TYPE.test(headers.get('content-type') ?? '')) {
    throw new Failure('unsupported_media_type', 'Send the form as application/x-www-form-urlencoded');
  }
  return pairsOf(body).flatMap(([key, value]) => (key === name ? [value] : []));
}

function pairsOf(body: Uint8Array): [name: string, value: string][] {
  try {
    const pairs = utf8.decode(body).split('&');
    return pairs.map((pair) => {
      const [name, ...value] = pair.split('=');
      return [decoded(name), decoded(value.join('='))];
    });
  } catch (error) {
    throw new Failure('malformed', 'The form is not text in UTF-8', { cause: error });
  }
}

/** @throws URIError */
const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

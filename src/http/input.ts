/** Outside input becomes a typed value once, here. */
import type { z } from 'zod';
import { Failure, type FieldError } from '../core/failure.ts';
import { fieldErrors, pathText } from '../core/field-errors.ts';
import type { Exchange } from './route.ts';

/** Objects and arrays inside one another in a JSON body, at most. */
export const JSON_MAX_DEPTH = 32;
/** A hostile body can be wrong in thousands of places; so many are named. */
export const ERRORS_MAX = 100;

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Failure unsupported_media_type, malformed */
export function jsonOf(exchange: Exchange): unknown {
  if (!JSON_TYPE.test(exchange.headers.get('content-type') ?? '')) {
    throw new Failure('unsupported_media_type', 'Send the body as application/json');
  }
  const value = parsed(exchange.body);
  if (isDeeperThan(JSON_MAX_DEPTH, value)) throw new Failure('malformed', `The JSON is nested more than ${JSON_MAX_DEPTH} deep`);
  return value;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    throw new Failure('malformed', 'The body is not JSON in UTF-8', { cause: error });
  }
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}

/**
 * The parameters of a query by name.
 * @param repeated those that are lists
 * @throws Failure invalid when another one is given twice: it is not for us to choose
 */
export function queryOf(query: URLSearchParams, repeated: readonly string[] = []): Record<string, string | string[]> {
  const names = [...new Set(query.keys())];
  const twice = names.filter((name) => !repeated.includes(name) && query.getAll(name).length > 1);
  if (twice.length > 0) throw invalid(twice.map((name) => ({ path: pathText([name]), message: 'may be given once' })));
  return Object.fromEntries(names.map((name) => [name, repeated.includes(name) ? query.getAll(name) : (query.get(name) ?? '')]));
}

/** @throws Failure invalid, with every fault found */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(fieldErrors(result.error.issues));
}

export const invalid = (errors: readonly FieldError[]): Failure =>
  new Failure('invalid', errors.length === 1 ? 'One field is not valid' : `${errors.length} fields are not valid`, {
    errors: errors.slice(0, ERRORS_MAX),
  });

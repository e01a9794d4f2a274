/**
 * The JSON of the HTTP API. One schema each gives the type, the check of what comes in and the description in the OpenAPI document.
 * Unknown fields are refused: a misspelt name must not look like success. A schema with a title is a component of the document.
 * Here is what several parts of it share.
 */
import { z } from 'zod';

export const PAGE_MAX_LINKS = 100;
export const PAGE_DEFAULT_LINKS = 50;
/** A cursor may hold a title. */
export const CURSOR_MAX_LENGTH = 2_000;
/** What a time that somebody sends may be: within the years that ISO 8601 and Postgres both write with four digits. */
const INSTANT_MIN_MS = Date.UTC(1970, 0);
const INSTANT_MAX_MS = Date.UTC(10_000, 0);

/** What an API key may be allowed to do. */
export const SCOPES = ['links:read', 'links:write', 'stats:read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** One line of well-formed Unicode. Lengths are code points, as in JSON Schema. */
export const line = (max: number) =>
  z
    .string()
    .refine((text) => text !== '', 'must not be empty')
    .refine((text) => text.length <= max || [...text].length <= max, `must have at most ${max} characters`)
    .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), 'must not contain control characters or line breaks')
    .meta({ minLength: 1, maxLength: max });
export const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((at) => at >= INSTANT_MIN_MS && at < INSTANT_MAX_MS, 'must be in the years 1970 to 9999')
  .nullable();

export const count = z.int().nonnegative();
export const instant = z.iso.datetime();

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable name of what went wrong' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'With 422: every fault found' }),
  })
  .meta({ title: 'Problem', description: 'RFC 9457' });
export type Problem = z.infer<typeof problemSchema>;

export const component = (title: string) => ({ $ref: `#/components/schemas/${title}` });

export const pageLimit = (max: number, byDefault: number) =>
  z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(max, `must be at most ${max}`)
    .default(byDefault);
export const cursor = z.string().max(CURSOR_MAX_LENGTH).optional().meta({ description: 'nextCursor of the page before' });

export const queryInstant = z.iso.datetime({ offset: true });

/** What a schema finds wrong, as it is told. */
import type { FieldError } from './failure.ts';

const PATH_MAX_LENGTH = 200;

/** What is read of an issue of zod. */
type Issue = { code: string | undefined; path: readonly PropertyKey[]; message: string; keys?: readonly string[] };

/** Where something stands, such as `tags.0`. */
export const pathText = (path: readonly PropertyKey[]): string => path.map(String).join('.').slice(0, PATH_MAX_LENGTH);

export const fieldErrors = (issues: readonly Issue[]): FieldError[] =>
  issues.flatMap(({ path, message, keys }) =>
    keys === undefined
      ? [{ path: pathText(path), message }]
      : keys.map((key) => ({ path: pathText([...path, key]), message: 'is not known' })),
  );

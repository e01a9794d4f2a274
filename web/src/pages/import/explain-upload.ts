/** Why a file was not taken. */

import { ProblemError } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { importing } from './words.ts';

/** As the server has it. */
export const FILE_MAX_MEBIBYTES = 64;

export function explainUpload(error: unknown): string {
  if (!(error instanceof ProblemError)) return explain(error);
  const { code, errors } = error.problem;
  if (code === 'too_many_requests') return importing.value.tooMany;
  if (code === 'too_large') return importing.value.tooLarge(FILE_MAX_MEBIBYTES);
  if (code === 'invalid' && errors?.[0]?.path === 'header') return importing.value.badHeader;
  return explain(error);
}

/** From an error to words for people: what happened, and what to do. */
import type { Problem } from '../../../src/core/api/common.ts';
import { common, fieldWords, problems } from '../common-words.ts';
import { locale } from '../preferences.ts';
import { ProblemError, UnreachableError } from './client.ts';

const MINUTE_SEC = 60;

/** The whole in one or two sentences. @throws what is no answer of the server: a fault of ours */
export function explain(error: unknown): string {
  if (error instanceof UnreachableError) return common.value.unreachable;
  if (!(error instanceof ProblemError)) throw error;
  const { problem, retryAfterSec } = error;
  const what = whatOf(problem);
  return problem.code === 'too_many_requests' && retryAfterSec !== null ? `${what} ${waiting(retryAfterSec)}` : what;
}

/** What happened, of a problem that may be one of many in an answer. */
export function whatOf({ code, detail, errors }: Pick<Problem, 'code' | 'detail' | 'errors'>): string {
  const first = errors?.[0];
  return first === undefined ? (problems.value[code] ?? detail) : capitalized(fieldWords(first.message, locale.value));
}

/** The fault of one field, if the server named it. */
export function faultOf(error: unknown, path: string): string | null {
  if (!(error instanceof ProblemError)) return null;
  const fault = error.problem.errors?.find((it) => it.path === path);
  return fault === undefined ? null : capitalized(fieldWords(fault.message, locale.value));
}

const waiting = (seconds: number): string =>
  seconds < 2 * MINUTE_SEC ? common.value.waitSeconds(seconds) : common.value.waitMinutes(Math.ceil(seconds / MINUTE_SEC));

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What is counted of links that are not made, alone or among many. */
import type { CounterName } from './counters.ts';
import type { Refusal } from './ports/links.ts';

export function refusalCounters(refused: Refusal): CounterName[] {
  if (refused.code === 'invalid') return ['invalidCreations', ...rejectedUrl(refused.errors)];
  if (refused.code === 'quota_exceeded') return [refused.plan === 'regular' ? 'quotaRefusalsRegular' : 'quotaRefusalsExtended'];
  return [];
}

export const rejectedUrl = (errors: readonly { path: string }[]): CounterName[] =>
  errors.some(({ path }) => path === 'url' || path === 'expiredUrl') ? ['rejectedUrls'] : [];

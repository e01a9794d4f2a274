/** What the routes of administrators have in common. */
export const ADMIN = '/api/v1/admin';

export const COMMON = {
  scope: 'admin',
  query: null,
  body: null,
  requestHeaders: [],
  failures: [],
  countRefusal: () => [],
} as const;

export const iso = (at: Date): string => at.toISOString();

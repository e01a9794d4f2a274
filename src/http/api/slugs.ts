/** /api/v1/slugs: whether a slug could be chosen, for forms that check while one types. */
import { type SlugState, slugQuerySchema, slugStateSchema } from '../../core/api/links.ts';
import type { LinkStore } from '../../core/ports/links.ts';
import { SLUG_FAULTS, slugFault } from '../../core/slug.ts';
import { type ApiRoute, apiRoute } from '../route.ts';

export const slugRoutes = ({ links }: { links: LinkStore }): ApiRoute[] => [
  apiRoute({
    method: 'GET',
    path: '/api/v1/slugs',
    summary: 'Whether a slug can be chosen now',
    scope: 'links:write',
    query: slugQuerySchema,
    body: null,
    requestHeaders: [],
    reply: { status: 200, description: 'What is to be said of it', schema: slugStateSchema, headers: [] },
    failures: [],
    countRefusal: () => [],
    handler: async ({ query: { slug } }) => {
      const fault = slugFault(slug);
      const isAvailable = fault === null && !(await links.isSlugTaken(slug));
      return {
        status: 200,
        body: { slug, isAvailable, message: fault === null ? null : SLUG_FAULTS[fault] } satisfies SlugState,
      };
    },
  }),
];

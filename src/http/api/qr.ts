/** /api/v1/links/{slug}/qr */

import { qrQuerySchema } from '../../core/api/qr.ts';
import type { LinkStore } from '../../core/ports/links.ts';
import { isKnown } from '../conditional.ts';
import { cachedQr } from '../qr.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { slugOf } from './links.ts';

export type QrDeps = { links: LinkStore; baseUrl: string };

/** A code depends on its address and its look alone, so a browser may keep it; but what was renamed is soon seen. */
const CACHE_CONTROL = 'private, max-age=3600';

export function qrRoutes({ links, baseUrl }: QrDeps): ApiRoute[] {
  const draw = cachedQr();
  return [
    apiRoute({
      method: 'GET',
      path: '/api/v1/links/{slug}/qr',
      summary: 'The QR code of a link',
      scope: 'links:read',
      query: qrQuerySchema,
      body: null,
      requestHeaders: [{ name: 'If-None-Match', description: 'ETag of the code that is at hand: 304 when it is the same' }],
      reply: {
        status: 200,
        description: 'The short address as a QR code',
        schema: null,
        mediaTypes: ['image/png', 'image/svg+xml'],
        headers: [{ name: 'ETag', description: 'Of exactly these bytes' }],
      },
      failures: [],
      countRefusal: () => [],
      handler: async ({ exchange, caller, query }) => {
        const { slug } = await links.get(caller.userId, slugOf(exchange));
        const { bytes, type, etag } = draw(`${baseUrl}/${slug}`, query);
        const headers = { ETag: etag, 'Cache-Control': CACHE_CONTROL, Vary: 'Authorization, X-Api-Key' };
        if (isKnown(exchange, etag)) return { status: 304, headers };
        return { status: 200, headers: { ...headers, 'Content-Type': type }, body: bytes };
      },
    }),
  ];
}

/** GET /api/v1/links.csv: all links of the owner, page by page as they are sent. */
import { linkExportQuerySchema } from '../../core/api/links.ts';
import { inPieces, type Separator } from '../../core/csv.ts';
import { exportHeader, exportLine } from '../../core/link-csv.ts';
import type { LinkStore } from '../../core/ports/links.ts';
import { csvHeaders } from '../csv.ts';
import { type ApiRoute, apiRoute } from '../route.ts';
import { type LinkJsonDeps, withNumbers } from './link-json.ts';
import type { LinkDeps } from './links.ts';

/** Links that are in memory at once, with their figures as of then. */
const PAGE_LINKS = 1_000;
const BYTE_ORDER_MARK = '\ufeff';

export const exportRoutes = (deps: LinkDeps): ApiRoute[] => [
  apiRoute({
    method: 'GET',
    path: '/api/v1/links.csv',
    summary: 'Your links with their figures as of now, the oldest first; can be imported again',
    scope: 'links:read',
    query: linkExportQuerySchema,
    body: null,
    requestHeaders: [],
    reply: { status: 200, description: 'A line for each link', schema: null, mediaTypes: ['text/csv'], headers: [] },
    failures: [],
    countRefusal: () => [],
    handler: async ({ caller, query }) => {
      const isExcel = query.excel === 'true';
      return { status: 200, headers: csvHeaders('links.csv'), stream: inPieces(exportLines(deps, caller, isExcel)) };
    },
  }),
];

export type ExportDeps = LinkJsonDeps & { links: Pick<LinkStore, 'list'> };
type Owner = { userId: number; timeZone: string };

/** Up to the link that is the newest one at the beginning: whoever makes links faster than they are read would be read forever. */
export async function* exportLines(deps: ExportDeps, { userId, timeZone }: Owner, isExcel: boolean): AsyncGenerator<string> {
  const separator: Separator = isExcel ? ';' : ',';
  yield `${isExcel ? BYTE_ORDER_MARK : ''}${exportHeader(separator)}`;
  const everything = { search: null, tags: [], states: [], sort: 'created', after: null, now: deps.clock(), today: 0 } as const;
  const newest = await deps.links.list(userId, { ...everything, isDescending: true, limit: 1 });
  const lastId = newest.data[0]?.id ?? 0;
  for (let after: { key: string | number; id: number } | null = null; ; ) {
    const page = await deps.links.list(userId, { ...everything, isDescending: false, limit: PAGE_LINKS, after });
    const links = page.data.filter(({ id }) => id <= lastId);
    for (const link of await withNumbers(deps, timeZone, links)) yield exportLine(link, separator);
    if (page.next === null || links.length < page.data.length) return;
    after = page.next;
  }
}

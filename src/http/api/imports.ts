/** POST /api/v1/links/import, and /api/v1/imports: files of links, imported in the background. */
import {
  importFaultPageSchema,
  importFaultQuerySchema,
  importListQuerySchema,
  importPageSchema,
  importQuerySchema,
  linkImportSchema,
} from '../../core/api/imports.ts';
import { Failure } from '../../core/failure.ts';
import { storeImportFile } from '../../core/import-file.ts';
import { IMPORT_MAX_BYTES, type LinkImport, type LinkImportStore } from '../../core/link-import.ts';
import { cursorOf, cursorText } from '../cursor.ts';
import { type ApiRoute, apiRoute, type Exchange } from '../route.ts';
import { LINKS } from './links.ts';

export type ImportDeps = { imports: LinkImportStore };

const IMPORTS = '/api/v1/imports';
const CSV_TYPES = ['text/csv', 'application/csv', 'application/vnd.ms-excel'] as const;
/** The largest file, over a slow line. */
const UPLOAD_DEADLINE_MS = 600_000;
/** Faults that are told with an import. */
const FIRST_FAULTS = 100;

const NOTHING_SENT = { query: null, body: null, requestHeaders: [], failures: [], countRefusal: () => [] } as const;
const LOCATION = { name: 'Location', description: 'Where to ask how far it is' };

export const importRoutes = (deps: ImportDeps): ApiRoute[] => [
  startRoute(deps),
  listRoute(deps),
  readRoute(deps),
  cancelRoute(deps),
  faultsRoute(deps),
];

const startRoute = ({ imports }: ImportDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'POST',
    path: `${LINKS}/import`,
    summary: 'Import a CSV file of links in the background, within the quota of the plan; slugs are kept where they are free',
    scope: 'links:write',
    query: importQuerySchema,
    upload: { maxBytes: IMPORT_MAX_BYTES, mediaTypes: CSV_TYPES },
    deadlineMs: UPLOAD_DEADLINE_MS,
    reply: { status: 202, description: 'The import', schema: linkImportSchema, headers: [LOCATION] },
    failures: ['too_many_requests'],
    handler: async ({ exchange, caller, query }) => {
      requireCsv(exchange);
      const id = await imports.begin(caller.userId, query.dryRun === 'true');
      try {
        const { encoding, bytes } = await storeImportFile(imports, id, exchange.upload ?? []);
        const started = await imports.start(caller.userId, id, encoding, bytes);
        return { status: 202, headers: { Location: `${IMPORTS}/${id}` }, body: { ...shown(started), faults: [] } };
      } catch (error) {
        await imports.abandon(id);
        throw error;
      }
    },
  });

/** @throws Failure unsupported_media_type */
function requireCsv({ headers }: Exchange): void {
  const type = (headers.get('content-type') ?? '').split(';', 1)[0].trim().toLowerCase();
  if (!CSV_TYPES.some((it) => it === type)) throw new Failure('unsupported_media_type', 'Send the file as text/csv');
}

const listRoute = ({ imports }: ImportDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'GET',
    path: IMPORTS,
    summary: 'Your imports of the last days, the newest first',
    scope: 'links:read',
    query: importListQuerySchema,
    reply: { status: 200, description: 'One page', schema: importPageSchema, headers: [] },
    handler: async ({ caller, query: { limit, cursor } }) => {
      const found = await imports.list(caller.userId, limit + 1, cursorOf(cursor, 'number', 'imports')?.id ?? null);
      const data = found.slice(0, limit);
      const last = data[data.length - 1];
      const nextCursor = found.length > limit ? cursorText({ key: last.id, id: last.id }, 'imports') : null;
      return { status: 200, body: { data: data.map(shown), nextCursor } };
    },
  });

const readRoute = ({ imports }: ImportDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'GET',
    path: `${IMPORTS}/{id}`,
    summary: 'How far an import is',
    scope: 'links:read',
    reply: { status: 200, description: 'The import, with the first refused rows', schema: linkImportSchema, headers: [] },
    handler: async ({ exchange, caller }) => told(imports, await imports.get(caller.userId, idOf(exchange))),
  });

const cancelRoute = ({ imports }: ImportDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'DELETE',
    path: `${IMPORTS}/{id}`,
    summary: 'Cancel an import; links that it has made stay',
    scope: 'links:write',
    reply: { status: 200, description: 'The import as it is now', schema: linkImportSchema, headers: [] },
    handler: async ({ exchange, caller }) => told(imports, await imports.cancel(caller.userId, idOf(exchange))),
  });

const faultsRoute = ({ imports }: ImportDeps) =>
  apiRoute({
    ...NOTHING_SENT,
    method: 'GET',
    path: `${IMPORTS}/{id}/faults`,
    summary: 'The refused rows of an import, by line',
    scope: 'links:read',
    query: importFaultQuerySchema,
    reply: { status: 200, description: 'One page', schema: importFaultPageSchema, headers: [] },
    handler: async ({ exchange, caller, query: { limit, cursor } }) => {
      const { id } = await imports.get(caller.userId, idOf(exchange));
      const found = await imports.faults(id, limit + 1, cursorOf(cursor, 'number', 'faults')?.id ?? 0);
      const data = found.slice(0, limit);
      const { line } = data[data.length - 1] ?? { line: 0 };
      return { status: 200, body: { data, nextCursor: found.length > limit ? cursorText({ key: line, id: line }, 'faults') : null } };
    },
  });

async function told(imports: LinkImportStore, it: LinkImport) {
  return { status: 200, body: { ...shown(it), faults: await imports.faults(it.id, FIRST_FAULTS, 0) } };
}

const shown = ({ isDryRun, createdAt, finishedAt, ...rest }: LinkImport) => ({
  ...rest,
  dryRun: isDryRun,
  createdAt: createdAt.toISOString(),
  finishedAt: finishedAt?.toISOString() ?? null,
});

/** @throws Failure not_found for what cannot be one */
function idOf({ params: { id } }: Exchange): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new Failure('not_found', 'There is no such import');
  return Number(id);
}

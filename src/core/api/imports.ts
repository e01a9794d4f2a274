/** The API of imports: links that come as a file. */

import { z } from 'zod';
import { IMPORT_STATES } from '../import-states.ts';
import { count, cursor, instant, PAGE_DEFAULT_LINKS, PAGE_MAX_LINKS, pageLimit } from './common.ts';

export const PAGE_MAX_FAULTS = 1_000;

export const importQuerySchema = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').meta({ description: 'Only looks: nothing is made' }),
});

const importFault = z.object({ line: z.int().positive(), message: z.string() });
export const linkImportSchema = z
  .object({
    id: z.int().positive(),
    state: z.enum(IMPORT_STATES).meta({ description: '`done`, `failed` and `cancelled` are final' }),
    dryRun: z.boolean(),
    encoding: z.string().nullable(),
    bytes: count,
    bytesDone: count.meta({ description: 'Of `bytes`: how far it is' }),
    rows: count.meta({ description: 'That are done' }),
    imported: count.meta({ description: 'In a dry run: that would be' }),
    refused: count.meta({ description: 'Rows that made no link' }),
    ignoredColumns: z.array(z.string()),
    reason: z.string().nullable().meta({ description: 'Why it failed' }),
    createdAt: instant,
    finishedAt: instant.nullable(),
    faults: z.array(importFault).meta({ description: 'The first refused rows; all of them: `/imports/{id}/faults`' }),
  })
  .meta({ title: 'LinkImport' });
export type LinkImportReply = z.infer<typeof linkImportSchema>;

export const importListQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_LINKS, PAGE_DEFAULT_LINKS), cursor });
export const importPageSchema = z
  .object({ data: z.array(linkImportSchema.omit({ faults: true })), nextCursor: z.string().nullable() })
  .meta({ title: 'LinkImportPage' });
export type LinkImportPage = z.infer<typeof importPageSchema>;
export const importFaultQuerySchema = z.strictObject({ limit: pageLimit(PAGE_MAX_FAULTS, PAGE_MAX_FAULTS), cursor });
export const importFaultPageSchema = z
  .object({ data: z.array(importFault), nextCursor: z.string().nullable() })
  .meta({ title: 'ImportFaultPage' });
export type ImportFaultPage = z.infer<typeof importFaultPageSchema>;

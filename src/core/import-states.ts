/** uploading → waiting → running → done | failed; cancelled from any of the first three. */
export const IMPORT_STATES = ['uploading', 'waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

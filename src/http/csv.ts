/** Headers of CSV files. */

const CSV_TYPE = 'text/csv; charset=utf-8';

/** @param fileName of ASCII letters, digits, `-`, `_` and `.` */
export const csvHeaders = (fileName: string): Record<string, string> => ({
  'Content-Type': CSV_TYPE,
  'Content-Disposition': `attachment; filename="${fileName}"`,
});

/**
 * Every figure beside its baseline of the same run:  make bench
 * With --json FILE the rows are written there, too; names of files of this folder choose some:  node bench/all.ts redirects storing
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { run as clickLog } from './click-log.ts';
import { run as dashboard } from './dashboard.ts';
import { run as enrich } from './enrich.ts';
import { run as folding } from './folding.ts';
import { run as limits } from './limits.ts';
import { run as lists } from './lists.ts';
import { run as live } from './live.ts';
import { run as redirects } from './redirects.ts';
import { run as reports } from './reports.ts';
import { run as start } from './start.ts';
import { run as storing } from './storing.ts';
import type { BenchRow } from './support/row.ts';
import { run as web } from './web.ts';

const BENCHES: Record<string, () => Promise<BenchRow[]>> = {
  redirects,
  limits,
  storing,
  folding,
  dashboard,
  lists,
  live,
  web,
  reports,
  start,
  'click-log': clickLog,
  enrich,
};

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);

// An exit takes the nodes and servers along that a benchmark has started; a signal alone would leave them running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const machine = `${cpus().length} × ${cpus()[0].model.trim()}, Node.js ${process.versions.node}`;
console.log(machine);
const all: BenchRow[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  const rows = await BENCHES[name]();
  for (const { name: what, value, unit, baseline, ratio, must } of rows) {
    const beside = baseline === undefined ? '' : `  baseline ${baseline.toLocaleString('en')}`;
    const compared = ratio === undefined ? '' : `  ratio ${ratio}`;
    console.log(`${what}: ${value.toLocaleString('en')} ${unit}${beside}${compared}${must === undefined ? '' : `  must ${must}`}`);
  }
  all.push(...rows);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, rows: all }, null, 2)}\n`);

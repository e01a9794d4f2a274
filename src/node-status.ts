/** How a running node is: asked from the same machine, by a command. */
import type { CountriesAbout } from './core/countries.ts';
import type { NodeStatus } from './http/status.ts';
import { readNodeAddress } from './storage/data-folder.ts';

const TIMEOUT_MS = 5_000;

/** Its fields are the contract of `elnk status --json`. @throws an Error for people when no node is running in that folder, or it does not answer */
export async function fetchStatus(dataDir: string): Promise<NodeStatus> {
  const address = readNodeAddress(dataDir);
  if (address === null) throw new Error(`no node is running in ${dataDir}`);
  const response = await ask(`${address.url}/internal/status`, address.statusToken).catch((cause) => {
    throw new Error(`the node in ${dataDir} (process ${address.pid}) does not answer at ${address.url}`, { cause });
  });
  if (!response.ok) throw new Error(`the node at ${address.url} answers ${response.status}`);
  return (await response.json()) as NodeStatus;
}

const ask = (url: string, token: string): Promise<Response> =>
  fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(TIMEOUT_MS) });

/** A line for each figure. */
export function describeStatus(status: NodeStatus): string {
  const rows = {
    version: status.version,
    uptime: describeDuration(status.uptimeSec),
    'cache lifetime': `${Math.round(status.ttlMs / 1_000)} s`,
    threads: `${status.fronts} front, ${status.shards} shard`,
    backlog: `${status.backlogClicks} clicks, ${status.backlogBytes} bytes`,
    'clicks lost': String(status.clicksLost),
    countries: describeCountries(status.countries),
    state: status.degraded.length === 0 ? 'well' : `degraded: ${status.degraded.join(', ')}`,
  };
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join('\n');
}

const describeCountries = ({ source, builtAt, licence }: CountriesAbout): string =>
  `${source}, made on ${builtAt.slice(0, 10)}, ${licence ?? "the file's own licence"}`;

function describeDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = new Date(seconds * 1_000).toISOString().slice(11, 19);
  return days === 0 ? clock : `${days} d ${clock}`;
}

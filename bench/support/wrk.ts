/** wrk, a load generator that needs less of the machine than what it loads. Installed by tools/install-test-packages.sh. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BROWSER = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

export type Load = { requests: number; perSec: number; failed: number };

export type LoadOptions = { connections?: number; headers?: Readonly<Record<string, string>> };

/** @param script names a file of this folder; null: the address as it is */
export async function wrk(
  url: string,
  script: 'slugs' | 'ruled-slugs' | 'one-slug' | 'limited-slug' | null,
  seconds: number,
  { connections = 64, headers: others = {} }: LoadOptions = {},
): Promise<Load> {
  const headers = ['-H', `User-Agent: ${BROWSER}`, '-H', 'Accept-Language: ru-RU,ru;q=0.9,en;q=0.8', '-H', 'Referer: https://t.me/'];
  if (script === 'ruled-slugs') headers.push('-H', 'Accept: text/html'); // a password page is an answer, a problem would be a failure
  for (const [name, value] of Object.entries(others)) headers.push('-H', `${name}: ${value}`);
  const lua = script === null ? [] : ['-s', join(import.meta.dirname, `${script}.lua`)];
  const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, ...lua, ...headers, url]);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? 0);
  return {
    requests: number(/(\d+) requests in/),
    perSec: number(/Requests\/sec:\s+([\d.]+)/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

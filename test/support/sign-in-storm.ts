/** People who sign in at once, again and again: a thread of its own, so that who measures something else meanwhile is not kept from it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type LoadFigures, type LoadRequest, startLoad } from './load.ts';
import { say } from './say.ts';

export type SignInStormOptions = {
  /** Of a node that trusts 127.0.0.1 as a proxy. */
  url: string;
  /** Connections, each with a sign-in under way. */
  atOnce: number;
  email: string;
  password: string;
  /** Addresses are counted from here: a storm of the same node needs others than the one before. */
  from: number;
};

export type SignInStorm = {
  /** Settles when the last ones are answered. */
  stop(): Promise<LoadFigures>;
};

/** Half of them with the password of the account, each from an address of its own. */
export async function startSignInStorm(options: SignInStormOptions): Promise<SignInStorm> {
  const worker = new Worker(new URL(import.meta.url), { workerData: options });
  await once(worker, 'message');
  return {
    async stop() {
      const [[figures]] = await Promise.all([once(worker, 'message') as Promise<[LoadFigures]>, worker.postMessage('stop')]);
      await worker.terminate();
      return figures;
    },
  };
}

function signIn(n: number, { email, password }: SignInStormOptions): LoadRequest {
  return {
    path: '/api/v1/auth/login',
    headers: `X-Forwarded-For: 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}\r\n`,
    json: JSON.stringify({ email: n % 2 === 0 ? email : `nobody-${n}@example.com`, password }),
  };
}

/** Whoever signs in is elsewhere: his side never takes a core from the node (sched(7), SCHED_BATCH), where that can be said. */
function takeNoCore(): void {
  try {
    execFileSync('chrt', ['--batch', '--pid', '0', basename(readlinkSync('/proc/thread-self'))], { stdio: 'ignore' });
  } catch {
    say('sign-in storm: its side has no priority of its own here, and is measured with the node');
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const options: SignInStormOptions = workerData;
  takeNoCore();
  let tries = options.from;
  const load = startLoad({ url: options.url, connections: options.atOnce, next: () => signIn(tries++, options) });
  port.once('message', async () => port.postMessage(await load.stop()));
  port.postMessage('begun');
}

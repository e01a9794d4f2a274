/**
 * Reaches into a running node as a debugger does (Chrome DevTools Protocol with Node's NodeWorker domain), so that a thread can be made
 * to fail without a line in the product for it. The node has to be started with INSPECT_ARGV.
 */
import { once } from 'node:events';
import { until } from './until.ts';

export const INSPECT_ARGV = ['--inspect=127.0.0.1:0'];

type Message = { method?: string; params?: { sessionId: string; workerInfo: { title: string } } };

/**
 * An error that nobody catches, in the thread of that name.
 * @param log what the node has written: the address of its inspector stands there
 */
export async function throwInThread(log: string, name: string): Promise<void> {
  const url = /Debugger listening on (ws:\S+)/.exec(log)?.[1];
  if (url === undefined) throw new Error('the node was not started with INSPECT_ARGV');
  const socket = new WebSocket(url);
  try {
    await once(socket, 'open');
    const sessions = new Map<string, string>();
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message;
      if (method === 'NodeWorker.attachedToWorker' && params) sessions.set(params.workerInfo.title, params.sessionId);
    });
    socket.send(JSON.stringify({ id: 1, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } }));
    const sessionId = await until(`thread ${name}`, () => [...sessions].find(([title]) => title.includes(name))?.[1]);
    const expression = `setTimeout(() => { throw new Error('thrown by a test') })`;
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    socket.send(JSON.stringify({ id: 2, method: 'NodeWorker.sendMessageToWorker', params: { sessionId, message } }));
    await once(socket, 'message');
  } finally {
    socket.close();
  }
}

/** HTTP as bytes on a socket, for what `fetch` is too polite to send. */
import { connect, type Socket } from 'node:net';

const WAIT_MS = 10_000;

export type RawConnection = {
  socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Resolves when what was received satisfies `isEnough`, or the other side has closed. */
  until(isEnough: (text: string) => boolean): Promise<string>;
  closed: Promise<void>;
};

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  const waiting = new Set<() => void>();
  const news = () => {
    for (const look of waiting) look();
  };
  socket.setEncoding('utf8').on('data', (text) => {
    received += text;
    news();
  });
  socket.on('error', () => {}); // a reset closes, too
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      resolve();
      news();
    });
  });
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  const until = (isEnough: (text: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not what was waited for: ${JSON.stringify(received)}`)), WAIT_MS);
      const look = () => {
        if (!isClosed && !isEnough(received)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(received);
      };
      waiting.add(look);
      look();
    });
  return { socket, text: () => received, until, closed };
}

/** Sends bytes on a connection of their own and returns the first answer, which has a Content-Length or ends with the connection. */
export async function rawRequest(port: number, bytes: string | Uint8Array): Promise<string> {
  const connection = await rawConnection(port);
  connection.socket.write(bytes);
  const answer = await connection.until(isComplete);
  connection.socket.destroy();
  return answer;
}

export function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  if (/^HTTP\/1\.1 (204|304) /.test(text)) return true;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end));
  return length !== null && Buffer.byteLength(text.slice(end + 4)) >= Number(length[1]);
}

/** A connection to the live feed as bytes (RFC 6455): thousands of them cost little, they need not read, and what comes is as it came. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const UPGRADE = [
  'GET /api/v1/live HTTP/1.1',
  'Host: elnk.example',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
const CLOSE_HEADER_BYTES = 2;

/** A text from a client; the mask is zero, so that the text is to be read as it is. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? Buffer.of(0x80 | payload.length) : Buffer.of(0x80 | 126, payload.length >> 8, payload.length & 255);
  return Buffer.concat([Buffer.of(0x81), length, Buffer.alloc(4), payload]);
}

/** The code of a close frame that comes first in some bytes, as after a refusal; null when there is none. */
export const closeCode = (bytes: Buffer): number | null => (bytes[0] === 0x88 ? bytes.readUInt16BE(CLOSE_HEADER_BYTES) : null);

/**
 * Upgraded; the answer has been read, and nothing more is read until somebody listens.
 * @param localAddress one of 127.0.0.0/8, to come from many
 */
export async function openRawLive(url: string, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress });
  socket.on('error', () => undefined); // 'close' follows
  socket.write(UPGRADE);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(answer.toString('latin1'));
  return socket;
}

/** With all of an account's links. */
export async function followRaw(url: string, key: string, localAddress?: string): Promise<Socket> {
  const socket = await openRawLive(url, localAddress);
  socket.write(textFrame(JSON.stringify({ type: 'auth', token: key })));
  socket.write(textFrame('{"type":"subscribe","links":"all"}'));
  return socket;
}

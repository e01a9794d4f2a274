/** A body that is sent piece by piece, as fast as the client takes it: the next piece is made when there is room for it. */
import type { HttpResponse } from 'uWebSockets.js';

/** What uWebSockets lets us know of the response from here on. */
export type StreamEvents = {
  /** Whether the client has gone: the response must not be touched any more. */
  isGone(): boolean;
  /** Called once, with what to do when the client goes. */
  onGone(react: () => void): void;
};

/**
 * @param writeHead status and headers
 * @returns when all is sent, or the client has gone
 * @throws what the stream throws; then the connection is cut, so that nobody takes the part for the whole
 */
export async function sendStream(
  res: HttpResponse,
  writeHead: () => void,
  stream: AsyncIterable<string>,
  { isGone, onGone }: StreamEvents,
): Promise<void> {
  let wake = () => {};
  onGone(() => wake());
  res.onWritable(() => {
    wake();
    return true;
  });
  res.cork(writeHead);
  try {
    for await (const piece of stream) {
      if (isGone()) return;
      const hasRoom = Promise.withResolvers<void>();
      wake = hasRoom.resolve;
      let isTaken = true;
      res.cork(() => {
        isTaken = res.write(piece);
      });
      if (!isTaken) await hasRoom.promise;
      await new Promise(setImmediate); // others have their turn between two pieces
      if (isGone()) return;
    }
    res.cork(() => res.end());
  } catch (error) {
    if (!isGone()) res.close();
    throw error;
  }
}

/** Bytes of a whole stream, for who only asks how long it is. */
export async function lengthOf(stream: AsyncIterable<string>): Promise<number> {
  let bytes = 0;
  for await (const piece of stream) bytes += Buffer.byteLength(piece);
  return bytes;
}

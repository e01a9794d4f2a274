/**
 * A body that is read piece by piece, as fast as the handler takes it: beyond some pieces that wait, the client is told to wait. With exchange.ts and
 * stream.ts a file that touches uWebSockets' response objects.
 */
import type { HttpResponse } from 'uWebSockets.js';
import { Failure } from '../core/failure.ts';

/** What may wait for the handler. */
const WAITING_MAX_BYTES = 1 << 20;
/** Beyond the most that a file may have. */
const DISCARD_MAX_BYTES = 1 << 20;

export type Upload = {
  pieces: AsyncIterable<Uint8Array>;
  /** Whether all of it has arrived. */
  hasEnded(): boolean;
  /** Reads on and throws away, so that a client that only listens after sending hears the answer. Settles when all has arrived, or when that is too much. */
  discardRest(): Promise<void>;
  /** The client has left, or was answered: nothing more is wanted, and the response must not be touched any more. */
  end(): void;
};

/** @param maxBytes of the body; reading on throws Failure too_large beyond it */
export function receiveUpload(res: HttpResponse, maxBytes: number): Upload {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let size = 0;
  let hasEnded = false;
  let isOver = false;
  let isPaused = false;
  let isDiscarding = false;
  let wake = () => {};
  const news = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  res.onData((chunk, isLast) => {
    hasEnded = isLast;
    if (isOver) return;
    size += chunk.byteLength;
    if (size <= maxBytes && chunk.byteLength > 0 && !isDiscarding) {
      waiting.push(new Uint8Array(chunk.slice(0)));
      waitingBytes += chunk.byteLength;
      if (waitingBytes > WAITING_MAX_BYTES && !isLast && !isPaused) {
        isPaused = true;
        res.pause();
      }
    }
    wake();
  });

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (size > maxBytes) throw new Failure('too_large', `A file may have ${maxBytes} bytes at most`);
      const piece = waiting.shift();
      if (piece !== undefined) {
        waitingBytes -= piece.byteLength;
        if (isPaused && !isOver && waitingBytes < WAITING_MAX_BYTES / 2) {
          isPaused = false;
          res.resume();
        }
        yield piece;
      } else if (isOver) throw new Failure('request_timeout', 'The file did not arrive whole');
      else if (hasEnded) return;
      else await news();
    }
  }

  return {
    pieces: pieces(),
    hasEnded: () => hasEnded,
    async discardRest() {
      isDiscarding = true;
      waiting.length = 0;
      if (isPaused && !isOver) res.resume();
      isPaused = false;
      while (!hasEnded && !isOver && size <= maxBytes + DISCARD_MAX_BYTES) await news();
    },
    end() {
      isOver = true;
      wake();
    },
  };
}

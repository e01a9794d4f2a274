/**
 * Load on a node, from the test's own process: connections that stay open, are opened again when they are cut, and count what came of
 * each request. Nothing is ever sent twice.
 */
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export type LoadRequest = {
  path: string;
  /** Whole lines, each with CR LF. */
  headers?: string;
  /** JSON in ASCII; with it, the request is a POST. */
  json?: string;
};

export type LoadFigures = {
  /** Requests begun. */
  sent: number;
  /** Redirects that came completely. */
  acked: number;
  /** Other answers, by status. */
  refused: Record<number, number>;
  /** Requests without a complete answer: their connection was cut. */
  cut: number;
};

export type LoadOptions<R extends LoadRequest> = {
  url: string;
  connections: number;
  next(): R;
  /** Requests a second over all connections. Without: each connection sends as soon as it has its answer. */
  ratePerSec?: number;
  /** Requests at most. */
  maxRequests?: number;
  onSent?(request: R): void;
  onAcked?(request: R): void;
};

export type Load = {
  figures: LoadFigures;
  /** Milliseconds from when a request was due until its answer was there, since the last call; only with a rate. */
  takeLatencies(): number[];
  /** Settles when `maxRequests` are answered or cut. */
  finished: Promise<void>;
  /** Begins no more requests; waits for the answers under way. */
  stop(): Promise<LoadFigures>;
};

const RECONNECT_MS = 20;
const LAST_ANSWERS_MS = 5_000;
/** A node that has just started beside other work may take its time. */
const FIRST_ANSWER_MS = 30_000;

/** Settles when there is one, so that what is done to the node next is done under load. */
export async function firstAnswer({ figures }: Load): Promise<void> {
  await until('the first answer', () => figures.acked > 0, FIRST_ANSWER_MS);
}

export function startLoad<R extends LoadRequest>(options: LoadOptions<R>): Load {
  const figures: LoadFigures = { sent: 0, acked: 0, refused: {}, cut: 0 };
  let latencies: number[] = [];
  const shared: Shared<R> = { options, figures, note: (ms) => latencies.push(ms), isStopping: false };
  const connections = Array.from({ length: options.connections }, (_, i) => new Connection(shared, i));
  const finished = Promise.all(connections.map((it) => it.finished)).then(() => undefined);
  return {
    figures,
    takeLatencies() {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    finished,
    async stop() {
      shared.isStopping = true;
      const impatience = setTimeout(() => {
        for (const connection of connections) connection.cut();
      }, LAST_ANSWERS_MS);
      for (const connection of connections) connection.stopIfIdle();
      await finished;
      clearTimeout(impatience);
      return figures;
    },
  };
}

/** @param share 0.99 for the 99th percentile */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type Shared<R extends LoadRequest> = { options: LoadOptions<R>; figures: LoadFigures; note(latencyMs: number): void; isStopping: boolean };

/** One connection after the other, with one request under way at a time. */
class Connection<R extends LoadRequest> {
  readonly finished: Promise<void>;
  readonly #shared: Shared<R>;
  readonly #end: () => void;
  readonly #host: string;
  readonly #port: number;
  /** Milliseconds between two requests of this connection; 0 without a rate. */
  readonly #everyMs: number;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #received = '';
  #asked: R | null = null;
  #dueAt: number;

  constructor(shared: Shared<R>, index: number) {
    const { url, connections, ratePerSec } = shared.options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#end = resolve;
    this.#shared = shared;
    this.#host = new URL(url).hostname;
    this.#port = Number(new URL(url).port);
    this.#everyMs = ratePerSec === undefined ? 0 : (1_000 * connections) / ratePerSec;
    this.#dueAt = performance.now() + (this.#everyMs * index) / connections;
    this.#open();
  }

  cut(): void {
    this.#socket?.destroy();
  }

  /** For one that would sleep on: one with a request under way ends with the answer. */
  stopIfIdle(): void {
    if (this.#asked !== null) return;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#end();
  }

  #open(): void {
    if (this.#isOver()) {
      this.#end();
      return;
    }
    const socket = connect(this.#port, this.#host);
    this.#socket = socket;
    this.#received = '';
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('connect', () => this.#schedule());
    socket.on('data', (text: unknown) => this.#receive(String(text)));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      clearTimeout(this.#timer);
      if (this.#asked !== null) this.#shared.figures.cut++;
      this.#asked = null;
      if (this.#isOver()) this.#end();
      else this.#timer = setTimeout(() => this.#open(), RECONNECT_MS).unref(); // a failed test does not stop its load
    });
  }

  #isOver(): boolean {
    const { isStopping, figures, options } = this.#shared;
    return isStopping || figures.sent >= (options.maxRequests ?? Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    const waitMs = this.#everyMs === 0 ? 0 : this.#dueAt - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#send(), waitMs);
    else this.#send();
  }

  #send(): void {
    if (this.#isOver()) {
      this.#socket?.destroy();
      return;
    }
    const { options, figures } = this.#shared;
    const request = options.next();
    this.#asked = request;
    figures.sent++;
    options.onSent?.(request);
    this.#socket?.write(requestText(request, this.#host), 'latin1');
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < headEnd + 4 + length) return;
    this.#received = '';
    this.#answered(Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3)));
  }

  #answered(status: number): void {
    const { options, figures, note } = this.#shared;
    if (status === 302) {
      figures.acked++;
      if (this.#asked !== null) options.onAcked?.(this.#asked);
    } else figures.refused[status] = (figures.refused[status] ?? 0) + 1;
    this.#asked = null;
    if (this.#everyMs > 0) {
      note(performance.now() - this.#dueAt);
      this.#dueAt += this.#everyMs;
    }
    this.#schedule();
  }
}

function requestText({ path, headers = '', json }: LoadRequest, host: string): string {
  const head = `${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}`;
  if (json === undefined) return `GET ${head}\r\n`;
  return `POST ${head}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
}

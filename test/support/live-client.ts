/** A client of the live feed that keeps what it was told, as a browser does, and remembers whatever must not happen. */
import type { LiveFigures, LiveMessage } from '../../src/core/live.ts';
import { until } from './until.ts';

const ANSWER_MS = 20_000;

export type LiveEnd = { code: number; reason: string };

export class LiveClient {
  readonly socket: WebSocket;
  readonly messages: LiveMessage[] = [];
  readonly times: number[] = [];
  links: Record<string, LiveFigures> = {};
  /** Figures that have become smaller, and gaps in the sequence. */
  readonly wrong: string[] = [];
  end: LiveEnd | null = null;
  /** Set by `connected`. */
  isOpen = false;
  #seq = 0;

  /** @param url of the node, http or ws. @param origin of a browser; undefined: a program */
  constructor(url: string, { origin, before = {} }: { origin?: string; before?: Record<string, LiveFigures> } = {}) {
    const address = new URL('/api/v1/live', url);
    address.protocol = 'ws:';
    this.links = before;
    // Node's WebSocket takes headers, which browsers do not.
    this.socket = new WebSocket(address, { headers: origin === undefined ? {} : { origin } } as unknown as string[]);
    this.socket.onopen = () => {
      this.isOpen = true;
    };
    this.socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)));
    this.socket.onclose = ({ code, reason }) => {
      this.end = { code, reason };
    };
    this.socket.onerror = () => {
      if (!this.isOpen) this.end ??= { code: 1006, reason: 'refused' }; // of that Node's WebSocket tells no 'close'
    };
  }

  /** Settles when the connection is open, or refused. */
  async connected(): Promise<this> {
    await until('a live connection', () => this.isOpen || this.end !== null, ANSWER_MS);
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Both at once, as the web app does it; settles with the snapshot. */
  async follow(token: string, links: 'all' | string[] = 'all'): Promise<this> {
    await this.connected();
    this.send({ type: 'auth', token });
    this.send({ type: 'subscribe', links });
    await this.until('a snapshot', () => this.messages.some(({ type }) => type === 'snapshot'));
    return this;
  }

  async until(what: string, holds: () => boolean, ms = ANSWER_MS): Promise<void> {
    await until(what, () => holds() || this.end !== null, ms);
    if (!holds()) throw new Error(`no ${what}: the socket was closed with ${this.end?.code} ${this.end?.reason}`);
  }

  async ended(): Promise<LiveEnd> {
    await until('the end of the socket', () => this.end !== null, ANSWER_MS);
    return this.end as LiveEnd; // it is there now
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.ended();
  }

  #hear(message: LiveMessage): void {
    this.messages.push(message);
    this.times.push(performance.now());
    if (message.seq !== this.#seq + 1) this.wrong.push(`${message.seq} after ${this.#seq}`);
    this.#seq = message.seq;
    for (const [slug, now] of Object.entries(message.links)) {
      const before = this.links[slug];
      if (before !== undefined && (before.clicks > now.clicks || before.repeatClicks > now.repeatClicks)) {
        this.wrong.push(`${slug} went from ${JSON.stringify(before)} to ${JSON.stringify(now)}`);
      }
    }
    if (message.type === 'snapshot') this.links = { ...message.links };
    else {
      Object.assign(this.links, message.links);
      for (const slug of message.gone ?? []) if (!(slug in message.links)) delete this.links[slug];
    }
  }
}

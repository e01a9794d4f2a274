/**
 * /api/v1/live: WebSockets, as uWebSockets has them. Traps:
 *  - a socket that is closed must not be touched any more;
 *  - a message's bytes are only valid until the handler returns;
 *  - what cannot be sent at once is kept in memory: so nothing is sent while something waits, and who does not read for long is dropped.
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import type { Counters } from '../core/counters.ts';
import { Failure } from '../core/failure.ts';
import { LIVE_CLOSE, type LiveClose, type LiveRequest, readLiveRequest } from '../core/live.ts';
import { authenticate, type CallerLookups, requireScope } from './auth.ts';
import { requireOwnOrigin } from './cookie.ts';
import type { OtherHostServer } from './exchange.ts';
import { Follower, type Line } from './live/follower.ts';
import type { LiveHub } from './live/hub.ts';
import type { Exchange } from './route.ts';
import type { Tokens } from './tokens.ts';

export const LIVE_PATH = '/api/v1/live';
/** A whole subscription by slugs fits. */
export const LIVE_MESSAGE_MAX_BYTES = 64 << 10;
/** The first message has to come so soon. */
export const AUTH_MS = 10_000;
/** A reader that takes nothing of what waits for it in that time is dropped. */
export const SLOW_MS = 10_000;
/** uWebSockets ends a socket for which more than that waits. One snapshot of LIVE_LINKS_MAX links is a third of it. */
const WAITING_MAX_BYTES = 1 << 20;
/** A socket that says nothing, not even the answer to a ping, is dropped after that time. */
const IDLE_SEC = 60;
const MESSAGES_MAX = 30;
const MESSAGES_WINDOW_MS = 10_000;
/** Sockets of one front. */
export const SOCKETS_MAX = { all: 20_000, address: 2_000, account: 1_000 };
/** Over all sockets of a front: when more waits, whoever does not take a message at once is dropped. */
const ALL_WAITING_MAX_BYTES = 32 << 20;
const SWEEP_MS = 1_000;

export type LiveDeps = CallerLookups & {
  hub: LiveHub;
  tokens: Pick<Tokens, 'accessEnd'>;
  baseUrl: string;
  addressOf(exchange: Pick<Exchange, 'remote' | 'headers'>): string;
  isStoreAway(error: unknown): boolean;
  otherHosts: OtherHostServer | null;
  counters: Counters;
  /** Told how many sockets are open. */
  onCount(open: number): void;
};

export type LiveServer = {
  /** Tells every socket that the server stops. */
  stop(): void;
};

type Socket = {
  readonly address: string;
  ws: WebSocket<Socket> | null;
  follower: Follower | null;
  /** Messages are answered one after the other. */
  turn: Promise<void>;
  messages: number;
  windowFrom: number;
  openedAt: number;
  waitingBytes: number;
  waitingSince: number;
};

export function serveLive(app: TemplatedApp, deps: LiveDeps): LiveServer {
  const { hub, counters } = deps;
  const sockets = new Set<Socket>();
  const perAddress = createCounts();
  const perAccount = createCounts();
  const now = () => performance.now();
  /** As of the last sweep, and what was sent since. */
  let allWaitingBytes = 0;

  function upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    if (deps.otherHosts?.takes(req.getHeader('host'))) {
      deps.otherHosts.serve(res, req);
      return;
    }
    const headers = new Map<string, string>();
    req.forEach((name, value) => void headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value));
    const refuse = (status: string) => void res.writeStatus(status).end();
    try {
      requireOwnOrigin(headers, deps.baseUrl);
    } catch {
      refuse('403 Forbidden');
      return;
    }
    const address = deps.addressOf({ remote: new Uint8Array(res.getRemoteAddress().slice(0)), headers });
    if (sockets.size >= SOCKETS_MAX.all || perAddress.of(address) >= SOCKETS_MAX.address) {
      refuse('429 Too Many Requests');
      return;
    }
    const socket: Socket = {
      address,
      ws: null,
      follower: null,
      turn: Promise.resolve(),
      messages: 0,
      windowFrom: now(),
      openedAt: now(),
      waitingBytes: 0,
      waitingSince: 0,
    };
    const header = (name: string) => headers.get(name) ?? '';
    res.upgrade(socket, header('sec-websocket-key'), header('sec-websocket-protocol'), header('sec-websocket-extensions'), context);
  }

  function open(ws: WebSocket<Socket>): void {
    const socket = ws.getUserData();
    socket.ws = ws;
    sockets.add(socket);
    perAddress.add(socket.address, 1);
    deps.onCount(sockets.size);
  }

  function closed(socket: Socket): void {
    socket.ws = null;
    sockets.delete(socket);
    perAddress.add(socket.address, -1);
    if (socket.follower !== null) {
      perAccount.add(String(socket.follower.ownerId), -1);
      hub.remove(socket.follower);
    }
    deps.onCount(sockets.size);
  }

  function hear(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const at = now();
    if (at - socket.windowFrom > MESSAGES_WINDOW_MS) {
      socket.windowFrom = at;
      socket.messages = 0;
    }
    if (++socket.messages > MESSAGES_MAX) {
      close(socket, 'tooMany');
      return;
    }
    const request = isBinary ? null : readLiveRequest(decoder.decode(message));
    if (request === null) close(socket, 'malformed');
    else socket.turn = socket.turn.then(() => answer(socket, request));
  }

  async function answer(socket: Socket, request: LiveRequest): Promise<void> {
    if (socket.ws === null) return;
    if (request.type === 'auth' && socket.follower === null) await admit(socket, request.token);
    else if (request.type === 'subscribe' && socket.follower !== null) await hub.subscribe(socket.follower, request.links);
    else close(socket, request.type === 'auth' ? 'malformed' : 'unauthenticated');
  }

  async function admit(socket: Socket, token: string): Promise<void> {
    try {
      const caller = await authenticate(new Map([['authorization', `Bearer ${token}`]]), deps);
      requireScope(caller, 'stats:read');
      const endsAt = caller.kind === 'session' ? await deps.tokens.accessEnd(token) : null;
      if (socket.ws === null) return;
      const account = String(caller.userId);
      if (perAccount.of(account) >= SOCKETS_MAX.account) {
        close(socket, 'tooMany');
        return;
      }
      perAccount.add(account, 1);
      socket.follower = new Follower(lineOf(socket), caller, token, endsAt);
      hub.add(socket.follower);
    } catch (error) {
      if (deps.isStoreAway(error)) close(socket, 'away');
      else if (error instanceof Failure) close(socket, error.code === 'forbidden' ? 'forbidden' : 'unauthenticated');
      else throw error;
    }
  }

  const lineOf = (socket: Socket): Line => ({
    send(text) {
      socket.ws?.send(text);
      counters.add('liveMessages');
      const waiting = socket.ws?.getBufferedAmount() ?? 0;
      allWaitingBytes += waiting;
      if (waiting > 0 && allWaitingBytes > ALL_WAITING_MAX_BYTES) drop(socket);
    },
    isBusy: () => socket.ws !== null && socket.ws.getBufferedAmount() > 0,
    close: (why) => close(socket, why),
  });

  function close(socket: Socket, why: LiveClose): void {
    const { code, reason } = LIVE_CLOSE[why];
    socket.ws?.end(code, reason);
  }

  /** Without a farewell, which would have to wait as well. */
  function drop(socket: Socket): void {
    counters.add('slowLiveReaders');
    socket.ws?.close();
  }

  /** Drops who does not read, and who does not say who it is. */
  function sweep(): void {
    const at = now();
    allWaitingBytes = 0;
    for (const socket of [...sockets]) {
      if (socket.ws === null) continue;
      allWaitingBytes += socket.ws.getBufferedAmount();
      if (socket.follower === null && at - socket.openedAt > AUTH_MS) {
        close(socket, 'silent');
        continue;
      }
      const waiting = socket.ws.getBufferedAmount();
      if (waiting === 0 || waiting < socket.waitingBytes || socket.waitingBytes === 0) socket.waitingSince = at;
      socket.waitingBytes = waiting;
      if (waiting === 0 || at - socket.waitingSince < SLOW_MS) continue;
      drop(socket);
    }
  }

  app.ws<Socket>(LIVE_PATH, {
    upgrade,
    open,
    message: (ws, message, isBinary) => hear(ws.getUserData(), message, isBinary),
    close: (ws) => closed(ws.getUserData()),
    maxPayloadLength: LIVE_MESSAGE_MAX_BYTES,
    maxBackpressure: WAITING_MAX_BYTES,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_SEC,
    sendPingsAutomatically: true,
  });
  const sweeping = setInterval(sweep, SWEEP_MS);
  return {
    stop() {
      clearInterval(sweeping);
      hub.stop();
      for (const socket of [...sockets]) close(socket, 'stopping');
    },
  };
}

/** How many there are of each. */
function createCounts(): { of(key: string): number; add(key: string, n: 1 | -1): void } {
  const counts = new Map<string, number>();
  const of = (key: string) => counts.get(key) ?? 0;
  return {
    of,
    add(key, n) {
      if (of(key) + n === 0) counts.delete(key);
      else counts.set(key, of(key) + n);
    },
  };
}

const decoder = new TextDecoder();

/**
 * With stream.ts and upload.ts the only file of the API side that touches uWebSockets' request and response objects. Their rules, each of which aborts the process or
 * corrupts a connection when broken:
 *  - the request is dead after the first await: everything is copied at once;
 *  - the response is dead after an abort and after `end`; onData goes on after `end`;
 *  - a chunk of the body is only valid inside onData;
 *  - `endWithoutBody` with arguments (even undefined) never completes the response, and the connection's next request is cut off;
 *  - header values are written unchecked: CR or LF would split the answer.
 */

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { Counters } from '../core/counters.ts';
import { Failure } from '../core/failure.ts';
import type { Logger } from '../core/ports.ts';
import { problemReply } from './problem.ts';
import type { Exchange, FailedExchange, Reply, ServedRoute } from './route.ts';
import { lengthOf, sendStream } from './stream.ts';
import { receiveUpload } from './upload.ts';

/** How long a route may take, from the request's headers to the answer. */
export const API_DEADLINE_MS = 5_000;
/** How much of a body that is refused is still read, so that a client that only listens after sending hears the answer. */
export const DISCARD_MAX_BYTES = 1 << 20;
/** What a client is told to wait when a store is away or busy. */
const RETRY_AFTER_SEC = 5;

export type ExchangeDeps = {
  logger: Logger;
  counters: Counters;
  /** Whether an error says that a store cannot be asked right now. */
  isStoreAway(error: unknown): boolean;
  /** Whether an error says that the account was deleted while something was made for it. */
  isAccountGone(error: unknown): boolean;
  /** Names an unexpected error in the answer and in the log. */
  newErrorId(): string;
  deadlineMs: number;
  /** Null: requests are answered alike under whatever Host they come. */
  otherHosts: OtherHosts | null;
};

/** Hosts under which nothing is served but one route, for whatever is asked. */
export type OtherHosts = {
  /** @param host the header as it came, '' when there is none */
  takes(host: string): boolean;
  route: ServedRoute;
};

type Verb = 'get' | 'head' | 'post' | 'put' | 'patch' | 'del' | 'options' | 'any';
const VERBS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'del' } as const satisfies Record<string, Verb>;
const EVERY_VERB: readonly Verb[] = ['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'any'];

const uwsPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** GET routes answer HEAD as well. */
export function serveRoute(app: TemplatedApp, route: ServedRoute, deps: ExchangeDeps): void {
  const on = (verb: Verb) => app[verb](uwsPath(route.path), (res, req) => serve(res, req, route, deps));
  on(VERBS[route.method]);
  if (route.method === 'GET') on('head');
}

/** Answers every other method of a path that has routes: uWebSockets would go on to a wildcard of that method. */
export function serveOtherMethods(app: TemplatedApp, path: string, routes: readonly ServedRoute[], deps: ExchangeDeps): void {
  const served = routes.filter((route) => route.path === path);
  const allow = served.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  const handler = () => problemReply(new Failure('method_not_allowed', `Allowed here: ${allow}`), { Allow: allow });
  const taken = new Set<Verb>(served.flatMap(({ method }) => (method === 'GET' ? ['get', 'head'] : [VERBS[method]])));
  for (const verb of EVERY_VERB.filter((it) => !taken.has(it))) {
    app[verb](uwsPath(path), (res, req) => serve(res, req, { method: 'GET', path, maxBodyBytes: 0, handler }, deps));
  }
}

/** A 404 for whatever begins with a path, before any route that would take it for a slug. */
export function serveNothingBelow(app: TemplatedApp, path: string, deps: ExchangeDeps): void {
  const handler = () => problemReply(new Failure('not_found', 'No such address in this API'));
  for (const verb of EVERY_VERB) {
    for (const pattern of [path, `${path}/*`]) {
      app[verb](pattern, (res, req) => serve(res, req, { method: 'GET', path: pattern, maxBodyBytes: 0, handler }, deps));
    }
  }
}

/** Answers, with a 404, what no route is there for. */
export function serveNothingElse(app: TemplatedApp, deps: ExchangeDeps): void {
  const handler = () => problemReply(new Failure('not_found', 'There is nothing here'));
  app.any('/*', (res, req) => serve(res, req, { method: 'GET', path: '/*', maxBodyBytes: 0, handler }, deps));
}

/** A request under one of `otherHosts`; for handlers that do not come through here otherwise. */
export type OtherHostServer = Pick<OtherHosts, 'takes'> & { serve(res: HttpResponse, req: HttpRequest): void };

export function otherHostServer(deps: ExchangeDeps): OtherHostServer | null {
  const { otherHosts } = deps;
  return otherHosts && { takes: otherHosts.takes, serve: (res, req) => serve(res, req, otherHosts.route, deps) };
}

function serve(res: HttpResponse, req: HttpRequest, asked: ServedRoute, deps: ExchangeDeps): void {
  const route = deps.otherHosts?.takes(req.getHeader('host')) ? deps.otherHosts.route : asked;
  const upload = route.upload === undefined ? null : receiveUpload(res, route.upload.maxBytes);
  let over = false; // answered or aborted: the response must not be touched any more
  let arrived = false;
  let gone = () => {};
  res.onAborted(() => {
    over = true;
    clearTimeout(timer);
    upload?.end();
    gone();
  });
  const request = { ...copyRequest(res, req, route), isOver: () => over };
  const answer = (reply: Rendered, close = false) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    upload?.end();
    if (reply.status >= 500) deps.counters.add('serverErrors');
    if (reply.stream === null) res.cork(() => write(res, reply, request.method === 'HEAD', close));
    else stream(reply, reply.stream);
  };
  const stream = (reply: Rendered, pieces: AsyncIterable<string>) => {
    let isGone = false;
    const onGone = (react: () => void) => {
      gone = () => {
        isGone = true;
        react();
      };
    };
    sendStream(res, () => writeHead(res, reply), pieces, { isGone: () => isGone, onGone }).catch((error) => {
      deps.logger.error({ where: `${route.method} ${route.path}`, err: error }, 'an answer broke off');
    });
  };
  const refuse = (failure: Failure, close: boolean) => answer(told(failure, request, route), close);
  const run = async (body: Uint8Array) => {
    arrived = upload === null;
    const isHead = request.method === 'HEAD';
    const method = isHead ? 'GET' : request.method;
    const reply = await replyTo({ ...request, method, body, ...(upload === null ? {} : { upload: upload.pieces }) }, route, deps, isHead);
    await upload?.discardRest();
    answer(reply, upload !== null && !upload.hasEnded());
  };
  const timer = setTimeout(() => {
    if (arrived) refuse(new Failure('deadline', 'The answer took too long', { retryAfterSec: RETRY_AFTER_SEC }), false);
    else refuse(new Failure('request_timeout', 'The body took too long'), true);
  }, route.deadlineMs ?? deps.deadlineMs);

  if (route.maxBodyBytes === 0 || upload !== null) void run(new Uint8Array());
  else {
    const tooLarge = (close: boolean) => refuse(new Failure('too_large', `A body may have ${route.maxBodyBytes} bytes at most`), close);
    readBody(res, Number(request.headers.get('content-length') ?? 0), route.maxBodyBytes, run, tooLarge);
  }
}

function copyRequest(res: HttpResponse, req: HttpRequest, route: ServedRoute): Omit<Exchange, 'body' | 'isOver'> {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  const query: string | undefined = req.getQuery(); // undefined without a question mark, whatever its type says
  const params: Record<string, string> = {};
  for (const [, name] of route.path.matchAll(/\{(\w+)\}/g)) params[name] = decoded(req.getParameter(name) ?? '');
  return {
    method: req.getMethod().toUpperCase(),
    path: req.getUrl(),
    params,
    query: new URLSearchParams(query),
    search: query === undefined ? '' : `?${query}`,
    headers,
    remote: new Uint8Array(res.getRemoteAddress().slice(0)),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % names nothing
  }
}

/**
 * @param declared Content-Length, 0 when there is none (chunked)
 * @param tooLarge called instead of `done`; `close`: more of the body may be under way than is worth reading
 */
function readBody(
  res: HttpResponse,
  declared: number,
  limit: number,
  done: (body: Uint8Array) => Promise<void>,
  tooLarge: (close: boolean) => void,
): void {
  if (declared > limit) {
    tooLarge(declared > DISCARD_MAX_BYTES);
    return;
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  res.onData((chunk, isLast) => {
    size += chunk.byteLength;
    if (size <= limit) {
      parts.push(new Uint8Array(chunk.slice(0)));
      if (isLast) void done(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    } else if (isLast || size > DISCARD_MAX_BYTES) tooLarge(!isLast);
  });
}

/** Never throws. */
async function replyTo(exchange: Exchange, route: ServedRoute, deps: ExchangeDeps, isHead: boolean): Promise<Rendered> {
  try {
    const rendered = render(await route.handler(exchange));
    return isHead && rendered.stream !== null ? { ...rendered, stream: null, length: await lengthOf(rendered.stream) } : rendered;
  } catch (error) {
    const tell = (failure: Failure) => told(failure, exchange, route);
    if (error instanceof Failure) return tell(error);
    if (deps.isAccountGone(error)) return tell(new Failure('unauthenticated', 'This account has been deleted'));
    const where = `${route.method} ${route.path}`;
    if (deps.isStoreAway(error)) {
      deps.logger.warn({ where, err: error }, 'store away');
      return tell(new Failure('store_away', 'The store cannot be asked right now', { retryAfterSec: RETRY_AFTER_SEC }));
    }
    const errorId = deps.newErrorId();
    deps.logger.error({ where, errorId, err: error }, 'unexpected error');
    return tell(new Failure('internal', `Whoever runs this server finds the reason in the log under ${errorId}`));
  }
}

const told = (failure: Failure, exchange: FailedExchange, { failed }: ServedRoute): Rendered =>
  render(failed?.(failure, exchange) ?? problemReply(failure));

type Rendered = {
  status: number;
  headers: [name: string, value: string][];
  body: string | Uint8Array;
  /** Of the body that HEAD does not send. */
  length: number;
  stream: AsyncIterable<string> | null;
};

const DEFAULT_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** Everything that can go wrong with a reply goes wrong here, before anything is written. */
function render(reply: Reply): Rendered {
  const body = reply.body ?? '';
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const type: Record<string, string> = isText ? {} : { 'Content-Type': 'application/json' };
  const headers = Object.entries({ ...DEFAULT_HEADERS, ...type, ...reply.headers });
  for (const [name, value] of headers) {
    if (/[^\x20-\x7e]/.test(name + value)) throw new Error(`header ${name} has a character that no header may have`);
  }
  const sent = isText ? body : JSON.stringify(body);
  return { status: reply.status, headers, body: sent, length: Buffer.byteLength(sent), stream: reply.stream ?? null };
}

const hasNoBody = (status: number) => status === 204 || status === 304;

function writeHead(res: HttpResponse, { status, headers }: Rendered): void {
  res.writeStatus(`${status} ${STATUS_CODES[status]}`);
  for (const [name, value] of headers) res.writeHeader(name, value);
}

/** @param close only for answers with a body */
function write(res: HttpResponse, reply: Rendered, isHead: boolean, close: boolean): void {
  const { status, body, length } = reply;
  writeHead(res, reply);
  if (isHead) res.writeHeader('Content-Length', String(length));
  if (isHead || hasNoBody(status)) res.endWithoutBody();
  else res.end(body, close);
}

/** What a route is: plain data and plain functions, so that handlers are tested and the OpenAPI document is made without a server. */
import type { z } from 'zod';
import type { Scope } from '../core/api/common.ts';
import type { CounterName } from '../core/counters.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import type { ApiCaller } from '../core/ports/accounts.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request, copied: nothing in it dies with uWebSockets' request object. */
export type Exchange = {
  /** HEAD is served as GET. */
  method: string;
  path: string;
  /** Path parameters by name, percent-decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** The query as it came, with its question mark; '' when there is none. */
  search: string;
  /** By lower-case name; repeated ones joined by ", ". */
  headers: ReadonlyMap<string, string>;
  /** Address of the peer: 4 or 16 bytes. */
  remote: Uint8Array;
  body: Uint8Array;
  /** The body piece by piece, of a route that takes uploads. */
  upload?: AsyncIterable<Uint8Array>;
  /** Nobody waits for the answer any more: who asked has left, or was told that it took too long. */
  isOver(): boolean;
};

/** The body may not have arrived. */
export type FailedExchange = Omit<Exchange, 'body'> & { body?: Uint8Array };

export type Reply = {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text and bytes as they are, with the Content-Type from `headers`. */
  body?: object | string | Uint8Array;
  /** Instead of a body: text that is sent piece by piece as it is made; with the Content-Type from `headers`. */
  stream?: AsyncIterable<string>;
};

/** May throw: a Failure becomes its problem, anything else a 500 that says nothing. */
export type Handler = (exchange: Exchange) => Promise<Reply> | Reply;

/** Of a file that is taken piece by piece. */
export type UploadLimits = { maxBytes: number };

/** A route as it is registered. `path` may have parameters in braces. */
export type ServedRoute = {
  method: Method;
  path: string;
  maxBodyBytes: number;
  /** Instead of a body that is there as a whole. */
  upload?: UploadLimits;
  /** How long it may take, where that is not as long as usual. */
  deadlineMs?: number;
  handler: Handler;
  /** How a failure is told, also one that comes before the handler is asked; without it, as a problem. */
  failed?: (failure: Failure, exchange: FailedExchange) => Reply;
};

export type ApiRequest<Query, Body> = { exchange: Exchange; caller: ApiCaller; query: Query; body: Body };

export type HeaderDescription = { name: string; description: string };

type RouteParts<Query, Body> = {
  method: Method;
  path: string;
  summary: string;
  query: z.ZodType<Query> | null;
  /** Parameters of the query that are lists, because they may be given several times. Of all others once is enough. */
  repeated?: readonly string[];
  body: z.ZodType<Body> | null;
  /** Of the body at most; API_BODY_MAX_BYTES when it is left out. */
  maxBodyBytes?: number;
  /** Instead of a body: a file of one of these types. */
  upload?: UploadLimits & { mediaTypes: readonly string[] };
  /** How long it may take, where that is not as long as usual. */
  deadlineMs?: number;
  requestHeaders: readonly HeaderDescription[];
  reply: {
    status: number;
    description: string;
    schema: z.ZodType | null;
    /** Of an answer that is not JSON. */
    mediaTypes?: readonly string[];
    headers: readonly HeaderDescription[];
  };
  /** Failures beside those that every route of its kind has. */
  failures: readonly FailureCode[];
  /** Counters that a refusal adds to. */
  countRefusal(failure: Failure): readonly CounterName[];
};

/** What a guarded route does for whoever says nothing of who it is: no key and no token. */
export type GuestVariant<Body = unknown> = {
  description: string;
  body: z.ZodType<Body>;
  /** Makes the JSON that was sent a body. @throws Failure */
  read(value: unknown): Body;
  reply: z.ZodType;
  failures: readonly FailureCode[];
  handler(request: { exchange: Exchange; body: Body }): Promise<Reply>;
};

type GuardedRoute<Query, Body> = RouteParts<Query, Body> & {
  /** What a key needs to have; `session`: only for people who are signed in, not for keys. */
  scope: Scope | 'session';
  guest?: GuestVariant;
  handler(request: ApiRequest<Query, Body>): Promise<Reply>;
};

/** For whoever comes. */
type OpenRoute<Query, Body> = RouteParts<Query, Body> & {
  scope: null;
  guest?: undefined;
  handler(request: Omit<ApiRequest<Query, Body>, 'caller'>): Promise<Reply>;
};

/** A route of the API: served for callers with the scope, checked by its schemas, described in the OpenAPI document. */
export type ApiRoute<Query = unknown, Body = unknown> = GuardedRoute<Query, Body> | OpenRoute<Query, Body>;

/** Lets a handler see the types of its own schemas, in a list of routes that no longer needs to know them. */
export function apiRoute<Query, Body>(route: GuardedRoute<Query, Body>): ApiRoute {
  return route;
}

/** The same for a route that everybody may call. */
export function openRoute<Query, Body>(route: Omit<OpenRoute<Query, Body>, 'scope'>): ApiRoute {
  return { ...route, scope: null };
}

/** As `apiRoute`, for what a route does for guests. */
export function guestVariant<Body>(variant: GuestVariant<Body>): GuestVariant {
  return variant;
}

/**
 * The hot path: GET /{slug}. From top to bottom it is the way of a click on a front thread:
 * link table → decide → click log → 302. For a link that is in the table nothing here waits, so answers stay in the order of their requests
 * also when a client sends many at once. Besides exchange.ts the only file that touches uWebSockets' objects: a redirect is not worth the copies.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Counters } from '../core/counters.ts';
import { type Decision, decide, type Link, noteUsedUp } from '../core/link.ts';
import type { ClickLimits, ClickWriter, Clock } from '../core/ports.ts';
import { isSlugForm } from '../core/slug.ts';
import { quarterOf } from '../core/zone.ts';
import type { ClientAddress } from './client-address.ts';
import { type PageReason, refusalPage } from './pages.ts';

/** What is at hand of the links (storage/links/table.ts). */
export type Links = {
  get(slug: string): Link | null | undefined;
  load(slug: string): Promise<Link | null>;
};

export type RedirectDeps = {
  links: Links;
  clicks: ClickWriter;
  limits: ClickLimits;
  /** A zone's offset in quarter-hours in a quarter (core/zone.ts, `offsetMemory`). */
  offsetOf: (timeZone: string, quarter: number) => number;
  clientAddress: ClientAddress;
  clock: Clock;
  counters: Counters;
};

/** What a click and its answer need of a request. */
type Request = { address: ArrayBuffer; userAgent: string; referrer: string; language: string; accept: string };

export function serveRedirects(app: TemplatedApp, { links, clicks, limits, offsetOf, clientAddress, clock, counters }: RedirectDeps): void {
  const countRedirects = counters.adder('redirects');
  app.get('/*', (res, req) => visit(res, req, true));
  app.head('/*', (res, req) => visit(res, req, false));

  function visit(res: HttpResponse, req: HttpRequest, isGet: boolean): void {
    const slug = req.getUrl().slice(1);
    const link = links.get(slug);
    if (link === undefined && isSlugForm(slug)) lookUp(res, req, slug, isGet);
    else if (link?.disabled === false && link.rules === null) {
      if (isGet) {
        record(link, clientAddress(res, req), req.getHeader('user-agent'), req.getHeader('referer'), req.getHeader('accept-language'));
      }
      redirect(res, link.target, isGet);
    } else answer(res, link ?? null, read(res, req), isGet, later(res));
  }

  /** The link is not at hand: everything of the request is copied before the wait. */
  function lookUp(res: HttpResponse, req: HttpRequest, slug: string, isGet: boolean): void {
    const finish = later(res);
    const seen = read(res, req);
    links.load(slug).then(
      (link) => {
        if (link === null) counters.add('missingLinkLookups');
        finish(() => answer(res, link, seen, isGet, finish));
      },
      () => finish(() => refuse(res, 'unavailable', seen, isGet)),
    );
  }

  function answer(res: HttpResponse, link: Link | null, seen: Request, isGet: boolean, finish: Finish): void {
    const decision = decide(link, { isUnlocked: false, isPreview: !isGet }, clock());
    if (decision.kind === 'limited' && link !== null) {
      const { target, otherwise } = decision;
      void limits.take(link.id).then((taken) => {
        if (taken === 'exhausted') noteUsedUp(link);
        // Who has left meanwhile has used a click of the limit, and none is counted: a click has been answered.
        finish(() => {
          if (taken === 'unavailable') refuse(res, 'unavailable', seen, isGet);
          else carryOut(taken === 'granted' ? { kind: 'redirect', target } : otherwise, res, link, seen, isGet);
        });
      });
    } else carryOut(decision, res, link, seen, isGet);
  }

  function carryOut(decision: Decision, res: HttpResponse, link: Link | null, seen: Request, isGet: boolean): void {
    if (decision.kind === 'refuse') refuse(res, decision.reason, seen, isGet);
    else if (decision.kind === 'redirect') {
      if (isGet && link !== null) record(link, seen.address, seen.userAgent, seen.referrer, seen.language);
      redirect(res, decision.target, isGet);
    } else refuse(res, 'unavailable', seen, isGet);
  }

  function read(res: HttpResponse, req: HttpRequest): Request {
    return {
      address: clientAddress(res, req),
      userAgent: req.getHeader('user-agent'),
      referrer: req.getHeader('referer'),
      language: req.getHeader('accept-language'),
      accept: req.getHeader('accept'),
    };
  }

  /** The click is in the log before the answer is; one that could not be written is counted as lost by the log. */
  function record(link: Link, address: ArrayBuffer, userAgent: string, referrer: string, language: string): void {
    const now = clock();
    clicks.append(now, link.id, offsetOf(link.timeZone, quarterOf(now)), address, userAgent, referrer, language);
    countRedirects(1);
  }

  function refuse(res: HttpResponse, reason: PageReason, { accept, language }: Request, isGet: boolean): void {
    if (reason === 'unknown') counters.add('unknownSlugs');
    if (reason === 'unavailable') counters.add('serverErrors');
    const { status, headers, body } = refusalPage(reason, accept, language);
    res.writeStatus(status);
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (isGet) res.end(body);
    else endWithoutBody(res, body.length);
  }
}

/** Sends an answer, corked, unless the visitor has left. */
type Finish = (send: () => void) => void;

/** For an answer that may come later than the handler returns. */
function later(res: HttpResponse): Finish {
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  return (send) => {
    if (!aborted) res.cork(send);
  };
}

/** `target` is a URL's href: it cannot hold CR or LF. Not to be cached by anyone, so that an edit is seen at the next click. */
function redirect(res: HttpResponse, target: string, isGet: boolean): void {
  res.writeStatus('302 Found').writeHeader('Location', target).writeHeader('Cache-Control', 'private, no-store');
  if (isGet) res.end();
  else endWithoutBody(res, 0);
}

/** uWebSockets completes an answer without a body only when the length is a header of our own. */
function endWithoutBody(res: HttpResponse, length: number): void {
  res.writeHeader('Content-Length', String(length));
  res.endWithoutBody();
}

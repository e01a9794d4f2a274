/**
 * The hot path: GET /{slug}. From top to bottom it is the way of a click on a front thread:
 * link table → decide → click log → 302. For a link that is in the table nothing here waits, so answers stay in the order of their requests
 * also when a client sends many at once. Besides exchange.ts the only file that touches uWebSockets' objects: a redirect is not worth the copies.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { Counters } from '../core/counters.ts';
import { decide, type Link, type RefusalReason } from '../core/link.ts';
import type { ClickWriter, Clock } from '../core/ports.ts';
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
  /** A zone's offset in quarter-hours in a quarter (core/zone.ts, `offsetMemory`). */
  offsetOf: (timeZone: string, quarter: number) => number;
  clientAddress: ClientAddress;
  clock: Clock;
  counters: Counters;
};

/** What a click and its answer need of a request. */
type Visit = { address: ArrayBuffer; userAgent: string; referrer: string; language: string; accept: string };

export function serveRedirects(app: TemplatedApp, { links, clicks, offsetOf, clientAddress, clock, counters }: RedirectDeps): void {
  const countRedirects = counters.adder('redirects');
  app.get('/*', (res, req) => visit(res, req, true));
  app.head('/*', (res, req) => visit(res, req, false));

  function visit(res: HttpResponse, req: HttpRequest, isGet: boolean): void {
    const slug = req.getUrl().slice(1);
    const link = links.get(slug);
    if (link === undefined && isSlugForm(slug)) lookUp(res, req, slug, isGet);
    else if (link?.disabled === false) {
      if (isGet) {
        record(link, clientAddress(res, req), req.getHeader('user-agent'), req.getHeader('referer'), req.getHeader('accept-language'));
      }
      redirect(res, link.target, isGet);
    } else answer(res, link ?? null, read(res, req), isGet);
  }

  /** The link is not at hand: everything of the request is copied before the wait. */
  function lookUp(res: HttpResponse, req: HttpRequest, slug: string, isGet: boolean): void {
    let aborted = false;
    res.onAborted(() => {
      aborted = true;
    });
    const seen = read(res, req);
    const finish = (send: () => void) => {
      if (!aborted) res.cork(send);
    };
    links.load(slug).then(
      (link) => {
        if (link === null) counters.add('missingLinkLookups');
        finish(() => answer(res, link, seen, isGet));
      },
      () => finish(() => refuse(res, 'unavailable', seen, isGet)),
    );
  }

  function answer(res: HttpResponse, link: Link | null, seen: Visit, isGet: boolean): void {
    const decision = decide(link);
    if (decision.kind === 'refuse') refuse(res, decision.reason, seen, isGet);
    else {
      if (isGet && link !== null) record(link, seen.address, seen.userAgent, seen.referrer, seen.language);
      redirect(res, decision.target, isGet);
    }
  }

  function read(res: HttpResponse, req: HttpRequest): Visit {
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

  function refuse(res: HttpResponse, reason: RefusalReason | PageReason, { accept, language }: Visit, isGet: boolean): void {
    if (reason === 'unknown') counters.add('unknownSlugs');
    if (reason === 'unavailable') counters.add('serverErrors');
    const { status, headers, body } = refusalPage(reason, accept, language);
    res.writeStatus(status);
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (isGet) res.end(body);
    else endWithoutBody(res, body.length);
  }
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

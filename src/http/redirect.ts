/**
 * The hot path: GET /{slug}. From top to bottom it is the way of a click on a front thread:
 * link table → decide → click log → 302. For a plain link that is in the table nothing here waits, so answers stay in the order of their
 * requests also when a client sends many at once. Besides exchange.ts the only file that touches uWebSockets' objects: a redirect is not worth
 * the copies.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { decide, GUEST_ID, type Link, noteUsedUp, type Settled, type Visit } from '../core/link.ts';
import type { ClickLimits } from '../core/ports/clicks.ts';
import { isPreviewBot } from '../core/preview-bots.ts';
import { isGuestSlug, isSlugForm } from '../core/slug.ts';
import { type ClickRecorderDeps, clickRecorder } from './click-recorder.ts';
import type { ClientAddress } from './client-address.ts';
import { countRefusal, refusedPage } from './decision-pages.ts';
import type { OtherHostServer } from './exchange.ts';
import { look, lookedAtSlug, lookPage } from './look-page.ts';
import type { Page } from './page-shell.ts';
import { refusalPage } from './pages.ts';
import type { Unlocks } from './unlock-cookie.ts';

/** What is at hand of the links (storage/links/table.ts). */
export type Links = {
  get(slug: string): Link | null | undefined;
  load(slug: string): Promise<Link | null>;
};

export type RedirectDeps = ClickRecorderDeps & {
  links: Links;
  /** Guest links are apart, so that they displace none that has an owner. @param used says that one was served */
  guests: { links: Links; used(slug: string): void };
  limits: ClickLimits;
  unlocks: Unlocks;
  clientAddress: ClientAddress;
  otherHosts: OtherHostServer | null;
};

/** What a click and its answer need of a request. Headers as they came, '' for none. */
type Seen = {
  isGet: boolean;
  address: ArrayBuffer;
  userAgent: string;
  referrer: string;
  language: string;
  accept: string;
  cookies: string;
};

export function serveRedirects(app: TemplatedApp, deps: RedirectDeps): void {
  const { links, guests, otherHosts, limits, unlocks, clientAddress, clock, counters } = deps;
  const record = clickRecorder(deps);
  app.get('/*', (res, req) => visit(res, req, true));
  app.head('/*', (res, req) => visit(res, req, false));

  function visit(res: HttpResponse, req: HttpRequest, isGet: boolean): void {
    if (otherHosts?.takes(req.getHeader('host'))) {
      otherHosts.serve(res, req);
      return;
    }
    const slug = req.getUrl().slice(1);
    const link = links.get(slug);
    if (link === undefined && isSlugForm(slug)) {
      if (isGuestSlug(slug)) visitGuest(res, req, slug, isGet);
      else lookUp(res, req, slug, isGet, links);
    } else if (link?.disabled === false && link.rules === null) {
      if (isGet) {
        record(link, clientAddress(res, req), req.getHeader('user-agent'), req.getHeader('referer'), req.getHeader('accept-language'));
      }
      redirect(res, link.target, isGet);
    } else if (link === undefined) visitNoSlug(res, req, slug, isGet);
    else answer(res, link, read(res, req, isGet), later(res));
  }

  function visitNoSlug(res: HttpResponse, req: HttpRequest, path: string, isGet: boolean): void {
    const slug = lookedAtSlug(path);
    const seen = read(res, req, isGet);
    if (slug === null || !isSlugForm(slug)) {
      answer(res, null, seen, later(res));
      return;
    }
    const table = isGuestSlug(slug) ? guests.links : links;
    const link = table.get(slug);
    if (link === undefined) load(res, seen, slug, table, (found) => show(res, slug, found, seen));
    else show(res, slug, link, seen);
  }

  /** Where a link leads, to whoever asks before going there. */
  function show(res: HttpResponse, slug: string, link: Link | null, seen: Seen): void {
    const now = clock();
    const shown = look(link, now);
    if (shown.kind !== 'redirect') countRefusal(shown, true, counters);
    writePage(res, lookPage(shown, slug, link, seen, now), seen.isGet);
  }

  function visitGuest(res: HttpResponse, req: HttpRequest, slug: string, isGet: boolean): void {
    const link = guests.links.get(slug);
    if (link === undefined) lookUp(res, req, slug, isGet, guests.links);
    else answer(res, link, read(res, req, isGet), later(res));
  }

  function lookUp(res: HttpResponse, req: HttpRequest, slug: string, isGet: boolean, table: Links): void {
    const seen = read(res, req, isGet);
    load(res, seen, slug, table, (link, finish) => answer(res, link, seen, finish));
  }

  /** The link is not at hand: everything of the request was copied before the wait. */
  function load(res: HttpResponse, seen: Seen, slug: string, table: Links, use: (link: Link | null, finish: Finish) => void): void {
    const finish = later(res);
    table.load(slug).then(
      (link) => {
        if (link === null) counters.add('missingLinkLookups');
        finish(() => use(link, finish));
      },
      () => finish(() => unavailable(res, seen)),
    );
  }

  function answer(res: HttpResponse, link: Link | null, seen: Seen, finish: Finish): void {
    const isBot = link !== null && link.rules !== null && isPreviewBot(seen.userAgent);
    const isPreview = isBot || !seen.isGet;
    const decision = decide(link, visitOf(link, seen, isPreview), clock());
    // Programs that draw previews ask for anything and show only HTML.
    const reader = isBot ? { ...seen, accept: 'text/html' } : seen;
    if (decision.kind === 'limited') {
      const { target, otherwise } = decision;
      void limits.take(decision.link.id).then((taken) => {
        if (taken === 'exhausted') noteUsedUp(decision.link);
        // Who has left meanwhile has used a click of the limit, and none is counted: a click has been answered.
        finish(() => {
          if (taken === 'unavailable') unavailable(res, seen);
          else carryOut(taken === 'granted' ? { kind: 'redirect', target } : otherwise, res, link, reader, isPreview);
        });
      });
    } else carryOut(decision, res, link, reader, isPreview);
  }

  function visitOf(link: Link | null, { cookies }: Seen, isPreview: boolean): Visit {
    const passwordHash = link?.rules?.passwordHash ?? null;
    const isUnlocked = link !== null && passwordHash !== null && unlocks.isUnlocked({ ...link, passwordHash }, cookies, clock());
    return { isUnlocked, isPreview };
  }

  function carryOut(decision: Settled, res: HttpResponse, link: Link | null, seen: Seen, isPreview: boolean): void {
    if (decision.kind === 'redirect') {
      if (seen.isGet && link !== null) count(link, seen);
      redirect(res, decision.target, seen.isGet);
    } else {
      countRefusal(decision, isPreview, counters);
      writePage(res, refusedPage(decision, link, seen, clock()), seen.isGet);
    }
  }

  function count(link: Link, { address, userAgent, referrer, language }: Seen): void {
    if (link.id !== GUEST_ID) record(link, address, userAgent, referrer, language);
    else {
      counters.add('guestRedirects'); // all that is ever known of it
      guests.used(link.slug);
    }
  }

  function read(res: HttpResponse, req: HttpRequest, isGet: boolean): Seen {
    return {
      isGet,
      address: clientAddress(res, req),
      userAgent: req.getHeader('user-agent'),
      referrer: req.getHeader('referer'),
      language: req.getHeader('accept-language'),
      accept: req.getHeader('accept'),
      cookies: req.getHeader('cookie'),
    };
  }

  function unavailable(res: HttpResponse, seen: Seen): void {
    counters.add('serverErrors');
    writePage(res, refusalPage('unavailable', seen), seen.isGet);
  }
}

function writePage(res: HttpResponse, { status, headers, body }: Page, isGet: boolean): void {
  res.writeStatus(status);
  for (const [name, value] of headers) res.writeHeader(name, value);
  if (isGet) res.end(body);
  else endWithoutBody(res, body.length);
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

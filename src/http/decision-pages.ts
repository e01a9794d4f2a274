/** What a visitor gets who does not get to a link's target, and what is counted of it. */
import type { Counters } from '../core/counters.ts';
import type { Link, Settled } from '../core/link.ts';
import { type Page, problemPage, redirectPage, type Visitor, wantsHtml } from './page-shell.ts';
import { refusalPage } from './pages.ts';
import { passwordPage } from './password-page.ts';
import { previewPage } from './preview-page.ts';
import { windowPage } from './window-pages.ts';

/** A decision that does not lead to the target. */
export type Refusal = Exclude<Settled, { kind: 'redirect' }>;

/** Of an unknown slug there is no zone, and its page tells no time. */
const NO_ZONE = 'UTC';

/** @param now milliseconds since the epoch */
export function refusedPage(decision: Refusal, link: Link | null, visitor: Visitor, now: number): Page {
  switch (decision.kind) {
    case 'refuse':
      return refusalPage(decision.reason, visitor);
    case 'outside':
      return windowPage(decision, link?.timeZone ?? NO_ZONE, visitor, now);
    case 'elsewhere':
      return redirectPage(302, decision.target);
    case 'preview':
      return previewPage(visitor);
    case 'password':
      return wantsHtml(visitor)
        ? passwordPage(visitor)
        : problemPage('password_required', 'Send the password to this address: POST, form-encoded, password=…');
  }
}

/** A look is no visit: of those only unknown slugs are counted. */
export function countRefusal(decision: Refusal, isPreview: boolean, counters: Counters): void {
  if (decision.kind === 'refuse' && decision.reason === 'unknown') counters.add('unknownSlugs');
  if (isPreview || decision.kind === 'preview') return;
  if (decision.kind === 'password') counters.add('passwordPages');
  else if (decision.kind === 'outside' || decision.reason === 'expired') counters.add('outsideWindow');
  else if (decision.reason === 'exhausted') counters.add('limitRefusals');
}

/**
 * POST /{slug}: a visitor has sent the password of a link. Right: 303 to where the link leads, a click, and a cookie with which the link stays
 * open for this browser for a while. Everything before the password (core/link.ts) is decided as for GET.
 */
import type { CounterName, Counters } from '../core/counters.ts';
import { Failure, type FailureCode } from '../core/failure.ts';
import { type Decision, decide, type Link, noteUsedUp, type Settled, type Visit } from '../core/link.ts';
import type { Passwords } from '../core/ports/accounts.ts';
import type { ClickLimits } from '../core/ports/clicks.ts';
import type { Clock } from '../core/ports.ts';
import { isGuestSlug, isSlugForm } from '../core/slug.ts';
import { type ClickRecorder, type ClickRecorderDeps, clickRecorder } from './click-recorder.ts';
import { countRefusal, type Refusal, refusedPage } from './decision-pages.ts';
import { formFieldOf, formFieldsOf } from './form.ts';
import { type Page, pageReply, redirectPage, type Visitor, wantsHtml } from './page-shell.ts';
import { refusalPage } from './pages.ts';
import { FROM_FIELD, refusedPasswordPage, siteOf } from './password-page.ts';
import { problemReply } from './problem.ts';
import type { Links } from './redirect.ts';
import type { Exchange, FailedExchange, Reply, ServedRoute } from './route.ts';
import type { Unlockable, Unlocks } from './unlock-cookie.ts';
import type { Try, UnlockTries } from './unlock-tries.ts';

/** Of the form: the longest password with every character of it escaped, several times over. */
export const UNLOCK_BODY_MAX_BYTES = 4 << 10;

export type UnlockDeps = ClickRecorderDeps & {
  links: Links;
  guests: { links: Links };
  limits: ClickLimits;
  unlocks: Unlocks;
  tries: UnlockTries;
  passwords: Pick<Passwords, 'verify'>;
  /** Who comes: for the click, and to count tries by. */
  clientOf(exchange: Exchange): ArrayBuffer;
  addressOf(exchange: Exchange): string;
  clock: Clock;
  counters: Counters;
};

type Limited = Extract<Decision, { kind: 'limited' }>;

const LOCKED: Visit = { isUnlocked: false, isPreview: false };
const UNLOCKED: Visit = { isUnlocked: true, isPreview: false };

export function unlockRoute(deps: UnlockDeps): ServedRoute {
  const record = clickRecorder(deps);
  return {
    method: 'POST',
    path: '/{slug}',
    maxBodyBytes: UNLOCK_BODY_MAX_BYTES,
    handler: async (exchange) => pageReply(await unlock(exchange, deps, record)),
    failed: (failure, exchange) => failed(failure, exchange, deps.counters),
  };
}

async function unlock(exchange: Exchange, deps: UnlockDeps, record: ClickRecorder): Promise<Page> {
  const slug = exchange.path.slice(1);
  const link = await find(deps, slug);
  const decision = decide(link, LOCKED, deps.clock());
  // No password, or none any more: the link is opened like any other, and counted there.
  if (decision.kind === 'redirect' || decision.kind === 'limited') return redirectPage(303, exchange.path);
  const passwordHash = link?.rules?.passwordHash ?? null;
  if (decision.kind !== 'password' || link === null || passwordHash === null) return refused(decision, link, exchange, deps);
  const unlocked = { id: link.id, slug, passwordHash };
  await check(unlocked, exchange, deps);
  return lead(unlocked, exchange, deps, record);
}

async function find({ links, guests }: Pick<UnlockDeps, 'links' | 'guests'>, slug: string): Promise<Link | null> {
  if (!isSlugForm(slug)) return null;
  const table = isGuestSlug(slug) ? guests.links : links;
  const known = table.get(slug);
  return known === undefined ? table.load(slug) : known;
}

/** @throws Failure unless the form brings the link's password */
async function check({ id, passwordHash }: Unlockable, exchange: Exchange, deps: UnlockDeps): Promise<void> {
  const password = formFieldOf(exchange, 'password');
  if (password === '')
    throw new Failure('invalid', 'One field is not valid', { errors: [{ path: 'password', message: 'must not be empty' }] });
  const attempt = await deps.tries.begin(id, deps.addressOf(exchange));
  const isRight = await verified(passwordHash, password, attempt, deps);
  if (!isRight) {
    await attempt.wrong();
    throw new Failure('wrong_password', 'This is not the password of the link');
  }
  deps.counters.add('rightLinkPasswords');
  await attempt.right();
}

async function verified(hash: string, password: string, attempt: Try, { passwords }: UnlockDeps): Promise<boolean> {
  try {
    return await passwords.verify(hash, password);
  } catch (error) {
    await attempt.notMade();
    throw error;
  }
}

/** The link is asked for again: it may have been edited while the password was checked. */
async function lead(unlocked: Unlockable, exchange: Exchange, deps: UnlockDeps, record: ClickRecorder): Promise<Page> {
  const link = await find(deps, unlocked.slug);
  const isSame = link?.id === unlocked.id && link.rules?.passwordHash === unlocked.passwordHash;
  if (link === null || !isSame) return redirectPage(303, exchange.path);
  const decision = decide(link, UNLOCKED, deps.clock());
  const settled = decision.kind === 'limited' ? await granted(decision, deps) : decision;
  if (settled.kind !== 'redirect') return refused(settled, link, exchange, deps);
  const { language, referrer } = visitorOf(exchange);
  // Who has left meanwhile is not led anywhere: no click, though one of the limit is used.
  if (!exchange.isOver()) record(link, deps.clientOf(exchange), exchange.headers.get('user-agent') ?? '', referrer, language);
  return redirectPage(303, settled.target, [['Set-Cookie', deps.unlocks.cookie(unlocked, deps.clock())]]);
}

/** @throws Failure store_away */
async function granted({ link, target, otherwise }: Limited, { limits }: UnlockDeps): Promise<Settled> {
  const taken = await limits.take(link.id);
  if (taken === 'exhausted') noteUsedUp(link);
  if (taken === 'unavailable') throw new Failure('store_away', 'It cannot be known right now whether a click is left');
  return taken === 'granted' ? { kind: 'redirect', target } : otherwise;
}

function refused(decision: Refusal, link: Link | null, exchange: Exchange, { clock, counters }: UnlockDeps): Page {
  countRefusal(decision, false, counters);
  return refusedPage(decision, link, visitorOf(exchange), clock());
}

/** The page with the form remembers where the visitor came from: the request itself comes from that page. */
function visitorOf({ headers, body }: FailedExchange): Visitor {
  const header = (name: string) => headers.get(name) ?? '';
  return { accept: header('accept'), language: header('accept-language'), referrer: fromOf(headers, body) || header('referer') };
}

function fromOf(headers: Exchange['headers'], body: Uint8Array | undefined): string {
  try {
    return body === undefined ? '' : siteOf(formFieldsOf({ headers, body }, FROM_FIELD)[0] ?? '');
  } catch (error) {
    if (error instanceof Failure) return ''; // it is told of the password already
    throw error;
  }
}

const COUNTED: Partial<Record<FailureCode, CounterName>> = {
  wrong_password: 'wrongLinkPasswords',
  invalid: 'emptyLinkPasswords',
  malformed: 'malformedUnlocks',
  too_large: 'malformedUnlocks',
  unsupported_media_type: 'malformedUnlocks',
  too_many_requests: 'throttledRequests',
};
const UNAVAILABLE: ReadonlySet<FailureCode> = new Set(['store_away', 'deadline']);

function failed(failure: Failure, exchange: FailedExchange, counters: Counters): Reply {
  const counter = COUNTED[failure.code];
  if (counter !== undefined) counters.add(counter);
  const visitor = visitorOf(exchange);
  if (!wantsHtml(visitor)) return problemReply(failure);
  const page = UNAVAILABLE.has(failure.code) ? refusalPage('unavailable', visitor) : refusedPasswordPage(failure, visitor);
  return page === null ? problemReply(failure) : pageReply(page);
}

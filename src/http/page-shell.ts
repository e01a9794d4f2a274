/** What all pages have in common: look, headers, policy. */
import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Locale } from '../core/account.ts';
import type { FailureCode } from '../core/failure.ts';
import { PROBLEM_TYPE, PROBLEMS, problemOf } from './problem.ts';
import type { Reply } from './route.ts';

/** @param status as it is written: number and words */
export type Page = { status: string; headers: readonly (readonly [name: string, value: string])[]; body: Uint8Array };

/** Whom a page is for: a browser gets HTML in its language, a program a problem. Headers as they came, '' for none. */
export type Reader = { accept: string; language: string };
/** @param referrer where somebody came from who has asked for a link */
export type Visitor = Reader & { referrer: string };

export const wantsHtml = ({ accept }: Reader): boolean => accept.includes('text/html');

export type Words = { title: string; text: string };

const STYLE = `
:root { color-scheme: light dark; --paper: #f6f5f1; --ink: #23262b; --soft: #5d636d; --line: #dcd9d0; --mark: #2f6f62; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e7e5df; --soft: #a3a9b2; --line: #2c3138; --mark: #7fc4b4; } }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: grid; place-items: center; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; }
main { width: 100%; max-width: 30rem; padding-bottom: 8vh; }
p { margin: 0; color: var(--soft); text-wrap: pretty; }
.mark { display: inline-block; vertical-align: top; margin-bottom: 1.25rem; padding: .1rem .7rem; border: 1px solid var(--line); border-radius: 1rem;
  color: var(--mark); font-size: .875rem; font-variant-numeric: tabular-nums; letter-spacing: .06em; }
.mark svg { display: block; margin: .2rem 0; }
h1 { margin: 0 0 .6rem; font-size: clamp(1.6rem, 6vw, 2.1rem); line-height: 1.2; font-weight: 600; letter-spacing: -.015em; text-wrap: balance; }
`;

const FORM_STYLE = `
:root { --field: #fff; --on-mark: #fff; --wrong: #a5301c; --edge: #8b8f96; }
@media (prefers-color-scheme: dark) { :root { --field: #1e2227; --on-mark: #10211d; --wrong: #f2a391; --edge: #6f7680; } }
form { display: grid; gap: .4rem; margin-top: 1.5rem; }
label { font-size: .9375rem; font-weight: 500; }
input { width: 100%; padding: .6rem .8rem; border: 1px solid var(--edge); border-radius: .6rem; background: var(--field); color: inherit; font: inherit; }
input[aria-invalid] { border-color: var(--wrong); }
button { justify-self: start; margin-top: .6rem; padding: .6rem 1.4rem; border: 0; border-radius: .6rem; background: var(--mark); color: var(--on-mark);
  font: inherit; font-weight: 600; cursor: pointer; }
button:hover { filter: brightness(1.08); }
input:focus-visible, button:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
.wrong { color: var(--wrong); font-size: .9375rem; }
@media (max-width: 30rem) { button { justify-self: stretch; } }
`;

const NEXT_STYLE = `
:root { --on-mark: #fff; }
@media (prefers-color-scheme: dark) { :root { --on-mark: #10211d; } }
.address { overflow-wrap: anywhere; }
.address b { color: var(--ink); font-weight: 600; }
.next { margin-top: 1.5rem; }
.next a { display: inline-block; padding: .6rem 1.4rem; border-radius: .6rem; background: var(--mark); color: var(--on-mark); font-weight: 600;
  text-align: center; text-decoration: none; }
.next a:hover { filter: brightness(1.08); }
.next a:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
@media (max-width: 30rem) { .next a { display: block; } }
`;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded, framed or sent anywhere. */
const plainPolicy = (styles: string) =>
  `default-src 'none'; style-src ${styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
const PLAIN_POLICY = plainPolicy(hashOf(STYLE));
const NEXT_POLICY = plainPolicy(`${hashOf(STYLE)} ${hashOf(NEXT_STYLE)}`);
/**
 * A form is sent to its own address, and from there on to the link's target: browsers apply form-action to that redirect, too (Chromium 156
 * blocks it under 'self'), and the target must not be told here.
 */
const FORM_POLICY =
  `default-src 'none'; style-src ${hashOf(STYLE)} ${hashOf(FORM_STYLE)}; base-uri 'none'; ` +
  `form-action 'self' http: https:; frame-ancestors 'none'`;

/** What only a page with a script of its own has. */
export type Scripted = { style: string; script: string; policy: string };

/** Made once for each kind of page: its policy allows this very style and script, and nothing else. @param style beside that of forms */
export function scriptedOf(style: string, script: string): Scripted {
  const whole = FORM_STYLE + style;
  const policy =
    `default-src 'none'; style-src ${hashOf(STYLE)} ${hashOf(whole)}; script-src ${hashOf(script)}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return { style: whole, script, policy };
}

const COMMON_HEADERS: Page['headers'] = [
  ['Cache-Control', 'private, no-store'],
  ['X-Content-Type-Options', 'nosniff'],
];

const htmlHeaders = (policy: string): Page['headers'] => [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Security-Policy', policy],
  ['Referrer-Policy', 'no-referrer'],
];

const statusLine = (status: number) => `${status} ${STATUS_CODES[status]}`;

/** Everything is HTML, of our own writing: nothing is escaped. */
export type HtmlParts = {
  status: number;
  language: Locale;
  mark: string;
  title: string;
  text: string;
  form?: string;
  /** Where to go on. Not together with a form. */
  next?: { href: string; label: string };
  /** What a script works with. Neither together with a form nor with `next`. */
  scripted?: Scripted & { html: string };
  headers?: Page['headers'];
};

export function htmlPage({ status, language, mark, title, text, form, next, scripted, headers = [] }: HtmlParts): Page {
  const more = moreOf(form, next, scripted);
  const body = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>${more === null ? '' : `\n<style>${more.style}</style>`}
</head>
<body>
<main>
<p class="mark">${mark}</p>
<h1>${title}</h1>
<p>${text}</p>${more === null ? '' : `\n${more.html}`}
</main>
</body>
</html>
`;
  return {
    status: statusLine(status),
    headers: [...htmlHeaders(more?.policy ?? PLAIN_POLICY), ...COMMON_HEADERS, ...headers],
    body: Buffer.from(body),
  };
}

/** What follows the text, with the look and the policy that it needs. */
function moreOf(
  form: string | undefined,
  next: HtmlParts['next'],
  scripted: HtmlParts['scripted'],
): { html: string; style: string; policy: string } | null {
  if (scripted !== undefined) return { ...scripted, html: `${scripted.html}\n<script>${scripted.script}</script>` };
  if (form !== undefined) return { html: form, style: FORM_STYLE, policy: FORM_POLICY };
  if (next === undefined) return null;
  return { html: `<p class="next"><a href="${next.href}" rel="nofollow">${next.label}</a></p>`, style: NEXT_STYLE, policy: NEXT_POLICY };
}

export function problemPage(code: FailureCode, message: string, headers: Page['headers'] = []): Page {
  const { status } = PROBLEMS[code];
  return {
    status: statusLine(status),
    headers: [['Content-Type', PROBLEM_TYPE], ...COMMON_HEADERS, ...headers],
    body: Buffer.from(JSON.stringify(problemOf({ code, message, errors: [] }))),
  };
}

/** @param target `URL.href`: it cannot hold CR or LF. Not to be cached by anyone, so that an edit is seen at the next click */
export const redirectPage = (status: 302 | 303, target: string, headers: Page['headers'] = []): Page => ({
  status: statusLine(status),
  headers: [['Location', target], ['Cache-Control', 'private, no-store'], ...headers],
  body: new Uint8Array(),
});

/** The page as the answer of a route. */
export const pageReply = ({ status, headers, body }: Page): Reply => ({
  status: Number.parseInt(status, 10),
  headers: Object.fromEntries(headers),
  body,
});

/**
 * The live feed: a WebSocket that says how the numbers change. After a break it is opened again, at growing intervals, and what was missed
 * comes with the first message.
 *
 *   connecting ──► live ──► lost ──► connecting …        closed when nobody looks
 */
import { signal } from '@preact/signals';
import { freshToken } from '../../api/client.ts';
import { readLimits, watchWindows } from './link-states.ts';
import { dashboard, loadPanel } from './panel.ts';

export const liveState = signal<'connecting' | 'live' | 'lost'>('connecting');

/** Figures of a link that have changed. */
type LiveFigures = { clicks: number; repeatClicks: number; clicksToday: number; repeatClicksToday: number; hours: number[] };
type Message = { type: 'snapshot' | 'delta'; seq: number; links?: Record<string, Partial<LiveFigures>>; gone?: string[] };

/** Why the server closes it: tokens are good for some minutes only (docs/api.md). */
const UNAUTHENTICATED = 4401;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

let socket: WebSocket | null = null;
let waitMs = FIRST_WAIT_MS;
let timer = 0;
let lastSeq: number | null = null;
/** Which watch it is: what an earlier one still waits for is not done any more. */
let watch = 0;
/** The token of the last connection was good no longer. */
let isTokenOver = false;

/** @returns closes it */
export function watchLive(): () => void {
  watch++;
  void open();
  const stopWindows = watchWindows();
  return () => {
    stopWindows();
    clearTimeout(timer);
    watch++;
    const closing = socket;
    socket = null;
    if (closing !== null) close(closing);
    lastSeq = null;
    liveState.value = 'connecting';
  };
}

/** One that is not open yet is closed as soon as it is: browsers put earlier closing down as an error. */
function close(closing: WebSocket): void {
  if (closing.readyState === WebSocket.CONNECTING) closing.onopen = () => closing.close();
  else closing.close();
}

async function open(): Promise<void> {
  const mine = watch;
  const token = await freshToken({ refused: isTokenOver }).catch(() => null); // the server is away: tried again like a broken connection
  if (mine !== watch) return;
  isTokenOver = false;
  const address = new URL('api/v1/live', document.baseURI);
  address.protocol = address.protocol.replace('http', 'ws');
  const opened = new WebSocket(address);
  socket = opened;
  opened.onopen = () => {
    opened.send(JSON.stringify({ type: 'auth', token }));
    opened.send(JSON.stringify({ type: 'subscribe', links: 'all', ...(lastSeq === null ? {} : { since: lastSeq }) }));
  };
  opened.onmessage = ({ data }) => receive(JSON.parse(data) as Message);
  opened.onclose = ({ code }) => {
    if (socket !== opened) return;
    isTokenOver = code === UNAUTHENTICATED;
    reconnect();
  };
}

function receive(message: Message): void {
  if (message.type !== 'snapshot' && message.type !== 'delta') return;
  if (liveState.value === 'lost') void loadPanel(); // links may have been made or edited meanwhile
  waitMs = FIRST_WAIT_MS;
  liveState.value = 'live';
  lastSeq = message.seq;
  const changed = message.links ?? {};
  if (isOfOthers(message)) void loadPanel(); // made, renamed or deleted elsewhere
  if (dashboard.value === null || Object.keys(changed).length === 0) return;
  dashboard.value = {
    ...dashboard.value,
    links: dashboard.value.links.map((link) => (changed[link.slug] === undefined ? link : { ...link, ...changed[link.slug] })),
  };
  if (message.type === 'delta') readLimits(Object.keys(changed));
}

/** Whether it speaks of links that this page does not show, or shows and no longer should. */
function isOfOthers({ type, links = {}, gone = [] }: Message): boolean {
  if (type !== 'delta' || dashboard.value === null) return false;
  const shown = new Set(dashboard.value.links.map(({ slug }) => slug));
  return Object.keys(links).some((slug) => !shown.has(slug)) || gone.some((slug) => shown.has(slug));
}

function reconnect(): void {
  liveState.value = 'lost';
  timer = setTimeout(() => void open(), waitMs);
  waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
}

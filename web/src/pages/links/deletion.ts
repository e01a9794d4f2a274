/** Deleting with a way back: the server is asked when the time to take it back is over, or the page is left. */
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { toast } from '../../components/toasts.tsx';
import { dropLinks, leaving } from './panel.ts';
import { links } from './words.ts';

/** Long enough to get there by keyboard. */
const UNDO_MS = 10_000;
/** Of one request: BULK_MAX_LINKS of core/api/links.ts, which would bring zod along. */
const SLUGS_MAX = 1_000;
/** Browsers let 64 KiB at a time outlive a page, and refuse more. Slugs are ASCII. */
const KEEPALIVE_MAX = 60_000;

type Waiting = { slugs: readonly string[]; timer: number; hide: () => void };

const waiting = new Set<Waiting>();

export function deleteLinks(slugs: readonly string[]): void {
  leaving.value = new Set([...leaving.value, ...slugs]);
  const entry: Waiting = { slugs, timer: 0, hide: () => undefined };
  entry.hide = toast(
    links.value.deleted(slugs.length),
    {
      label: common.value.undo,
      run: () => {
        clearTimeout(entry.timer);
        waiting.delete(entry);
        bringBack(slugs);
      },
    },
    UNDO_MS,
  );
  entry.timer = setTimeout(() => void send(entry), UNDO_MS);
  waiting.add(entry);
}

function bringBack(slugs: readonly string[]): void {
  leaving.value = new Set([...leaving.value].filter((slug) => !slugs.includes(slug)));
}

async function send(entry: Waiting): Promise<void> {
  waiting.delete(entry);
  clearTimeout(entry.timer);
  entry.hide();
  try {
    const keepalive = JSON.stringify(entry.slugs).length < KEEPALIVE_MAX;
    await Promise.all(requestsOf(entry.slugs).map((slugs) => remove(slugs, keepalive)));
  } catch (error) {
    toast(explain(error));
  }
  bringBack(entry.slugs);
}

function requestsOf(slugs: readonly string[]): (readonly string[])[] {
  return Array.from({ length: Math.ceil(slugs.length / SLUGS_MAX) }, (_, i) => slugs.slice(i * SLUGS_MAX, (i + 1) * SLUGS_MAX));
}

async function remove(slugs: readonly string[], keepalive: boolean): Promise<void> {
  await ask('POST', 'links/delete', { body: { slugs }, keepalive });
  dropLinks(new Set(slugs));
}

/** Deletes at once what could still be taken back: who signs out has no say any more afterwards. */
export async function sendWaiting(): Promise<void> {
  await Promise.all([...waiting].map(send));
}

addEventListener('pagehide', () => void sendWaiting());

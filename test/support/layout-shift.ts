/** How much a page moves while it loads, as Chromium counts it (Cumulative Layout Shift); what follows a key or a click is left out. */
import type { BrowserContext, Page } from 'playwright-core';

const WATCH = `{
  const nameOf = (node) => (node === null ? 'what is gone' : node.nodeName.toLowerCase() + '.' + (node.getAttribute?.('class') ?? ''));
  const boxOf = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
  const shifts = { sum: 0, moved: [] };
  const add = ({ value, hadRecentInput, sources }) => {
    if (hadRecentInput) return;
    shifts.sum += value;
    for (const { node, previousRect, currentRect } of sources) shifts.moved.push(nameOf(node) + ' from ' + boxOf(previousRect) + ' to ' + boxOf(currentRect));
  };
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(add));
  observer.observe({ type: 'layout-shift', buffered: true });
  globalThis.layoutShifts = () => {
    observer.takeRecords().forEach(add);
    return shifts;
  };
}`;

/** From the next page that is opened in it. */
export const watchShifts = (context: BrowserContext): Promise<unknown> => context.addInitScript(WATCH);

/** @returns since the page was opened; `moved`: each element, from and to which box */
export const shiftsOf = (page: Page): Promise<{ sum: number; moved: string[] }> => page.evaluate('layoutShifts()');

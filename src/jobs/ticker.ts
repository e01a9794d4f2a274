/** Calls a tick again and again, never twice at once; a failing tick is logged once until it succeeds again. */
import type { Component, Logger } from '../core/ports.ts';

/** @param pauseMs between the end of a tick and the next one */
export function startTicker(name: string, pauseMs: number, tick: () => Promise<void>, logger: Logger): Component<void> {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    try {
      await tick();
      if (failures > 0) logger.info({ ticker: name, failures }, 'works again');
      failures = 0;
    } catch (error) {
      if (failures++ === 0) logger.warn({ ticker: name, err: error }, 'failed; it is tried again');
    }
    if (!stopped) schedule();
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = run();
    }, pauseMs);
  }

  schedule();
  return {
    value: undefined,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

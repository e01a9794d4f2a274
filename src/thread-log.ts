/** The log of a thread; main is told of its warnings and errors, once a second. */
import type { MessagePort } from 'node:worker_threads';
import { createEventTally, watchedLogger } from './core/journal.ts';
import type { ToMain } from './core/messages.ts';
import type { Logger, LogLevel } from './core/ports.ts';
import { createLogger } from './logging.ts';

const TELL_EVERY_MS = 1_000;

export function openThreadLog(name: string, level: LogLevel, main: MessagePort): Logger {
  const events = createEventTally();
  const tell = () => {
    const list = events.list();
    if (list.length > 0) main.postMessage({ type: 'events', events: list } satisfies ToMain);
    events.clear();
  };
  setInterval(tell, TELL_EVERY_MS).unref();
  return watchedLogger(createLogger({ level, fields: { thread: name } }), name, Date.now, events.add);
}

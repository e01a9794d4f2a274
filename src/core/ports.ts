/**
 * The port types that join the folders: `http`, `actors`, `storage` and `jobs` know each other only through these and those of ports/.
 */

/** Milliseconds since the epoch. A parameter wherever time matters, so that tests can move it. */
export type Clock = () => number;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The part of pino's interface that elnk uses; one line per event. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Something opened: holders see `value`, whoever started it calls `stop`, once. */
export type Component<T> = { value: T; stop(): Promise<void> };

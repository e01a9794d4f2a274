/** The log: JSON lines on standard output, readable on a terminal. Secrets are cut out by the names of their fields. */
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Logger, LogLevel } from './core/ports.ts';

const SECRETS = [
  'password',
  'passwordHash',
  'secretKey',
  'apiKey',
  'token',
  'telegram',
  'statusToken',
  'authorization',
  'cookie',
  'databaseUrl',
  'redisUrl',
  'redisGuestUrl',
  'smtpUrl',
];
/** Fields are looked for at the top, and one and two levels below. */
const LEVELS = ['', '*.', '*.*.'];
const STANDARD_OUTPUT = 1;

export type LoggingOptions = {
  level: LogLevel;
  /** Put into every line: which thread, say. */
  fields?: Record<string, unknown>;
  destination?: pino.DestinationStream;
};

/** Writes at once: a line is out before the process may end. */
export function createLogger({ level, fields = {}, destination = standardOutput() }: LoggingOptions): Logger {
  return pino(
    {
      level,
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: LEVELS.flatMap((prefix) => SECRETS.map((name) => prefix + name)), censor: '***' },
    },
    destination,
  );
}

function standardOutput(): pino.DestinationStream {
  if (process.stdout.isTTY) return pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', sync: true });
  return pino.destination({ dest: STANDARD_OUTPUT, sync: true });
}

/** The JSON of what administrators see of the server itself; see common.ts. */
import { z } from 'zod';
import { JOB_STATES } from '../operations.ts';
import { DAY_MS } from '../zone.ts';
import { page } from './admin.ts';
import { count, instant } from './common.ts';

/** Days in one answer. */
export const COUNTER_DAYS_MAX = 366;

const day = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'must be a day as YYYY-MM-DD')
  .refine((text) => new Date(text).getTime() > 0 && new Date(text).toISOString().startsWith(text), 'must be a day there is')
  .meta({ format: 'date' });

export const counterQuerySchema = z
  .strictObject({
    from: day.optional().meta({ description: 'First UTC day; default: `to`' }),
    to: day.optional().meta({ description: 'Last UTC day; default: today' }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, { path: ['to'], message: 'must not be before from' })
  .refine(({ from, to }) => from === undefined || to === undefined || (Date.parse(to) - Date.parse(from)) / DAY_MS < COUNTER_DAYS_MAX, {
    path: ['from'],
    message: `must be at most ${COUNTER_DAYS_MAX} days`,
  });

export const counterDaysSchema = z
  .object({
    from: z.iso.date(),
    to: z.iso.date(),
    counters: z.array(z.object({ name: z.string(), kind: z.enum(['sum', 'max', 'newest']), en: z.string(), ru: z.string() })).meta({
      description: 'What there is, with labels. `max`: the largest of the day; `newest`: what nodes said last, the smallest of them',
    }),
    days: z.array(z.object({ day: z.iso.date(), counters: z.record(z.string(), z.number()) })).meta({
      description: 'Over all nodes. Today is as of now on the node that answers, and up to a minute old on the others',
    }),
  })
  .meta({ title: 'CounterDays' });
export type CounterDays = z.infer<typeof counterDaysSchema>;

const nodeStateSchema = z.object({
  uptimeSec: z.number(),
  ttlMs: z.number(),
  fronts: count,
  shards: count,
  backlogBytes: z.number(),
  backlogClicks: z.number(),
  clicksLost: z.number(),
  degraded: z.array(z.string()).meta({ description: 'Why it is not well; empty: it is' }),
  diskUsed: z.number().nullable().meta({ description: 'How full the file system of its data folder is, 0 to 1' }),
  logs: z
    .array(z.object({ name: z.string(), written: z.number(), stored: z.number() }))
    .meta({ description: 'Click logs: positions in bytes' }),
});

export const nodesSchema = z
  .object({
    data: z.array(
      nodeStateSchema.extend({
        node: z.string(),
        version: z.string(),
        startedAt: instant,
        seenAt: instant.meta({ description: 'What it has said last is of that time' }),
        health: z.enum(['running', 'stopped', 'silent']).meta({ description: '`silent`: it has said nothing for a minute' }),
      }),
    ),
  })
  .meta({ title: 'Nodes' });
export type Nodes = z.infer<typeof nodesSchema>;

export const jobQuerySchema = z.strictObject({
  ...page,
  state: z.enum(JOB_STATES).optional().meta({ description: '`failed`: it will be tried again; `dead`: it will not' }),
});

export const jobSchema = z
  .object({
    id: z.int().positive(),
    task: z.string(),
    state: z.enum(JOB_STATES),
    attempts: count,
    maxAttempts: count,
    runAt: instant,
    createdAt: instant,
    lastError: z.string().nullable(),
    lockedBy: z.string().nullable(),
    lockedAt: instant.nullable(),
    canRetry: z.boolean().meta({ description: 'False while it runs, and when what it carried was deleted, being secret' }),
  })
  .meta({ title: 'Job' });
export type JobJson = z.infer<typeof jobSchema>;

const workSchema = z.object({
  day: z.iso.date(),
  kind: z.enum(['job', 'maintenance']),
  name: z.string(),
  runs: count,
  failures: count,
  totalMs: z.number(),
  longestMs: z.number(),
  lastMs: z.number(),
  lastAt: instant,
  lastFailedAt: instant.nullable(),
  lastError: z.string().nullable(),
});

export const jobPageSchema = z
  .object({
    counts: z.object({ running: count, waiting: count, failed: count, dead: count }),
    data: z.array(jobSchema),
    nextCursor: z.string().nullable(),
    work: z
      .array(workSchema)
      .meta({ description: 'What ran in the last seven days, by UTC day, over all nodes; up to a minute old. On the first page only' }),
  })
  .meta({ title: 'JobPage' });
export type JobPage = z.infer<typeof jobPageSchema>;

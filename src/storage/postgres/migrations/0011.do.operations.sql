-- What a server tells those who run it. Whatever is counted here is kept for each node and UTC day as the sum of the present run of the node, written
-- anew each time, and that of the runs before it: a write that is repeated, because nobody knows whether it was committed, changes nothing.

CREATE TABLE server_counters (
  day     date NOT NULL,
  node    text NOT NULL,
  name    text COLLATE "C" NOT NULL, -- of core/counters.ts
  kind    text NOT NULL CHECK (kind IN ('sum', 'max', 'newest')),
  run     text NOT NULL,
  before  double precision NOT NULL,
  current double precision NOT NULL,
  total   double precision GENERATED ALWAYS AS (
    CASE kind WHEN 'sum' THEN before + current WHEN 'max' THEN greatest(before, current) ELSE current END
  ) STORED,
  PRIMARY KEY (day, node, name)
) WITH (fillfactor = 50);

-- Work in the background by the day: jobs and maintenance, with how long it took.
CREATE TABLE work_runs (
  day            date NOT NULL,
  node           text NOT NULL,
  run            text NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('job', 'maintenance')),
  name           text NOT NULL,
  runs           bigint NOT NULL,
  failures       bigint NOT NULL,
  total_ms       double precision NOT NULL,
  longest_ms     double precision NOT NULL,
  last_ms        double precision NOT NULL,
  last_at        timestamptz NOT NULL,
  last_failed_at timestamptz,
  last_error     text,
  PRIMARY KEY (day, node, run, kind, name)
) WITH (fillfactor = 50);

-- Warnings and errors of the log by the day, grouped. Texts are those of the program, without values.
CREATE TABLE server_events (
  day     date NOT NULL,
  node    text NOT NULL,
  run     text NOT NULL,
  level   text NOT NULL,
  place   text NOT NULL,
  message text NOT NULL,
  times   bigint NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (day, node, run, level, place, message)
) WITH (fillfactor = 50);

CREATE TABLE nodes (
  node       text PRIMARY KEY,
  version    text NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL DEFAULT now(),
  stopped_at timestamptz, -- of a clean stop
  state      jsonb NOT NULL
) WITH (fillfactor = 50);

-- Jobs that were given up and deleted with what they carried, because that was secret: what is left of them to be seen.
CREATE TABLE given_up_jobs (
  id         bigint PRIMARY KEY,
  task       text NOT NULL,
  attempts   integer NOT NULL,
  error      text NOT NULL,
  created_at timestamptz NOT NULL,
  given_up_at timestamptz NOT NULL DEFAULT now()
);

-- Messages to chats. The key makes one of all nodes; `sent` parts are not sent again by the next try.
CREATE TABLE telegram_messages (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        text NOT NULL UNIQUE,
  chat       text NOT NULL,
  parts      text[] NOT NULL,
  sent       integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- When an alert of a kind was last sent, by whichever node.
CREATE TABLE alerts (
  kind    text PRIMARY KEY,
  sent_at timestamptz NOT NULL
);

-- Rows of these tables are updated or deleted all the time. By default a fifth of a table is dead before it is vacuumed, which is much of a large one.
ALTER TABLE click_batches SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE link_days SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE link_totals SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
ALTER TABLE links SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE click_positions SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE fold_state SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE throttles SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE guest_links SET (autovacuum_vacuum_scale_factor = 0.05);

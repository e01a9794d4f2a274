-- Accounts and links, and the way of a click: stored in batches, folded into one document per link and day.

CREATE TABLE users (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email         text NOT NULL,
  password_hash text,
  is_admin      boolean NOT NULL DEFAULT false,
  plan          text NOT NULL DEFAULT 'regular' CHECK (plan IN ('regular', 'extended', 'unlimited')),
  time_zone     text NOT NULL DEFAULT 'UTC',
  locale        text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'ru')),
  confirmed_at  timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- A key is shown once; what is kept is its SHA-256 (keys are random, so a slow hash would protect nothing).
CREATE TABLE api_keys (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  name       text NOT NULL,
  prefix     text NOT NULL,
  hash       bytea NOT NULL UNIQUE,
  scopes     text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE links (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain     text NOT NULL DEFAULT '' COLLATE "C",
  slug       text NOT NULL COLLATE "C",
  owner_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  target     text NOT NULL,
  title      text,
  tags       text[] NOT NULL DEFAULT '{}',
  disabled   boolean NOT NULL DEFAULT false,
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (domain, slug)
);
CREATE INDEX links_owner ON links (owner_id, id DESC);

CREATE TABLE idempotency_keys (
  user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  key          text NOT NULL COLLATE "C",
  request_hash bytea NOT NULL,
  response     jsonb,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);

-- How far the click logs are stored. A batch moves its rows from the position it read from to the position behind its last click, in
-- the transaction that stores the clicks: a batch that was stored already finds the position moved and stores nothing.
CREATE TABLE click_positions (
  node     text NOT NULL,
  front    integer NOT NULL,
  shard    integer NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (node, front, shard)
) WITH (fillfactor = 50);

-- One row a batch; a fold takes those that are not folded. The upper 32 bits of an id are the epoch, which is the partition of `clicks`.
CREATE TABLE click_batches (
  id        bigint PRIMARY KEY,
  node      text NOT NULL,
  rows      integer NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  folded    boolean NOT NULL DEFAULT false
);
CREATE INDEX click_batches_unfolded ON click_batches (id) WHERE NOT folded;
CREATE SEQUENCE click_batch_numbers MAXVALUE 4294967295 CYCLE;

CREATE TABLE click_epoch (
  only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch      bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO click_epoch (epoch) VALUES (1);

-- Append-only; an epoch's partition is dropped whole when all its batches are folded. No index: one on (batch_id, link_id) more than doubled
-- the time of a COPY, and what is not folded yet stays small enough to scan. Columns in the order of core/copy-row.ts. Numbers of country, device, os, browser and language: core/click.ts, core/agent.ts.
CREATE TABLE clicks (
  batch_id   bigint NOT NULL,
  link_id    bigint NOT NULL,
  clicked_at timestamptz NOT NULL,
  visitor    bigint NOT NULL,
  day        date NOT NULL,
  country    smallint NOT NULL,
  device     smallint NOT NULL,
  os         smallint NOT NULL,
  browser    smallint NOT NULL,
  language   smallint NOT NULL,
  bot        boolean NOT NULL,
  seen       boolean NOT NULL,
  referrer   text NOT NULL
) PARTITION BY RANGE (batch_id);
CREATE TABLE clicks_1 PARTITION OF clicks FOR VALUES FROM (4294967296) TO (8589934592);

-- A click that Postgres refused, kept for a person to look at.
CREATE TABLE quarantined_clicks (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node      text NOT NULL,
  reason    text NOT NULL,
  copy_row  bytea NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now()
);

-- Who clicked what on which day, for three days: (day salt, link, address, user agent) hashed. Partitioned so that a day is dropped whole.
CREATE TABLE day_salts (
  day  date PRIMARY KEY,
  salt bytea NOT NULL
);
CREATE TABLE click_visitors (
  day     date NOT NULL,
  visitor bigint NOT NULL,
  PRIMARY KEY (day, visitor)
) PARTITION BY LIST (day);

-- What folding makes. The document's format: core/link-day-codec.ts.
CREATE TABLE link_days (
  link_id bigint NOT NULL,
  day     date NOT NULL,
  doc     bytea NOT NULL,
  PRIMARY KEY (link_id, day)
) WITH (fillfactor = 80);
ALTER TABLE link_days ALTER COLUMN doc SET STORAGE EXTERNAL;

CREATE TABLE link_totals (
  link_id bigint PRIMARY KEY,
  clicks  bigint NOT NULL,
  uniques bigint NOT NULL,
  bots    bigint NOT NULL
) WITH (fillfactor = 80);

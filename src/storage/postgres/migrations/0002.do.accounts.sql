-- Accounts that people sign in to: what tokens name them by, sessions, and tokens of mails.

-- The public id is what tokens name the user by: a new one makes every older token worthless.
ALTER TABLE users
  ADD COLUMN public_id     text NOT NULL DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 10),
  ADD COLUMN pending_email text,
  ADD COLUMN daily_report  boolean NOT NULL DEFAULT true,
  ADD COLUMN banned_at     timestamptz;
CREATE UNIQUE INDEX users_public_id ON users (public_id);

ALTER TABLE api_keys
  ADD COLUMN expires_at   timestamptz,
  ADD COLUMN last_used_at timestamptz;

-- One row a chain of refresh tokens, each of which may be used once. `generation` is that of the newest; an older one ends the chain.
CREATE TABLE sessions (
  id           text PRIMARY KEY,
  user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  generation   integer NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Tokens that a mail brings, each for one purpose and one use. Kept as SHA-256.
CREATE TABLE mail_tokens (
  hash       bytea PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  purpose    text NOT NULL CHECK (purpose IN ('confirm', 'reset', 'email')),
  email      text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose);

-- Tries that are counted, such as wrong passwords; in the form of rate-limiter-flexible, which also removes what is over.
CREATE TABLE throttles (
  key    varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);

-- What administrators do: hosts that no link may lead to, a switch, and the list of everything they did.

-- As core/blocked-hosts.ts writes them. Subdomains are blocked along.
CREATE TABLE blocked_hosts (
  host       text COLLATE "C" PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE server_settings (
  only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  registration_open boolean NOT NULL DEFAULT true
);
INSERT INTO server_settings DEFAULT VALUES;

-- One row an act, written in its transaction. Nothing is referred to: the list outlives accounts and links.
CREATE TABLE admin_acts (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  done_at     timestamptz NOT NULL DEFAULT now(),
  admin_id    bigint NOT NULL,
  admin_email text NOT NULL,
  action      text NOT NULL,
  subject_id  bigint,
  subject     text NOT NULL,
  changes     jsonb NOT NULL
);

-- The newest link that makes the first administrator. Kept as SHA-256.
CREATE TABLE setup_token (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  hash     bytea NOT NULL
);

CREATE INDEX users_administrators ON users (id) WHERE is_admin;

-- Searching for a part of a text. The extension is a trusted one, so whoever may create schemas may create it, too; where a Postgres comes
-- without it, searches read the whole table (docs/adr/0011-searching-by-trigrams.md).
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX links_search ON links USING gin (slug gin_trgm_ops, target gin_trgm_ops);
  CREATE INDEX users_search ON users USING gin (email gin_trgm_ops);
EXCEPTION
  WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN
    RAISE NOTICE 'pg_trgm cannot be created (%): searches are slow', SQLERRM;
END $$;

-- Room for new versions of a row on its own page: an update that leaves the page is entered into all indexes anew, the large one above, too.
ALTER TABLE links SET (fillfactor = 90);

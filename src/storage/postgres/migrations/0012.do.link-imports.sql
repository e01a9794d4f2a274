-- Files of links that are imported in the background: the file as it came, how far it is, and what is wrong with which line.

CREATE TABLE link_imports (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  -- uploading → waiting → running → done | failed; cancelled from any of the first three. After the last three the file is deleted.
  state       text NOT NULL DEFAULT 'uploading' CHECK (state IN ('uploading', 'waiting', 'running', 'done', 'failed', 'cancelled')),
  dry_run     boolean NOT NULL,
  encoding    text,
  bytes       bigint NOT NULL DEFAULT 0,
  bytes_done  bigint NOT NULL DEFAULT 0,
  rows_done   integer NOT NULL DEFAULT 0,
  imported    integer NOT NULL DEFAULT 0,
  refused     integer NOT NULL DEFAULT 0,
  ignored     text[] NOT NULL DEFAULT '{}', -- columns
  reason      text,                         -- why it failed
  created_at  timestamptz NOT NULL DEFAULT now(),
  touched_at  timestamptz NOT NULL DEFAULT now(), -- when somebody was at it
  finished_at timestamptz
);
CREATE INDEX link_imports_owner ON link_imports (owner_id, id);
CREATE INDEX link_imports_open ON link_imports (touched_at) WHERE finished_at IS NULL;

CREATE TABLE link_import_chunks (
  import_id bigint NOT NULL REFERENCES link_imports ON DELETE CASCADE,
  number    integer NOT NULL,
  bytes     bytea NOT NULL,
  PRIMARY KEY (import_id, number)
);
ALTER TABLE link_import_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE link_import_faults (
  import_id bigint NOT NULL REFERENCES link_imports ON DELETE CASCADE,
  line      integer NOT NULL,
  message   text NOT NULL,
  PRIMARY KEY (import_id, line)
);

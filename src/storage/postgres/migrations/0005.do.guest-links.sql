-- Guest links, on nodes without a Redis for them: made without an account, kept under a cap of bytes, what was not used for the longest
-- time goes first.

-- `bytes` is what counts against the cap: the texts, and 200 bytes that a row takes besides, with its index entries and the room that older
-- versions of rows take (measured with 100,000 targets of 80 bytes, a quarter of them touched: 200 a row).
CREATE TABLE guest_links (
  slug    text COLLATE "C" PRIMARY KEY,
  target  text NOT NULL,
  bytes   integer NOT NULL GENERATED ALWAYS AS (octet_length(slug) + octet_length(target) + 200) STORED,
  used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX guest_links_used ON guest_links (used_at, slug);

-- One row. `bytes` of all guest links: whoever makes or removes some has it locked, so that the sum is exact and the cap is never exceeded.
-- Where Redis has them: how many evictions of which of its runs are counted, so that of several nodes one counts each.
CREATE TABLE guest_usage (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  bytes           bigint NOT NULL DEFAULT 0,
  redis_run_id    text,
  redis_evictions bigint NOT NULL DEFAULT 0
);
INSERT INTO guest_usage DEFAULT VALUES;

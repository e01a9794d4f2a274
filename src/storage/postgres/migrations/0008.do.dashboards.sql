-- What a dashboard needs: folds are numbered, so that whoever keeps folded figures at hand knows whether they still hold and which have changed;
-- and a link's countries, devices and systems of all time are kept with its totals.

CREATE TABLE fold_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  folds    bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO fold_state (folds) VALUES (0);

ALTER TABLE link_totals
  ADD COLUMN fold   bigint NOT NULL DEFAULT 0, -- the last one that has changed the link
  ADD COLUMN facets bytea;                     -- a document without quarter-hours; null: of links that were folded before there were any
ALTER TABLE link_totals ALTER COLUMN facets SET STORAGE EXTERNAL;

-- Questions read the clicks of open batches only, which are the last pages of a partition. docs/adr/0012-a-block-range-index-on-clicks.md
CREATE INDEX clicks_batch ON clicks USING brin (batch_id) WITH (pages_per_range = 32);

-- The clicks of some links in a range of batches. A function, because it has settings of its own: of a partition that is growing all the time the planner
-- knows too little to choose the index.
CREATE FUNCTION clicks_between(first_batch bigint, last_batch bigint, links bigint[]) RETURNS SETOF clicks
LANGUAGE sql STABLE SET enable_seqscan = off
AS $$ SELECT * FROM clicks WHERE batch_id BETWEEN first_batch AND last_batch AND link_id = ANY (links) $$;

-- How far back the documents of link_days hold quarter-hours: those of days up to whole_through hold one number a day (jobs/retention.ts).
-- whole_target is as far as a pass that is under way will get; late_folds counts folds that have put quarter-hours into days up to there.
ALTER TABLE fold_state
  ADD COLUMN whole_through date NOT NULL DEFAULT date '1970-01-01',
  ADD COLUMN whole_target  date NOT NULL DEFAULT date '1970-01-01',
  ADD COLUMN late_folds    bigint NOT NULL DEFAULT 0;

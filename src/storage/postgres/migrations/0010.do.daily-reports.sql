-- Which daily reports were begun: one row an owner and day, written in the transaction that queues its job, so that there is at most one. Kept
-- for some days, see reports.ts.
CREATE TABLE daily_reports (
  user_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  day       date NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  -- Just before the mail server has the whole mail. From then on it may have been accepted, and it is not sent again unless the server says no.
  sent_at   timestamptz,
  PRIMARY KEY (user_id, day)
);
CREATE INDEX daily_reports_day ON daily_reports (day);

-- Whoever gets one: asked for at every quarter-hour, by zone.
CREATE INDEX users_daily_report ON users (time_zone) WHERE daily_report AND confirmed_at IS NOT NULL AND banned_at IS NULL;

-- Rules of links: a password, a number of clicks, a window of time, and where a link leads when it is over. A link without any is plain.

ALTER TABLE links
  ADD COLUMN password_hash text,
  ADD COLUMN max_clicks    integer CONSTRAINT links_max_clicks CHECK (max_clicks BETWEEN 1 AND 1000000000),
  -- Clicks granted under a limit. It only grows, and stays when the limit is changed; it may be above a limit that was lowered.
  ADD COLUMN clicks_used   integer NOT NULL DEFAULT 0 CONSTRAINT links_clicks_used CHECK (clicks_used >= 0),
  ADD COLUMN valid_from    timestamptz,
  ADD COLUMN expires_at    timestamptz,
  ADD COLUMN expired_url   text,
  ADD CONSTRAINT links_window CHECK (valid_from < expires_at);

-- Finding links among very many: by parts of a title, by tags, by state, and in several orders. Slugs and targets: migrations/0003.

-- pg_trgm takes letters to be what the C library of the database's locale takes for them; with the locale C, the one of the embedded Postgres,
-- that is ASCII only. So titles are indexed with Cyrillic letters written as Latin ones. Several may become one: whoever searches with this
-- compares the title itself, too.
CREATE FUNCTION ascii_letters(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(lower($1),
  'абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯіїєґўІЇЄҐЎ',
  'abvgdeejziyklmnoprstufhcqwx0y1349abvgdeejziyklmnoprstufhcqwx0y1349iieguiiegu');

DO $$
BEGIN
  CREATE INDEX links_title_search ON links USING gin (ascii_letters(title) gin_trgm_ops) WHERE title IS NOT NULL;
EXCEPTION
  WHEN undefined_object THEN
    RAISE NOTICE 'there is no pg_trgm (%): searches are slow', SQLERRM;
END $$;

CREATE INDEX links_tags ON links USING gin (tags) WHERE tags <> '{}';

-- The newest first. Of -id, because the planner takes the primary key for an order by id, and reads the links of all other owners with it.
CREATE INDEX links_newest ON links (owner_id, (-id));
-- By title without regard to capitals; those without one come last.
CREATE INDEX links_title ON links (owner_id, (lower(coalesce(title, chr(1114111))) COLLATE "C"), id);

-- States that are rare. No column that a click changes is in them: such an update stays on its page.
CREATE INDEX links_disabled ON links (owner_id, id) WHERE disabled;
CREATE INDEX links_beginning ON links (owner_id, valid_from) WHERE valid_from IS NOT NULL;
CREATE INDEX links_ending ON links (owner_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX links_limited ON links (owner_id, id) WHERE max_clicks IS NOT NULL;

-- Links in the order of their folded clicks: of all time (the period is -infinity) and of the last days of their owners' calendars. Written by
-- folds, which also remove days that are over. Apart from link_totals, so that the indexes on the clicks are no matter for those.
CREATE TABLE link_rankings (
  period   date NOT NULL,
  link_id  bigint NOT NULL,
  owner_id bigint NOT NULL,
  clicks   bigint NOT NULL,
  PRIMARY KEY (period, link_id)
) WITH (fillfactor = 80);
CREATE INDEX link_rankings_order ON link_rankings (owner_id, period, clicks, link_id);
INSERT INTO link_rankings (period, link_id, owner_id, clicks)
SELECT '-infinity', l.id, l.owner_id, t.clicks FROM link_totals t JOIN links l ON l.id = t.link_id WHERE t.clicks > 0;

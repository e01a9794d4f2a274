-- An address belongs to whoever has proved it (docs/adr/0008-an-address-is-proved-not-claimed.md): accounts that have not are no
-- hindrance to others with the same one, and nobody can tell from a registration whether there is one.
DROP INDEX users_email;
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE confirmed_at IS NOT NULL;
CREATE INDEX users_claimed_email ON users (lower(email), id) WHERE confirmed_at IS NULL;

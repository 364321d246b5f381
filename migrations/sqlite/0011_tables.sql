-- By which tables and rules what is stored was compared.

-- The tables of chrome, names and places by which what is compared of entries was made; empty before any were.
ALTER TABLE feed ADD COLUMN feature_tables TEXT NOT NULL DEFAULT '';
-- What is compared of entries below this number was made by other tables; NULL when none is left.
ALTER TABLE feed ADD COLUMN feature_below INTEGER;
-- The thresholds under which stories were last put together; empty before any were.
ALTER TABLE feed ADD COLUMN dedup_rules TEXT NOT NULL DEFAULT '';

-- What import and export need.

-- Start of the import that gave this story its id; none for stories of our own making. Stories that one file tells
-- apart stay apart while it is imported.
ALTER TABLE story ADD COLUMN import_ms INTEGER;
-- Entries in the order of first sight, as they are exported.
CREATE INDEX entry_first ON entry (seen_ms);

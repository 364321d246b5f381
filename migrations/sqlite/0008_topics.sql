-- Which rules told the topics of what is stored, and how far other rules have come.

-- The rules by which stored entries are labelled; empty before any were.
ALTER TABLE feed ADD COLUMN topic_rules TEXT NOT NULL DEFAULT '';
-- Entries below this number are still labelled by other rules; NULL when none are left.
ALTER TABLE feed ADD COLUMN topic_below INTEGER;

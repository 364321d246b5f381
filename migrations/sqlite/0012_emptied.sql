-- When stories last left for their age: lists are then shorter though nothing in them changed.
ALTER TABLE feed ADD COLUMN emptied_ms INTEGER NOT NULL DEFAULT 0;
UPDATE feed SET emptied_ms = coalesce((SELECT max(emptied_ms) FROM old_story), 0);

-- What is compared of entries stands beside them and leaves with the window; what is old keeps only what it is known by.

DROP TABLE shingle;

CREATE TABLE feature (
    entry_id      INTEGER PRIMARY KEY,
    published_ms  INTEGER NOT NULL,     -- the entry's time as compared
    keys          BLOB,                 -- what others find it by: 32 bits each, the lower bytes first; none: to be made
    bytes         BLOB NOT NULL         -- what is compared, encoded
) STRICT;
INSERT INTO feature (entry_id, published_ms, bytes)
    SELECT id, published_ms, features FROM entry WHERE features IS NOT NULL;
CREATE INDEX feature_time ON feature (published_ms, keys);
ALTER TABLE entry DROP COLUMN features;

-- The title stands in the index of candidates while it is compared, later only beside address or body.
DROP INDEX entry_title;

-- Since when only what it is known by is left of a story and its entries.
ALTER TABLE story ADD COLUMN emptied_ms INTEGER;
CREATE INDEX story_whole ON story (changed_ms) WHERE emptied_ms IS NULL;

-- Counts changes of what is compared of an entry that was there before.
ALTER TABLE feed ADD COLUMN revised_seq INTEGER NOT NULL DEFAULT 0;

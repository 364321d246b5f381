-- What the operator ruled about stories, where entries moved between them, and which stories are near one another.

-- The entry with which the story began; when the two are parted again, the id goes back to it.
ALTER TABLE story ADD COLUMN opened_by INTEGER;
UPDATE story SET opened_by = (SELECT min(id) FROM entry WHERE story_id = story.id AND rule = 'first');
CREATE INDEX story_merged ON story (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX story_opened ON story (opened_by) WHERE merged_into IS NOT NULL;

CREATE TABLE ruling (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,      -- split: these are two; join: these are one
    from_story  INTEGER NOT NULL,   -- split: the story that the entries left; join: the one that ended
    into_story  INTEGER NOT NULL,   -- split: the story that they have now; join: the one that goes on
    why         TEXT,               -- in the operator's words
    at_ms       INTEGER NOT NULL,
    undone_ms   INTEGER             -- when it was taken back
) STRICT;

-- The rulings in force, entry by entry. What was taken back leaves.
CREATE TABLE ruled (
    entry_a    INTEGER NOT NULL,    -- the smaller
    entry_b    INTEGER NOT NULL,
    kind       TEXT NOT NULL,       -- as in `ruling`
    ruling_id  INTEGER NOT NULL REFERENCES ruling (id),
    PRIMARY KEY (entry_a, entry_b)
) STRICT, WITHOUT ROWID;
CREATE INDEX ruled_b ON ruled (entry_b);
CREATE INDEX ruled_by ON ruled (ruling_id);

-- Entries that came into another story than the one they stood in.
CREATE TABLE moved (
    id          INTEGER PRIMARY KEY,
    entry_id    INTEGER NOT NULL,
    from_story  INTEGER NOT NULL,
    into_story  INTEGER NOT NULL,
    cause       TEXT NOT NULL,      -- arrival: an entry showed that the two are one; ruling; replay: today's rules
    by_entry    INTEGER,            -- that entry
    ruling_id   INTEGER,            -- that ruling
    at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX moved_entry ON moved (entry_id);
CREATE INDEX moved_ruling ON moved (ruling_id) WHERE ruling_id IS NOT NULL;

-- Stories that are near others and yet not the same: round-ups, near misses. The younger names the older.
CREATE TABLE related (
    story_id  INTEGER NOT NULL,
    other_id  INTEGER NOT NULL,
    likeness  REAL NOT NULL,        -- containment, 0 to 1
    PRIMARY KEY (story_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX related_other ON related (other_id);

-- Further ids under which a source gave an entry, after it had changed them all.
CREATE TABLE alias (
    source_key       TEXT NOT NULL,
    source_entry_id  TEXT NOT NULL,
    entry_id         INTEGER NOT NULL,
    former_url       TEXT NOT NULL,     -- where people read it until then
    at_ms            INTEGER NOT NULL,
    PRIMARY KEY (source_key, source_entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_entry ON alias (entry_id);

-- What is said of an entry or a story goes with it.
CREATE TRIGGER entry_purged AFTER DELETE ON entry BEGIN
    DELETE FROM ruled WHERE entry_a = old.id OR entry_b = old.id;
    DELETE FROM moved WHERE entry_id = old.id;
    DELETE FROM alias WHERE entry_id = old.id;
END;
CREATE TRIGGER story_purged AFTER DELETE ON story BEGIN
    DELETE FROM related WHERE story_id = old.id OR other_id = old.id;
END;

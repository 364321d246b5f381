-- What is searched, and what programs need to go on reading where they stopped.

-- Terms of each story that readers can see, made by the program. A row's number is the story's time of publication in
-- seconds, shifted by 30 bits, and its id, so that the newest are found first and times are ranges of it.
CREATE VIRTUAL TABLE story_text USING fts5 (
    title,                         -- of the entry that readers get
    body,                          -- its text, its bureau, and the titles of the other copies
    labels,                        -- the slices it is in, and one term that all have
    -- A single character is the beginning of a pair.
    prefix = '1', tokenize = 'ascii', content = '', contentless_delete = 1
);
-- Under which number a story stands there.
CREATE TABLE search_row (
    story_id  INTEGER PRIMARY KEY,
    number    INTEGER NOT NULL
) STRICT;
-- One row: how far the index follows the feed's count of changes.
CREATE TABLE search (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    version  INTEGER NOT NULL,     -- of the rules that make terms; with another one it is made anew
    seq      INTEGER NOT NULL      -- changes up to this count are in it
) STRICT;
INSERT INTO search (id, version, seq) VALUES (1, 0, 0);

-- Stretches of the feed's count of changes, each begun by opening the store. A cursor names the stretch in which its
-- change was made: after a restore, later stretches are unknown, and what one of them counted is not what is counted now.
CREATE TABLE stretch (
    after_seq  INTEGER PRIMARY KEY,  -- the count when it began
    name       TEXT NOT NULL         -- random
) STRICT;
INSERT INTO stretch (after_seq, name) VALUES (-1, lower(hex(randomblob(8))));

-- Slices that a story has been in before its latest change; that a row is here says that it changed at all.
CREATE TABLE label_before (
    story_id  INTEGER NOT NULL,
    label     TEXT NOT NULL,
    PRIMARY KEY (story_id, label)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER label_was AFTER DELETE ON label BEGIN
    INSERT OR IGNORE INTO label_before (story_id, label) VALUES (old.story_id, old.label);
END;

-- The latest change of a story that was let go of for its age: who reads from before it would miss that.
ALTER TABLE feed ADD COLUMN purged_seq INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER story_let_go AFTER DELETE ON story BEGIN
    UPDATE feed SET purged_seq = old.seq WHERE id = 1 AND purged_seq < old.seq;
    DELETE FROM story_text WHERE rowid = (SELECT number FROM search_row WHERE story_id = old.id);
    DELETE FROM search_row WHERE story_id = old.id;
    DELETE FROM label WHERE story_id = old.id;
    DELETE FROM label_before WHERE story_id = old.id;
END;

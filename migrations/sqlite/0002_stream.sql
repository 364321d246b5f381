-- What programs read in order of change, and what slices of the feed are found by.

-- The feed's count of changes when readers last saw this story change: the order in which programs read.
ALTER TABLE story ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
-- Short hash of the Atom id, for addresses.
ALTER TABLE story ADD COLUMN short_id TEXT NOT NULL DEFAULT '';
-- Of the entry that readers get: its province, and its topics as a JSON list.
ALTER TABLE story ADD COLUMN region TEXT;
ALTER TABLE story ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';
ALTER TABLE entry ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';
UPDATE story SET seq = (SELECT change_seq FROM feed) + id,
    region = (SELECT region FROM entry WHERE entry.id = story.canonical_id);
UPDATE feed SET change_seq = max(change_seq, coalesce((SELECT max(seq) FROM story), 0));
CREATE INDEX story_seq ON story (seq);
CREATE INDEX story_short ON story (short_id);
CREATE INDEX story_first ON story (first_ms);

-- Names this sequence of changes; another one after a restore, so that no program goes on at a wrong place.
ALTER TABLE feed ADD COLUMN epoch TEXT NOT NULL DEFAULT '';

-- Which slices a story is in: 'region:CN-JX', 'topic:safety', 'source:jx' for each entry's source.
CREATE TABLE label (
    label       TEXT NOT NULL,
    changed_ms  INTEGER NOT NULL,   -- the story's place in the window
    story_id    INTEGER NOT NULL,
    PRIMARY KEY (label, changed_ms, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_story ON label (story_id);
INSERT INTO label (label, changed_ms, story_id)
    SELECT 'region:' || region, changed_ms, id FROM story WHERE region IS NOT NULL
    UNION SELECT 'source:' || e.source_key, s.changed_ms, s.id FROM story s JOIN entry e ON e.story_id = s.id;

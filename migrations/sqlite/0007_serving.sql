-- What parts of the feed are served by.

-- When each state of the feed was published: a slice or an archive takes its own time from the newest change in it.
CREATE TABLE rendering (
    seq         INTEGER PRIMARY KEY,  -- the count of changes that it showed
    changed_ms  INTEGER NOT NULL      -- the feed's time then
) STRICT;
INSERT INTO rendering (seq, changed_ms) SELECT rendered_seq, changed_ms FROM feed;

CREATE INDEX story_withdrawn ON story (withdrawn_ms) WHERE withdrawn_ms IS NOT NULL;

-- Retention: of old stories only what they are known by is kept, beside what readers can see, so that nothing reads past it.

-- Never used: a story whose texts leave changes its table instead.
DROP INDEX story_whole;
ALTER TABLE story DROP COLUMN emptied_ms;

-- Stories whose texts were let go of. Their numbers and ids are never given again.
CREATE TABLE old_story (
    id            INTEGER PRIMARY KEY,
    atom_id       TEXT NOT NULL,
    short         INTEGER NOT NULL,   -- first 64 bits of the id's BLAKE3, as in addresses
    canonical_id  INTEGER NOT NULL,   -- the entry that readers got
    published_ms  INTEGER NOT NULL,
    first_ms      INTEGER NOT NULL,   -- first publication here
    emptied_ms    INTEGER NOT NULL,   -- when the texts left
    merged_into   INTEGER             -- the older story that it had turned out to be
) STRICT;
CREATE INDEX old_story_short ON old_story (short);

-- Their entries, and those that told one of them again. Hashes are the first 64 bits of a BLAKE3.
CREATE TABLE old_entry (
    id          INTEGER PRIMARY KEY,  -- one sequence with `entry`
    story_id    INTEGER NOT NULL,     -- of `old_story`
    source_key  TEXT NOT NULL,
    name        INTEGER NOT NULL,     -- hash of the source's key and the entry's id there
    url         TEXT NOT NULL,        -- where people read it
    address     INTEGER,              -- hash of the address for comparing
    title       TEXT NOT NULL,
    title_hash  INTEGER,              -- of the title for comparing; none without letters
    body        INTEGER,              -- of the body's letters; none when too short to tell anything
    region      TEXT,
    claimed_ms  INTEGER,              -- the publisher's time
    seen_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX old_entry_name ON old_entry (name);
CREATE INDEX old_entry_address ON old_entry (address) WHERE address IS NOT NULL;
CREATE INDEX old_entry_body ON old_entry (body) WHERE body IS NOT NULL;

-- Entries whose articles are still visited again.
CREATE INDEX entry_row ON entry (seen_ms) WHERE row IS NOT NULL;

-- Times are milliseconds of the Unix epoch (UTC), truth values 0 or 1, hashes BLAKE3.

CREATE TABLE source (
    key         TEXT PRIMARY KEY,  -- key in the configuration
    atom_id     TEXT NOT NULL,     -- id of the source in atom:source; given once
    name        TEXT NOT NULL,     -- name for people, as last configured
    url         TEXT NOT NULL,     -- address that is polled, as last configured
    updated_ms  INTEGER NOT NULL    -- when an entry of it last came or changed
) STRICT, WITHOUT ROWID;

CREATE TABLE story (
    id            INTEGER PRIMARY KEY,
    atom_id       TEXT NOT NULL UNIQUE,  -- given at first sight, never changed (RFC 4287 4.2.6)
    canonical_id  INTEGER NOT NULL,      -- the entry that readers get
    published_ms  INTEGER NOT NULL,      -- its time of publication, or of first sight
    precision     TEXT NOT NULL,         -- how exactly that is known: second, minute, day, seen
    updated_ms    INTEGER NOT NULL,      -- when what readers see last changed
    changed_ms    INTEGER NOT NULL,      -- places it in the feed's window; backlog counts by its time of publication
    first_ms      INTEGER NOT NULL,      -- first publication here
    withdrawn_ms  INTEGER,               -- when it was withdrawn, or merged
    merged_into   INTEGER                -- the older story that it turned out to be
) STRICT;
CREATE INDEX story_changed ON story (changed_ms);
CREATE INDEX story_published ON story (published_ms);

CREATE TABLE entry (
    id               INTEGER PRIMARY KEY,
    source_key       TEXT NOT NULL,
    source_entry_id  TEXT NOT NULL,     -- the source's own id, or the canonical address
    story_id         INTEGER NOT NULL REFERENCES story (id) DEFERRABLE INITIALLY DEFERRED,
    rule             TEXT NOT NULL,     -- what joined it to its story: first, same-address, same-body, same-title
    role             TEXT NOT NULL,     -- primary, national, paper, platform
    url              TEXT NOT NULL,     -- where people read it
    canonical_url    TEXT,              -- for comparing; none for a digest's stories
    upstream_id      TEXT,              -- an absolute IRI that the source gave as its id
    title            TEXT NOT NULL,
    title_key        TEXT NOT NULL,     -- normalised for comparing
    bureau           TEXT,              -- full official name
    region           TEXT,              -- ISO 3166-2
    claimed_ms       INTEGER,           -- the publisher's time of publication; start of the day when only that is known
    claimed_precision TEXT,
    published_ms     INTEGER NOT NULL,  -- as shown
    publisher_updated_ms INTEGER,       -- the publisher's own last change
    language         TEXT NOT NULL,
    summary          TEXT,
    content_html     TEXT NOT NULL,     -- sanitised
    content_text     TEXT NOT NULL,
    enclosures       TEXT NOT NULL,     -- JSON list of {url,type,length}
    body_hash        BLOB,              -- of the body's letters; none when too short to tell anything
    features         BLOB,              -- what is compared of it, encoded; leaves with the window
    evidence         TEXT,              -- why it stands in its story: comparisons at its arrival, JSON
    fingerprint      TEXT NOT NULL,     -- of what readers see, with the version of the rules
    row_hash         BLOB,              -- of the row that led to it
    row              TEXT,              -- that row, JSON; kept while its article is visited again
    seen_ms          INTEGER NOT NULL,  -- first sight
    changed_ms       INTEGER NOT NULL,  -- last change
    gone_ms          INTEGER,           -- since when the source says that it no longer exists
    UNIQUE (source_key, source_entry_id)
) STRICT;
CREATE INDEX entry_story ON entry (story_id);
CREATE INDEX entry_url ON entry (canonical_url) WHERE canonical_url IS NOT NULL;
CREATE INDEX entry_body ON entry (body_hash) WHERE body_hash IS NOT NULL;
CREATE INDEX entry_title ON entry (title_key);
CREATE INDEX entry_seen ON entry (source_key, seen_ms);

-- Sampled shingles and other keys under which entries that may tell the same are found; leave with the window.
CREATE TABLE shingle (
    h         INTEGER NOT NULL,
    entry_id  INTEGER NOT NULL,
    PRIMARY KEY (h, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE revision (
    id            INTEGER PRIMARY KEY,
    entry_id      INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
    replaced_ms   INTEGER NOT NULL,   -- when a newer text took its place
    title         TEXT NOT NULL,
    claimed_ms    INTEGER,
    content_html  TEXT NOT NULL,
    fingerprint   TEXT NOT NULL
) STRICT;
CREATE INDEX revision_entry ON revision (entry_id);

-- Rows of lists that are no entries: those whose article could not be had yet, and those that are no news.
CREATE TABLE pending (
    source_key       TEXT NOT NULL,
    source_entry_id  TEXT NOT NULL,
    row              TEXT NOT NULL,     -- the row as found, JSON
    state            TEXT NOT NULL,     -- retry, filling (published without its article), withheld, split (a digest's page)
    reason           TEXT NOT NULL,     -- in plain words
    n_failures       INTEGER NOT NULL,
    next_try_ms      INTEGER NOT NULL,
    seen_ms          INTEGER NOT NULL,
    PRIMARY KEY (source_key, source_entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE validator (
    source_key     TEXT NOT NULL,
    url            TEXT NOT NULL,     -- final address that sent them
    etag           TEXT,              -- byte for byte
    last_modified  TEXT,              -- byte for byte
    is_list        INTEGER NOT NULL,  -- 1: of the polled address, kept as long as the source; 0: of an article
    body_hash      BLOB NOT NULL,     -- for servers that answer 200 with the same body
    at_ms          INTEGER NOT NULL,
    PRIMARY KEY (source_key, url)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    id            INTEGER PRIMARY KEY,
    source_key    TEXT NOT NULL,
    url           TEXT NOT NULL,      -- effective address
    content_type  TEXT,
    body          BLOB NOT NULL,      -- zstd
    fetched_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX document_age ON document (fetched_ms);
CREATE INDEX document_url ON document (source_key, url);

CREATE TABLE poll (
    id            INTEGER PRIMARY KEY,
    source_key    TEXT NOT NULL,
    started_ms    INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    outcome       TEXT NOT NULL,      -- ok, unchanged, or the name of a fault
    state         TEXT NOT NULL,      -- ok, or the name of the fault or concern
    since_ms      INTEGER NOT NULL,   -- since when the source has been in that state
    message       TEXT NOT NULL,      -- the fault or concern in plain words
    rule          TEXT NOT NULL,      -- which rule gave the rows
    n_rows        INTEGER NOT NULL,
    n_new         INTEGER NOT NULL,
    n_updated     INTEGER NOT NULL,
    n_unchanged   INTEGER NOT NULL,
    n_pending     INTEGER NOT NULL,
    n_dated       INTEGER NOT NULL,   -- rows whose date was understood
    n_empty       INTEGER NOT NULL,   -- entries made that have no text
    n_bad         INTEGER NOT NULL,   -- polls in a row whose state was not ok, this one included
    n_failures    INTEGER NOT NULL,   -- in a row, this one included
    next_poll_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX poll_source ON poll (source_key, id);
CREATE INDEX poll_age ON poll (started_ms);

-- What the operator was told: breaks and recoveries.
CREATE TABLE alert (
    id          INTEGER PRIMARY KEY,
    source_key  TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    kind        TEXT NOT NULL,       -- broke, recovered
    state       TEXT NOT NULL,       -- what was wrong
    since_ms    INTEGER NOT NULL,    -- since when
    message     TEXT NOT NULL        -- in plain words
) STRICT;
CREATE INDEX alert_source ON alert (source_key, id);

-- robots.txt of each site, so that a restart does not ask for it again.
CREATE TABLE robots (
    origin      TEXT PRIMARY KEY,    -- scheme, host and port
    body        BLOB NOT NULL,       -- empty: everything is allowed
    fetched_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the state of the published feed.
CREATE TABLE feed (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    atom_id       TEXT NOT NULL,      -- given when the store was made
    change_seq    INTEGER NOT NULL,   -- counts committed changes that readers can see
    rendered_seq  INTEGER NOT NULL,   -- the count that `changed_ms` stands for
    changed_ms    INTEGER NOT NULL    -- the feed's `updated` and Last-Modified; moves a second or more each time
) STRICT;

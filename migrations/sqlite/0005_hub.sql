-- WebSub: who subscribes to our hub, which hubs we tell, and where we subscribe ourselves.

-- Requests to our hub whose callback has not said yet whether it means them.
CREATE TABLE hub_request (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: an answer that comes late finds nothing
    mode         TEXT NOT NULL,     -- subscribe, unsubscribe
    topic        TEXT NOT NULL,     -- address of the feed, as the subscriber wrote it
    path         TEXT NOT NULL,     -- its path and query below the public address
    callback     TEXT NOT NULL,     -- where it is to be delivered
    host         TEXT NOT NULL,     -- whose callback it is, for counting
    lease_s      INTEGER NOT NULL,  -- lease that is granted
    secret       TEXT,              -- what deliveries are signed with
    known        TEXT NOT NULL,     -- the feed's ETag at the request: what came after it is delivered
    n_tries      INTEGER NOT NULL,  -- how often the callback was asked
    next_try_ms  INTEGER NOT NULL,
    UNIQUE (topic, callback)
) STRICT;
CREATE INDEX hub_request_due ON hub_request (next_try_ms);

CREATE TABLE hub_subscription (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    topic         TEXT NOT NULL,
    path          TEXT NOT NULL,
    callback      TEXT NOT NULL,
    host          TEXT NOT NULL,
    secret        TEXT,
    ends_ms       INTEGER NOT NULL,  -- end of the lease
    delivered     TEXT NOT NULL,     -- ETag of the document that the subscriber took last
    delivered_ms  INTEGER,           -- when that was; none before the first
    took_ms       INTEGER,           -- how long its last answer took
    n_failures    INTEGER NOT NULL,  -- in a row
    failing_ms    INTEGER,           -- since when
    next_try_ms   INTEGER NOT NULL,
    message       TEXT NOT NULL,     -- what the last failure was
    UNIQUE (topic, callback)
) STRICT;
CREATE INDEX hub_subscription_path ON hub_subscription (path);
CREATE INDEX hub_subscription_end ON hub_subscription (ends_ms);

-- Other hubs that are told of changes.
CREATE TABLE hub_ping (
    hub          TEXT PRIMARY KEY,  -- its address
    told         TEXT NOT NULL,     -- ETag of the feed of which it was told last
    told_ms      INTEGER,
    n_failures   INTEGER NOT NULL,  -- in a row
    next_try_ms  INTEGER NOT NULL,
    message      TEXT NOT NULL      -- what the last failure was
) STRICT, WITHOUT ROWID;

-- Our own subscriptions at the hubs that sources offer.
CREATE TABLE hub_upstream (
    source_key  TEXT PRIMARY KEY,
    hub         TEXT NOT NULL,
    topic       TEXT NOT NULL,         -- the feed's own address, as the hub knows it
    token       TEXT NOT NULL UNIQUE,  -- last part of our callback; nobody can guess it
    secret      TEXT,                  -- what deliveries must be signed with
    state       TEXT NOT NULL,         -- offered, asked, active, denied, failing
    message     TEXT NOT NULL,         -- in plain words
    asked_ms    INTEGER,               -- when it was asked and has not verified yet
    next_ms     INTEGER NOT NULL,      -- when the hub is asked next
    ends_ms     INTEGER,               -- end of the lease
    n_failures  INTEGER NOT NULL,      -- in a row
    content_ms  INTEGER,               -- last delivery
    hinted_ms   INTEGER,               -- delivery for which the source has not been read yet
    missed_ms   INTEGER                -- when an ordinary poll last found what the hub had not told
) STRICT, WITHOUT ROWID;

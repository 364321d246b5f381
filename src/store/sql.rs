//! Every SQL statement, as constants with `$1` placeholders, each checked against a migrated database by a test.
//!
//! Rows are limited by sums (`LIMIT $2 + 0`): SQLite plans by the value of a plain parameter, and prepares the statement
//! anew whenever it is bound.

macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:literal;)+) => {
        $($(#[$meta])* pub(super) const $name: &str = $sql;)+
        /// All of them, for the test that has the database check each.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $sql)),+];
    };
}
pub(super) use statements;

statements! {
    FEED_CREATE = "INSERT INTO feed (id, atom_id, change_seq, rendered_seq, changed_ms) VALUES (1, $1, 0, 0, $2) \
        ON CONFLICT (id) DO NOTHING";
    FEED_STATE = "SELECT atom_id, change_seq, rendered_seq, changed_ms, epoch FROM feed WHERE id = 1";
    FEED_COUNT = "UPDATE feed SET change_seq = change_seq + $1 WHERE id = 1 RETURNING change_seq - $1";
    FEED_EPOCH = "UPDATE feed SET epoch = $1 WHERE id = 1 AND epoch = ''";
    // The stories that a batch changed, in the order of their change: their counts, and what slices find them by.
    STORY_COUNT = "UPDATE story SET seq = $2 + 1 + k.key, \
        region = (SELECT region FROM entry WHERE entry.id = canonical_id), \
        topics = coalesce((SELECT topics FROM entry WHERE entry.id = canonical_id), '[]') \
        FROM json_each($1) k WHERE story.id = k.value";
    LABELS_DROP = "DELETE FROM label WHERE story_id IN (SELECT value FROM json_each($1))";
    LABELS_KEEP = "INSERT INTO label (label, changed_ms, story_id) \
        SELECT 'region:' || s.region, s.changed_ms, s.id FROM json_each($1) k JOIN story s ON s.id = k.value \
        WHERE s.region IS NOT NULL \
        UNION SELECT 'topic:' || t.value, s.changed_ms, s.id FROM json_each($1) k JOIN story s ON s.id = k.value, json_each(s.topics) t \
        UNION SELECT 'source:' || e.source_key, s.changed_ms, s.id FROM json_each($1) k JOIN story s ON s.id = k.value \
        JOIN entry e ON e.story_id = s.id WHERE e.rule <> 'again' OR e.id = s.canonical_id";
    STORIES_UNNAMED = "SELECT id, atom_id FROM story WHERE short_id = '' LIMIT $1 + 0";
    STORY_NAME = "UPDATE story SET short_id = $2 WHERE id = $1";
    FEED_RENDERED = "UPDATE feed SET rendered_seq = $1, changed_ms = $2 WHERE id = 1 AND rendered_seq < $1";

    SOURCE_UPSERT = "INSERT INTO source (key, atom_id, name, url, updated_ms) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (key) DO UPDATE SET name = excluded.name, url = excluded.url, updated_ms = max(updated_ms, excluded.updated_ms)";

    // By the id that the entry was first seen under, or by one that its source gave it later.
    ENTRIES_KNOWN = "SELECT id, source_entry_id, story_id, url, fingerprint, row_hash, row, seen_ms, gone_ms, \
        (SELECT former_url FROM alias a WHERE a.entry_id = entry.id ORDER BY at_ms DESC LIMIT 1) AS former_url FROM entry \
        WHERE source_key = $1 AND source_entry_id IN (SELECT value FROM json_each($2)) \
        UNION ALL SELECT e.id, a.source_entry_id, e.story_id, e.url, e.fingerprint, e.row_hash, e.row, e.seen_ms, e.gone_ms, \
        a.former_url FROM alias a JOIN entry e ON e.id = a.entry_id \
        WHERE a.source_key = $1 AND a.source_entry_id IN (SELECT value FROM json_each($2))";
    ENTRIES_RECENT = "SELECT id, source_entry_id, story_id, url, fingerprint, row_hash, row, seen_ms, gone_ms FROM entry \
        WHERE source_key = $1 AND seen_ms >= $2 AND row IS NOT NULL ORDER BY seen_ms DESC LIMIT $3 + 0";
    ENTRY_ROW_HASH = "UPDATE entry SET row_hash = $2 WHERE id = $1";
    ENTRY_GONE = "UPDATE entry SET gone_ms = $2 WHERE id = $1";
    ENTRY_RETURNED = "UPDATE entry SET gone_ms = NULL WHERE id = $1";
    ENTRY_TELLINGS = "SELECT id, role, bureau, length(content_text) AS n_chars, seen_ms, published_ms, \
        claimed_precision, gone_ms, rule = 'correction' AS is_correction, rule = 'again' AS is_again \
        FROM entry WHERE story_id = $1 ORDER BY id";
    REVISION_KEEP = "INSERT INTO revision (entry_id, replaced_ms, title, claimed_ms, content_html, fingerprint) \
        SELECT id, $2, title, claimed_ms, content_html, fingerprint FROM entry WHERE id = $1";

    STORIES_NAMED = "SELECT atom_id FROM story WHERE atom_id IN (SELECT value FROM json_each($1))";
    STORY_CANONICAL = "SELECT canonical_id, published_ms, precision, updated_ms, withdrawn_ms FROM story WHERE id = $1";
    STORY_SHOW = "UPDATE story SET canonical_id = $2, published_ms = $3, precision = $4, \
        opened_by = coalesce(opened_by, $2) WHERE id = $1";
    STORY_CHANGE = "UPDATE story SET canonical_id = $2, published_ms = $3, precision = $4, updated_ms = $5, \
        changed_ms = $6, withdrawn_ms = NULL WHERE id = $1";
    STORY_WITHDRAW = "UPDATE story SET withdrawn_ms = $2, changed_ms = $2 WHERE id = $1";
    STORY_MERGE = "UPDATE story SET withdrawn_ms = $2, changed_ms = $2, merged_into = $3 WHERE id = $1";
    STORY_TAKE_ENTRIES = "UPDATE entry SET story_id = $2 WHERE story_id = $1";
    STORY_ALL_GONE = "SELECT count(*) FROM entry WHERE story_id = $1 AND gone_ms IS NULL";

    PENDING_DUE = "SELECT source_entry_id, row, state, reason, n_failures, next_try_ms, seen_ms FROM pending \
        WHERE source_key = $1 AND state IN ('retry', 'filling', 'accepted') AND next_try_ms <= $2 ORDER BY next_try_ms LIMIT $3 + 0";
    PENDING_KNOWN = "SELECT source_entry_id, state FROM pending \
        WHERE source_key = $1 AND source_entry_id IN (SELECT value FROM json_each($2))";
    PENDING_UPSERT = "INSERT INTO pending (source_key, source_entry_id, row, state, reason, n_failures, next_try_ms, \
        seen_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source_key, source_entry_id) DO UPDATE SET \
        row = excluded.row, state = excluded.state, reason = excluded.reason, n_failures = excluded.n_failures, \
        next_try_ms = excluded.next_try_ms";
    PENDING_DELETE = "DELETE FROM pending WHERE source_key = $1 AND source_entry_id = $2";
    PENDING_WITHHELD = "SELECT source_entry_id, reason FROM pending WHERE source_key = $1 AND state = 'withheld' \
        ORDER BY seen_ms DESC LIMIT $2 + 0";

    VALIDATOR_FIND = "SELECT url, etag, last_modified, body_hash FROM validator \
        WHERE source_key = $1 AND (url = $2 OR ($2 IS NULL AND is_list = 1))";
    VALIDATOR_KEEP = "INSERT INTO validator (source_key, url, etag, last_modified, body_hash, at_ms, is_list) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source_key, url) DO UPDATE SET etag = excluded.etag, \
        last_modified = excluded.last_modified, body_hash = excluded.body_hash, at_ms = excluded.at_ms, is_list = excluded.is_list";
    DOCUMENT_KEEP = "INSERT INTO document (source_key, url, content_type, body, fetched_ms) VALUES ($1, $2, $3, $4, $5)";

    DOCUMENTS_OF = "SELECT id, url, fetched_ms FROM document WHERE source_key = $1 ORDER BY id DESC LIMIT $2 + 0";
    DOCUMENT_BODY = "SELECT url, content_type, body FROM document WHERE id = $1";
    VALIDATORS_FORGET = "DELETE FROM validator WHERE source_key = $1 AND is_list = 1";

    HELD_BY_ID = "SELECT id, source_key, coalesce((SELECT a.source_entry_id FROM alias a WHERE a.entry_id = entry.id \
        AND a.source_key = $1 AND a.source_entry_id IN (SELECT value FROM json_each($2))), source_entry_id) AS source_entry_id, story_id, role, url, title, bureau, region, claimed_ms, \
        claimed_precision, publisher_updated_ms, language, summary, content_html, content_text, enclosures, topics, fingerprint, \
        row_hash, row, seen_ms, gone_ms FROM entry \
        WHERE source_key = $1 AND (source_entry_id IN (SELECT value FROM json_each($2)) OR id IN \
        (SELECT entry_id FROM alias WHERE source_key = $1 AND source_entry_id IN (SELECT value FROM json_each($2))))";
    HELD_AT = "SELECT id, source_key, source_entry_id, story_id, role, url, title, bureau, region, claimed_ms, \
        claimed_precision, publisher_updated_ms, language, summary, content_html, content_text, enclosures, topics, fingerprint, \
        row_hash, row, seen_ms, gone_ms FROM entry WHERE canonical_url = $2 AND source_key = $1 ORDER BY id";
    HELD_BETWEEN = "SELECT id, source_key, source_entry_id, story_id, role, url, title, bureau, region, claimed_ms, \
        claimed_precision, publisher_updated_ms, language, summary, content_html, content_text, enclosures, topics, fingerprint, \
        row_hash, row, seen_ms, gone_ms FROM entry \
        WHERE source_key = $1 AND source_entry_id >= $2 AND source_entry_id < $3 ORDER BY id";
    HELD_COUNT = "SELECT count(*) FROM entry WHERE source_key = $1";
    ENTRIES_BEFORE = "SELECT count(*), count(claimed_ms), count(bureau), count(nullif(content_text, '')), max(claimed_ms) \
        FROM (SELECT claimed_ms, bureau, content_text FROM entry WHERE source_key = $1 ORDER BY seen_ms DESC LIMIT $2 + 0)";
    PENDING_OF = "SELECT source_entry_id, row, state, reason, n_failures, next_try_ms, seen_ms FROM pending \
        WHERE source_key = $1 ORDER BY seen_ms DESC LIMIT $2 + 0";

    POLL_KEEP = "INSERT INTO poll (source_key, started_ms, duration_ms, outcome, state, since_ms, message, rule, n_rows, \
        n_new, n_updated, n_unchanged, n_pending, n_dated, n_empty, n_bad, n_failures, next_poll_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    POLLS_LATEST = "SELECT * FROM poll WHERE id IN (SELECT max(id) FROM poll GROUP BY source_key)";
    POLLS_OF = "SELECT * FROM poll WHERE source_key = $1 ORDER BY id DESC LIMIT $2 + 0";
    POLLS_READ = "SELECT * FROM poll WHERE source_key = $1 AND outcome = 'ok' ORDER BY id DESC LIMIT $2 + 0";
    ALERT_KEEP = "INSERT INTO alert (source_key, at_ms, kind, state, since_ms, message) VALUES ($1, $2, $3, $4, $5, $6)";
    ALERTS_RECENT = "SELECT id, source_key, at_ms, kind, state, since_ms, message FROM alert ORDER BY id DESC LIMIT $1 + 0";
    ROBOTS_ALL = "SELECT origin, body, fetched_ms FROM robots";
    ROBOTS_KEEP = "INSERT INTO robots (origin, body, fetched_ms) VALUES ($1, $2, $3) ON CONFLICT (origin) DO UPDATE SET \
        body = excluded.body, fetched_ms = excluded.fetched_ms";
    POLL_SUCCEEDED = "SELECT max(started_ms) FROM poll WHERE source_key = $1 AND outcome IN ('ok', 'unchanged')";
    POLL_ROWS_BEFORE = "SELECT max(n_rows) FROM (SELECT n_rows FROM poll WHERE source_key = $1 AND outcome = 'ok' \
        ORDER BY id DESC LIMIT 20)";

    WINDOW_COPIES = "SELECT e.id, e.story_id, e.source_key, e.source_entry_id, e.role, e.url, e.title, e.bureau, e.region, \
        e.claimed_ms, e.claimed_precision, e.published_ms, e.publisher_updated_ms, e.language, e.summary, \
        CASE WHEN e.id = s.canonical_id THEN e.content_html ELSE '' END AS content_html, \
        CASE WHEN e.id = s.canonical_id THEN e.content_text ELSE '' END AS content_text, \
        e.enclosures, e.topics, e.body_hash, e.seen_ms, o.name AS source_name, o.url AS source_url, o.atom_id AS source_atom_id, \
        max(e.seen_ms, e.changed_ms) AS source_updated_ms \
        FROM entry e JOIN story s ON s.id = e.story_id JOIN source o ON o.key = e.source_key \
        WHERE e.story_id IN (SELECT value FROM json_each($1)) AND (e.rule <> 'again' OR e.id = s.canonical_id) \
        ORDER BY e.story_id, e.id";
    WINDOW_OLDEST = "SELECT min(changed_ms) FROM (SELECT changed_ms FROM story WHERE withdrawn_ms IS NULL \
        ORDER BY changed_ms DESC LIMIT $1 + 0)";
    // By indexes: stories themselves are not read.
    COUNTS = "SELECT (SELECT count(*) FROM story) - (SELECT count(*) FROM story WHERE withdrawn_ms IS NOT NULL), \
        (SELECT count(*) FROM entry), \
        (SELECT count(*) FROM revision)";
}

-- What the addresses that issues link to came to when they were last tried. All of it can be found out again.
CREATE TABLE links (
    url      TEXT PRIMARY KEY,
    tried_at INTEGER NOT NULL,  -- microseconds since the epoch
    state    TEXT NOT NULL      -- JSON
) STRICT, WITHOUT ROWID;

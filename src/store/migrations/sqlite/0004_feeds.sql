-- The feeds that issues take items from.
CREATE TABLE feeds (
    url   TEXT PRIMARY KEY,
    state TEXT NOT NULL          -- JSON
) STRICT, WITHOUT ROWID;

-- Their items. Which issue has an item cannot be found out again.
CREATE TABLE feed_items (
    feed       TEXT NOT NULL,
    key        TEXT NOT NULL,    -- what the feed calls it
    first_seen INTEGER NOT NULL, -- microseconds since the epoch
    last_seen  INTEGER NOT NULL,
    carried_by TEXT,             -- the issue that has it
    item       TEXT NOT NULL,    -- JSON; the columns above count for more
    PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_items_carried ON feed_items (carried_by) WHERE carried_by IS NOT NULL;

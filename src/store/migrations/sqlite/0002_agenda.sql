-- What is decided about an issue before its mailing is open: what editors were shown, what they approved, what is held.
--
-- Every time is a count of microseconds since 1970-01-01T00:00:00Z.
-- A means is 0 link, 1 command. A cause is 0 late, 1 a person's word, 2 cancelled: the graver has the greater number.

-- Every edition that editors were shown. The greatest number is the latest, whatever the clock said; an edition that is
-- shown again gets a new one. `draft` is a hash of the bytes that it was made of. `archived` and `lists` hold, as JSON,
-- what a mailing needs beside the edition, and are NULL once a later proof has taken its place; an edition that nobody
-- approved and no mailing has is then gone, and named without a foreign key for that reason.
CREATE TABLE proofs (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    issue    TEXT NOT NULL,
    edition  TEXT NOT NULL,
    draft    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    archived TEXT,
    lists    TEXT,
    UNIQUE (issue, edition),
    CHECK ((archived IS NULL) = (lists IS NULL))
) STRICT;

-- Who approved which edition. Two spellings of one address have the same key.
CREATE TABLE approvals (
    issue      TEXT NOT NULL,
    edition    TEXT NOT NULL,
    editor_key TEXT NOT NULL,
    editor     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    means      INTEGER NOT NULL CHECK (means BETWEEN 0 AND 1),
    PRIMARY KEY (issue, edition, editor_key)
) STRICT, WITHOUT ROWID;

-- Issues that must not go out until somebody lets them.
CREATE TABLE holds (
    issue  TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    cause  INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 2)
) STRICT, WITHOUT ROWID;

-- When the hold of an issue was last lifted.
CREATE TABLE lifted (
    issue TEXT PRIMARY KEY,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Words that are told once, over restarts and nodes.
CREATE TABLE told (
    what TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- On which machine this database is at home: at most one row.
CREATE TABLE home (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    name TEXT NOT NULL
) STRICT;

-- Readers, their consent, what is out, and the ledger of every delivery.
--
-- Every time is a count of microseconds since 1970-01-01T00:00:00Z.
-- A standing is 0 pending, 1 confirmed, 2 ended.
-- A fate is 0 queued, 1 claimed, 2 submitting, 3 accepted, 4 deferred, 5 refused, 6 expired, 7 withheld, 8 doubtful.

-- What a reader may subscribe to. Unsubscribe tokens carry the number, so it is never given twice.
CREATE TABLE lists (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

-- Persons known by an address. Two spellings of one address have the same key. Ids are never given twice.
CREATE TABLE subscribers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    address     TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    name        TEXT,
    since       INTEGER NOT NULL
) STRICT;

-- Where each subscriber stands on each list that they ever were on.
CREATE TABLE subscriptions (
    subscriber INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    list       INTEGER NOT NULL REFERENCES lists (number),
    standing   INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 2),
    since      INTEGER NOT NULL,
    PRIMARY KEY (subscriber, list)
) STRICT, WITHOUT ROWID;

-- Pages through the readers of one list, and counts a list without touching the table.
CREATE INDEX subscriptions_by_list
    ON subscriptions (list, subscriber, standing);

-- Every change of a standing and how we know of it. Lines are added and, when a person is erased, removed; never altered.
-- `since` is when the subscription began as the source tells it, where it tells.
CREATE TABLE consents (
    id         INTEGER PRIMARY KEY,
    subscriber INTEGER NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    list       INTEGER NOT NULL REFERENCES lists (number),
    standing   INTEGER NOT NULL CHECK (standing BETWEEN 0 AND 2),
    at         INTEGER NOT NULL,
    since      INTEGER,
    channel    TEXT NOT NULL,
    detail     TEXT NOT NULL
) STRICT;

CREATE INDEX consents_by_subscriber
    ON consents (subscriber);

CREATE TRIGGER consents_stay_as_written
BEFORE UPDATE ON consents
BEGIN
    SELECT RAISE(ABORT, 'a consent line is never altered');
END;

-- Addresses that we will not write to, and why. Keyed by address, so that a line outlives the subscriber that it is about.
CREATE TABLE suppressions (
    address_key TEXT PRIMARY KEY,
    at          INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Frozen editions, as JSON, by the hash that approvals and mailings name them by.
CREATE TABLE editions (
    hash    TEXT PRIMARY KEY,
    edition TEXT NOT NULL
) STRICT;

-- One edition to its lists. That `issue` is unique is what makes an issue go out once.
-- `archived` holds, as JSON, what goes on the shelf when the mailing is finished, and is NULL from then on.
CREATE TABLE mailings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    issue       TEXT NOT NULL UNIQUE,
    edition     TEXT NOT NULL REFERENCES editions (hash),
    archived    TEXT,
    opened_at   INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- The lists of a mailing in their order: the first that a reader is on gives the unsubscribe link.
CREATE TABLE mailing_lists (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    place   INTEGER NOT NULL,
    list    INTEGER NOT NULL REFERENCES lists (number),
    PRIMARY KEY (mailing, place),
    UNIQUE (mailing, list)
) STRICT, WITHOUT ROWID;

-- The ledger: one line for each reader of a mailing. It names the subscriber without a foreign key, because a line
-- outlives the person's row, and because removing a row would read the whole ledger to check the key.
-- `attempts` counts the tries that were begun; `next_at` is set while the fate is deferred.
CREATE TABLE deliveries (
    mailing          INTEGER NOT NULL REFERENCES mailings (id),
    subscriber       INTEGER NOT NULL,
    list             INTEGER NOT NULL REFERENCES lists (number),
    fate             INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 8),
    attempts         INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    next_at          INTEGER,
    changed_at       INTEGER,
    PRIMARY KEY (mailing, subscriber),
    CHECK ((fate = 4) = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What waits, and only that: a claim costs the same at the beginning and at the end of a million.
CREATE INDEX deliveries_queued
    ON deliveries (mailing, subscriber)
    WHERE fate = 0;

CREATE INDEX deliveries_deferred
    ON deliveries (mailing, next_at)
    WHERE fate = 4;

-- How many deliveries of a mailing have each fate, kept by the triggers below, so that a tally counts nothing.
CREATE TABLE tallies (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    fate    INTEGER NOT NULL,
    many    INTEGER NOT NULL,
    PRIMARY KEY (mailing, fate)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER mailings_begin_their_tally
AFTER INSERT ON mailings
BEGIN
    INSERT INTO tallies (mailing, fate, many)
    VALUES (NEW.id, 0, 0), (NEW.id, 1, 0), (NEW.id, 2, 0), (NEW.id, 3, 0), (NEW.id, 4, 0),
           (NEW.id, 5, 0), (NEW.id, 6, 0), (NEW.id, 7, 0), (NEW.id, 8, 0);
END;

CREATE TRIGGER deliveries_enter_the_tally
AFTER INSERT ON deliveries
BEGIN
    UPDATE tallies
    SET many = many + 1
    WHERE mailing = NEW.mailing AND fate = NEW.fate;
END;

CREATE TRIGGER deliveries_move_in_the_tally
AFTER UPDATE OF fate ON deliveries
WHEN OLD.fate <> NEW.fate
BEGIN
    UPDATE tallies
    SET many = many - 1
    WHERE mailing = OLD.mailing AND fate = OLD.fate;
    UPDATE tallies
    SET many = many + 1
    WHERE mailing = NEW.mailing AND fate = NEW.fate;
END;

CREATE TRIGGER deliveries_leave_the_tally
AFTER DELETE ON deliveries
BEGIN
    UPDATE tallies
    SET many = many - 1
    WHERE mailing = OLD.mailing AND fate = OLD.fate;
END;

-- One line for each try of a delivery: which relay, where in the conversation, and what it said.
-- `code` is NULL where no reply came; `said` then tells why.
CREATE TABLE attempts (
    mailing    INTEGER NOT NULL,
    subscriber INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    relay      TEXT NOT NULL,
    stage      TEXT NOT NULL,
    code       INTEGER,
    enhanced   TEXT,
    said       TEXT NOT NULL,
    fate       INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 8),
    PRIMARY KEY (mailing, subscriber, number),
    FOREIGN KEY (mailing, subscriber) REFERENCES deliveries (mailing, subscriber)
) STRICT, WITHOUT ROWID;

-- Issues that are out, as JSON.
CREATE TABLE back_issues (
    id    TEXT PRIMARY KEY,
    issue TEXT NOT NULL
) STRICT;

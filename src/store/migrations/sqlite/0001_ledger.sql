-- Readers, their consent, what is out, and the ledger of every delivery.
--
-- Every time is a count of microseconds since 1970-01-01T00:00:00Z.
-- A standing is 0 pending, 1 confirmed, 2 ended.
-- A fate is 0 queued, 1 claimed, 2 submitting, 3 accepted, 4 deferred, 5 refused, 6 expired, 7 withheld, 8 doubtful.
-- A wave is 0 seeds, 1 canary, 2 rest. A judgement is 0 nothing, 1 soft, 2 hard, 3 block.
-- A stage is 0 greeting, 1 auth, 2 mail, 3 rcpt, 4 data, 5 message.

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

-- Who keeps readers' mailboxes, and which relays were ever used: long names, kept in the ledger by a small number.
CREATE TABLE providers (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE relays (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- One edition to its lists. That `issue` is unique is what makes an issue go out once.
-- `archived` holds, as JSON, what goes on the shelf when the mailing is finished, and is NULL from then on.
-- `is_canaried` says whether somebody gets it before the others. `boot` names the run of the machine in which a node last took the mailing up.
CREATE TABLE mailings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    issue        TEXT NOT NULL UNIQUE,
    edition      TEXT NOT NULL REFERENCES editions (hash),
    archived     TEXT,
    opened_at    INTEGER NOT NULL,
    finished_at  INTEGER,
    cancelled_at INTEGER,
    is_canaried  INTEGER NOT NULL CHECK (is_canaried IN (0, 1)),
    canary_until INTEGER,
    boot         TEXT
) STRICT;

-- The lists of a mailing in their order: the first that a reader is on gives the unsubscribe link.
CREATE TABLE mailing_lists (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    place   INTEGER NOT NULL,
    list    INTEGER NOT NULL REFERENCES lists (number),
    PRIMARY KEY (mailing, place),
    UNIQUE (mailing, list)
) STRICT, WITHOUT ROWID;

-- What is paused: a mailing by its id (kind 0), a provider (1) or a relay (2) by its name. Without `until` a person
-- must resume it; `slow_to` is in messages a second.
CREATE TABLE pauses (
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    name    TEXT NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER,
    reason  TEXT NOT NULL,
    slow_to REAL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- The ledger: one line for each reader of a mailing. It names the subscriber without a foreign key, because a line
-- outlives the person's row, and because removing a row would read the whole ledger to check the key; the other numbers
-- without one, because they come from the tables that they name in the same transaction.
-- `attempts` counts the tries that were begun; `next_at` is set while the fate is deferred.
CREATE TABLE deliveries (
    mailing          INTEGER NOT NULL,
    subscriber       INTEGER NOT NULL,
    list             INTEGER NOT NULL,
    provider         INTEGER NOT NULL,
    wave             INTEGER NOT NULL CHECK (wave BETWEEN 0 AND 2),
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
    ON deliveries (mailing, wave, provider, subscriber)
    WHERE fate = 0;

CREATE INDEX deliveries_deferred
    ON deliveries (mailing, provider, next_at)
    WHERE fate = 4;

-- How many deliveries of a mailing have each fate, so that a tally counts nothing. Whoever changes a fate changes this
-- in the same transaction, once for many lines. `wave` tells the queued apart, and is 2 for every other fate.
CREATE TABLE tallies (
    mailing  INTEGER NOT NULL,
    provider INTEGER NOT NULL,
    fate     INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 8),
    wave     INTEGER NOT NULL CHECK (wave BETWEEN 0 AND 2),
    many     INTEGER NOT NULL CHECK (many >= 0),
    PRIMARY KEY (mailing, provider, fate, wave)
) STRICT, WITHOUT ROWID;

-- One line for each try of a delivery: which relay, where in the conversation, and what it said.
-- `code` is NULL where no reply came; `said` then tells why.
CREATE TABLE attempts (
    mailing    INTEGER NOT NULL,
    subscriber INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    relay      INTEGER NOT NULL,
    stage      INTEGER NOT NULL CHECK (stage BETWEEN 0 AND 5),
    code       INTEGER,
    enhanced   TEXT,
    said       TEXT NOT NULL,
    fate       INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 8),
    judgement  INTEGER NOT NULL CHECK (judgement BETWEEN 0 AND 3),
    PRIMARY KEY (mailing, subscriber, number)
) STRICT, WITHOUT ROWID;

-- Why tries were deferred, refused or let expire, counted as they are noted. `said` is what the first of them said.
-- A code of 0 means that no reply came, an empty `enhanced` that it had none: parts of a key must not be NULL.
CREATE TABLE reasons (
    mailing   INTEGER NOT NULL,
    provider  INTEGER NOT NULL,
    fate      INTEGER NOT NULL CHECK (fate BETWEEN 4 AND 6),
    judgement INTEGER NOT NULL CHECK (judgement BETWEEN 0 AND 3),
    code      INTEGER NOT NULL,
    enhanced  TEXT NOT NULL,
    said      TEXT NOT NULL,
    many      INTEGER NOT NULL,
    PRIMARY KEY (mailing, provider, fate, judgement, code, enhanced)
) STRICT, WITHOUT ROWID;

-- Tries that reached a server, counted as they are noted: what limits and warm-up must know after a restart.
CREATE TABLE traffic (
    minute   INTEGER NOT NULL,
    relay    INTEGER NOT NULL,
    provider INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    deferred INTEGER NOT NULL,
    hard     INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    PRIMARY KEY (minute, relay, provider)
) STRICT, WITHOUT ROWID;

-- Issues that are out, as JSON.
CREATE TABLE back_issues (
    id    TEXT PRIMARY KEY,
    issue TEXT NOT NULL
) STRICT;

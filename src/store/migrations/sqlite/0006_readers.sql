-- Who asked on a page to join, until they confirm or a week is over.
--
-- A line that was confirmed keeps nothing but its number and whose it became, so that the link can say so.
CREATE TABLE joinings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    asked_at    INTEGER NOT NULL,
    address     TEXT,
    address_key TEXT,
    name        TEXT,
    lists       TEXT NOT NULL,
    detail      TEXT NOT NULL,
    subscriber  INTEGER REFERENCES subscribers (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX joinings_by_age
    ON joinings (asked_at);

CREATE INDEX joinings_by_address
    ON joinings (address_key);

CREATE INDEX joinings_by_subscriber
    ON joinings (subscriber);

-- Whoever is erased has not asked for anything either.
CREATE TRIGGER joinings_go_with_their_subscriber
AFTER DELETE ON subscribers
BEGIN
    DELETE FROM joinings
    WHERE address_key = OLD.address_key;
END;

-- How often letters were asked for, by keyed hashes of address, network and domain: enough to stop who asks too often.
CREATE TABLE askings (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    address TEXT NOT NULL,
    network TEXT NOT NULL,
    domain  TEXT NOT NULL
) STRICT;

CREATE INDEX askings_by_age
    ON askings (at);

CREATE INDEX askings_by_address
    ON askings (address, at);

CREATE INDEX askings_by_network
    ON askings (network, at);

CREATE INDEX askings_by_domain
    ON askings (domain, at);

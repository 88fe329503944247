-- The shelf as the public reads it: files that came with issues, and a catalogue of what articles say and refer to.

-- A number that grows with whatever changes here: at most one row.
CREATE TABLE shelf (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    mark INTEGER NOT NULL
) STRICT;

INSERT INTO shelf (only, mark)
VALUES (1, 1);

-- Under which mark an issue was put on the shelf or changed last.
CREATE TABLE shelved (
    issue TEXT PRIMARY KEY,
    mark  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO shelved (issue, mark)
SELECT id, 1
FROM back_issues;

CREATE TRIGGER shelved_is_marked
AFTER INSERT ON back_issues
BEGIN
    UPDATE shelf SET mark = mark + 1;
    INSERT INTO shelved (issue, mark)
    VALUES (NEW.id, (SELECT mark FROM shelf));
END;

CREATE TRIGGER changed_is_marked
AFTER UPDATE ON back_issues
WHEN OLD.issue IS NOT NEW.issue
BEGIN
    UPDATE shelf SET mark = mark + 1;
    UPDATE shelved SET mark = (SELECT mark FROM shelf) WHERE issue = NEW.id;
END;

CREATE TRIGGER taken_off_is_marked
AFTER DELETE ON back_issues
BEGIN
    UPDATE shelf SET mark = mark + 1;
    DELETE FROM shelved WHERE issue = OLD.id;
    DELETE FROM catalogued WHERE issue = OLD.id;
END;

-- What is being mailed is public already, unless it is cancelled.
CREATE TRIGGER mailed_is_marked
AFTER INSERT ON mailings
BEGIN
    UPDATE shelf SET mark = mark + 1;
END;

CREATE TRIGGER withdrawn_is_marked
AFTER UPDATE OF cancelled_at ON mailings
BEGIN
    UPDATE shelf SET mark = mark + 1;
END;

-- Files, each of the same octets once. `digest` is hex SHA-256.
CREATE TABLE files (
    id     INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    octets INTEGER NOT NULL
) STRICT;

-- Their octets, in parts of 1,048,576 counted from 0.
CREATE TABLE file_parts (
    id     INTEGER PRIMARY KEY,
    file   INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    part   INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX file_parts_in_order
    ON file_parts (file, part);

-- Which files came with which issue. An issue's files may be here before it is out.
CREATE TABLE enclosures (
    issue  TEXT NOT NULL,
    name   TEXT NOT NULL,
    file   INTEGER NOT NULL REFERENCES files (id),
    width  INTEGER,
    height INTEGER,
    PRIMARY KEY (issue, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX enclosures_by_file
    ON enclosures (file);

CREATE TRIGGER enclosed_is_marked
AFTER INSERT ON enclosures
BEGIN
    UPDATE shelf SET mark = mark + 1;
END;

CREATE TRIGGER disclosed_is_marked
AFTER DELETE ON enclosures
BEGIN
    UPDATE shelf SET mark = mark + 1;
END;

-- Which issues are catalogued: by which version of the cataloguer, and as they stood under which mark.
CREATE TABLE catalogued (
    issue   TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    mark    INTEGER NOT NULL,
    day     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Their articles in reading order. Their numbers grow from the newest day to the oldest.
CREATE TABLE catalogued_articles (
    id    INTEGER PRIMARY KEY,
    issue TEXT NOT NULL REFERENCES catalogued (issue) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    slug  TEXT NOT NULL,
    title TEXT NOT NULL,
    text  TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX catalogued_articles_in_order
    ON catalogued_articles (issue, place);

-- Where they lead; in the order in which the cataloguer tells.
CREATE TABLE refers (
    issue   TEXT NOT NULL REFERENCES catalogued (issue) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    slug    TEXT NOT NULL,
    to_id   TEXT NOT NULL,
    to_slug TEXT,
    PRIMARY KEY (issue, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX refers_to
    ON refers (to_id);

-- What the articles are found by. The text itself is kept in the table alone. The shortest beginnings of words, which
-- have the most, have an index of their own.
CREATE VIRTUAL TABLE article_words USING fts5 (
    title,
    text,
    content = 'catalogued_articles',
    content_rowid = 'id',
    prefix = '3',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

-- A word in the title weighs as much as several in the text.
INSERT INTO article_words (article_words, rank)
VALUES ('rank', 'bm25(6.0, 1.0)');

CREATE TRIGGER catalogued_articles_come
AFTER INSERT ON catalogued_articles
BEGIN
    INSERT INTO article_words (rowid, title, text)
    VALUES (NEW.id, NEW.title, NEW.text);
END;

CREATE TRIGGER catalogued_articles_go
AFTER DELETE ON catalogued_articles
BEGIN
    INSERT INTO article_words (article_words, rowid, title, text)
    VALUES ('delete', OLD.id, OLD.title, OLD.text);
END;

-- What is left of those who were erased: a keyed hash of the address, so that no later roll brings them back.
CREATE TABLE erased (
    mark BLOB PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The records of the store. SQLite orders blobs bytewise, which is the order of keys.
-- A record is a body, or a counter, which has no body.
--
-- Keys are random and bodies have a kilobyte. With an integer primary key, bodies are appended and
-- only the index changes in many places. That measured twice as fast and half as large as one tree
-- by key (WITHOUT ROWID), in which long bodies overflow their pages.
CREATE TABLE records (
    id         INTEGER PRIMARY KEY,
    key        BLOB    NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    used       INTEGER,  -- of a counter: the current count
    used_max   INTEGER,  -- of a counter: its limit; NULL is no limit
    last_at_ms INTEGER,  -- of a counter: the time of the last count, Unix milliseconds
    body       BLOB
) STRICT;

-- One row: the version that the latest unit has written. In a closed store, its complement: see
-- `fence.rs`.
CREATE TABLE sequence (
    latest INTEGER NOT NULL
) STRICT;

INSERT INTO sequence VALUES (0);

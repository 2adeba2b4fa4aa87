-- The records of the store. SQLite compares blobs bytewise, as keys are to be ordered.
-- A record is a body, or a counter, which has no body.
--
-- Keys are spread at random, bodies are a kilobyte. So the bodies lie in the order in which they
-- came, and only the index beside them is changed in many places: measured twice as fast, and
-- half as large, as one tree by key (WITHOUT ROWID), in which long bodies overflow their pages.
CREATE TABLE records (
    id         INTEGER PRIMARY KEY,
    key        BLOB    NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    used       INTEGER,  -- of a counter: how much was counted
    used_max   INTEGER,  -- of a counter: its limit; NULL: none
    last_at_ms INTEGER,  -- of a counter: when something was last counted, Unix milliseconds
    body       BLOB
) STRICT;

-- One row: the version that the latest unit gave to what it wrote.
CREATE TABLE sequence (
    latest INTEGER NOT NULL
) STRICT;

INSERT INTO sequence VALUES (0);

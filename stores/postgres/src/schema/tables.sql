-- The records of the store. PostgreSQL orders bytea bytewise, which is the order of keys.
-- A record is a body, or a counter, which has no body.
--
-- Each page keeps free room, so that the new version of a counter goes beside the old one and the
-- index gets no new entry.
CREATE TABLE {schema}.records (
    key        bytea  PRIMARY KEY,
    version    bigint NOT NULL,
    used       bigint,  -- of a counter: the current count
    used_max   bigint,  -- of a counter: its limit; NULL is no limit
    last_at_ms bigint,  -- of a counter: the time of the last count, Unix milliseconds
    body       bytea,
    CHECK ((used IS NULL) <> (body IS NULL))
) WITH (fillfactor = 90);

-- The versions of records. Each batch takes one number; its units write with this number and up to
-- 255 after it. A sequence never goes back, not even when a transaction is rolled back.
CREATE SEQUENCE {schema}.versions AS bigint INCREMENT BY 256 START WITH 256;

-- Marks the schema as a store. One row.
CREATE TABLE {schema}.store (
    application    text    NOT NULL CHECK (application = 'provkey'),
    schema_version integer NOT NULL
);

INSERT INTO {schema}.store VALUES ('provkey', 0);

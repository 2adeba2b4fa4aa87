-- The records of the store. PostgreSQL compares bytea bytewise, as keys are to be ordered.
-- A record is a body, or a counter, which has no body.
--
-- Room is left in each page, so that a counter that is counted on again and again gets its new
-- versions beside the old ones, without another entry in the index.
CREATE TABLE {schema}.records (
    key        bytea  PRIMARY KEY,
    version    bigint NOT NULL,
    used       bigint,  -- of a counter: how much was counted
    used_max   bigint,  -- of a counter: its limit; NULL: none
    last_at_ms bigint,  -- of a counter: when something was last counted, Unix milliseconds
    body       bytea,
    CHECK ((used IS NULL) <> (body IS NULL))
) WITH (fillfactor = 90);

-- Each batch takes one number; the units of the batch have that and the 255 behind it as versions
-- of what they write. A sequence never goes back, not even for a transaction that is undone.
CREATE SEQUENCE {schema}.versions AS bigint INCREMENT BY 256 START WITH 256;

-- What this schema is. One row.
CREATE TABLE {schema}.store (
    application    text    NOT NULL CHECK (application = 'provkey'),
    schema_version integer NOT NULL
);

INSERT INTO {schema}.store VALUES ('provkey', 0);

-- Applies a batch of units in one call, which is one transaction. `batch.rs` encodes the batch;
-- `lib.rs` says why this is correct at READ COMMITTED.
--
-- A slot is a record that the function reads: the index of its key in `keys`, which are distinct
-- and ascending. `locks` is the lock of each slot: 0 none (the record is only expected to be
-- absent), 1 shared (it is expected to stay), 2 exclusive (it is written). An operation is a kind,
-- a slot and numbers:
--   0 expect absent   1 expect version `number`   2 expect unused   3 put body `number`
--   4 delete          5 set limit `number`        6 count `number` at `moment`
-- The operations of unit n follow those of unit n - 1 and end at `unit_ends[n]`.
--
-- `new_keys` are records that only one unit touches. They are not read but inserted, with the
-- version of their unit; if one exists, the insert fails. A new record without a body must only
-- stay absent; `guards` repeats those. If there are new records, every unit must be applied.
--
-- Returns the slots that had a record, these records (with the body only where the record
-- conflicts with a unit), the numbers of the refused units, and the version of the first unit.
-- Any error rolls everything back. A conflict with another transaction is a serialization failure
-- or a unique violation.
CREATE OR REPLACE FUNCTION {schema}.apply(
    keys bytea[], locks smallint[], unit_ends integer[], kinds smallint[], slots integer[],
    numbers bigint[], moments bigint[], bodies bytea[],
    new_keys bytea[], new_units integer[], new_bodies bytea[], guards bytea[],
    OUT version_base bigint, OUT refused integer[], OUT there integer[], OUT versions bigint[],
    OUT useds bigint[], OUT used_maxes bigint[], OUT last_ats bigint[], OUT there_bodies bytea[]
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
    count_max CONSTANT bigint := 9223372036854775807;
    slot_count CONSTANT integer := cardinality(keys);
    -- Each slot after the units so far. Version 0: no record; used -1: a body; most -1: no limit;
    -- last_at -1: nothing was counted.
    version bigint[] := array_fill(0::bigint, ARRAY[slot_count]);
    used    bigint[] := array_fill(-1::bigint, ARRAY[slot_count]);
    most    bigint[] := used;
    last_at bigint[] := used;
    body    bigint[] := version;
    -- Whether the record was absent, and whether an applied unit expects that.
    is_new  boolean[] := array_fill(true, ARRAY[slot_count]);
    relied_on boolean[] := array_fill(false, ARRAY[slot_count]);
    locked  boolean[] := relied_on;
    all_locked boolean := true;
    in_the_way integer[] := '{}';
    inserts boolean := false;
    relies boolean := false;
    refuses boolean := false;
    first integer := 1;
    unit_version bigint;
    kind smallint;
    slot integer;
    number bigint;
    row record;
BEGIN
    refused := '{}';
    there := '{}';

    -- 1. Lock the records that must stay or are written, in the order of their keys. A wait here
    -- ends when another transaction does.
    FOR slot IN 1 .. slot_count LOOP
        IF locks[slot] = 2 THEN
            SELECT r.version, r.used, r.used_max, r.last_at_ms INTO row
            FROM {schema}.records AS r WHERE r.key = keys[slot] FOR UPDATE;
        ELSIF locks[slot] = 1 THEN
            SELECT r.version, r.used, r.used_max, r.last_at_ms INTO row
            FROM {schema}.records AS r WHERE r.key = keys[slot] FOR SHARE;
        END IF;
        IF locks[slot] > 0 AND FOUND THEN
            locked[slot] := true;
            is_new[slot] := false;
            version[slot] := row.version;
            used[slot] := coalesce(row.used, -1);
            most[slot] := coalesce(row.used_max, -1);
            last_at[slot] := coalesce(row.last_at_ms, -1);
        ELSE
            all_locked := false;
        END IF;
    END LOOP;

    -- 2. Read the absent records again, in a snapshot later than every wait of step 1, so that all
    -- checks see one point in time.
    IF NOT all_locked THEN
        FOR row IN
            SELECT wanted.slot::integer AS slot, r.version, r.used, r.used_max, r.last_at_ms
            FROM unnest(keys, locked) WITH ORDINALITY AS wanted (key, locked, slot)
            JOIN {schema}.records AS r ON r.key = wanted.key
            WHERE NOT wanted.locked
        LOOP
            slot := row.slot;
            IF locks[slot] > 0 THEN
                RAISE EXCEPTION 'a record appeared while others were locked'
                    USING ERRCODE = 'serialization_failure';
            END IF;
            is_new[slot] := false;
            version[slot] := row.version;
            used[slot] := coalesce(row.used, -1);
            most[slot] := coalesce(row.used_max, -1);
            last_at[slot] := coalesce(row.last_at_ms, -1);
        END LOOP;
    END IF;
    FOR slot IN 1 .. slot_count LOOP
        IF NOT is_new[slot] THEN
            there := there || slot;
            versions := versions || version[slot];
            useds := useds || nullif(used[slot], -1);
            used_maxes := used_maxes || nullif(most[slot], -1);
            last_ats := last_ats || nullif(last_at[slot], -1);
        END IF;
    END LOOP;

    -- 3. Check and apply the units, one after the other, in the arrays above.
    FOR unit IN 1 .. cardinality(unit_ends) LOOP
        FOR i IN first .. unit_ends[unit] LOOP
            slot := slots[i];
            refuses := CASE kinds[i]
                WHEN 0 THEN version[slot] > 0
                WHEN 1 THEN version[slot] <> numbers[i]
                WHEN 3 THEN version[slot] > 0 AND used[slot] >= 0
                WHEN 6 THEN version[slot] = 0 OR used[slot] < 0 OR CASE
                    WHEN numbers[i] < 0 THEN used[slot] + numbers[i] < 0
                    WHEN most[slot] < 0 THEN numbers[i] > count_max - used[slot]
                    ELSE numbers[i] > most[slot] - used[slot] END
                WHEN 2 THEN version[slot] = 0 OR used[slot] <> 0
                WHEN 5 THEN version[slot] > 0 AND used[slot] < 0
                ELSE false
            END;
            EXIT WHEN refuses;
        END LOOP;
        IF refuses THEN
            IF new_keys <> '{}' THEN
                RAISE EXCEPTION 'a unit is refused' USING ERRCODE = 'serialization_failure';
            END IF;
            refused := refused || unit;
            IF NOT is_new[slot] THEN
                in_the_way := in_the_way || slot;
            END IF;
            refuses := false;
        ELSE
            IF version_base IS NULL THEN
                version_base := nextval('{schema}.versions');
            END IF;
            unit_version := version_base + unit - 1;
            FOR i IN first .. unit_ends[unit] LOOP
                kind := kinds[i];
                CONTINUE WHEN kind = 1 OR kind = 2;
                slot := slots[i];
                number := numbers[i];
                IF kind = 6 THEN
                    version[slot] := unit_version;
                    used[slot] := used[slot] + number;
                    IF number > 0 THEN
                        last_at[slot] := greatest(last_at[slot], moments[i]);
                    END IF;
                ELSIF kind = 0 THEN
                    relied_on[slot] := true;
                    relies := true;
                ELSIF kind = 3 THEN
                    version[slot] := unit_version;
                    used[slot] := -1;
                    body[slot] := number;
                    inserts := true;
                ELSIF kind = 4 THEN
                    version[slot] := 0;
                ELSE
                    IF version[slot] = 0 THEN
                        used[slot] := 0;
                        last_at[slot] := -1;
                    END IF;
                    version[slot] := unit_version;
                    most[slot] := coalesce(number, -1);
                    inserts := true;
                END IF;
            END LOOP;
        END IF;
        first := unit_ends[unit] + 1;
    END LOOP;

    -- Read the bodies of the conflicting records. They may be unlocked and have changed since they
    -- were checked; then the caller repeats the call. Nothing has been written yet.
    IF in_the_way <> '{}' THEN
        there_bodies := ARRAY(
            SELECT r.body FROM unnest(there) WITH ORDINALITY AS it (slot, place)
            LEFT JOIN {schema}.records AS r ON r.key = keys[it.slot] AND it.slot = ANY (in_the_way)
                AND r.version = versions[it.place]
            ORDER BY it.place);
        IF EXISTS (
            SELECT FROM unnest(there, useds, there_bodies) AS it (slot, used, body)
            WHERE it.slot = ANY (in_the_way) AND it.used IS NULL AND it.body IS NULL
        ) THEN
            RAISE EXCEPTION 'a conflicting record has changed'
                USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;

    -- 4. Insert the new records, in the order of their keys, before any other change. An insert
    -- waits for a transaction that inserts the same key, and is a unique violation if that commits.
    -- What must stay absent is inserted too, and deleted again: otherwise two transactions that
    -- each expect the absence of what the other inserts could both commit.
    IF inserts OR relies THEN
        INSERT INTO {schema}.records AS r
        SELECT it.key, it.version,
            CASE WHEN it.version > 0 THEN nullif(it.used, -1) END,
            CASE WHEN it.version > 0 AND it.used >= 0 THEN nullif(it.most, -1) END,
            CASE WHEN it.version > 0 AND it.used >= 0 THEN nullif(it.last_at, -1) END,
            CASE WHEN it.version = 0 THEN '' WHEN it.used < 0 THEN bodies[it.body] END
        FROM unnest(keys, version, used, most, last_at, body, is_new, relied_on)
            AS it (key, version, used, most, last_at, body, is_new, relied_on)
        WHERE it.is_new AND (it.version > 0 OR it.relied_on)
        UNION ALL
        SELECT it.key, version_base + it.unit - 1, NULL, NULL, NULL, coalesce(it.body, '')
        FROM unnest(new_keys, new_units, new_bodies) AS it (key, unit, body)
        ORDER BY 1;
    ELSIF new_keys <> '{}' THEN
        INSERT INTO {schema}.records AS r
        SELECT it.key, version_base + it.unit - 1, NULL, NULL, NULL, coalesce(it.body, '')
        FROM unnest(new_keys, new_units, new_bodies) AS it (key, unit, body);
    END IF;
    IF guards <> '{}' THEN
        DELETE FROM {schema}.records AS r WHERE r.key = ANY (guards);
    END IF;
    IF relies THEN
        DELETE FROM {schema}.records AS r WHERE r.key = ANY (ARRAY(
            SELECT it.key FROM unnest(keys, version, is_new, relied_on)
                AS it (key, version, is_new, relied_on)
            WHERE it.is_new AND it.relied_on AND it.version = 0));
    END IF;

    -- 5. Change and delete records. They are locked, so nothing waits here.
    FOR i IN 1 .. cardinality(there) LOOP
        slot := there[i];
        IF version[slot] = 0 THEN
            DELETE FROM {schema}.records AS r WHERE r.key = keys[slot];
        ELSIF version[slot] <> versions[i] THEN
            UPDATE {schema}.records AS r SET version = version[slot], used = nullif(used[slot], -1),
                used_max = CASE WHEN used[slot] >= 0 THEN nullif(most[slot], -1) END,
                last_at_ms = CASE WHEN used[slot] >= 0 THEN nullif(last_at[slot], -1) END,
                body = CASE WHEN used[slot] < 0 THEN bodies[body[slot]] END
            WHERE r.key = keys[slot];
        END IF;
    END LOOP;
END
$$;

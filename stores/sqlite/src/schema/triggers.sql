-- Refuse writes of other programs, which would break the counts. Connections of this library
-- switch triggers off, so these cost nothing.
DROP TRIGGER IF EXISTS records_insert;
CREATE TRIGGER records_insert BEFORE INSERT ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
DROP TRIGGER IF EXISTS records_update;
CREATE TRIGGER records_update BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
DROP TRIGGER IF EXISTS records_delete;
CREATE TRIGGER records_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
DROP TRIGGER IF EXISTS sequence_insert;
CREATE TRIGGER sequence_insert BEFORE INSERT ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
DROP TRIGGER IF EXISTS sequence_update;
CREATE TRIGGER sequence_update BEFORE UPDATE ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
DROP TRIGGER IF EXISTS sequence_delete;
CREATE TRIGGER sequence_delete BEFORE DELETE ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;

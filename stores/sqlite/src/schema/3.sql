-- Writing is this library's affair: another program would break what it counts. Its own connections have
-- triggers switched off, so these cost it nothing.
CREATE TRIGGER records_insert BEFORE INSERT ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
CREATE TRIGGER records_update BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
CREATE TRIGGER records_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
CREATE TRIGGER sequence_insert BEFORE INSERT ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
CREATE TRIGGER sequence_update BEFORE UPDATE ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;
CREATE TRIGGER sequence_delete BEFORE DELETE ON sequence
BEGIN SELECT RAISE(ABORT, 'only provkey writes to its store'); END;

-- Writing is this library's affair: another program would break what it counts. Each statement that writes
-- contains these triggers, and only the library's connections have the function that they name. So for
-- everybody else such a statement fails when it is prepared: "no such function:
-- only_provkey_writes_here". For the library no condition ever holds, and the function is never called.
CREATE TRIGGER records_insert BEFORE INSERT ON records WHEN NEW.version < 0
BEGIN SELECT only_provkey_writes_here(); END;
CREATE TRIGGER records_update BEFORE UPDATE ON records WHEN NEW.version < 0
BEGIN SELECT only_provkey_writes_here(); END;
CREATE TRIGGER records_delete BEFORE DELETE ON records WHEN OLD.version < 0
BEGIN SELECT only_provkey_writes_here(); END;
CREATE TRIGGER sequence_insert BEFORE INSERT ON sequence WHEN NEW.latest < 0
BEGIN SELECT only_provkey_writes_here(); END;
CREATE TRIGGER sequence_update BEFORE UPDATE ON sequence WHEN NEW.latest < 0
BEGIN SELECT only_provkey_writes_here(); END;
CREATE TRIGGER sequence_delete BEFORE DELETE ON sequence WHEN OLD.latest < 0
BEGIN SELECT only_provkey_writes_here(); END;

//! Closing a store to changes: a trigger that refuses each. It is made when no transaction is about to
//! change anything, and all that begin to afterwards meet it.

use postgres::{Error, Transaction};

use crate::address::Address;

/// The SQLSTATE of a refused change.
pub(crate) const MOVED: &str = "PK001";

const CLOSE: &str = "
    CREATE OR REPLACE FUNCTION {schema}.refuse_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the store was moved' USING ERRCODE = 'PK001'; END $$;
    CREATE TRIGGER moved BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.records
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_moved();";
const OPEN: &str = "DROP TRIGGER moved ON {schema}.records; DROP FUNCTION {schema}.refuse_moved();";
const IS_CLOSED: &str = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'moved'
    AND tgrelid = format('%I.records', $1::text)::regclass)";

/// Puts the trigger there, or takes it away. Answers whether it was not, or was.
pub(crate) fn set(
    transaction: &mut Transaction<'_>,
    address: &Address,
    closed: bool,
) -> Result<bool, Error> {
    // Whoever closes or opens it at the same moment waits here. To take a trigger away needs the strongest
    // lock: asked for later, it would deadlock with one who has read and waits to write.
    let lock = if closed { "SHARE ROW EXCLUSIVE" } else { "ACCESS EXCLUSIVE" };
    transaction
        .batch_execute(&address.sql(&format!("LOCK TABLE {{schema}}.records IN {lock} MODE")))?;
    let is_closed: bool = transaction.query_one(IS_CLOSED, &[&address.schema()])?.get(0);
    if is_closed == closed {
        return Ok(false);
    }
    transaction.batch_execute(&address.sql(if closed { CLOSE } else { OPEN }))?;
    Ok(true)
}

//! The index that leads from three letters to payments. Triggers keep it in step with what changes;
//! new payments are taken in here.

use rusqlite::Connection;

use super::error::LedgerError;

/// Takes in the payments that are not in yet, in the transaction that wrote them: one statement for
/// all of them, because FTS5 writes its lists out before each.
pub(super) fn take_in_new(connection: &Connection) -> Result<(), LedgerError> {
    for sql in [
        "INSERT INTO payment_fragments (rowid, reference, order_ref, provider_payment_id)
         SELECT n.number, p.reference, p.order_ref, p.provider_payment_id
         FROM payment_numbers n CROSS JOIN payments p ON p.id = n.payment_id
         WHERE n.number > (SELECT number FROM fragments_upto) ORDER BY n.number",
        "INSERT INTO payer_fragments (rowid, name, folded)
         SELECT n.number, y.name, y.folded
         FROM payment_numbers n CROSS JOIN payers y ON y.payment_id = n.payment_id
         WHERE n.number > (SELECT number FROM fragments_upto) AND y.name IS NOT NULL ORDER BY n.number",
        "UPDATE fragments_upto SET number = (SELECT coalesce(max(number), 0) FROM payment_numbers)",
    ] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

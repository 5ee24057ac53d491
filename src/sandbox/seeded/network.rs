//! Payments through a network: a merchant has them, and of some the payer's bank is ours, too.

use super::super::settlement::Row;

/// Every so many payments, one by card was one through the network instead.
const EVERY: usize = 20;
/// Of every so many of those, the payer's bank has one in its own books.
const BANKED: usize = 3;

/// Turns some payments by card into payments through the network. The next row is the payer's bank's
/// view of the same payment, where it has one.
pub(super) fn through(rows: &mut [Row]) {
    let mut nth = 0;
    for at in (5..rows.len()).step_by(EVERY) {
        if rows[at].get("account") != "hub-us" {
            continue;
        }
        let id = format!("1{:017}", 28_361_739_311_340_000_u64 + 7 * at as u64);
        rows[at] = transfer(&rows[at], "a2a-uk", &id, &rows[at]);
        nth += 1;
        let next = rows
            .get(at + 1)
            .filter(|next| next.get("account") == "hub-us");
        if let Some(next) = next.filter(|_| nth % BANKED == 0) {
            rows[at + 1] = transfer(&rows[at], "a2a-bank", &id, next);
        }
    }
}

/// A payment as one end of the network has it; what is its own there is `place`'s.
fn transfer(payment: &Row, account: &str, id: &str, place: &Row) -> Row {
    let kept = |name: &'static str| (name, payment.get(name));
    let own = |name: &'static str| (name, place.get(name));
    let end_to_end = format!("ZAPP{id}");
    Row::new(&[
        ("account", account),
        ("payment_id", id),
        own("reference"),
        kept("amount"),
        ("currency", "GBP"),
        kept("captured_at"),
        kept("settled_at"),
        kept("payer"),
        ("method", "bank transfer"),
        kept("description"),
        own("order"),
        kept("last4"),
        kept("customer_id"),
        ("end_to_end", &end_to_end),
    ])
}

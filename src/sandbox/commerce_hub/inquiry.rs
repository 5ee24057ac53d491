//! What the gateway shows of a transaction. Looking is what makes a pending refund end.

use super::Answer;
use super::charges::Charge;
use super::envelope::Envelope;
use super::records::Records;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::request::InquiryRequest;

/// Answers an inquiry: always an array, charges first, empty if nothing is known.
pub(super) fn inquire(records: &mut Records, request: &InquiryRequest) -> Result<Answer, Refusal> {
    request.check()?;
    let reference = request.reference_transaction_details.only()?;
    let charges = records.charges.found_by(reference);
    let ids: Vec<&str> = charges
        .iter()
        .map(|charge| charge.transaction_id.as_str())
        .collect();
    let refunds = records.refunds.found_by(reference, &ids);
    let shown: Vec<String> = refunds
        .iter()
        .map(|refund| refund.transaction_id.clone())
        .collect();
    let text = text(records, &charges, &refunds).map_err(|_| Refusal::broken())?;
    for transaction_id in &shown {
        records
            .look(transaction_id)
            .map_err(|_| Refusal::broken())?;
    }
    // The specification says 201 and a shipped client accepts only 200: both occur.
    let status = if text == "[]" { 200 } else { 201 };
    Ok(Answer::Json(status, text))
}

/// This look counts for the state it shows.
fn text(records: &Records, charges: &[&Charge], refunds: &[&Refund]) -> serde_json::Result<String> {
    let charges = charges.iter().map(|charge| Envelope::of_charge(charge));
    let refunds = refunds.iter().map(|refund| {
        let charge = records.charges.with_id(&refund.charge_id);
        Envelope::of_refund(refund, refund.looks.saturating_add(1), charge)
    });
    let items: Vec<Envelope<'_>> = charges.chain(refunds).collect::<Result<_, _>>()?;
    serde_json::to_string(&items)
}

//! What the gateway shows of a transaction. Looking is what makes a pending refund end.

use super::cancels::Cancel;
use super::captures::Capture;
use super::charges::Charge;
use super::envelope::Envelope;
use super::records::Records;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::request::InquiryRequest;
use crate::sandbox::answer::Answer;

/// Answers an inquiry: always an array, charges first, empty if nothing is known.
pub(super) fn inquire(records: &mut Records, request: &InquiryRequest) -> Result<Answer, Refusal> {
    request.check()?;
    let reference = request.reference_transaction_details.only()?;
    let charges = records.charges.found_by(reference);
    let ids: Vec<&str> = charges
        .iter()
        .map(|charge| charge.transaction_id.as_str())
        .collect();
    let refunds = records.refunds_by(reference, &ids);
    let shown: Vec<String> = refunds
        .iter()
        .map(|refund| refund.transaction_id.clone())
        .collect();
    let cancels: Vec<&Cancel> = records
        .refunds
        .cancels()
        .iter()
        .filter(|cancel| cancel.is(reference))
        .collect();
    let captures: Vec<&Capture> = records
        .refunds
        .captures()
        .iter()
        .filter(|capture| capture.is(reference))
        .collect();
    let shown_all = (&charges[..], &refunds[..], &cancels[..], &captures[..]);
    let text = text(records, shown_all).map_err(|_| Refusal::broken())?;
    for transaction_id in &shown {
        records
            .refunds
            .look(transaction_id)
            .map_err(|_| Refusal::broken())?;
    }
    // The specification says 201 and a shipped client accepts only 200: both occur.
    let status = if text == "[]" { 200 } else { 201 };
    Ok(Answer::Json(status, text))
}

/// The transactions an inquiry shows.
type Shown<'a> = (
    &'a [&'a Charge],
    &'a [&'a Refund],
    &'a [&'a Cancel],
    &'a [&'a Capture],
);

/// This look counts for the state it shows.
fn text(
    records: &Records,
    (charges, refunds, cancels, captures): Shown<'_>,
) -> serde_json::Result<String> {
    let charges = charges.iter().map(|charge| {
        let canceled = records.is_canceled(&charge.transaction_id);
        Envelope::of_charge(charge, if canceled { "VOIDED" } else { "CAPTURED" })
    });
    let refunds = refunds.iter().map(|refund| {
        let charge = records.charges.with_id(&refund.charge_id);
        let state = match records.is_canceled(&refund.transaction_id) {
            true => "VOIDED",
            false => refund.state(refund.looks.saturating_add(1)),
        };
        Envelope::of_refund(refund, state, charge)
    });
    let cancels = cancels.iter().map(|cancel| {
        let charge = records.charge_of(cancel);
        Envelope::of_cancel(cancel, cancel.course().cancel_state(), charge)
    });
    let captures = captures.iter().filter_map(|capture| {
        let refund = records.refunds.with_id(&capture.refund_id)?;
        let state = match records.is_canceled(&refund.transaction_id) {
            true => "VOIDED",
            false => refund.state(refund.looks),
        };
        let charge = records.charges.with_id(&refund.charge_id);
        Some(Envelope::of_capture(capture, state, charge))
    });
    let items: Vec<Envelope<'_>> = charges
        .chain(refunds)
        .chain(cancels)
        .chain(captures)
        .collect::<Result<_, _>>()?;
    serde_json::to_string(&items)
}

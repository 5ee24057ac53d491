//! How old a refund on its way is against what is normal for its rail.

use chrono::NaiveDate;

use crate::domain::ageing::Age;
use crate::domain::refund::Refund;

use super::App;

/// Against what is normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// How late.
    pub age: Age,
    /// The last day by which it is normally with the customer.
    pub normal_by: NaiveDate,
    /// The rail, as people know it.
    pub rail: &'static str,
}

impl App {
    /// How a refund on its way stands against its rail; none where nothing is on its way, or the
    /// rail is not known.
    pub fn lateness(&self, refund: &Refund) -> Option<Lateness> {
        if !refund.state.may_have_been_sent() {
            return None;
        }
        let marks = self.account(&refund.account)?.marks?;
        let zone = &self.overview.as_ref()?.zone;
        let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(zone).date_naive();
        // It went out then at the earliest.
        let sent = refund.send_after.unwrap_or(refund.created_at);
        let since = day(sent.max(refund.created_at));
        Some(Lateness {
            age: marks.age(since, day(self.now)),
            normal_by: marks.normal_by(since),
            rail: marks.rail(),
        })
    }
}

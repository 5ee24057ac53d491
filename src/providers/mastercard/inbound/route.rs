//! What is called by which path (fact sheet 5.2, 6 and 7.2).

use crate::providers::mastercard::parts::is_plain;

/// Longest id in a path (fact sheet 4).
const ID_MAX_CHARS: usize = 35;

/// Which side of a refund a participant is on: each has its own operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The merchant's.
    Creditor,
    /// The bank's of those who paid.
    Debtor,
}

/// An operation, with the ids of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The account that a refund goes to.
    AccountAdvice { payment: String, refund: String },
    /// How does a refund stand?
    RefundStatus { payment: String, refund: String },
    /// A refund is asked for.
    Refund { payment: String },
    /// A refund was paid, or not.
    Confirmation { payment: String, refund: String },
    /// How does a payment stand?
    PaymentStatus { payment: String },
}

impl Route {
    /// The operation of a path; none: there is none.
    pub fn of(side: Side, method: &str, path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let segments: Option<Vec<String>> =
            path.strip_prefix('/')?.split('/').map(decoded).collect();
        let segments = segments?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let id = |text: &str| {
            let fits = (1..=ID_MAX_CHARS).contains(&text.chars().count()) && is_plain(text);
            fits.then(|| text.to_owned())
        };
        match (side, method, segments.as_slice()) {
            (
                Side::Creditor,
                "POST",
                ["payment-requests", payment, "refunds", refund, "advices"],
            ) => Some(Self::AccountAdvice {
                payment: id(payment)?,
                refund: id(refund)?,
            }),
            (
                Side::Creditor,
                "POST",
                [
                    "payment-requests",
                    payment,
                    "refunds",
                    refund,
                    "status-retrievals",
                ],
            ) => Some(Self::RefundStatus {
                payment: id(payment)?,
                refund: id(refund)?,
            }),
            (Side::Debtor, "POST", ["payment-requests", payment, "refunds"]) => {
                Some(Self::Refund {
                    payment: id(payment)?,
                })
            }
            (
                Side::Debtor,
                "POST",
                [
                    "payment-requests",
                    payment,
                    "refunds",
                    refund,
                    "payment-confirmations",
                ],
            ) => Some(Self::Confirmation {
                payment: id(payment)?,
                refund: id(refund)?,
            }),
            (Side::Debtor, "POST", ["payment-requests", payment, "status-retrievals"]) => {
                Some(Self::PaymentStatus {
                    payment: id(payment)?,
                })
            }
            _ => None,
        }
    }

    /// The payment of the path.
    pub fn payment(&self) -> &str {
        match self {
            Self::AccountAdvice { payment, .. }
            | Self::RefundStatus { payment, .. }
            | Self::Refund { payment }
            | Self::Confirmation { payment, .. }
            | Self::PaymentStatus { payment } => payment,
        }
    }

    /// The refund of the path, where it has one.
    pub fn refund(&self) -> Option<&str> {
        match self {
            Self::AccountAdvice { refund, .. }
            | Self::RefundStatus { refund, .. }
            | Self::Confirmation { refund, .. } => Some(refund),
            Self::Refund { .. } | Self::PaymentStatus { .. } => None,
        }
    }

    /// Whether its shape is no reason to turn it away: money waits for it, and no second comes.
    pub const fn is_lenient(&self) -> bool {
        matches!(self, Self::AccountAdvice { .. })
    }
}

/// A segment without its percent signs; none when it has others, or gives no text.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            if !hex.bytes().all(|it| it.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/payment-requests/P-1/refunds/R-1/advices", Some(("P-1", Some("R-1"))), None)]
    #[case("/payment-requests/P-1/refunds/R-1/status-retrievals?x=1", Some(("P-1", Some("R-1"))), None)]
    #[case("/payment-requests/P-1/refunds", None, Some(("P-1", None)))]
    #[case("/payment-requests/P%2F1/refunds", None, Some(("P/1", None)))]
    #[case("/payment-requests/P-1/refunds/R-1/payment-confirmations", None, Some(("P-1", Some("R-1"))))]
    #[case("/payment-requests/P-1/status-retrievals", None, Some(("P-1", None)))]
    #[case("/payment-requests//refunds", None, None)]
    #[case("/payment-requests/../refunds", None, None)]
    #[case("/payment-requests/%zz/refunds", None, None)]
    #[case("/payment-requests/%f/refunds", None, None)]
    #[case("/payment-requests/%ff/refunds", None, None)]
    #[case("/payment-requests/P-1/refunds/", None, None)]
    #[case("/payment-requests/P-1", None, None)]
    #[case("payment-requests/P-1/refunds", None, None)]
    #[case("", None, None)]
    fn each_side_has_its_paths(
        #[case] path: &str,
        #[case] creditor: Option<(&str, Option<&str>)>,
        #[case] debtor: Option<(&str, Option<&str>)>,
    ) {
        for (side, expected) in [(Side::Creditor, creditor), (Side::Debtor, debtor)] {
            let route = Route::of(side, "POST", path);
            let ids = route.as_ref().map(|it| (it.payment(), it.refund()));
            assert_eq!(ids, expected, "{side:?} {path}");
            assert_eq!(Route::of(side, "GET", path), None);
        }
    }

    #[test]
    fn an_id_has_35_characters_at_most() {
        let path = |length| format!("/payment-requests/{}/refunds", "1".repeat(length));
        assert!(Route::of(Side::Debtor, "POST", &path(35)).is_some());
        assert!(Route::of(Side::Debtor, "POST", &path(36)).is_none());
    }
}

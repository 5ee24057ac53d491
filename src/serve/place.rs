//! Where each account is called: `/NAME`, the base path its network knows, and then the network's own
//! paths; a provider's webhooks at `/NAME/webhooks`.

use crate::config::{Provider, Settings};

/// How an account is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub account: String,
    pub calls: Calls,
}

/// What comes to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// A network's calls, below the base path of its registration.
    Network { base: String },
    /// Messages of a provider, unasked.
    Webhooks,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub place: &'a Place,
    /// What follows the account's base.
    pub rest: &'a str,
}

/// The accounts that can be called.
pub(super) fn of(settings: &Settings) -> Vec<Place> {
    let places = settings.accounts.iter().filter_map(|account| {
        let calls = match &account.provider {
            Provider::CommerceHub(_) | Provider::Prism(_) => return None,
            Provider::Nuapay(_) => Calls::Webhooks,
            Provider::MastercardCreditor(creditor) => network(&creditor.base_path),
            Provider::MastercardDebtor(debtor) => network(&debtor.base_path),
        };
        Some(Place {
            account: account.name.clone(),
            calls,
        })
    });
    places.collect()
}

fn network(base: &str) -> Calls {
    Calls::Network {
        base: base.to_owned(),
    }
}

/// What a path leads to; none: nowhere.
pub(super) fn find<'a>(places: &'a [Place], path: &'a str) -> Option<Found<'a>> {
    places.iter().find_map(|place| {
        let rest = path.strip_prefix('/')?.strip_prefix(&place.account)?;
        let rest = match &place.calls {
            Calls::Network { base } => rest.strip_prefix(base.trim_end_matches('/'))?,
            Calls::Webhooks => rest,
        };
        let leads = match place.calls {
            Calls::Network { .. } => rest.starts_with("/payment-requests/"),
            Calls::Webhooks => rest == "/webhooks",
        };
        leads.then_some(Found { place, rest })
    })
}

/// What kind of call a path is, for counting: one of a few words, whatever the path says.
pub(super) fn kind(rest: &str) -> &'static str {
    let parts: Vec<&str> = rest.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["webhooks"] => "webhook",
        ["payment-requests", _, "refunds"] => "refund-request",
        ["payment-requests", _, "refunds", _, "advices"] => "account-advice",
        ["payment-requests", _, "refunds", _, "payment-confirmations"] => "confirmation",
        ["payment-requests", _, "refunds", _, "status-retrievals"] => "refund-status",
        ["payment-requests", _, "status-retrievals"] => "payment-status",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn places() -> Vec<Place> {
        let network = |account: &str, base: &str| Place {
            account: account.to_owned(),
            calls: Calls::Network {
                base: base.to_owned(),
            },
        };
        vec![
            network("a2a", ""),
            network("a2a-uk", "/zapp/v1"),
            Place {
                account: "nuapay-uk".to_owned(),
                calls: Calls::Webhooks,
            },
        ]
    }

    #[rstest]
    #[case("/a2a/payment-requests/1/refunds", Some(("a2a", "/payment-requests/1/refunds")))]
    #[case("/a2a-uk/zapp/v1/payment-requests/1/refunds", Some(("a2a-uk", "/payment-requests/1/refunds")))]
    #[case("/nuapay-uk/webhooks", Some(("nuapay-uk", "/webhooks")))]
    #[case("/a2a-uk/payment-requests/1/refunds", None)]
    #[case("/a2a/webhooks", None)]
    #[case("/nuapay-uk/payment-requests/1/refunds", None)]
    #[case("/nuapay-uk/webhooks/x", None)]
    #[case("/A2A/payment-requests/1/refunds", None)]
    #[case("/a2a//payment-requests/1/refunds", None)]
    #[case("/", None)]
    fn paths_lead_to_one_account_or_nowhere(
        #[case] path: &str,
        #[case] expected: Option<(&str, &str)>,
    ) {
        let places = places();
        let found = find(&places, path).map(|it| (it.place.account.as_str(), it.rest));
        assert_eq!(found, expected);
    }

    #[test]
    fn kinds_are_few() {
        assert_eq!(kind("/payment-requests/1/refunds"), "refund-request");
        assert_eq!(
            kind("/payment-requests/1/refunds/2/advices"),
            "account-advice"
        );
        assert_eq!(kind("/payment-requests/1/refunds/2/advices/3"), "other");
        assert_eq!(kind("/webhooks"), "webhook");
    }
}

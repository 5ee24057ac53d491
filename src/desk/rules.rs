//! What of the configuration matters for money, in lines that are kept and compared.

use crate::config::{Provider, Settings};
use crate::domain::money::Currency;
use crate::ledger::{POLICY, Rule};

/// The file, the policy, and for each account where its money goes and under which terms. No secret and no
/// name of one.
pub(super) fn of(settings: &Settings) -> Vec<Rule> {
    let policy = Rule {
        subject: POLICY.to_owned(),
        says: format!(
            "{} expires_after_days={}",
            settings.policy.figures(),
            settings.expires_after.num_days()
        ),
    };
    let accounts = settings.accounts.iter().map(|account| Rule {
        subject: format!("account {}", account.name),
        says: account_line(&account.provider),
    });
    // Beside the figures, the file they come from: what else changed in it can be looked up.
    let file = Rule {
        subject: "config".to_owned(),
        says: format!("file_sha256={}", settings.sha256),
    };
    [file, policy].into_iter().chain(accounts).collect()
}

fn account_line(provider: &Provider) -> String {
    match provider {
        Provider::CommerceHub(hub) => format!(
            "provider=commerce-hub base_url={} merchant={} terminal={} currencies={} refund_call={:?} \
             refund_months={} replay_seconds={} replay_wait_seconds={} absence_is_proof={} \
             absence_after_minutes={}",
            hub.base_url,
            hub.merchant_id,
            hub.terminal_id,
            list(&hub.currencies),
            hub.refund_call,
            hub.refund_months,
            hub.replay_seconds,
            hub.replay_wait_seconds,
            hub.absence_is_proof,
            hub.absence_after_minutes,
        ),
        Provider::Nuapay(nuapay) => format!(
            "provider=nuapay base_url={} token_url={} organisation={} currencies={} \
             cap_per_payment={} max_percent={} period_days={} zero_means={} replay_seconds={} \
             replay_wait_seconds={} absence_is_proof={} absence_after_minutes={}",
            nuapay.base_url,
            nuapay.token_base(),
            nuapay.organisation.as_deref().unwrap_or_default(),
            list(&nuapay.currencies),
            nuapay.cap_per_payment.text(),
            nuapay.max_percent,
            nuapay.period_days,
            nuapay.zero_means.name(),
            nuapay.replay_seconds,
            nuapay.replay_wait_seconds,
            nuapay.absence_is_proof,
            nuapay.absence_after_minutes,
        ),
        Provider::Prism(prism) => format!(
            "provider=prism base_url={} currencies={}",
            prism.base_url,
            list(&prism.currencies)
        ),
    }
}

fn list(currencies: &[Currency]) -> String {
    let codes: Vec<&str> = currencies.iter().map(|it| it.code()).collect();
    codes.join(",")
}

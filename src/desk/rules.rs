//! What of the configuration matters for money, in lines that are kept and compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::mastercard::OwnAccount;
use crate::config::prism::{Connector, Member, Plain};
use crate::config::{Provider, Settings};
use crate::domain::allowance::{Amounts, Band};
use crate::domain::money::{Currency, Money};
use crate::domain::role::{Grant, Role};
use crate::ledger::{Figure, Named, POLICY, ROLE, Rule};

/// The file, the policy, and for each account where its money goes and under which terms. No secret and no
/// name of one.
pub(super) fn of(settings: &Settings) -> Vec<Rule> {
    let policy = Rule {
        figures: vec![Figure {
            name: "approval_above",
            amounts: Amounts {
                apart: settings.policy.approval_above.clone(),
                others_main: settings.policy.approval_above_main,
            },
        }],
        grants: Vec::new(),
        subject: POLICY.to_owned(),
        says: format!(
            "{} expires_after_days={}",
            settings.policy.figures(),
            settings.expires_after.num_days()
        ),
    };
    let accounts = settings.accounts.iter().map(|account| Rule {
        subject: format!("account {}", account.name),
        says: account_line(&account.provider) + &cap_line(account.cap_per_day.as_ref()),
        figures: figure("cap_per_day", account.cap_per_day.as_ref()),
        grants: Vec::new(),
    });
    // Beside the figures, the file they come from: what else changed in it can be looked up.
    let file = Rule {
        subject: "config".to_owned(),
        says: format!("file_sha256={}", settings.sha256),
        ..Rule::default()
    };
    let roles = settings.roles.0.iter().map(role);
    [file, policy]
        .into_iter()
        .chain(roles)
        .chain(accounts)
        .collect()
}

/// A role: what it gives, to whom, and how much.
fn role(grant: &Grant) -> Rule {
    let Band { free, hard } = &grant.band;
    let limits = [
        ("free_refund", &free.per_refund),
        ("free_day", &free.per_day),
        ("hard_refund", &hard.per_refund),
        ("hard_day", &hard.per_day),
    ];
    let gives: Vec<&str> = grant.gives.iter().map(|role| role.name()).collect();
    let all = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(",");
    let says = format!(
        "may={} users={} groups={}",
        gives.join(","),
        all(&grant.users),
        all(&grant.groups)
    );
    let named = |role: &Role| {
        let users = grant.users.iter().cloned().map(Named::User);
        let groups = grant.groups.iter().cloned().map(Named::Group);
        let role = *role;
        users
            .chain(groups)
            .map(move |named| (role, named))
            .collect::<Vec<_>>()
    };
    Rule {
        subject: format!("{ROLE}{}", grant.name),
        says: limits
            .iter()
            .filter_map(|(name, amounts)| Some(amounts_line(name, amounts.as_ref()?)))
            .fold(says, |says, line| says + &line),
        grants: grant.gives.iter().flat_map(named).collect(),
        figures: limits
            .into_iter()
            .flat_map(|(name, amounts)| figure(name, amounts.as_ref()))
            .collect(),
    }
}

fn figure(name: &'static str, amounts: Option<&Amounts>) -> Vec<Figure> {
    let amounts = amounts.cloned().into_iter();
    amounts.map(|amounts| Figure { name, amounts }).collect()
}

/// Nothing where there is no cap, so that an account from before there was one means the same.
fn cap_line(cap: Option<&Amounts>) -> String {
    cap.map_or(String::new(), |cap| amounts_line("cap_per_day", cap))
}

fn amounts_line(name: &str, amounts: &Amounts) -> String {
    let apart = amounts.apart.iter().map(|(currency, minor)| {
        let figure = Money::new(*minor, *currency).decimal();
        format!(" {name}.{currency}={figure}")
    });
    format!(" {name}={}", amounts.others_main) + &apart.collect::<String>()
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
        Provider::MastercardCreditor(creditor) => format!(
            "provider=mastercard-creditor base_url={} participant={} party={} product={} creditor={} \
             provider_of_creditor={} currencies={} method={} rail={} reasons={} refund_days={} \
             replay_hours={} own_account={}",
            creditor.base_url,
            creditor.participant_id,
            creditor.link().initiating_party_id,
            creditor.product_id,
            creditor.creditor_id,
            creditor.creditor_service_provider_id,
            list(&creditor.currencies),
            creditor.refund_method,
            creditor.clearing_system,
            words(&creditor.reasons),
            creditor.refund_days,
            creditor.replay_hours,
            creditor
                .debtor_account
                .as_ref()
                .map_or(String::new(), OwnAccount::masked),
        ),
        Provider::MastercardDebtor(debtor) => format!(
            "provider=mastercard-debtor base_url={} participant={} party={} product={} \
             provider_of_debtor={} currencies={} hold_seconds={} automatic={} accept_rs256={}",
            debtor.base_url,
            debtor.participant_id,
            debtor.link().initiating_party_id,
            debtor.product_id,
            debtor.debtor_service_provider_id,
            list(&debtor.currencies),
            debtor.hold_seconds,
            debtor.automatic,
            debtor.accept_rs256,
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
            "provider=prism base_url={} connector={} members={} currencies={} exponents={} \
             merchant={} tenant={} test_mode={:?} check_payment={} refund_days={}",
            prism.base_url,
            prism.connector.name(),
            members(&prism.connector),
            list(&prism.currencies),
            exponents(&prism.exponents),
            prism.merchant_id.as_deref().unwrap_or_default(),
            prism.tenant_id.as_deref().unwrap_or_default(),
            prism.test_mode,
            prism.check_payment,
            prism.refund_days,
        ),
    }
}

/// The members that are no secret.
fn members(connector: &Connector) -> String {
    let members = connector.members().into_iter();
    let plain = members.filter_map(|(name, member)| match member {
        Member::Secret(_) => None,
        Member::Plain(Plain::Text(text)) => Some(format!("{name}:{text}")),
        Member::Plain(Plain::List(list)) => Some(format!("{name}:[{}]", list.join(","))),
        Member::Plain(Plain::Flag(flag)) => Some(format!("{name}:{flag}")),
    });
    plain.collect::<Vec<_>>().join(",")
}

fn words(reasons: &BTreeMap<String, String>) -> String {
    let each = reasons
        .iter()
        .map(|(ours, theirs)| format!("{ours}:{theirs}"));
    each.collect::<Vec<_>>().join(",")
}

fn exponents(exponents: &BTreeMap<Currency, u32>) -> String {
    let each = exponents.iter();
    let each = each.map(|(currency, decimals)| format!("{currency}:{decimals}"));
    each.collect::<Vec<_>>().join(",")
}

fn list(currencies: &[Currency]) -> String {
    let codes: Vec<&str> = currencies.iter().map(|it| it.code()).collect();
    codes.join(",")
}

//! `init` and `config check`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde_json::{Value, json};

use super::args::Global;
use super::preferences::Preferences;
use super::print::Output;
use super::{Exit, Failure, sandbox};
use crate::config::prism::{Connector, Member, Plain};
use crate::config::{self, Environ, Listener, Paths, Provider, Settings, Syslog};
use crate::desk::face::{Class, Refusal};
use crate::domain::allowance::{Amounts, Bound};
use crate::domain::money::Money;

mod mastercard;

/// Writes a commented configuration and creates the data folder.
pub(super) fn init(global: &Global, environ: &Environ, output: &Output) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    create_folder(&paths.data)?;
    if let Some(folder) = paths
        .config
        .parent()
        .filter(|it| !it.as_os_str().is_empty())
    {
        create_folder(folder)?;
    }
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&paths.config);
    let mut file = made.map_err(|error| cannot_write(&paths.config, &error))?;
    file.write_all(config::EXAMPLE.as_bytes())?;
    file.sync_all()?;
    let (config, data) = (paths.config.display(), paths.data.display());
    if output.json {
        output.object(&json!({ "config": config.to_string(), "data_dir": data.to_string() }))?;
    } else {
        output.text(&format!(
            "configuration: {config}\ndata folder:   {data}\nnext: edit the configuration, then refund-desk config check"
        ))?;
    }
    Ok(Exit::Done)
}

fn create_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
    let (class, message, next) = if exists {
        (
            Class::Rule,
            format!("{} is there already and was left as it is", path.display()),
            "Edit it, or name another place with --config.",
        )
    } else {
        (
            Class::Failed,
            format!("cannot write {}: {error}", path.display()),
            "Make the folder writable for you, or name another place with --config and --data-dir.",
        )
    };
    Failure::Refused(Refusal {
        class,
        code: "init".to_owned(),
        message,
        money: "Nothing was sent.".to_owned(),
        next: next.to_owned(),
    })
}

/// Validates the configuration and prints what it amounts to.
pub(super) fn check(global: &Global, environ: &Environ, output: &Output) -> Result<Exit, Failure> {
    let paths = Paths::find(environ, global.config.clone(), global.data_dir.clone());
    let settings = config::load(&paths.config)?;
    Preferences::of(&settings)?;
    if !global.read_only {
        sandbox::create(&paths.data)?;
    }
    let effective = effective(&settings, &paths);
    if output.json {
        output.object(&effective)?;
    } else {
        let mut lines = Vec::new();
        flatten("", &effective, &mut lines);
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn effective(settings: &Settings, paths: &Paths) -> Value {
    let accounts: serde_json::Map<String, Value> = settings
        .accounts
        .iter()
        .map(|account| {
            let mut object = provider(&account.provider);
            if let (Some(cap), Some(object)) = (&account.cap_per_day, object.as_object_mut()) {
                object.insert("cap_per_day".to_owned(), amounts(cap));
            }
            (account.name.clone(), object)
        })
        .collect();
    json!({
        "config": paths.config,
        "data_dir": paths.data,
        "environment": settings.environment.name(),
        "desk": {
            "time_zone": settings.zone.name(),
            "send_delay_seconds": settings.send_delay.as_secs(),
            "deadline_seconds": settings.deadline.as_secs(),
        },
        "tracking": { "pace": settings.pace.factor() },
        "policy": {
            "approval_above": settings.policy.approval_above_main,
            "approval_above_minor_units": settings.policy.approval_above,
            "expires_after_days": settings.expires_after.num_days(),
            "escalate_after_hours": settings.escalate_after.map_or(0, |it| it.num_hours()),
        },
        "roles": roles(settings),
        "backup": settings.backups.as_ref().map(|backups| json!({
            "every_seconds": backups.every.as_secs(),
            "keep": backups.keep,
            "to": backups.folder(&paths.data),
        })),
        "listener": settings.listener.as_ref().map(listener),
        "audit": settings.audit.as_ref().map(|outside| json!({
            "head_file": outside.head_file(&settings.file),
            "syslog": match &outside.syslog {
                Syslog::Off => "off".into(),
                Syslog::Socket(socket) => json!(socket),
            },
        })),
        "retention": {
            "names_days": settings.retention.names.num_days(),
            "contacts_days": settings.retention.contacts.num_days(),
            "accounts_days": settings.retention.accounts.num_days(),
        },
        "screen": {
            "theme": settings.screen.theme.name(),
            "mouse": settings.screen.mouse,
            "ascii": settings.screen.ascii,
            "type_total_from": settings.screen.type_total_from,
        },
        "keys": settings.keys.iter().map(|it| (it.action.clone(), json!(it.keys)))
            .collect::<serde_json::Map<String, Value>>(),
        "accounts": accounts,
    })
}

/// The roles in force; none: everybody is maker and checker.
fn roles(settings: &Settings) -> Value {
    let grants = settings.roles.0.iter().map(|grant| {
        let bound = |bound: &Bound| {
            json!({
                "per_refund": bound.per_refund.as_ref().map(amounts),
                "per_day": bound.per_day.as_ref().map(amounts),
            })
        };
        let role = json!({
            "may": grant.gives,
            "users": grant.users,
            "groups": grant.groups,
            "free": bound(&grant.band.free),
            "hard": bound(&grant.band.hard),
        });
        (grant.name.clone(), role)
    });
    Value::Object(grants.collect())
}

/// Decimals by currency, and what every other currency has in main units.
fn amounts(amounts: &Amounts) -> Value {
    let apart = amounts.apart.iter();
    let apart = apart.map(|(currency, minor)| {
        let figure = Money::new(*minor, *currency).decimal();
        (currency.code().to_owned(), json!(figure))
    });
    let others = ("others".to_owned(), json!(amounts.others_main));
    Value::Object(apart.chain([others]).collect())
}

fn listener(listener: &Listener) -> Value {
    let tls = listener.tls.as_ref();
    json!({
        "address": listener.address,
        "certificate": tls.map(|tls| tls.certificate.to_string()),
        "key": tls.map(|tls| format!("{} (hidden)", tls.key)),
        "client_ca": tls.map(|tls| tls.client_ca.to_string()),
        "operations": listener.operations,
        "max_body_kib": listener.max_body / 1_024,
        "read_timeout_seconds": listener.read_timeout.as_secs(),
    })
}

/// The settings of an account. Of a secret only where it comes from.
fn provider(provider: &Provider) -> Value {
    match provider {
        Provider::CommerceHub(hub) => json!({
            "provider": "commerce-hub",
            "base_url": hub.base_url.as_str(),
            "currencies": hub.currencies,
            "merchant_id": hub.merchant_id,
            "terminal_id": hub.terminal_id,
            "api_key": format!("{} (hidden)", hub.api_key),
            "api_secret": format!("{} (hidden)", hub.api_secret),
            "hmac_encoding": format!("{:?}", hub.hmac_encoding).to_lowercase(),
            "refund_call": match hub.refund_call {
                config::commerce_hub::RefundCall::Refunds => "refunds",
                config::commerce_hub::RefundCall::ChargeUri => "charge-uri",
            },
            "batch_closes": hub.batch_closes,
            "refund_months": hub.refund_months,
            "replay_seconds": hub.replay_seconds,
            "replay_wait_seconds": hub.replay_wait_seconds,
            "absence_is_proof": hub.absence_is_proof,
            "absence_after_minutes": hub.absence_after_minutes,
            "polls_per_minute": hub.polls_per_minute,
        }),
        Provider::MastercardCreditor(creditor) => mastercard::creditor(creditor),
        Provider::MastercardDebtor(debtor) => mastercard::debtor(debtor),
        Provider::Nuapay(nuapay) => json!({
            "provider": "nuapay",
            "base_url": nuapay.base_url.as_str(),
            "token_url": nuapay.token_base().as_str(),
            "currencies": nuapay.currencies,
            "api_key": format!("{} (hidden)", nuapay.api_key),
            "auth": nuapay.auth.name(),
            "organisation": nuapay.organisation,
            "token_seconds": nuapay.token_seconds,
            "webhook_sign_key": nuapay
                .webhook_sign_key
                .as_ref()
                .map(|key| format!("{key} (hidden)")),
            "cap_per_payment": nuapay.cap_per_payment.text(),
            "max_percent": nuapay.max_percent,
            "period_days": nuapay.period_days,
            "zero_means": nuapay.zero_means.name(),
            "replay_seconds": nuapay.replay_seconds,
            "replay_wait_seconds": nuapay.replay_wait_seconds,
            "absence_is_proof": nuapay.absence_is_proof,
            "absence_after_minutes": nuapay.absence_after_minutes,
            "page_size": nuapay.page_size,
            "polls_per_minute": nuapay.polls_per_minute,
        }),
        Provider::Prism(prism) => json!({
            "provider": "prism",
            "base_url": prism.base_url.as_str(),
            "currencies": prism.currencies,
            "exponents": prism.exponents,
            "connector": connector(&prism.connector),
            "merchant_id": prism.merchant_id,
            "tenant_id": prism.tenant_id,
            "test_mode": prism.test_mode,
            "check_payment": prism.check_payment,
            "refund_days": prism.refund_days,
            "deadline_seconds": prism.deadline_seconds,
            "polls_per_minute": prism.polls_per_minute,
        }),
    }
}

/// The connector behind Prism and its members.
fn connector(connector: &Connector) -> Value {
    let members = connector.members().into_iter().map(|(name, member)| {
        let value = match member {
            Member::Secret(source) => json!(format!("{source} (hidden)")),
            Member::Plain(Plain::Text(text)) => json!(text),
            Member::Plain(Plain::List(list)) => json!(list),
            Member::Plain(Plain::Flag(flag)) => json!(flag),
        };
        (name.to_owned(), value)
    });
    json!({
        "name": connector.name(),
        "legacy_headers": connector.by_legacy_headers(),
        "members": members.collect::<serde_json::Map<_, _>>(),
    })
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, lines);
            }
        }
        _ => lines.push(format!("{name} = {value}")),
    }
}

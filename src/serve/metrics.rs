//! The figures that `/metrics` shows. Every label has few values: accounts of the configuration,
//! states, kinds of calls, statuses of our own.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::desk::face::{ProviderState, ServiceState};
use crate::domain::state::State;

/// Upper bounds of the answer times that are counted apart, in seconds; a held request takes long.
const ANSWER_SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 60.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAccount {
    account: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    account: String,
    kind: &'static str,
    status: u16,
}

/// A call that was answered.
pub(super) struct Heard<'a> {
    pub account: &'a str,
    pub kind: &'static str,
    pub status: u16,
    pub took: Duration,
}

/// Every figure, and the list of them.
pub(super) struct Metrics {
    registry: Registry,
    calls: Family<OfCall, Counter>,
    answers: Family<OfKind, Histogram>,
    refunds: Family<OfState, Gauge>,
    unknown: Gauge,
    next_due: Gauge,
    left_alone: Family<OfAccount, Gauge>,
    stopped: Family<OfAccount, Gauge>,
    waiting: Family<OfAccount, Gauge>,
    writable: Gauge,
    working: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("refund_desk"),
            calls: Family::default(),
            answers: Family::new_with_constructor(|| Histogram::new(ANSWER_SECONDS)),
            refunds: Family::default(),
            unknown: Gauge::default(),
            next_due: Gauge::default(),
            left_alone: Family::default(),
            stopped: Family::default(),
            waiting: Family::default(),
            writable: Gauge::default(),
            working: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let list = &mut self.registry;
        list.register(
            "inbound_calls",
            "Calls answered at the listener, by account, kind and HTTP status",
            self.calls.clone(),
        );
        list.register(
            "inbound_answer_seconds",
            "How long the listener took to answer, from the end of the headers to the answer",
            self.answers.clone(),
        );
        list.register("refunds", "Refunds by state", self.refunds.clone());
        list.register(
            "refunds_unknown",
            "Refunds of which nobody knows whether they were paid; their amounts are held",
            self.unknown.clone(),
        );
        list.register(
            "next_due_timestamp_seconds",
            "When the next refund needs the desk, in Unix time; 0: none does",
            self.next_due.clone(),
        );
        list.register(
            "provider_left_alone",
            "1: the account's provider does not answer, and only a probe is sent",
            self.left_alone.clone(),
        );
        list.register(
            "sending_stopped",
            "1: people stopped sending on the account, or a restore closed it",
            self.stopped.clone(),
        );
        list.register(
            "looks_waiting",
            "Refunds of the account that wait for a look",
            self.waiting.clone(),
        );
        list.register(
            "database_writable",
            "1: the database took a write just now",
            self.writable.clone(),
        );
        list.register(
            "working",
            "1: this process sends and polls",
            self.working.clone(),
        );
    }

    /// Counts a call.
    pub(super) fn heard(&self, heard: &Heard<'_>) {
        let call = OfCall {
            account: heard.account.to_owned(),
            kind: heard.kind,
            status: heard.status,
        };
        self.calls.get_or_create(&call).inc();
        let kind = OfKind { kind: heard.kind };
        let seconds = heard.took.as_secs_f64();
        self.answers.get_or_create(&kind).observe(seconds);
    }

    /// Takes in how things stand, and writes all of it in OpenMetrics' text form.
    pub(super) fn text(&self, service: &ServiceState, providers: &[ProviderState]) -> String {
        for state in State::ALL {
            let figure = self.refunds.get_or_create(&OfState {
                state: state.name(),
            });
            figure.set(whole(service.counts.of(&[state])));
        }
        self.unknown
            .set(whole(service.counts.of(&[State::Unknown])));
        self.next_due
            .set(service.next_due.map_or(0, |due| due.timestamp()));
        self.writable.set(service.writes.into());
        self.working.set(service.works.into());
        for provider in providers {
            let account = OfAccount {
                account: provider.account.clone(),
            };
            let stopped = provider.stop.is_some() || provider.closed.is_some();
            self.left_alone
                .get_or_create(&account)
                .set(provider.left_alone.into());
            self.stopped.get_or_create(&account).set(stopped.into());
            self.waiting
                .get_or_create(&account)
                .set(whole(provider.waiting));
        }
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn whole(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}

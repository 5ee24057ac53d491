//! The check of all records, and what it forbids: no money is moved on what is damaged.

use std::sync::{Arc, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::face::{Refusal, Verified};
use super::local::Local;
use super::refusal;
use crate::domain::finding::Finding;
use crate::domain::id::PaymentId;

/// How long a desk that is opened goes by what the last one found.
const LATELY: TimeDelta = TimeDelta::days(1);

impl Local {
    /// Checks all records, unless all was found right lately, and remembers what is wrong with
    /// them until the next check. The rows of a payment are looked at before its money moves in
    /// any case ([`Local::trust_rows`]).
    pub(super) async fn verify(&self, unless_lately: bool) -> Result<Verified, Refusal> {
        let right = match unless_lately {
            true => self.found_right_lately().await?,
            false => None,
        };
        match right {
            Some(at) => Ok(Verified {
                found_right_at: Some(at),
                ..Verified::default()
            }),
            None => self.verify_all().await,
        }
    }

    async fn found_right_lately(&self) -> Result<Option<DateTime<Utc>>, Refusal> {
        if !self.findings().is_empty() || self.ledger.lost().is_some() {
            return Ok(None);
        }
        let now = self.clock.now();
        let at = self.ledger.found_right().await?;
        // A clock that was put back says nothing of when.
        Ok(at.filter(|at| (now - LATELY..=now).contains(at)))
    }

    async fn verify_all(&self) -> Result<Verified, Refusal> {
        let began = self.clock.now();
        let verdict = self.ledger.verify().await?;
        for finding in &verdict.findings {
            tracing::error!(flaw = ?finding.flaw, "{}", finding.detail);
        }
        let findings: Arc<[Finding]> = verdict.findings.into();
        self.know(Arc::clone(&findings));
        if !self.mode.read_only {
            let right = findings.is_empty().then_some(began);
            // A check that cannot be remembered is made again next time.
            if let Err(error) = self.ledger.note_found_right(right).await {
                tracing::warn!("the check of all records was not written down: {error}");
            }
        }
        Ok(Verified {
            payments: verdict.payments,
            refunds: verdict.refunds,
            audit_entries: verdict.entries,
            findings: findings.to_vec(),
            found_right_at: None,
        })
    }

    fn know(&self, findings: Arc<[Finding]>) {
        *self.findings.lock().unwrap_or_else(PoisonError::into_inner) = findings;
    }

    /// What the last check found.
    pub(super) fn findings(&self) -> Arc<[Finding]> {
        let known = self.findings.lock();
        Arc::clone(&known.unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses to move money of a payment that a finding concerns.
    pub(super) fn trust(&self, payment: PaymentId) -> Result<(), Refusal> {
        let findings = self.findings();
        match findings.iter().find(|finding| finding.concerns(payment)) {
            Some(finding) => Err(refusal::damaged(finding)),
            None => Ok(()),
        }
    }

    /// As [`Local::trust`], with a look at the payment's own rows as they are now.
    pub(super) async fn trust_rows(&self, payment: PaymentId) -> Result<(), Refusal> {
        self.trust(payment)?;
        Ok(self.ledger.trust(payment).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use tempfile::TempDir;

    use crate::clock::Clock;
    use crate::config::{self, Environ};
    use crate::desk::Desk;
    use crate::desk::face::{Actor, Draft, Import, ImportFile, Refusal, Reply, Request, Verified};
    use crate::desk::local::{Local, Mode, Parts};
    use crate::domain::finding::Flaw;

    const CONFIG: &str = r#"
environment = "test"
[accounts.hub-us]
provider = "commerce-hub"
base_url = "http://127.0.0.1:9/ch"
currencies = ["USD"]
merchant_id = "1"
terminal_id = "1"
api_key = "env:NONE"
api_secret = "env:NONE"
"#;
    const STOCK: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at
hub-us,pay-a,A-1,20.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z
hub-us,pay-b,B-1,20.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z
";

    struct Office {
        folder: TempDir,
        desk: std::sync::Arc<Local>,
    }

    impl Office {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let desk = Local::open(Parts {
                settings: config::parse(&PathBuf::from("test.toml"), CONFIG).unwrap(),
                environ: Environ::default(),
                database: folder.path().join("desk.db"),
                rejects: folder.path().join("rejects"),
                mode: Mode::default(),
                clock: Clock::manual("2026-11-21T10:00:00Z".parse().unwrap()),
                opened_by: "ina".to_owned(),
            })
            .unwrap();
            let office = Self { folder, desk };
            let import = Import {
                files: vec![ImportFile {
                    name: "stock.csv".into(),
                    bytes: STOCK.into(),
                }],
                dry_run: false,
                expect_rows: Some(2),
                expect_sums: Vec::new(),
            };
            office.ask(Request::Import(import)).await.unwrap();
            office
        }

        async fn ask(&self, request: Request) -> Result<Reply, Refusal> {
            let actor = Actor::named("max");
            self.desk.ask(&actor, request).await
        }

        async fn compose(&self, payment: &str) -> Result<Reply, Refusal> {
            let draft = Draft {
                payment: payment.into(),
                amount: "1.00".into(),
                reason: "customer_request".into(),
                again: true,
                ..Draft::default()
            };
            self.ask(Request::Compose(draft)).await
        }

        async fn verified(&self, unless_lately: bool) -> Verified {
            match self.ask(Request::Verify { unless_lately }).await.unwrap() {
                Reply::Verified(verified) => verified,
                other => panic!("{other:?}"),
            }
        }

        async fn verify(&self) -> Vec<Flaw> {
            let findings = self.verified(false).await.findings;
            findings.iter().map(|finding| finding.flaw).collect()
        }

        async fn damaged(&self) -> u64 {
            match self.ask(Request::Overview).await.unwrap() {
                Reply::Overview(overview) => overview.damaged,
                other => panic!("{other:?}"),
            }
        }

        fn damage(&self, sql: &str) {
            let path = self.folder.path().join("desk.db");
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.execute_batch(sql).unwrap();
        }
    }

    #[tokio::test]
    async fn a_finding_that_names_no_payment_stops_all_until_it_is_mended() {
        let office = Office::open().await;
        assert_eq!(office.verify().await, []);
        office.damage("INSERT INTO legal_moves VALUES ('settled', 'approved')");
        assert_eq!(office.verify().await, [Flaw::Rules]);
        assert_eq!(office.damaged().await, 1);
        for payment in ["A-1", "B-1"] {
            let refused = office.compose(payment).await.unwrap_err();
            assert_eq!(refused.code, "damaged");
        }
        office.damage(
            "DELETE FROM legal_moves WHERE from_state = 'settled' AND to_state = 'approved'",
        );
        assert_eq!(office.verify().await, []);
        assert_eq!(office.damaged().await, 0);
        office.compose("A-1").await.unwrap();
    }

    #[tokio::test]
    async fn a_desk_that_is_opened_goes_by_what_was_found_within_a_day() {
        let office = Office::open().await;
        let first = office.verified(true).await;
        assert_eq!((first.payments, first.found_right_at), (2, None));
        let began = office.desk.clock.now();
        office.desk.clock.advance(Duration::from_hours(24));
        let second = office.verified(true).await;
        assert_eq!((second.payments, second.found_right_at), (0, Some(began)));
        // Asked for by name it is made in any case, and counts from then.
        assert_eq!(office.verified(false).await.payments, 2);
        office.desk.clock.advance(Duration::from_hours(25));
        assert_eq!(office.verified(true).await.payments, 2);
        // What was found wrong once is looked for until it is mended, by every desk.
        office.damage("INSERT INTO legal_moves VALUES ('settled', 'approved')");
        assert_eq!(office.verify().await, [Flaw::Rules]);
        assert_eq!(office.verified(true).await.findings.len(), 1);
        assert_eq!(office.desk.ledger.found_right().await.unwrap(), None);
        // A clock put back says nothing of when.
        office.damage(
            "DELETE FROM legal_moves WHERE from_state = 'settled' AND to_state = 'approved'",
        );
        assert_eq!(office.verify().await, []);
        office.desk.clock.set(began);
        assert_eq!(office.verified(true).await.payments, 2);
    }

    #[tokio::test]
    async fn a_finding_stops_the_payment_it_names_before_and_after_it_was_composed() {
        let office = Office::open().await;
        let Reply::Composed(composed) = office.compose("A-1").await.unwrap() else {
            panic!("not composed");
        };
        // The check before a send reads the payment's rows, not the audit; the whole check does.
        office.damage("DROP TRIGGER audit_fixed; UPDATE audit SET detail = 'hash=0' WHERE action = 'refund.reserved'");
        assert!(office.verify().await.contains(&Flaw::Content));
        let id = composed.refund.refund.id;
        let work = office.ask(Request::Work { refund: Some(id) }).await;
        let Reply::Worked(worked) = work.unwrap() else {
            panic!("no work");
        };
        assert_eq!(worked.sent, 0);
        let evidence = office.desk.ledger.evidence(id).await.unwrap();
        assert_eq!(evidence.attempts, []);
        let refund = office.desk.ledger.refund(id).await.unwrap().unwrap().refund;
        assert!(refund.said.unwrap().contains("damaged"));
    }
}

//! The check of all records, and what it forbids: no money is moved on what is damaged.

use std::sync::{Arc, PoisonError};

use super::face::{Refusal, Verified};
use super::local::Local;
use super::refusal;
use crate::domain::finding::Finding;
use crate::domain::id::PaymentId;

impl Local {
    /// Checks all records and remembers what is wrong with them until the next check.
    pub(super) async fn verify(&self) -> Result<Verified, Refusal> {
        let verdict = self.ledger.verify().await?;
        for finding in &verdict.findings {
            tracing::error!(flaw = ?finding.flaw, "{}", finding.detail);
        }
        let findings: Arc<[Finding]> = verdict.findings.into();
        let mut known = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::clone(&findings);
        Ok(Verified {
            payments: verdict.payments,
            refunds: verdict.refunds,
            audit_entries: verdict.entries,
            findings: findings.to_vec(),
        })
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

    use tempfile::TempDir;

    use crate::clock::Clock;
    use crate::config::{self, Environ};
    use crate::desk::Desk;
    use crate::desk::face::{Actor, Draft, Import, ImportFile, Refusal, Reply, Request};
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

        async fn verify(&self) -> Vec<Flaw> {
            match self.ask(Request::Verify).await.unwrap() {
                Reply::Verified(verified) => {
                    let flaws = verified.findings.iter().map(|finding| finding.flaw);
                    flaws.collect()
                }
                other => panic!("{other:?}"),
            }
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

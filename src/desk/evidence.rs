//! Proof for an auditor: one page per refund, drawn as a sample that can be drawn again; and who
//! held which role, under which limits, on a day.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone, Utc};

use super::face::{
    AccessReview, Actor, Evidence, EvidenceAsk, EvidencePage, PersonSeen, Refusal, RuleInForce,
};
use super::local::Local;
use super::refusal;
use crate::domain::audit::AuditEntry;
use crate::domain::id::RefundId;
use crate::domain::sample;
use crate::ledger::{POLICY, PastRule, RefundSummary};

/// A page is read in one go: more would be no sample.
const MOST_PAGES: u32 = 1_000;
/// More entries than any refund has.
const ENTRIES: u32 = 10_000;

impl Local {
    /// One page per refund. The head is read last: every entry on a page lies before it.
    pub(super) async fn prove(&self, actor: &Actor, ask: EvidenceAsk) -> Result<Evidence, Refusal> {
        let (refunds, population) = self.asked_of(ask).await?;
        let mut pages = Vec::new();
        for refund in refunds {
            pages.push(self.page_of(actor, refund).await?);
        }
        Ok(Evidence {
            at: self.clock.now(),
            zone: self.settings.zone.name().to_owned(),
            head: self.ledger.audit_head(None).await?,
            population,
            pages,
        })
    }

    async fn asked_of(
        &self,
        ask: EvidenceAsk,
    ) -> Result<(Vec<RefundSummary>, Option<u64>), Refusal> {
        let mut found = Vec::new();
        let (size, seed, month) = match ask {
            EvidenceAsk::Refunds(handles) => {
                for handle in handles {
                    found.push(self.refund_named(&handle).await?);
                }
                return Ok((found, None));
            }
            EvidenceAsk::Sample { size, seed, month } => (size, seed, month),
        };
        if size == 0 || size > MOST_PAGES {
            return Err(refusal::usage(
                "sample_size",
                format!("a sample has 1 to {MOST_PAGES} refunds, not {size}"),
                "Name another size: --sample 25",
            ));
        }
        let (from, to) = self.month_of(month)?;
        let made = self.ledger.refunds_made(from, to).await?;
        let names: Vec<String> = made.iter().map(RefundId::to_string).collect();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let drawn = sample::draw(&names, size, seed);
        for id in made.iter().filter(|id| drawn.contains(&id.to_string())) {
            found.push(self.refund_of(*id).await?);
        }
        Ok((found, Some(names.len() as u64)))
    }

    async fn page_of(
        &self,
        actor: &Actor,
        summary: RefundSummary,
    ) -> Result<EvidencePage, Refusal> {
        let refund = summary.refund;
        let payment = self.payment_of(refund.content.payment).await?;
        let mut rules = self.ledger.rules_at(refund.created_at).await?;
        let others = |rule: &PastRule| {
            rule.subject.starts_with("account ")
                && rule.subject != format!("account {}", refund.account)
        };
        rules.retain(|rule| !others(rule) && rule.subject != POLICY);
        // What routed it is named by the refund itself, whatever the clocks said.
        let policy = self
            .ledger
            .rule_version(POLICY, refund.policy_version)
            .await?;
        let entries = self.entries_about(refund.id).await?;
        Ok(EvidencePage {
            card: self.whole_card(actor, refund.id).await?,
            payment: super::personal::masked(payment),
            rules: policy.into_iter().chain(rules).map(in_force).collect(),
            statement_lines: self.ledger.statement_lines(refund.id).await?,
            came: self.how_they_came(&entries).await?,
            entries,
        })
    }

    async fn entries_about(&self, refund: RefundId) -> Result<Vec<AuditEntry>, Refusal> {
        Ok(self.ledger.audit(Some(refund.to_string()), ENTRIES).await?)
    }

    /// Who held which role and limits at the end of a business day, and who had acted by then.
    pub(super) async fn access_review(&self, date: NaiveDate) -> Result<AccessReview, Refusal> {
        let end = self.midnight(
            date.checked_add_days(Days::new(1))
                .ok_or_else(|| no_such_date(date))?,
        )?;
        let rules = self
            .ledger
            .rules_at(end - chrono::TimeDelta::milliseconds(1));
        let people = self.ledger.deeds_before(end).await?;
        let people = people.into_iter().map(|(name, deeds)| PersonSeen {
            name,
            first: deeds.first,
            last: deeds.last,
            did: deeds.did.into_iter().collect(),
        });
        Ok(AccessReview {
            date,
            zone: self.settings.zone.name().to_owned(),
            at: self.clock.now(),
            rules: rules.await?.into_iter().map(in_force).collect(),
            people: people.collect(),
            head: self.ledger.audit_head(Some(end)).await?,
        })
    }

    /// The beginning of a month and of the next, in the business time zone.
    fn month_of(&self, day: NaiveDate) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
        let first = day.with_day(1).unwrap_or(day);
        let next = first
            .checked_add_months(Months::new(1))
            .ok_or_else(|| no_such_date(day))?;
        Ok((self.midnight(first)?, self.midnight(next)?))
    }

    /// When a day begins in the business time zone: where clocks are put forward at midnight, an
    /// hour later.
    fn midnight(&self, day: NaiveDate) -> Result<DateTime<Utc>, Refusal> {
        let zone = &self.settings.zone;
        let midnight = day.and_time(NaiveTime::MIN);
        let one = midnight + chrono::TimeDelta::hours(1);
        zone.from_local_datetime(&midnight)
            .earliest()
            .or_else(|| zone.from_local_datetime(&one).earliest())
            .map(|at| at.to_utc())
            .ok_or_else(|| no_such_date(day))
    }
}

fn in_force(rule: PastRule) -> RuleInForce {
    RuleInForce {
        subject: rule.subject,
        version: rule.version,
        says: rule.says,
        by: rule.by,
        since: rule.since,
    }
}

fn no_such_date(date: NaiveDate) -> Refusal {
    refusal::usage(
        "date",
        format!("{date} is too far away"),
        "Name another: 2026-11-21",
    )
}

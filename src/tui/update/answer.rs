//! Answers of the desk: each goes to what asked for it; those that came too late are dropped.

use crate::desk::face::{RefundCard, Refusal, Reply, Request};
use crate::domain::finding::Finding;
use crate::tui::state::Layer;
use crate::tui::state::layout;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;

use super::{Turn, convert};

impl Turn<'_> {
    pub(super) fn answer(&mut self, slot: Slot, seq: u64, reply: Result<Reply, Refusal>) {
        if !self.app.slots.take(slot, seq) {
            self.app.dirty = false;
            return;
        }
        match reply {
            Ok(reply) => self.answered(slot, reply),
            Err(refusal) => self.refused(slot, refusal),
        }
        if slot == Slot::Page {
            self.check_records();
        }
        self.prefetch();
        self.ask_twins();
    }

    /// Reads everything, behind the screens, once; what is looked at first comes first.
    fn check_records(&mut self) {
        if !std::mem::replace(&mut self.app.checks_records, true) {
            let unless_lately = true;
            self.ask(Slot::Verify, Request::Verify { unless_lately });
        }
    }

    fn answered(&mut self, slot: Slot, reply: Reply) {
        match (slot, reply) {
            (Slot::Overview, Reply::Overview(overview)) => {
                self.app.send_delay_ms = overview.send_delay_ms;
                self.app.overview = Some(convert::overview(overview));
            }
            (Slot::Page, Reply::Payments(rows)) => self.page_answered(rows),
            (Slot::PageAfter, Reply::Payments(rows)) => self.page_after_answered(rows),
            (Slot::PageBefore, Reply::Payments(rows)) => self.page_before_answered(rows),
            (Slot::Totals, Reply::Totals(totals)) => {
                self.app.payments.totals = Some(totals);
                self.count_from_end();
            }
            (Slot::Card, Reply::Payment(card)) => self.card_answered(*card),
            (Slot::Ahead, Reply::Payment(card)) => self.card_ahead_answered(*card),
            (Slot::Jump, Reply::Payment(card)) => self.jumped(*card),
            (Slot::JumpRefund, Reply::Refund(card)) => self.jumped_to_refund(*card),
            (Slot::Row(_), Reply::Payment(card)) => {
                self.row_answered(&card.payment, card.eligibility)
            }
            (Slot::Refunds, Reply::Refunds(rows)) => {
                let rows = rows.into_iter().map(convert::refund_row).collect();
                self.app.refunds.answered(rows);
                self.app.refunds.failed = None;
                self.app.refunds.settle(layout::refund_rows(self.app.size));
            }
            (Slot::Providers, Reply::Providers(rows)) => {
                self.app.providers = Some(rows.into_iter().map(convert::provider).collect());
                if self.app.slots.ask_again(slot) {
                    self.providers_moved();
                }
            }
            (Slot::Phone, Reply::Call(call)) => self.call_answered(*call),
            (Slot::Sheet, Reply::Handover(told)) => self.handover_answered(&told),
            (Slot::Sheet, Reply::Order(order)) => self.order_answered(&order),
            (Slot::Sheet, Reply::AuditVerified(told)) => self.audit_checked(&told),
            (Slot::Sheet, Reply::Payment(card)) => self.as_of_answered(&card),
            (Slot::Views, Reply::Views(views)) => self.views_answered(*views),
            (Slot::Trace, Reply::Trace(note)) => self.trace_answered(&note),
            (Slot::Radar, Reply::Radar(radar)) => self.radar_answered(*radar),
            (Slot::Activity, Reply::Audit(entries)) => {
                self.activity_answered(entries);
                if self.app.slots.ask_again(slot) {
                    self.activity_moved();
                }
            }
            (Slot::Reveal, Reply::Revealed(told)) => {
                self.app.revealed = Some(convert::revealed(told));
                self.begin_at_top();
            }
            (Slot::Refund, Reply::Refund(card)) => self.refund_answered(*card),
            (Slot::ToDo, Reply::ToDo(items)) => self.todo_answered(items),
            (Slot::Review, Reply::Review(review)) => self.review_answered(*review),
            (Slot::Preview, Reply::Preview(preview)) => self.preview_answered(*preview),
            (Slot::Twins, Reply::Twins(twice)) => self.twins_answered(&twice),
            (Slot::Drafts, Reply::Drafts(all)) => self.drafts_answered(all),
            (Slot::Resume, Reply::Payment(card)) => self.resumed(*card),
            (Slot::Again(old), Reply::Payment(card)) => self.again_answered(old, *card),
            (Slot::Marks, Reply::Payments(rows)) => self.marks_answered(rows),
            (Slot::Plan, Reply::Plan(plan)) => self.plan_answered(*plan),
            (Slot::Bulk, Reply::Composed(composed)) => self.bulk_composed(*composed),
            (Slot::Compose, Reply::Composed(composed)) => self.composed(*composed),
            (Slot::Decide, Reply::Refund(card)) => self.decided(*card),
            (Slot::Decide, Reply::Discrepancy(closed)) => self.closed(&closed),
            (Slot::Decide, Reply::Inbound(decided)) => self.request_decided(&decided),
            (Slot::Decide, Reply::Noted(note)) => self.noted(&note),
            (Slot::Decide, Reply::Tended(tended)) => self.tended(&tended),
            (Slot::Decide, Reply::Stopped(stop)) => self.sending_stopped(&stop),
            (Slot::Decide, Reply::Resumption(said)) => self.sending_resumed(&said),
            (Slot::Verify, Reply::Verified(verified)) => self.verified(&verified.findings),
            _ => self.say(
                Level::Error,
                "the desk answered something else than was asked: look again",
            ),
        }
    }

    /// What was asked for stands at the top of the page.
    fn begin_at_top(&mut self) {
        match self.app.layers.last_mut() {
            Some(Layer::Payment { scroll, .. }) => *scroll = 0,
            Some(Layer::Refund(page)) => page.scroll = 0,
            Some(Layer::Phone(page)) => page.scroll = 0,
            _ => {}
        }
    }

    /// Damaged records are said once in full; the top line keeps saying that there are some.
    fn verified(&mut self, findings: &[Finding]) {
        let Some(first) = findings.first() else {
            return;
        };
        let frozen = match findings.iter().all(|finding| finding.payment.is_some()) {
            true => "nothing is sent on damaged payments",
            false => "nothing is sent, records are damaged",
        };
        // What it means stands first: the line may be cut.
        let text = format!(
            "{frozen} ({} findings); tell whoever looks after this desk: {}",
            findings.len(),
            first.detail
        );
        self.say(Level::Error, text);
        self.ask(Slot::Overview, Request::Overview);
    }

    fn refused(&mut self, slot: Slot, refusal: Refusal) {
        self.app.slots.refuse(slot, &refusal.message);
        match slot {
            Slot::Jump | Slot::JumpRefund => self.jump_refused(slot, &refusal),
            Slot::Preview | Slot::Compose => self.compose_refused(slot, refusal),
            Slot::Twins => self.twins_refused(),
            // It is asked for once more when it is looked at.
            Slot::Ahead => self.app.dirty = false,
            Slot::Plan => self.plan_refused(refusal),
            Slot::Bulk => self.bulk_refused(refusal),
            Slot::Decide => {
                self.close_confirm();
                self.say_refusal(&refusal);
                // What was shown may be what changed.
                self.look_again();
            }
            Slot::Activity => self.activity_refused(&refusal),
            Slot::Phone => self.call_refused(&refusal),
            Slot::Sheet => self.sheet_refused(&refusal),
            Slot::Radar => self.radar_refused(&refusal),
            Slot::ToDo => {
                self.app.todo.failed = Some(refusal.message.clone());
                self.say_refusal(&refusal);
            }
            Slot::Page => {
                // Rows of another order or filter must not pass for what was asked.
                self.app.payments.rows.clear();
                self.app.payments.failed = Some(refusal.message.clone());
                self.say_refusal(&refusal);
            }
            Slot::Refunds => {
                self.app.refunds.failed = Some(refusal.message.clone());
                self.say_refusal(&refusal);
            }
            _ => self.say_refusal(&refusal),
        }
    }

    pub(super) fn say_refusal(&mut self, refusal: &Refusal) {
        let parts = [&refusal.message, &refusal.money, &refusal.next];
        let said: Vec<&str> = parts
            .iter()
            .map(|part| part.trim_end_matches('.'))
            .filter(|part| !part.is_empty())
            .collect();
        self.say(Level::Error, said.join(". "));
    }

    fn refund_answered(&mut self, card: RefundCard) {
        let row = convert::refund_row(card.row.clone());
        let evidence = convert::evidence(card);
        self.app.refunds.update(row.clone());
        let pages = self.app.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Refund(page) => Some(page),
            _ => None,
        });
        for page in pages.filter(|page| page.row.refund.id == row.refund.id) {
            page.row = row.clone();
            page.evidence = Some(evidence.clone());
        }
    }
}

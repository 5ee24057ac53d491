//! From the desk's words to the screens' own: views know nothing of the desk.

use crate::desk::face::{
    self, PaymentCard, PaymentRow, RefundCard, RefundRow, Refusal, Stated, ToDoItem,
};
use crate::domain::zone::Zone;
use crate::tui::state::{card, compose, decide, desk, payments, providers, refunds, todo};

pub(super) fn payment_row(row: PaymentRow) -> payments::Row {
    let PaymentRow {
        place,
        payment,
        eligibility,
    } = row;
    payments::Row {
        twice: None,
        place,
        payment,
        eligibility,
    }
}

pub(super) fn refund_row(row: RefundRow) -> refunds::Row {
    let RefundRow {
        refund,
        reference,
        payer,
        last4,
    } = row;
    refunds::Row {
        refund,
        reference,
        payer,
        last4,
    }
}

pub(super) fn evidence(card: RefundCard) -> refunds::Evidence {
    refunds::Evidence {
        attempts: card.attempts,
        observations: card.observations,
        approvals: card.approvals,
        decline: card.decline,
        proposals: card.proposals,
        discrepancies: card.discrepancies,
        deeds: card.deeds,
        notes: card.notes,
        transfers: card.transfers,
        step: card.step,
    }
}

pub(super) fn item(item: ToDoItem, viewer: &str) -> todo::Item {
    todo::Item {
        is_own: item.owner.as_deref() == Some(viewer),
        owner: item.owner,
        aside: item.aside.into_iter().find(|it| it.who == viewer),
        step: item.step,
        may_approve: item.may_approve,
        payment: item.payment,
        refund: item.refund.map(refund_row),
        discrepancy: item.discrepancy,
        request: item.request,
        since: item.since,
    }
}

pub(super) const fn stated(outcome: decide::Outcome) -> Stated {
    match outcome {
        decide::Outcome::Succeeded => Stated::Succeeded,
        decide::Outcome::Failed => Stated::Failed,
        decide::Outcome::Absent => Stated::Absent,
    }
}

pub(super) fn card(card: PaymentCard) -> card::Card {
    let line = |line: face::BalanceLine| card::Line {
        label: line.label,
        amount: line.amount,
        refund: line.refund,
        is_sum: line.is_sum,
    };
    card::Card {
        payment: card.payment,
        eligibility: card.eligibility,
        refunds: card.refunds,
        external: card.elsewhere.external,
        disputes: card.elsewhere.disputes,
        discrepancies: card.elsewhere.discrepancies,
        notes: card.notes,
        twin: card.twin,
        explained: card.explained.into_iter().map(line).collect(),
    }
}

pub(super) fn overview(overview: face::Overview) -> desk::Overview {
    let account = |account: face::Account| desk::Account {
        provider: account.provider,
        success_means: account.success_means,
        can_send: account.can_send,
        voids: account.voids,
        compensates: account.compensates,
        stops: account.stops,
        batch_closes: account.batch_closes,
        not_answering: account.not_answering,
        marks: account.marks,
        freshness: account.freshness,
    };
    desk::Overview {
        label: overview.label,
        // The configuration was checked; UTC is what a zone no longer known would be read as.
        zone: overview.zone.parse().unwrap_or(Zone::UTC),
        offline: overview.offline,
        read_only: overview.read_only,
        damaged: overview.damaged,
        stops: overview.stops,
        came_back: overview.came_back,
        counts: overview.counts,
        accounts: overview.accounts.into_iter().map(account).collect(),
        former: overview.former,
        shared: overview.shared,
    }
}

pub(super) fn provider(state: face::ProviderState) -> providers::Row {
    providers::Row {
        account: state.account,
        provider: state.provider,
        can_send: state.can_send,
        stop: state.stop,
        closed: state.closed,
        pulse: state.pulse,
        left_alone: state.left_alone,
        looks_per_minute: state.looks_per_minute,
        waiting: state.waiting,
        imported_at: state.imported_at,
        synced_at: state.synced_at,
    }
}

pub(super) fn problem(refusal: Refusal) -> compose::Problem {
    let Refusal {
        code,
        message,
        money,
        next,
        ..
    } = refusal;
    compose::Problem {
        code,
        message,
        money,
        next,
    }
}

pub(super) fn preview(preview: face::Preview) -> compose::Preview {
    let limit = |limit: face::Limit| compose::Limit {
        name: limit.name,
        figure: limit.figure,
        kept: limit.kept,
    };
    let wire = |wire: face::WirePreview| compose::Wire {
        method: wire.method,
        url: wire.url,
        body: wire.body,
    };
    compose::Preview {
        account: preview.account,
        can_refund: preview.can_refund,
        available: preview.available,
        amount: preview.amount,
        compensation: preview.compensation,
        remaining: preview.remaining,
        limits: preview.limits.into_iter().map(limit).collect(),
        refundable_until: preview.refundable_until,
        approval: preview.approval,
        duplicates: preview.duplicates,
        problems: preview.problems.into_iter().map(problem).collect(),
        request: preview.request.map(wire),
    }
}

/// Who paid, in lines for a card.
pub(super) fn revealed(told: face::Revealed) -> card::Revealed {
    let unknown = match told.erased {
        true => "erased",
        false => "not known",
    };
    let name = told.payer.unwrap_or_else(|| unknown.to_owned());
    let mut lines = vec![("paid by".to_owned(), name)];
    lines.extend(told.contacts);
    if let Some(account) = told.account {
        lines.push(("to account".to_owned(), account.number));
        lines.extend(account.holder.map(|name| ("held by".to_owned(), name)));
    }
    let proposed = told.proposed.into_iter();
    lines.extend(proposed.map(|name| ("a file says".to_owned(), name)));
    card::Revealed {
        payment: told.payment,
        lines,
    }
}

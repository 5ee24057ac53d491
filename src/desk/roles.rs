//! Who may ask what: one table from request to action to roles, looked at before any use case runs.

use super::face::{Actor, BankAsk, DraftAsk, Refusal, Request, RosterAsk};
use super::local::Local;
use super::refusal;
use crate::domain::delegation::Delegation;
use crate::domain::role::{Role, Standing, any_of};

/// What a request amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Work that others decided, or that decides nothing: it takes no role.
    Serve,
    /// Looks.
    Look,
    /// Stops sending, which anybody may who has any part in it.
    Stop,
    /// Says when they are away themselves.
    SayAway,
    /// Reads files and lists of providers and banks.
    Import,
    /// Decides a refund, or goes on with one.
    Make,
    /// Withdraws, releases, looks after what is not as it should be.
    Tend,
    /// Says what became of money, which takes two people.
    State,
    /// Approves or declines.
    Decide,
    /// Hands on the right to.
    HandOn,
    /// Has what is known of a payer erased, which takes two people.
    Erase,
    /// Looks after the desk itself.
    RunDesk,
}

impl Action {
    /// Who may; empty: it takes no role.
    pub(super) const fn roles(self) -> &'static [Role] {
        use Role::{Admin, Checker, Importer, Maker};
        match self {
            Self::Serve => &[],
            Self::Look | Self::Stop | Self::SayAway => &Role::ALL,
            Self::Import => &[Importer],
            Self::Make => &[Maker],
            Self::Tend | Self::State => &[Maker, Checker],
            Self::Decide | Self::HandOn => &[Checker],
            Self::Erase => &[Maker, Checker, Admin],
            Self::RunDesk => &[Admin],
        }
    }

    /// Takes the word of whoever logged in: nobody gives it as somebody else.
    const fn in_person(self) -> bool {
        matches!(
            self,
            Self::State | Self::Decide | Self::HandOn | Self::Erase
        )
    }

    /// What it is, in the words of a refusal.
    const fn what(self) -> &'static str {
        match self {
            Self::Serve | Self::Look => "this",
            Self::Stop => "stopping",
            Self::SayAway => "saying when one is away",
            Self::Import => "reading this in",
            Self::Make => "making refunds",
            Self::Tend => "looking after refunds",
            Self::State => "saying what became of money",
            Self::Decide => "approving and declining",
            Self::HandOn => "handing on the right to approve",
            Self::Erase => "erasing personal data",
            Self::RunDesk => "looking after the desk itself",
        }
    }
}

/// What a request amounts to. A new one does not compile before it has its line here.
pub(super) const fn action_of(request: &Request) -> Action {
    match request {
        // The service asks how it and its providers stand, for whoever watches it.
        Request::Work { .. } | Request::Service | Request::Providers => Action::Serve,
        Request::Overview
        | Request::Payments(_)
        | Request::Totals(_)
        | Request::Twins(_)
        | Request::Payment(_)
        | Request::PaymentAsOf { .. }
        | Request::Preview(_)
        | Request::Drafts(DraftAsk::List)
        | Request::Refunds(_)
        | Request::Refund(_)
        | Request::Call(_)
        | Request::Trace(_)
        | Request::Radar
        | Request::Review(_)
        | Request::ToDo
        | Request::Handover { .. }
        | Request::Order(_)
        // Their own looks, and nobody else's.
        | Request::Views(_)
        | Request::Inbox { .. }
        | Request::Audit { .. }
        | Request::VerifyAudit { .. }
        | Request::Safeguards
        | Request::Discrepancies { .. }
        | Request::Verify { .. }
        | Request::Evidence(_)
        | Request::AccessReview { .. } => Action::Look,
        Request::StopSending(_) => Action::Stop,
        Request::Import(_) | Request::ImportAccounts(_) | Request::Sync { .. } => Action::Import,
        Request::Drafts(DraftAsk::Park { .. } | DraftAsk::Drop { .. })
        | Request::Plan(_)
        | Request::Compose(_)
        | Request::Retry(_)
        | Request::Capture { .. } => Action::Make,
        Request::AnswerRequest(_) | Request::RecordExternal(_) | Request::RecordDispute(_) => {
            Action::Make
        }
        Request::Cancel { .. }
        | Request::Release { .. }
        | Request::RebuildBalance(_)
        | Request::AskRequest { .. }
        | Request::LinkExternal(_)
        | Request::Reveal { .. }
        | Request::Note(_)
        | Request::Tend(_)
        | Request::AssignDiscrepancy { .. } => Action::Tend,
        Request::Erase(_) => Action::Erase,
        Request::CloseDiscrepancy(close) => match close.accept {
            // The old value stays until a checker accepts the new one.
            true => Action::Decide,
            false => Action::Tend,
        },
        Request::Resolve(_) | Request::ResumeSending(_) => Action::State,
        Request::Approve { .. } | Request::Decline { .. } => Action::Decide,
        Request::Backup { .. } => Action::RunDesk,
        Request::Bank(ask) => of_bank(ask),
        Request::Roster(ask) => of_roster(ask),
    }
}

const fn of_bank(ask: &BankAsk) -> Action {
    match ask {
        BankAsk::Transfers { .. } => Action::Look,
        BankAsk::Reconcile { .. } => Action::Import,
        BankAsk::ProposeFile { .. } => Action::Make,
        BankAsk::GiveUpFile { .. }
        | BankAsk::WriteFile { .. }
        | BankAsk::TakeFile { .. }
        | BankAsk::Confirm { .. }
        | BankAsk::Reveal { .. }
        | BankAsk::Explain { .. } => Action::Tend,
        BankAsk::State(_) | BankAsk::TurnDown { .. } => Action::State,
        BankAsk::ApproveFile { .. } => Action::Decide,
    }
}

const fn of_roster(ask: &RosterAsk) -> Action {
    match ask {
        RosterAsk::Show => Action::Look,
        RosterAsk::Away { .. } | RosterAsk::Back => Action::SayAway,
        RosterAsk::Delegate { .. } | RosterAsk::EndDelegation { .. } => Action::HandOn,
    }
}

impl Local {
    /// What somebody may be.
    pub(super) fn standing(&self, actor: &Actor) -> Standing {
        self.settings.roles.standing(&actor.name, &actor.groups)
    }

    /// Refuses what somebody's roles do not allow them to ask.
    pub(super) async fn permitted(&self, actor: &Actor, request: &Request) -> Result<(), Refusal> {
        let action = action_of(request);
        if action.in_person()
            && let Some(other) = &actor.acts_as
        {
            return Err(as_another(actor, other, action));
        }
        let needed = action.roles();
        let has = self.standing(actor).roles;
        if needed.is_empty() || needed.iter().any(|role| has.contains(role)) {
            return Ok(());
        }
        // Whose right it is, and whether it reaches this refund, is asked where it is used.
        let handed_on = matches!(request, Request::Approve { .. } | Request::Decline { .. })
            && !has.contains(&Role::Admin)
            && !self.delegations_to(actor).await?.is_empty();
        match handed_on {
            true => Ok(()),
            false => Err(self.no_role(actor, action)),
        }
    }

    /// What was handed on to somebody, and holds today.
    pub(super) async fn delegations_to(&self, actor: &Actor) -> Result<Vec<Delegation>, Refusal> {
        if !self.settings.roles.configured() {
            return Ok(Vec::new());
        }
        let today = self.business_day(self.clock.now());
        let mut delegations = self.ledger.roster(today).await?.delegations;
        delegations.retain(|it| {
            let still = &self.settings.roles;
            it.delegate == actor.name
                && it.holds(today)
                && still.still_gives(Role::Checker, &it.checker, &it.right)
        });
        Ok(delegations)
    }

    /// Whether somebody may say what became of money: a right to approve that was handed on does not
    /// reach that far.
    pub(super) fn may_state_outcomes(&self, actor: &Actor) -> Result<(), Refusal> {
        let has = self.standing(actor).roles;
        match Action::State.roles().iter().any(|role| has.contains(role)) {
            true => Ok(()),
            false => Err(self.no_role(actor, Action::State)),
        }
    }

    /// Who they are, what it takes, who has it.
    pub(super) fn no_role(&self, actor: &Actor, action: Action) -> Refusal {
        let has: Vec<Role> = self.standing(actor).roles.into_iter().collect();
        let is = match has.as_slice() {
            [] => "with no role here".to_owned(),
            has => {
                let names: Vec<&str> = has.iter().map(|role| role.name()).collect();
                format!("here as {}", names.join(" and "))
            }
        };
        let needed = action.roles();
        let others = self.settings.roles.holders(needed, &actor.name);
        let ask = match others.is_empty() {
            true => "The config names nobody: whoever runs the desk can.".to_owned(),
            false => format!("Ask one of: {}.", others.join(", ")),
        };
        let message = format!(
            "you are {}, {is}; {} takes the role {}",
            actor.name,
            action.what(),
            any_of(needed)
        );
        refusal::unchanged("role", message, ask)
    }
}

/// Who logged in is known; whoever they have become since is not asked.
fn as_another(actor: &Actor, other: &str, action: Action) -> Refusal {
    refusal::unchanged(
        "acts_as",
        format!(
            "you logged in as {} and act as {other}; {} is done in one's own name",
            actor.name,
            action.what()
        ),
        format!("Leave sudo or su, and do it as {}.", actor.name),
    )
}

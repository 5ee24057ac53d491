//! The bank leg at the desk: what is due, payment files that two people agree on, and what people say
//! became of a transfer.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::TimeDelta;

use super::compose::tidy;
use super::face::{
    Actor, BankAnswer, BankAsk, FileContent, FullAccount, Notice, Refusal, Reply, TransferWord,
    Transfers, Unexplained,
};
use super::local::Local;
use super::refusal;
use crate::bank::pain001::{self, Line, Order, Unfit};
use crate::domain::bank::OwnBank;
use crate::domain::digest::{hex, sha256};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};
use crate::domain::state::Event;
use crate::domain::text::clean;
use crate::domain::transfer::{FileState, PaymentFile, Statement, Transfer, TransferState};
use crate::failpoint;
use crate::ledger::{
    FileOrder, LooseEnd, NewFile, NewStatement, OrderLine, RefundSummary, TransferFilter,
};

impl Local {
    /// Everything about the bank leg.
    pub(super) async fn bank(&self, actor: &Actor, ask: BankAsk) -> Result<Reply, Refusal> {
        if let BankAsk::Transfers { account, ended } = ask {
            let shown = self.transfers_shown(account, ended).await?;
            return Ok(Reply::Bank(Box::new(BankAnswer::Transfers(shown))));
        }
        self.writable()?;
        let answer = match ask {
            BankAsk::State(word) => return self.state_transfer(actor, &word).await,
            BankAsk::TurnDown { refund, note } => {
                return self.turn_down_transfer(actor, &refund, &note).await;
            }
            BankAsk::Confirm { refund } => return self.confirm_anew(actor, &refund).await,
            BankAsk::Transfers { account, ended } => {
                BankAnswer::Transfers(self.transfers_shown(account, ended).await?)
            }
            BankAsk::ProposeFile { account, currency } => {
                BankAnswer::File(self.propose_file(actor, account, currency).await?)
            }
            BankAsk::ApproveFile { file, seen } => {
                BankAnswer::File(self.approve_file(actor, file, &seen).await?)
            }
            BankAsk::GiveUpFile { file, note } => {
                let (by, note) = (actor.name.clone(), needed(&note, "note")?);
                let now = self.clock.now();
                BankAnswer::File(self.ledger.give_up_file(file, by, note, now).await?)
            }
            BankAsk::WriteFile { .. } if self.mode.shared => return Err(not_for_others()),
            BankAsk::TakeFile { file } => {
                BankAnswer::Content(self.take_payment_file(actor, file).await?)
            }
            BankAsk::WriteFile { file, to } => {
                BankAnswer::File(self.write_payment_file(actor, file, &to).await?)
            }
            BankAsk::Reveal { refund } => BankAnswer::Account(self.reveal(actor, &refund).await?),
            BankAsk::Reconcile { files } => {
                BankAnswer::Reconciled(self.reconcile(actor, &files).await?)
            }
            BankAsk::Explain { id, note } => {
                let (by, note) = (actor.name.clone(), needed(&note, "note")?);
                let now = self.clock.now();
                self.ledger.close_loose_end(id, by, note, now).await?;
                BankAnswer::Transfers(self.transfers_shown(None, false).await?)
            }
        };
        self.tell(Notice::Changed);
        Ok(Reply::Bank(Box::new(answer)))
    }

    async fn transfers_shown(
        &self,
        account: Option<String>,
        ended: bool,
    ) -> Result<Transfers, Refusal> {
        let filter = TransferFilter {
            account: account.clone(),
            refund: None,
            ended,
        };
        let of_account = |name: &Option<String>| match (&account, name) {
            (Some(asked), Some(name)) => asked == name,
            _ => true,
        };
        let files = self.ledger.payment_files(ended).await?;
        let loose = self.ledger.loose_ends().await?;
        Ok(Transfers {
            transfers: self.ledger.transfers(filter).await?,
            files: files
                .into_iter()
                .filter(|it| of_account(&Some(it.account.clone())))
                .collect(),
            unexplained: loose
                .into_iter()
                .filter(|it| of_account(&it.account))
                .map(unexplained)
                .collect(),
        })
    }

    /// The transfers of a refund, oldest try first.
    pub(super) async fn transfers_of(&self, id: RefundId) -> Result<Vec<Transfer>, Refusal> {
        let filter = TransferFilter {
            refund: Some(id),
            ..TransferFilter::default()
        };
        Ok(self.ledger.transfers(filter).await?)
    }

    /// Proposes a payment file for all that is due and nothing holds back.
    async fn propose_file(
        &self,
        actor: &Actor,
        account: Option<String>,
        currency: Option<String>,
    ) -> Result<PaymentFile, Refusal> {
        let (account, currency) = self.what_is_due(account, currency).await?;
        let own = self.own_bank(&account)?;
        let lines = self.ledger.to_be_paid(account.clone(), currency).await?;
        let now = self.clock.now();
        // Only the seconds stand in the file.
        let now = now - TimeDelta::nanoseconds(i64::from(now.timestamp_subsec_nanos()));
        let id = match self.clock.drawn() {
            Some(chance) => RefundId::drawn(now, chance),
            None => RefundId::new(now),
        };
        let message_id = format!("RDF{}", id.to_string().replace('-', "").to_uppercase());
        let order = Order {
            message_id: message_id.clone(),
            made_at: now,
            requested_on: self.business_day(now),
            own: own.clone(),
            transfers: lines.iter().map(line).collect(),
        };
        let bytes = pain001::write(&order).map_err(unfit)?;
        let mut sum = Money::zero(currency);
        for line in &lines {
            sum = sum
                .checked_add(line.amount)
                .map_err(|error| unfit(Unfit::Sum(error)))?;
        }
        let new = NewFile {
            message_id,
            account,
            own,
            requested_on: order.requested_on,
            lines,
            sum,
            sha256: hex(&sha256(&bytes)),
            by: actor.name.clone(),
            now,
        };
        let proposed = self.ledger.propose_file(new).await?;
        failpoint::reach("transfer.file_proposed_committed");
        Ok(proposed)
    }

    /// The one account and currency that something is due of, or the one that was named.
    async fn what_is_due(
        &self,
        account: Option<String>,
        currency: Option<String>,
    ) -> Result<(String, Currency), Refusal> {
        let filter = TransferFilter {
            account,
            ..TransferFilter::default()
        };
        let due = self.ledger.transfers(filter).await?;
        let mut found: Vec<(String, Currency)> = due
            .into_iter()
            .filter(|it| it.state == TransferState::Due)
            .map(|it| (it.account, it.amount.currency))
            .filter(|(_, known)| {
                let asked = currency.as_deref();
                asked.is_none_or(|code| known.code().eq_ignore_ascii_case(code))
            })
            .collect();
        found.sort_by(|a, b| (&a.0, a.1.code()).cmp(&(&b.0, b.1.code())));
        found.dedup();
        let names: Vec<String> = found
            .iter()
            .map(|(account, currency)| format!("{account} in {}", currency.code()))
            .collect();
        match (found.pop(), names.len()) {
            (None, _) => Err(refusal::unchanged(
                "nothing_due",
                "no bank transfer is due",
                "See what there is: refund-desk transfers",
            )),
            (Some(only), 1) => Ok(only),
            _ => Err(refusal::usage(
                "which",
                format!(
                    "transfers are due of {}; a payment file holds one",
                    names.join(" and ")
                ),
                "Name it: --account NAME --currency CODE",
            )),
        }
    }

    fn own_bank(&self, account: &str) -> Result<OwnBank, Refusal> {
        let known = self
            .account(account)
            .ok_or_else(|| refusal::not_configured(account))?;
        known.format.own_bank().cloned().ok_or_else(|| {
            refusal::unchanged(
                "no_own_account",
                format!("the config names no bank account that refunds of {account} are paid from"),
                "Set debtor_account of the account in the config.",
            )
        })
    }

    async fn approve_file(
        &self,
        actor: &Actor,
        file: i64,
        seen: &str,
    ) -> Result<PaymentFile, Refusal> {
        let order = self.ledger.file_order(file).await?;
        if order.file.state == FileState::Proposed && order.file.proposed_by == actor.name {
            return Err(own_file(&order.file));
        }
        // What is agreed to is what would be written, not only what is said of it.
        bytes(&order)?;
        let (seen, by) = (seen.to_owned(), actor.name.clone());
        let now = self.clock.now();
        let approved = self.ledger.approve_file(file, seen, by, now).await?;
        failpoint::reach("transfer.file_approved");
        Ok(approved)
    }

    /// That it is about to be written is on disk before it is: the bank may have it from then on.
    async fn write_payment_file(
        &self,
        actor: &Actor,
        file: i64,
        to: &Path,
    ) -> Result<PaymentFile, Refusal> {
        let before = self.ledger.file_order(file).await?;
        let content = bytes(&before)?;
        // A name that cannot be used is found out before anything is marked.
        is_free(to, &content)?;
        let now = self.clock.now();
        let order = self
            .ledger
            .begin_file(file, actor.name.clone(), now)
            .await?;
        failpoint::reach("transfer.file_committed");
        write_private(to, &content).map_err(|error| not_written(to, &error))?;
        failpoint::reach("transfer.file_written");
        Ok(order.file)
    }

    /// For a desk elsewhere, which writes it where its operator may.
    async fn take_payment_file(&self, actor: &Actor, file: i64) -> Result<FileContent, Refusal> {
        let before = self.ledger.file_order(file).await?;
        let content = bytes(&before)?;
        let now = self.clock.now();
        let order = self
            .ledger
            .begin_file(file, actor.name.clone(), now)
            .await?;
        failpoint::reach("transfer.file_committed");
        Ok(FileContent {
            file: order.file,
            text: String::from_utf8_lossy(&content).into_owned(),
        })
    }

    /// Says what became of a transfer; the second person who says the same carries it out.
    async fn state_transfer(&self, actor: &Actor, word: &TransferWord) -> Result<Reply, Refusal> {
        let summary = self.refund_named(&word.refund).await?;
        let id = summary.refund.id;
        let reference = identifier(&word.reference)?;
        let transfers = self.transfers_of(id).await?;
        let stated = transfers.into_iter().find_map(|it| it.stated);
        let written = match stated {
            Some(first) => self.second_word(actor, summary, word, &first).await,
            None => {
                let new = NewStatement {
                    said: word.said,
                    reference,
                    dated: word.dated,
                };
                let now = self.clock.now();
                let by = actor.name.clone();
                self.ledger
                    .state_transfer(id, new, by, now)
                    .await
                    .map_err(Into::into)
            }
        };
        let written = written?;
        failpoint::reach("transfer.stated_committed");
        self.bell.notify_one();
        Ok(self.decided(actor, written).await)
    }

    async fn second_word(
        &self,
        actor: &Actor,
        summary: RefundSummary,
        word: &TransferWord,
        first: &Statement,
    ) -> Result<RefundSummary, Refusal> {
        if first.said != word.said {
            return Err(refusal::unchanged(
                "contradicts",
                format!(
                    "{} has said that it was {}. That does not agree with: {}",
                    first.by,
                    first.said.name(),
                    word.said.name()
                ),
                "Find out together which is true. If the first is wrong, turn it down, then say the other.",
            ));
        }
        if first.by == actor.name {
            return Err(refusal::unchanged(
                "same_person",
                format!("{} said so already; it takes another person", first.by),
                "Another person must look at the bank's statement and say the same.",
            ));
        }
        let event = Event::Evidence(Evidence::Doubt);
        let record = self.record_of(&summary, event, &actor.name);
        let agreed = self.ledger.agree_transfer(record, first.hash.clone()).await;
        agreed.map_err(|error| refusal::unwritten(error, summary.refund.id, "carried out"))
    }

    async fn turn_down_transfer(
        &self,
        actor: &Actor,
        handle: &str,
        note: &str,
    ) -> Result<Reply, Refusal> {
        let note = needed(note, "note")?;
        let id = self.refund_named(handle).await?.refund.id;
        let now = self.clock.now();
        let by = actor.name.clone();
        let summary = self.ledger.turn_down_transfer(id, by, note, now).await?;
        Ok(self.decided(actor, summary).await)
    }

    async fn confirm_anew(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        let summary = self.refund_named(handle).await?;
        let now = self.clock.now();
        let by = actor.name.clone();
        self.ledger.confirm_anew(summary.refund.id, by, now).await?;
        self.bell.notify_one();
        Ok(self.decided(actor, summary).await)
    }

    async fn reveal(&self, actor: &Actor, handle: &str) -> Result<FullAccount, Refusal> {
        let id = self.refund_named(handle).await?.refund.id;
        self.full_account(actor, id).await
    }

    /// The account of a refund's newest transfer in full; the audit says who saw it.
    pub(super) async fn full_account(
        &self,
        actor: &Actor,
        id: RefundId,
    ) -> Result<FullAccount, Refusal> {
        let now = self.clock.now();
        let shown = self
            .ledger
            .reveal_account(id, actor.name.clone(), now)
            .await?;
        Ok(FullAccount {
            number: shown.number,
            holder: shown.holder,
            clearing_system: shown.clearing_system,
        })
    }
}

fn unexplained(loose: LooseEnd) -> Unexplained {
    Unexplained {
        id: loose.id,
        account: loose.account,
        detail: loose.detail,
        at: loose.at,
    }
}

fn line(line: &OrderLine) -> Line {
    Line {
        end_to_end: line.end_to_end.clone(),
        amount: line.amount,
        to: line.to.clone(),
        remittance: line.remittance.clone(),
    }
}

/// The bytes of a payment file, which are the ones that were agreed on.
fn bytes(order: &FileOrder) -> Result<Vec<u8>, Refusal> {
    let content = pain001::write(&Order {
        message_id: order.file.message_id.clone(),
        made_at: order.file.proposed_at,
        requested_on: order.requested_on,
        own: order.own.clone(),
        transfers: order.lines.iter().map(line).collect(),
    })
    .map_err(unfit)?;
    match hex(&sha256(&content)) == order.file.sha256 {
        true => Ok(content),
        false => Err(refusal::failed(
            "other_bytes",
            format!(
                "payment file {} would not be what was proposed: this program has changed since",
                order.file.id
            ),
            "If it was never written, give it up and propose it anew: refund-desk transfers --give-up FILE",
        )),
    }
}

fn unfit(error: Unfit) -> Refusal {
    refusal::unchanged(
        "unfit",
        error.to_string(),
        "Pay that one by hand under its reference, and have it stated; then propose the rest.",
    )
}

fn own_file(file: &PaymentFile) -> Refusal {
    refusal::unchanged(
        "same_person",
        format!(
            "{} proposed payment file {}; it takes another person to agree",
            file.proposed_by, file.id
        ),
        "Another person must look at it and agree: refund-desk transfers",
    )
}

fn needed(text: &str, what: &str) -> Result<String, Refusal> {
    let text = tidy(text.trim())?;
    match text.is_empty() {
        false => Ok(text),
        true => Err(refusal::usage(
            what,
            format!("this takes a {what}"),
            format!("Give it with --{what}."),
        )),
    }
}

/// A reference is kept as it is: it is looked up by.
fn identifier(text: &str) -> Result<String, Refusal> {
    let text = clean(text.trim());
    match text.chars().count() {
        1..=140 => Ok(text),
        0 => Err(refusal::usage(
            "reference",
            "this takes the bank's reference, or where it can be looked up",
            "Give it with --reference or --evidence.",
        )),
        _ => Err(refusal::usage(
            "reference",
            "a reference has at most 140 characters",
            "Shorten it.",
        )),
    }
}

/// A file that is there stays as it is, unless it is this one.
pub(super) fn is_free(path: &Path, content: &[u8]) -> Result<(), Refusal> {
    match fs::read(path) {
        Ok(there) if there == content => Ok(()),
        Ok(_) => Err(refusal::unchanged(
            "exists",
            format!("{} is there already and was left as it is", path.display()),
            "Name another file.",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            match folder.is_none_or(Path::is_dir) {
                true => Ok(()),
                false => Err(not_written(path, &error)),
            }
        }
        Err(error) => Err(not_written(path, &error)),
    }
}

/// Complete or absent, and only its owner may read it.
pub(super) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let unfinished = path.with_file_name(name);
    // A leftover of ours; what stands there of somebody else is not written into.
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    failpoint::reach("transfer.file_flushed");
    fs::rename(&unfinished, path)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal {
        money: "Until it is written, nothing of it can be paid; its transfers stay in it."
            .to_owned(),
        ..refusal::failed(
            "payment_file",
            format!("cannot write {}: {error}", path.display()),
            "Name a file in a folder you may write to, and write the same payment file again: refund-desk transfers --file NUMBER --to FILE",
        )
    }
}

/// The service would write as itself, where nobody else can read it.
fn not_for_others() -> Refusal {
    refusal::rule(
        "not_the_services",
        "the service writes no payment file for others",
        "Take it with refund-desk transfers --file NUMBER --to FILE: the command writes it itself.",
    )
}

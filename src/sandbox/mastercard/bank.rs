//! The banks behind the network: whose account a payer has, and what the merchant's bank says about
//! transfers.
//!
//! A payment file put into `payment-files` is carried out at once, and a `camt.054` of its debits
//! lands in `statements`. A transfer of an amount that ends in 05 comes back once it is confirmed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, SecondsFormat, Utc};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::records::Refund;
use crate::domain::money::{Currency, Money};
use crate::sandbox::private_file;

/// A payer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub number: String,
    pub holder: String,
}

/// The account a payment came from: the same for the same payment, some as sort code and account
/// number, some as IBAN. No real bank has them.
pub(super) fn payer(payment: &str, holder: &str) -> Account {
    let chosen = number_of(payment, "account");
    let sort_code = format!("04{:04}", chosen % 10_000);
    let account = format!("{:08}", chosen / 10_000 % 100_000_000);
    let number = match chosen % 2 {
        0 => format!("{sort_code}{account}"),
        _ => iban(&format!("TEST{sort_code}{account}")),
    };
    let holder = match holder {
        "" => "A Payer".to_owned(),
        holder => holder.chars().take(70).collect(),
    };
    Account { number, holder }
}

/// A number that looks random and is the same for the same words.
pub(super) fn number_of(id: &str, what: &str) -> u64 {
    let digest = digest(&SHA256, format!("{what} {id}").as_bytes());
    let first = digest.as_ref().iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Puts the check digits of ISO 7064 before an account of the United Kingdom.
fn iban(account: &str) -> String {
    let rest = format!("{account}GB00")
        .chars()
        .filter_map(|it| it.to_digit(36))
        .fold(0, |rest, value| {
            let shift = if value < 10 { 10 } else { 100 };
            (rest * shift + value) % 97
        });
    format!("GB{:02}{account}", 98 - rest)
}

/// A transfer that a payment file asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Transfer {
    end_to_end: String,
    amount: Money,
}

/// The merchant's bank.
pub(super) struct Bank {
    inbox: PathBuf,
    statements: PathBuf,
    read: HashSet<PathBuf>,
    carried_out: HashMap<String, Transfer>,
}

impl Bank {
    /// A bank whose folders are in the sandbox's state. What it carried out before it knows from its
    /// own statements' names; what comes back later needs no memory.
    pub(super) fn open(state: &Path) -> io::Result<Self> {
        let bank = Self {
            inbox: state.join("payment-files"),
            statements: state.join("statements"),
            read: HashSet::new(),
            carried_out: HashMap::new(),
        };
        private_file::create_folder(&bank.inbox)?;
        private_file::create_folder(&bank.statements)?;
        Ok(bank)
    }

    /// Carries out the payment files that are new, each once.
    pub(super) fn look(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.inbox)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|it| it == "xml"))
            .filter(|path| !self.read.contains(path))
            .collect();
        files.sort();
        for path in files {
            // Half a file is read again when it is whole.
            let Some(transfers) = transfers(&fs::read_to_string(&path)?) else {
                continue;
            };
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let statement = self.statements.join(format!("camt054-{name}.xml"));
            if !statement.exists() {
                let entries: Vec<String> = transfers.iter().map(|it| debit(it, now)).collect();
                private_file::write(&statement, notification(&name, &entries, now).as_bytes())?;
            }
            let known = transfers.into_iter().map(|it| (reference(&it), it));
            self.carried_out.extend(known);
            self.read.insert(path);
        }
        Ok(())
    }

    /// The money of a refund comes back.
    pub(super) fn send_back(&self, refund: &Refund, now: DateTime<Utc>) -> io::Result<()> {
        let told = refund
            .confirmed
            .as_ref()
            .and_then(|it| it.reference.as_ref());
        let told = told.map_or("", String::as_str);
        // Whoever confirms names the bank's reference or its own.
        let end_to_end = self
            .carried_out
            .get(told)
            .map_or(told, |transfer| &transfer.end_to_end);
        let name = format!("return-{}", refund.id);
        let entry = returned(end_to_end, told, refund.amount, now);
        let statement = self.statements.join(format!("camt054-{name}.xml"));
        private_file::write(&statement, notification(&name, &[entry], now).as_bytes())
    }
}

/// The bank's own reference of a transfer.
fn reference(transfer: &Transfer) -> String {
    let number = number_of(&transfer.end_to_end, "reference");
    format!("FPS{:012}", number % 1_000_000_000_000)
}

/// The transfers of a payment file (pain.001, any version); none: it is not whole.
fn transfers(text: &str) -> Option<Vec<Transfer>> {
    let mut reader = Reader::from_str(text);
    let mut place: Vec<String> = Vec::new();
    let (mut end_to_end, mut amount, mut currency) = (String::new(), String::new(), String::new());
    let mut found = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                let local = tag.local_name();
                let name: &str = local.as_ref();
                if name == "InstdAmt" {
                    let attribute = tag.try_get_attribute("Ccy").ok()??;
                    currency = attribute.value.to_string();
                    amount.clear();
                }
                if name == "EndToEndId" {
                    end_to_end.clear();
                }
                place.push(name.to_owned());
            }
            Event::Text(words) => match place.last().map(String::as_str) {
                Some("EndToEndId") => end_to_end.push_str(words.trim()),
                Some("InstdAmt") => amount.push_str(words.trim()),
                _ => {}
            },
            Event::End(_) if place.pop()? == "CdtTrfTxInf" => {
                let currency = Currency::from_code(&currency).ok()?;
                found.push(Transfer {
                    end_to_end: end_to_end.clone(),
                    amount: Money::parse(&amount, currency).ok()?,
                });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (place.is_empty() && !found.is_empty()).then_some(found)
}

fn debit(transfer: &Transfer, now: DateTime<Utc>) -> String {
    entry(&Entry {
        amount: transfer.amount,
        direction: "DBIT",
        code: "ICDT",
        end_to_end: &transfer.end_to_end,
        reference: &reference(transfer),
        reason: "",
        now,
    })
}

fn returned(end_to_end: &str, reference: &str, amount: Money, now: DateTime<Utc>) -> String {
    entry(&Entry {
        amount,
        direction: "CRDT",
        code: "RRTN",
        end_to_end,
        reference,
        reason: "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf>",
        now,
    })
}

struct Entry<'a> {
    amount: Money,
    direction: &'a str,
    code: &'a str,
    end_to_end: &'a str,
    reference: &'a str,
    reason: &'a str,
    now: DateTime<Utc>,
}

fn entry(entry: &Entry<'_>) -> String {
    let (amount, currency) = (entry.amount.decimal(), entry.amount.currency.code());
    let (direction, code) = (entry.direction, entry.code);
    let family = if direction == "DBIT" { "ICDT" } else { "RCDT" };
    let sub = if direction == "DBIT" { "DMCT" } else { code };
    let day = entry.now.date_naive();
    let (end_to_end, reference) = (escaped(entry.end_to_end), escaped(entry.reference));
    let reason = entry.reason;
    format!(
        r#"      <Ntry>
        <Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>
        <AcctSvcrRef>{reference}</AcctSvcrRef>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>
        <NtryDtls><TxDtls>
          <Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>{end_to_end}</EndToEndId></Refs>
          <Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{reason}
        </TxDtls></NtryDtls>
      </Ntry>
"#
    )
}

/// A `camt.054.001.08` with these entries.
fn notification(name: &str, entries: &[String], now: DateTime<Utc>) -> String {
    let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let id = format!("{:016x}", number_of(name, "statement"));
    let entries = entries.concat();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
  <BkToCstmrDbtCdtNtfctn>
    <GrpHdr><MsgId>{id}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>
    <Ntfctn>
      <Id>{id}</Id><CreDtTm>{at}</CreDtTm>
      <Acct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></Acct>
{entries}    </Ntfctn>
  </BkToCstmrDbtCdtNtfctn>
</Document>
"#
    )
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><PmtInf>
<CdtTrfTxInf><PmtId><InstrId>i1</InstrId><EndToEndId>E2E1</EndToEndId></PmtId><Amt><InstdAmt Ccy="GBP">12.05</InstdAmt></Amt></CdtTrfTxInf>
<CdtTrfTxInf><PmtId><EndToEndId>E2E2</EndToEndId></PmtId><Amt><InstdAmt Ccy="GBP">7</InstdAmt></Amt></CdtTrfTxInf>
</PmtInf></CstmrCdtTrfInitn></Document>"#;

    #[test]
    fn accounts_are_the_same_again_and_ibans_right() {
        for payment in 0..40 {
            let account = payer(&payment.to_string(), "Ann");
            assert_eq!(account, payer(&payment.to_string(), "Ann"));
            let is_local = account.number.bytes().all(|it| it.is_ascii_digit());
            assert_eq!(account.number.len(), if is_local { 14 } else { 22 });
        }
        // The example of the United Kingdom's registry entry.
        assert_eq!(iban("NWBK60161331926819"), "GB29NWBK60161331926819");
    }

    #[test]
    fn a_payment_file_is_carried_out_once_and_half_of_one_waits() {
        let folder = tempfile::tempdir().unwrap();
        let now = DateTime::UNIX_EPOCH;
        let mut bank = Bank::open(folder.path()).unwrap();
        let file = folder.path().join("payment-files/batch.xml");
        fs::write(&file, &FILE[..300]).unwrap();
        bank.look(now).unwrap();
        let statement = folder.path().join("statements/camt054-batch.xml");
        assert!(!statement.exists());
        fs::write(&file, FILE).unwrap();
        bank.look(now).unwrap();
        let text = fs::read_to_string(&statement).unwrap();
        assert_eq!(text.matches("<Ntry>").count(), 2);
        for part in ["<EndToEndId>E2E1<", "Ccy=\"GBP\">12.05<", "DBIT"] {
            assert!(text.contains(part), "{text}");
        }
        fs::remove_file(&statement).unwrap();
        bank.look(now).unwrap();
        assert!(!statement.exists(), "once");
    }
}

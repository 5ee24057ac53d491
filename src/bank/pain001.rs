//! Payment files (pain.001): the due transfers of an account, in one batch. The same order gives the
//! same bytes.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::domain::bank::{BankAccount, NumberForm, OwnBank, PainVersion};
use crate::domain::money::{Money, MoneyError};

/// SEPA's longest name; the format itself allows 140.
const LONGEST_NAME: usize = 70;
const LONGEST_REMITTANCE: usize = 140;
const LONGEST_NUMBER: usize = 34;
/// What stands where a bank needs a name and none is known.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// A payment file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The id of the message and of its only batch, at most 35 characters.
    pub message_id: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// On which day the bank shall pay.
    pub requested_on: NaiveDate,
    /// The account that pays.
    pub own: OwnBank,
    /// What is paid, in one currency.
    pub transfers: Vec<Line>,
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its reference to both banks.
    pub end_to_end: String,
    /// How much.
    pub amount: Money,
    /// Where to.
    pub to: BankAccount,
    /// What the payee reads.
    pub remittance: String,
}

/// A payment file that cannot be written. No account number stands in the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing to pay.
    #[error("there is nothing to pay")]
    Empty,
    /// A sum that is none.
    #[error("the sum cannot be told: {0}")]
    Sum(#[from] MoneyError),
    /// An account number that no payment file can carry.
    #[error("the account {masked} of transfer {end_to_end} cannot stand in a payment file")]
    Account {
        /// Its end.
        masked: String,
        /// The transfer.
        end_to_end: String,
    },
    /// An amount that is not above zero.
    #[error("transfer {0} pays nothing")]
    Nothing(String),
    /// The writer failed.
    #[error("the payment file cannot be written: {0}")]
    Io(String),
}

impl From<std::io::Error> for Unfit {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// The bytes of a payment file.
///
/// # Errors
/// What cannot be written, by the transfer's own reference.
pub fn write(order: &Order) -> Result<Vec<u8>, Unfit> {
    let sum = sum(&order.transfers)?;
    for line in &order.transfers {
        check(line)?;
    }
    let mut out = Out {
        xml: Writer::new_with_indent(Vec::new(), b' ', 2),
        version: order.own.version,
    };
    out.xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let namespace = format!(
        "urn:iso:std:iso:20022:tech:xsd:pain.{}",
        order.own.version.name()
    );
    let document = BytesStart::new("Document").with_attributes([("xmlns", namespace.as_str())]);
    out.xml.write_event(Event::Start(document))?;
    out.within("CstmrCdtTrfInitn", |out| {
        out.header(order, sum)?;
        out.batch(order, sum)
    })?;
    out.xml.write_event(Event::End(BytesEnd::new("Document")))?;
    let mut bytes = out.xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn sum(transfers: &[Line]) -> Result<Money, Unfit> {
    let (first, rest) = transfers.split_first().ok_or(Unfit::Empty)?;
    let mut sum = first.amount;
    for line in rest {
        sum = sum.checked_add(line.amount)?;
    }
    Ok(sum)
}

fn check(line: &Line) -> Result<(), Unfit> {
    if !line.amount.is_positive() {
        return Err(Unfit::Nothing(line.end_to_end.clone()));
    }
    let number = &line.to.number;
    let fits = (1..=LONGEST_NUMBER).contains(&number.len())
        && number.bytes().all(|it| it.is_ascii_alphanumeric());
    match fits {
        true => Ok(()),
        false => Err(Unfit::Account {
            masked: line.to.masked(),
            end_to_end: line.end_to_end.clone(),
        }),
    }
}

struct Out {
    xml: Writer<Vec<u8>>,
    version: PainVersion,
}

type Written = Result<(), Unfit>;

impl Out {
    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> Written) -> Written {
        self.xml.write_event(Event::Start(BytesStart::new(name)))?;
        inside(self)?;
        Ok(self.xml.write_event(Event::End(BytesEnd::new(name)))?)
    }

    fn text(&mut self, name: &str, text: &str) -> Written {
        self.xml
            .create_element(name)
            .write_text_content(BytesText::new(text))?;
        Ok(())
    }

    fn header(&mut self, order: &Order, sum: Money) -> Written {
        self.within("GrpHdr", |out| {
            out.text("MsgId", &order.message_id)?;
            let made_at = order.made_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            out.text("CreDtTm", &made_at)?;
            out.totals(order, sum)?;
            out.named("InitgPty", &order.own.account)
        })
    }

    fn totals(&mut self, order: &Order, sum: Money) -> Written {
        self.text("NbOfTxs", &order.transfers.len().to_string())?;
        self.text("CtrlSum", &sum.decimal())
    }

    fn batch(&mut self, order: &Order, sum: Money) -> Written {
        let own = &order.own;
        self.within("PmtInf", |out| {
            out.text("PmtInfId", &order.message_id)?;
            out.text("PmtMtd", "TRF")?;
            // Each is to stand on the statement by itself, with its reference.
            out.text("BtchBookg", "false")?;
            out.totals(order, sum)?;
            let level = own.service_level_for(sum.currency);
            out.within("PmtTpInf", |out| {
                out.within("SvcLvl", |out| out.text("Cd", level))
            })?;
            out.requested_on(order.requested_on)?;
            out.named("Dbtr", &own.account)?;
            out.account("DbtrAcct", &own.account)?;
            out.within("DbtrAgt", |out| out.own_bank(own))?;
            out.text("ChrgBr", if level == "SEPA" { "SLEV" } else { "SHAR" })?;
            order
                .transfers
                .iter()
                .try_for_each(|line| out.transfer(line))
        })
    }

    fn requested_on(&mut self, day: NaiveDate) -> Written {
        let day = day.to_string();
        match self.version {
            PainVersion::V03 => self.text("ReqdExctnDt", &day),
            PainVersion::V09 => self.within("ReqdExctnDt", |out| out.text("Dt", &day)),
        }
    }

    fn transfer(&mut self, line: &Line) -> Written {
        self.within("CdtTrfTxInf", |out| {
            out.within("PmtId", |out| out.text("EndToEndId", &line.end_to_end))?;
            out.within("Amt", |out| {
                out.xml
                    .create_element("InstdAmt")
                    .with_attribute(("Ccy", line.amount.currency.code()))
                    .write_text_content(BytesText::new(&line.amount.decimal()))?;
                Ok(())
            })?;
            if line.to.form() == NumberForm::SortCodeAndNumber {
                out.within("CdtrAgt", |out| out.sort_code(&line.to))?;
            }
            out.named("Cdtr", &line.to)?;
            out.account("CdtrAcct", &line.to)?;
            let remittance = plain(&line.remittance, LONGEST_REMITTANCE);
            match remittance.is_empty() {
                true => Ok(()),
                false => out.within("RmtInf", |out| out.text("Ustrd", &remittance)),
            }
        })
    }

    fn named(&mut self, role: &str, account: &BankAccount) -> Written {
        let name = plain(account.holder.as_deref().unwrap_or_default(), LONGEST_NAME);
        let name = if name.is_empty() { NOT_PROVIDED } else { &name };
        self.within(role, |out| out.text("Nm", name))
    }

    fn account(&mut self, role: &str, account: &BankAccount) -> Written {
        self.within(role, |out| {
            out.within("Id", |out| match account.form() {
                NumberForm::Iban => out.text("IBAN", &account.number),
                NumberForm::SortCodeAndNumber => {
                    out.within("Othr", |out| out.text("Id", &account.number[6..]))
                }
                NumberForm::Other => out.within("Othr", |out| out.text("Id", &account.number)),
            })
        })
    }

    fn own_bank(&mut self, own: &OwnBank) -> Written {
        if own.bic.is_none() && own.account.form() == NumberForm::SortCodeAndNumber {
            return self.sort_code(&own.account);
        }
        self.within("FinInstnId", |out| match &own.bic {
            Some(bic) if out.version == PainVersion::V03 => out.text("BIC", bic),
            Some(bic) => out.text("BICFI", bic),
            None => out.within("Othr", |out| out.text("Id", NOT_PROVIDED)),
        })
    }

    fn sort_code(&mut self, account: &BankAccount) -> Written {
        self.within("FinInstnId", |out| {
            out.within("ClrSysMmbId", |out| {
                out.within("ClrSysId", |out| out.text("Cd", "GBDSC"))?;
                out.text("MmbId", &account.number[..6])
            })
        })
    }
}

/// What every bank takes: SEPA's letters, without accents; the rest becomes a full stop.
fn plain(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for letter in text.trim().chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(letter),
            '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ' => out.push(letter),
            _ => out.push_str(without_accent(letter)),
        }
    }
    // All of it is ASCII by now.
    out.truncate(longest);
    out.trim_end().to_owned()
}

fn without_accent(letter: char) -> &'static str {
    match letter {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'Ä' | 'Æ' => "AE",
        'Ö' | 'Œ' => "OE",
        'Ü' => "UE",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' | 'ă' => "a",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ś' | 'š' | 'ș' => "s",
        'ț' | 'ť' => "t",
        'ù' | 'ú' | 'û' | 'ů' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'À' | 'Á' | 'Â' | 'Ã' | 'Å' | 'Ą' => "A",
        'Ç' | 'Ć' | 'Č' => "C",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ę' => "E",
        'Ì' | 'Í' | 'Î' | 'Ï' => "I",
        'Ł' => "L",
        'Ñ' | 'Ń' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ø' => "O",
        'Ś' | 'Š' => "S",
        'Ù' | 'Ú' | 'Û' => "U",
        'Ź' | 'Ż' | 'Ž' => "Z",
        '\t' | '\n' | '\r' | '\u{a0}' => " ",
        '&' => "+",
        '_' => "-",
        _ => ".",
    }
}

//! The account that a merchant's payment files pay from.

use std::fmt;

use serde::Deserialize;

use crate::domain::bank::{BankAccount, NumberForm, OwnBank, PainVersion};

/// An account of our own, as payment files name it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OwnAccountFile")]
pub struct OwnAccount {
    /// Whose it is.
    pub name: String,
    /// Which.
    pub number: OwnNumber,
    /// Its bank.
    pub bic: Option<String>,
    /// The bank's code for the rail, where it wants another than the currency's usual.
    pub service_level: Option<String>,
}

/// How an account of our own is named.
#[derive(Clone, PartialEq, Eq)]
pub enum OwnNumber {
    /// By IBAN.
    Iban(String),
    /// By sort code and account number.
    Domestic {
        /// Six digits.
        sort_code: String,
        /// Eight digits.
        account_number: String,
    },
}

/// Only its end, as everywhere.
impl fmt::Debug for OwnNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for OwnAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl OwnAccount {
    /// How it is shown: `…1234`.
    pub fn masked(&self) -> String {
        self.number.masked()
    }

    /// The account as payment files of this version name it.
    pub fn bank(&self, version: PainVersion) -> OwnBank {
        let number = match &self.number {
            OwnNumber::Iban(number) => number.clone(),
            OwnNumber::Domestic {
                sort_code,
                account_number,
            } => format!("{sort_code}{account_number}"),
        };
        OwnBank {
            account: BankAccount {
                holder: Some(self.name.clone()),
                ..BankAccount::new(&number)
            },
            bic: self.bic.clone(),
            version,
            service_level: self.service_level.clone(),
        }
    }
}

impl OwnNumber {
    fn masked(&self) -> String {
        let number = match self {
            Self::Iban(number) => number,
            Self::Domestic { account_number, .. } => account_number,
        };
        BankAccount::new(number).masked()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnAccountFile {
    name: String,
    iban: Option<String>,
    sort_code: Option<String>,
    account_number: Option<String>,
    bic: Option<String>,
    service_level: Option<String>,
}

impl TryFrom<OwnAccountFile> for OwnAccount {
    type Error = &'static str;

    fn try_from(file: OwnAccountFile) -> Result<Self, Self::Error> {
        let plain = |text: &str| BankAccount::new(text).number;
        let digits = |text: &str, count: usize| {
            text.len() == count && text.bytes().all(|it| it.is_ascii_digit())
        };
        let number = match (file.iban, file.sort_code, file.account_number) {
            (Some(iban), None, None) => {
                let account = BankAccount::new(&iban);
                if account.form() != NumberForm::Iban {
                    return Err("the iban is not one: its check digits or its form are wrong");
                }
                OwnNumber::Iban(account.number)
            }
            (None, Some(sort_code), Some(account_number)) => {
                let (sort_code, account_number) = (plain(&sort_code), plain(&account_number));
                if !digits(&sort_code, 6) || !digits(&account_number, 8) {
                    return Err("sort_code has six digits and account_number eight");
                }
                OwnNumber::Domestic {
                    sort_code,
                    account_number,
                }
            }
            _ => return Err("name either an iban, or sort_code and account_number"),
        };
        let bic = file.bic.as_deref().map(plain);
        let bic_fits = bic.as_ref().is_none_or(|it| {
            matches!(it.len(), 8 | 11) && it.bytes().all(|it| it.is_ascii_alphanumeric())
        });
        let level_fits = file.service_level.as_ref().is_none_or(|it| {
            (1..=4).contains(&it.len())
                && it
                    .bytes()
                    .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
        });
        if !level_fits {
            return Err("a service_level is an ISO code of one to four capital letters and digits");
        }
        match (
            bic_fits,
            (1..=70).contains(&file.name.trim().chars().count()),
        ) {
            (false, _) => Err("a bic has 8 or 11 letters and digits"),
            (_, false) => Err("the name has 1 to 70 characters"),
            _ => Ok(Self {
                name: file.name.trim().to_owned(),
                number,
                bic,
                service_level: file.service_level,
            }),
        }
    }
}

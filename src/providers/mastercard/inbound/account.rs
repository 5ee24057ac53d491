//! The account in an advice. Where it stands there is inferred (fact sheet 5.2), so it is looked for,
//! and where more than one is found none is believed.

use serde_json::{Map, Value};

use crate::domain::bank::BankAccount;

/// Members that are not followed any deeper.
const DEEPEST: usize = 8;
/// What a number may be called.
const NUMBERS: [&str; 3] = ["iban", "IBAN", "accountNumber"];
/// The merchant's own account is not the payer's.
const NOT_THE_PAYERS: &str = "creditor";
/// As short and as long as account numbers are (fact sheet 5.2).
const NUMBER_CHARS: std::ops::RangeInclusive<usize> = 5..=35;
/// Digits of a UK account number, which its sort code comes before.
const UK_NUMBER: usize = 8;
const UK_SORT_CODE: usize = 6;

/// The accounts found, each with the texts that name it.
#[derive(Default)]
pub struct Accounts {
    found: Vec<BankAccount>,
    /// Every text that is a number or part of one, or who stands beside one.
    pub texts: Vec<String>,
}

impl Accounts {
    /// Looks through a body.
    pub fn of(body: &Value) -> Self {
        let mut accounts = Self::default();
        accounts.look(body, 0);
        accounts
    }

    /// The one account; none where there is none, or more than one.
    pub fn only(&self) -> Option<&BankAccount> {
        let first = self.found.first()?;
        let others = self.found.iter().any(|it| it.number != first.number);
        (!others).then_some(first)
    }

    fn look(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if depth <= DEEPEST => {
                if let Some(account) = account_of(members) {
                    self.texts.extend(account.holder.clone());
                    self.found.push(account);
                }
                for (name, value) in members {
                    if NUMBERS.contains(&name.as_str()) {
                        self.texts
                            .extend(text_of(value).filter(|it| !it.is_empty()));
                    }
                    if !name.starts_with(NOT_THE_PAYERS) {
                        self.look(value, depth + 1);
                    }
                }
            }
            Value::Array(list) if depth <= DEEPEST => {
                for value in list {
                    self.look(value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn account_of(members: &Map<String, Value>) -> Option<BankAccount> {
    let text = |name: &str| {
        members
            .get(name)
            .and_then(text_of)
            .filter(|it| !it.is_empty())
    };
    let number = NUMBERS.iter().find_map(|name| text(name))?;
    let mut account = BankAccount::new(&number);
    let sort_code = text("sortCode").map(|it| BankAccount::new(&it).number);
    let of_digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|it| it.is_ascii_digit())
    };
    if let Some(code) = sort_code.filter(|it| of_digits(it, UK_SORT_CODE))
        && of_digits(&account.number, UK_NUMBER)
    {
        account.number = format!("{code}{}", account.number);
    }
    let is_one = NUMBER_CHARS.contains(&account.number.len())
        && account.number.bytes().all(|it| it.is_ascii_alphanumeric());
    account.clearing_system = text("clearingSystem");
    account.holder = text("accountName").or_else(|| text("name"));
    is_one.then_some(account)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => number.as_u64().map(|it| it.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn found(text: &str) -> Option<String> {
        let accounts = Accounts::of(&serde_json::from_str(text).unwrap());
        accounts.only().map(|it| it.number.clone())
    }

    #[rstest]
    #[case(
        r#"{"debtorAccount":{"accountNumber":"60161331926819"}}"#,
        Some("60161331926819")
    )]
    #[case(
        r#"{"debtorAccount":{"accountNumber":60161331926819}}"#,
        Some("60161331926819")
    )]
    #[case(
        r#"{"debtor":{"debtorAccount":{"iban":"GB29 NWBK 6016 1331 9268 19"}}}"#,
        Some("GB29NWBK60161331926819")
    )]
    #[case(
        r#"{"refund":{"debtorAccount":{"accountNumber":"60-16-13 31926819"}}}"#,
        Some("60161331926819")
    )]
    #[case(
        r#"{"refund":{"sortCode":"60-16-13","accountNumber":"31926819"}}"#,
        Some("60161331926819")
    )]
    #[case(r#"{"accountNumber":"60161331926819"}"#, Some("60161331926819"))]
    #[case(
        r#"{"debtor":[{"account":{"accountNumber":"60161331926819"}}]}"#,
        Some("60161331926819")
    )]
    #[case(
        r#"{"iban":"GB29NWBK60161331926819","accountNumber":"31926819"}"#,
        Some("GB29NWBK60161331926819")
    )]
    #[case(r#"{"debtorAccount":{"accountNumber":"60161331926819"},"refund":{"accountNumber":"6016 1331926819"}}"#, Some("60161331926819"))]
    #[case(r#"{"debtorAccount":{"accountNumber":"60161331926819"},"refund":{"accountNumber":"60161331926810"}}"#, None)]
    #[case(r#"{"creditorAccount":{"accountNumber":"60161331926819"}}"#, None)]
    #[case(r#"{"creditor":{"account":{"accountNumber":"60161331926819"}}}"#, None)]
    #[case(r#"{"debtorAccount":{"accountNumber":""}}"#, None)]
    #[case(r#"{"debtorAccount":{"accountNumber":"12"}}"#, None)]
    #[case(r#"{"debtorAccount":{"accountNumber":"<script>"}}"#, None)]
    #[case(r#"{"debtorAccount":{"accountNumber":null}}"#, None)]
    #[case(r#"{"debtorAccount":{"accountNumber":["60161331926819"]}}"#, None)]
    #[case("{}", None)]
    fn an_account_is_found_wherever_it_stands(#[case] text: &str, #[case] number: Option<&str>) {
        assert_eq!(found(text).as_deref(), number, "{text}");
    }
}

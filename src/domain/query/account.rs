//! Whether a filter names an account that there is.

use super::{FilterError, tokens};

/// What stands before the name of an account.
const TERM: &str = "account:";

/// Checks what stands after `account:` against the accounts that there are: an empty list must mean
/// that an account has no such payments, not that its name was misspelt.
///
/// # Errors
/// The first name that is no account's, and those that come near.
pub fn check_accounts(typed: &str, known: &[&str]) -> Result<(), FilterError> {
    for token in tokens(typed).iter().filter(|token| !token.quoted) {
        match token.text.strip_prefix(TERM) {
            Some(name) if !known.contains(&name) => {
                let expected = written(&near(name, known));
                return Err(token.wrong(TERM.len(), "is no account here", &expected));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The accounts whose names are a slip or two away, or go on from there; where none is, all of them.
fn near<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let most = name.chars().count().div_ceil(3);
    let comes_near = |it: &&&str| {
        let known = it.to_lowercase();
        known.starts_with(&name) || strsim::damerau_levenshtein(&known, &name) <= most
    };
    let near: Vec<&str> = known.iter().filter(comes_near).copied().collect();
    match near.is_empty() {
        true => known.to_vec(),
        false => near,
    }
}

fn written(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{TERM}{name}")).collect();
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const KNOWN: [&str; 3] = ["hub-us", "hub-eu", "prism-us"];

    #[rstest]
    #[case("jane account:hub-us", None)]
    #[case("\"account:nobody\"", None)]
    #[case("jane account:hub-uk", Some((13, "hub-uk", "account:hub-us or account:hub-eu")))]
    #[case("account:HUB-US", Some((8, "HUB-US", "account:hub-us or account:hub-eu")))]
    #[case("account:prism", Some((8, "prism", "account:prism-us")))]
    #[case("account:x", Some((8, "x", "account:hub-us or account:hub-eu or account:prism-us")))]
    fn a_name_that_is_no_accounts_is_pointed_at(
        #[case] typed: &str,
        #[case] wrong: Option<(usize, &str, &str)>,
    ) {
        let error = check_accounts(typed, &KNOWN).err();
        let told = error
            .as_ref()
            .map(|it| (it.at, it.wrong.as_str(), it.expected.as_str()));
        assert_eq!(told, wrong);
    }
}

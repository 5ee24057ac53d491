//! `[roles.NAME]` of the config file: who may do what, and how much.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeValue;

use super::ConfigError;
use super::file::{PerCurrency, Reader};
use crate::domain::allowance::{Amounts, Band, Bound};
use crate::domain::money::Currency;
use crate::domain::role::{Grant, Role, Roles};

/// What the table of a role may hold.
const KEYS: &str = "may, users, groups, free and hard";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantFile {
    may: Option<Vec<Role>>,
    #[serde(default)]
    users: BTreeSet<String>,
    #[serde(default)]
    groups: BTreeSet<String>,
    free: Option<BoundFile>,
    hard: Option<BoundFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundFile {
    per_refund: Option<PerCurrency>,
    per_day: Option<PerCurrency>,
}

/// Reads the roles in the order of their names, so that the same roles are the same rules.
pub(super) fn read(
    reader: &Reader<'_>,
    table: Vec<(String, Spanned<DeValue<'_>>)>,
) -> Result<Roles, ConfigError> {
    let mut grants = Vec::new();
    for (name, value) in table {
        let offset = value.span().start;
        let place = format!("roles.{name}");
        let wrong = |what: &str| reader.at(offset, Some(&place), what);
        let DeValue::Table(table) = value.into_inner() else {
            return Err(wrong(&format!("must be a table of {KEYS}")));
        };
        let table = Spanned::new(offset..offset, table);
        let file: GrantFile = reader.read(Some(&place), table)?;
        let grant = file
            .grant(name, |key, amounts| {
                amounts.amounts(|what| reader.at(offset, Some(&format!("{place}.{key}")), what))
            })
            .map_err(|wrong_grant| match wrong_grant {
                Wrong::Here(what) => wrong(&what),
                Wrong::Told(error) => error,
            })?;
        grants.push((offset, grant));
    }
    for (offset, grant) in &grants {
        if let Some(what) = both(grant, grants.iter().map(|(_, grant)| grant)) {
            return Err(reader.at(*offset, Some(&format!("roles.{}", grant.name)), &what));
        }
    }
    let mut roles: Vec<Grant> = grants.into_iter().map(|(_, grant)| grant).collect();
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Roles(roles))
}

enum Wrong {
    Here(String),
    Told(ConfigError),
}

impl GrantFile {
    fn grant(
        self,
        name: String,
        read: impl Fn(&str, PerCurrency) -> Result<Amounts, ConfigError>,
    ) -> Result<Grant, Wrong> {
        let gives = given(&name, self.may).map_err(Wrong::Here)?;
        let bound = |key: &str, bound: Option<BoundFile>| -> Result<Bound, Wrong> {
            let Some(bound) = bound else {
                return Ok(Bound::default());
            };
            let figure = |which: &str, figure: Option<PerCurrency>| {
                let figure = figure.map(|figure| read(&format!("{key}.{which}"), figure));
                figure.transpose().map_err(Wrong::Told)
            };
            Ok(Bound {
                per_refund: figure("per_refund", bound.per_refund)?,
                per_day: figure("per_day", bound.per_day)?,
            })
        };
        let grant = Grant {
            gives,
            users: self.users,
            groups: self.groups,
            band: Band {
                free: bound("free", self.free)?,
                hard: bound("hard", self.hard)?,
            },
            name,
        };
        match contradiction(&grant) {
            Some(what) => Err(Wrong::Here(what)),
            None => Ok(grant),
        }
    }
}

/// What a role gives: what it says, or what it is called.
fn given(name: &str, may: Option<Vec<Role>>) -> Result<BTreeSet<Role>, String> {
    if let Some(may) = may {
        return match may.is_empty() {
            true => Err("may is empty: nobody is given anything".to_owned()),
            false => Ok(may.into_iter().collect()),
        };
    }
    if let Some(role) = Role::from_name(name) {
        return Ok([role].into());
    }
    let names = Role::ALL.map(Role::name);
    let nearest = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let meant = nearest.map_or(String::new(), |(_, name)| {
        format!("; did you mean `{name}`?")
    });
    Err(format!(
        "is none of {}: say what it may, such as may = [\"maker\", \"checker\"]{meant}",
        names.join(", ")
    ))
}

/// What makes no sense in one role.
fn contradiction(grant: &Grant) -> Option<String> {
    if grant.users.is_empty() && grant.groups.is_empty() {
        return Some("names nobody: give it users or groups".to_owned());
    }
    if grant
        .users
        .iter()
        .chain(&grant.groups)
        .any(|it| it.trim().is_empty())
    {
        return Some("names a user or group without a name".to_owned());
    }
    if grant.gives.contains(&Role::Admin) && grant.gives.iter().any(|role| role.decides()) {
        return Some("an admin can be neither maker nor checker".to_owned());
    }
    let limited = grant.band != Band::default();
    if limited && !grant.gives.contains(&Role::Maker) {
        return Some("has limits, and none of its people is a maker".to_owned());
    }
    let Band { free, hard } = &grant.band;
    for (free, hard, what) in [
        (&free.per_refund, &hard.per_refund, "per_refund"),
        (&free.per_day, &hard.per_day, "per_day"),
    ] {
        if let (Some(free), Some(hard)) = (free, hard)
            && let Some(currency) = exceeds(free, hard)
        {
            return Some(format!(
                "free.{what} is more than hard.{what}{currency}: what nobody may make cannot be free"
            ));
        }
    }
    None
}

/// Where one figure is above the other.
fn exceeds(free: &Amounts, hard: &Amounts) -> Option<String> {
    let named: BTreeMap<&Currency, ()> = free
        .apart
        .keys()
        .chain(hard.apart.keys())
        .map(|currency| (currency, ()))
        .collect();
    let above = |currency: &Currency| free.of(*currency).minor > hard.of(*currency).minor;
    match named.into_keys().find(|currency| above(currency)) {
        Some(currency) => Some(format!(" in {currency}")),
        None => (free.others_main > hard.others_main && hard.apart.is_empty()).then(String::new),
    }
}

/// Somebody this role lets decide, whom another calls admin.
fn both<'a>(grant: &Grant, all: impl Iterator<Item = &'a Grant>) -> Option<String> {
    if !grant.gives.iter().any(|role| role.decides()) {
        return None;
    }
    for admin in all.filter(|it| it.gives.contains(&Role::Admin)) {
        let user = grant.users.intersection(&admin.users).next();
        let group = grant.groups.intersection(&admin.groups).next();
        let who = user
            .cloned()
            .or(group.map(|group| format!("group {group}")));
        if let Some(who) = who {
            return Some(format!(
                "{who} is an admin by roles.{}, and an admin can be neither maker nor checker",
                admin.name
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::super::parse;
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::role::Through;

    fn roles(text: &str) -> Result<Roles, String> {
        let text = format!("environment = \"test\"\n{text}");
        let read = parse(Path::new("config.toml"), &text);
        read.map(|it| it.roles).map_err(|error| error.to_string())
    }

    #[test]
    fn roles_are_read_with_their_people_and_limits() {
        let read = roles(
            "[roles.maker]\nusers = [\"ann\"]\ngroups = [\"tills\"]\n\
             free = { per_refund = 100, per_day = { USD = \"250.50\" } }\nhard = { per_day = 1000 }\n\
             [roles.leads]\nmay = [\"maker\", \"checker\"]\ngroups = [\"leads\"]\n",
        )
        .unwrap();
        let names: Vec<&str> = read.0.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["leads", "maker"]);
        let usd = Currency::from_code("USD").unwrap();
        let yen = Currency::from_code("JPY").unwrap();
        let ann = read.standing("ann", &[]);
        let figures = ann.makes[0].band.figures(usd);
        assert_eq!(
            (
                figures.free_refund,
                figures.free_day,
                figures.hard_refund,
                figures.hard_day
            ),
            (Some(10_000), Some(25_050), None, Some(100_000))
        );
        // What a table leaves out has no allowance.
        assert_eq!(ann.makes[0].band.figures(yen).free_day, Some(0));
        let lead = read.standing("cy", &["leads".to_owned()]);
        assert_eq!(lead.checks.unwrap().through, Through::Group("leads".into()));
        assert_eq!(roles("").unwrap(), Roles::default());
    }

    #[rstest]
    #[case("[roles.makr]\nusers = [\"ann\"]\n", 2, "did you mean `maker`?")]
    #[case("[roles.seniors]\nusers = [\"ann\"]\n", 2, "say what it may")]
    #[case("[roles.maker]\nuser = [\"ann\"]\n", 3, "did you mean `users`?")]
    #[case(
        "[roles.maker]\nusers = [\"ann\"]\nfree = { per_refnd = 1 }\n",
        4,
        "did you mean `per_refund`?"
    )]
    #[case("[roles.maker]\nusers = \"ann\"\n", 3, "roles.maker.users")]
    #[case("[roles.maker]\n", 2, "names nobody")]
    #[case("[roles.maker]\nusers = [\" \"]\n", 2, "without a name")]
    #[case("[roles.x]\nmay = []\nusers = [\"ann\"]\n", 2, "may is empty")]
    #[case(
        "[roles.x]\nmay = [\"chekcer\"]\nusers = [\"ann\"]\n",
        3,
        "did you mean `checker`?"
    )]
    #[case(
        "[roles.x]\nmay = [\"admin\", \"checker\"]\nusers = [\"ann\"]\n",
        2,
        "neither maker nor checker"
    )]
    #[case(
        "[roles.admin]\nusers = [\"ann\"]\n[roles.maker]\nusers = [\"ann\"]\n",
        4,
        "ann is an admin by roles.admin"
    )]
    #[case(
        "[roles.checker]\ngroups = [\"ops\"]\n[roles.admin]\ngroups = [\"ops\"]\n",
        2,
        "group ops is an admin"
    )]
    #[case(
        "[roles.checker]\nusers = [\"ann\"]\nfree = { per_day = 1 }\n",
        2,
        "none of its people is a maker"
    )]
    #[case(
        "[roles.maker]\nusers = [\"ann\"]\nfree = { per_day = 2 }\nhard = { per_day = 1 }\n",
        2,
        "free.per_day is more than hard.per_day"
    )]
    #[case(
        "[roles.maker]\nusers = [\"ann\"]\nfree = { per_day = 2 }\nhard = { per_day = { USD = \"1\" } }\n",
        2,
        "in USD"
    )]
    #[case(
        "[roles.maker]\nusers = [\"ann\"]\nfree = { per_day = { USD = \"1.001\" } }\n",
        2,
        "roles.maker.free.per_day"
    )]
    #[case(
        "[roles.maker]\nusers = [\"ann\"]\nfree = { per_day = 1.5 }\n",
        4,
        "roles.maker.free.per_day"
    )]
    #[case("roles = 3\n", 2, "must be a table")]
    fn what_makes_no_sense_is_refused_with_its_place(
        #[case] text: &str,
        #[case] line: usize,
        #[case] what: &str,
    ) {
        let said = roles(text).unwrap_err();
        assert!(said.contains(what), "{said}");
        assert!(
            said.starts_with(&format!("config.toml, line {line}: roles")),
            "{said}"
        );
    }

    #[test]
    fn an_accounts_cap_is_in_its_config() {
        let read = |cap: &str| {
            let account = "[accounts.p]\nprovider = \"commerce-hub\"\nbase_url = \"https://x/ch\"\n\
                 currencies = [\"USD\"]\nmerchant_id = \"1\"\nterminal_id = \"1\"\n\
                 api_key = \"env:K\"\napi_secret = \"env:S\"\n";
            let text = format!("environment = \"test\"\n{account}{cap}");
            parse(Path::new("config.toml"), &text).map_err(|error| error.to_string())
        };
        let usd = Currency::from_code("USD").unwrap();
        let cap = |text: &str| {
            let cap = read(text).unwrap().accounts[0].cap_per_day.clone();
            cap.map(|cap| cap.of(usd))
        };
        assert_eq!(cap(""), None);
        assert_eq!(cap("cap_per_day = 500\n"), Some(Money::new(50_000, usd)));
        let apart = "cap_per_day = { USD = \"20.50\" }\n";
        assert_eq!(cap(apart), Some(Money::new(2_050, usd)));
        for (wrong, what) in [
            ("cap_per_day = 0.5\n", "accounts.p.cap_per_day"),
            ("cap_per_dya = 5\n", "did you mean `cap_per_day`?"),
        ] {
            let said = read(wrong).unwrap_err();
            assert!(said.contains(what) && said.contains("line 10"), "{said}");
        }
    }
}

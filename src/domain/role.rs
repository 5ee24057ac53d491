//! Who may do what: roles, who holds them, and the right that a decision is made by.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::allowance::Band;

/// What somebody may be at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and reads files from providers and banks.
    Importer,
    /// Decides refunds.
    Maker,
    /// Approves what others made.
    Checker,
    /// Runs the desk; decides nothing about money.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Importer,
        Self::Maker,
        Self::Checker,
        Self::Admin,
    ];

    /// Its word in the config, the database and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Importer => "importer",
            Self::Maker => "maker",
            Self::Checker => "checker",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Moves money or lets it move: what an admin must never do.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Maker | Self::Checker)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One `[roles.NAME]`: some people, what they may do, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Its name in the config.
    pub name: String,
    /// What it gives.
    pub gives: BTreeSet<Role>,
    /// The users it gives that to, by their names on this machine.
    pub users: BTreeSet<String>,
    /// The groups whose members it gives that to.
    pub groups: BTreeSet<String>,
    /// How much its makers may refund.
    pub band: Band,
}

impl Grant {
    /// How somebody holds it; by name before by group.
    fn held_by(&self, name: &str, groups: &[String]) -> Option<Through> {
        if self.users.contains(name) {
            return Some(Through::Name);
        }
        let group = groups.iter().find(|group| self.groups.contains(*group));
        group.map(|group| Through::Group(group.clone()))
    }

    /// Whom it names, in words: `ann, ben, group finance`.
    fn people(&self) -> impl Iterator<Item = String> + '_ {
        let groups = self.groups.iter().map(|group| format!("group {group}"));
        self.users.iter().cloned().chain(groups)
    }
}

/// How somebody comes to a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// The role names them.
    Name,
    /// The role names this group, and they are in it.
    Group(String),
}

/// By what right somebody makes or approves: the `[roles.NAME]` and how they hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// The name of the grant.
    pub grant: String,
    /// How.
    pub through: Through,
}

/// A right to make, with how much it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakersRight {
    /// Which.
    pub right: Right,
    /// How much.
    pub band: Band,
}

/// The roles of a configuration. None at all: everybody is maker and checker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(pub Vec<Grant>);

/// What one person may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Their roles. An admin is neither maker nor checker, whatever else names them.
    pub roles: BTreeSet<Role>,
    /// By what right they make; empty: they do not, or no roles are configured.
    pub makes: Vec<MakersRight>,
    /// By what right they approve; none: they do not, or no roles are configured.
    pub checks: Option<Right>,
}

impl Roles {
    /// Whether anybody's part is told apart from anybody else's.
    pub fn configured(&self) -> bool {
        !self.0.is_empty()
    }

    /// What somebody may be, by name and by the groups the system puts them in.
    pub fn standing(&self, name: &str, groups: &[String]) -> Standing {
        if !self.configured() {
            return Standing {
                roles: Role::ALL.into(),
                ..Standing::default()
            };
        }
        let held: Vec<(&Grant, Through)> = self
            .0
            .iter()
            .filter_map(|grant| Some((grant, grant.held_by(name, groups)?)))
            .collect();
        let mut roles: BTreeSet<Role> = held
            .iter()
            .flat_map(|(grant, _)| grant.gives.iter().copied())
            .collect();
        if roles.contains(&Role::Admin) {
            roles.retain(|role| !role.decides());
        }
        let right = |(grant, through): &(&Grant, Through)| Right {
            grant: grant.name.clone(),
            through: through.clone(),
        };
        let giving = |role| {
            held.iter()
                .filter(move |(grant, _)| grant.gives.contains(&role))
        };
        let makes = giving(Role::Maker).map(|it| MakersRight {
            right: right(it),
            band: it.0.band.clone(),
        });
        Standing {
            makes: makes.filter(|_| roles.contains(&Role::Maker)).collect(),
            checks: giving(Role::Checker)
                .next()
                .map(right)
                .filter(|_| roles.contains(&Role::Checker)),
            roles,
        }
    }

    /// Whether a right is still given: the grant is there, gives the role, and names the person or
    /// the group.
    pub fn still_gives(&self, role: Role, name: &str, right: &Right) -> bool {
        let grant = self.0.iter().find(|grant| grant.name == right.grant);
        grant.is_some_and(|grant| {
            let named = match &right.through {
                Through::Name => grant.users.contains(name),
                Through::Group(group) => grant.groups.contains(group),
            };
            named && grant.gives.contains(&role)
        })
    }

    /// Who has any of these roles, in words, without this person: users and groups, each once.
    pub fn holders(&self, of: &[Role], but: &str) -> Vec<String> {
        let grants = self.0.iter();
        let giving = grants.filter(|grant| of.iter().any(|role| grant.gives.contains(role)));
        let admins: BTreeSet<String> = self.named(Role::Admin);
        let people: BTreeSet<String> = giving.flat_map(Grant::people).collect();
        people
            .into_iter()
            .filter(|it| it != but)
            // Whom a role calls admin decides nothing, though another one names them.
            .filter(|it| of.contains(&Role::Admin) || !admins.contains(it))
            .collect()
    }

    /// The users that are given a role by name.
    fn named(&self, role: Role) -> BTreeSet<String> {
        let giving = self.0.iter().filter(|grant| grant.gives.contains(&role));
        giving.flat_map(|it| it.users.iter().cloned()).collect()
    }
}

/// `maker`, `maker or checker`, `viewer, importer or maker`.
pub fn any_of(roles: &[Role]) -> String {
    match roles {
        [] => "nobody".to_owned(),
        [one] => one.name().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(|role| role.name()).collect();
            format!("{} or {last}", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(name: &str, gives: &[Role], users: &[&str], groups: &[&str]) -> Grant {
        let owned = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        Grant {
            name: name.to_owned(),
            gives: gives.iter().copied().collect(),
            users: owned(users),
            groups: owned(groups),
            band: Band::default(),
        }
    }

    fn house() -> Roles {
        Roles(vec![
            grant("maker", &[Role::Maker], &["ann", "ola"], &["tills"]),
            grant("leads", &[Role::Maker, Role::Checker], &[], &["leads"]),
            grant("admin", &[Role::Admin], &["ola"], &["ops"]),
        ])
    }

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn without_roles_everybody_is_everything() {
        let standing = Roles::default().standing("ann", &[]);
        assert_eq!(standing.roles, Role::ALL.into());
        assert!(standing.makes.is_empty() && standing.checks.is_none());
    }

    #[test]
    fn a_role_comes_by_name_or_by_group_and_nobody_has_one_by_default() {
        let house = house();
        assert_eq!(house.standing("eve", &[]), Standing::default());
        let ann = house.standing("ann", &groups(&["leads"]));
        assert_eq!(ann.roles, [Role::Maker, Role::Checker].into());
        let makes: Vec<&str> = ann.makes.iter().map(|it| it.right.grant.as_str()).collect();
        assert_eq!(makes, ["maker", "leads"]);
        assert_eq!(
            ann.checks.unwrap().through,
            Through::Group("leads".to_owned())
        );
    }

    /// The config refuses what names them twice; a group may still bring the two together.
    #[test]
    fn an_admin_decides_nothing_whatever_else_names_them() {
        for (name, in_groups) in [("ola", &["leads"][..]), ("ben", &["leads", "ops"])] {
            let standing = house().standing(name, &groups(in_groups));
            assert_eq!(standing.roles, [Role::Admin].into(), "{name}");
            assert!(standing.makes.is_empty() && standing.checks.is_none());
        }
        assert_eq!(
            house().holders(&[Role::Maker], ""),
            ["ann", "group leads", "group tills"]
        );
    }

    #[test]
    fn a_right_ends_with_what_gave_it() {
        let house = house();
        let right = |grant: &str, through| Right {
            grant: grant.to_owned(),
            through,
        };
        let lead = right("leads", Through::Group("leads".to_owned()));
        assert!(house.still_gives(Role::Checker, "ben", &lead));
        assert!(!house.still_gives(Role::Admin, "ben", &lead));
        assert!(!house.still_gives(Role::Checker, "ben", &right("leads", Through::Name)));
        assert!(!house.still_gives(Role::Maker, "ben", &right("gone", Through::Name)));
    }

    #[test]
    fn roles_are_told_in_words() {
        assert_eq!(any_of(&[Role::Checker]), "checker");
        assert_eq!(any_of(&Role::ALL[..3]), "viewer, importer or maker");
        assert_eq!(house().holders(&[Role::Checker], "ben"), ["group leads"]);
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}

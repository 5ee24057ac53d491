//! What is known of each connector of Prism: a table in `assets`.

use std::sync::OnceLock;

const TABLE: &str = include_str!("../../../assets/prism_connectors.tsv");

/// A connector that Prism can speak to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its key in `x-connector-config`: UpperCamelCase.
    pub key: &'static str,
    /// Its name in `x-connector`: lower snake case.
    pub name: &'static str,
    /// Its number in token requests; none: it has none.
    pub number: Option<i32>,
    /// Members its configuration must have.
    pub required: Vec<&'static str>,
    /// Members it may have, other addresses included.
    pub optional: Vec<&'static str>,
    /// Lists that must be there, empty or not (fact sheet 5.1).
    pub lists: Vec<&'static str>,
    /// It wants an OAuth token with each call (fact sheet 8).
    pub needs_token: bool,
    /// It can be asked how a refund stands.
    pub can_poll: bool,
    /// It can refund.
    pub can_refund: bool,
}

impl Kind {
    /// The connector of this key, if the table has it; a later server may know more.
    pub fn of(key: &str) -> Option<&'static Self> {
        all().iter().find(|kind| kind.key == key)
    }

    /// Whether its configuration has a member of this name.
    pub fn has(&self, member: &str) -> bool {
        let known = [&self.required, &self.optional, &self.lists];
        known.into_iter().flatten().any(|name| *name == member)
    }

    /// The key nearest to one that is not known, if one is near.
    pub fn nearest(key: &str) -> Option<&'static str> {
        let near = all().iter().map(|kind| {
            let distance = strsim::damerau_levenshtein(kind.key, key);
            (distance, kind.key)
        });
        near.min()
            .filter(|(distance, _)| *distance <= 2)
            .map(|(_, key)| key)
    }
}

fn all() -> &'static [Kind] {
    static ALL: OnceLock<Vec<Kind>> = OnceLock::new();
    ALL.get_or_init(|| {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        rows.skip(1).filter_map(read).collect()
    })
}

fn read(row: &'static str) -> Option<Kind> {
    let mut columns = row.split('\t');
    let mut next = || columns.next();
    let names = |text: &'static str| text.split(',').filter(|name| *name != "-").collect();
    Some(Kind {
        key: next()?,
        name: next()?,
        number: next()?.parse().ok().filter(|number| *number > 0),
        required: names(next()?),
        optional: names(next()?),
        lists: names(next()?),
        needs_token: next()? == "yes",
        can_poll: next()? == "yes",
        can_refund: next()? == "yes",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE.lines().filter(|row| !row.starts_with('#')).count() - 1;
        assert_eq!(all().len(), rows);
        for kind in all() {
            assert!(kind.needs_token <= kind.number.is_some(), "{}", kind.key);
            assert_eq!(Kind::of(kind.key), Some(kind));
        }
        let paypal = Kind::of("Paypal").unwrap();
        assert_eq!(paypal.number, Some(62));
        assert!(paypal.needs_token && paypal.can_poll);
        assert!(!Kind::of("Adyen").unwrap().can_poll);
        assert_eq!(Kind::of("PinelabsOnline").unwrap().name, "pinelabs_online");
        assert_eq!(Kind::of("Braintree").unwrap().lists.len(), 4);
        assert_eq!(Kind::nearest("Molie"), Some("Mollie"));
        assert_eq!(Kind::nearest("Nothing like it"), None);
    }
}

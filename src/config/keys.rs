//! `[keys]` of the config file: other keys for the desk's actions. Here only their shape is known;
//! which actions and keys there are is the screens' business.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::file::Reader;

/// One line of `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// The name of the action, such as `refund.compose`.
    pub action: String,
    /// Its keys, as written.
    pub keys: Vec<String>,
    /// The line of the file, counted from 1.
    pub line: usize,
}

/// Reads the table, in the order of the file.
pub(super) fn read(
    reader: &Reader<'_>,
    (at, value): (usize, DeValue<'_>),
) -> Result<Vec<KeySetting>, ConfigError> {
    let DeValue::Table(table) = value else {
        let what = "must be a table such as [keys], with lines such as \"refund.compose\" = \"f\"";
        return Err(reader.at(at, Some("keys"), what));
    };
    let mut settings = Vec::new();
    collect(reader, "", table, &mut settings)?;
    settings.sort_by_key(|setting| setting.line);
    Ok(settings)
}

/// `refund.compose` without quotes is a table in a table for TOML; people mean the same by it.
fn collect(
    reader: &Reader<'_>,
    before: &str,
    table: DeTable<'_>,
    settings: &mut Vec<KeySetting>,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let action = match before {
            "" => name.get_ref().to_string(),
            _ => format!("{before}.{}", name.get_ref()),
        };
        let at = name.span().start;
        match value.into_inner() {
            DeValue::Table(inner) => collect(reader, &action, inner, settings)?,
            value => {
                let Some(keys) = texts(value) else {
                    let what = "must be a key such as \"f\", or a list such as [\"f\", \"ctrl-f\"]";
                    return Err(reader.at(at, Some(&format!("keys.{action}")), what));
                };
                let line = reader.line(at);
                settings.push(KeySetting { action, keys, line });
            }
        }
    }
    Ok(())
}

fn texts(value: DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(key) => Some(vec![key.into_owned()]),
        DeValue::Array(keys) => keys
            .into_iter()
            .map(|key| match Spanned::into_inner(key) {
                DeValue::String(key) => Some(key.into_owned()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(table: &str) -> Result<Vec<KeySetting>, String> {
        let text = format!("environment = \"test\"\n{table}\n");
        let settings = crate::config::parse(Path::new("/desk/config.toml"), &text);
        settings
            .map(|it| it.keys)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_key_or_several_with_their_lines_and_in_their_order() {
        let table =
            "[keys]\n\"refund.compose\" = \"f\"\nhelp = [\"f1\", \"?\"]\nlist.next-tab = \"n\"";
        let keys = read(table).unwrap();
        let lines: Vec<_> = keys
            .iter()
            .map(|it| (it.action.as_str(), it.keys.join(" "), it.line))
            .collect();
        assert_eq!(
            lines,
            [
                ("refund.compose", "f".to_owned(), 3),
                ("help", "f1 ?".to_owned(), 4),
                ("list.next-tab", "n".to_owned(), 5),
            ]
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_line() {
        for (table, line, key) in [
            ("keys = 3", 2, "keys: "),
            ("[keys]\n\ncopy = 3", 4, "keys.copy: "),
            ("[keys]\nrefund.compose = [3]", 3, "keys.refund.compose: "),
        ] {
            let said = read(table).unwrap_err();
            assert!(said.contains(&format!("line {line}: {key}")), "{said}");
        }
    }
}

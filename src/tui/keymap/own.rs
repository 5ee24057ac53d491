//! Keys that people choose: `[keys]` of the configuration, laid over the table.

use std::sync::Arc;

use super::{Binding, Code, Key, Keymap, of_table, written};
use crate::config::KeySetting;
use crate::tui::action::{ACTIONS, Action, Context, Spec, spec};

/// Why the keys of a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Misfit {
    /// Which setting, counted from 0.
    pub at: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// What an action's keys are to be.
#[derive(Clone)]
struct Chosen {
    action: Action,
    sequences: Vec<Vec<Key>>,
}

impl Keymap {
    /// The keys of the table, except for the actions that are given others.
    ///
    /// An action gets its keys wherever it can be done. Where text is typed, keys that type stay what
    /// they are, and the table's hold. `esc` and `ctrl-c` always lead back and out, and `enter`
    /// always cancels in the second step.
    ///
    /// # Errors
    /// [`Misfit`] for the first setting that names no action or no key, or whose keys mean something
    /// else already.
    pub fn with(settings: &[KeySetting]) -> Result<Self, Misfit> {
        let mut chosen = Vec::new();
        for (at, setting) in settings.iter().enumerate() {
            let read = read(setting).map_err(|what| Misfit { at, what })?;
            chosen.push(read);
        }
        let alone = Self::bound(&chosen);
        match followed(&chosen) {
            Some(followed) => Self::bound(&followed).or(alone),
            None => alone,
        }
    }

    fn bound(chosen: &[Chosen]) -> Result<Self, Misfit> {
        let mut bindings = Vec::new();
        for spec in ACTIONS {
            match chosen.iter().find(|it| it.action == spec.action) {
                Some(chosen) => bindings.extend(laid_over(spec, chosen)),
                None => bindings.extend(of_table(spec)),
            }
        }
        if let Some((at, what)) = clash(&bindings, chosen).or_else(|| hasty(&bindings, chosen)) {
            return Err(Misfit { at, what });
        }
        Ok(Self {
            bindings: Arc::new(bindings),
        })
    }
}

/// One verb, one key: where only refund was given others, refund again has them, too.
fn followed(chosen: &[Chosen]) -> Option<Vec<Chosen>> {
    if chosen.iter().any(|it| it.action == Action::Again) {
        return None;
    }
    let refund = chosen.iter().find(|it| it.action == Action::Refund)?;
    let again = Chosen {
        action: Action::Again,
        sequences: refund.sequences.clone(),
    };
    Some(chosen.iter().cloned().chain([again]).collect())
}

fn read(setting: &KeySetting) -> Result<Chosen, String> {
    let Some(spec) = ACTIONS.iter().find(|spec| spec.id == setting.action) else {
        return Err(unknown(&setting.action));
    };
    if setting.keys.is_empty() {
        return Err("an action needs a key; leave the line out to keep its own".to_owned());
    }
    let sequences = setting.keys.iter().map(|sequence| read_keys(sequence));
    let sequences = sequences.collect::<Result<Vec<_>, _>>()?;
    if spec.action == Action::Confirm && !sequences.iter().all(|keys| may_confirm(keys)) {
        let what = "only a letter, a function key or one with ctrl or alt may say yes: \
                    the others type a total or cancel";
        return Err(what.to_owned());
    }
    Ok(Chosen {
        action: spec.action,
        sequences,
    })
}

fn unknown(action: &str) -> String {
    let near = ACTIONS
        .iter()
        .map(|spec| (strsim::damerau_levenshtein(action, spec.id), spec.id))
        .filter(|(distance, id)| *distance <= 3 || id.split('.').any(|part| part == action))
        .min();
    match near {
        Some((_, id)) => format!("there is no such action; did you mean `{id}`?"),
        None => "there is no such action; refund-desk keys lists them".to_owned(),
    }
}

fn read_keys(sequence: &str) -> Result<Vec<Key>, String> {
    let keys: Option<Vec<Key>> = sequence.split_whitespace().map(Key::parse).collect();
    match keys {
        Some(keys) if (1..=3).contains(&keys.len()) => Ok(keys),
        Some(_) => Err(format!(
            "`{sequence}` is no key: one, or up to three one after another"
        )),
        None => Err(format!(
            "`{sequence}` is no key; they are written x, G, ctrl-d, alt-x, enter, space, pgdn, f5, \
             and one after another as in g g"
        )),
    }
}

/// Where a total is typed, figures are text.
fn may_confirm(keys: &[Key]) -> bool {
    let typed = keys.first().and_then(|key| key.typed());
    match (keys, typed) {
        ([_], Some(character)) => character.is_alphabetic(),
        ([key], None) => key.ctrl || key.alt || matches!(key.code, Code::F(_)),
        _ => false,
    }
}

/// Always as in the table.
fn is_fixed(binding: &Binding) -> bool {
    let key = |name: &str| Key::parse(name).is_some_and(|key| binding.keys == [key]);
    match binding.action {
        Action::Back => key("esc") || (binding.context == Context::Confirm && key("enter")),
        Action::Quit => key("ctrl-c"),
        _ => false,
    }
}

/// The chosen keys in every context of the action.
fn laid_over(spec: &Spec, chosen: &Chosen) -> Vec<Binding> {
    let mut bindings = Vec::new();
    for context in Context::ALL.into_iter().filter(|it| spec.is_in(*it)) {
        let fits = |keys: &&Vec<Key>| {
            let types = keys.first().is_some_and(|key| key.typed().is_some());
            !types || !context.is_typing() || spec.action == Action::Confirm
        };
        let own: Vec<Binding> = chosen
            .sequences
            .iter()
            .filter(fits)
            .map(|keys| Binding {
                context,
                keys: keys.clone(),
                action: spec.action,
            })
            .collect();
        let table = of_table(spec).filter(|it| it.context == context);
        let kept = table.filter(|it| own.is_empty() || (is_fixed(it) && !own.contains(it)));
        let kept: Vec<Binding> = kept.collect();
        bindings.extend(own);
        bindings.extend(kept);
    }
    bindings
}

/// Keys that mean two things in one place, and the setting that is to blame: the later one.
fn clash(bindings: &[Binding], chosen: &[Chosen]) -> Option<(usize, String)> {
    let given = |action: Action| chosen.iter().rposition(|it| it.action == action);
    for (at, one) in bindings.iter().enumerate() {
        let others = bindings.iter().skip(at + 1);
        for other in others.filter(|it| it.action != one.action && it.clashes(one)) {
            let (to_blame, has_it) = match (given(one.action), given(other.action)) {
                (Some(first), second) if second.is_none_or(|second| second < first) => {
                    (first, other)
                }
                (_, Some(second)) => (second, one),
                _ => continue,
            };
            let theirs = spec(has_it.action).id;
            let place = has_it.context.name();
            return Some((
                to_blame,
                match is_fixed(has_it) {
                    true => format!(
                        "`{}` always means {theirs}: choose another key",
                        written(&has_it.keys)
                    ),
                    false => format!(
                        "`{}` already means {theirs} on \"{place}\": choose another key, or give \
                         {theirs} another one too",
                        written(&has_it.keys)
                    ),
                },
            ));
        }
    }
    None
}

/// The key that says yes opens nothing that is confirmed: a second press by mistake would do it.
fn hasty(bindings: &[Binding], chosen: &[Chosen]) -> Option<(usize, String)> {
    let yes = bindings.iter().filter(|it| it.action == Action::Confirm);
    let opens = |keys: &[Key]| {
        let dangerous = bindings
            .iter()
            .find(|it| spec(it.action).flags.dangerous && it.keys.last() == keys.first());
        dangerous.map(|it| it.action)
    };
    let (key, action) = yes
        .filter_map(|it| Some((&it.keys, opens(&it.keys)?)))
        .next()?;
    let at = chosen
        .iter()
        .rposition(|it| it.action == action || it.action == Action::Confirm)?;
    let what = format!(
        "`{}` would both open {} and say yes to it: choose another key",
        written(key),
        spec(action).id
    );
    Some((at, what))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::Meaning;
    use super::*;

    /// As in `copy: f, f5 | help: f1`.
    fn set(settings: &str) -> Result<Keymap, Misfit> {
        let lines = settings.split(" | ").enumerate();
        let settings: Vec<KeySetting> = lines
            .map(|(at, line)| {
                let (action, keys) = line.split_once(':').unwrap();
                let keys = keys.split(',').map(|key| key.trim().to_owned());
                KeySetting {
                    action: action.to_owned(),
                    keys: keys.filter(|key| !key.is_empty()).collect(),
                    line: at + 1,
                }
            })
            .collect();
        Keymap::with(&settings)
    }

    fn means(keymap: &Keymap, context: Context, key: &str) -> Meaning {
        keymap.meaning(context, &[Key::parse(key).unwrap()])
    }

    #[test]
    fn an_action_gets_other_keys_wherever_it_can_be_done() {
        let keymap = set("refund.compose: f, f5").unwrap();
        for context in [Context::Payments, Context::Payment, Context::Explain] {
            for key in ["f", "f5"] {
                assert_eq!(
                    means(&keymap, context, key),
                    Meaning::Action(Action::Refund)
                );
            }
            assert_eq!(means(&keymap, context, "r"), Meaning::Nothing);
        }
        assert_eq!(keymap.key(Action::Refund), "f");
    }

    #[test]
    fn two_actions_can_change_places() {
        let keymap = set("open: r | refund.compose: enter").unwrap();
        assert_eq!(
            means(&keymap, Context::Payments, "r"),
            Meaning::Action(Action::Open)
        );
        assert_eq!(
            means(&keymap, Context::Payments, "enter"),
            Meaning::Action(Action::Refund)
        );
    }

    #[test]
    fn letters_go_on_typing_where_text_is_typed() {
        let keymap = set("move.down: W | back: b").unwrap();
        assert_eq!(means(&keymap, Context::Palette, "W"), Meaning::Nothing);
        assert_eq!(
            means(&keymap, Context::Palette, "down"),
            Meaning::Action(Action::Down)
        );
        assert_eq!(means(&keymap, Context::Filter, "b"), Meaning::Nothing);
    }

    #[test]
    fn the_ways_back_and_out_stay() {
        let keymap = set("back: f6 | quit: f10").unwrap();
        for context in Context::ALL {
            assert_eq!(
                means(&keymap, context, "esc"),
                Meaning::Action(Action::Back)
            );
            assert_eq!(
                means(&keymap, context, "ctrl-c"),
                Meaning::Action(Action::Quit)
            );
        }
        assert_eq!(
            means(&keymap, Context::Confirm, "enter"),
            Meaning::Action(Action::Back)
        );
        assert_eq!(means(&keymap, Context::Payments, "q"), Meaning::Nothing);
    }

    #[rstest]
    #[case("refund.compse: f", 0, "did you mean `refund.compose`?")]
    #[case("explain: f", 0, "did you mean `payment.explain`?")]
    #[case("zzzzzzzzzz: f", 0, "refund-desk keys lists them")]
    #[case("copy: hyper-x", 0, "`hyper-x` is no key")]
    #[case("copy: ", 0, "needs a key")]
    #[case("copy: a b c d", 0, "up to three")]
    #[case("copy: r", 0, "`r` already means refund.compose on \"Payments\"")]
    #[case("help: f1 | copy: f1", 1, "already means help")]
    // What begins like a sequence would keep it from being typed.
    #[case("copy: g", 0, "`g g` already means move.first")]
    #[case("copy: esc", 0, "`esc` always means back")]
    #[case("help: ctrl-c", 0, "always means quit")]
    // What opens a dialog must not be what says yes to it.
    #[case("copy: Y | refund.compose: y", 1, "say yes")]
    #[case("confirm: r", 0, "both open refund.compose and say yes")]
    #[case("confirm: 5", 0, "may say yes")]
    #[case("confirm: enter", 0, "may say yes")]
    fn what_cannot_be_is_refused(#[case] settings: &str, #[case] at: usize, #[case] words: &str) {
        let misfit = set(settings).map(|_| ()).unwrap_err();
        assert!(misfit.what.contains(words), "{}", misfit.what);
        assert_eq!(misfit.at, at);
    }
}

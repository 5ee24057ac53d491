//! The table, walked.

use super::*;
use crate::tui::state::palette::Palette as Search;

#[test]
fn every_action_has_one_entry_and_a_key() {
    for spec in ACTIONS {
        let same = ACTIONS
            .iter()
            .filter(|other| other.action == spec.action)
            .count();
        let same_id = ACTIONS.iter().filter(|other| other.id == spec.id).count();
        assert_eq!((same, same_id), (1, 1), "{}", spec.id);
        assert!(
            Context::ALL.iter().any(|context| spec.is_in(*context)),
            "{}",
            spec.id
        );
    }
    // `Quit` is the last of the enum: the table is as long as the enum.
    assert_eq!(ACTIONS.len(), Action::Quit as usize + 1);
}

#[test]
fn the_confirm_key_opens_nothing_dangerous() {
    let keymap = Keymap::default();
    let confirm = keymap.keys_of(Action::Confirm, Context::Confirm);
    for spec in ACTIONS.iter().filter(|spec| spec.flags.dangerous) {
        for context in Context::ALL {
            let keys = keymap.keys_of(spec.action, context);
            assert!(keys.iter().all(|key| !confirm.contains(key)), "{}", spec.id);
        }
    }
}

/// What the palette cannot do: open itself, say yes to a dialog, and end what is typed in a line.
const NOT_IN_PALETTE: [Action; 5] = [
    Action::Palette,
    Action::Confirm,
    Action::Run,
    Action::Accept,
    Action::Complete,
];

#[test]
fn every_action_is_reached_by_key_and_palette_wherever_it_can_be_done() {
    let keymap = Keymap::default();
    let opens_palette = |context| !keymap.keys_of(Action::Palette, context).is_empty();
    for spec in ACTIONS {
        let mut found = false;
        for context in Context::ALL.into_iter().filter(|it| spec.is_in(*it)) {
            let keys = keymap.keys_of(spec.action, context);
            assert!(!keys.is_empty(), "{} has no key in {context:?}", spec.id);
            if opens_palette(context) {
                let listed = Search::default().found(context, &[]);
                let is = listed.iter().any(|it| it.action == spec.action);
                assert_eq!(is, !NOT_IN_PALETTE.contains(&spec.action), "{}", spec.id);
                found = true;
            }
        }
        assert!(
            found || NOT_IN_PALETTE.contains(&spec.action),
            "{}",
            spec.id
        );
    }
}

/// Where something dangerous can be done it can be found by name, too.
#[test]
fn the_palette_opens_wherever_there_is_something_dangerous() {
    let keymap = Keymap::default();
    for context in Context::ALL {
        let mut here = ACTIONS.iter().filter(|spec| spec.is_in(context));
        if here.any(|spec| spec.flags.dangerous) {
            let opens = keymap.keys_of(Action::Palette, context);
            assert!(!opens.is_empty(), "{context:?}");
        }
    }
}

/// What is about the screen itself, by the first word of its id.
const OF_THE_SCREEN: [&str; 14] = [
    "move", "refresh", "copy", "compose", "filter", "accept", "confirm", "palette", "messages",
    "back", "redraw", "mouse", "suspend", "undo",
];

/// That a command of this name exists is asked where commands are.
#[test]
fn every_action_has_a_command_or_is_about_the_screen() {
    for spec in ACTIONS {
        let room = spec.id.split('.').next().unwrap_or_default();
        let of_the_screen = OF_THE_SCREEN.contains(&room) || spec.action == Action::Quit;
        let is_dangerous = spec.flags.dangerous;
        let has = spec.action.command().is_some();
        assert!(has || (of_the_screen && !is_dangerous), "{}", spec.id);
    }
}

#[test]
fn the_readme_has_the_keys_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- keys: from the table -->\n", "\n<!-- keys end -->");
    let (before, rest) = readme.split_once(begin).unwrap();
    let (list, after) = rest.split_once(end).unwrap();
    let table = keys_in_short(&Keymap::default());
    if std::env::var("UPDATE_KEYS").is_ok() {
        std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert!(list == table, "run the tests with UPDATE_KEYS=1");
    }
}

#[test]
fn the_key_list_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/keys.md");
    if std::env::var("UPDATE_KEYS").is_ok() {
        std::fs::write(path, keys_markdown(&Keymap::default())).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == keys_markdown(&Keymap::default()),
        "run the tests with UPDATE_KEYS=1"
    );
}

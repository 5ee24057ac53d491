//! What is read about the program: its keys, its manual, and the names a shell completes. All of it
//! is made from the command line's own description and the table of actions.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use serde_json::json;

use super::args::{Cli, KeyList};
use super::print::Output;
use super::{Exit, Failure};
use crate::tui::{self, Key, Keymap};

const NAME: &str = "refund-desk";

/// `keys`: as they are at this desk.
pub(super) fn keys(keymap: &Keymap, output: &Output, list: &KeyList) -> Result<Exit, Failure> {
    let mut keys = tui::keys(keymap);
    keys.retain(|key| list.action.as_deref().is_none_or(|id| id == key.spec.id));
    if list.markdown {
        output.text(tui::keys_markdown(keymap).trim_end())?;
    } else if output.json {
        for key in keys {
            output.object(&json!({
                "screen": key.context.name(),
                "action": key.spec.id,
                "keys": key.keys,
                "does": key.spec.long,
                "dangerous": key.spec.flags.dangerous,
                "command": key.spec.action.command(),
            }))?;
        }
    } else {
        output.text(&plain(&keys))?;
    }
    Ok(Exit::Done)
}

fn plain(keys: &[Key]) -> String {
    let mut lines = Vec::new();
    let mut context = None;
    for key in keys {
        if context != Some(key.context) {
            if context.is_some() {
                lines.push(String::new());
            }
            lines.push(key.context.name().to_owned());
            context = Some(key.context);
        }
        let mark = if key.spec.flags.dangerous { " *" } else { "" };
        let written = key.keys.join(", ");
        let (id, long) = (key.spec.id, key.spec.long);
        lines.push(format!("  {written:<18} {id:<24} {long}{mark}"));
    }
    lines.push(String::new());
    lines.push("* asks for confirmation before anything changes".to_owned());
    lines.join("\n")
}

/// `completions`.
pub(super) fn completions(shell: clap_complete::Shell, output: &Output) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text);
    output.text(String::from_utf8_lossy(&text).trim_end())?;
    Ok(Exit::Done)
}

/// `man`: the page of the program, or every page into a folder.
pub(super) fn man(
    keymap: &Keymap,
    output: &Output,
    folder: Option<&Path>,
) -> Result<Exit, Failure> {
    let main = page(keymap)?;
    let Some(folder) = folder else {
        output.text(String::from_utf8_lossy(&main).trim_end())?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    fs::write(folder.join(format!("{NAME}.1")), main)?;
    Ok(Exit::Done)
}

/// The page of the program, with its keys.
fn page(keymap: &Keymap) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let man = Man::new(Cli::command());
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    man.render_subcommands_section(&mut text)?;
    let mut roff = Roff::new();
    roff.control("SH", ["KEYS"]);
    let mut context = None;
    for key in tui::keys(keymap) {
        if context != Some(key.context) {
            roff.control("SS", [key.context.name()]);
            context = Some(key.context);
        }
        roff.control("TP", []);
        roff.text([bold(key.keys.join(", "))]);
        let asks = match key.spec.flags.dangerous {
            true => "; asks for confirmation first",
            false => "",
        };
        roff.text([roman(format!("{}{asks}", key.spec.long))]);
    }
    roff.to_writer(&mut text)?;
    man.render_version_section(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::ACTIONS;

    #[test]
    fn the_manual_names_every_command_and_every_action() {
        let text = String::from_utf8(page(&Keymap::default()).unwrap()).unwrap();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name().replace('-', "\\-");
            assert!(text.contains(&name), "{name}");
        }
        for spec in ACTIONS {
            // A sentence may be written in several pieces; its first words are enough.
            let first = spec.long.split([',', ';', '-', '\'']).next().unwrap_or("");
            assert!(text.contains(first), "{first}");
        }
    }

    /// The table of actions names commands that there are.
    #[test]
    fn the_twin_of_an_action_is_a_command() {
        for spec in ACTIONS {
            if let Some(twin) = spec.action.command() {
                let known = Cli::command().find_subcommand(twin).is_some();
                assert!(known, "{}: {twin}", spec.id);
            }
        }
    }

    #[test]
    fn every_shell_completes_every_command() {
        use clap::ValueEnum;
        for shell in clap_complete::Shell::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), NAME, &mut text);
            let text = String::from_utf8(text).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell}");
            }
        }
        // What `keys` can be asked about is the table, where a shell completes values.
        use clap_complete::Shell::{Bash, Zsh};
        for shell in [Bash, Zsh] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text);
            let text = String::from_utf8(text).unwrap();
            for spec in ACTIONS {
                assert!(text.contains(spec.id), "{shell}: {}", spec.id);
            }
        }
    }
}

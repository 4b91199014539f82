//! `holdpoint keys`: every key of the console as the configuration binds it, from the console's own
//! table.

use serde_json::{Value, json};

use console::keymap;

use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandResult, Exit};
use super::resolve::{config_text, load};

pub(crate) fn print(global: &GlobalArguments) -> CommandResult {
    let (config, _) = load(config_text(global)?)?;
    keymap::bind(&config.console.keys.bound);
    let mut output = Output::new(global);
    if output.is_json {
        let keys = keymap::listed().into_iter();
        let keys: Vec<Value> = keys
            .map(|one| json!({"where": one.group, "keys": one.keys, "does": one.help}))
            .collect();
        output.document(&keys)?;
    } else {
        keymap::page().lines().try_for_each(|line| output.line(line))?;
    }
    output.flush()?;
    Ok(Exit::Done)
}

//! `holdpoint keys`: every key of the console, from the console's own table.

use serde_json::{Value, json};

use console::keymap;

use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandResult, Exit};

pub(crate) fn print(global: &GlobalArguments) -> CommandResult {
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

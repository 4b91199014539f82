//! `holdpoint man`: the manual pages, made of what the command line and the table of the
//! configuration's keys say of themselves.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use runs::outside;

use super::args::Arguments;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use crate::version;

pub(crate) const HELP: &str = "\
Example:
  holdpoint man ~/.local/share/man && man holdpoint-gate-open

The pages are in man1 and man5 of the directory, over those that are there.";

/// The page about the configuration.
const CONFIGURATION: &str = "holdpoint-operator.yaml";

/// Writes them below this directory, over those that are there.
pub(crate) fn write(global: &GlobalArguments, directory: &Path) -> CommandResult {
    let pages = pages().map_err(|error| CommandError::of("not_possible", error))?;
    for (name, page) in &pages {
        outside::write(&directory.join(name), page)?;
    }
    let mut output = Output::new(global);
    let names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
    if output.is_json {
        output.document(&names)?;
    } else {
        let shown = directory.display();
        output.line(&format!("{} pages are in {shown}/man1 and {shown}/man5", names.len()))?;
    }
    output.flush()?;
    Ok(Exit::Done)
}

/// All pages: their paths below the directory, and what stands in them.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let mut pages = vec![(format!("man5/{CONFIGURATION}.5"), configuration())];
    add(&root, &mut pages)?;
    Ok(pages)
}

/// The page of a command, and those of the commands in it.
fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let is_root = !command.get_display_name().unwrap_or_default().contains('-');
    // What holds for every command is told once.
    let own = match is_root {
        true => command.clone(),
        false => command.clone().mut_args(|argument| {
            let is_global = argument.is_global_set() || ["help", "version"].contains(&argument.get_id().as_str());
            argument.hide(is_global)
        }),
    };
    let usage = command.clone().render_usage().to_string();
    let title = own.get_display_name().unwrap_or_default().to_uppercase();
    let man = Man::new(own.clone())
        .title(title)
        .date(version::date().unwrap_or_default())
        .source(format!("holdpoint {}", version::VERSION))
        .manual("holdpoint");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let mut roff = Roff::default();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(usage.trim_start_matches("Usage: "))]);
    roff.to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    if own.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if own.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    let mut roff = Roff::default();
    if let Some(more) = own.get_after_help().map(ToString::to_string) {
        let heading = if more.starts_with("Example") {
            "EXAMPLES"
        } else {
            "NOTES"
        };
        roff.control("SH", [heading]);
        verbatim(&mut roff, &more);
    }
    roff.control("SH", ["SEE ALSO"]);
    let root_page = (!is_root).then(|| [bold("holdpoint"), roman("(1) for options of every command, ")]);
    let mut named: Vec<_> = root_page.into_iter().flatten().collect();
    named.extend([bold(CONFIGURATION), roman("(5)")]);
    roff.text(named);
    roff.to_writer(&mut page)?;
    pages.push((format!("man1/{}", man.get_filename()), page));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        add(inner, pages)?;
    }
    Ok(())
}

/// The page about the configuration, from the table of its keys.
fn configuration() -> Vec<u8> {
    let mut roff = Roff::default();
    let (date, source) = (
        version::date().unwrap_or_default(),
        format!("holdpoint {}", version::VERSION),
    );
    roff.control("TH", [&*CONFIGURATION.to_uppercase(), "5", &date, &source, "holdpoint"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!(
        "{CONFIGURATION} - what holdpoint is told by its configuration"
    ))]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([
        roman("A YAML or JSON file. "),
        bold("holdpoint config check"),
        roman(" names every fault in it with its line, "),
        bold("holdpoint config show"),
        roman(" prints the values in force, "),
        bold("holdpoint init"),
        roman(
            " writes a first one. A saved change counts for gates that open after it. Below, * stands for a stage's name, [] for \\
             each item of a list; values that are marked hidden reach no message and no document.",
        ),
    ]);
    roff.control("SH", ["KEYS"]);
    for key in config::keys() {
        roff.control("TP", []);
        roff.text([bold(&key.path), roman("  "), italic(&key.holds)]);
        let hidden = if key.is_hidden { " Hidden." } else { "" };
        let left_out = key.left_out.map(|value| format!(" Left out: {value}."));
        roff.text([roman(format!("{}{}{hidden}", key.about, left_out.unwrap_or_default()))]);
    }
    roff.control("SH", ["EXAMPLE"]);
    verbatim(&mut roff, config::Starter::Stages.text());
    roff.control("SH", ["SEE ALSO"]);
    roff.text([
        bold("holdpoint-config"),
        roman("(1), "),
        bold("holdpoint-init"),
        roman("(1)"),
    ]);
    roff.render().into_bytes()
}

/// Lines as they are.
fn verbatim(roff: &mut Roff, text: &str) {
    roff.control("PP", []);
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

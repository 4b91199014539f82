//! Why a gate is asked for: the arguments of `gate open`, the filters of `gate list`, and its lines.

use clap::Args;

use text::visible_line;

use domain::context::{ContextFilter, ContextLink, GateContext, Severity};
use domain::filter::GateFilter;

use super::output::Output;
use super::report::CommandError;

/// What a gate says of itself.
#[derive(Debug, Args)]
pub(crate) struct ContextArguments {
    /// What the gate is about, in a line
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Why it is wanted; may have several lines
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// An address that belongs to it: http, https or mailto; may be repeated
    #[arg(long = "link", value_name = "NAME=URL", value_parser = link)]
    links: Vec<ContextLink>,
    /// What lists filter by; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// How much hangs on it: low, normal, high or critical
    #[arg(long, value_name = "WORD", value_parser = severity)]
    severity: Option<Severity>,
    /// Who wants it
    #[arg(long, value_name = "TEXT")]
    requester: Option<String>,
    /// What the operator should do or look at; may have several lines
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
}

impl From<ContextArguments> for GateContext {
    fn from(arguments: ContextArguments) -> Self {
        Self {
            title: arguments.title,
            why: arguments.why,
            links: arguments.links,
            labels: arguments.labels.into_iter().collect(),
            severity: arguments.severity,
            requester: arguments.requester,
            instructions: arguments.instructions,
        }
    }
}

fn link(text: &str) -> Result<ContextLink, String> {
    // The name may be left out; an address may have = in it.
    let (name, url) = text
        .split_once('=')
        .filter(|(name, _)| !name.contains(':'))
        .unwrap_or(("", text));
    let link = ContextLink {
        name: name.to_owned(),
        url: url.to_owned(),
    };
    let hint = |hint: Option<String>| hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    link.fitting()
        .map_err(|refusal| format!("{}{}", refusal.message, hint(refusal.hint)))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("a label is written key=value, such as team=media".to_owned()),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| "a severity is low, normal, high or critical".to_owned())
}

/// Which gates are listed.
#[derive(Debug, Args)]
pub(crate) struct FilterArguments {
    /// Only gates for which all these words hold: text, unseen, mine, failed, by:ana, left<10m, stage:audio, label:team=media,
    /// severity>=high; !word: not so
    #[arg(long, value_name = "WORDS", value_parser = filter_words)]
    filter: Option<GateFilter>,
    /// Only gates with this label, or with any value of a key; may be repeated
    #[arg(long = "label", value_name = "KEY[=VALUE]", value_parser = label_filter)]
    labels: Vec<String>,
    /// Only gates of this severity or more; =high: that alone
    #[arg(long, value_name = "WORD", value_parser = severity_filter)]
    severity: Option<String>,
}

fn label_filter(text: &str) -> Result<String, String> {
    ContextFilter::default().label(text).map(|()| text.to_owned())
}

fn severity_filter(text: &str) -> Result<String, String> {
    ContextFilter::default().severity(text).map(|()| text.to_owned())
}

fn filter_words(text: &str) -> Result<GateFilter, String> {
    GateFilter::parse(text).map_err(|fault| fault.to_string())
}

impl From<FilterArguments> for GateFilter {
    fn from(arguments: FilterArguments) -> Self {
        let mut said = ContextFilter::default();
        // Each was read as an argument before.
        for label in &arguments.labels {
            let _ = said.label(label);
        }
        if let Some(severity) = &arguments.severity {
            let _ = said.severity(severity);
        }
        arguments.filter.unwrap_or_default().and_said(said)
    }
}

/// The lines of `gate show`; nothing where nothing is said.
pub(crate) fn lines(output: &mut Output, context: &GateContext) -> Result<(), CommandError> {
    if let Some(title) = &context.title {
        output.line(&format!("title     {title}"))?;
    }
    if let Some(severity) = context.severity {
        output.line(&format!("severity  {severity}"))?;
    }
    if let Some(requester) = &context.requester {
        output.line(&format!("requester {requester}"))?;
    }
    for (key, value) in &context.labels {
        output.line(&format!("label     {key}={value}"))?;
    }
    for (name, text) in [("why", &context.why), ("to do", &context.instructions)] {
        for (index, line) in text.iter().flat_map(|text| text.lines()).enumerate() {
            let name = if index == 0 { name } else { "" };
            output.line(&format!("{name:<9} {line}"))?;
        }
    }
    for link in &context.links {
        // A row may have been edited by hand: only what fits reaches a terminal as an address.
        if output.is_terminal && link.clone().fitting().is_ok_and(|fits| fits.url == link.url) {
            let (name, url) = (visible_line(&link.name), &link.url);
            let line = format!("link      {name}: \x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\\n");
            output.raw(line.as_bytes())?;
            continue;
        }
        output.line(&format!("link      {}: {}", link.name, link.url))?;
    }
    Ok(())
}

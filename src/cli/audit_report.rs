//! What `decisions verify` and `doctor` tell of an audit: findings with their places, what is owed,
//! and one line that sums it up.

use std::io::{IsTerminal, Write as _, stderr};

use serde::Serialize;

use engine::audit::{Progress, Report};

use super::output::Output;
use super::report::{CommandError, Exit};

/// The document of an audit.
#[derive(Debug, Serialize)]
pub(crate) struct AuditDoc<'a> {
    /// Whether nothing is wrong.
    pub(crate) ok: bool,
    /// In one line.
    pub(crate) message: String,
    /// What was looked at and what was found.
    #[serde(flatten)]
    pub(crate) report: &'a Report,
}

impl<'a> AuditDoc<'a> {
    /// The document of this audit.
    pub(crate) fn of(report: &'a Report) -> Self {
        Self {
            ok: !report.has_findings(),
            message: summary(report),
            report,
        }
    }
}

/// Prints an audit, in lines or as a document; exit 1 when something is wrong.
pub(crate) fn print(output: &mut Output, report: &Report) -> Result<Exit, CommandError> {
    if output.is_json {
        output.document(&AuditDoc::of(report))?;
    } else {
        lines(output, report)?;
        output.line(&summary(report))?;
    }
    Ok(if report.has_findings() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Findings, debts and notes, a line each.
fn lines(output: &mut Output, report: &Report) -> Result<(), CommandError> {
    for finding in &report.findings {
        let hint = finding.hint.map_or(String::new(), |hint| format!("   hint: {hint}"));
        output.line(&format!("{finding}{hint}"))?;
    }
    if report.more_findings > 0 {
        output.line(&format!("and {} more", report.more_findings))?;
    }
    for owed in &report.owed {
        output.line(&format!(
            "owed to {}: {}, {} (written by the next process that may)",
            owed.job_id,
            count(owed.events, "event"),
            count(owed.decisions, "decision file")
        ))?;
    }
    for note in &report.notes {
        output.line(&format!("note: {note}"))?;
    }
    if report.more_notes > 0 {
        output.line(&format!("note: and {} more", report.more_notes))?;
    }
    Ok(())
}

/// What was looked at and whether it is sound.
fn summary(report: &Report) -> String {
    let looked = format!(
        "{}, {} of {}",
        count(report.decisions, "decision"),
        count(report.events, "event"),
        count(report.jobs, "job")
    );
    let head = report.head.map_or(String::new(), |head| format!("; head {head}"));
    let findings = report.findings.len() as u64 + report.more_findings;
    match findings {
        0 => format!("Sound: {looked}{head}"),
        _ => format!("{}: {looked}{head}", count(findings, "finding")),
    }
}

/// `1 decision`, `12 decisions`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Records below which nobody needs to be told how far it is.
const TOLD_FROM: u64 = 5000;

/// Tells a person who waits at a terminal how far it is; nothing elsewhere.
pub(crate) fn teller(is_json: bool) -> impl FnMut(Progress) {
    let is_told = !is_json && stderr().is_terminal();
    move |progress| {
        if is_told && progress.of >= TOLD_FROM {
            let end = if progress.done >= progress.of { "\r\u{1b}[K" } else { "" };
            let Progress { what, done, of } = progress;
            // If stderr is closed, the progress line is dropped.
            let _ = write!(stderr().lock(), "\r{done} of {of} {what}{end}");
        }
    }
}

//! What became of the text: the patch that it is or makes, or what is wrong with it.

use ratatui::style::Style;

use super::Parts;
use crate::effect::{Checked, Unfit};
use crate::facts::wrap::split;
use crate::facts::{change, holder};
use crate::model::Model;
use crate::model::compose::{Check, Compose, Version};
use crate::theme::Theme;

/// At most so many lines for one sentence.
const LINES_MAX: usize = 4;
/// How many changes are laid out; no screen shows more.
const CHANGES_MAX: usize = 50;

fn wrapped(text: &str, columns: usize, style: Style) -> Vec<Parts> {
    let lines = split(text, columns, LINES_MAX).into_iter();
    lines.map(|line| vec![(line, style)]).collect()
}

/// What is to be said of the text, in lines of so many columns; changes in at most `rows_each`
/// lines a side, 0: not one by one.
pub(crate) fn lines(model: &Model, compose: &Compose, columns: usize, rows_each: usize) -> Vec<Parts> {
    let theme = model.session.theme();
    if let Some(why) = &compose.closed {
        return wrapped(&format!("Read only: {why}; your draft is kept"), columns, theme.error());
    }
    let mut lines = Vec::new();
    if let Some(words) = holder::warning(model, &compose.pin.key) {
        lines.extend(wrapped(&words, columns, theme.held()));
    }
    lines.extend(moved(compose, columns, theme));
    match &compose.check {
        Check::Pending => lines.extend(wrapped("checking…", columns, theme.plain())),
        Check::Unfit(_) if compose.is_untouched() => {
            let words = if compose.edited().is_some() {
                "Nothing is changed yet; your patch will show here"
            } else {
                "A template: write what shall stand there; the change shows here"
            };
            lines.extend(wrapped(words, columns, theme.plain()));
        }
        Check::Unfit(unfit) => lines.extend(unfit_lines(unfit, columns, theme)),
        Check::Fits(checked) => {
            let is_newest = compose.checked_revision == Some(compose.revision);
            lines.extend(head(checked, is_newest, columns, theme));
            lines.extend(effect(compose, checked, columns, rows_each, theme));
        }
    }
    lines
}

/// That the artifact is another one by now than the one that the edit began from.
fn moved(compose: &Compose, columns: usize, theme: Theme) -> Vec<Parts> {
    let Some(edited) = compose.edited().filter(|edited| edited.has_moved) else {
        return Vec::new();
    };
    let words = match edited.version {
        Version::Reading => format!("reading version {}, which you edited…", edited.base.short()),
        Version::Here(_) | Version::Missing(_) => format!(
            "This text is an edit of {}, which has changed since; what it does to the present version:",
            edited.base.short()
        ),
    };
    wrapped(&words, columns, theme.warning())
}

fn unfit_lines(unfit: &Unfit, columns: usize, theme: Theme) -> Vec<Parts> {
    let place = unfit
        .line
        .map(|line| format!("line {}: ", line + 1))
        .unwrap_or_default();
    let mut lines = wrapped(
        &format!("Not fitting: {place}{}", unfit.message),
        columns,
        theme.error(),
    );
    if let Some(hint) = &unfit.hint {
        lines.extend(wrapped(&format!("hint: {hint}"), columns, theme.plain()));
    }
    lines
}

/// `Fits storyboard.json: 2 durations changed: duration_adjust`, or with the number of changes of a
/// written patch.
fn head(checked: &Checked, is_newest: bool, columns: usize, theme: Theme) -> Vec<Parts> {
    let count = checked.changes.len();
    let word = if count == 1 { "change" } else { "changes" };
    let mut what = match &checked.reason {
        Some(reason) => format!("{}: {reason}", checked.path.file_name()),
        None if checked.is_of_job() => format!("the job's parameters: {count} {word}"),
        None => format!("{}: {count} {word}", checked.path.file_name()),
    };
    if !is_newest {
        what.push_str("   checking…");
    }
    let mut lines = wrapped(&format!("Fits {what}"), columns, theme.plain());
    if let Some((first, _)) = lines.first_mut().and_then(|line| line.first_mut()) {
        let rest = first.split_off("Fits ".len().min(first.len()));
        let fits = std::mem::replace(first, rest);
        if let Some(line) = lines.first_mut() {
            line.insert(0, (fits, theme.added()));
        }
    }
    lines
}

/// What follows from the patch, and its changes one by one.
fn effect(compose: &Compose, checked: &Checked, columns: usize, rows_each: usize, theme: Theme) -> Vec<Parts> {
    let indented = columns.saturating_sub(2);
    let mut lines: Vec<Parts> = Vec::new();
    let facts = compose.preview.found.iter().flat_map(|(_, preview)| &preview.facts);
    // A patch type that knows of it has said so itself, and more.
    let is_told = |fact: &&String| checked.consequences.iter().any(|told| told.starts_with(fact.as_str()));
    for fact in facts.filter(|fact| !is_told(fact)) {
        lines.push(vec![(format!("  {fact}"), theme.strong())]);
    }
    for consequence in &checked.consequences {
        for line in split(consequence, indented, LINES_MAX) {
            lines.push(vec![(format!("  {line}"), theme.warning())]);
        }
    }
    let changes = checked
        .changes
        .iter()
        .take(if rows_each == 0 { 0 } else { CHANGES_MAX });
    for line in changes.flat_map(|one| change::lines(one, indented, rows_each)) {
        let style = change::style(line.side, theme);
        lines.push(vec![("  ".to_owned(), theme.plain()), (line.text, style)]);
    }
    lines
}

//! The gate: what is under review, against what, and the diff.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use super::{diff_rows, media};
use crate::action::Action;
use crate::facts::page::is_listed;
use crate::facts::title::{BASE_CELLS, base, since_line, title};
use crate::facts::{context, label, shorten, wrap};
use crate::keymap::{self, Focus};
use crate::layout::{below, diff_page, gate_head_height, has_values_line, hold_lines, take_bottom, take_top};
use crate::model::Model;
use crate::model::file::{Against, Content, FileView};
use crate::model::gate::GateView;
use diff::document::DiffDocument;
use diff::lines::LineEnd;
use diff::search::Needle;
use domain::gate::Gate;
use domain::policy::{GatePolicy, GateRule};
use text::words::{age, ago, counted};
use text::{visible_line, width};

fn policy_words(policy: &GatePolicy) -> String {
    match policy.rule() {
        GateRule::Pass => "no gate".to_owned(),
        GateRule::Person => "a person decides".to_owned(),
        GateRule::Timer { .. } => format!("timer: {}", policy.timer_words().unwrap_or_default()),
    }
}

fn draw_policy(model: &Model, gate: Option<&Gate>, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    let Some(gate) = gate else {
        return;
    };
    pen.skip(1)
        .text("policy  ", theme.strong())
        .text(&policy_words(&gate.policy), theme.plain());
    if let Some(doubt) = gate.at_zero().and_then(|at_zero| at_zero.because) {
        let held = gate.timer.as_ref().and_then(|timer| timer.held_because);
        let held = held.map_or("", |_| "held: ");
        let wordings = [doubt.words(), doubt.as_str()].map(|doubt| format!("; {held}{doubt}"));
        let words = shorten::fitting(wordings, |words| width(words) <= pen.room());
        pen.text(&words.unwrap_or_default(), theme.warning());
    }
    let opened = format!(
        "   opened {} ({})",
        label::clock_minutes(gate.opened_at),
        age(model.now.utc.us_since(gate.opened_at))
    );
    let now = model.session.gates.get(&gate.key.stage);
    let now = now.filter(|now| **now != gate.policy).map(policy_words);
    let wordings = now.map(|now| [format!("   configured now: {now}"), format!("   now: {now}")]);
    // When it opened gives way to what another gate of this stage would do.
    let room = pen.room();
    let words = shorten::fitting(wordings.into_iter().flatten(), |words| {
        width(words) + width(&opened) <= room
    });
    pen.text(&words.unwrap_or_default(), theme.warning());
    if width(&opened) <= pen.room() {
        pen.text(&opened, theme.plain());
    }
}

fn draw_files(model: &Model, view: &GateView, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    pen.skip(1).text("files   ", theme.strong());
    // The current one with what fits around it, as a window on the list.
    let entry = |index: usize, file: &FileView| {
        let sign = if index == view.file { ">" } else { "" };
        let seen = if file.is_wholly_shown() { "" } else { " unseen" };
        let change = crate::facts::label::change_of_file(file);
        format!("{sign}{} {change}{seen}", file.artifact.path.file_name())
    };
    let first = if view.files.len() > 3 { view.file } else { 0 };
    if first > 0 {
        pen.text(&format!("{first} before   "), theme.plain());
    }
    for (index, file) in view.files.iter().enumerate().skip(first) {
        let text = entry(index, file);
        let rest = view.files.len() - index;
        let more = format!("{rest} more: {} lists them", keymap::key_in(Focus::Diff, Action::Files));
        let needed = width(&text) + if rest > 1 { width(&more) + 3 } else { 0 };
        if index > view.file && needed > pen.room() {
            pen.text(&more, theme.warning());
            return;
        }
        let is_current = index == view.file;
        let style = if is_current { theme.strong() } else { theme.plain() };
        pen.text(&text, style).text("   ", theme.plain());
    }
}

fn draw_head(model: &Model, view: &GateView, is_wide: bool, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let title = title(model, view, is_wide, usize::from(area.width));
    let name_style = if model.panes.is_lower_focused && model.prompt.is_none() {
        theme.selected()
    } else {
        theme.strong()
    };
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule())
        .text(&format!(" {} ", title.label), name_style);
    for (text, style) in &title.states {
        pen.text(text, *style);
    }
    pen.text(&title.place, theme.plain());
    for (text, style) in &title.warnings {
        pen.text(text, *style);
    }
    for words in &title.words {
        pen.text(&format!("  {words} "), theme.plain());
    }
    // While the selection moves, each row would draw the rule anew.
    if !model.panes.pace.is_moving() {
        if title.words.is_empty() {
            pen.text(" ", theme.plain());
        }
        pen.rule(theme);
    }
    let hold = hold_lines(model);
    for (line, words) in (1..).zip(&hold) {
        RowWriter::at_line(buffer, area, line).skip(1).text(words, theme.held());
    }
    let mut line = 1 + u16::try_from(hold.len()).unwrap_or(0);
    if let Some(words) = context::head_line(model, area.width) {
        let is_marked = view.gate().is_some_and(|gate| gate.context.severity().is_marked());
        let style = if is_marked { theme.warning() } else { theme.plain() };
        RowWriter::at_line(buffer, area, line).skip(1).text(&words, style);
        line += 1;
    }
    if is_wide {
        draw_policy(model, view.gate(), RowWriter::at_line(buffer, area, line));
        draw_files(model, view, RowWriter::at_line(buffer, area, line + 1));
        draw_base(model, view, RowWriter::at_line(buffer, area, line + 2), area.width);
        line += 3;
    }
    if let Some(words) = since_line(model, is_wide, area.width) {
        let gap = if is_wide { BASE_CELLS } else { 0 };
        let mut pen = RowWriter::at_line(buffer, area, line);
        pen.skip(1 + gap).text(&words, theme.plain());
    }
}

fn draw_base(model: &Model, view: &GateView, mut pen: RowWriter<'_>, columns: u16) {
    let Some(file) = view.current() else {
        return;
    };
    let words = base(model, file, usize::from(columns)).words;
    pen.skip(1)
        .cell("base", usize::from(BASE_CELLS), model.session.theme().strong())
        .text(&words.join("   "), model.session.theme().plain());
    if !file.comparison.is_usual() {
        let text = format!("   not the usual base ({})", file.base_label(&Against::Usual));
        pen.text(&text, model.session.theme().warning());
    }
    let others = file.bases().len().saturating_sub(1);
    if others > 0 {
        let words = format!(
            "{} compares with {}",
            keymap::key_in(Focus::Diff, Action::Base),
            counted(others, "other version")
        );
        pen.right(&words, model.session.theme().plain());
    }
}

/// The changed values of a JSON document: as many as the line takes, and how many more there are.
fn draw_values(model: &Model, file: &FileView, is_wide: bool, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1).text(if is_wide { "values  " } else { "" }, theme.strong());
    let Some(values) = &file.details.values else {
        return;
    };
    for (index, value) in values.changes.iter().enumerate() {
        let value = &value.to_string();
        let more = values.changes.len() - index - 1;
        let more = if more > 0 {
            format!("   +{more} more")
        } else {
            String::new()
        };
        let separator = if index > 0 { "   " } else { "" };
        let needed = width(separator) + width(&visible_line(value)) + width(&more);
        if index > 0 && needed > pen.room() {
            pen.text(&format!("   +{} more", values.changes.len() - index), theme.warning());
            break;
        }
        pen.text(separator, theme.plain()).text(value, theme.plain());
    }
}

fn draw_text(
    model: &Model,
    view: &GateView,
    file: &FileView,
    document: &DiffDocument,
    area: Rect,
    buffer: &mut Buffer,
) {
    let needle = view.search.text.as_deref().and_then(Needle::new);
    if document.is_identical() {
        let mut pen = RowWriter::new(buffer, area);
        pen.skip(1).text(
            "No change: the file is byte for byte what it was",
            model.session.theme().plain(),
        );
    }
    if let Some(page) = diff_page(model, file) {
        let below = below(area, u16::from(document.is_identical()));
        let top = page.within(file.scroll.top);
        let pointed = file.pointer.at.filter(|_| file.pointer.is_on);
        let shown = diff_rows::Shown {
            page: &page,
            top,
            needle: needle.as_ref(),
            pointed: pointed.and_then(|(side, line)| document.row_of_line(side, line)),
            tokens: file.details.tokens.as_deref(),
        };
        diff_rows::draw(&shown, model.session.theme(), below, buffer);
    }
}

/// A path and a digest in short lines take so many.
const MISSING_LINES_MAX: usize = 5;

fn draw_body(model: &Model, view: &GateView, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let Some(file) = view.current() else {
        let text = if view.rows.is_some() {
            "Nothing is attached: the decision is about the stage itself"
        } else if model.panes.pace.is_moving() {
            ""
        } else {
            "Reading the gate…"
        };
        RowWriter::new(buffer, area).skip(1).text(text, theme.plain());
        return;
    };
    let name = file.artifact.path.file_name();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1);
    match &file.content {
        Content::Text(document) => match &file.details.values {
            Some(values) if is_listed(model, file) => {
                let sum = file.details.running_time.as_ref();
                let sum = sum.filter(|_| file.scroll.values_top == 0);
                if let Some(sum) = sum {
                    let words = format!("runs {sum}");
                    RowWriter::new(buffer, area).skip(1).text(&words, theme.warning());
                }
                let list = below(area, u16::from(sum.is_some()));
                super::values::draw(values, file.scroll.values_top, theme, list, buffer);
            }
            Some(_) | None => draw_text(model, view, file, document, area, buffer),
        },
        Content::Loading | Content::Known => {
            pen.text(&format!("Reading {name}…"), theme.plain());
        }
        Content::Missing => {
            pen.text(&format!("{name} is missing from the run directory"), theme.error());
            let columns = usize::from(area.width).saturating_sub(2);
            let hint = format!(
                "hint: copy the reviewed bytes back, from versions/{}",
                file.artifact.digest
            );
            for (line, words) in (1..).zip(wrap::split(&hint, columns, MISSING_LINES_MAX)) {
                RowWriter::at_line(buffer, area, line)
                    .skip(1)
                    .text(&words, theme.plain());
            }
        }
        Content::Failed(why) => {
            pen.text(&format!("Not read: {why}"), theme.error());
        }
        Content::Binary => draw_binary(model, view, file, area, buffer),
    }
}

fn draw_binary(model: &Model, view: &GateView, file: &FileView, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let bytes = file.bytes.as_ref();
    let size = label::size(bytes.map_or(file.artifact.size_bytes, |bytes| bytes.len() as u64));
    let digest = file.digest.unwrap_or(file.artifact.digest);
    let base = file.base_digest(&file.comparison.shown);
    let path = format!(
        "{}/{}/{}",
        model.session.runs_dir.display(),
        view.key.job_id,
        file.artifact.path
    );
    let problem = file.details.media.as_ref().and_then(|media| media.problem());
    if let Some(media) = file.details.media.as_ref().filter(|_| problem.is_none()) {
        let versions = media::Versions {
            before: base.map(|base| format!("- {}", base.short())),
            now: format!("+ {}", digest.short()),
            size,
            path,
        };
        media::draw(media, &versions, theme, area, buffer);
        return;
    }
    let name = file.artifact.path.file_name();
    let text = match problem {
        _ if file.is_measuring => format!("{name} ({}) is no text: it is being read…", file.artifact.kind),
        Some(why) => format!("{name} by size and digest only: {why}"),
        None => format!(
            "{name} ({}) is no text: it is compared by size and digest",
            file.artifact.kind
        ),
    };
    let columns = usize::from(area.width).saturating_sub(2);
    let words = wrap::split(&text, columns, BINARY_LINES_MAX).into_iter();
    let mut lines: Vec<_> = words.map(|words| (words, theme.plain())).collect();
    // The digests stand in the title too, in short: what is said of the file comes first.
    lines.extend(base.map(|base| (format!("- base  {base}"), theme.removed())));
    lines.push((format!("+ now   {digest}"), theme.added()));
    lines.push((format!("  size  {size}"), theme.plain()));
    lines.push((format!("  file  {path}"), theme.plain()));
    for (line, (words, style)) in (0..).zip(&lines) {
        RowWriter::at_line(buffer, area, line).skip(1).text(words, *style);
    }
}

/// Why a file is compared by its size alone takes so many short lines.
const BINARY_LINES_MAX: usize = 4;

/// The rows of the document that are drawn in a body of so many lines.
fn drawn_rows(model: &Model, file: &FileView, document: &DiffDocument, body: usize) -> Vec<usize> {
    // The message that nothing changed takes one line.
    let rows = body.saturating_sub(usize::from(document.is_identical()));
    let page = diff_page(model, file);
    let lines = page.map_or_else(Vec::new, |page| page.lines(page.within(file.scroll.top), rows));
    let parts = lines.iter().flat_map(|line| line.parts());
    parts.map(|part| part.row_at).collect()
}

/// The facts about what was shown: hunks, lines, what is still to be seen, who looked.
fn draw_status(model: &Model, view: &GateView, is_wide: bool, rows: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1);
    let Some(file) = view.current() else {
        return;
    };
    if let Some(values) = &file.details.values
        && is_listed(model, file)
    {
        let count = values.changes.len();
        let text = format!("value {} of {count}", (file.scroll.values_top + 1).min(count));
        pen.text(&text, theme.plain());
    } else if let Some(document) = file.document() {
        let drawn = drawn_rows(model, file, document, rows);
        let hunks = match (drawn.iter().min(), drawn.iter().max()) {
            (Some(first), Some(last)) => document.hunks_in(*first..last + 1),
            (_, _) => 0..0,
        };
        let count = document.hunk_count();
        let word = match (hunks.len(), count) {
            (_, 0) => "no changes".to_owned(),
            _ if document.is_new() => "new file".to_owned(),
            (0, count) if drawn.is_empty() => counted(count, "hunk"),
            (0, count) => format!("{}, none here", counted(count, "hunk")),
            (1, count) => format!("hunk {} of {count}", hunks.start + 1),
            (_, count) => format!("hunk {}-{} of {count}", hunks.start + 1, hunks.end),
        };
        pen.text(&word, theme.plain());
        // This comes first, because what comes later may find no room.
        if document.diff().is_coarse {
            pen.text("   coarse", theme.warning());
        }
        // Lines as they are now: a removed one has no number among them.
        let numbers = || drawn.iter().filter_map(|row| document.row(*row)?.new_line);
        if let (Some(first), Some(last)) = (numbers().min(), numbers().max()) {
            let total = document.line_count(diff::DiffSide::New);
            let text = format!("   lines {first}-{last} of {total}");
            // What was not yet shown must find room, whatever else does.
            let unseen = match view.unseen_count().as_str() {
                "" => 0,
                count => width("   NOT YET SHOWN: ") + width(count),
            };
            if width(&text) + unseen <= pen.room() {
                pen.text(&text, theme.plain());
            }
        }
        if let Some((old, new)) = document.ends_changed() {
            let word = |end| if end == LineEnd::CrLf { "CRLF" } else { "LF" };
            let text = format!("   every line end {} -> {}", word(old), word(new));
            pen.text(&text, theme.warning());
        }
        if document.diff().is_coarse {
            let why = "   not every matching line was sought; every change is shown";
            if width(why) + 30 <= pen.room() {
                pen.text(why, theme.warning());
            }
        }
        if file.scroll.left > 0 && !model.panes.look.wraps {
            pen.text(&format!("   from column {}", file.scroll.left + 1), theme.warning());
        }
    }
    let unseen = view.unseen();
    if !unseen.is_empty() {
        let gap = if file.document().is_some() { "   " } else { "" };
        let wordings = [unseen.join(", "), view.unseen_count()].map(|what| format!("{gap}NOT YET SHOWN: {what}"));
        let text = shorten::fitting(wordings, |text| width(text) <= pen.room());
        pen.text(&text.unwrap_or_default(), theme.warning());
    }
    let seen = view.gate().and_then(|gate| gate.seen.last());
    let seen = seen.map(|seen| format!("seen by {} {}", seen.by, ago(model.now.utc.us_since(seen.at))));
    // Where there is a line about the policy, it says so.
    let opened = view.gate().filter(|_| !is_wide);
    let opened = opened.map(|gate| format!("opened {}", ago(model.now.utc.us_since(gate.opened_at))));
    let both = [opened, seen].into_iter().flatten().collect::<Vec<_>>();
    pen.skip(2);
    let wordings = [both.join("   "), both.last().cloned().unwrap_or_default()];
    let words = shorten::fitting(wordings, |words| width(words) < pen.room());
    pen.right(&words.unwrap_or_default(), theme.plain());
}

pub fn draw(model: &Model, is_wide: bool, area: Rect, buffer: &mut Buffer) {
    let Some(view) = &model.gate else {
        return;
    };
    draw_head(model, view, is_wide, area, buffer);
    let mut body = area;
    let head = take_top(&mut body, gate_head_height(model, is_wide));
    if let Some(file) = view.current()
        && has_values_line(model)
    {
        let line = take_bottom(&mut below(head, 1), 1);
        draw_values(model, file, is_wide, line, buffer);
    }
    let status = take_bottom(&mut body, 1);
    draw_body(model, view, body, buffer);
    draw_status(model, view, is_wide, usize::from(body.height), status, buffer);
}

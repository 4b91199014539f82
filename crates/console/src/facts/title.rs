//! The title of the gate pane: which gate, who is at it, what became of it, which file, and what is
//! compared with what.

use ratatui::style::Style;

use super::{holder, label, shorten};
use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::file::{Against, FileView};
use crate::model::gate::GateView;
use domain::gate::{Gate, GateState};
use domain::ids::Digest;
use domain::look::is_own_work;
use text::width;

/// What is compared with what, the longest wording first.
fn versions(file: &FileView) -> Vec<String> {
    let shown = file.digest.unwrap_or(file.artifact.digest).short();
    let against = &file.comparison.shown;
    match file.base_digest(against) {
        Some(base) => {
            let base = base.short();
            vec![
                format!("{shown} vs {base} {}", file.base_label(against)),
                format!("{shown} vs {base}"),
                shown,
            ]
        }
        None if *against == Against::Nothing => {
            vec![
                format!("{shown} vs nothing: all of it as new"),
                format!("{shown} vs nothing"),
                shown,
            ]
        }
        None => vec![format!("{shown} new, no base"), format!("{shown} new"), shown],
    }
}

/// What changed since a rejection that is nearer than the usual base, else that it is not what the
/// operator looked at, where the usual comparison is what is shown.
fn since(model: &Model, file: &FileView) -> Option<String> {
    if !file.comparison.is_usual() {
        return None;
    }
    let name = &model.session.operator.name;
    if let Some(words) = file.artifact.since_rejection_words(name) {
        let key = keymap::key_in(Focus::Diff, Action::Base);
        return Some(format!("{words}   {key} shows that"));
    }
    let is_news = |read: &Digest| !file.is_wholly_shown() && !is_own_work(&file.artifact, Some(*read), name);
    let read = file.former_read().filter(is_news)?;
    let key = keymap::key_in(Focus::Diff, Action::SinceLook);
    Some(format!("changed since you read {}   {key} shows that", read.short()))
}

/// What is compared with what and, where a rejection is nearer, what changed since, in one line as
/// far as it fits.
pub(crate) struct Comparison {
    /// The versions, and what changed since.
    pub(crate) words: Vec<String>,
    /// What found no room there and has a line of its own; another base than the usual one too.
    pub(crate) since: Option<String>,
}

impl Comparison {
    /// Long words want an easy room; for the digests of both versions the names give way as far as
    /// they can.
    fn of(model: &Model, file: &FileView, easy: usize, most: usize) -> Self {
        let cells = |words: &[String]| words.iter().map(|words| width(words) + 3).sum::<usize>();
        let versions = versions(file);
        let since = since(model, file);
        let both = since
            .iter()
            .flat_map(|since| versions.iter().take(2).map(|words| vec![words.clone(), since.clone()]));
        if let Some(words) = both.into_iter().find(|words| cells(words) <= easy) {
            return Self { words, since: None };
        }
        let fitting = |room: usize, count: usize| versions.iter().take(count).find(|words| width(words) + 3 <= room);
        let whole = fitting(easy, 2).or_else(|| fitting(most, 2));
        let words = whole.or_else(|| fitting(most, 3));
        // Where another base than the usual one is shown, which it is never goes.
        let is_lost = whole.is_none() && !file.comparison.is_usual();
        let since = since.or_else(|| versions.first().filter(|_| is_lost).cloned());
        Self {
            words: words.cloned().into_iter().collect(),
            since,
        }
    }

    fn cells(&self) -> usize {
        self.words.iter().map(|words| width(words) + 3).sum()
    }
}

/// What changed since a nearer rejection, where the line that says what is compared has no room for
/// it.
pub(crate) fn since_line(model: &Model, is_wide: bool, columns: u16) -> Option<String> {
    let view = model.gate.as_ref()?;
    let file = view.current()?;
    if is_wide {
        return base(model, file, usize::from(columns)).since;
    }
    title(model, view, is_wide, usize::from(columns)).since
}

fn state(gate: Option<&Gate>) -> Option<String> {
    let gate = gate.filter(|gate| gate.state != GateState::Open)?;
    let settled = gate.settled.as_ref();
    let by = settled.map_or("", |settled| settled.by.as_str());
    let at = settled.map(|settled| label::clock(settled.at)).unwrap_or_default();
    Some(format!("{} by {by} {at}", gate.state.as_str().to_uppercase()))
}

/// A file's name keeps so many cells in the head.
const NAME_CELLS_MIN: usize = 8;

/// What must be known of the file on screen before it is decided on: it is not what is registered,
/// or not what the gate asks about.
fn warnings(model: &Model, view: &GateView, file: &FileView) -> Vec<(String, Style)> {
    let theme = model.session.theme();
    let mut words = Vec::new();
    if file.is_stale || (file.is_behind() && view.is_behind()) {
        words.push((" reading the new version…".to_owned(), theme.warning()));
    } else if file.is_changed_on_disk() {
        words.push((" CHANGED ON DISK".to_owned(), theme.warning()));
    }
    if !file.comparison.is_usual() {
        let label = match &file.comparison.shown {
            Against::Nothing => "nothing".to_owned(),
            Against::Usual | Against::Other(_) | Against::Read(_) => file.base_label(&file.comparison.shown),
        };
        words.push((format!(" VS {}", label.to_uppercase()), theme.warning()));
    }
    words
}

/// The title of the pane.
pub(crate) struct Title {
    /// The gate.
    pub(crate) label: String,
    /// Who is at it, and what became of it.
    pub(crate) states: Vec<(String, Style)>,
    /// The file.
    pub(crate) place: String,
    /// What must be known of the file.
    pub(crate) warnings: Vec<(String, Style)>,
    /// What is compared with what.
    pub(crate) words: Vec<String>,
    /// What found no room there.
    pub(crate) since: Option<String>,
}

/// Less than this of a name reads badly; for the digests it goes down to [`NAME_CELLS_MIN`].
const NAME_CELLS_EASY: usize = 14;

/// The job's name gives way first, then the file's; stage, attempt, who is at it and the digests
/// never do.
pub(crate) fn title(model: &Model, view: &GateView, is_wide: bool, columns: usize) -> Title {
    let theme = model.session.theme();
    let holder = model.queue.gate(&view.key).and_then(|row| holder::head(model, row));
    let states = state(view.gate()).into_iter().chain(holder);
    let states: Vec<_> = states.map(|words| (format!(" {words} "), theme.held())).collect();
    let file = view.current();
    let warnings = file.map_or_else(Vec::new, |file| warnings(model, view, file));
    let label = label::gate(&view.key, &view.slug);
    let name = file.map_or("", |file| file.artifact.path.file_name());
    let place = |cells: usize| match view.files.len() {
        0 => String::new(),
        count => format!(" {} {}/{count}", shorten::middle(name, cells), view.file + 1),
    };
    let facts: usize = states.iter().chain(&warnings).map(|(text, _)| width(text)).sum();
    let room = columns.saturating_sub(3 + facts);
    // The job's name keeps so many cells.
    let with_job = |cells: usize| width(&label::within(&label, &view.key, label::tail(&view.key).len() + cells));
    let least = with_job(0);
    let easy = room.saturating_sub(with_job(NAME_CELLS_EASY) + width(&place(NAME_CELLS_EASY)));
    let most = room.saturating_sub(least + width(&place(NAME_CELLS_MIN)));
    let comparison = file
        .filter(|_| !is_wide)
        .map(|file| Comparison::of(model, file, easy, most));
    let taken = comparison.as_ref().map_or(0, Comparison::cells);
    let name_room =
        room.saturating_sub(taken + least + width(&place(0)).saturating_sub(width(&shorten::middle(name, 0))));
    let place = place(name_room.max(NAME_CELLS_MIN));
    let label = label::within(&label, &view.key, room.saturating_sub(taken + width(&place)));
    let (words, since) = comparison.map_or((Vec::new(), None), |comparison| (comparison.words, comparison.since));
    Title {
        label,
        states,
        place,
        warnings,
        words,
        since,
    }
}

/// `base    `, as the lines above it begin.
pub(crate) const BASE_CELLS: u16 = 8;

/// What the current file is compared with, on a wide screen; on a narrow one that stands in the
/// title.
pub(crate) fn base(model: &Model, file: &FileView, columns: usize) -> Comparison {
    let room = columns.saturating_sub(1 + usize::from(BASE_CELLS));
    Comparison::of(model, file, room, room)
}

//! Who sits at this console, and what the console knows of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::action::Action;
use crate::external_editor::ExternalEditor;
use crate::theme::Theme;
use config::ConsoleSection;
use domain::ids::StageName;
use domain::lease::Lease;
use domain::operator::Operator;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::rights::Rights;
use domain::time::Timestamp;

/// What the root hands to the console when it starts.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who acts.
    pub operator: Operator,
    /// What this session's leases are known by.
    pub name: String,
    /// The server that it works with, as its address is told; none: the engine of this process.
    pub server: Option<String>,
    /// What is worked with, in few words: the name of the context, the server, or the directory.
    pub place: String,
    /// What the operator may have done there.
    pub rights: Rights,
    /// When the token ceases to open anything; none: never.
    pub expires: Option<Timestamp>,
    /// The policies in force for gates that open from now on.
    pub gates: Arc<BTreeMap<StageName, GatePolicy>>,
    /// What the configuration has a console offer.
    pub offers: ConsoleSection,
    /// Seconds that local time is ahead of UTC at a time.
    pub ahead_s: fn(Timestamp) -> i32,
    /// Seconds of grace for an overdue gate.
    pub overdue_grace_s: u64,
    /// The runs directory, for messages.
    pub runs_dir: PathBuf,
    /// Whether nothing may be decided here: the database is newer than this program, or
    /// `--read-only`.
    pub is_read_only: bool,
    /// Whether nothing leads out of it: `--restricted`, for people who may use this console and
    /// nothing else of the machine.
    pub is_restricted: bool,
    /// Why, where it is the database.
    pub newer: Option<String>,
    /// A line to begin with, for the demo.
    pub hint: Option<String>,
    /// Whether colours are used: not with `NO_COLOR`, and not on `TERM=dumb` or `vt100`.
    pub has_colour: bool,
    /// Whether the words of some languages have colours in unchanged lines.
    pub has_syntax: bool,
    /// Whether the terminal has the palette of 256 colours.
    pub has_palette: bool,
    /// Whether it has all that three bytes can name.
    pub has_true_colour: bool,
    /// The editor that the operator's environment names, or vi; none: there is none.
    pub external_editor: Option<ExternalEditor>,
    /// The gate to begin on.
    pub open_at: Option<(domain::ids::JobId, Option<StageName>)>,
}

/// Whether an environment asks for colours (no-color.org; terminals known to have none).
pub fn wants_colour(no_color: Option<&str>, term: Option<&str>) -> bool {
    let is_refused = no_color.is_some_and(|value| !value.is_empty());
    let is_plain =
        term.is_none_or(|term| term.is_empty() || term == "dumb" || term.starts_with("vt1") || term.ends_with("-m"));
    !is_refused && !is_plain
}

/// Whether an environment names a terminal with all colours.
pub fn has_true_colour(colorterm: Option<&str>) -> bool {
    colorterm.is_some_and(|value| matches!(value, "truecolor" | "24bit"))
}

/// Whether an environment names a terminal with 256 colours or more.
pub fn has_palette(term: Option<&str>, colorterm: Option<&str>) -> bool {
    has_true_colour(colorterm) || term.is_some_and(|term| term.contains("256color") || term.contains("direct"))
}

impl Session {
    pub(crate) fn theme(&self) -> Theme {
        Theme {
            has_colour: self.has_colour,
            has_palette: self.has_colour && self.has_palette,
            has_true_colour: self.has_true_colour,
            section: self.offers.theme,
        }
    }

    /// Whether a lease is this console's own: another one of the same person is another session.
    pub(crate) fn has_taken(&self, lease: &Lease) -> bool {
        lease.session == self.name
    }

    /// Why nothing may be changed at this stage by whoever sits here.
    pub(crate) fn allows_at(&self, stage: &StageName) -> Result<(), Refusal> {
        self.rights.allow_at(&self.operator.name, stage)
    }

    /// Whether what is done without being asked for, such as a look or a lease, is sent for gates
    /// of this stage.
    pub(crate) fn takes_part_at(&self, stage: &StageName) -> bool {
        !self.is_read_only && self.allows_at(stage).is_ok()
    }

    /// Whether a last call does this beside its strip.
    pub(crate) fn attends(&self, how: &str) -> bool {
        self.offers.attention.iter().any(|known| known == how)
    }

    /// `bea@ops1 ssh`, for the header; `bea@hold.example` where the engine is on another machine.
    pub(crate) fn who(&self) -> String {
        let via = &self.operator.via;
        let ssh = if via.ssh_client.is_some() { " ssh" } else { "" };
        let at = self.server.as_ref().unwrap_or(&via.host);
        // The header names it already.
        let at = if *at == self.place {
            String::new()
        } else {
            format!("@{at}")
        };
        format!("{}{at}{ssh}", self.operator.name)
    }

    /// Why an action is not done in a restricted console: everything that would give the terminal
    /// to another program, or read or write outside of the run directories. The one place that says
    /// so; whatever runs a program or opens a path asks here first.
    pub(crate) fn forbids(&self, action: Action) -> Option<&'static str> {
        if !self.is_restricted {
            return None;
        }
        let forbidden = [
            (
                Action::ExternalEditor,
                "this console is restricted: it starts no other program",
            ),
            (Action::Suspend, "this console is restricted: it is not suspended"),
        ];
        forbidden
            .into_iter()
            .find(|(known, _)| *known == action)
            .map(|(_, why)| why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_left_out_where_it_is_unwanted_or_unknown() {
        assert!(wants_colour(None, Some("xterm-256color")));
        assert!(wants_colour(Some(""), Some("tmux")));
        for (no_color, term) in [
            (Some("1"), Some("xterm")),
            (None, Some("dumb")),
            (None, Some("vt100")),
            (None, None),
        ] {
            assert!(!wants_colour(no_color, term), "{no_color:?} {term:?}");
        }
    }
}

//! The patches with which the editor opens.

use serde_json::{Map, Value};

use patch::ArtifactFacts;

/// A patch to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) text: String,
    /// Line and character, from 0, where the operator will want to write first.
    pub(crate) cursor: (usize, usize),
}

/// Patches to begin with, made for an artifact: one of each type that it can be filled for, the
/// likeliest first. None for what no patch type changes.
pub fn templates(kind: &str, path: &str, current: &[u8], params: &Map<String, Value>) -> Vec<(&'static str, Template)> {
    let facts = ArtifactFacts { path, kind };
    let mut names: Vec<_> = patch::applicable(facts).iter().map(|doc| doc.name).collect();
    // What changes one value of a storyboard is what is wanted of a storyboard.
    names.sort_by_key(|name| *name != "duration_adjust");
    let filled = names.into_iter().filter_map(|name| {
        let text = patch::template_of(name, kind, path, current)?;
        Some((name, template(text)))
    });
    let mut templates: Vec<_> = filled.collect();
    if templates.is_empty() && std::str::from_utf8(current).is_ok() {
        templates.push(("text_replace", template(patch::template(kind, path, current))));
    }
    // Where nothing else fits, only parameters that there are can be changed.
    if (!templates.is_empty() || !params.is_empty())
        && let Some(text) = patch::params_template(params)
    {
        templates.push(("params", template(text)));
    }
    templates
}

fn template(text: String) -> Template {
    let places = ["\"new\": ", "\"duration\": ", "\"new_section\": "];
    let found = text.lines().enumerate().find_map(|(index, line)| {
        let place = places
            .iter()
            .find_map(|place| line.find(place).map(|at| at + place.len()))?;
        let quote = usize::from(line[place..].starts_with('"'));
        Some((index, line[..place].chars().count() + quote))
    });
    Template {
        cursor: found.unwrap_or((0, 0)),
        text,
    }
}

//! `section_replace`: a new body for one section of a text (SPEC §6).

use serde_json::{Value, json};

use super::closest::{closest_name, folded};
use super::error::PatchError;
use super::lines::{LineEnd, is_all_crlf, is_blank, without_end};
use super::markers::{KINDS_IN_WORDS, Marker, MarkerKind, lookalikes, markers};
use super::offers::Offer;
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChange, PlannedChanges};
use super::quote::{counted, listed, listed_quoted, quote, quote_both};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc};

/// The longest body, in bytes, that is offered for editing.
const SECTION_BYTES_OFFERED_MAX: usize = 8000;

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "section_replace",
    family: Family::Text,
    applies_to: "text",
    description: "Replaces what stands under a marker line, up to the next marker of the same kind. Markers: # headings, **bold** lines, [cue] lines, \
                  INT./EXT. slugs, labels such as Tip 2:. The marker line stays unless new_section begins with one.",
    example: || {
        json!({
            "type": "section_replace",
            "section_marker": "**Opening**",
            "new_section": "Low tide is at 14:00.\nBring boots.",
        })
    },
    fields: &[
        FieldDoc::new(
            "section_marker",
            "the marker line of the section",
            Holds::Offered(|asked| Some(Offer::Texts(asked.contents.markers.clone()))),
        ),
        FieldDoc::new("new_section", "what stands below it from now on", Holds::Anything),
    ],
    template,
    edited_first: Some("new_section"),
    parse: |fields| Ok(Box::new(SectionReplace::parse(fields)?)),
};

#[derive(Debug)]
struct SectionReplace {
    marker: String,
    new_section: String,
}

impl SectionReplace {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let marker: &str = fields.read("section_marker")?;
        let marker = marker.trim_start_matches('\u{feff}').trim().to_owned();
        let new_section = fields.read::<&str>("new_section")?.to_owned();
        let field = fields.path("section_marker");
        if marker.is_empty() {
            return Err(
                PatchError::wrong_field(field, "`section_marker` is empty").with_hint(format!(
                    "give the marker line as it stands in the file; markers are {KINDS_IN_WORDS}"
                )),
            );
        }
        if marker.contains(['\n', '\r']) {
            return Err(
                PatchError::wrong_field(field, "`section_marker` has more than one line")
                    .with_hint("give the marker line alone"),
            );
        }
        Ok(Self { marker, new_section })
    }

    /// The one marker that is meant: the line as it stands, else a label without the text after it,
    /// else the bare title.
    fn find<'m, 't>(&self, path: &str, lines: &[&str], all: &'m [Marker<'t>]) -> Result<&'m Marker<'t>, PatchError> {
        let wanted = self.marker.as_str();
        let label = wanted.strip_suffix(':').unwrap_or(wanted);
        let readings: [&dyn Fn(&Marker<'_>) -> bool; 3] = [
            &|marker| marker.text == wanted,
            &|marker| marker.kind == MarkerKind::Label && marker.title == label,
            &|marker| marker.title == wanted,
        ];
        for reads in readings {
            let found: Vec<&Marker<'_>> = all.iter().filter(|marker| reads(marker)).collect();
            match found.as_slice() {
                [] => {}
                [only] => return Ok(only),
                several => {
                    let at: Vec<String> = several.iter().map(|marker| (marker.index + 1).to_string()).collect();
                    let count = several.len();
                    let message = format!(
                        "the marker {} stands {count} times in {}: lines {}",
                        quote(wanted),
                        quote(path),
                        listed(&at)
                    );
                    return Err(PatchError::unfit(message)
                        .at_field("section_marker")
                        .with_hint("it must stand once; use text_replace with enough text around the place"));
                }
            }
        }
        Err(self.missing(path, lines, all))
    }

    fn missing(&self, path: &str, lines: &[&str], all: &[Marker<'_>]) -> PatchError {
        let wanted = self.marker.as_str();
        let what = format!("no section marker {} in {}", quote(wanted), quote(path));
        if let Some(index) = lines
            .iter()
            .position(|line| line.trim_start_matches('\u{feff}').trim() == wanted)
        {
            let line = index + 1;
            return PatchError::unfit(format!(
                "{what}: line {line} reads so, but it is not a marker, or it is inside a code block"
            ))
            .at_field("section_marker")
            .at_artifact_line(line)
            .with_hint(format!("markers are {KINDS_IN_WORDS}"));
        }
        let folded_wanted = folded(wanted);
        let near = all
            .iter()
            .find(|marker| folded(marker.text) == folded_wanted || folded(marker.title) == folded_wanted)
            .or_else(|| {
                let name = closest_name(all.iter().map(|marker| marker.text), wanted)?;
                all.iter().find(|marker| marker.text == name)
            });
        let markers: Vec<&str> = all.iter().map(|marker| marker.text).collect();
        let hint = if all.is_empty() {
            format!("the file has no markers; markers are {KINDS_IN_WORDS}")
        } else {
            format!("the markers here are {}", listed_quoted(&markers))
        };
        match near {
            Some(marker) => PatchError::unfit(format!(
                "{what}; closest is line {}: {}",
                marker.index + 1,
                quote(marker.text)
            ))
            .at_artifact_line(marker.index + 1),
            None => PatchError::unfit(what),
        }
        .at_field("section_marker")
        .with_hint(hint)
        .with_candidates(markers.iter().take(50).map(|text| (*text).to_owned()).collect())
    }
}

/// The lines of one section: `head..body` is the marker, `body..tail` what is replaced, `tail..end`
/// the blank lines that stay.
pub(super) struct Section {
    pub(super) head: usize,
    pub(super) body: usize,
    pub(super) tail: usize,
    end: usize,
}

impl Section {
    pub(super) fn of(marker: &Marker<'_>, all: &[Marker<'_>], lines: &[&str]) -> Self {
        let next = all
            .iter()
            .find(|other| other.index > marker.index && other.kind.ends(marker.kind));
        let body = marker.index + marker.height;
        let end = next.map_or(lines.len(), |next| next.index);
        let mut tail = end;
        while tail > body && lines.get(tail - 1).is_some_and(|line| is_blank(line)) {
            tail -= 1;
        }
        Self {
            head: marker.index,
            body,
            tail,
            end,
        }
    }
}

impl Planner for SectionReplace {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let all = markers(&lines);
        let marker = self.find(material.path, &lines, &all)?;
        let section = Section::of(marker, &all, &lines);
        let line_end = LineEnd::of(text).as_str();
        let mut consequences = Vec::new();

        let mut new = self.new_section.clone();
        if is_all_crlf(text) && new.contains('\n') && !new.contains('\r') {
            new = new.replace('\n', "\r\n");
            consequences
                .push("the line ends of new_section are written as \\r\\n, as everywhere in the file".to_owned());
        }
        let brought = own_marker(&new, marker.kind);
        // A new marker line takes the place of the old one; otherwise the old one stays.
        let start = if brought.is_some() { section.head } else { section.body };
        if let Some((kind, first)) = &brought {
            consequences.extend(retitled(marker, *kind, first));
        }

        if let (None, Some((kind, first))) = (&brought, first_marker(&new)) {
            let (own, other) = (marker.kind.name(), kind.name());
            consequences.push(format!(
                "new_section begins with {}, a marker of another kind ({other}): the {own} {} stays above it",
                quote(&first),
                quote(marker.text)
            ));
        }

        let mut out: String = lines.get(..start).unwrap_or(&[]).concat();
        if start == 0 && text.starts_with('\u{feff}') && !new.starts_with('\u{feff}') {
            out.push('\u{feff}');
        }
        if !new.is_empty() && !out.is_empty() && start == section.body && !out.ends_with('\n') {
            // The marker was the last line and had no end.
            out.push_str(line_end);
        }
        out.push_str(&new);
        if section.tail < lines.len() {
            if !new.is_empty() && !new.ends_with('\n') {
                out.push_str(line_end);
            }
            out.push_str(&lines.get(section.tail..).unwrap_or(&[]).concat());
        } else {
            finish(&mut out, text.ends_with('\n'), line_end);
        }

        let old: String = lines.get(start..section.tail).unwrap_or(&[]).concat();
        let inside: Vec<String> = all
            .iter()
            .filter(|other| other.index >= section.body && other.index < section.end)
            .map(|other| quote(other.text))
            .collect();
        if !inside.is_empty() {
            let what = counted(inside.len(), "other marker");
            consequences.push(format!("{what} inside the section go with it: {}", listed(&inside)));
        }
        let alike: Vec<String> = lookalikes(&lines)
            .into_iter()
            .filter(|index| (section.body..section.tail).contains(index))
            .filter_map(|index| lines.get(index).map(|line| quote(line.trim())))
            .collect();
        if !alike.is_empty() {
            let (what, verb) = match alike.len() {
                1 => ("1 line".to_owned(), "looks like a marker and goes"),
                several => (counted(several, "line"), "look like markers and go"),
            };
            consequences.push(format!("{what} inside the section {verb} with it: {}", listed(&alike)));
        }
        let mut changes = PlannedChanges::default();
        changes.note(|| {
            let (before, after) = shown(&old, &new);
            let place = place(start, section.tail, marker);
            PlannedChange { place, before, after }
        });
        Ok(Planned::new(out, changes, consequences))
    }
}

/// The marker that the first line of the new section is, when it is one of that kind.
pub(super) fn own_marker(new: &str, kind: MarkerKind) -> Option<(MarkerKind, String)> {
    first_marker(new).filter(|(first, _)| first.is_same_kind(kind))
}

/// The marker that the first line of the new section is.
fn first_marker(new: &str) -> Option<(MarkerKind, String)> {
    let lines: Vec<&str> = new.split_inclusive('\n').collect();
    let first = markers(&lines).into_iter().next()?;
    (first.index == 0).then(|| (first.kind, first.text.to_owned()))
}

/// What it means that the marker line is replaced as well.
fn retitled(marker: &Marker<'_>, kind: MarkerKind, text: &str) -> Option<String> {
    let depth = match (marker.kind, kind) {
        (MarkerKind::Heading(old), MarkerKind::Heading(new)) if new > old => {
            format!(", {} deeper", counted(usize::from(new - old), "level"))
        }
        (MarkerKind::Heading(old), MarkerKind::Heading(new)) if new < old => {
            format!(", {} higher", counted(usize::from(old - new), "level"))
        }
        (MarkerKind::Heading(_) | MarkerKind::Bold | MarkerKind::Cue | MarkerKind::Slug | MarkerKind::Label, _) => {
            String::new()
        }
    };
    (marker.text != text).then(|| {
        format!(
            "the {} {} becomes {}{depth}",
            marker.kind.name(),
            quote(marker.text),
            quote(text)
        )
    })
}

/// The last section ends the file: a final newline stays, and a missing one stays missing.
// Trimming stops at the marker line at the latest: it is never blank.
fn finish(out: &mut String, had_newline: bool, line_end: &str) {
    if had_newline {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(line_end);
        }
        return;
    }
    while out.ends_with('\n') {
        let length = without_end(out).len();
        out.truncate(length);
    }
}

/// `line 4 after **Opening**`: what is replaced, counted from 1; the marker's own line when the
/// section is empty.
fn place(start: usize, tail: usize, marker: &Marker<'_>) -> String {
    let title = quote(marker.text);
    match tail.saturating_sub(start) {
        0 => format!("after line {} {title}", marker.index + marker.height),
        1 => format!("{title} line {}", start + 1),
        _ => format!("{title} lines {}-{tail}", start + 1),
    }
}

/// Both bodies in a few words: the first line in which they differ, and how many lines there are.
fn shown(old: &str, new: &str) -> (String, String) {
    let filled =
        |body: &str| -> Vec<String> { body.lines().filter(|line| !is_blank(line)).map(str::to_owned).collect() };
    let (old_lines, new_lines) = (filled(old), filled(new));
    let at = old_lines.iter().zip(&new_lines).take_while(|(a, b)| a == b).count();
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
    let (before, after) = quote_both(&line(&old_lines), &line(&new_lines));
    let worded = |body: &str, lines: &[String], quoted: String| match body.lines().count() {
        0 => "(empty)".to_owned(),
        count if at > 0 && lines.len() <= at => format!("(nothing more) ({})", counted(count, "line")),
        1 => quoted,
        count => format!("{quoted} ({})", counted(count, "line")),
    };
    (worded(old, &old_lines, before), worded(new, &new_lines, after))
}

/// The first section whose marker stands once, with its body as it is.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let text = subject.text()?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let all = markers(&lines);
    all.iter().find_map(|marker| {
        let is_only = all.iter().filter(|other| other.text == marker.text).count() == 1;
        let section = Section::of(marker, &all, &lines);
        let body: String = lines.get(section.body..section.tail)?.concat();
        let body = body.replace("\r\n", "\n");
        let body = body.strip_suffix('\n').unwrap_or(&body);
        // A body that opens with a marker of its own would take the place of the marker line.
        let is_plain = !is_blank(body) && own_marker(body, marker.kind).is_none();
        (is_only && is_plain && body.len() <= SECTION_BYTES_OFFERED_MAX)
            .then(|| json!({"section_marker": marker.text, "new_section": body}))
    })
}

#[cfg(test)]
mod tests;

//! `text_replace`: exact texts for other texts, in order, all occurrences unless counted (SPEC §6).

use serde_json::{Value, json};

use super::PATCH_ITEMS_MAX;
use super::closest::{closest_line, folded};
use super::error::PatchError;
use super::fields::FieldValue;
use super::lines::{is_all_crlf, is_blank, line_at};
use super::markers::prose;
use super::offers::{Named, Offer};
use super::patch_fields::{PatchFields, Patches};
use super::plan::{DELETED, Material, Planned, PlannedChange, PlannedChanges, check_artifact_length};
use super::quote::{counted, listed, quote, quote_both};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc, names};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "text_replace",
    family: Family::Text,
    applies_to: "text",
    description: "Replaces exact texts, in order. Every `old` must occur; all occurrences are replaced unless `count` limits them; an empty `new` deletes.",
    example: || {
        json!({
            "type": "text_replace",
            "replacements": [{"old": "Low tide is at noon", "new": "Low tide is at 14:00"}],
        })
    },
    fields: &[FieldDoc::new(
        "replacements",
        "[{old, new, count}]",
        Holds::Items(REPLACEMENT),
    )],
    template,
    edited_first: Some("new"),
    parse: |fields| Ok(Box::new(TextReplace::parse(fields)?)),
};

const REPLACEMENT: &[FieldDoc] = &[
    FieldDoc::new(
        "old",
        "the text as it stands",
        Holds::Offered(|asked| Some(Offer::Texts(asked.contents.lines(asked.typed)))),
    ),
    FieldDoc::new(
        "new",
        "what stands there instead; empty deletes",
        Holds::Offered(|asked| {
            let old = asked.sibling("old")?;
            Some(Offer::Texts(vec![Named::new(old, "as `old`, to be changed")]))
        }),
    ),
    FieldDoc::new("count", "how many of its occurrences; all without it", Holds::Anything),
];

/// How much of a line that is too long is offered, in characters.
const PIECE_CHARS: usize = 80;
/// In how many places the rest of a text is compared when its first line stands there.
const PLACES_COMPARED_MAX: usize = 1000;
/// How many line numbers a refusal names.
const LINES_NAMED_MAX: usize = 5;

#[derive(Debug)]
struct TextReplace {
    replacements: Vec<Replacement>,
}

#[derive(Debug)]
struct Replacement {
    field: String,
    old: String,
    new: String,
    count: Option<usize>,
}

/// How many occurrences are replaced, at least one.
struct Count(usize);

impl FieldValue<'_, Patches> for Count {
    fn of(fields: &PatchFields<'_>, key: &str, value: &Value) -> Result<Self, PatchError> {
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count > 0).map(Self);
        count.ok_or_else(|| fields.wrong(key, value, "a whole number from 1; leave it out for all occurrences"))
    }
}

/// The first line of prose, to be replaced by itself.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let text = subject.text()?;
    // A line that stands once is what the operator sees change; one that stands often would change
    // everywhere.
    let candidates: Vec<&str> = prose(text).map(|(_, line)| line.trim()).collect();
    let line = candidates
        .iter()
        .copied()
        .find(|line| text.matches(line).take(2).count() == 1)
        .or_else(|| candidates.first().copied())
        .or_else(|| piece(text))?;
    Some(json!({"replacements": [{"old": line, "new": line}]}))
}

/// Where no line will do, as in JSON without line breaks: the beginning of the first line that says
/// something.
fn piece(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.chars().any(char::is_alphanumeric))?;
    let line = line.trim_start_matches('\u{feff}').trim();
    let end = line.char_indices().nth(PIECE_CHARS).map_or(line.len(), |(at, _)| at);
    line.get(..end).map(str::trim)
}

impl TextReplace {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let replacements = fields.items("replacements", PATCH_ITEMS_MAX, Replacement::parse)?;
        Ok(Self { replacements })
    }
}

impl Replacement {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        fields.only(&names(REPLACEMENT))?;
        let old: &str = fields.read("old")?;
        let new: &str = fields.read("new")?;
        let count: Option<Count> = fields.read("count")?;
        if old.is_empty() {
            return Err(
                PatchError::wrong_field(fields.path("old"), "`old` is empty: it would occur everywhere")
                    .with_hint("give the text that is to be replaced"),
            );
        }
        if old == new {
            return Err(PatchError::wrong_field(
                fields.path("new"),
                "`new` is the same as `old`: it would change nothing",
            ));
        }
        Ok(Self {
            field: fields.path("old"),
            old: old.to_owned(),
            new: new.to_owned(),
            count: count.map(|Count(count)| count),
        })
    }

    /// The text with this replacement made; `changes` gains one entry for each occurrence.
    fn apply(&self, path: &str, text: &str, changes: &mut PlannedChanges) -> Result<String, PatchError> {
        let limit = self.count.unwrap_or(usize::MAX);
        let found = text.match_indices(&self.old).take(limit).count();
        if found == 0 {
            return Err(self.missing(path, text));
        }
        if let Some(count) = self.count
            && found < count
        {
            let lines: Vec<String> = text
                .match_indices(&self.old)
                .take(LINES_NAMED_MAX)
                .map(|(at, _)| line_at(text, at).to_string())
                .collect();
            let message = format!(
                "{} occurs {}, `count` is {count}",
                quote(&self.old),
                counted(found, "time")
            );
            return Err(PatchError::unfit(message)
                .at_field(self.field.clone())
                .with_hint(format!(
                    "it stands in {} {}; leave `count` out to replace all",
                    if lines.len() == 1 { "line" } else { "lines" },
                    listed(&lines)
                )));
        }
        // Lengths first: a small patch can ask for more memory than the machine has.
        let length = text.len() - found * self.old.len() + found.saturating_mul(self.new.len());
        check_artifact_length(path, length).map_err(|error| error.at_field(self.field.clone()))?;
        let mut out = String::with_capacity(length);
        let mut copied = 0;
        let mut line = 1;
        for (at, _) in text.match_indices(&self.old).take(limit) {
            let between = text.get(copied..at).unwrap_or("");
            out.push_str(between);
            line += between.matches('\n').count();
            changes.note(|| {
                let (before, after) = self.shown();
                let place = format!("line {line}");
                PlannedChange { place, before, after }
            });
            out.push_str(&self.new);
            line += self.old.matches('\n').count();
            copied = at + self.old.len();
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        Ok(out)
    }

    fn shown(&self) -> (String, String) {
        let (before, after) = quote_both(&self.old, &self.new);
        if self.new.is_empty() {
            (before, DELETED.to_owned())
        } else {
            (before, after)
        }
    }

    fn missing(&self, path: &str, text: &str) -> PatchError {
        let what = format!("`old` {} does not occur in {}", quote(&self.old), quote(path));
        let error = |message: String| PatchError::unfit(message).at_field(self.field.clone());
        if is_all_crlf(text) && self.old.contains('\n') {
            let as_crlf = self.old.replace("\r\n", "\n").replace('\n', "\r\n");
            if let Some(at) = text.find(&as_crlf) {
                let line = line_at(text, at);
                return error(format!(
                    "{what} as written; with line ends \\r\\n it stands in line {line}"
                ))
                .at_artifact_line(line)
                .with_hint("this file ends its lines with \\r\\n: write \\r\\n in `old` and `new`");
            }
        } else if self.old.contains("\r\n") {
            let as_lf = self.old.replace("\r\n", "\n");
            if let Some(at) = text.find(&as_lf) {
                let line = line_at(text, at);
                return error(format!(
                    "{what} as written; with line ends \\n it stands in line {line}"
                ))
                .at_artifact_line(line)
                .with_hint("this file ends its lines with \\n: write \\n in `old` and `new`");
            }
        }
        if let Some(begun) = Begun::of(text, &self.old) {
            let (first, next) = (begun.first, begun.first + begun.lines);
            let stands = match begun.lines {
                1 => format!("its first line stands in line {first}"),
                lines => format!("its first {lines} lines stand from line {first} on"),
            };
            let reads = if is_blank(begun.text) {
                "is blank".to_owned()
            } else {
                format!("reads {}", quote(begun.text))
            };
            return error(format!("{what}; {stands}, but line {next} {reads}"))
                .at_artifact_line(next)
                .with_hint("`old` must stand in the artifact exactly, line ends and blank lines included");
        }
        match closest_line(text, &self.old) {
            Some((line, near)) => {
                let alike = folded(near).contains(folded(&self.old).trim());
                let hint = if alike {
                    "they differ only in letter case, spaces, dashes or quotation marks: copy the text from the artifact"
                } else {
                    "`old` must stand in the artifact exactly, spaces and punctuation included"
                };
                error(format!("{what}; closest is line {line}: {}", quote(near)))
                    .at_artifact_line(line)
                    .with_hint(hint)
            }
            None => error(format!("{what}, and no line is like it")).with_hint("check that this is the right artifact"),
        }
    }
}

/// The place where the first lines of a text stand, but not all of it.
struct Begun<'t> {
    /// The line of the artifact, from 1, in which it begins.
    first: usize,
    /// How many lines of it are there.
    lines: usize,
    /// The line of the artifact that should be its next.
    text: &'t str,
}

impl<'t> Begun<'t> {
    /// The longest beginning of at least one whole line; of equal ones the first.
    fn of(text: &'t str, wanted: &str) -> Option<Self> {
        let (first, _) = wanted
            .split_inclusive('\n')
            .next()?
            .split_once('\n')
            .filter(|(line, _)| !is_blank(line))?;
        let head = wanted.get(..=first.len())?;
        let equal = |at: usize| {
            let there = text.as_bytes().iter().skip(at);
            there.zip(wanted.as_bytes()).take_while(|(a, b)| a == b).count()
        };
        let mut best: Option<(usize, usize)> = None;
        for (at, _) in text.match_indices(head).take(PLACES_COMPARED_MAX) {
            let length = equal(at);
            if best.is_none_or(|(longest, _)| length > longest) {
                best = Some((length, at));
            }
        }
        let (length, at) = best?;
        let begun = wanted.as_bytes().get(..length)?;
        let lines = begun.iter().filter(|byte| **byte == b'\n').count();
        let line_start = at + begun.iter().rposition(|byte| *byte == b'\n')? + 1;
        Some(Self {
            first: line_at(text, at),
            lines,
            text: text.get(line_start..)?.lines().next().unwrap_or(""),
        })
    }
}

impl Planner for TextReplace {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let mut text = material.text()?.to_owned();
        let mut changes = PlannedChanges::default();
        for (index, replacement) in self.replacements.iter().enumerate() {
            text = replacement
                .apply(material.path, &text, &mut changes)
                .map_err(|error| after_earlier(error, index))?;
        }
        Ok(Planned::new(text, changes, Vec::new()))
    }
}

/// Line numbers of a later replacement count in the text that the earlier ones leave; say so.
fn after_earlier(mut error: PatchError, index: usize) -> PatchError {
    if index > 0 {
        error.message.push_str(" (after the replacements before it)");
        error.artifact_line = None;
    }
    error
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Patch, PatchError, PatchFault, Plan};

    const SCRIPT: &str = "**Opening**\n\nLow tide is at noon \u{2013} bring boots.\nThe boats leave at noon.\n\n**Close**\n\nSee you at noon";

    fn plan(replacements: Value, text: &str) -> Result<Plan, PatchError> {
        Patch::from_value(json!({"type": "text_replace", "replacements": replacements}))?
            .plan("artifacts/script/script.txt", text.as_bytes())
    }

    fn made(replacements: Value, text: &str) -> String {
        String::from_utf8(plan(replacements, text).unwrap().bytes).unwrap()
    }

    #[test]
    fn all_occurrences_are_replaced_and_nothing_else() {
        let plan = plan(json!([{"old": "noon", "new": "14:00"}]), SCRIPT).unwrap();
        assert_eq!(plan.bytes, SCRIPT.replace("noon", "14:00").as_bytes());
        assert_eq!(
            plan.told(),
            [
                "line 3 `noon` -> `14:00`",
                "line 4 `noon` -> `14:00`",
                "line 8 `noon` -> `14:00`"
            ]
        );
    }

    #[test]
    fn lines_are_counted_across_texts_of_several_lines() {
        let plan = plan(json!([{"old": "a\nb\n", "new": "x"}]), "a\nb\n\na\nb\n").unwrap();
        let places: Vec<&str> = plan.changes.iter().map(|change| change.place.as_str()).collect();
        assert_eq!(places, ["line 1", "line 4"]);
        assert_eq!(plan.bytes, b"x\nx");
    }

    #[test]
    fn count_takes_the_first_ones_and_must_be_met() {
        assert_eq!(
            made(json!([{"old": "noon", "new": "one", "count": 2}]), SCRIPT),
            SCRIPT.replacen("noon", "one", 2)
        );
        let error = plan(json!([{"old": "noon", "new": "one", "count": 4}]), SCRIPT).unwrap_err();
        assert_eq!(error.message, "`noon` occurs 3 times, `count` is 4");
        assert_eq!(
            error.hint.as_deref(),
            Some("it stands in lines 3, 4 and 8; leave `count` out to replace all")
        );
        for count in [json!(0), json!(-1), json!(1.5), json!("2"), Value::Null] {
            let error = plan(json!([{"old": "noon", "new": "one", "count": count}]), SCRIPT).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("replacements[0].count"), "{count}");
        }
    }

    #[test]
    fn replacements_see_what_the_earlier_ones_left() {
        assert_eq!(
            made(json!([{"old": "a", "new": "b"}, {"old": "bb", "new": "c"}]), "ab"),
            "c"
        );
        let error = plan(json!([{"old": "a", "new": "b"}, {"old": "a", "new": "c"}]), "aa").unwrap_err();
        assert_eq!(error.field.as_deref(), Some("replacements[1].old"));
    }

    #[test]
    fn an_empty_new_deletes() {
        let plan = plan(json!([{"old": " \u{2013} bring boots", "new": ""}]), SCRIPT).unwrap();
        assert_eq!(plan.bytes, SCRIPT.replace(" \u{2013} bring boots", "").as_bytes());
        assert_eq!(plan.changes[0].after, "(deleted)");
    }

    #[test]
    fn line_ends_bom_and_a_missing_final_newline_stay() {
        assert_eq!(
            made(json!([{"old": "b", "new": "x"}]), "\u{feff}a\r\nb\nc\r\nend"),
            "\u{feff}a\r\nx\nc\r\nend"
        );
    }

    #[test]
    fn a_text_that_does_not_occur_is_refused_with_what_is_close() {
        let error = plan(json!([{"old": "The boat leaves at noon", "new": "x"}]), SCRIPT).unwrap_err();
        assert_eq!(
            error.message,
            "`old` `The boat leaves at noon` does not occur in `artifacts/script/script.txt`; closest is line 4: `The boats leave at noon.`"
        );
        assert_eq!((error.artifact_line, error.fault), (Some(4), PatchFault::Unfit));
        let error = plan(
            json!([{"old": "low tide is at noon - bring boots", "new": "x"}]),
            SCRIPT,
        )
        .unwrap_err();
        assert!(error.hint.unwrap().contains("letter case, spaces, dashes"));
        let error = plan(json!([{"old": "quarterly figures", "new": "x"}]), SCRIPT).unwrap_err();
        assert!(error.message.ends_with("and no line is like it"));
    }

    #[test]
    fn a_text_of_several_lines_is_refused_at_the_line_that_differs() {
        let old = "The boats leave at noon.\n\n**Close**\nSee you at one";
        let error = plan(json!([{"old": old, "new": "x"}]), SCRIPT).unwrap_err();
        assert_eq!(error.artifact_line, Some(7));
        assert!(
            error
                .message
                .ends_with("its first 3 lines stand from line 4 on, but line 7 is blank"),
            "{error}"
        );
        let error = plan(json!([{"old": "**Close**\nGood night", "new": "x"}]), SCRIPT).unwrap_err();
        assert!(
            error
                .message
                .ends_with("its first line stands in line 6, but line 7 is blank"),
            "{error}"
        );
        let error = plan(json!([{"old": "at noon\nMore", "new": "x"}]), "Leave at noon\nBye").unwrap_err();
        assert!(error.message.ends_with("but line 2 reads `Bye`"), "{error}");
    }

    #[test]
    fn line_ends_that_differ_are_named() {
        let error = plan(json!([{"old": "a\nb", "new": "x"}]), "a\r\nb\r\n").unwrap_err();
        assert!(
            error.message.contains("with line ends \\r\\n it stands in line 1"),
            "{error}"
        );
        let error = plan(json!([{"old": "b\r\nc", "new": "x"}]), "a\nb\nc\n").unwrap_err();
        assert!(
            error.message.contains("with line ends \\n it stands in line 2"),
            "{error}"
        );
    }

    #[test]
    fn what_changes_nothing_is_refused() {
        assert_eq!(
            plan(json!([{"old": "a", "new": "a"}]), "a").unwrap_err().fault,
            PatchFault::Field
        );
        assert_eq!(
            plan(json!([{"old": "a", "new": "b"}, {"old": "b", "new": "a"}]), "a")
                .unwrap_err()
                .fault,
            PatchFault::NoChange
        );
        assert!(plan(json!([]), "a").unwrap_err().message.contains("change nothing"));
        assert!(
            plan(json!([{"old": "", "new": "a"}]), "a")
                .unwrap_err()
                .message
                .contains("empty")
        );
    }

    #[test]
    fn a_result_beyond_the_limit_is_refused_before_it_is_made() {
        let text = "a".repeat(1 << 20);
        let error = plan(json!([{"old": "a", "new": "b".repeat(1000)}]), &text).unwrap_err();
        assert!(error.message.contains("64 MiB"), "{error}");
    }

    #[test]
    fn unknown_fields_are_refused_by_name() {
        let error = plan(json!([{"old": "a", "new": "b", "cout": 1}]), "a").unwrap_err();
        assert_eq!(error.message, "unknown field `cout`; did you mean `count`?");
        assert_eq!(error.field.as_deref(), Some("replacements[0].cout"));
    }

    #[test]
    fn a_long_list_of_changes_is_cut_and_counted() {
        let plan = plan(json!([{"old": "a", "new": "b"}]), &"a".repeat(450)).unwrap();
        assert_eq!(plan.changes.len(), 200);
        assert_eq!(plan.consequences, ["250 more changes are not listed"]);
        assert_eq!(plan.bytes, "b".repeat(450).as_bytes());
    }

    #[test]
    fn line_ends_that_become_mixed_are_named() {
        let plan = plan(json!([{"old": "a", "new": "a\nx"}]), "a\r\nb\r\n").unwrap();
        assert_eq!(
            plan.consequences,
            ["line ends become mixed: 1 of 3 end with \\n, all ended with \\r\\n"]
        );
    }
}

//! What the lists have in common: how many rows, and in which form.

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use domain::time::{Timestamp, parse_since};
use text::visible_line;

use super::output::{Output, note};
use super::report::CommandError;
use super::table::Table;

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Table,
    Json,
    Jsonl,
    Csv,
}

/// How much of a list is printed, and how.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct ListingArguments {
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// How it is printed: table, json (one document), jsonl (a document a line), csv
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        hide_possible_values = true,
        conflicts_with = "json"
    )]
    pub(crate) output: Option<Form>,
}

impl ListingArguments {
    /// Whether failures are documents, too.
    pub(crate) fn is_json(self) -> bool {
        matches!(self.output, Some(Form::Json | Form::Jsonl))
    }

    /// Keeps the first ones; says so where that is not all.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>) {
        self.cut_at(rows, self.limit);
    }

    /// The same, with this many where nobody says how many.
    pub(crate) fn cut_at<T>(self, rows: &mut Vec<T>, limit: Option<u32>) {
        let Some(limit) = limit else { return };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() > most {
            rows.truncate(most);
            note(&format!("Only the first {limit} are listed; more with --limit"));
        }
    }

    /// Prints the documents in the form that was asked for; as a table the one that is made here. The
    /// columns are paths in a document: `hold.by`.
    pub(crate) fn print<T: Serialize>(
        self,
        output: &mut Output,
        documents: &[T],
        columns: &[&str],
        none: &str,
        table: impl FnOnce() -> Table,
    ) -> Result<(), CommandError> {
        match self.output {
            Some(Form::Jsonl) => documents.iter().try_for_each(|document| output.json_line(document)),
            Some(Form::Csv) => {
                output.line(&columns.join(","))?;
                documents
                    .iter()
                    .try_for_each(|document| output.line(&comma_separated(document, columns)))
            }
            Some(Form::Json) => output.document(&documents),
            Some(Form::Table) | None if output.is_json => output.document(&documents),
            Some(Form::Table) | None => table().print(output, none),
        }
    }
}

/// A document as a row of comma-separated values.
pub(crate) fn comma_separated(document: &impl Serialize, columns: &[&str]) -> String {
    let document = serde_json::to_value(document).unwrap_or_default();
    let fields = columns.iter().map(|path| field(&value_at(&document, path)));
    fields.collect::<Vec<_>>().join(",")
}

/// What stands at this path of a document, as one text.
fn value_at(document: &Value, path: &str) -> String {
    let value = path.split('.').try_fold(document, |value, key| value.get(key));
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.len().to_string(),
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => value.to_string(),
    }
}

/// A text as a field of comma-separated values: in quotes where it would be more than one, and never
/// a formula.
pub(crate) fn field(text: &str) -> String {
    let text = visible_line(text);
    let is_number = || text.parse::<f64>().is_ok();
    if text.starts_with(['=', '+', '-', '@']) && !is_number() {
        format!("\"'{}\"", text.replace('"', "\"\""))
    } else if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

/// A time to look back to, of the command line: refused with it, and read when it is asked.
pub(crate) fn since(text: &str) -> Result<String, String> {
    parse_since(text, Timestamp::default()).map(|_| text.to_owned())
}

/// What was written, at this time.
pub(crate) fn since_at(text: Option<&String>, now: Timestamp) -> Result<Option<Timestamp>, CommandError> {
    let since = text.map(|text| parse_since(text, now)).transpose();
    since.map_err(|why| CommandError::new("invalid", why).at("--since"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_field_and_no_formula() {
        let fields = ["plain", "a, b", "say \"no\"", "=1+1", "-2 dB", "-2.5", ""].map(field);
        let right = [
            "plain",
            "\"a, b\"",
            "\"say \"\"no\"\"\"",
            "\"'=1+1\"",
            "\"'-2 dB\"",
            "-2.5",
            "",
        ];
        assert_eq!(fields, right);
    }

    #[test]
    fn a_path_leads_into_a_document() {
        let document = serde_json::json!({"job": {"id": "j-1"}, "n": 2, "none": null, "list": [1, 2]});
        let values = ["job.id", "n", "none", "gone.id", "list"].map(|path| value_at(&document, path));
        assert_eq!(values, ["j-1", "2", "", "", "2"]);
    }
}

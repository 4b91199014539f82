//! Every key of the configuration, told once: what it holds, in which unit, and what it does.
//!
//! From this table come the names that the readers know, the reference page (docs/CONFIGURATION.md)
//! and the JSON Schema. What a key is when it is left out is not told here: it is what the default
//! configuration shows.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use domain::policy::GatePolicy;

use super::Config;
use super::pipeline::CONCURRENT_JOBS_MAX;
use super::reader::SECONDS_MAX;
use super::security::RATE_MAX;
use super::stages::STAGES_MAX;
use super::webhooks::WEBHOOKS_MAX;

/// One key.
struct Key {
    /// From the top: `*` stands for a stage's name, `[]` for each item of a list.
    path: &'static str,
    kind: Kind,
    /// Whether no value of it reaches a message or a document.
    is_secret: bool,
    about: &'static str,
}

/// What a key holds.
#[derive(Clone, Copy)]
enum Kind {
    Switch,
    /// A whole number, from and to.
    Count(u32, u32),
    /// Whole seconds, at least so many.
    Seconds(u64),
    /// The same, or null for none.
    SecondsOrNull(u64),
    Text,
    TextOrNull,
    /// One of these words.
    Word(&'static [&'static str]),
    Texts,
    /// Texts by their names.
    TextByName,
    /// Other keys; besides a mapping it may be one of these.
    Keys(&'static [&'static str]),
    /// At most so many of them.
    Items(usize),
}

use Kind::{Count, Items, Keys, Seconds, SecondsOrNull, Switch, Text, TextByName, TextOrNull, Texts, Word};

macro_rules! keys {
    ($($path:literal $kind:expr, $($secret:ident)? $about:literal;)*) => {
        const KEYS: &[Key] = &[$(Key { path: $path, kind: $kind, is_secret: keys!(@ $($secret)?), about: $about },)*];
    };
    (@ secret) => { true };
    (@) => { false };
}

keys! {
    "gates" Keys(&["null"]), "One entry for each stage that must wait; a stage that is not named passes without a gate.";
    "gates.*" Keys(&["null"]), "The policy of this stage's gate, frozen into each gate that opens.";
    "gates.*.required" Switch, "Whether the stage may not pass without a decision.";
    "gates.*.auto_approve" Switch, "Whether silence may decide once the time is over.";
    "gates.*.auto_approve_after_s" SecondsOrNull(0), "From the opening of the gate to its deadline; null: the gate waits for a person.";
    "gates.*.on_timeout" Word(&["approve", "reject", "hold"]), "What the timer does at the deadline.";
    "gates.*.max_hold_s" Seconds(0), "The most that persons may add to one gate by an open editor, a hold or an extension.";
    "pipeline" Keys(&["null"]), "The stages and how they run.";
    "pipeline.stages" Items(STAGES_MAX), "The stages in order; left out, nine without commands.";
    "pipeline.stages[]" Keys(&["string"]), "A stage; a plain text is its name.";
    "pipeline.stages[].name" Text, "1 to 50 lower-case letters, digits, _ and -.";
    "pipeline.stages[].command" Texts, "Program and arguments; no shell reads them. Left out, the stage is a gate and nothing more.";
    "pipeline.stages[].env" TextByName, secret "Variables added to the command's environment.";
    "pipeline.stages[].timeout_s" SecondsOrNull(1), "Until the command and all it started are ended and the stage fails; left out: never.";
    "pipeline.stages[].artifacts" Items(usize::MAX), "What the command makes: this is reviewed.";
    "pipeline.stages[].artifacts[]" Keys(&[]), "One file.";
    "pipeline.stages[].artifacts[].kind" Text, "What it is; script, storyboard and voiceover have patches of their own.";
    "pipeline.stages[].artifacts[].path" Text, "Relative to the job's run directory.";
    "pipeline.max_concurrent_jobs" Count(1, CONCURRENT_JOBS_MAX), "How many jobs run a stage at the same time; one that waits at a gate does not count.";
    "pipeline.overdue_grace_s" Seconds(0), "How long a gate whose deadline passed while nothing ran still waits, so that a person can look.";
    "storage" Keys(&["null"]), "Where things are kept.";
    "storage.runs_dir" TextOrNull, "The runs directory, relative to the working directory; `--runs` goes before it.";
    "storage.group" TextOrNull, "A Unix group that shares the runs directory; null keeps it private.";
    "storage.db_path" TextOrNull, secret "The database of the old system: read as history, never written.";
    "security" Keys(&["null"]), "Who may do what.";
    "security.shared_accounts" Texts, "Logins that several people share: only from these may `--operator` name the person.";
    "security.tokens" Items(usize::MAX), secret "Who may come in over HTTP: `holdpoint token new` prints such a line.";
    "security.tokens[]" Keys(&[]), "One token.";
    "security.tokens[].name" Text, secret "Who decides with it.";
    "security.tokens[].role" Word(&["viewer", "pipeline", "operator"]), secret "What it opens.";
    "security.tokens[].sha256" Text, secret "SHA-256 of the token's text.";
    "security.rate_limiting" Keys(&["boolean", "null"]), "How often a client may ask.";
    "security.rate_limiting.enabled" Switch, "Whether tokens have limits; that of clients without one is always on.";
    "security.rate_limiting.job_creation_per_minute" Count(1, RATE_MAX), "Jobs that one token may start in a minute.";
    "security.rate_limiting.api_requests_per_minute" Count(1, RATE_MAX), "Requests that one token may make in a minute.";
    "security.rate_limiting.unauthorized_per_minute" Count(1, RATE_MAX), "Requests without a valid token that one address may make in a minute.";
    "security.cors" Keys(&["boolean", "null"]), "Web pages that may read answers.";
    "security.cors.enabled" Switch, "False: the origins do not count.";
    "security.cors.allow_origins" Texts, "Their origins: scheme://host or scheme://host:port.";
    "security.security_headers" Keys(&["boolean", "null"]), "Headers that keep browsers from harm.";
    "security.security_headers.enabled" Switch, "Whether answers bear them.";
    "server" Keys(&["null"]), "Where HTTP listens.";
    "server.enabled" Switch, "Whether a console serves HTTP as well; `holdpoint serve` always does.";
    "server.host" Text, "The address to listen on: an IP address, or localhost.";
    "server.port" Count(0, 65_535), "The port; 0 takes any that is free.";
    "server.allow_external_bind" Switch, "Whether an address that other machines reach may be listened on.";
    "server.log_level" Word(&["error", "warning", "warn", "info", "debug", "trace"]), "How much `holdpoint serve` tells on standard error.";
    "server.workers" Count(1, u32::MAX), "Of the old system: one process serves.";
    "webhooks" Items(WEBHOOKS_MAX), secret "Who is told over HTTP what happens (WEBHOOKS.md).";
    "webhooks[]" Keys(&[]), "One receiver.";
    "webhooks[].name" Text, secret "What messages and metrics call it: 1 to 50 letters, digits, _ and -.";
    "webhooks[].url" Text, secret "Where it is told.";
    "webhooks[].secret_env" Text, secret "A variable, its name beginning with HOLDPOINT_, that holds what signs each delivery.";
    "webhooks[].secret_file" Text, secret "The file that holds it instead.";
    "webhooks[].events" Texts, secret "What it is told; left out, everything.";
    "webhooks[].remind_before_s" SecondsOrNull(1), secret "How long before its deadline an open gate is told of once more.";
    "webhooks[].remind_after_s" SecondsOrNull(1), secret "After how long without a decision it is.";
}

/// The names of the keys right under a path, in the order of the table; the empty path is the top.
pub(super) fn under(path: &str) -> Vec<&'static str> {
    let own = KEYS.iter().filter_map(|key| {
        let name = match path {
            "" => key.path,
            _ => key.path.strip_prefix(path)?.strip_prefix('.')?,
        };
        (!name.contains(['.', '['])).then_some(name)
    });
    own.collect()
}

/// What every key is when it is left out, as `config show` tells it.
fn defaults() -> Value {
    let mut document = serde_json::to_value(Config::default().doc()).unwrap_or_default();
    document["gates"] = json!({ "*": GatePolicy::default() });
    document
}

impl Key {
    /// What it is when it is left out, where that is a value.
    fn default<'d>(&self, defaults: &'d Value) -> Option<&'d Value> {
        let mut parts = self.path.split('.');
        let value = parts.try_fold(defaults, |value, part| value.get(part))?;
        (!matches!(self.kind, Keys(_) | Items(_))).then_some(value)
    }

    /// What it holds, in words.
    fn words(&self) -> String {
        match self.kind {
            Switch => "true or false".to_owned(),
            Count(least, u32::MAX) => format!("a number from {least}"),
            Count(least, most) => format!("a number from {least} to {most}"),
            Seconds(least) => format!("seconds, from {least}"),
            SecondsOrNull(least) => format!("seconds, from {least}, or null"),
            Text => "a text".to_owned(),
            TextOrNull => "a text or null".to_owned(),
            Word(words) => words.join(", "),
            Texts => "a list of texts".to_owned(),
            TextByName => "texts by their names".to_owned(),
            Keys(_) => "a mapping".to_owned(),
            Items(usize::MAX) => "a list".to_owned(),
            Items(most) => format!("a list of at most {most}"),
        }
    }

    /// Its JSON Schema, without the keys under it.
    fn schema(&self, defaults: &Value) -> Value {
        let mut schema = match self.kind {
            Switch => json!({ "type": "boolean" }),
            Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Seconds(least) => json!({ "type": "integer", "minimum": least, "maximum": SECONDS_MAX }),
            SecondsOrNull(least) => json!({ "type": ["integer", "null"], "minimum": least, "maximum": SECONDS_MAX }),
            Text => json!({ "type": "string" }),
            TextOrNull => json!({ "type": ["string", "null"] }),
            Word(words) => json!({ "enum": words }),
            Texts => json!({ "type": "array", "items": { "type": "string" } }),
            TextByName => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            Keys(others) => {
                let kinds: Vec<_> = ["object"].iter().chain(others).collect();
                json!({ "type": kinds })
            }
            Items(usize::MAX) => json!({ "type": ["array", "null"] }),
            Items(most) => json!({ "type": ["array", "null"], "maxItems": most }),
        };
        schema["description"] = self.about.into();
        if let Some(default) = self.default(defaults) {
            schema["default"] = default.clone();
        }
        schema
    }
}

/// The JSON Schema of the configuration. What a section does not know is a warning and not refused;
/// in an item, it is.
pub fn schema() -> Value {
    let defaults = defaults();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "holdpoint's configuration",
        "type": ["object", "null"],
        "properties": properties("", &defaults),
    })
}

fn properties(path: &str, defaults: &Value) -> Value {
    let named = under(path).into_iter().map(|name| {
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        (name.to_owned(), node(&path, defaults))
    });
    Value::Object(named.collect::<Map<_, _>>())
}

fn node(path: &str, defaults: &Value) -> Value {
    let Some(key) = KEYS.iter().find(|key| key.path == path) else {
        return Value::Bool(true);
    };
    let mut schema = key.schema(defaults);
    let is_named = under(path) == ["*"];
    match key.kind {
        Keys(_) if is_named => schema["additionalProperties"] = node(&format!("{path}.*"), defaults),
        Keys(_) => {
            schema["properties"] = properties(path, defaults);
            if path.ends_with('*') || path.ends_with(']') {
                schema["additionalProperties"] = false.into();
            }
        }
        Items(_) => schema["items"] = node(&format!("{path}[]"), defaults),
        Switch | Count(..) | Seconds(_) | SecondsOrNull(_) | Text | TextOrNull | Word(_) | Texts | TextByName => {}
    }
    schema
}

/// The reference page, in Markdown.
pub fn reference() -> String {
    let defaults = defaults();
    let mut page = "# Configuration: every key\n\nPrinted by `holdpoint config keys`; with `--json` it is a JSON Schema for editors. \
                    `*` stands for a stage's name, `[]` for each item of a list. conf/operator.yaml explains the same by example. \
                    Values marked *hidden* reach no message and no document.\n\n\
                    | Key | Holds | Left out | What it does |\n|---|---|---|---|\n"
        .to_owned();
    for key in KEYS {
        let default = key
            .default(&defaults)
            .map_or(String::new(), |value| format!("`{value}`"));
        let hidden = if key.is_secret { " *hidden*" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {}{hidden} | {default} | {} |",
            key.path,
            key.words(),
            key.about
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that gives this key this value, and all that must stand beside it.
    fn text_with(path: &str, value: &Value) -> String {
        let parts: Vec<_> = path.split('.').collect();
        let whole = parts
            .iter()
            .enumerate()
            .rev()
            .fold(value.clone(), |inner, (place, part)| {
                let part = part.replace('*', "script");
                let above = parts.get(..place).unwrap_or_default().join(".");
                let mut map = match (above.as_str(), part.as_str()) {
                    ("pipeline.stages[]", _) => json!({ "name": "script" }),
                    ("pipeline.stages[].artifacts[]", _) => json!({ "kind": "script", "path": "artifacts/a.txt" }),
                    ("security.tokens[]", _) => json!({ "name": "ana", "role": "viewer", "sha256": "a".repeat(64) }),
                    ("webhooks[]", "secret_file") => json!({ "name": "w", "url": "https://a/" }),
                    ("webhooks[]", _) => json!({ "name": "w", "url": "https://a/", "secret_env": "HOLDPOINT_S" }),
                    _ => json!({}),
                };
                match part.strip_suffix("[]") {
                    Some(list) => map[list] = json!([inner]),
                    None => map[&part] = inner,
                }
                map
            });
        whole.to_string()
    }

    fn is_taken(path: &str, value: &Value) -> bool {
        let text = text_with(path, value);
        Config::load(&text, "t").is_ok_and(|loaded| {
            let unknown = |problem: &&crate::Problem| problem.message.starts_with("unused: holdpoint does nothing");
            loaded.warnings.iter().find(unknown).is_none()
        })
    }

    #[test]
    fn every_key_is_read_as_the_table_says() {
        for key in KEYS {
            let (good, bad) = match key.kind {
                Switch => (vec![json!(true), json!(false)], vec![json!(7), json!("x")]),
                Count(least, most) => (
                    vec![json!(least), json!(most)],
                    vec![
                        json!(u64::from(most) + 1),
                        json!(i64::from(least) - 1),
                        json!("x"),
                        json!(null),
                    ],
                ),
                Seconds(least) => (
                    vec![json!(least), json!(SECONDS_MAX)],
                    vec![
                        json!(SECONDS_MAX + 1),
                        json!(i64::try_from(least).unwrap() - 1),
                        json!("x"),
                        json!(null),
                    ],
                ),
                SecondsOrNull(least) => (
                    vec![json!(least), json!(SECONDS_MAX), json!(null)],
                    vec![
                        json!(SECONDS_MAX + 1),
                        json!(i64::try_from(least).unwrap() - 1),
                        json!("x"),
                    ],
                ),
                Word(words) => (
                    words.iter().map(|word| json!(word)).collect(),
                    vec![json!("x"), json!(7)],
                ),
                TextOrNull => (vec![json!("x"), json!(null)], vec![json!(7), json!([])]),
                // What a text must be is for its reader to say.
                Text => (vec![], vec![json!(7), json!([]), json!({})]),
                Texts => (vec![], vec![json!(7), json!({})]),
                TextByName => (vec![json!({ "A": "x" })], vec![json!(7), json!([1])]),
                Keys(_) => (vec![], vec![json!(7), json!([])]),
                Items(_) => (vec![], vec![json!(7), json!({ "a": 1 })]),
            };
            for value in good {
                assert!(
                    is_taken(key.path, &value),
                    "{} takes {value}: {}",
                    key.path,
                    text_with(key.path, &value)
                );
            }
            for value in bad {
                assert!(!is_taken(key.path, &value), "{} refuses {value}", key.path);
            }
        }
    }

    #[test]
    fn no_hidden_key_has_a_place_in_the_shown_document_and_every_other_scalar_has() {
        let defaults = defaults();
        for key in KEYS
            .iter()
            .filter(|key| !key.path.contains('[') && !matches!(key.kind, Keys(_) | Items(_)))
        {
            assert_eq!(key.default(&defaults).is_none(), key.is_secret, "{}", key.path);
        }
    }

    #[test]
    fn the_reference_page_is_what_the_table_says() {
        let page = include_str!("../../../docs/CONFIGURATION.md");
        assert_eq!(
            page,
            reference(),
            "write it anew: holdpoint config keys > docs/CONFIGURATION.md"
        );
    }
}

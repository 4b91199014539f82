//! Why a gate is asked for, in the words of whoever asks: read and limited in one place for the
//! configuration, the command line, HTTP and dropped files, and what of it lists show and filter
//! by.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::canonical;
use super::event::Event;
use super::ids::Digest;
use super::refusal::{Refusal, RefusalCode};

/// The most bytes of a title, a link's name, a label's value and a requester: a line each.
pub const LINE_BYTES_MAX: usize = 200;
/// The most bytes of `why` and of `instructions`.
pub const TEXT_BYTES_MAX: usize = 4096;
/// The most bytes of a label's key.
pub const LABEL_KEY_BYTES_MAX: usize = 50;
/// The most labels of a gate.
pub const LABELS_MAX: usize = 32;
/// The most links of a gate.
pub const LINKS_MAX: usize = 20;
/// The most bytes of a link's address.
pub const URL_BYTES_MAX: usize = 2000;
/// The most bytes of all of it, as JSON: it goes into rows, events, decisions and webhooks.
pub const CONTEXT_BYTES_MAX: usize = 16 * 1024;

/// What the address of a link may begin with.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

read_words! {
    /// How much hangs on a gate.
    #[derive(Default, PartialOrd, Ord, Hash)]
    pub enum Severity {
        /// It can wait.
        Low = "low",
        /// As most.
        #[default]
        Normal = "normal",
        /// It should be looked at before others.
        High = "high",
        /// It comes first.
        Critical = "critical",
    }
}

impl Severity {
    /// Whether lists mark it.
    pub fn is_marked(self) -> bool {
        self >= Self::High
    }
}

/// An address that belongs to a gate. Nothing of ours ever opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextLink {
    /// What it leads to.
    pub name: String,
    /// Printable ASCII that begins with https://, http:// or mailto:.
    pub url: String,
}

/// Why a gate is asked for; each part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateContext {
    /// What it is about, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why it is wanted, in lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<ContextLink>,
    /// Values by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// None: as most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Who wants it: a person, a team, a pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// What the operator should do or look at, in lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
}

/// The parts, as documents name them.
const KEYS: [&str; 7] = [
    "title",
    "why",
    "links",
    "labels",
    "severity",
    "requester",
    "instructions",
];

fn invalid(place: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Invalid, message)
        .with_hint(hint)
        .at(place.into())
}

impl GateContext {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How much hangs on the gate.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or_default()
    }

    /// Reads a document, and what it says must fit; a refusal names the part: `links[0].url`.
    pub fn read(document: &Value) -> Result<Self, Refusal> {
        let Value::Object(parts) = document else {
            let hint = r#"write an object, such as {"title": "the script after review"}"#;
            return Err(invalid("", "a context is an object", hint));
        };
        known(parts, &KEYS, "")?;
        if let Some(Value::Array(links)) = parts.get("links") {
            for (index, link) in links.iter().enumerate() {
                let place = format!("links[{index}].");
                known(link.as_object().unwrap_or(&Map::new()), &["name", "url"], &place)?;
            }
        }
        let read = Self {
            title: part(parts, "title", "is a text")?,
            why: part(parts, "why", "is a text")?,
            links: part(parts, "links", "are a list of {\"name\": …, \"url\": …}")?,
            labels: part(parts, "labels", "are texts by their keys: {\"team\": \"media\"}")?,
            severity: part(parts, "severity", "is low, normal, high or critical")?,
            requester: part(parts, "requester", "is a text")?,
            instructions: part(parts, "instructions", "is a text")?,
        };
        read.fitting()
    }

    /// The same without blanks around its texts; one that breaks a limit is refused by its place.
    pub fn fitting(self) -> Result<Self, Refusal> {
        let mut links = Vec::with_capacity(self.links.len());
        for (index, link) in self.links.into_iter().enumerate() {
            links.push(
                link.fitting()
                    .map_err(|refusal| refusal.within(&format!("links[{index}]")))?,
            );
        }
        let mut labels = BTreeMap::new();
        for (key, value) in self.labels {
            let place = format!("labels.{}", key.escape_debug());
            label_key(&key, &place)?;
            let value = line(Some(value), &place)?.unwrap_or_default();
            labels.insert(key, value);
        }
        few(links.len(), LINKS_MAX, "links")?;
        few(labels.len(), LABELS_MAX, "labels")?;
        let fitting = Self {
            title: line(self.title, "title")?,
            why: lines(self.why, "why")?,
            links,
            labels,
            severity: self.severity,
            requester: line(self.requester, "requester")?,
            instructions: lines(self.instructions, "instructions")?,
        };
        let bytes = serde_json::to_vec(&fitting).map_or(0, |json| json.len());
        if bytes > CONTEXT_BYTES_MAX {
            let message = format!("all of the context has {bytes} bytes, the most is {CONTEXT_BYTES_MAX}");
            return Err(invalid("", message, "put the longer parts where a link leads"));
        }
        Ok(fitting)
    }

    /// This, and of another one what this one leaves out; labels of both.
    #[must_use]
    pub fn over(self, other: &Self) -> Self {
        let or = |own: Option<String>, other: &Option<String>| own.or_else(|| other.clone());
        let mut labels = other.labels.clone();
        labels.extend(self.labels);
        Self {
            title: or(self.title, &other.title),
            why: or(self.why, &other.why),
            links: if self.links.is_empty() {
                other.links.clone()
            } else {
                self.links
            },
            labels,
            severity: self.severity.or(other.severity),
            requester: or(self.requester, &other.requester),
            instructions: or(self.instructions, &other.instructions),
        }
    }

    /// The names of the parts that differ from this other one's, for the log.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let document = |of: &Self| serde_json::to_value(of).unwrap_or_default();
        let (own, other) = (document(self), document(other));
        KEYS.into_iter().filter(|key| own.get(key) != other.get(key)).collect()
    }

    /// What a decision names that is made on exactly this.
    pub fn digest(&self) -> Digest {
        Digest::of(&canonical::bytes(&serde_json::to_value(self).unwrap_or_default()))
    }

    /// Of all that these events of one gate have it say, what has this digest.
    pub fn logged(events: &[Event], digest: Digest) -> Option<Self> {
        let said = |event: &Event| match event.payload.get("context") {
            Some(said) => Self::deserialize(said).ok(),
            None => Some(Self::default()),
        };
        events.iter().filter_map(said).find(|said| said.digest() == digest)
    }

    /// How it differs from what was read, in words; none: what that was is not known.
    pub fn changed_words(&self, read: Option<&Self>) -> String {
        match read.map_or_else(Vec::new, |read| self.differing(read))[..] {
            [] => "what its requester says changed".to_owned(),
            ref parts => format!("its requester changed {}", parts.join(", ")),
        }
    }

    /// What a list shows of it; none: nothing.
    pub fn headline(&self) -> Option<Headline> {
        let headline = Headline {
            title: self.title.as_deref().unwrap_or_default().into(),
            severity: self.severity(),
            labels: self.labels.clone(),
        };
        (headline != Headline::default()).then_some(headline)
    }
}

impl ContextLink {
    /// The same without blanks around; one that breaks a limit is refused by `name` or `url`.
    pub fn fitting(self) -> Result<Self, Refusal> {
        let place = "url";
        let url = self.url.trim().to_owned();
        if url.len() > URL_BYTES_MAX {
            let message = format!("the address has {} bytes, the most is {URL_BYTES_MAX}", url.len());
            return Err(invalid(place, message, "take a shorter address"));
        }
        let has_scheme = SCHEMES.iter().any(|scheme| {
            let begin = url.get(..scheme.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
        });
        if !has_scheme {
            let hint = "begin it with https://, http:// or mailto:";
            return Err(invalid(place, "this is no address that a gate may name", hint));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "the address has blanks, control characters or letters beyond ASCII in it";
            return Err(invalid(place, message, "write them as %20 and the like"));
        }
        let name = line(Some(self.name), "name")?;
        Ok(Self {
            name: name.unwrap_or_else(|| url.clone().chars().take(LINE_BYTES_MAX).collect()),
            url,
        })
    }
}

fn known(object: &Map<String, Value>, keys: &[&str], within: &str) -> Result<(), Refusal> {
    let Some(other) = object.keys().find(|key| !keys.contains(&key.as_str())) else {
        return Ok(());
    };
    let other: String = other.chars().take(LABEL_KEY_BYTES_MAX).collect();
    let place = format!("{within}{}", other.escape_debug());
    let hint = format!("the parts are {}", keys.join(", "));
    Err(invalid(place, "there is no such part", hint))
}

/// A part of a document; null is as good as none.
fn part<T: DeserializeOwned + Default>(parts: &Map<String, Value>, key: &str, is: &str) -> Result<T, Refusal> {
    match parts.get(key) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| invalid(key, format!("{key} {is}"), "write it so, or leave it out")),
    }
}

fn few(count: usize, most: usize, what: &str) -> Result<(), Refusal> {
    match count {
        count if count > most => Err(invalid(
            what,
            format!("{count} {what}; the most is {most}"),
            "leave some out",
        )),
        _ => Ok(()),
    }
}

fn label_key(key: &str, place: &str) -> Result<(), Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if (1..=LABEL_KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(is_plain) {
        return Ok(());
    }
    let hint = format!("a key is 1 to {LABEL_KEY_BYTES_MAX} letters, digits, _ . - and /, such as team");
    Err(invalid(place, "this is no key of a label", hint))
}

/// A text of one line; a blank one is none.
fn line(text: Option<String>, place: &str) -> Result<Option<String>, Refusal> {
    fitting_text(text, place, LINE_BYTES_MAX, false)
}

/// A text of several lines.
fn lines(text: Option<String>, place: &str) -> Result<Option<String>, Refusal> {
    fitting_text(text, place, TEXT_BYTES_MAX, true)
}

fn fitting_text(
    text: Option<String>,
    place: &str,
    bytes_max: usize,
    has_lines: bool,
) -> Result<Option<String>, Refusal> {
    let text = text.map(|text| match has_lines {
        true => text
            .replace("\r\n", "\n")
            .trim_end()
            .trim_start_matches('\n')
            .to_owned(),
        false => text.trim().to_owned(),
    });
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    if text.len() > bytes_max {
        let message = format!("it has {} bytes, the most is {bytes_max}", text.len());
        return Err(invalid(
            place,
            message,
            "say it shorter, and put the rest where a link leads",
        ));
    }
    let is_bad = |c: &char| c.is_control() && !(has_lines && matches!(c, '\n' | '\t'));
    match text.chars().find(is_bad) {
        Some(bad) => {
            let what = match bad {
                '\n' => "a line break".to_owned(),
                other => format!("the control character {}", other.escape_unicode()),
            };
            let hint = match has_lines {
                true => "write text, with line feeds and tabs at most",
                false => "write one line of text",
            };
            Err(invalid(place, format!("it has {what} in it"), hint))
        }
        None => Ok(Some(text)),
    }
}

/// What lists show of a context and filter by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// Empty: it has none.
    pub title: Box<str>,
    pub severity: Severity,
    pub labels: BTreeMap<String, String>,
}

/// A label that something has to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelFilter {
    pub key: String,
    /// None: any.
    pub value: Option<String>,
}

impl LabelFilter {
    /// `team=media`, or `team` whatever its value. Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim().to_owned())),
            None => (text.trim(), None),
        };
        if key.is_empty() {
            return Err("a label is written key=value, or key for any value of it".to_owned());
        }
        let key = key.to_owned();
        Ok(Self { key, value })
    }

    pub fn is_met_by(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.key);
        found.is_some_and(|found| self.value.as_ref().is_none_or(|value| found == value))
    }
}

/// Which gates a list wants, by what their requesters said of them. Everything that is named must
/// hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextFilter {
    labels: Vec<LabelFilter>,
    severities: Vec<Vec<Severity>>,
}

impl ContextFilter {
    /// Whether it lets all gates through.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.severities.is_empty()
    }

    /// Only gates with a label: `team=media`, or `team` whatever its value. Says what would be
    /// right.
    pub fn label(&mut self, text: &str) -> Result<(), String> {
        self.labels.push(LabelFilter::parse(text)?);
        Ok(())
    }

    /// Only gates of this severity and more: `high`, `>=high`; or `=high`, `<high`, `<=high`,
    /// `>high`. Says what would be right.
    pub fn severity(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        let (sign, word) = ["<=", ">=", "<", ">", "="]
            .into_iter()
            .find_map(|sign| text.strip_prefix(sign).map(|word| (sign, word)))
            .unwrap_or((">=", text));
        let bound = Severity::parse(word.trim());
        let bound =
            bound.ok_or("a severity is low, normal, high or critical; high means high and more, =high that alone")?;
        let is_within = |severity: &Severity| match sign {
            "<=" => *severity <= bound,
            "<" => *severity < bound,
            ">" => *severity > bound,
            "=" => *severity == bound,
            _ => *severity >= bound,
        };
        self.severities
            .push(Severity::ALL.into_iter().filter(is_within).collect());
        Ok(())
    }

    /// Whether a gate of this headline is wanted.
    pub fn is_met_by(&self, headline: Option<&Headline>) -> bool {
        let nothing = Headline::default();
        let headline = headline.unwrap_or(&nothing);
        self.labels.iter().all(|label| label.is_met_by(&headline.labels))
            && self.severities.iter().all(|within| within.contains(&headline.severity))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(document: &Value) -> (String, String) {
        let refusal = GateContext::read(document).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Invalid);
        assert!(refusal.hint.is_some(), "{refusal}");
        (refusal.place.unwrap_or_default(), refusal.message)
    }

    #[test]
    fn all_of_it_is_read_and_written_as_it_was() {
        let document = json!({
            "title": "script after review", "why": "the old one\nnames a wrong tide",
            "links": [{"name": "ticket", "url": "https://t.example/17"}, {"name": "ana", "url": "mailto:ana@example.org"}],
            "labels": {"team": "media", "app.kubernetes.io/name": "x"}, "severity": "high", "requester": "nightly",
            "instructions": "read scene 2",
        });
        let context = GateContext::read(&document).unwrap();
        assert_eq!(serde_json::to_value(&context).unwrap(), document);
        assert_eq!(serde_json::from_value::<GateContext>(document).unwrap(), context);
        assert_eq!(context.clone().fitting().unwrap(), context);
    }

    #[test]
    fn what_says_nothing_is_empty() {
        for document in [
            json!({}),
            json!({"title": "  ", "why": "\n\n", "links": null, "labels": {}, "severity": null}),
        ] {
            let context = GateContext::read(&document).unwrap();
            assert!(context.is_empty() && context.headline().is_none(), "{context:?}");
            assert_eq!(context.severity(), Severity::Normal);
        }
    }

    #[test]
    fn every_limit_names_its_part() {
        let long = |bytes: usize| "x".repeat(bytes);
        let link = |url: &str| json!({"links": [{"name": "ok", "url": "http://a"}, {"name": "n", "url": url}]});
        let many = |count: usize| -> Value {
            (0..count)
                .map(|n| (format!("k{n}"), json!("v")))
                .collect::<Map<_, _>>()
                .into()
        };
        for (document, place) in [
            (json!([]), ""),
            (json!({"titel": "x"}), "titel"),
            (json!({"a\u{1b}[31m": "x"}), r"a\u{1b}[31m"),
            (json!({"title": 7}), "title"),
            (json!({"title": "two\nlines"}), "title"),
            (json!({"title": "esc \u{1b}]0;x\u{7}"}), "title"),
            (json!({"title": long(LINE_BYTES_MAX + 1)}), "title"),
            (json!({"why": "a\u{0}"}), "why"),
            (json!({"why": long(TEXT_BYTES_MAX + 1)}), "why"),
            (json!({"instructions": "a\u{9b}b"}), "instructions"),
            (json!({"requester": "a\tb"}), "requester"),
            (json!({"severity": "urgent"}), "severity"),
            (json!({"labels": {"": "x"}}), "labels."),
            (json!({"labels": {"two words": "x"}}), "labels.two words"),
            (json!({"labels": {"team": "a\nb"}}), "labels.team"),
            (json!({"labels": {"team": 1}}), "labels"),
            (json!({"labels": many(LABELS_MAX + 1)}), "labels"),
            (
                json!({"links": [{"name": "x", "url": "http://a", "to": 1}]}),
                "links[0].to",
            ),
            (json!({"links": [{"name": "x"}]}), "links"),
            (link("javascript:alert(1)"), "links[1].url"),
            (link("file:///etc/passwd"), "links[1].url"),
            (link("https://"), "links[1].url"),
            (link("https://a b"), "links[1].url"),
            (link("https://a\u{1b}\\"), "links[1].url"),
            (link("https://münchen.example"), "links[1].url"),
            (link(&format!("https://{}", long(URL_BYTES_MAX))), "links[1].url"),
            (
                json!({"links": vec![json!({"name": "x", "url": "http://a"}); LINKS_MAX + 1]}),
                "links",
            ),
        ] {
            let (found, message) = refused(&document);
            assert_eq!(found, place, "{document}: {message}");
            assert!(!format!("{found}{message}").contains(char::is_control));
        }
        let url = format!("https://{}", long(URL_BYTES_MAX - 8));
        let (place, message) = refused(&json!({"links": vec![json!({"name": "x", "url": url}); 10]}));
        assert_eq!((place.as_str(), message.contains("16384")), ("", true), "{message}");
    }

    #[test]
    fn what_is_left_out_stands_as_the_stage_has_it() {
        let read = |document: Value| GateContext::read(&document).unwrap();
        let stage = read(json!({"title": "s", "labels": {"team": "media", "env": "prod"}, "severity": "low"}));
        let asked = read(json!({"why": "w", "labels": {"env": "test"}, "severity": "critical"}));
        let both =
            read(json!({"title": "s", "why": "w", "labels": {"team": "media", "env": "test"}, "severity": "critical"}));
        assert_eq!(asked.over(&stage), both);
        assert_eq!(both.differing(&stage), ["why", "labels", "severity"]);
    }

    #[test]
    fn filters() {
        let read = |document: Value| GateContext::read(&document).unwrap().headline();
        let gate = read(json!({"labels": {"team": "media", "env": "prod"}, "severity": "high"}));
        let is_met = |labels: &[&str], severities: &[&str], headline: &Option<Headline>| {
            let mut filter = ContextFilter::default();
            labels.iter().for_each(|text| filter.label(text).unwrap());
            severities.iter().for_each(|text| filter.severity(text).unwrap());
            filter.is_met_by(headline.as_ref())
        };
        for (labels, severities, wanted) in [
            (&["team=media"][..], &[][..], true),
            (&["team"], &[], true),
            (&["team=video"], &[], false),
            (&["team", "env=prod"], &["high"], true),
            (&["team", "env=test"], &["high"], false),
            (&[], &[">=high"], true),
            (&[], &[">high"], false),
            (&[], &["<high"], false),
            (&[], &["<=high", "=high"], true),
            (&[], &["=normal"], false),
        ] {
            assert_eq!(is_met(labels, severities, &gate), wanted, "{labels:?} {severities:?}");
        }
        assert!(is_met(&[], &["normal"], &None) && is_met(&[], &[], &None));
        assert!(!is_met(&[], &["high"], &None) && !is_met(&["team"], &[], &None));
        let mut filter = ContextFilter::default();
        assert!(filter.severity("urgent").is_err() && filter.label("=x").is_err() && filter.is_empty());
    }
}

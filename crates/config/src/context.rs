//! What a stage's gates say of themselves: `pipeline.stages[].context`. The limits are those of
//! every other way in, and are the domain's.

use std::collections::BTreeMap;

use domain::context::{ContextLink, GateContext, LINKS_MAX, Severity};
use domain::refusal::Refusal;

use super::keys::{Holds, Rules, Section as _, keys};
use super::kinds::{By, Items, OrNull, Text, Word};
use super::node::Value;
use super::reader::Field;

const LINK_HINT: &str = "write each as `- {name: runbook, url: \"https://wiki.example/runbook\"}`";

keys! {
    /// What each gate of the stage says, where whoever opens it says nothing else; 16384 bytes at most.
    impl GateContext [] {
        /// What it is about, in a line of at most 200 bytes.
        title = None => OrNull(Text(text));
        /// Why it is wanted, in lines; at most 4096 bytes.
        why = None => OrNull(Text(text));
        /// Addresses that belong to it; holdpoint opens none.
        links = Vec::new() => Items(LINKS_MAX, links);
        /// What lists filter by: at most 32 values of a line each, by keys of letters, digits, _ . - and /.
        labels = BTreeMap::new() => By(Holds::TextByName, labels);
        /// How much hangs on it; left out: normal. Lists mark high and critical.
        severity = None => OrNull(Word(&["low", "normal", "high", "critical"], Severity::parse, "a severity", "write low, normal, high or critical"));
        /// Who wants it, in a line.
        requester = None => OrNull(Text(text));
        /// What the operator should do or look at, in lines; at most 4096 bytes.
        instructions = None => OrNull(Text(text));
    }
}

keys! {
    /// One address.
    impl ContextLink [] {
        /// What it leads to, in a line.
        name => Text(text);
        /// https://, http:// or mailto:, without blanks; at most 2000 bytes.
        url => Text(text);
    }
}

impl Rules for GateContext {
    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("a context", &Self::names());
    }

    fn check(&mut self, context: &Field<'_>) {
        fit(self, context, Self::fitting);
    }
}

impl Rules for ContextLink {
    const OTHERS: &'static [&'static str] = &[];

    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("a link", &Self::names());
    }

    fn must_have(link: &Field<'_>, missing: &[&str]) -> bool {
        for key in missing {
            link.error(format!("this link has no {key}"), LINK_HINT);
        }
        true
    }

    fn check(&mut self, link: &Field<'_>) {
        fit(self, link, Self::fitting);
    }
}

/// Puts what fits in the place of what was read; what does not is noted where it stands.
// A part that was refused already would only be refused once more, by the whole.
fn fit<T: Clone>(read: &mut T, section: &Field<'_>, fitting: fn(T) -> Result<T, Refusal>) {
    if !section.is_sound() {
        return;
    }
    match fitting(read.clone()) {
        Ok(fits) => *read = fits,
        Err(refusal) => {
            let place = refusal.place.unwrap_or_default();
            let (key, within) = place.split_once('.').unwrap_or((&place, ""));
            let field = section.get(key).map(|field| field.get(within).unwrap_or(field));
            let hint = refusal.hint.unwrap_or_default();
            field.as_ref().unwrap_or(section).error(refusal.message, hint);
        }
    }
}

fn text(_: &Field<'_>, text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn labels(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    let labels = field.entries()?;
    let labels = labels.filter_map(|label| Some((label.name.to_owned(), label.text()?.to_owned())));
    Some(labels.collect())
}

fn links(field: &Field<'_>) -> Option<Vec<ContextLink>> {
    if field.is_null() {
        return None;
    }
    let read = |item: Field<'_>| match item.node.value {
        Value::Map(_) => ContextLink::read(&item),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
            item.refuse("this is not a link", LINK_HINT)
        }
    };
    Some(field.items(LINK_HINT)?.filter_map(read).collect())
}

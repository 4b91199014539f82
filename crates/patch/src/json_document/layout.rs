//! How a document is laid out, told from its own text, so that what is new reads like what was
//! there.

use std::ops::Range;

use super::super::json_tree::{Node, Shape};

/// How many values are looked at for the habits of a document, and so many in one list.
const SAMPLED_MAX: usize = 20_000;
const SAMPLED_CHILDREN_MAX: usize = 200;

/// What is written between brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
}

impl Kind {
    /// What kind of brackets a value has, if any.
    pub(super) fn of(node: &Node) -> Option<Self> {
        match node.shape {
            Shape::Object(_) => Some(Self::Object),
            Shape::Array(_) => Some(Self::List),
            Shape::Text | Shape::Number | Shape::Word => None,
        }
    }

    pub(super) fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::Object => ("{", "}"),
            Self::List => ("[", "]"),
        }
    }
}

/// The habits of a document.
#[derive(Debug)]
pub(super) struct Style<'t> {
    pub(super) line_end: &'static str,
    /// One level of indentation.
    pub(super) unit: &'t str,
    /// Between a key and its value.
    pub(super) colon: &'t str,
    /// Between two entries on one line.
    pub(super) comma: &'t str,
    /// Inside the brackets of an object, and of a list, on one line.
    pub(super) pads: (&'t str, &'t str),
    /// Whether lists of plain values have a line for each.
    pub(super) is_plain_list_long: bool,
    /// Whether other letters than ASCII's are written as `\u....`.
    pub(super) is_ascii: bool,
}

#[derive(Default)]
struct Seen<'t> {
    unit: Option<&'t str>,
    colon: Option<&'t str>,
    comma: Option<&'t str>,
    pads: (Option<&'t str>, Option<&'t str>),
    is_plain_list_long: Option<bool>,
}

impl<'t> Style<'t> {
    /// Looks at the first values of a document.
    pub(super) fn of(text: &'t str, root: &'t Node) -> Self {
        let mut seen = Seen::default();
        let mut pending = vec![(root, "")];
        for _ in 0..SAMPLED_MAX {
            let Some((node, indent)) = pending.pop() else { break };
            let inner = seen.look(text, node, indent);
            let children = children(node).take(SAMPLED_CHILDREN_MAX);
            let from = pending.len();
            pending.extend(children.map(|child| (child, inner)));
            if let Some(added) = pending.get_mut(from..) {
                added.reverse();
            }
        }
        // A document that leaves no blank behind a comma leaves none behind a colon, and the other
        // way round.
        let is_tight = |gap: Option<&str>| gap.is_some_and(|gap| !gap.ends_with(' '));
        let colon = seen.colon.unwrap_or(if is_tight(seen.comma) { ":" } else { ": " });
        Self {
            line_end: line_end(text),
            unit: seen.unit.unwrap_or("  "),
            colon,
            comma: seen.comma.unwrap_or(if is_tight(Some(colon)) { "," } else { ", " }),
            pads: (seen.pads.0.unwrap_or(""), seen.pads.1.unwrap_or("")),
            is_plain_list_long: seen.is_plain_list_long.unwrap_or(true),
            is_ascii: text.is_ascii() && text.contains("\\u"),
        }
    }

    pub(super) fn pad(&self, kind: Kind) -> &'t str {
        match kind {
            Kind::Object => self.pads.0,
            Kind::List => self.pads.1,
        }
    }
}

impl<'t> Seen<'t> {
    /// Notes the habits that one value shows, and returns the indentation of what is in it.
    fn look(&mut self, text: &'t str, node: &'t Node, indent: &'t str) -> &'t str {
        let (Some(kind), Some(open)) = (Kind::of(node), open_gap(text, node)) else {
            return indent;
        };
        self.colon = self.colon.or_else(|| first_colon(text, node));
        let is_long = open.contains('\n');
        if kind == Kind::List && is_plain_list(node) {
            self.is_plain_list_long = self.is_plain_list_long.or(Some(is_long));
        }
        if is_long {
            let inner = after_line_end(open);
            let unit = inner.strip_prefix(indent).filter(|unit| !unit.is_empty());
            self.unit = self.unit.or(unit);
            return inner;
        }
        match kind {
            Kind::Object => self.pads.0 = self.pads.0.or(Some(open)),
            Kind::List => self.pads.1 = self.pads.1.or(Some(open)),
        }
        self.comma = self
            .comma
            .or_else(|| first_sep(text, node).filter(|sep| !sep.contains('\n')));
        indent
    }
}

/// How the line ends of a text are written.
fn line_end(text: &str) -> &'static str {
    match text.find('\n').and_then(|at| text.get(..at)) {
        Some(line) if line.ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    }
}

/// What stands behind the last line end.
pub(super) fn after_line_end(gap: &str) -> &str {
    gap.rfind('\n').and_then(|at| gap.get(at + 1..)).unwrap_or(gap)
}

/// The same gap without blank lines: a new entry is not set apart from its neighbours.
pub(super) fn without_blank_lines(gap: &str) -> String {
    match gap.find('\n').and_then(|at| gap.get(..=at)) {
        Some(head) => format!("{head}{}", after_line_end(gap)),
        None => gap.to_owned(),
    }
}

/// The values directly inside.
pub(super) fn children(node: &Node) -> impl Iterator<Item = &Node> {
    let members = node.members().iter().map(|member| &member.value);
    members.chain(node.items())
}

/// Whether a list holds plain values only.
pub(super) fn is_plain_list(list: &Node) -> bool {
    list.items().iter().all(|item| Kind::of(item).is_none())
}

/// Where each entry stands, keys included.
pub(super) fn entry_spans(node: &Node) -> impl Iterator<Item = Range<usize>> {
    let members = node
        .members()
        .iter()
        .map(|member| member.key_span.start..member.value.span.end);
    members.chain(node.items().iter().map(|item| item.span.clone()))
}

/// What stands between the opening bracket and the first entry; none where there is no entry.
pub(super) fn open_gap<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let first = entry_spans(node).next()?;
    text.get(node.span.start + 1..first.start)
}

/// What stands between the last entry and the closing bracket.
pub(super) fn close_gap<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let end = match node.members().last() {
        Some(member) => member.value.span.end,
        None => node.items().last()?.span.end,
    };
    text.get(end..node.span.end.checked_sub(1)?)
}

/// What stands between the first two entries, the comma included.
pub(super) fn first_sep<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let mut spans = entry_spans(node);
    let (first, second) = (spans.next()?, spans.next()?);
    text.get(first.end..second.start)
}

/// What stands between the first key and its value.
pub(super) fn first_colon<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let member = node.members().first()?;
    text.get(member.key_span.end..member.value.span.start)
}

/// Whether a value has its entries on lines of their own; none where it has no entry.
pub(super) fn is_long(text: &str, node: &Node) -> Option<bool> {
    open_gap(text, node).map(|open| open.contains('\n'))
}

/// The indentation of the line in which an offset lies.
pub(super) fn indent_at(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    indent_of(text.get(start..).unwrap_or(""))
}

/// The blanks and tabs at the beginning.
pub(super) fn indent_of(line: &str) -> &str {
    let end = line
        .find(|character| !matches!(character, ' ' | '\t'))
        .unwrap_or(line.len());
    line.get(..end).unwrap_or("")
}

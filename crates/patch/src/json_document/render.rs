//! Writing the document: its own bytes where they stay, and what is new in the manner of its
//! neighbours.

use std::borrow::Cow;

use serde_json::Value;

use super::super::json_tree::{Node, Shape};
use super::layout::{
    self, Kind, Style, close_gap, first_colon, first_sep, indent_at, indent_of, is_long, open_gap, without_blank_lines,
};
use super::{Container, Content, Id, JsonDocument};

/// How many neighbours on each side are asked how they are laid out.
const NEIGHBOURS_ASKED_MAX: usize = 8;
/// No document that is nested deeper is read: what lies deeper is not written out, and reading the
/// result back refuses it.
const DEPTH_MAX: usize = 200;

impl<'t> JsonDocument<'t> {
    /// The text as it now is.
    pub(super) fn rendered(&self) -> String {
        let mut writer = Writer {
            document: self,
            out: String::with_capacity(self.text.len() + 1024),
            line_start: 0,
        };
        writer.put(self.text.get(..self.body.span.start).unwrap_or(""));
        let root = Surroundings {
            is_long: is_long(self.text, self.body).unwrap_or(false),
            model: None,
            shift: None,
            depth: 0,
        };
        writer.slot(self.root(), &root);
        writer.put(self.text.get(self.body.span.end..).unwrap_or(""));
        writer.out
    }

    /// Whether a list holds plain values only.
    fn is_plain_list(&self, id: Id) -> bool {
        match &self[id].content {
            Content::Kept(node) => layout::is_plain_list(node),
            Content::New(value) => is_plain_value_list(value.as_array().map_or(&[][..], Vec::as_slice)),
            Content::Opened(container) => container.entries.iter().all(|entry| self.kind(*entry).is_none()),
        }
    }

    /// A text as the document writes texts.
    fn text_literal(&self, text: &str) -> String {
        let literal = Value::from(text).to_string();
        if !self.style.is_ascii || literal.is_ascii() {
            return literal;
        }
        let mut out = String::with_capacity(literal.len() + 16);
        for character in literal.chars() {
            if character.is_ascii() {
                out.push(character);
            } else {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        out
    }
}

/// What a value has around it that says how it is to be written.
#[derive(Clone, Copy)]
struct Surroundings<'a> {
    /// Whether the list or object that holds it has its entries on lines of their own.
    is_long: bool,
    /// A value of the text to take as a pattern.
    model: Option<&'a Node>,
    /// How lines that moved are indented anew.
    shift: Option<&'a Shift<'a>>,
    depth: usize,
}

/// From the indentation where a value stood to the one where it is put.
struct Shift<'a> {
    from: &'a str,
    to: String,
}

/// What is written around the entries of a new list or object.
struct Frame<'a> {
    open: Cow<'a, str>,
    sep: Cow<'a, str>,
    close: Cow<'a, str>,
    colon: &'a str,
    is_long: bool,
}

struct Writer<'d, 't> {
    document: &'d JsonDocument<'t>,
    out: String,
    line_start: usize,
}

impl<'d, 't> Writer<'d, 't> {
    fn put(&mut self, text: &str) {
        if let Some(at) = text.rfind('\n') {
            self.line_start = self.out.len() + at + 1;
        }
        self.out.push_str(text);
    }

    /// Copies bytes of the text; those of a value that moved with their indentation changed.
    // A line end inside the span is always between values: JSON texts have none.
    fn put_shifted(&mut self, text: &str, shift: Option<&Shift<'_>>) {
        let Some(shift) = shift.filter(|_| text.contains('\n')) else {
            return self.put(text);
        };
        let mut lines = text.split_inclusive('\n');
        self.put(lines.next().unwrap_or(""));
        for line in lines {
            match line.strip_prefix(shift.from) {
                Some(rest) if !rest.trim().is_empty() || !rest.ends_with('\n') => {
                    self.put(&shift.to);
                    self.put(rest);
                }
                Some(_) | None => self.put(line),
            }
        }
    }

    /// The indentation of the line that is being written.
    fn indent(&self) -> &str {
        indent_of(self.out.get(self.line_start..).unwrap_or(""))
    }

    fn style(&self) -> &'d Style<'t> {
        &self.document.style
    }

    fn slot(&mut self, id: Id, around: &Surroundings<'_>) {
        let document = self.document;
        let slot = &document[id];
        let origin = document.origin(id);
        let moved = origin.filter(|_| slot.is_moved).map(|node| Shift {
            from: indent_at(document.text, node.span.start),
            to: self.indent().to_owned(),
        });
        let around = Surroundings {
            shift: moved.as_ref().or(around.shift),
            model: slot.model.or(around.model),
            ..*around
        };
        match &slot.content {
            Content::Kept(node) => self.put_shifted(node.raw(document.text), around.shift),
            Content::New(value) => self.value(value, &around),
            Content::Opened(container) => self.container(id, container, &around),
        }
    }

    fn container(&mut self, id: Id, container: &Container<'t>, around: &Surroundings<'_>) {
        let document = self.document;
        let (open, close) = container.kind.brackets();
        let own = container
            .origin
            .and_then(|node| Some((open_gap(document.text, node)?, close_gap(document.text, node)?, node)));
        if container.entries.is_empty() || around.depth > DEPTH_MAX {
            // A list that was empty may have blanks between its brackets; one that became empty has
            // none.
            match container.origin {
                Some(node) if own.is_none() => self.put(node.raw(document.text)),
                Some(_) | None => {
                    self.put(open);
                    self.put(close);
                }
            }
            return;
        }
        let (frame, shift) = match own {
            Some((open, close, node)) => (self.own_frame(open, close, node), around.shift),
            None => (self.frame(container.kind, around, document.is_plain_list(id)), None),
        };
        self.put(open);
        let mut former_sep: Option<&str> = None;
        let seps: Vec<Option<&str>> = container.entries.iter().map(|entry| document[*entry].sep).collect();
        let first_known = seps.iter().skip(1).find_map(|sep| *sep);
        for (at, entry) in container.entries.iter().enumerate() {
            let slot = &document[*entry];
            if at == 0 {
                self.put_shifted(&frame.open, shift);
            } else {
                match (slot.sep, former_sep.or(first_known)) {
                    (Some(sep), _) => self.put_shifted(sep, shift),
                    (None, Some(near)) => self.put_shifted(&without_blank_lines(near), shift),
                    (None, None) => self.put_shifted(&frame.sep, shift),
                }
                former_sep = slot.sep.or(former_sep);
            }
            if let Some(key) = slot.key {
                match key.raw {
                    Some(raw) => self.put_shifted(raw, shift),
                    None => {
                        self.put(&document.text_literal(key.name));
                        self.put(frame.colon);
                    }
                }
            }
            let around = Surroundings {
                is_long: frame.is_long,
                model: self.pattern(container, at, around.model),
                shift: around.shift,
                depth: around.depth + 1,
            };
            self.slot(*entry, &around);
        }
        self.put_shifted(&frame.close, shift);
        self.put(close);
    }

    /// A value of the text after which a new entry can be written: what the pattern of its holder
    /// has in the same place, or a neighbour.
    fn pattern<'a>(&self, container: &Container<'a>, at: usize, model: Option<&'a Node>) -> Option<&'a Node>
    where
        't: 'a,
    {
        let document = self.document;
        let entry = container.entries.get(at)?;
        if matches!(document[*entry].content, Content::Kept(_)) {
            return None;
        }
        let kind = document.kind(*entry)?;
        // A row of numbers says nothing about how a list of objects is laid out.
        let is_plain = kind == Kind::List && document.is_plain_list(*entry);
        let is_pattern = |node: &&Node| {
            Kind::of(node) == Some(kind)
                && open_gap(document.text, node).is_some()
                && (kind == Kind::Object || layout::is_plain_list(node) == is_plain)
        };
        let origin = |at: usize| {
            let entry = container.entries.get(at)?;
            document.origin(*entry).filter(is_pattern)
        };
        if let (Some(key), Some(model)) = (document[*entry].key, model)
            && let Some(member) = model.members().iter().find(|member| member.key == key.name)
            && is_pattern(&&member.value)
        {
            return Some(&member.value);
        }
        if let Some(item) = model.and_then(|model| model.items().get(at).or(model.items().first()))
            && is_pattern(&item)
        {
            return Some(item);
        }
        (1..=NEIGHBOURS_ASKED_MAX).find_map(|distance| {
            at.checked_sub(distance)
                .and_then(origin)
                .or_else(|| origin(at + distance))
        })
    }

    /// The frame of a list or object as it stands in the text.
    fn own_frame<'a>(&self, open: &'a str, close: &'a str, node: &'a Node) -> Frame<'a>
    where
        't: 'a,
    {
        let is_long = open.contains('\n');
        Frame {
            sep: if is_long {
                Cow::Owned(format!(",{}", without_blank_lines(open)))
            } else {
                Cow::Borrowed(self.style().comma)
            },
            open: Cow::Borrowed(open),
            close: Cow::Borrowed(close),
            colon: first_colon(self.document.text, node).unwrap_or(self.style().colon),
            is_long,
        }
    }

    /// The frame of a new list or object at the present place.
    fn frame<'a>(&self, kind: Kind, around: &Surroundings<'a>, is_plain: bool) -> Frame<'a>
    where
        't: 'a,
    {
        let text = self.document.text;
        let style = self.style();
        let model = around
            .model
            .filter(|node| Kind::of(node) == Some(kind) && open_gap(text, node).is_some());
        let is_long = match model {
            Some(node) => is_long(text, node).unwrap_or(around.is_long),
            None if kind == Kind::List && is_plain => around.is_long && style.is_plain_list_long,
            None => around.is_long,
        };
        let colon = model.and_then(|node| first_colon(text, node)).unwrap_or(style.colon);
        if is_long {
            let close = format!("{}{}", style.line_end, self.indent());
            let open = format!("{close}{}", style.unit);
            return Frame {
                sep: Cow::Owned(format!(",{open}")),
                open: Cow::Owned(open),
                close: Cow::Owned(close),
                colon,
                is_long,
            };
        }
        let sep = model
            .and_then(|node| first_sep(text, node))
            .filter(|sep| !sep.contains('\n'));
        let pads = model.and_then(|node| Some((open_gap(text, node)?, close_gap(text, node)?)));
        let (open, close) = pads.unwrap_or((style.pad(kind), style.pad(kind)));
        Frame {
            open: Cow::Borrowed(open),
            sep: Cow::Borrowed(sep.unwrap_or(style.comma)),
            close: Cow::Borrowed(close),
            colon,
            is_long,
        }
    }

    fn value(&mut self, value: &Value, around: &Surroundings<'_>) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.put(&value.to_string()),
            Value::String(text) => self.put(&self.document.text_literal(text)),
            Value::Array(items) if items.is_empty() => self.put("[]"),
            Value::Object(map) if map.is_empty() => self.put("{}"),
            Value::Array(items) => {
                let frame = self.frame(Kind::List, around, is_plain_value_list(items));
                let patterns = around.model.map_or(&[][..], Node::items);
                self.put("[");
                for (at, item) in items.iter().enumerate() {
                    self.put(if at == 0 { &frame.open } else { &frame.sep });
                    let model = patterns.get(at).or(patterns.first());
                    self.value(item, &inside(around, &frame, model));
                }
                self.put(&frame.close);
                self.put("]");
            }
            Value::Object(map) => {
                let frame = self.frame(Kind::Object, around, false);
                let patterns = around.model.map_or(&[][..], Node::members);
                self.put("{");
                for (at, (key, item)) in map.iter().enumerate() {
                    self.put(if at == 0 { &frame.open } else { &frame.sep });
                    self.put(&self.document.text_literal(key));
                    self.put(frame.colon);
                    let model = patterns.iter().find(|member| member.key == *key);
                    self.value(item, &inside(around, &frame, model.map(|member| &member.value)));
                }
                self.put(&frame.close);
                self.put("}");
            }
        }
    }
}

fn is_plain_value_list(items: &[Value]) -> bool {
    items.iter().all(|item| !item.is_array() && !item.is_object())
}

fn inside<'a>(around: &Surroundings<'a>, frame: &Frame<'_>, model: Option<&'a Node>) -> Surroundings<'a> {
    Surroundings {
        is_long: frame.is_long,
        model: model.filter(|node| matches!(node.shape, Shape::Object(_) | Shape::Array(_))),
        shift: None,
        depth: around.depth + 1,
    }
}

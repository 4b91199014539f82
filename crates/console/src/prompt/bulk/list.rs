//! The lines of a bulk: what stands around the list of gates, and one for each of them.

use std::collections::BTreeSet;

use ratatui::style::Style;

use super::BulkAsk;
use super::item::{Item, ItemState, LeftOut};
use crate::action::Action;
use crate::draft::Draft;
use crate::facts::{comments, countdown, holder, label, shorten};
use crate::keymap::{self, Focus};
use crate::model::gate::GateView;
use crate::model::prompt::PromptLine;
use crate::model::{Model, PromptKind};
use crate::prompt::parts::{answers, hidden, key, key_name, keys, note, note_key, other_title, outlook, text, wrapped};
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateKey;
use text::words::{counted, counted_are};
use text::{cut, visible_line, width};

/// Its lines above and below the list of gates.
pub(super) fn around<'a>(
    model: &'a Model,
    ask: &'a BulkAsk,
    columns: usize,
) -> (Vec<PromptLine<'a>>, Vec<PromptLine<'a>>) {
    let theme = model.session.theme();
    let all = ask.concerned();
    let verb = ask.words().head;
    let style = match ask.note.verdict {
        Verdict::Approve => theme.added(),
        Verdict::Reject => theme.removed(),
    };
    let count = if ask.is_asking() { ask.asking() } else { all };
    let one = if ask.is_group { " with the same change" } else { "" };
    let gates = format!("{}{one}", counted(count, "gate"));
    // What is left out altogether is no question yet: it says so, and names the key that makes it
    // one.
    let is_question = !ask.is_asking() || count > 0;
    let (verb, gates) = match is_question {
        true => (format!("{verb} "), gates),
        false => (
            format!("{verb}: "),
            format!("nothing to {} yet, {} left out", ask.words().verb, ask.items.len()),
        ),
    };
    let mut above = other_title(model, (&verb, style.patch(theme.strong())), &gates, columns);
    let mut below = Vec::new();
    if ask.writing() > 0 {
        let words = format!("writing… {} of {all} answered", all - ask.writing());
        below.push(text(words, theme.held()));
        return (above, below);
    }
    if !ask.is_asking() {
        let sum = format!("{} {} of {all}; the others stand first", ask.words().done, ask.done());
        wrapped(&sum, columns, theme.error(), &mut above);
        below.push(keys(model, columns, &[key(model, Action::Close, "back")]));
        return (above, below);
    }
    outlook(model, columns, &mut above);
    let enter = key_name(model, Action::Accept);
    let asking = || ask.items.iter().filter(|item| item.state == ItemState::Asking);
    for (why, one, several) in [
        (LeftOut::NotSeen, "not wholly seen by you", "not wholly seen by you"),
        (
            LeftOut::OpenElsewhere,
            "somebody else has it open",
            "somebody else has them open",
        ),
    ] {
        let left_out = ask.left_out(why);
        if !left_out.is_empty() {
            let words = if left_out.len() == 1 { one } else { several };
            let words = format!("Left out, {words}: ");
            let names = named(&left_out, columns.saturating_sub(width(&words)));
            above.push(text(words + &names, theme.warning()));
        }
    }
    let open = ask.left_open();
    let take_over = key(model, Action::TakeOver, "take over");
    if ask.is_take_over_asked && !open.is_empty() {
        let names: BTreeSet<_> = open
            .iter()
            .filter_map(|key| Some(model.lease_of_other(key)?.holder.name.clone()))
            .collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let words = format!(
            "{} once more takes {} over from {names}; what they wrote is kept",
            take_over.0,
            counted(open.len(), "gate")
        );
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    let refused = ask.left_out(LeftOut::Refused);
    if let Some((number, item)) = refused.first()
        && let Some(refusal) = model.preview.refusal_of(&item.pin.key)
    {
        let more = match refused.len() - 1 {
            0 => String::new(),
            more => format!("; so would {more} more"),
        };
        let why = without(&refusal.message, item);
        let words = format!("Left out: {number} would be refused: {why}{more}");
        wrapped(&words, columns, theme.error(), &mut above);
    }
    if ask.more > 0 {
        let words = format!("{} more with the same change are NOT included", ask.more);
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    let unseen = ask.taken_in();
    if unseen > 0 && !ask.is_unseen_accepted {
        let words = format!("{unseen} of them not wholly seen by you; {enter} asks once more");
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    let drafts = asking()
        .filter(|item| model.draft(&item.pin.key).is_some_and(Draft::has_patch))
        .count();
    if drafts > 0 {
        let words = format!("{drafts} of your patch drafts are NOT applied");
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    let comments = unsent_comments(model, ask);
    if !comments.is_empty() {
        let aside = keymap::key_in(Focus::Queue, Action::Discarded);
        let count = comments.len();
        let words = format!(
            "{count} of your comments on lines are NOT sent (a gate that is decided alone takes them along); \
             {aside} has them then: {}",
            comments::named(&comments)
        );
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    let others = model.marks.on.keys();
    let is_other = |key: &&GateKey| !ask.items.iter().any(|item| item.pin.key == **key);
    let others = if ask.is_group {
        others.filter(is_other).count()
    } else {
        0
    };
    if others > 0 {
        let words = format!("{} NOT included", counted_are(others, "marked gate"));
        wrapped(&words, columns, theme.warning(), &mut above);
    }
    hidden(model, asking().map(|item| &item.pin.key), columns, &mut above);
    // In the note the key is a letter.
    let take_in = Some(key(model, Action::TakeIn, "take them in"));
    let take_in = take_in.filter(|(key, _)| ask.can_take_in() && !key.is_empty());
    let back = "back, nothing is decided";
    if !is_question && ask.note.editor.is_blank() && !ask.note.is_focused {
        answers(model, columns, "", take_in.as_slice(), back, &mut below);
        return (above, below);
    }
    note(model, &ask.note, "note for each: ", &mut below);
    if ask.is_unseen_accepted {
        let verb = ask.words().verb;
        let words = format!("{unseen} of them NOT wholly seen by you: {enter} once more {verb}s them all the same");
        wrapped(&words, columns, theme.warning(), &mut below);
    }
    let verb = format!("{} {count}", ask.words().verb);
    let take_over = (count > 0 && !open.is_empty()).then_some(take_over);
    let others = [note_key(model, &ask.note)].into_iter().chain(take_in).chain(take_over);
    let others: Vec<_> = others.collect();
    answers(model, columns, &verb, &others, back, &mut below);
    (above, below)
}

/// The places of what is said about lines of the gates that Enter would decide, each with the
/// number of its gate in the list.
fn unsent_comments(model: &Model, ask: &BulkAsk) -> Vec<String> {
    let asking = (1..)
        .zip(&ask.items)
        .filter(|(_, item)| item.state == ItemState::Asking);
    let drafts = asking.filter_map(|(number, item)| Some((number, model.draft(&item.pin.key)?)));
    let places = drafts.flat_map(|(number, draft): (usize, &Draft)| {
        let comments = draft.comments.iter();
        comments.map(move |comment| format!("{number} {}", comment.said().place()))
    });
    places.collect()
}

/// Gates of the list, each with its number, as many as find room: the list names them all.
fn named(gates: &[(usize, &Item)], room: usize) -> String {
    let names: Vec<_> = gates
        .iter()
        .map(|(number, item)| format!("{number} {}", item.pin.label))
        .collect();
    shorten::named(&names, NAMED_MAX, room, |count| format!("{count} of the list"))
}

/// More of them would only be in the way.
const NAMED_MAX: usize = 3;

/// A refusal for the line of a gate, which names it already.
fn without(why: &str, item: &Item) -> String {
    why.replace(&format!(" {}", item.pin.key), "")
}

const LEFT_OUT: &str = "left out: ";

/// `123 `, `  4a1b2c  `, `  left out: `.
const LIST_CELLS: usize = 26;

/// What of a gate this operator has not seen: `284 of 300 lines not seen`; of one that was on no
/// screen of theirs, that.
fn unseen(model: &Model, item: &Item, cells: usize) -> String {
    let key = &item.pin.key;
    let is_it = |digest: Option<Digest>| digest == Some(item.pin.digest);
    let view = model
        .gate
        .as_ref()
        .filter(|view| view.key == *key && is_it(view.shown_digest()));
    let shown = view.filter(|view| view.extent().is_some()).map(GateView::unseen);
    let remembered = model.panes.remembered.iter().find(|of_gate| of_gate.key == *key);
    let remembered = remembered.filter(|of_gate| is_it(of_gate.recorded.map(|(digest, _)| digest)));
    let files = model.queue.gate(key).map_or(0, |row| usize::from(row.files));
    let shown = shown
        .or_else(|| remembered.map(|of_gate| of_gate.unseen(files)))
        .unwrap_or_default();
    let extent = model.marks.on.get(key).and_then(|mark| mark.extent);
    if shown.is_empty() && extent.is_none() {
        return "not looked at".to_owned();
    }
    let named = (!shown.is_empty()).then(|| format!("{} not seen", shown.join(", ")));
    named
        .filter(|words| width(words) <= cells)
        .unwrap_or_else(|| "not wholly seen".to_owned())
}

/// Behind who holds its timer, and why: whoever holds it must be read, the reason gives way to the
/// rest.
fn with_hold(model: &Model, item: &Item, words: Option<String>, room: usize) -> String {
    let rest = words.map_or_else(String::new, |words| format!("; {words}"));
    match holder::held_by(model, &item.pin.key, room.saturating_sub(width(&rest))) {
        Some(held) => held + &rest,
        None => rest.trim_start_matches("; ").to_owned(),
    }
}

/// What tells a gate from others with the same change.
fn title(model: &Model, item: &Item) -> String {
    let row = model.queue.gate(&item.pin.key);
    let said = row.and_then(|row| row.headline.as_ref());
    said.map_or_else(String::new, |said| visible_line(&said.title).into_owned())
}

pub(super) fn item_line(
    model: &Model,
    columns: usize,
    index: usize,
    item: &Item,
    is_asking: bool,
) -> PromptLine<'static> {
    let theme = model.session.theme();
    // Of a group the change is the same: when its timer acts is what differs.
    let change = match (item.change.is_empty(), model.queue.gate(&item.pin.key)) {
        (true, Some(row)) => format!("{} {}", countdown::left(model, row), countdown::at_zero(model, row)),
        (true, None) | (false, _) => item.change.clone(),
    };
    // The number, the digest and what changed; the name of the job gives way.
    let least = label::within(&item.pin.label, &item.pin.key, 0);
    let room = columns.saturating_sub(width(&least) + width(&change) + LIST_CELLS);
    let (state, style): (String, Style) = match &item.state {
        ItemState::LeftOut(LeftOut::NotSeen) => {
            let unseen = unseen(model, item, room);
            // That it was not wholly seen is said above, too: a hold and its reason come first.
            let held = holder::held_by(model, &item.pin.key, room);
            let held = held.filter(|held| width(held) + 2 + width(&unseen) > room);
            let words = held.unwrap_or_else(|| with_hold(model, item, Some(unseen), room));
            (format!("{LEFT_OUT}{words}"), theme.warning())
        }
        ItemState::LeftOut(LeftOut::OpenElsewhere) => {
            let who = holder::other(model, &item.pin.key).unwrap_or_default();
            (format!("left out: {who}"), theme.held())
        }
        ItemState::LeftOut(LeftOut::Refused) => ("left out: would be refused".to_owned(), theme.error()),
        ItemState::Asking => {
            let unseen = (!item.is_seen).then(|| unseen(model, item, room));
            let other = holder::other(model, &item.pin.key);
            let words: Vec<_> = other.into_iter().chain(unseen).collect();
            let words = (!words.is_empty()).then(|| words.join(", "));
            let words = with_hold(model, item, words, room + LEFT_OUT.len());
            match words.is_empty() && item.change.is_empty() {
                true => (title(model, item), theme.plain()),
                false => (words, theme.warning()),
            }
        }
        ItemState::Writing(_) => ("writing…".to_owned(), theme.held()),
        ItemState::Done => ("done".to_owned(), theme.added()),
        ItemState::Not(why) => (format!("NOT: {}", without(why, item)), theme.error()),
    };
    // The name of the holder matters more than the change, so it comes first.
    let held = holder::held_by(model, &item.pin.key, 0).unwrap_or_default();
    let is_tight = !held.is_empty() && room < width(&held);
    let facts = match &item.state {
        ItemState::Asking | ItemState::LeftOut(_) if is_tight => format!("  {}  ", item.pin.digest.short()),
        ItemState::Asking | ItemState::LeftOut(_) => format!("  {}  {change}  ", item.pin.digest.short()),
        ItemState::Writing(_) | ItemState::Done | ItemState::Not(_) => "  ".to_owned(),
    };
    let number = format!("{:>3} ", index + 1);
    let is_asked = matches!(item.state, ItemState::Asking | ItemState::LeftOut(_));
    // What is decided is the digest: it is never what a short line loses.
    let room =
        |label: &str, state: &str| columns.saturating_sub([&number, label, &facts, state].into_iter().map(width).sum());
    let label = match is_asked {
        true => label::within(&item.pin.label, &item.pin.key, room("", &state)),
        false => item.pin.label.clone(),
    };
    // A question is whole only when none of its lines is cut by the window: what became of a gate
    // meanwhile gives way.
    let state = if is_asking {
        cut(&state, room(&label, ""))
    } else {
        state
    };
    PromptLine::Text(vec![
        (number + &label, theme.plain()),
        (facts, theme.plain()),
        (state, style),
    ])
}

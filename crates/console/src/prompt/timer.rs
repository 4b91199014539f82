//! The question before a gate's timer is held, released or moved.

use super::parts::{PromptLine, answers, elsewhere, gate_label, key, outlook, text, title, wrapped};
use crate::action::Action;
use crate::facts::verb::{self, NoOffer};
use crate::facts::{countdown, holder};
use crate::model::Model;
use crate::model::prompt::{TimerAsk, TimerIntent};
use text::words::duration;

pub(super) fn lines<'a>(model: &'a Model, ask: &'a TimerAsk, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let verb = format!("{} ", ask.intent.head());
    let who = format!("  as {}", model.session.operator.name);
    let label = gate_label(&ask.label, &ask.key, columns, [&verb, &who]);
    let head = [
        (verb, theme.held().patch(theme.strong())),
        (label, theme.strong()),
        (who, theme.plain()),
    ];
    let mut lines = title(head, (String::new(), theme.held()), columns);
    if ask.sent.is_some() {
        lines.push(text("writing…", theme.held()));
        return lines;
    }
    let row = model.queue.gate(&ask.key);
    outlook(model, columns, &mut lines);
    if let (TimerIntent::Extend, Some((row, timer))) =
        (ask.intent, row.and_then(|row| Some((row, row.timer.as_ref()?))))
    {
        if model.preview.jobs.is_empty() {
            lines.push(text("How much longer? 10m, 1h30m, or seconds.", theme.plain()));
        }
        let addable = countdown::text(timer.addable_us(model.now, row.max_hold_s));
        let bound = format!(
            "At most {addable} may be added (persons may add {} altogether).",
            duration(row.max_hold_s)
        );
        wrapped(&bound, columns, theme.plain(), &mut lines);
    }
    let hold = row.map_or_else(Vec::new, |row| holder::hold(model, row, columns));
    lines.extend(hold.into_iter().map(|words| text(words, theme.held())));
    match ask.intent {
        TimerIntent::Hold | TimerIntent::Extend => elsewhere(model, columns, &mut lines),
        // For whoever is at it the timer stays stopped: there is nothing to take over.
        TimerIntent::Release => {
            let others = row.and_then(|row| holder::head(model, row));
            lines.extend(others.map(|words| text(words, theme.held())));
        }
    }
    let name = match ask.intent {
        TimerIntent::Hold | TimerIntent::Release => "reason: ",
        TimerIntent::Extend => "by: ",
    };
    lines.push(PromptLine::Field(name, &ask.typed, true));
    // What was typed is judged while it is typed.
    if let Err(NoOffer::Refused(no)) = verb::offer(model, model.focus(), Action::Accept)
        && no.is_about_text
        && !ask.typed.is_blank()
    {
        wrapped(&format!("{}: {}", no.what, no.why), columns, theme.error(), &mut lines);
    }
    let others = [key(model, Action::Close, "back, the timer is not touched")];
    answers(model, columns, ask.intent.verb(), &others, &mut lines);
    lines
}

//! No text names a key by hand: when every key is another one, every question and every bar says
//! so.

use std::collections::HashSet;

use domain::anchor::BootId;
use domain::gate::Verdict;
use domain::ids::{ArtifactPath, Digest};
use domain::key::GateKey;
use domain::operator::{Operator, Surface, Via};
use domain::time::{Now, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::editor::{Editor, TextPosition};
use crate::keymap::{Focus, rebound};
use crate::model::Model;
use crate::model::bulk::{BulkAsk, Item, ItemState, LeftOut};
use crate::model::compose::{Compose, Sheets, Subject};
use crate::model::keys::{Field, Overlay};
use crate::model::prompt::{
    CancelAsk, Confirm, ConfirmState, DiscardAsk, Intent, Pin, PromptKind, QuitAsk, ResumeAsk, TimerAsk, TimerIntent,
};
use crate::session::Session;
use crate::update::act;

fn model() -> Model {
    let via = Via {
        surface: Surface::Console,
        login: "bea".to_owned(),
        uid: 1000,
        host: "ops1".to_owned(),
        ssh_client: None,
        pid: 4711,
    };
    let session = Session {
        operator: Operator {
            name: "bea".to_owned(),
            via,
        },
        gates: Default::default(),
        overdue_grace_s: 60,
        runs_dir: "runs".into(),
        is_read_only: false,
        is_restricted: false,
        newer: None,
        hint: None,
        has_colour: true,
        has_palette: false,
        external_editor: None,
        open_at: None,
    };
    let now = Now {
        utc: Timestamp::from_micros(0),
        boot_us: 0,
        boot: BootId::UNKNOWN,
    };
    Model::new(session, (140, 40), now)
}

fn key() -> GateKey {
    serde_json::from_str(r#"{"job_id": "job-21", "stage": "script", "attempt": 1}"#).unwrap()
}

fn pin() -> Pin {
    Pin {
        key: key(),
        digest: Digest::of(b"text"),
        label: "job-21 / script #1".to_owned(),
    }
}

fn confirm(intent: Intent, is_note_focused: bool, state: ConfirmState) -> PromptKind {
    PromptKind::Confirm(Box::new(Confirm {
        pin: pin(),
        intent,
        note: Editor::of_line(""),
        is_note_focused,
        patch: None,
        is_empty_accepted: true,
        state,
    }))
}

fn bulk(state: ItemState, count: usize) -> PromptKind {
    let item = Item {
        pin: pin(),
        change: "+1 -1".to_owned(),
        is_seen: false,
        state,
        is_drawn: false,
    };
    PromptKind::Bulk(Box::new(BulkAsk {
        verdict: Verdict::Reject,
        items: vec![item; count],
        note: Editor::of_line(""),
        note_key: key(),
        is_note_focused: false,
        is_empty_accepted: true,
        has_taken_in: false,
        is_unseen_accepted: true,
        is_sent: false,
        top: 0,
    }))
}

fn timer(intent: TimerIntent) -> PromptKind {
    PromptKind::Timer(Box::new(TimerAsk {
        key: key(),
        label: pin().label,
        intent,
        typed: Editor::of_line("90"),
        sent: None,
    }))
}

fn prompts() -> Vec<PromptKind> {
    let (job_id, label) = (key().job_id, "job-21".to_owned());
    vec![
        confirm(Intent::Approve, false, ConfirmState::Asking),
        confirm(Intent::Reject, true, ConfirmState::Asking),
        confirm(Intent::Undo, false, ConfirmState::Asking),
        confirm(
            Intent::Approve,
            false,
            ConfirmState::Refused("it changed".to_owned(), None),
        ),
        bulk(ItemState::Asking, 1),
        bulk(ItemState::LeftOut(LeftOut::NotSeen), 1),
        bulk(ItemState::Asking, 60),
        bulk(ItemState::Done, 60),
        timer(TimerIntent::Hold),
        timer(TimerIntent::Extend),
        PromptKind::Resume(Box::new(ResumeAsk {
            job_id: job_id.clone(),
            label: label.clone(),
            note: None,
        })),
        PromptKind::Cancel(Box::new(CancelAsk {
            typed: Editor::of_line(job_id.as_str()),
            job_id,
            label,
        })),
        PromptKind::Quit(QuitAsk { reasons: Vec::new() }),
        PromptKind::Discard(Box::new(DiscardAsk {
            typed: Editor::of_line("discard"),
        })),
    ]
}

fn compose() -> Compose {
    let sheets = Sheets {
        templates: Vec::new(),
        type_name: "text_replace",
        shelf: Vec::new(),
    };
    let path = ArtifactPath::new("artifacts/script/script.txt").unwrap();
    Compose::new(pin(), path, Subject::Patch(sheets), Editor::of_text("{}"), 1)
}

/// Every state in which a question is open or a bar has words of its own.
fn models() -> Vec<Model> {
    let mut models = Vec::new();
    let mut with = |change: &dyn Fn(&mut Model)| {
        let mut model = model();
        change(&mut model);
        models.push(model);
    };
    with(&|_| {});
    for prompt in prompts() {
        with(&|model| model.put(prompt.clone()));
    }
    with(&|model| {
        model.compose = Some(compose());
        model.put(PromptKind::Menu);
    });
    with(&|model| model.compose = Some(compose()));
    let line = || Editor::of_line("");
    for field in [
        Field::Filter(line()),
        Field::Search(line()),
        Field::Find(line(), TextPosition { line: 0, byte: 0 }),
    ] {
        with(&|model| model.keys.field = Some(field.clone()));
    }
    for overlay in [
        Overlay::Help { filter: line(), top: 0 },
        Overlay::Files {
            text: line(),
            chosen: 0,
        },
        Overlay::Discarded {
            text: line(),
            chosen: 0,
        },
        Overlay::Palette {
            text: Editor::of_line("no such command"),
            chosen: 0,
        },
    ] {
        with(&|model| model.keys.overlay = Some(overlay.clone()));
    }
    models
}

/// The words of the question and of the bar.
fn words(model: &Model) -> Vec<String> {
    let area = Rect::new(0, 0, model.window.size.0, model.window.size.1);
    let mut buffer = Buffer::empty(area);
    crate::view::draw(model, area, &mut buffer);
    let layout = crate::layout::of(model);
    let rows = (layout.prompt.y..layout.prompt.bottom()).chain([layout.hint.y]);
    let text = rows.flat_map(|y| (0..area.width).map(move |x| (x, y)).chain([(0, y)]));
    let text: String = text.map(|at| buffer[at].symbol().to_owned()).collect();
    words_of(&text)
}

fn words_of(text: &str) -> Vec<String> {
    let is_edge = |c: char| !c.is_alphanumeric() && c != '-';
    text.split_whitespace()
        .map(|word| word.trim_matches(is_edge).to_owned())
        .collect()
}

/// Whether a word can only be a key's name.
fn is_key(word: &str) -> bool {
    let is_letter = word.len() == 1 && word != "a" && word.chars().all(|c| c.is_ascii_alphabetic());
    let mut bound = Focus::ALL.into_iter().flat_map(crate::keymap::groups);
    let is_bound = |group: &crate::keymap::Group| group.bindings.iter().any(|binding| binding.keys.contains(&word));
    // What is left out is no arrow key.
    !matches!(word, "F9" | "Left") && (is_letter || word.len() > 1 && bound.any(is_bound))
}

#[test]
fn a_key_that_is_another_one_is_named_so_in_every_question_and_bar() {
    for model in models() {
        let focus = model.focus();
        assert!(words(&model).iter().any(|word| is_key(word)), "{focus:?} names no key");
        let now = rebound(|| words(&model));
        assert!(now.iter().any(|word| word == "F9"), "{focus:?}: {now:?}");
        let by_hand: Vec<_> = now.iter().filter(|word| is_key(word)).collect();
        assert!(by_hand.is_empty(), "{focus:?} {by_hand:?}: {}", now.join(" "));
    }
}

#[test]
fn a_key_that_is_another_one_is_named_so_in_what_a_key_is_answered_with() {
    let groups = Focus::ALL.into_iter().flat_map(crate::keymap::groups);
    let actions: HashSet<_> = groups
        .flat_map(|group| group.bindings)
        .filter_map(|binding| binding.action)
        .collect();
    let mut answers = 0;
    for action in actions {
        for mut model in models() {
            let focus = model.focus();
            rebound(|| act(&mut model, focus, action, &mut Vec::new()));
            let text = model
                .toasts
                .newest()
                .map(|toast| toast.text.clone())
                .unwrap_or_default();
            let by_hand: Vec<_> = words_of(&text).into_iter().filter(|word| is_key(word)).collect();
            assert!(by_hand.is_empty(), "{focus:?} {action:?} {by_hand:?}: {text}");
            answers += usize::from(text.contains("F9"));
        }
    }
    assert!(answers > 0);
}

//! No text names a key by hand: when every key is another one, the whole screen says so, whoever
//! receives the keys and whatever is asked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diff::{DiffDocument, Limit};
use domain::anchor::BootId;
use domain::gate::Verdict;
use domain::ids::{ArtifactPath, Digest};
use domain::key::GateKey;
use domain::operator::{Operator, Surface, Via};
use domain::time::{Now, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::Action;
use crate::draft::DraftComment;
use crate::editor::{Editor, TextPosition};
use crate::effect::Msg;
use crate::facts::verb::{NoOffer, offer};
use crate::input::{KeyPress, TerminalInput};
use crate::keymap::{self, BoundKeys, Focus};
use crate::model::compose::{Compose, List, Sheets, Subject};
use crate::model::file::{Content, FileView};
use crate::model::gate::GateView;
use crate::model::keys::{Field, Listed, Overlay};
use crate::model::panes::Lower;
use crate::model::preview::JobPreview;
use crate::model::prompt::{Intent, Note, Pin, TimerIntent};
use crate::model::slips::Letters;
use crate::model::{Model, PromptKind};
use crate::prompt::bulk::BulkAsk;
use crate::prompt::bulk::item::{Item, ItemState, LeftOut};
use crate::prompt::cancel::CancelAsk;
use crate::prompt::comment::CommentAsk;
use crate::prompt::confirm::{Confirm, ConfirmState};
use crate::prompt::discard::DiscardAsk;
use crate::prompt::menu::Menu;
use crate::prompt::quit::QuitAsk;
use crate::prompt::resume::ResumeAsk;
use crate::prompt::timer::TimerAsk;
use crate::session::Session;
use crate::update::{act, update};

fn model() -> Model {
    let via = Via {
        surface: Surface::Console,
        login: "bea".to_owned(),
        uid: 1000,
        host: "ops1".to_owned(),
        ssh_client: None,
        peer: None,
        by_proxy: false,
        pid: 4711,
    };
    let session = Session {
        operator: Operator {
            name: "bea".to_owned(),
            via,
        },
        name: "bea here".to_owned(),
        server: None,
        place: String::new(),
        rights: domain::rights::Rights::default(),
        expires: None,
        gates: Default::default(),
        offers: Default::default(),
        ahead_s: |_| 0,
        overdue_grace_s: 60,
        runs_dir: "runs".into(),
        is_read_only: false,
        is_restricted: false,
        newer: None,
        hint: None,
        has_colour: true,
        has_syntax: false,
        has_palette: false,
        has_true_colour: false,
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

fn note(is_focused: bool) -> Note {
    Note {
        editor: Editor::of_note(""),
        is_focused,
        is_empty_accepted: true,
        key: key(),
        verdict: Verdict::Reject,
        typed: Vec::new(),
    }
}

fn confirm(intent: Intent, is_note_focused: bool, state: ConfirmState) -> Box<dyn PromptKind> {
    Box::new(Confirm {
        context: None,
        pin: pin(),
        intent,
        note: note(is_note_focused),
        patch: None,
        state,
    })
}

fn bulk(state: ItemState, count: usize) -> Box<dyn PromptKind> {
    let item = Item {
        context_digest: None,
        shared: None,
        pin: pin(),
        change: "+1 -1".to_owned(),
        is_seen: false,
        state,
        group: None,
        is_taken_over: false,
        is_drawn: false,
    };
    Box::new(BulkAsk {
        is_group: false,
        items: vec![item; count],
        note: note(false),
        has_taken_in: false,
        is_unseen_accepted: true,
        is_take_over_asked: false,
        is_sent: false,
        top: 0,
        more: 0,
    })
}

fn in_note(mut prompt: Box<dyn PromptKind>) -> Box<dyn PromptKind> {
    if let Some(note) = prompt.note_mut() {
        note.is_focused = true;
    }
    prompt
}

fn timer(intent: TimerIntent) -> Box<dyn PromptKind> {
    Box::new(TimerAsk {
        key: key(),
        label: pin().label,
        intent,
        typed: Editor::of_line("90"),
        sent: None,
    })
}

fn prompts() -> Vec<Box<dyn PromptKind>> {
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
        in_note(bulk(ItemState::LeftOut(LeftOut::NotSeen), 1)),
        in_note(bulk(ItemState::Asking, 60)),
        bulk(ItemState::Asking, 60),
        bulk(ItemState::Done, 60),
        timer(TimerIntent::Hold),
        timer(TimerIntent::Extend),
        Box::new(ResumeAsk {
            job_id: job_id.clone(),
            label: label.clone(),
            note: None,
        }),
        Box::new(CancelAsk {
            typed: Editor::of_line(job_id.as_str()),
            job_id,
            label,
        }),
        Box::new(QuitAsk { reasons: Vec::new() }),
        Box::new(CommentAsk::new(pin(), comment(), "unit", None)),
        Box::new(DiscardAsk {
            typed: Editor::of_line("discard"),
        }),
    ]
}

fn comment() -> DraftComment {
    DraftComment {
        path: ArtifactPath::new("artifacts/script/script.txt").unwrap(),
        version: Digest::of(b"text"),
        side: Default::default(),
        line: 1,
        text: String::new(),
    }
}

/// A gate with a text on the screen, in which a line is chosen.
fn pointing() -> GateView {
    let artifact = serde_json::json!({
        "kind": "script", "path": "artifacts/script/script.txt", "digest": Digest::of(b"text"), "size_bytes": 4,
        "base": null, "added_lines": 1, "removed_lines": 0, "is_binary": false,
    });
    let mut file = FileView::new(serde_json::from_value(artifact).unwrap());
    file.content = Content::Text(DiffDocument::compare(None, Arc::new(b"text".to_vec()), Limit::NONE));
    file.pointer.is_on = true;
    let mut view = GateView::new(key(), "script".to_owned(), 1);
    view.files = vec![file];
    view
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
        with(&|model| model.put_back(prompt.clone()));
    }
    // What keeps Enter from counting although nothing would be refused.
    let asked = || confirm(Intent::Approve, false, ConfirmState::Asking);
    with(&|model| {
        model.put_back(asked());
        model.preview.jobs = vec![JobPreview {
            job_id: key().job_id,
            commands: Vec::new(),
            is_stale: false,
            is_awaited: false,
            answers: None,
        }];
    });
    for is_text in [false, true] {
        with(&|model| {
            model.put_back(asked());
            let boot_us = model.now.boot_us;
            model.keys.slips.once_more_boot_us = Some(boot_us);
            model.keys.slips.letters = Some(Letters {
                boot_us,
                at_question: None,
                is_text,
            });
        });
    }
    with(&|model| {
        model.compose = Some(compose());
        model.put(Menu);
    });
    with(&|model| model.compose = Some(compose()));
    for list in [
        List::Types { chosen: 0 },
        List::Candidates {
            candidates: Vec::new(),
            chosen: 0,
        },
    ] {
        with(&|model| {
            let mut compose = compose();
            compose.list = Some(list.clone());
            model.compose = Some(compose);
        });
    }
    for lower in [
        Lower::Gate,
        Lower::Job,
        Lower::History,
        Lower::Figures,
        Lower::Jobs,
        Lower::Board,
    ] {
        with(&|model| (model.panes.is_lower_focused, model.panes.lower) = (true, lower));
    }
    with(&|model| {
        model.panes.is_lower_focused = true;
        model.gate = Some(GateView::new(key(), "script".to_owned(), 1));
    });
    with(&|model| {
        model.panes.is_lower_focused = true;
        model.gate = Some(pointing());
    });
    let line = || Editor::of_line("");
    for field in [
        Field::Filter(line()),
        Field::Search(line()),
        Field::Find(line(), TextPosition { line: 0, byte: 0 }),
    ] {
        with(&|model| model.keys.field = Some(field.clone()));
    }
    for (listed, text) in [
        (Listed::Help, ""),
        (Listed::Files, ""),
        (Listed::Discarded, ""),
        (Listed::Handovers, ""),
        (Listed::Context, ""),
        (Listed::Views, ""),
        (Listed::Palette, "no such command"),
    ] {
        let text = Editor::of_line(text);
        let overlay = Overlay { listed, text, row: 0 };
        with(&|model| model.keys.overlay = Some(overlay.clone()));
    }
    models
}

/// The words of the screen.
fn words(model: &Model) -> Vec<String> {
    let area = Rect::new(0, 0, model.window.size.0, model.window.size.1);
    let mut buffer = Buffer::empty(area);
    crate::view::draw(model, area, &mut buffer);
    let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let rows: Vec<_> = (0..area.height).map(row).collect();
    words_of(&rows.join(" "))
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
    let bound = crate::keymap::all_groups().iter().flat_map(|group| group.bindings);
    let is_bound = || bound.clone().any(|binding| binding.keys.contains(&word));
    // What is left out is no arrow key, and two letters are signs of stages.
    !matches!(word, "Left" | "t" | "x") && (is_letter || word.len() > 1 && is_bound())
}

/// Something that is done while every key of the table is another one: `F20` and so on, one for
/// each. Then none that is written by hand is right.
fn rebound<T>(done: impl FnOnce() -> T) -> T {
    let mut others = HashMap::new();
    let groups = keymap::all_groups().iter();
    for name in groups.flat_map(|group| group.bindings).flat_map(|binding| binding.keys) {
        let number = others.len() + 20;
        others.entry(*name).or_insert_with(|| format!("F{number}"));
    }
    keymap::bind(&BoundKeys::renamed(|name| others[name].clone()));
    let done = done();
    keymap::bind(&BoundKeys::default());
    done
}

/// Whether a word is the name of a key of the other table.
fn is_other_key(word: &str) -> bool {
    let number = word.strip_prefix('F').and_then(|number| number.parse::<u8>().ok());
    number.is_some_and(|number| number >= 20)
}

#[test]
fn a_key_that_is_another_one_is_named_so_on_every_screen() {
    let mut walked = HashSet::new();
    for model in models() {
        let focus = model.focus();
        walked.insert(focus);
        assert!(words(&model).iter().any(|word| is_key(word)), "{focus:?} names no key");
        let now = rebound(|| words(&model));
        assert!(now.iter().any(|word| is_other_key(word)), "{focus:?}: {now:?}");
        let by_hand: Vec<_> = now.iter().filter(|word| is_key(word)).collect();
        assert!(by_hand.is_empty(), "{focus:?} {by_hand:?}: {}", now.join(" "));
    }
    assert_eq!(walked.len(), Focus::ALL.len(), "{walked:?}");
}

#[test]
fn a_key_that_is_another_one_is_named_so_in_what_a_key_is_answered_with() {
    let bindings = Focus::ALL.into_iter().flat_map(crate::keymap::bindings);
    let actions: HashSet<_> = bindings.filter_map(|binding| binding.action).collect();
    let mut answers = 0;
    let mut check = |what: &dyn std::fmt::Debug, model: &Model| {
        let newest = model.toasts.newest().map(|toast| toast.text.clone());
        let text = newest.unwrap_or_default();
        let by_hand: Vec<_> = words_of(&text).into_iter().filter(|word| is_key(word)).collect();
        assert!(by_hand.is_empty(), "{:?} {what:?} {by_hand:?}: {text}", model.focus());
        answers += usize::from(words_of(&text).iter().any(|word| is_other_key(word)));
    };
    for action in actions {
        for mut model in models() {
            let focus = model.focus();
            // Once undrawn, once with all of it on the terminal.
            rebound(|| act(&mut model, focus, action, &mut Vec::new()));
            check(&action, &model);
            model.keys.slips.on_screen = rebound(|| crate::layout::question::facts(&model));
            rebound(|| act(&mut model, focus, action, &mut Vec::new()));
            check(&action, &model);
        }
    }
    let accept = rebound(|| crate::keymap::key_in(Focus::Confirm, Action::Accept));
    let [enter, unknown] = [accept, "F12"].map(|name| KeyPress::parse(name).unwrap());
    for input in [
        TerminalInput::Burst("some words\n".to_owned()),
        TerminalInput::LineEnd(enter),
        TerminalInput::Key(unknown),
    ] {
        for mut model in models() {
            rebound(|| update(&mut model, Msg::Input(input.clone())));
            check(&input, &model);
        }
    }
    assert!(answers > 0);
}

#[test]
fn a_bulk_whose_note_takes_the_letters_names_the_key_that_leads_out_first() {
    for (state, count, words) in [
        (
            ItemState::LeftOut(LeftOut::NotSeen),
            1,
            "read them, or Tab, then i takes them in",
        ),
        (ItemState::Asking, 60, "hint: Tab, then PgDn and PgUp show them"),
    ] {
        let mut model = model();
        model.put_back(in_note(bulk(state, count)));
        let answer = offer(&model, Focus::Note, Action::Accept).unwrap_err();
        let said = match answer {
            NoOffer::Refused(refused) => refused.hint,
            NoOffer::Nothing(words) => words,
        };
        assert!(said.contains(words), "{said}");
    }
}

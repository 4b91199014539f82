//! Keys that are held down.

use domain::gate::Verdict;

use crate::console::Console;

/// A key that is held down: once, then after the keyboard's delay thirty times a second.
fn held(console: &mut Console, key: &str) {
    console.press(key).pass_ms(500);
    for _ in 0..20 {
        console.press(key).pass_ms(33);
    }
}

#[test]
fn a_key_held_down_writes_nothing_into_the_field_that_it_opened() {
    let text = |console: &Console| -> String {
        use console::model::keys::Field;
        use console::prompt::{cancel::CancelAsk, confirm::Confirm, timer::TimerAsk};
        let model = &console.model;
        let timer = model.asked::<TimerAsk>().map(|ask| ask.typed.text());
        let cancel = || model.asked::<CancelAsk>().map(|ask| ask.typed.text());
        let confirm = || model.asked::<Confirm>().map(|ask| ask.note.text());
        if let Some(text) = timer.or_else(cancel).or_else(confirm) {
            return text;
        }
        match (&model.keys.field, &model.keys.overlay) {
            (Some(Field::Filter(editor) | Field::Search(editor)), _) => editor.text(),
            (_, Some(overlay)) => overlay.text.text(),
            _ => panic!("no field is open\n{}", console.text()),
        }
    };
    for key in ["t", "+", "r", "X", "/", "?", ":"] {
        let mut console = Console::drawn();
        held(&mut console, key);
        assert_eq!(text(&console), "", "{key}");
        // All at once, as a stalled line brings them.
        let mut console = Console::drawn();
        console.burst(&format!("{key} ").repeat(20));
        assert_eq!(text(&console), "", "{key} in a burst");
        // Let go, and on with the same letter.
        console.pass_ms(600).press(key).pass_ms(200);
        assert_eq!(text(&console), key, "{key} after it was let go");
        // A word that begins with that letter, typed at leisure and in a hurry.
        for pause_ms in [0, 80, 400] {
            let mut console = Console::drawn();
            console.press(key).pass_ms(pause_ms);
            for letter in [key, "o", "o"] {
                console.press(letter).pass_ms(pause_ms);
            }
            assert_eq!(text(&console), format!("{key}oo"), "{key} every {pause_ms} ms");
        }
        let mut console = Console::drawn();
        console.press(key).press(key).press("Esc");
        assert!(
            console.model.drafts.by_gate.is_empty(),
            "{key} twice and Esc leaves no draft"
        );
    }
    for key in ["p", "e"] {
        let console = Console::drawn().then(key);
        let opened = console.model.compose.as_ref().unwrap().editor.text();
        let mut console = Console::drawn();
        held(&mut console, key);
        assert_eq!(console.model.compose.as_ref().unwrap().editor.text(), opened, "{key}");
    }
}

#[test]
fn a_key_whose_field_was_closed_by_somebody_else_acts_again() {
    let mut console = Console::drawn().then("t");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    assert!(console.model.prompt.is_none(), "there is no timer any more");
    console.press("t").shows("HOLD TIMER j-21");
    let mut console = Console::drawn().then("t");
    console.model.prompt = None;
    console.press("t").shows("HOLD TIMER j-17");
}

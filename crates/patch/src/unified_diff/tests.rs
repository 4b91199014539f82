//! Diffs of `diff -u` and of our own apply and give the new text; what does not fit is refused with
//! what stands there.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::super::{Patch, PatchError, PatchFault, Plan};
use diff::{DiffDocument, Limit, unified};

const PATH: &str = "artifacts/script/script.txt";

fn plan(diff: &str, text: &str) -> Result<Plan, PatchError> {
    Patch::from_value(json!({"type": "unified_diff", "diff": diff}))?.plan(PATH, text.as_bytes())
}

fn made(diff: &str, text: &str) -> String {
    plan(diff, text).unwrap().text().to_owned()
}

fn told(diff: &str, text: &str) -> Vec<String> {
    plan(diff, text).unwrap().told()
}

/// Message, hint and the artifact's line of a refusal.
fn refused(diff: &str, text: &str) -> (String, String, Option<u32>) {
    let error = plan(diff, text).unwrap_err();
    assert_eq!(error.fault, PatchFault::Unfit, "{error}");
    assert_eq!(error.field.as_deref(), Some("diff"));
    (
        error.message,
        error.hint.map(String::from).unwrap_or_default(),
        error.artifact_line,
    )
}

fn ours(old: &str, new: &str) -> String {
    let bytes = |text: &str| Arc::new(text.as_bytes().to_vec());
    let document = DiffDocument::compare(Some(bytes(old)), bytes(new), Limit::NONE);
    String::from_utf8(unified::write(&document, PATH, PATH)).unwrap()
}

const SCRIPT: &str = "**Opening**\n\nLow tide is at noon.\nBring boots.\n\n**Close**\n\nSee you.\nBye.";

#[test]
fn hunks_are_applied_where_they_say() {
    let diff = "--- a/script.txt\n+++ b/script.txt\n@@ -2,3 +2,4 @@\n \n-Low tide is at noon.\n+Low tide is at 14:00.\n+Be early.\n Bring boots.\n\
                @@ -8,2 +9 @@\n-See you.\n Bye.\n\\ No newline at end of file\n";
    assert_eq!(
        made(diff, SCRIPT),
        "**Opening**\n\nLow tide is at 14:00.\nBe early.\nBring boots.\n\n**Close**\n\nBye."
    );
    assert_eq!(
        told(diff, SCRIPT),
        [
            "line 3 `Low tide is at noon.\\n` -> `Low tide is at 14:00.\\nBe early.\\n`",
            "line 8 `See you.\\n` -> (deleted)",
        ]
    );
    assert_eq!(
        told("@@ -0,0 +1 @@\n+new\n", "a\n"),
        ["before line 1 (none) -> `new\\n`"]
    );
    assert_eq!(
        told("@@ -1,0 +2 @@\n+new\n", "a\nb\n"),
        ["after line 1 (none) -> `new\\n`"]
    );
    assert_eq!(
        told("@@ -2,2 +1,0 @@\n-b\n-c\n", "a\nb\nc\n"),
        ["lines 2-3 `b\\nc\\n` -> (deleted)"]
    );
    assert_eq!(
        made(
            "--- /dev/null\n+++ x\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n",
            ""
        ),
        "new"
    );
    assert_eq!(made("@@ -1 +0,0 @@\n-a\n", "a\n"), "");
}

#[test]
fn line_ends_are_those_of_the_file() {
    let crlf = "a\r\nb\r\nc\r\n";
    assert_eq!(made("@@ -1,2 +1,2 @@\n a\n-b\n+B\n", crlf), "a\r\nB\r\nc\r\n");
    assert_eq!(made("@@ -1,2 +1,2 @@\n a\r\n-b\r\n+B\r\n", crlf), "a\r\nB\r\nc\r\n");
    assert_eq!(made("@@ -1,2 +1,2 @@\r\n a\r\n-b\r\n+B\r\n", crlf), "a\r\nB\r\nc\r\n");
    // A diff that changes line ends says so itself, and is taken at its word.
    assert_eq!(
        made("@@ -1,3 +1,3 @@\n-a\r\n-b\r\n-c\r\n+a\n+b\n+c\n", crlf),
        "a\nb\nc\n"
    );
    let (message, hint, line) = refused("@@ -1,2 +1,2 @@\n a\n-b\r\n+B\n", "a\nb\n");
    assert_eq!(
        message,
        "hunk 1 does not fit: line 3 of the diff is `b` with \\r\\n, but line 2 of `artifacts/script/script.txt` has \\n"
    );
    assert_eq!(
        (hint.as_str(), line),
        ("line ends must be those of the artifact", Some(2))
    );
}

#[test]
fn the_end_of_the_file_is_part_of_its_last_line() {
    let (message, hint, _) = refused("@@ -9 +9 @@\n-Bye.\n+Farewell.\n", SCRIPT);
    assert_eq!(
        message,
        "hunk 1 does not fit: line 2 of the diff is `Bye.` with \\n, but line 9 of `artifacts/script/script.txt` has no line end"
    );
    assert_eq!(hint, "put `\\ No newline at end of file` below line 2 of the diff");
    let marked = "@@ -9 +9 @@\n-Bye.\n\\ No newline at end of file\n+Farewell.\n";
    assert!(made(marked, SCRIPT).ends_with("See you.\nFarewell.\n"));
    let (_, hint, _) = refused(marked, &format!("{SCRIPT}\n"));
    assert_eq!(
        hint,
        "take `\\ No newline at end of file` from below line 2 of the diff"
    );
    let (message, ..) = refused("@@ -9,0 +10 @@\n+More.\n", SCRIPT);
    assert_eq!(
        message,
        "line 2 of the diff would be joined to the line before it: the last line of `artifacts/script/script.txt` has no line end"
    );
    let (message, ..) = refused("@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\nb\n");
    assert_eq!(
        message,
        "line 3 of the diff has no line end, but `artifacts/script/script.txt` goes on at line 2"
    );
}

#[test]
fn a_hunk_that_does_not_fit_names_both_lines_and_where_it_would() {
    let (message, hint, line) = refused(
        "@@ -5,2 +5,2 @@\n Low tide is at noon.\n-Bring boots.\n+Bring waders.\n",
        SCRIPT,
    );
    assert_eq!(
        message,
        "hunk 1 does not fit: line 2 of the diff wants `Low tide is at noon.`, but line 5 of `artifacts/script/script.txt` is ``"
    );
    assert_eq!(line, Some(5));
    assert_eq!(
        hint,
        "it fits at line 3: line 1 of the diff would read `@@ -3,2 +3,2 @@`"
    );
    let (_, hint, _) = refused(
        "@@ -1,2 +1,2 @@\n Low tide is at noon.\n-Bring boots.\n+Bring waders.\n",
        SCRIPT,
    );
    assert_eq!(
        hint,
        "it fits at line 3: line 1 of the diff would read `@@ -3,2 +3,2 @@`"
    );
    let two = "@@ -1,2 +1,3 @@\n **Opening**\n+\n \n@@ -4,2 +5,2 @@\n See you.\n-Bye.\n\\ No newline at end of file\n+Farewell.\n";
    let (message, hint, _) = refused(two, SCRIPT);
    assert!(
        message.starts_with("hunk 2 does not fit: line 6 of the diff wants `See you.`, but line 4"),
        "{message}"
    );
    assert_eq!(
        hint,
        "it fits at line 8: line 5 of the diff would read `@@ -8,2 +9,2 @@`"
    );
    let (_, hint, _) = refused("@@ -1 +1 @@\n-b\n+c\n", "a\nb\na\nb\n");
    assert_eq!(hint, "it would fit at lines 2 and 4");
}

#[test]
fn near_misses_are_told() {
    let (_, hint, _) = refused("@@ -3 +3 @@\n-Low tide\u{a0}is at noon.\n+x\n", SCRIPT);
    assert_eq!(
        hint,
        "they differ only in letter case, spaces, dashes or quotation marks: copy the line from the artifact"
    );
    let (_, hint, _) = refused("@@ -1 +1 @@\n-Bring the boots.\n+x\n", SCRIPT);
    assert_eq!(
        hint,
        "closest is line 4: `Bring boots.`; the diff was made from another version of the text"
    );
    let (message, _, line) = refused("@@ -30 +30 @@\n-x\n+y\n", SCRIPT);
    assert_eq!(
        (message.as_str(), line),
        (
            "hunk 1 (line 1 of the diff) begins at line 30; `artifacts/script/script.txt` has 9 lines",
            Some(9)
        )
    );
    let (message, ..) = refused("@@ -2,2 +2 @@\n b\n-c\n", "a\nb\n");
    assert_eq!(
        message,
        "hunk 1 does not fit: line 3 of the diff wants `c`, but `artifacts/script/script.txt` ends with line 2"
    );
    let (message, ..) = refused("@@ -2 +2 @@\n-b\n+c\n@@ -2 +2 @@\n-b\n+c\n", "a\nb\n");
    assert_eq!(
        message,
        "hunk 2 (line 4 of the diff) begins at line 2, before the end of the hunk above it"
    );
    let (message, ..) = refused("--- /dev/null\n+++ x\n@@ -0,0 +1 @@\n+a\n", "b\n");
    assert!(message.starts_with("the diff makes a new file"), "{message}");
}

#[test]
fn another_file_name_is_a_consequence() {
    let diff = |name: &str| format!("--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+b\n");
    assert!(plan(&diff("script.txt"), "a\n").unwrap().consequences.is_empty());
    assert_eq!(
        plan(&diff("other.txt"), "a\n").unwrap().consequences,
        ["the diff is of `b/other.txt`, and is applied to `artifacts/script/script.txt`"]
    );
}

#[test]
fn a_fault_in_the_diff_itself_names_its_line() {
    let error = plan("@@ -1,2 +1,2 @@\n-a\n+b\n", "a\n").unwrap_err();
    assert_eq!((error.fault, error.field.as_deref()), (PatchFault::Field, Some("diff")));
    assert_eq!(
        error.message,
        "line 1 of the diff: the header says 2 old and 2 new lines; 1 and 1 follow"
    );
}

#[test]
fn long_texts_cost_one_walk() {
    let text = "\n".repeat(4_000_000);
    let context = " \n".repeat(200_000);
    let diff = format!("@@ -1,200001 +1,200001 @@\n{context}-x\n+y\n");
    let (message, hint, _) = refused(&diff, &text);
    assert!(
        message.contains("line 200002 of the diff wants `x`, but line 200001"),
        "{message}"
    );
    assert_eq!(hint, "the diff was made from another version of the text");
}

/// Two texts that share lines, with any line ends and with or without a last one.
fn pair() -> impl Strategy<Value = (String, String)> {
    let line = prop::sample::select(vec![
        "a\n",
        "b\n",
        "\n",
        "-- c\n",
        "+d\r\n",
        "\u{2013}\r\n",
        " e \n",
        "\\ f\n",
    ]);
    let last = prop::sample::select(vec!["", "g", "\r"]);
    let text = prop::collection::vec(line, 0..20);
    (
        text.clone(),
        text,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        last.clone(),
        last,
        any::<bool>(),
    )
        .prop_map(|(old, other, from, to, old_last, new_last, is_crlf)| {
            let mut new = old.clone();
            let (from, to) = (from.index(old.len() + 1), to.index(old.len() + 1));
            new.splice(from.min(to)..from.max(to), other.into_iter().take(5));
            let text = |lines: Vec<&str>, last: &str| {
                let text = lines.concat() + last;
                if is_crlf {
                    text.replace("\r\n", "\n").replace('\n', "\r\n")
                } else {
                    text
                }
            };
            (text(old, old_last), text(new, new_last))
        })
}

/// The diff that the real `diff` makes, where there is one.
fn theirs(arguments: &[&str], old: &str, new: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [("old", old), ("new", new)] {
        let mut file = std::fs::File::create(directory.path().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    let output = Command::new("diff")
        .args(arguments)
        .args(["old", "new"])
        .current_dir(directory.path())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(_) => {
            println!("not tried: there is no diff here");
            None
        }
    }
}

proptest! {
    #[test]
    fn our_own_diff_gives_the_new_text((old, new) in pair()) {
        if old != new {
            prop_assert_eq!(made(&ours(&old, &new), &old), new);
        }
    }

    /// What is refused is refused as unfit; what is taken is what the lines say.
    #[test]
    fn a_diff_of_another_text_never_applies_by_guessing((old, new) in pair(), (other, _) in pair()) {
        if old != new && let Ok(plan) = plan(&ours(&old, &new), &other) {
            // It can only fit where the other text has the same lines in the same places.
            let back = String::from_utf8(plan.bytes).unwrap();
            let undone = super::super::Patch::from_value(json!({"type": "unified_diff", "diff": ours(&other, &back)})).unwrap();
            prop_assert_eq!(undone.plan(PATH, other.as_bytes()).unwrap().bytes, back.into_bytes());
        }
    }

    #[test]
    fn no_text_causes_a_panic(diff in "(@@ -[0-9]{1,2}(,[0-3])? \\+[0-9](,[0-3])? @@\n([ +-][ab]?\r?\n|\\\\ No\n){0,5}){1,3}", text in "([ab]\r?\n?){0,6}") {
        let _ = plan(&diff, &text).is_ok();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_diff_of_the_real_program_gives_the_new_text((old, new) in pair(), context in prop::sample::select(vec!["-u", "-U1", "-U0"])) {
        if old != new && let Some(diff) = theirs(&[context], &old, &new) {
            prop_assert_eq!(made(&diff, &old), new, "{}", diff);
        }
    }
}

//! Tests of what holds for patches of every type.

use super::*;

#[test]
fn the_patch_is_kept_as_it_came() {
    let text = r#"{"replacements": [{"new": "b", "old": "a"}], "type": "text_replace", "artifact": "script.txt"}"#;
    let patch = Patch::parse(text).unwrap();
    assert_eq!(
        serde_json::to_string(patch.value()).unwrap(),
        text.replace(": ", ":").replace(", ", ",")
    );
    assert_eq!(patch.artifact(), Some("script.txt"));
    assert_eq!(patch.type_doc().name, "text_replace");
    assert_eq!(patch, Patch::from_value(patch.value().clone()).unwrap());
}

#[test]
fn refusals_name_field_line_and_column() {
    for (text, field, line, column, message) in [
        (
            "{\n  \"type\": \"text_replace\",\n  \"replacements\": [\n    {\"old\": \"\", \"new\": \"x\"}\n  ]\n}",
            Some("replacements[0].old"),
            4,
            13,
            "empty",
        ),
        (
            "{\"type\": \"text_replace\", \"replacements\": [{\"old\": \"a\"}]}",
            Some("replacements[0].new"),
            1,
            43,
            "missing",
        ),
        (
            "{\"type\": \"text_replace\",\n\"replacement\": []}",
            Some("replacement"),
            2,
            1,
            "did you mean `replacements`",
        ),
        ("{\"type\": \"text_replace\",\n}", None, 2, 1, "not JSON"),
        ("{\"type\": 3}", Some("type"), 1, 10, "3"),
        ("{}", Some("type"), 1, 1, "missing"),
        ("[]", Some(""), 1, 1, "a list"),
        ("{\"type\": \"a\",\n \"type\": \"b\"}", None, 2, 2, "twice"),
        (
            "{\"type\": \"text_replace\", \"artifact\": \"\", \"replacements\": []}",
            Some("artifact"),
            1,
            38,
            "empty",
        ),
    ] {
        let error = Patch::parse(text).unwrap_err();
        assert_eq!(error.field.as_deref(), field, "{text}: {error}");
        assert_eq!(
            (error.line, error.column),
            (Some(line), Some(column)),
            "{text}: {error}"
        );
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn a_patch_beyond_one_mebibyte_is_refused() {
    let text = format!(
        r#"{{"type": "text_replace", "replacements": [{{"old": "a", "new": "{}"}}]}}"#,
        "b".repeat(PATCH_BYTES_MAX)
    );
    assert!(Patch::parse(&text).unwrap_err().message.contains("1 MiB"));
    assert!(
        Patch::from_value(serde_json::from_str(&text).unwrap())
            .unwrap_err()
            .message
            .contains("1 MiB")
    );
}

#[test]
fn a_deeply_nested_patch_is_refused_without_harm() {
    let text = format!(
        "{{\"type\": \"text_replace\", \"replacements\": {}{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert_eq!(Patch::parse(&text).unwrap_err().fault, PatchFault::Unreadable);
}

#[test]
fn a_patch_for_another_artifact_is_refused() {
    let patch = Patch::parse(
        r#"{"type": "text_replace", "artifact": "captions.srt", "replacements": [{"old": "a", "new": "b"}]}"#,
    )
    .unwrap();
    let error = patch.plan("artifacts/script/script.txt", b"a").unwrap_err();
    assert_eq!(
        error.message,
        "the patch is for `captions.srt`, not for `artifacts/script/script.txt`"
    );
    assert!(patch.plan("artifacts/script/captions.srt", b"a").is_ok());
}

#[test]
fn a_text_patch_may_not_break_json() {
    let patch = Patch::parse(r#"{"type": "text_replace", "replacements": [{"old": "1", "new": "one"}]}"#).unwrap();
    let error = patch.plan("board.json", b"{\"a\": 1}").unwrap_err();
    assert!(
        error.message.starts_with("`board.json` would no longer be JSON: "),
        "{error}"
    );
    assert!(patch.plan("board.json", b"{broken 1").is_ok());
    assert!(patch.plan("board.txt", b"{\"a\": 1}").is_ok());
}

#[test]
fn text_that_is_not_utf8_is_refused_with_the_byte() {
    let patch = Patch::parse(r#"{"type": "text_replace", "replacements": [{"old": "1", "new": "one"}]}"#).unwrap();
    let error = patch.plan("a.txt", b"caf\n\xe9 1").unwrap_err();
    assert_eq!(error.message, "`a.txt` is not UTF-8 text: byte 4 (line 2)");
}

#[test]
fn a_number_that_would_be_rounded_is_refused_where_it_stands() {
    let patch = |number: &str| {
        Patch::parse(&format!(
            "{{\"type\": \"json_patch\",\n\"op\": \"add\", \"path\": \"/a\", \"value\": [{number}]}}"
        ))
    };
    for number in [
        "0.1",
        "-1.50e-7",
        "18446744073709551615",
        "0.000",
        "-0",
        "1e300",
        "9007199254740993",
    ] {
        assert!(patch(number).is_ok(), "{number}");
    }
    for number in [
        "9007199254740993.0",
        "18446744073709551617",
        "0.10000000000000000001",
        "1e-999",
    ] {
        let error = patch(number).unwrap_err();
        assert_eq!(
            error.message,
            format!("the number `{number}` has more digits than are kept")
        );
        assert_eq!((error.line, error.column), (Some(2), Some(38)));
    }
}

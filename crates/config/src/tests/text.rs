//! YAML and JSON themselves: places, anchors, broken and hostile texts.

use proptest::prelude::*;

use super::*;
use crate::node::{CONFIG_BYTES_MAX, CONFIG_DEPTH_MAX};
use crate::stages::STAGES_MAX;

#[test]
fn anchors_and_merge_keys_work() {
    let text = "\
x-timer: &timer
  auto_approve: true
  auto_approve_after_s: 60
  unseen: hold
gates:
  outline: *timer
  audio:
    <<: *timer
    auto_approve_after_s: 90
";
    let Loaded { config, warnings } = loaded(text);
    assert_eq!(warnings, []);
    let after_s = |name: &str| config.gates[&stage(name)].auto_approve_after_s;
    assert_eq!((after_s("outline"), after_s("audio")), (Some(60), Some(90)));
}

#[test]
fn json_is_read_as_well() {
    let text = "{\n\t\"gates\": {\n\t\t\"script\": {\"required\": true, \"auto_approve\": false, \"auto_approve_after_s\": null}\n\t},\n\t\
                \"storage\": {\"runs_dir\": \"l\\u00e4ufe\\/\\ud83d\\ude00\", \"group\": \"operators\"}\n}\n";
    let Loaded { config, warnings } = loaded(text);
    assert_eq!(warnings, []);
    assert_eq!(config.runs_dir(), Path::new("läufe/😀"));
    assert_eq!(config.storage.group.as_deref(), Some("operators"));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let text = format!("\u{feff}{}", SEED.replace('\n', "\r\n"));
    assert_eq!(loaded(&text).config, loaded(SEED).config);
    assert_eq!(
        told("gates:\r\n  audio:\r\n    required: maybe\r\n"),
        ["c.yaml:3:15: gates.audio.required: \"maybe\" is not true or false   hint: write true or false"]
    );
}

#[test]
fn a_text_that_is_no_yaml_is_one_problem_with_its_place() {
    for (text, start) in [
        ("gates:\n  script: [\n", "2:11: not YAML: unclosed bracket '['"),
        (
            "gates:\n\tscript: {}\n",
            "2:2: not YAML: tabs disallowed within this context (block indentation)   hint: indent with spaces",
        ),
        (
            "gates: {script: {}}\n---\ngates: {}\n",
            "3:1: a second document begins here",
        ),
        ("gates: *nobody\n", "1:8: this alias names no anchor above it"),
        ("gates: &g {script: {<<: *g}}\n", "1:25: this alias contains itself"),
        ("gates: {<<: 3}\n", "1:13: << takes a mapping"),
        ("gates: {[a]: {}}\n", "1:8: a key is a text, not a list or a mapping"),
        ("gates: !include other.yaml\n", "1:17: not YAML that holdpoint reads"),
        ("a: 1\n b: 2\n", "2:3: not YAML: mapping values are not allowed"),
        ("{\"a\": 1,\n \"b\" 2}", "2:6: not YAML: invalid trailing content"),
        ("a: \"x\n", "1:4: not YAML: unclosed quote"),
        ("\0", "1:1: not YAML: unexpected character: `\\u{0}'"),
    ] {
        let said = told(text);
        assert_eq!(said.len(), 1, "{text:?}: {said:?}");
        assert!(said[0].starts_with(&format!("c.yaml:{start}")), "{text:?}: {said:?}");
    }
    for (text, message) in [("script", "a text is not a mapping"), ("[]", "a list is not a mapping")] {
        assert_eq!(
            told(text),
            [format!(
                "c.yaml:1:1: {message}   hint: write its keys as indented `key: value` lines"
            )]
        );
    }
}

#[test]
fn bombs_and_towers_are_refused() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..=9 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let tower = "gates: ".to_owned() + &"[".repeat(30_000);
    let closed_tower = "[".repeat(CONFIG_DEPTH_MAX + 2) + &"]".repeat(CONFIG_DEPTH_MAX + 2);
    let block_tower: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let long = "x".repeat(CONFIG_BYTES_MAX + 1);
    let many = format!("gates: [{}]", "1,".repeat(200_000));
    for text in [bomb, tower, closed_tower, block_tower, long, many] {
        let said = told(&text);
        assert_eq!(said.len(), 1, "{said:?}");
    }
}

#[test]
fn errors_are_told_even_after_a_flood_of_warnings() {
    let unused: String = (0..2000).map(|n| format!("unused{n}: 1\n")).collect();
    let said = told(&format!("{unused}gates: {{audio: {{required: 7}}}}\n"));
    assert_eq!(said.len(), 1001);
    assert_eq!(
        said[1000],
        "c.yaml:2001:27: gates.audio.required: 7 is not true or false   hint: write true or false"
    );
}

#[test]
fn many_gates_may_share_an_anchor_and_a_comment_may_be_long() {
    let stages: Vec<String> = (0..STAGES_MAX).map(|n| format!("s{n}")).collect();
    let gates: String = stages.iter().map(|name| format!("  {name}: *person\n")).collect();
    let comment = "# a line of a long comment\n".repeat(200);
    let text = format!(
        "{comment}x-person: &person {{required: true}}\npipeline:\n{comment}  stages: [{}]\ngates:\n{comment}{gates}",
        stages.join(", ")
    );
    let Loaded { config, warnings } = loaded(&text);
    assert_eq!((config.gates.len(), warnings.len()), (STAGES_MAX, 0));
    assert!(told(&text.replace("stages: [", "stages: [one_more, "))[0].contains("101 stages are more than 100"));
}

/// Pieces that meet the rules more often than random characters do.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "gates:",
        "\n",
        "\n  ",
        "\n    ",
        "script:",
        "required:",
        "auto_approve_after_s:",
        "pipeline:",
        "stages:",
        "- ",
        "name:",
        "command:",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\"",
        "'",
        "&a",
        "*a",
        "<<:",
        "null",
        "true",
        "-30",
        "1e999",
        "0x1F",
        ".nan",
        "|",
        ">",
        "!!int",
        "---",
        "#",
        "artifacts:",
        "path:",
        "../x",
        "\t",
        "security:",
        "server:",
        "storage:",
        "runs_dir:",
        "env:",
        "\u{1b}",
        "é",
        " ",
        ": ",
        "? ",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Config::load(&text, "c.yaml").is_ok();
    }

    #[test]
    fn no_arrangement_of_keys_makes_it_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        if let Err(problems) = Config::load(&text, "c.yaml") {
            prop_assert!(problems.iter().any(Problem::is_error));
            prop_assert!(problems.is_sorted_by_key(|problem| (problem.line, problem.column)));
        }
    }
}

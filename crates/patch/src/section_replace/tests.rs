//! Tests of `section_replace`: one for every rule of its line in SPEC §6.

use serde_json::json;

use crate::{Patch, PatchError, PatchFault, Plan};

fn plan(marker: &str, new: &str, text: &str) -> Result<Plan, PatchError> {
    Patch::from_value(json!({"type": "section_replace", "section_marker": marker, "new_section": new}))?
        .plan("script.txt", text.as_bytes())
}

fn made(marker: &str, new: &str, text: &str) -> String {
    String::from_utf8(plan(marker, new, text).unwrap().bytes).unwrap()
}

#[test]
fn the_body_goes_and_marker_and_blank_lines_stay() {
    let text = "**Opening**\n\nold \u{2013} one\nold two\n\n\n**Close**\nbye";
    let plan = plan("**Opening**", "new", text).unwrap();
    assert_eq!(
        String::from_utf8(plan.bytes).unwrap(),
        "**Opening**\nnew\n\n\n**Close**\nbye"
    );
    assert_eq!(
        plan.changes[0].to_string(),
        "`**Opening**` lines 2-4 `old \u{2013} one` (3 lines) -> `new`"
    );
    assert!(plan.consequences.is_empty());
}

#[test]
fn headings_end_at_the_same_or_a_higher_level() {
    let text = "# One\na\n## Sub\nb\n### Deep\nc\n## Next\nd\n# Two\ne\n";
    assert_eq!(made("## Sub", "x", text), "# One\na\n## Sub\nx\n## Next\nd\n# Two\ne\n");
    assert_eq!(
        made("## Next", "x\n", text),
        "# One\na\n## Sub\nb\n### Deep\nc\n## Next\nx\n# Two\ne\n"
    );
    let plan = plan("# One", "x", text).unwrap();
    assert_eq!(String::from_utf8(plan.bytes).unwrap(), "# One\nx\n# Two\ne\n");
    assert_eq!(
        plan.consequences,
        ["3 other markers inside the section go with it: `## Sub`, `### Deep` and `## Next`"]
    );
}

#[test]
fn each_kind_ends_at_its_own_kind_only() {
    for (marker, between, next) in [
        ("# A", "**bold**", "# B"),
        ("**A**", "# heading", "**B**"),
        ("[door opens]", "Tip 1:", "[door closes]"),
        ("INT. KITCHEN - DAY", "[cue]", "EXT. BEACH - DAY"),
        ("Tip 1:", "INT. CAR - DAY", "Tip 2: more"),
        ("Title\n=====", "text", "Other\n====="),
    ] {
        let text = format!("intro\n\n{marker}\nold\n{between}\nold\n\n{next}\nend");
        let first = marker.lines().next().unwrap();
        assert_eq!(
            made(first, "new", &text),
            format!("intro\n\n{marker}\nnew\n\n{next}\nend"),
            "{marker}"
        );
    }
}

#[test]
fn the_marker_line_is_replaced_only_by_a_marker_of_its_kind() {
    let text = "## A\nold\n\n## B\nend";
    let plan_one = plan("## A", "## Z\nnew", text).unwrap();
    assert_eq!(String::from_utf8(plan_one.bytes).unwrap(), "## Z\nnew\n\n## B\nend");
    assert_eq!(plan_one.consequences, ["the heading `## A` becomes `## Z`"]);
    let deeper = plan("## A", "### Z\nnew", text).unwrap();
    assert_eq!(
        deeper.consequences,
        ["the heading `## A` becomes `### Z`, 1 level deeper"]
    );
    assert_eq!(made("## A", "**Z**\nnew", text), "## A\n**Z**\nnew\n\n## B\nend");
    assert_eq!(made("## A", "\n## Z\nnew", text), "## A\n\n## Z\nnew\n\n## B\nend");
    assert_eq!(made("## A", "## A\nnew", text), "## A\nnew\n\n## B\nend");
}

#[test]
fn a_missing_final_newline_stays_missing_and_one_that_is_there_stays() {
    for new in ["new", "new\n", "new\n\n"] {
        assert_eq!(made("**A**", new, "**A**\nold"), "**A**\nnew", "{new:?}");
    }
    assert_eq!(made("**A**", "new", "**A**\nold\n"), "**A**\nnew\n");
    assert_eq!(made("**A**", "new\n", "**A**\nold\n"), "**A**\nnew\n");
    assert_eq!(made("**A**", "new", "**A**\nold\n\n"), "**A**\nnew\n\n");
    assert_eq!(made("**A**", "new", "**A**"), "**A**\nnew");
    assert_eq!(made("**A**", "new", "**A**\n"), "**A**\nnew\n");
    assert_eq!(made("**A**", "**B**\n", "**A**\nold"), "**B**");
}

#[test]
fn an_empty_new_section_empties_the_body() {
    assert_eq!(made("**A**", "", "**A**\nold\n\n**B**\nend"), "**A**\n\n**B**\nend");
    assert_eq!(made("**A**", "", "**A**\nold"), "**A**");
    assert_eq!(made("**A**", "", "**A**\r\nold"), "**A**");
    assert_eq!(made("**A**", "", "**A**\nold\n"), "**A**\n");
    assert_eq!(
        plan("**A**", "", "**A**\n\n**B**").unwrap_err().fault,
        PatchFault::NoChange
    );
}

#[test]
fn an_empty_body_is_filled_before_the_kept_blank_lines() {
    assert_eq!(made("**A**", "new", "**A**\n\n**B**\nend"), "**A**\nnew\n\n**B**\nend");
    assert_eq!(made("**A**", "new", "**A**\n**B**\nend"), "**A**\nnew\n**B**\nend");
    assert_eq!(
        plan("**A**", "new", "**A**\n**B**").unwrap().changes[0].place,
        "after line 1 `**A**`"
    );
}

#[test]
fn line_ends_are_those_of_the_file() {
    let crlf = "\u{feff}**A**\r\nold\r\n\r\n**B**\r\nend";
    let plan = plan("**A**", "one\ntwo", crlf).unwrap();
    assert_eq!(
        String::from_utf8(plan.bytes).unwrap(),
        "\u{feff}**A**\r\none\r\ntwo\r\n\r\n**B**\r\nend"
    );
    assert_eq!(plan.consequences.len(), 1);
    assert_eq!(
        made("**A**", "**Z**\nnew", crlf),
        "\u{feff}**Z**\r\nnew\r\n\r\n**B**\r\nend"
    );
    // In a mixed file the new text is taken as it is; only the missing end is added, in the style
    // of most lines.
    assert_eq!(
        made("**A**", "one\ntwo", "**A**\r\nold\r\n**B**\nend"),
        "**A**\r\none\ntwo\r\n**B**\nend"
    );
}

#[test]
fn a_marker_must_stand_once() {
    let error = plan("**A**", "new", "**A**\nx\n**B**\n**A**\n").unwrap_err();
    assert_eq!(
        error.message,
        "the marker `**A**` stands 2 times in `script.txt`: lines 1 and 4"
    );
    assert_eq!(error.field.as_deref(), Some("section_marker"));
    assert!(plan("Tip 1:", "new", "Tip 1: a\nTip 1: b\n").is_err());
}

#[test]
fn a_marker_may_be_given_without_what_decorates_it() {
    assert_eq!(
        made("Tip 2:", "new", "Tip 1: a\nold\nTip 2: b\nold"),
        "Tip 1: a\nold\nTip 2: b\nnew"
    );
    assert_eq!(made("Opening", "new", "**Opening**\nold"), "**Opening**\nnew");
    assert_eq!(
        made("  **Opening**  ", "new", "**Opening**  \nold"),
        "**Opening**  \nnew"
    );
    assert!(
        plan("Opening", "new", "**Opening**\nold\n# Opening\n")
            .unwrap_err()
            .message
            .contains("lines 1 and 3")
    );
    // As it stands in the file goes before the bare title.
    assert_eq!(
        made("# Opening", "new", "**# Opening**\nold\n\n# Opening\nold"),
        "**# Opening**\nold\n\n# Opening\nnew"
    );
}

#[test]
fn a_missing_marker_is_refused_with_what_is_close() {
    let error = plan("**Openning**", "new", "**Opening**\nold\n**Close**\n").unwrap_err();
    assert_eq!(
        error.message,
        "no section marker `**Openning**` in `script.txt`; closest is line 1: `**Opening**`"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("the markers here are `**Opening**` and `**Close**`")
    );
    let error = plan("Opening words", "new", "Opening words\nold\n").unwrap_err();
    assert!(
        error.message.contains("line 1 reads so, but it is not a marker"),
        "{error}"
    );
    let error = plan("# A", "new", "```\n# A\n```\n").unwrap_err();
    assert_eq!(error.artifact_line, Some(2));
    assert!(
        plan("# A", "new", "")
            .unwrap_err()
            .hint
            .unwrap()
            .contains("has no markers")
    );
    for bad in ["", "  ", "# A\n# B"] {
        assert_eq!(
            plan(bad, "new", "# A\n").unwrap_err().field.as_deref(),
            Some("section_marker")
        );
    }
}

#[test]
fn a_number_sign_is_part_of_a_label() {
    let text = "Tip #1: boots\nold\nTip #2: rope\nold";
    let plan = plan("Tip #1:", "new", text).unwrap();
    assert_eq!(
        String::from_utf8(plan.bytes).unwrap(),
        "Tip #1: boots\nnew\nTip #2: rope\nold"
    );
    assert!(plan.consequences.is_empty(), "{:?}", plan.consequences);
}

#[test]
fn what_only_looks_like_a_marker_is_named_when_it_goes() {
    let plan_of = |text: &str, new: &str| plan("Tip 1:", new, text).unwrap().consequences;
    assert_eq!(
        plan_of("Tip 1: boots\nold\ntip two: rope\nold\nTip 3:\nend", "new"),
        ["1 line inside the section looks like a marker and goes with it: `tip two: rope`"]
    );
    assert_eq!(
        plan_of("Tip 1: boots\n**Tip 2:** rope\n#Close\n", "new"),
        ["2 lines inside the section look like markers and go with it: `**Tip 2:** rope` and `#Close`"]
    );
    // In the next section it stays, and nothing is said.
    assert!(plan_of("Tip 1: boots\nold\nTip 2:\ntip three: x\n", "new").is_empty());
    assert_eq!(
        plan_of("Tip 1: boots\nold\n", "**Rope**\nnew"),
        [
            "new_section begins with `**Rope**`, a marker of another kind (**bold** line): the numbered label `Tip 1: boots` stays above it"
        ]
    );
}

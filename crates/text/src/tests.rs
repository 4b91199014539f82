//! Nothing untrusted passes raw.

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;

use super::*;

fn shown(text: &(impl AsRef<[u8]> + ?Sized)) -> String {
    visible(text).iter().map(|span| span.text.as_ref()).collect()
}

/// Spelled out apart from `marks`: what may never stand in an output.
fn is_forbidden(character: char) -> bool {
    let code = u32::from(character);
    character.width().is_none()
        || (0x7f..=0x9f).contains(&code)
        || "\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{feff}\u{3164}"
            .contains(character)
        || (0x202a..=0x202e).contains(&code)
        || (0x2066..=0x206f).contains(&code)
        || (0xfe00..=0xfe0f).contains(&code)
        || (0xe0000..=0xe0fff).contains(&code)
}

fn assert_safe(output: &str) {
    let mut zero_width = 0;
    for character in output.chars() {
        assert!(!is_forbidden(character), "{:?} in {output:?}", character);
        zero_width = if character.width() == Some(0) {
            zero_width + 1
        } else {
            0
        };
        assert!(zero_width <= 4, "a flood in {output:?}");
    }
}

#[test]
fn plain_ascii_is_borrowed() {
    assert!(matches!(
        visible_line("Tip 1: breathe"),
        Cow::Borrowed("Tip 1: breathe")
    ));
    assert!(matches!(visible_line("low – tide é 海"), Cow::Borrowed(_)));
    assert!(matches!(visible_line(""), Cow::Borrowed("")));
}

#[test]
fn what_acts_on_a_terminal_becomes_a_mark() {
    for (raw, expected) in [
        ("\u{1b}[2J", "␛[2J"),
        ("\u{1b}]8;;http://x\u{7}go\u{1b}\\", "␛]8;;http://x␇go␛\\"),
        ("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇"),
        ("a\u{9b}31mb", "a<U+009B>31mb"),
        ("a\u{7f}b\0", "a␡b␀"),
        ("yes\rno\n", "yes␍no␊"),
        ("ok\u{202e}drow", "ok<U+202E>drow"),
        ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"),
        ("pass\u{200b}word", "pass<U+200B>word"),
        ("a\u{2028}b\u{85}", "a<U+2028>b<U+0085>"),
        ("x\u{e0041}", "x<U+E0041>"),
        ("❤\u{fe0f}", "❤<U+FE0F>"),
        ("👩\u{200d}🚀", "👩<U+200D>🚀"),
        ("12\u{a0}km", "12⍽km"),
        ("\u{feff}{", "<U+FEFF>{"),
    ] {
        assert_eq!(shown(raw), expected);
        assert_eq!(visible_line(raw), expected);
    }
}

#[test]
fn bytes_that_are_no_utf8_are_shown_one_by_one() {
    assert_eq!(shown(b"caf\xe9 \xff\xc3"), "caf<E9> <FF><C3>");
    assert_eq!(shown(b"\xed\xa0\x80"), "<ED><A0><80>", "a surrogate");
    assert_eq!(shown(b"\xe2\x80"), "<E2><80>", "cut in the middle");
}

#[test]
fn marks_are_flagged_so_that_they_are_not_taken_for_text() {
    let spans = visible("a\u{1b}b");
    let flags: Vec<_> = spans
        .iter()
        .map(|span| (span.text.as_ref(), span.kind == SpanKind::Mark))
        .collect();
    assert_eq!(flags, [("a", false), ("␛", true), ("b", false)]);
}

#[test]
fn accents_stay_and_floods_do_not() {
    assert_eq!(shown("e\u{301}"), "e\u{301}");
    assert_eq!(shown("\u{301}x"), "<U+0301>x", "nothing to stand on");
    let flood = format!("z{}!", "\u{335}".repeat(500));
    assert_eq!(shown(&flood), format!("z{}<496 combining>!", "\u{335}".repeat(4)));
}

#[test]
fn tabs_reach_the_next_stop() {
    assert_eq!(shown("\tx"), "    x");
    assert_eq!(shown("ab\tx"), "ab  x");
    assert_eq!(shown("海\tx"), "海  x", "two cells wide");
    let shape = LineShape {
        tab_cells: 8,
        blanks_from: 0,
    };
    let text: String = visible_window(b"a \tb \t", shape, &[], 0..80)
        .iter()
        .map(|span| span.text.as_ref())
        .collect();
    assert_eq!(text, "a       b·→     ");
}

#[test]
fn emphasis_makes_spans_of_its_own() {
    let spans = visible_window("dur 海12 x".as_bytes(), LineShape::default(), &[4..9, 10..11], 0..80);
    let flags: Vec<_> = spans
        .iter()
        .map(|span| (span.text.as_ref(), span.is_emphasised))
        .collect();
    assert_eq!(flags, [("dur ", false), ("海12", true), (" ", false), ("x", true)]);
}

#[test]
fn a_window_cuts_wide_characters_into_spaces() {
    let texts = |cells| {
        let spans = visible_window("a海b\u{1b}\u{202e}".as_bytes(), LineShape::default(), &[], cells);
        spans.iter().map(|span| span.text.as_ref()).collect::<String>()
    };
    assert_eq!(texts(0..2), "a ");
    assert_eq!(texts(2..4), " b");
    assert_eq!(texts(4..7), "␛<U");
    let (from, to) = (3, 1);
    assert_eq!(texts(from..to), "", "a window closed by a tiny terminal");
}

#[test]
fn fit_keeps_graphemes_whole() {
    assert_eq!(fit("storyboard", 6), "story…");
    assert_eq!(fit("reef", 6), "reef  ");
    assert_eq!(fit("海海海", 4), "海… ");
    assert_eq!(fit("海海", 4), "海海");
    assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    assert_eq!(fit("ab", 1), "…");
    assert_eq!(fit("ab", 0), "");
    assert_eq!(fit("🇩🇪🇫🇷", 3), "🇩🇪…");
}

fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\u{1b}",
        "\u{9b}",
        "\u{7}",
        "\t",
        "\r",
        "\u{202e}",
        "\u{2069}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{301}",
        "\u{335}",
        "海",
        "👩",
        "🏽",
        "🇩",
        "\u{1100}",
        "\u{1161}",
        "\u{11a8}",
        "\u{600}",
        "\u{94d}",
        "क",
        "a",
        " ",
        "ل",
        "ا",
        "\u{e0041}",
        "\u{34f}",
        "\u{2028}",
        "\u{a0}",
        "\u{ad}",
        "\u{1f3fb}",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..24).prop_map(|parts| parts.concat()),
        any::<String>()
    ]
}

proptest! {
    #[test]
    fn no_output_holds_what_acts_or_hides(text in nasty()) {
        assert_safe(&shown(&text));
        assert_safe(&visible_line(&text));
        assert_safe(&fit(&text, 7));
    }

    #[test]
    fn no_bytes_panic_or_get_through(bytes in prop::collection::vec(any::<u8>(), 0..64), from in 0usize..9, cells in 0usize..20) {
        assert_safe(&shown(&bytes));
        let spans = visible_window(&bytes, LineShape { tab_cells: 8, blanks_from: 0 }, &[2..5, 7..9], from..from + cells);
        let text: String = spans.iter().map(|span| span.text.as_ref()).collect();
        assert_safe(&text);
        let spans_width: usize = spans.iter().map(|span| width(&span.text)).sum();
        prop_assert!(spans_width <= cells);
    }

    #[test]
    fn making_visible_twice_changes_nothing(text in nasty()) {
        let once = visible_line(&text).into_owned();
        prop_assert_eq!(visible_line(&once), once.as_str());
    }

    #[test]
    fn fit_is_exact_and_cut_never_wider(text in nasty(), cells in 0usize..30) {
        prop_assert_eq!(width(&fit(&text, cells)), cells);
        prop_assert!(width(&cut(&text, cells)) <= cells);
    }

    #[test]
    fn windows_side_by_side_are_the_line(text in "[ -~]{0,60}", step in 1usize..9) {
        let whole = shown(&text);
        let parts: String = (0..60).step_by(step)
            .flat_map(|from| visible_window(text.as_bytes(), LineShape::default(), &[], from..from + step))
            .map(|span| span.text.into_owned())
            .collect();
        prop_assert_eq!(parts, whole);
    }
}

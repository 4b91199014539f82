//! The lines that open a section of a text: which lines those are, of what kind, and how deep (SPEC
//! §6).

/// What a marker line looks like. Sections end at the next marker of the same kind, so kinds never
/// nest in one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkerKind {
    /// `## Heading`, or a heading underlined with `===` or `---`; 1 is the highest level.
    Heading(u8),
    /// `**Heading**`
    Bold,
    /// `[music fades]`
    Cue,
    /// `INT. KITCHEN - DAY`
    Slug,
    /// `Tip 2:` or `Tip #2:`, with or without text after it
    Label,
}

/// One section's first line (two for an underlined heading).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker<'t> {
    /// Its kind and level.
    pub(super) kind: MarkerKind,
    /// The line, from 0.
    pub(super) index: usize,
    /// How many lines the marker itself takes.
    pub(super) height: usize,
    /// The line as it stands, without surrounding space.
    pub(super) text: &'t str,
    /// What it says without its signs.
    pub(super) title: &'t str,
}

impl MarkerKind {
    /// Whether both are of one kind, whatever their level.
    pub(super) fn is_same_kind(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// Whether a marker of this kind ends a section opened by the other: the same kind, the same or
    /// a higher level.
    pub(super) fn ends(self, opened: Self) -> bool {
        match (self, opened) {
            (Self::Heading(level), Self::Heading(opened)) => level <= opened,
            (Self::Heading(_), _) | (_, Self::Heading(_)) => false,
            (Self::Bold | Self::Cue | Self::Slug | Self::Label, _) => self == opened,
        }
    }

    /// The kind in words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Heading(_) => "heading",
            Self::Bold => "**bold** line",
            Self::Cue => "[cue] line",
            Self::Slug => "INT./EXT. slug",
            Self::Label => "numbered label",
        }
    }
}

/// The markers that are known, for hints.
pub(super) const KINDS_IN_WORDS: &str =
    "# headings, **bold** lines, [cue] lines, INT./EXT. slugs and labels such as Tip 2:";

/// Every marker of the text, given as its lines with or without their ends. Lines inside fenced
/// code blocks are none.
pub(super) fn markers<'t>(lines: &[&'t str]) -> Vec<Marker<'t>> {
    let mut found = Vec::new();
    let mut fence = Fence::default();
    for (index, line) in lines.iter().enumerate() {
        let line = visible(line);
        if fence.holds(line) {
            continue;
        }
        if let Some((kind, title)) = marker_of(line) {
            found.push(Marker {
                kind,
                index,
                height: 1,
                text: line.trim(),
                title,
            });
        } else if let Some(level) = underlined(lines, index) {
            let text = line.trim();
            found.push(Marker {
                kind: MarkerKind::Heading(level),
                index,
                height: 2,
                text,
                title: text,
            });
        }
    }
    found
}

/// The longest line of prose, in bytes.
pub(super) const PROSE_BYTES_MAX: usize = 300;
/// How many lines of prose are looked at.
const PROSE_LINES_MAX: usize = 50;

/// The first lines that say something and are no markers, with their indices.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let marked: Vec<usize> = markers(&lines).iter().map(|marker| marker.index).collect();
    let is_prose = move |index: usize, line: &str| {
        marked.binary_search(&index).is_err()
            && line.len() <= PROSE_BYTES_MAX
            && line.chars().any(char::is_alphanumeric)
            && !line.contains('\u{feff}')
    };
    lines
        .into_iter()
        .enumerate()
        .filter(move |(index, line)| is_prose(*index, line))
        .take(PROSE_LINES_MAX)
}

/// The lines, from 0, that are no markers and look as if somebody took them for one: `tip 2:`,
/// `Tip two:`, `**Tip 2:** text`, `#Opening`.
pub(super) fn lookalikes(lines: &[&str]) -> Vec<usize> {
    let mut fence = Fence::default();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let line = visible(line);
        if !fence.holds(line) && marker_of(line).is_none() && is_lookalike(line.trim()) {
            found.push(index);
        }
    }
    found
}

/// The code block that is open.
#[derive(Default)]
struct Fence(Option<(char, usize)>);

impl Fence {
    /// Takes in the next line; whether it is in a code block, or opens or closes one.
    fn holds(&mut self, line: &str) -> bool {
        match (self.0, fence_of(line)) {
            (Some((sign, length)), Some((other, long, ""))) if other == sign && long >= length => self.0 = None,
            (Some(_), _) => {}
            (None, Some((sign, length, _))) => self.0 = Some((sign, length)),
            (None, None) => return false,
        }
        true
    }
}

/// A line without its end and without a byte order mark.
fn visible(line: &str) -> &str {
    line.trim_start_matches('\u{feff}').trim_end()
}

/// The sign, length and rest of a code fence (CommonMark 4.5).
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let body = line.trim_start_matches(' ');
    if line.len() - body.len() > 3 {
        return None;
    }
    let sign = body.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let rest = body.trim_start_matches(sign);
    let length = body.len() - rest.len();
    // A back-tick fence may hold none in its info text, or it is inline code.
    let is_fence = length >= 3 && !(sign == '`' && rest.contains('`'));
    is_fence.then_some((sign, length, rest.trim()))
}

fn marker_of(line: &str) -> Option<(MarkerKind, &str)> {
    heading(line).or_else(|| {
        let text = line.trim();
        bold(text)
            .map(|title| (MarkerKind::Bold, title))
            .or_else(|| cue(text).map(|title| (MarkerKind::Cue, title)))
            .or_else(|| slug(text).map(|title| (MarkerKind::Slug, title)))
            .or_else(|| label(text).map(|title| (MarkerKind::Label, title)))
    })
}

/// A heading with number signs (CommonMark 4.2).
fn heading(line: &str) -> Option<(MarkerKind, &str)> {
    let body = line.trim_start_matches(' ');
    if line.len() - body.len() > 3 {
        return None;
    }
    let rest = body.trim_start_matches('#');
    let level = u8::try_from(body.len() - rest.len())
        .ok()
        .filter(|level| (1..=6).contains(level))?;
    if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let title = rest.trim();
    let unsigned = title.trim_end_matches('#');
    let title = if unsigned.len() < title.len() && (unsigned.is_empty() || unsigned.ends_with([' ', '\t'])) {
        unsigned.trim()
    } else {
        title
    };
    Some((MarkerKind::Heading(level), title))
}

/// The level of a heading that the next line underlines. Stricter than CommonMark 4.3: one line,
/// alone after a blank one, because scripts draw rules of dashes under ordinary text.
fn underlined(lines: &[&str], index: usize) -> Option<u8> {
    let line = visible(lines.get(index)?);
    let rule = visible(lines.get(index + 1)?);
    let after_blank = index == 0 || lines.get(index - 1).is_some_and(|before| before.trim().is_empty());
    let is_rule = |sign: char| rule.len() >= 3 && rule.chars().all(|character| character == sign);
    if !after_blank
        || line.trim().is_empty()
        || line.starts_with(['>', '-', '*', '+', '=', '\t', '|'])
        || line.starts_with("    ")
    {
        return None;
    }
    if is_rule('=') {
        Some(1)
    } else if is_rule('-') {
        Some(2)
    } else {
        None
    }
}

fn bold(text: &str) -> Option<&str> {
    let inner = text
        .strip_suffix(':')
        .unwrap_or(text)
        .strip_prefix("**")?
        .strip_suffix("**")?;
    let is_title =
        !inner.trim().is_empty() && !inner.contains("**") && !inner.starts_with('*') && !inner.ends_with('*');
    is_title.then(|| inner.trim().trim_end_matches(':'))
}

fn cue(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let is_title = !inner.trim().is_empty() && !inner.contains(['[', ']']);
    is_title.then_some(inner.trim())
}

fn slug(text: &str) -> Option<&str> {
    const OPENINGS: [&str; 9] = [
        "INT./EXT.",
        "EXT./INT.",
        "INT/EXT.",
        "EXT/INT.",
        "INT./EXT",
        "INT.",
        "EXT.",
        "I/E.",
        "EST.",
    ];
    let rest = OPENINGS.iter().find_map(|opening| text.strip_prefix(opening))?;
    (rest.starts_with([' ', '\t']) && !rest.trim().is_empty()).then_some(text)
}

/// One or two capitalised words, a number, a colon: `Tip 2:`, `Tip #2:`, `Pro Tip 3: bring boots`,
/// but not `At 10:30`.
fn label(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once(':')?;
    if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
        return None;
    }
    let mut words = name.split(' ').rev();
    let number = words.next()?;
    let is_number = is_number(number);
    let mut count = 0;
    for word in words {
        count += 1;
        let is_capitalised = word
            .chars()
            .next()
            .is_some_and(|first| first.is_alphabetic() && !first.is_lowercase());
        if !is_capitalised
            || !word
                .chars()
                .all(|character| character.is_alphanumeric() || matches!(character, '-' | '\'' | '\u{2019}'))
        {
            return None;
        }
    }
    (is_number && (1..=2).contains(&count)).then_some(name)
}

/// Up to four digits, with or without a number sign.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('#').unwrap_or(word);
    (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_lookalike(text: &str) -> bool {
    let is_heading = text.trim_start_matches('#').starts_with(char::is_alphabetic) && text.matches('#').count() <= 6;
    let is_underscored = text.len() > 4 && text.starts_with("__") && text.ends_with("__");
    (text.starts_with('#') && !text.contains(' ') && is_heading)
        || is_underscored
        || is_bold_opening(text)
        || is_numbered(text)
        || is_loose_slug(text)
}

/// `**Tip 2:** text`, `**Opening**: text`
fn is_bold_opening(text: &str) -> bool {
    let parts = text.strip_prefix("**").and_then(|rest| rest.split_once("**"));
    parts.is_some_and(|(inner, rest)| !inner.trim().is_empty() && (inner.ends_with(':') || rest.starts_with(':')))
}

/// `tip 2:`, `Step 3) boots`, `Tip two:`, `Scene 4 - beach`
fn is_numbered(text: &str) -> bool {
    const NUMBERS: [&str; 10] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let signs = [":", ")", " - ", " \u{2013} ", " \u{2014} "];
    let Some((name, rest)) = signs
        .iter()
        .filter_map(|sign| text.split_once(sign))
        .min_by_key(|(name, _)| name.len())
    else {
        return false;
    };
    let words: Vec<&str> = name.split(' ').collect();
    let Some((number, before)) = words.split_last() else {
        return false;
    };
    let is_counted = is_number(number) || NUMBERS.contains(&number.to_lowercase().as_str());
    let is_name = |word: &&str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    is_counted && (1..=2).contains(&before.len()) && before.iter().all(is_name) && !rest.starts_with(char::is_numeric)
}

/// `Int. kitchen`, `EXT BEACH - DAY`
fn is_loose_slug(text: &str) -> bool {
    let Some((opening, rest)) = text.split_once(' ') else {
        return false;
    };
    let place = opening.trim_end_matches('.');
    let is_exact = ["INT", "EXT"].contains(&place);
    let is_dotted = opening.ends_with('.') && (place.eq_ignore_ascii_case("int") || place.eq_ignore_ascii_case("ext"));
    (is_exact || is_dotted) && !rest.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(MarkerKind, usize, &str)> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        markers(&lines)
            .iter()
            .map(|marker| (marker.kind, marker.index, marker.title))
            .collect()
    }

    #[test]
    fn the_kinds_of_real_scripts_are_seen() {
        use MarkerKind::{Bold, Cue, Heading, Label, Slug};
        for (line, expected) in [
            ("# Opening", Some((Heading(1), "Opening"))),
            ("### Opening ###", Some((Heading(3), "Opening"))),
            ("   ## C#", Some((Heading(2), "C#"))),
            ("\u{feff}# Opening\r\n", Some((Heading(1), "Opening"))),
            ("#hashtag", None),
            ("####### seven", None),
            ("    # code", None),
            (
                "**Opening \u{2013} Low Tide**",
                Some((Bold, "Opening \u{2013} Low Tide")),
            ),
            ("**Opening:**  ", Some((Bold, "Opening"))),
            ("**Opening**:", Some((Bold, "Opening"))),
            ("**one** and **two**", None),
            ("***", None),
            ("****", None),
            ("**bold** start", None),
            ("[music fades]", Some((Cue, "music fades"))),
            ("[a](b)", None),
            ("[a][b]", None),
            ("[]", None),
            ("INT. KITCHEN - DAY", Some((Slug, "INT. KITCHEN - DAY"))),
            ("INT./EXT. CAR - NIGHT", Some((Slug, "INT./EXT. CAR - NIGHT"))),
            ("EXT. BEACH", Some((Slug, "EXT. BEACH"))),
            ("EXTRA. BEACH", None),
            ("INT.", None),
            ("Tip 2:", Some((Label, "Tip 2"))),
            ("Tip 2: Bring boots", Some((Label, "Tip 2"))),
            ("Pro Tip 12:", Some((Label, "Pro Tip 12"))),
            ("Tip #2:", Some((Label, "Tip #2"))),
            ("Tip #2: Bring boots", Some((Label, "Tip #2"))),
            ("Tip ##2:", None),
            ("Tip #:", None),
            ("#2:", None),
            ("At 10:30 the boats leave", None),
            ("On day 5: we left", None),
            ("Tip:", None),
            ("2:", None),
        ] {
            let seen = kinds(line).first().map(|(kind, _, title)| (*kind, *title));
            assert_eq!(seen, expected, "{line:?}");
        }
    }

    #[test]
    fn what_looks_like_a_marker_is_told_from_what_is_one_and_what_is_text() {
        let text = "Tip 2:\ntip 2: boots\nTip two:\n**Tip 3:** bring boots\n**Opening**: low tide\n#Opening\n__Close__\nStep 3) go\n\
                    Scene 4 - beach\nInt. kitchen\nEXT BEACH - DAY\n```\ntip 9:\n```\nAt 10:30 the boats leave\nIt is 5: late\n#a #b\n\
                    one and **two:** three\nBring boots.\nInternal matters\n- Tip 2\n";
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let alike = |index: &usize| lines[*index].trim_end();
        assert_eq!(
            lookalikes(&lines).iter().map(alike).collect::<Vec<_>>(),
            [
                "tip 2: boots",
                "Tip two:",
                "**Tip 3:** bring boots",
                "**Opening**: low tide",
                "#Opening",
                "__Close__",
                "Step 3) go",
                "Scene 4 - beach",
                "Int. kitchen",
                "EXT BEACH - DAY",
                "It is 5: late",
            ]
        );
    }

    #[test]
    fn underlined_headings_stand_alone_after_a_blank_line() {
        let found = kinds("Title\n=====\n\ntext\nmore\n---\n\nPart\n---\n");
        assert_eq!(
            found,
            [
                (MarkerKind::Heading(1), 0, "Title"),
                (MarkerKind::Heading(2), 7, "Part")
            ]
        );
    }

    #[test]
    fn code_blocks_hold_no_markers() {
        let found = kinds("# A\n```sh\n# not a heading\n~~~\n```\n# B\n~~~~\n# no\n~~~\n# no\n");
        assert_eq!(found.iter().map(|(_, index, _)| *index).collect::<Vec<_>>(), [0, 5]);
        assert_eq!(kinds("```inline``` text\n# A\n").len(), 1);
    }

    #[test]
    fn sections_end_at_the_same_kind_and_the_same_or_a_higher_level() {
        use MarkerKind::{Bold, Cue, Heading};
        assert!(Heading(1).ends(Heading(2)));
        assert!(Heading(2).ends(Heading(2)));
        assert!(!Heading(3).ends(Heading(2)));
        assert!(!Bold.ends(Heading(1)));
        assert!(!Heading(1).ends(Bold));
        assert!(Cue.ends(Cue));
        assert!(!Cue.ends(Bold));
    }
}

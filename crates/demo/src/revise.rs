//! A second draft: what was asked for changes, the rest stays as the operator read it.

use super::Film;
use super::notes::{Passage, Wish};
use super::script::{Script, Section};

/// Changes a draft by the wishes, in order. Without a wish, or when none of them found anything to
/// change, the opening and the last tip are said in other words.
pub(crate) fn revise(draft: Script, wishes: &[Wish], film: &Film, facts: &[(String, String)]) -> Script {
    let mut revised = draft.clone();
    for wish in wishes {
        apply(&mut revised, wish, film, facts);
    }
    if revised == draft {
        apply(&mut revised, &Wish::Reword(Passage::Anywhere), film, facts);
    }
    renumber(&mut revised);
    revised
}

fn apply(draft: &mut Script, wish: &Wish, film: &Film, facts: &[(String, String)]) {
    match wish {
        Wish::Reword(place) => {
            for index in places(draft, *place) {
                reword(&mut draft.sections[index], film);
            }
        }
        Wish::Shorten(place) => {
            for index in places(draft, *place) {
                shorten(&mut draft.sections[index]);
            }
        }
        Wish::Extend(place) => {
            for index in places(draft, *place) {
                extend(&mut draft.sections[index], film, facts);
            }
        }
        Wish::Mention(words) => mention(draft, words),
        Wish::Replace(old, new) => {
            for section in &mut draft.sections {
                section.marker = section.marker.replace(old, new);
                for line in &mut section.lines {
                    *line = line.replace(old, new);
                }
            }
        }
        Wish::Remove(words) => remove(draft, words),
    }
}

/// Indexes of the sections meant. Nowhere in particular means the opening and the last tip: where a
/// draft is weakest.
fn places(draft: &Script, place: Passage) -> Vec<usize> {
    let last = draft.sections.len().saturating_sub(1);
    let meant = match place {
        Passage::Opening => vec![0],
        Passage::Ending => vec![last],
        Passage::Tip(number) => {
            let marker = format!("Tip {number}:");
            draft
                .sections
                .iter()
                .position(|section| section.marker.starts_with(&marker))
                .into_iter()
                .collect()
        }
        Passage::Anywhere => vec![0, last.saturating_sub(1)],
    };
    meant
        .into_iter()
        .filter(|index| *index < draft.sections.len())
        .collect()
}

fn reword(section: &mut Section, film: &Film) {
    let pairs = wordings(film);
    for line in &mut section.lines {
        // Asked a second time, the writer goes back to the first words rather than to none.
        if let Some((_, other)) = pairs.iter().find(|(first, _)| *first == line) {
            *line = (*other).clone();
        } else if let Some((first, _)) = pairs.iter().find(|(_, other)| *other == line) {
            *line = (*first).clone();
        }
    }
}

/// Keeps the cue and the first spoken sentence.
fn shorten(section: &mut Section) {
    let mut spoken = false;
    section.lines.retain_mut(|line| {
        if line.starts_with('[') {
            return true;
        }
        // A full stop inside a number, as in 112.5, ends nothing.
        if let Some(end) = [". ", "! ", "? "].iter().filter_map(|end| line.find(end)).min() {
            line.truncate(end + 1);
        }
        !std::mem::replace(&mut spoken, true)
    });
}

/// Adds a fact that was not said yet, else the film's other words as a second thought.
fn extend(section: &mut Section, film: &Film, facts: &[(String, String)]) {
    let label = section.marker.split_once(": ").map_or("", |(_, label)| label);
    let fact = facts
        .iter()
        .find(|(tip, claim)| tip == label && !section.lines.contains(claim));
    let other = wordings(film)
        .into_iter()
        .find(|(first, _)| section.lines.contains(first))
        .map(|(_, other)| other);
    let line = fact.map(|(_, claim)| claim).or(other);
    if let Some(line) = line.filter(|line| !section.lines.contains(line)) {
        let end = end_of_speech(section);
        section.lines.insert(end, line.clone());
    }
}

/// Every sentence of the film that has a second wording, with it.
fn wordings(film: &Film) -> Vec<(&String, &String)> {
    let mut pairs = vec![(&film.hook[0], &film.hook[1]), (&film.close[0], &film.close[1])];
    pairs.extend(film.tips.iter().map(|tip| (&tip.line, &tip.other)));
    pairs
}

/// Where a further sentence goes: behind the last one that is said, above an end card.
fn end_of_speech(section: &Section) -> usize {
    let last = section.lines.iter().rposition(|line| !line.starts_with('['));
    last.map_or(section.lines.len(), |index| index + 1)
}

/// Works the words in where the draft already speaks of such things, else into the last tip.
fn mention(draft: &mut Script, words: &str) {
    let wanted: Vec<String> = content_words(words);
    let related = |section: &Section| {
        let text = format!("{} {}", section.marker, section.lines.join(" "));
        content_words(&text).iter().filter(|word| wanted.contains(word)).count()
    };
    let fallback = draft.sections.len().saturating_sub(2);
    let best = (0..draft.sections.len()).max_by_key(|index| (related(&draft.sections[*index]), *index == fallback));
    let Some(section) = best.and_then(|index| draft.sections.get_mut(index)) else {
        return;
    };
    let end = end_of_speech(section);
    section.lines.insert(end, sentence(words));
}

fn remove(draft: &mut Script, words: &str) {
    let wanted = words.to_lowercase();
    let tip = wanted
        .strip_prefix("tip ")
        .map(|number| format!("Tip {}:", number.trim()));
    // The opening and the ending hold the film together; their lines may go, they may not.
    let last = draft.sections.len().saturating_sub(1);
    let mut index = 0;
    draft.sections.retain_mut(|section| {
        let is_frame = index == 0 || index == last;
        index += 1;
        if !is_frame && tip.as_ref().is_some_and(|tip| section.marker.starts_with(tip)) {
            return false;
        }
        section
            .lines
            .retain(|line| line.starts_with('[') || !line.to_lowercase().contains(&wanted));
        is_frame || section.spoken().next().is_some()
    });
}

fn renumber(draft: &mut Script) {
    let mut number = 0;
    for section in &mut draft.sections {
        if let Some((_, label)) = section
            .marker
            .strip_prefix("Tip ")
            .and_then(|rest| rest.split_once(": "))
        {
            number += 1;
            section.marker = format!("Tip {number}: {label}");
        }
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.trim().chars();
    let text: String = letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    if text.ends_with(['.', '!', '?', '…']) {
        text
    } else {
        text + "."
    }
}

fn content_words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film() -> Film {
        Film::samples()
            .unwrap()
            .into_iter()
            .find(|film| film.slug == "fire-drill-basement")
            .unwrap()
    }

    fn draft() -> Script {
        let film = film();
        let mut text = format!("**{}**\n{}\n\n", film.title, film.hook[0]);
        for (index, tip) in film.tips.iter().enumerate() {
            text += &format!(
                "Tip {}: {}\n[cut to: {}]\n{}\n\n",
                index + 1,
                tip.label,
                tip.cue,
                tip.line
            );
        }
        Script::parse(&(text + &format!("**Before you go**\n{}", film.close[0])))
    }

    fn changed(wishes: &[Wish]) -> String {
        revise(draft(), wishes, &film(), &[]).text()
    }

    #[test]
    fn a_named_tip_changes_and_its_neighbours_do_not() {
        let text = changed(&[Wish::Reword(Passage::Tip(2))]);
        assert!(text.contains(&film().tips[1].other) && !text.contains(&film().tips[1].line));
        assert!(text.contains(&film().tips[0].line) && text.contains(&film().hook[0]));
    }

    #[test]
    fn a_mention_lands_where_the_text_speaks_of_it() {
        let revised = revise(draft(), &[Wish::Mention("the stair has 31 steps".into())], &film(), &[]);
        assert_eq!(revised.sections[2].lines.last().unwrap(), "The stair has 31 steps.");
    }

    #[test]
    fn a_removed_tip_is_gone_and_the_others_close_up() {
        let text = changed(&[Wish::Remove("tip 2".into())]);
        assert!(!text.contains("Leave the lift alone") && text.contains("Tip 2: Close, do not lock"));
    }

    #[test]
    fn a_wish_that_finds_nothing_still_changes_the_draft() {
        assert_ne!(changed(&[Wish::Remove("zeppelin".into())]), draft().text());
        assert_ne!(changed(&[]), draft().text());
    }

    #[test]
    fn extending_says_a_fact_first_and_then_a_second_thought() {
        let facts = [("Leave the lift alone".to_string(), "It has no battery.".to_string())];
        let wish = Wish::Extend(Passage::Tip(2));
        let revised = revise(draft(), &[wish.clone(), wish], &film(), &facts);
        let film = film();
        let lines: Vec<_> = revised.sections[2].spoken().collect();
        assert_eq!(lines, [&film.tips[1].line, "It has no battery.", &film.tips[1].other]);
    }

    #[test]
    fn shortening_keeps_the_first_sentence() {
        let revised = revise(draft(), &[Wish::Shorten(Passage::Tip(1))], &film(), &[]);
        assert_eq!(
            revised.sections[1].spoken().collect::<Vec<_>>(),
            ["Back of the hand, top of the door."]
        );
    }
}

//! Captions in SubRip form: cut into readable lines, timed by the words they hold, written and read
//! back.

/// Letters that fit on the screen at once.
const LETTERS_MAX: usize = 84;

/// One caption; times in milliseconds of the film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caption {
    /// When it appears.
    pub(crate) from_ms: u64,
    /// When it goes.
    pub(crate) to_ms: u64,
    /// What it says.
    pub(crate) text: String,
}

/// Cuts the words of a scene into captions that share its time by their number of letters.
pub(crate) fn split(text: &str, start_ms: u64, duration_ms: u64) -> Vec<Caption> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match parts.last_mut() {
            Some(part) if part.chars().count() + word.chars().count() < LETTERS_MAX => {
                part.push(' ');
                part.push_str(word);
            }
            Some(_) | None => parts.push(word.to_string()),
        }
    }
    let letters: u64 = parts.iter().map(|part| part.chars().count() as u64).sum();
    let mut done = 0;
    let mut captions = Vec::new();
    for part in parts {
        let from_ms = start_ms + duration_ms * done / letters.max(1);
        done += part.chars().count() as u64;
        captions.push(Caption {
            from_ms,
            to_ms: start_ms + duration_ms * done / letters.max(1),
            text: part,
        });
    }
    captions
}

/// The file.
pub(crate) fn write(captions: &[Caption]) -> String {
    let blocks = captions.iter().enumerate().map(|(index, caption)| {
        format!(
            "{}\n{} --> {}\n{}\n",
            index + 1,
            time(caption.from_ms),
            time(caption.to_ms),
            caption.text
        )
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The captions of a file, or the number of the block that is none.
pub(crate) fn read(text: &str) -> Result<Vec<Caption>, usize> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks
        .enumerate()
        .map(|(index, block)| read_block(block).ok_or(index + 1))
        .collect()
}

fn read_block(block: &str) -> Option<Caption> {
    let mut lines = block.trim().lines();
    lines.next()?.trim().parse::<u32>().ok()?;
    let (from, to) = lines.next()?.split_once(" --> ")?;
    let text = lines.collect::<Vec<_>>().join("\n");
    Some(Caption {
        from_ms: read_time(from)?,
        to_ms: read_time(to)?,
        text,
    })
}

fn time(at_ms: u64) -> String {
    let (seconds, minutes) = (at_ms / 1_000, at_ms / 60_000);
    format!(
        "{:02}:{:02}:{:02},{:03}",
        minutes / 60,
        minutes % 60,
        seconds % 60,
        at_ms % 1_000
    )
}

fn read_time(text: &str) -> Option<u64> {
    let (clock, millis) = text.trim().split_once(',')?;
    let parts = clock
        .split(':')
        .map(|part| part.parse::<u64>().ok())
        .collect::<Option<Vec<_>>>()?;
    let [hours, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    let seconds = hours
        .checked_mul(3_600)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(*seconds)?;
    seconds.checked_mul(1_000)?.checked_add(millis.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_share_their_scene_without_gaps_and_read_back() {
        let text = "Every buoy has its own rhythm – say it under your breath, and check the chart afterwards, twice if need be.";
        let captions = split(text, 3_661_000, 7_000);
        assert_eq!(captions.len(), 2);
        assert_eq!((captions[0].from_ms, captions[1].to_ms), (3_661_000, 3_668_000));
        assert_eq!(captions[0].to_ms, captions[1].from_ms);
        assert!(write(&captions).starts_with("1\n01:01:01,000 --> "));
        assert_eq!(read(&write(&captions)), Ok(captions));
    }

    #[test]
    fn a_block_that_is_no_caption_is_numbered() {
        assert_eq!(read("1\n00:00:00,000 --> 00:00:01,000\nA\n\n2\nnonsense\nB\n"), Err(2));
    }
}

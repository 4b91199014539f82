//! A sound as a table with its outline, a picture as its size with a preview: before and after.
//! Every fact has a word.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::facts::shorten;
use crate::layout::below;
use crate::media::picture::{self, PictureFacts, Small};
use crate::media::sound::{Bar, OUTLINE_FLOOR_DB, facts, outline};
use crate::media::{Media, MediaFact, MediaPair};
use crate::theme::{Theme, nearest};
use sound::AudioFacts;
use text::width;
use text::words::duration;

/// The two versions in words, and what is told of every binary.
#[derive(Debug)]
pub struct Versions {
    /// Digest of the base, short, and where it came from; none without a base.
    pub(crate) before: Option<String>,
    /// Digest of the version under review, short.
    pub(crate) now: String,
    /// Size of the version under review.
    pub(crate) size: String,
    /// Where it lies, to be played or opened.
    pub(crate) path: String,
}

/// Draws what is known; returns the lines used.
pub fn draw(media: &Media, versions: &Versions, theme: Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    match media {
        Media::Sound(pair) => draw_sound(pair, versions, theme, area, buffer),
        Media::Picture(pair, differing) => draw_picture(pair, *differing, versions, theme, area, buffer),
    }
}

/// The cells of the names of facts.
const NAME_CELLS: usize = 10;

fn draw_table(rows: &[MediaFact], versions: &Versions, theme: Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    let compared = || {
        rows.iter()
            .filter(|row| !row.before.is_empty() || !row.change.is_empty())
    };
    let longest = |cell: fn(&MediaFact) -> &str| compared().map(|row| width(cell(row))).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(1 + NAME_CELLS);
    // The last column is short; the two versions share the rest.
    let before_cells = match &versions.before {
        Some(before) => (longest(|row| &row.before).max(width(before)) + 2).min(room.saturating_sub(12) / 2),
        None => 0,
    };
    let now_cells = (longest(|row| &row.now).max(width(&versions.now)) + 2).min(room.saturating_sub(before_cells));
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1).cell("", NAME_CELLS, theme.strong());
    if let Some(before) = &versions.before {
        gapped(&mut pen, before, before_cells, theme.removed());
    }
    gapped(&mut pen, &versions.now, now_cells, theme.added());
    for (line, row) in (1..).zip(rows) {
        let style = if row.is_alarming { theme.urgent() } else { theme.plain() };
        let mut pen = RowWriter::at_line(buffer, area, line);
        pen.skip(1).cell(row.name, NAME_CELLS, theme.strong());
        // What is told once has the whole line.
        if row.change.is_empty() && row.before.is_empty() {
            pen.text(&row.now, style);
            continue;
        }
        if versions.before.is_some() {
            gapped(&mut pen, &row.before, before_cells, theme.plain());
        }
        gapped(&mut pen, &row.now, now_cells, style);
        let is_same = row.change == "same";
        pen.text(&row.change, if is_same { theme.plain() } else { theme.warning() });
    }
    u16::try_from(rows.len() + 1).unwrap_or(u16::MAX)
}

/// A column, and a blank before the next one.
fn gapped(pen: &mut RowWriter<'_>, text: &str, cells: usize, style: Style) {
    pen.cell(text, cells.saturating_sub(1), style).cell("", 1, style);
}

fn draw_sound(pair: &MediaPair<AudioFacts>, versions: &Versions, theme: Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    let mut rows = facts(pair);
    rows.extend(file_rows(versions));
    let used = draw_table(&rows, versions, theme, area, buffer);
    let rest = below(area, used);
    let before = pair.known_before();
    let Ok(now) = &pair.now else {
        return used;
    };
    let duration_s = before.map_or(0.0, |before| before.duration_s).max(now.duration_s);
    let base = before.map(|before| ("base", before, theme.removed()));
    let sounds: Vec<_> = base.into_iter().chain([("now", now, theme.added())]).collect();
    // A line each for the name and the marks of clipping, the rest for the bars.
    let each = rest.height / u16::try_from(sounds.len()).unwrap_or(1);
    let bar_lines = each.saturating_sub(1).min(4);
    if bar_lines == 0 || duration_s <= 0.0 {
        return used;
    }
    let has_base = sounds.len() > 1;
    let mut line = 0;
    for (name, sound, style) in sounds {
        let columns = usize::from(rest.width).saturating_sub(2);
        let bars = outline(sound, columns, duration_s);
        let head = format!("{name}  {OUTLINE_FLOOR_DB:.0} to 0 dB over {}", seconds(duration_s));
        let mut pen = RowWriter::at_line(buffer, rest, line);
        pen.skip(1).text(&head, theme.plain());
        draw_clips(&bars, theme, &mut pen);
        if line == 0 {
            let legend = "█ RMS inside ░ peak";
            let wordings = match has_base {
                true => vec![format!("   both on this one axis   {legend}"), format!("   {legend}")],
                false => vec![format!("   {legend}")],
            };
            let legend = shorten::fitting(wordings, |words| width(words) <= pen.room());
            pen.text(&legend.unwrap_or_default(), theme.plain());
        }
        for bar_line in 0..bar_lines {
            let text: String = bars.iter().map(|bar| block(*bar, bar_lines, bar_line)).collect();
            RowWriter::at_line(buffer, rest, line + 1 + bar_line)
                .skip(1)
                .text(&text, style);
        }
        line += 1 + bar_lines;
    }
    used.saturating_add(line)
}

/// How many columns of the outline clip, and which is the first.
fn draw_clips(bars: &[Bar], theme: Theme, pen: &mut RowWriter<'_>) {
    let count = bars.iter().filter(|bar| bar.clips).count();
    if let Some(first) = bars.iter().position(|bar| bar.clips) {
        let percent = first * 100 / bars.len().max(1);
        let words = format!("   !CLIPS in {count} places, first at {percent} %");
        pen.text(&words, theme.urgent());
    }
}

fn seconds(seconds: f64) -> String {
    duration(seconds.round().max(0.0) as u64)
}

/// The part of a bar that stands in one of its lines, counted from the top: its mean level in full
/// blocks, and what its peak is above that in light ones.
fn block(bar: Bar, lines: u16, line: u16) -> char {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const PEAK: char = '░';
    let below = usize::from(lines.saturating_sub(line + 1)) * 8;
    let here = |height: f64| {
        let eighths = (height * f64::from(lines) * 8.0).round().max(0.0) as usize;
        eighths.saturating_sub(below).min(8)
    };
    // A sound that is there is never drawn as none.
    let is_foot = line + 1 == lines && bar.height > 0.0;
    match (here(bar.mean), here(bar.height)) {
        // A peak of less than half a cell is nearer to the line below.
        (0, 4..) => PEAK,
        (0, 0) if is_foot => '▁',
        (0, 1..) if is_foot => PEAK,
        (0, _) => ' ',
        (mean, _) => BLOCKS.get(mean).copied().unwrap_or(' '),
    }
}

/// What is told of every binary.
fn file_rows(versions: &Versions) -> [MediaFact; 2] {
    let row = |name: &'static str, now: &str| MediaFact {
        name,
        before: String::new(),
        now: now.to_owned(),
        change: String::new(),
        is_alarming: false,
    };
    [row("size", &versions.size), row("file", &versions.path)]
}

fn draw_picture(
    pair: &MediaPair<PictureFacts>,
    differing: Option<f64>,
    versions: &Versions,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> u16 {
    let mut rows = vec![picture::fact(pair, differing)];
    rows.extend(file_rows(versions));
    let used = draw_table(&rows, versions, theme, area, buffer);
    let rest = below(area, used);
    let smalls: Vec<(&str, &Small)> = [("base", pair.before.as_ref()), ("now", Some(&pair.now))]
        .into_iter()
        .filter_map(|(name, told)| Some((name, &told?.as_ref().ok()?.small)))
        .collect();
    let count = u16::try_from(smalls.len()).unwrap_or(1).max(1);
    let half = rest.width / count;
    for ((name, small), at) in smalls.into_iter().zip(0..) {
        let area = Rect {
            x: rest.x + half * at + 1,
            width: half.saturating_sub(2),
            ..rest
        };
        RowWriter::new(buffer, area).text(name, theme.plain());
        draw_small(small, theme, below(area, 1), buffer);
    }
    area.height
}

fn draw_small(small: &Small, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (columns, half_lines) = small.fitting(usize::from(area.width), usize::from(area.height) * 2);
    for line in 0..half_lines.div_ceil(2) {
        let Ok(row) = u16::try_from(line) else {
            return;
        };
        let mut pen = RowWriter::at_line(buffer, area, row);
        for column in 0..columns {
            let upper = small.cell(column, line * 2, columns, half_lines);
            let lower = small.cell(column, line * 2 + 1, columns, half_lines);
            if theme.has_palette {
                let style = Style::new().fg(nearest(upper)).bg(nearest(lower));
                pen.text("▀", style);
            } else {
                pen.text(shade([upper, lower]), theme.plain());
            }
        }
    }
}

/// Brightness in five shades, where there are no colours to show it: bright parts are full, as on a
/// dark background.
fn shade(halves: [[u8; 3]; 2]) -> &'static str {
    let brightness: u32 = halves
        .into_iter()
        .map(|[red, green, blue]| (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000)
        .sum();
    match brightness / 2 {
        ..32 => " ",
        32..96 => "░",
        96..160 => "▒",
        160..224 => "▓",
        _ => "█",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_their_foot() {
        let column = |height: f64, mean: f64| {
            let bar = Bar {
                height,
                mean,
                clips: false,
            };
            (0..3).map(|line| block(bar, 3, line)).collect::<String>()
        };
        assert_eq!(column(1.0, 1.0), "███");
        assert_eq!(column(0.5, 0.5), " ▄█");
        assert_eq!(column(1.0, 0.5), "░▄█");
        assert_eq!(column(1.0, 0.0), "░░░");
        assert_eq!(column(0.4, 0.333), "  █", "less than half a cell above the mean");
        assert_eq!(column(0.0, 0.0), "   ");
        assert_eq!(column(0.001, 0.0), "  ▁", "there is a sound");
    }
}

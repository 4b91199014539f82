//! The assembly: an edit list that ties pictures, sound and captions together, and a tiny
//! uncompressed preview film.

use super::storyboard::{self, Scene};
use super::work::Work;
use super::{DemoError, animatics, audio};
use serde_json::json;

const WIDTH: usize = 96;
const HEIGHT: usize = 54;
const FRAMES_PER_SECOND: usize = 4;
/// Brightness and two colour differences as YUV4MPEG2 wants them.
type Colour = (u8, u8, u8);

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let scenes = storyboard::scenes(work)?;
    let timing = work.read_json(animatics::PATH)?;
    let total_ms: u64 = scenes.iter().map(|scene| scene.duration_ms).sum();
    work.step("cutting the preview", 0.6);
    let palette = work.brief.film.palette.clone();
    let speed = animatics::playable_speed(work, &scenes)?;
    let preview = preview(&scenes, total_ms, speed, &palette);
    work.write("preview.y4m", &preview)?;
    let mut sound = Vec::new();
    for path in [audio::TUNE_PATH, audio::VOICE_PATH, audio::CAPTIONS_PATH] {
        let bytes = work.read_bytes(path)?;
        sound.push(json!({"path": path, "size_bytes": bytes.len(), "sha256": super::assets::digest(&bytes)}));
    }
    work.step("writing the edit list", 0.4);
    let document = json!({
        "title": work.brief.film.title,
        "cut": work.env.attempt,
        "total_ms": total_ms,
        "guide_speed": speed,
        "sound": sound,
        "moves": timing.get("moves"),
    });
    work.write_json("edit.json", &document)
}

/// One flat picture for each scene with a bar that shows how far the film has come, at the speed of
/// the guide track.
fn preview(scenes: &[Scene], total_ms: u64, speed: f64, palette: &[String; 3]) -> Vec<u8> {
    let colours: Vec<Colour> = palette.iter().map(|text| colour(text)).collect();
    let frames = (total_ms as f64 / 1_000.0 / speed * FRAMES_PER_SECOND as f64).ceil() as usize;
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n").into_bytes();
    for frame in 0..frames {
        let at_ms = (frame as f64 / FRAMES_PER_SECOND as f64 * speed * 1_000.0) as u64;
        let mut end_ms = 0;
        let number = scenes.iter().position(|scene| {
            end_ms += scene.duration_ms;
            at_ms < end_ms
        });
        let number = number.unwrap_or(scenes.len());
        let pick = |offset: usize| {
            colours
                .get((number + offset) % colours.len().max(1))
                .copied()
                .unwrap_or_default()
        };
        draw(&mut film, pick(0), pick(1), WIDTH * frame / frames.max(1));
    }
    film
}

fn draw(film: &mut Vec<u8>, ground: Colour, bar: Colour, bar_width: usize) {
    film.extend_from_slice(b"FRAME\n");
    let at = |x: usize, y: usize, height: usize| {
        if y * 6 >= height * 5 && x <= bar_width {
            bar
        } else {
            ground
        }
    };
    film.extend((0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| at(x, y, HEIGHT).0)));
    for plane in [|colour: Colour| colour.1, |colour: Colour| colour.2] {
        film.extend((0..HEIGHT / 2).flat_map(|y| (0..WIDTH / 2).map(move |x| plane(at(2 * x, y, HEIGHT / 2)))));
    }
}

/// `#rrggbb` in the full-range matrix of JPEG.
fn colour(text: &str) -> Colour {
    let part = |start: usize| {
        let digits = text.get(start..start + 2).unwrap_or("00");
        f64::from(u8::from_str_radix(digits, 16).unwrap_or(0))
    };
    let (red, green, blue) = (part(1), part(3), part(5));
    let bright = 0.299 * red + 0.587 * green + 0.114 * blue;
    (
        bright as u8,
        (128.0 + 0.564 * (blue - bright)) as u8,
        (128.0 + 0.713 * (red - bright)) as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preview_has_whole_frames_of_the_size_its_header_names() {
        let scenes = [Scene {
            id: "s01".into(),
            text: String::new(),
            duration_ms: 3_000,
        }];
        let film = preview(
            &scenes,
            3_000,
            1.0,
            &["#000000".into(), "#ffffff".into(), "#ff0000".into()],
        );
        let header = film.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        assert_eq!(film.len() - header, 12 * (6 + WIDTH * HEIGHT * 3 / 2));
        assert_eq!(colour("#ffffff"), (255, 128, 128));
    }
}

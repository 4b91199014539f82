//! What is measured: a storyboard and a script of about so many bytes, and versions of them with
//! few and with many edits.
#![allow(dead_code, reason = "every bench compiles this module for itself and uses its part")]

/// Names and bytes.
pub const SIZES: [(&str, usize); 4] = [
    ("1kB", 1_000),
    ("100kB", 100_000),
    ("1MB", 1_000_000),
    ("10MB", 10_000_000),
];

/// One scene in so many is edited.
pub const EDITS: [(&str, usize); 2] = [("few", 2_000), ("many", 10)];

/// The name of a scene.
pub fn scene_id(scene: usize) -> String {
    format!("scene_{scene:06}")
}

/// A storyboard of about `bytes` bytes. One scene in `edited` has another duration; some of those
/// are gone.
pub fn storyboard(bytes: usize, edited: Option<usize>) -> Vec<u8> {
    let mut text = String::from("{\n  \"scenes\": [\n");
    for scene in 0.. {
        let is_edited = edited.is_some_and(|every| scene % every == every / 2);
        if is_edited && scene % 3 == 0 {
            continue;
        }
        if text.len() > bytes {
            break;
        }
        let duration = if is_edited {
            19_000
        } else {
            1_000 * (1 + scene * 7 % 11)
        };
        let caption = ["low tide", "the reef at dawn", "10–12 km of salt wind"][scene % 3];
        let id = scene_id(scene);
        text.push_str(&format!(
            "    {{\n      \"id\": \"{id}\",\n      \"duration_ms\": {duration},\n      \"caption\": \"{caption}\"\n    }},\n"
        ));
    }
    text.push_str("    {\"id\": \"end\", \"duration_ms\": 1000}\n  ]\n}");
    text.into_bytes()
}

/// How many scenes [`storyboard`] makes of so many bytes.
pub fn scene_count(storyboard: &[u8]) -> usize {
    let text = String::from_utf8_lossy(storyboard);
    text.matches("scene_").count()
}

/// A script of about `bytes` bytes: sections of twenty lines, each line once. One line in `edited`
/// says something else.
pub fn script(bytes: usize, edited: Option<usize>) -> Vec<u8> {
    let mut text = String::new();
    for line in 0_usize.. {
        if text.len() > bytes {
            break;
        }
        if line.is_multiple_of(20) {
            text.push_str(&format!("## Section {}\n", line / 20));
        }
        let is_edited = edited.is_some_and(|every| line % every == every / 2);
        let what = if is_edited { "walk at dusk" } else { "walk at dawn" };
        text.push_str(&format!(
            "Line {line}: low tide is near – bring boots, {what}, and look {}.\n",
            line * 37 % 101
        ));
    }
    text.into_bytes()
}

//! A recording of a terminal as asciinema plays it: asciicast, version 2.

use std::time::Duration;

use serde_json::json;

/// The file of a recording: a header, and a line for each piece of output.
pub fn asciicast((columns, rows): (u16, u16), title: &str, pieces: &[(Duration, Vec<u8>)]) -> String {
    let header =
        json!({ "version": 2, "width": columns, "height": rows, "title": title, "env": {"TERM": "xterm-256color"} });
    let mut file = format!("{header}\n");
    // A character may come in two pieces: it belongs to the second.
    let mut rest = Vec::new();
    for (at, bytes) in pieces {
        rest.extend(bytes);
        let whole = match std::str::from_utf8(&rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = rest.drain(..whole).collect();
        if !text.is_empty() {
            let seconds = (at.as_secs_f64() * 1e3).round() / 1e3;
            let text = String::from_utf8_lossy(&text);
            file.push_str(&format!("{}\n", json!([seconds, "o", text])));
        }
    }
    file
}

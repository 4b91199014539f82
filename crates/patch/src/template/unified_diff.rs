//! A diff to be edited: its hunk removes a line and adds the same again.

use serde_json::{Value, json};

use super::super::lines::{is_all_crlf, without_end};

/// Lines of context on each side.
const CONTEXT_LINES: usize = 3;

/// One hunk around a line, given by its index.
pub(super) fn around(path: &str, text: &str, index: usize) -> Option<Value> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_short = |at: &usize| lines.get(*at).is_some_and(|line| line.len() <= super::LINE_BYTES_MAX);
    let before = (0..index).rev().take(CONTEXT_LINES).take_while(is_short).count();
    let after = (index + 1..lines.len())
        .take(CONTEXT_LINES)
        .take_while(is_short)
        .count();
    let is_crlf = is_all_crlf(text);
    let mut hunk = String::new();
    let mut put = |sign: char, line: &str| {
        // A diff of a file that ends every line with \r\n may leave the \r out, and reads better
        // so.
        let kept = if is_crlf {
            without_end(line)
        } else {
            line.strip_suffix('\n').unwrap_or(line)
        };
        hunk.push(sign);
        hunk.push_str(kept);
        hunk.push('\n');
        if !line.ends_with('\n') {
            hunk.push_str("\\ No newline at end of file\n");
        }
    };
    for at in index - before..=index + after {
        let line = lines.get(at)?;
        if at == index {
            put('-', line);
            put('+', line);
        } else {
            put(' ', line);
        }
    }
    let range = match before + 1 + after {
        1 => (index + 1).to_string(),
        count => format!("{},{count}", index + 1 - before),
    };
    Some(json!({
        "type": "unified_diff",
        "artifact": path,
        "diff": format!("@@ -{range} +{range} @@\n{hunk}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Patch, PatchFault};
    use super::super::template_of;
    use super::*;

    #[test]
    fn the_first_line_of_prose_is_taken_out_and_put_back() {
        let path = "artifacts/script/script.txt";
        for (text, diff) in [
            (
                "**Opening**\r\n\r\nLow tide is at noon.\r\nBye.",
                "@@ -1,4 +1,4 @@\n **Opening**\n \n-Low tide is at noon.\n+Low tide is at noon.\n Bye.\n\\ No newline at end of file\n",
            ),
            (
                "one",
                "@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n\\ No newline at end of file\n",
            ),
            ("a\r\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\r\n b\n"),
        ] {
            let shown = template_of("unified_diff", "script", path, text.as_bytes()).unwrap();
            let mut value: Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(value["diff"], diff);
            let plan = |value: Value| Patch::from_value(value).unwrap().plan(path, text.as_bytes());
            assert_eq!(plan(value.clone()).unwrap_err().fault, PatchFault::NoChange, "{text:?}");
            value["diff"] = diff.replacen("\n+", "\n+x", 1).into();
            assert_eq!(plan(value).unwrap().changes.len(), 1);
        }
        assert_eq!(template_of("unified_diff", "script", path, b"**Only a marker**"), None);
    }
}

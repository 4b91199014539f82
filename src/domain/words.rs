//! Small turns of phrase that messages of several modules share.

/// `1 line`, `3 lines`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

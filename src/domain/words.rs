//! Small turns of phrase that messages of several modules share.

/// `1 line`, `3 lines`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// A length of time as console, commands and records write it: `0:40`, `12:03`; from one hour `1h29m`; from 100 hours `4d04h`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        ..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..360_000 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        360_000.. => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

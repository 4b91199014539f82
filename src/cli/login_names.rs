//! What a static build cannot see: it reads user and group names from files alone, and asks none of
//! the services that a machine may keep them in.

/// Where a machine says from what its names come.
const SOURCES: &str = "/etc/nsswitch.conf";

/// What a person should know of the names that this build finds; none: it finds all of them.
pub(crate) fn doubt() -> Option<String> {
    let is_static = cfg!(target_feature = "crt-static");
    let sources = std::fs::read_to_string(SOURCES).unwrap_or_default();
    is_static.then(|| told(&sources))
}

fn told(sources: &str) -> String {
    let only = "this is a static build: logins and groups are those of /etc/passwd and /etc/group alone";
    let unseen = unseen(sources);
    if unseen.is_empty() {
        return only.to_owned();
    }
    let unseen = unseen.join(", ");
    format!(
        "{only}; {SOURCES} also names {unseen}: a login from there is written as uid- and its number, and storage.group does not find its group"
    )
}

/// The sources of names that are no files.
fn unseen(sources: &str) -> Vec<&str> {
    let of_names = |line: &&str| ["passwd:", "group:"].iter().any(|database| line.starts_with(database));
    let lines = sources.lines().map(str::trim).filter(of_names);
    let words = lines.flat_map(|line| line.split_whitespace().skip(1));
    // Others of systemd's make up names for users that it runs services as; nobody logs in as one.
    let is_other =
        |word: &&str| word.chars().all(char::is_alphanumeric) && !["files", "compat", "systemd"].contains(word);
    let mut found: Vec<_> = words.filter(is_other).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_that_a_static_build_does_not_ask_are_named() {
        let sources = "# names\npasswd:  files systemd sss\ngroup: files [SUCCESS=merge] ldap sss\nhosts: files dns\n";
        assert_eq!(unseen(sources), ["ldap", "sss"]);
        let words = told(sources);
        assert!(words.contains("/etc/nsswitch.conf also names ldap, sss: "), "{words}");
        assert_eq!(unseen("passwd: files systemd\ngroup: compat\n"), Vec::<&str>::new());
        assert!(!told("").contains("also names"));
        // This build asks them all, unless it is a static one.
        assert_eq!(doubt().is_some(), cfg!(target_feature = "crt-static"));
    }
}

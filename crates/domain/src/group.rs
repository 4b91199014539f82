//! Which open gates fold into one row of a queue: those for which one verdict means one thing.

use serde::{Deserialize, Serialize};

use super::ids::{ArtifactPath, Digest, StageName};

/// Equal in gates of one stage that ask for the same change, byte for byte against the same base,
/// under the same policy, with the same severity and the same instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKey {
    /// Of all that.
    pub id: Digest,
    /// Of what is under review (SPEC §6): the same in each of the gates.
    pub digest: Digest,
}

/// An artifact as far as a verdict is about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct GroupedArtifact {
    path: ArtifactPath,
    digest: Digest,
    base: Option<GroupedBase>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct GroupedBase {
    digest: Digest,
}

impl GroupKey {
    /// Of a gate as it is stored: its policy and its artifacts in JSON. None where nothing is under
    /// review: what such a gate is about stands nowhere, so that no two are known to be alike.
    pub fn of(stage: &StageName, policy: &str, artifacts: &str, severity: &str, instructions: &str) -> Option<Self> {
        let mut artifacts: Vec<GroupedArtifact> = serde_json::from_str(artifacts).ok()?;
        if artifacts.is_empty() {
            return None;
        }
        artifacts.sort_unstable();
        let digest = Digest::of_gate(artifacts.iter().map(|artifact| (&artifact.path, artifact.digest)));
        let all = serde_json::to_vec(&(stage.as_str(), policy, severity, instructions, &artifacts)).ok()?;
        let id = Digest::of(&all);
        Some(Self { id, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_same_in_all_of_it_is_one_group() {
        let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
        let artifact = |path: &str, now: &str, base: &str| {
            let base = format!(r#"{{"digest":"{}","kind":"given"}}"#, digest(base));
            format!(
                r#"{{"path":"{path}","digest":"{}","base":{base},"size_bytes":1}}"#,
                digest(now)
            )
        };
        let of = |stage: &str, policy: &str, artifacts: &str, severity: &str, instructions: &str| {
            GroupKey::of(
                &StageName::new(stage).unwrap(),
                policy,
                artifacts,
                severity,
                instructions,
            )
        };
        let (a, b) = (artifact("a.txt", "new", "old"), artifact("b.txt", "new", "old"));
        let key = of("deploy", "{}", &format!("[{a},{b}]"), "", "").unwrap();
        assert_eq!(of("deploy", "{}", &format!("[{b},{a}]"), "", ""), Some(key));
        let other_base = artifact("b.txt", "new", "older");
        for other in [
            of("release", "{}", &format!("[{a},{b}]"), "", ""),
            of("deploy", "{\"required\":true}", &format!("[{a},{b}]"), "", ""),
            of("deploy", "{}", &format!("[{a},{b}]"), "high", ""),
            of("deploy", "{}", &format!("[{a},{b}]"), "", "not before six"),
            of("deploy", "{}", &format!("[{a},{other_base}]"), "", ""),
            of("deploy", "{}", &format!("[{a}]"), "", ""),
        ] {
            assert_ne!(other.unwrap().id, key.id);
        }
        assert_eq!(of("deploy", "{}", "[]", "", ""), None);
        assert_eq!(of("deploy", "{}", "no json", "", ""), None);
    }
}

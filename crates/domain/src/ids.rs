//! Names that come from outside and may become file names: checked once, when they are made.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// Why a text is not the name it was offered as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}: {rule}")]
pub struct NameError {
    /// What it was meant to be: `job id`, `stage`, …
    pub(crate) what: &'static str,
    /// The refused text, as given.
    pub(crate) text: String,
    /// The rule that it breaks, in words.
    pub rule: &'static str,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text; the error names the rule of SPEC §1.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(NameError { what: $what, text: text.chars().take(120).collect(), rule: $rule })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        text_form!($name, $name::new);
    };
}

name_type!(
    /// A job's id, also the name of its run directory: `[A-Za-z0-9][A-Za-z0-9_-]{0,99}` (SPEC §1).
    JobId,
    "job id",
    "a job id is 1 to 100 letters, digits, _ and -, beginning with a letter or digit",
    |text| {
        let mut bytes = text.bytes();
        text.len() <= 100
            && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
);

name_type!(
    /// What a host is known by in a shared record: it is one runs directory on one machine. Made once,
    /// kept in that directory: 1 to 64 of `[a-z0-9-]`.
    HostId,
    "host id",
    "a host id is 1 to 64 lower-case letters, digits and -",
    |text| {
        !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

name_type!(
    /// A stage's name, part of file names: `[a-z][a-z0-9_-]{0,49}` (SPEC §1).
    StageName,
    "stage",
    "a stage is 1 to 50 lower-case letters, digits, _ and -, beginning with a letter",
    |text| {
        let mut bytes = text.bytes();
        text.len() <= 50
            && bytes.next().is_some_and(|b| b.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    }
);

name_type!(
    /// A path of an artifact under the run directory (`artifacts/script/script.txt`): relative, `/`
    /// between parts, no `.` or `..` part, no control character, at most 1000 bytes (SPEC §10).
    ArtifactPath,
    "artifact path",
    "an artifact path is relative to the run directory, without empty, `.` or `..` parts and control characters, at most 1000 bytes",
    |text| {
        !text.is_empty()
            && text.len() <= 1000
            && !text.chars().any(char::is_control)
            && !text.contains('\\')
            && text.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part.len() <= 255)
    }
);

impl ArtifactPath {
    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// SHA-256 of some bytes; written as 64 lower-case hexadecimal digits, so that an operator can
/// check it with `sha256sum`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest made by a streaming hasher.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 zeros: stands before the first decision of a chain (SPEC §4).
    pub const ZERO: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let refused = || NameError {
            what: "digest",
            text: text.chars().take(120).collect(),
            rule: "a digest is 64 hexadecimal digits (SHA-256)",
        };
        if text.len() != 64 || !text.is_ascii() {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).map_err(|_| refused())?;
        }
        Ok(Self(bytes))
    }

    /// The first six digits: enough for a person to tell two versions apart on screen.
    pub fn short(&self) -> String {
        self.to_string()[..6].to_owned()
    }

    /// The digest of a whole gate (SPEC §6): the artifact's own, or for several the SHA-256 over
    /// sorted lines `path NUL sha256 LF`. For none, the digest of nothing.
    pub fn of_gate<'a>(artifacts: impl IntoIterator<Item = (&'a ArtifactPath, Digest)>) -> Self {
        let mut all: Vec<_> = artifacts.into_iter().collect();
        if let [(_, only)] = all[..] {
            return only;
        }
        all.sort();
        let mut hasher = Sha256::new();
        for (path, digest) in all {
            hasher.update(path.as_str().as_bytes());
            hasher.update([0]);
            hasher.update(digest.to_string().as_bytes());
            hasher.update([b'\n']);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_form!(Digest, Digest::parse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_runs_directory_are_refused() {
        for bad in ["", ".", "..", "a/b", "a.b", "-a", "_a", "a b", "ä", &"a".repeat(101)] {
            assert!(JobId::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "A", "1a", "a/b", "a.b", "-", &"a".repeat(51)] {
            assert!(StageName::new(bad).is_err(), "{bad:?}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a\0b",
            "a\nb",
            "a\\b",
            "a/",
        ] {
            assert!(ArtifactPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_of_the_field_are_taken() {
        for good in ["j-17", "0198c0de-7f3a-7aaa-8bbb-0123456789ab", "A_b", &"a".repeat(100)] {
            assert!(JobId::new(good).is_ok(), "{good:?}");
        }
        assert!(StageName::new("story_board-2").is_ok());
        assert_eq!(
            ArtifactPath::new("artifacts/script/script – final.txt")
                .unwrap()
                .file_name(),
            "script – final.txt"
        );
    }

    #[test]
    fn a_digest_reads_back_and_matches_sha256sum() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        for bad in ["", "ba78", &"g".repeat(64), &"é".repeat(32)] {
            assert!(Digest::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_digest_of_several_artifacts_does_not_depend_on_their_order() {
        let (a, b) = (ArtifactPath::new("a").unwrap(), ArtifactPath::new("b").unwrap());
        let (da, db) = (Digest::of(b"1"), Digest::of(b"2"));
        assert_eq!(
            Digest::of_gate([(&a, da), (&b, db)]),
            Digest::of_gate([(&b, db), (&a, da)])
        );
        assert_eq!(Digest::of_gate([(&a, da)]), da);
        let lines = format!("a\0{da}\nb\0{db}\n");
        assert_eq!(Digest::of_gate([(&b, db), (&a, da)]), Digest::of(lines.as_bytes()));
    }
}

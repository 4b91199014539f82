//! What a dropped file says: `{"attempt": n, "artifacts": [{"kind": …, "path": …}], "base": …}`
//! (SPEC §8), every fault with its field.

use serde::Deserialize;
use serde_json::Value;

use domain::context::GateContext;
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::ids::ArtifactPath;
use domain::refusal::{Refusal, RefusalCode};

/// The most artifacts of a gate.
const ARTIFACTS_MAX: usize = 1000;
/// The most bytes of a kind.
const KIND_BYTES_MAX: usize = 100;

/// A gate as a dropped file asks for it; paths are relative to the run directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GateRequest {
    /// 1 + the highest attempt that is there.
    pub(crate) attempt: u32,
    /// Kind and path.
    pub(crate) artifacts: Vec<(String, ArtifactPath)>,
    /// What the artifact of this file name, else the first, is compared with.
    pub(crate) base: Option<ArtifactPath>,
    /// Why it is asked for.
    pub(crate) context: GateContext,
    /// The sign of life that is promised; writing the file again is one.
    pub(crate) heartbeat: Option<HeartbeatTerms>,
}

/// Why a dropped file is not what was meant.
#[derive(Debug)]
pub(crate) enum DropFault {
    /// It ends in the middle: it may still be being written.
    Torn(Refusal),
    /// It breaks a rule.
    Wrong(Refusal),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with attempt and artifacts")]
struct Document {
    attempt: u32,
    artifacts: Vec<Artifact>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    context: Option<Value>,
    #[serde(default)]
    heartbeat_s: Option<u64>,
    #[serde(default)]
    when_gone: Option<WhenGone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with kind and path")]
struct Artifact {
    kind: String,
    path: String,
}

/// Reads it; nothing is looked up.
pub(crate) fn parse(bytes: &[u8]) -> Result<GateRequest, DropFault> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| {
        let refusal = Refusal::new(RefusalCode::Invalid, format!("the file is no request: {error}"))
            .with_hint(
                r#"write {"attempt": 1, "artifacts": [{"kind": "script", "path": "artifacts/script/script.md"}]}"#,
            )
            .at(format!("line {} column {}", error.line(), error.column()));
        if error.is_eof() {
            DropFault::Torn(refusal)
        } else {
            DropFault::Wrong(refusal)
        }
    })?;
    checked(document).map_err(DropFault::Wrong)
}

fn checked(document: Document) -> Result<GateRequest, Refusal> {
    let count = document.artifacts.len();
    if count == 0 || count > ARTIFACTS_MAX {
        let message = format!("{count} artifacts; a gate has 1 to {ARTIFACTS_MAX}");
        return Err(Refusal::new(RefusalCode::Invalid, message).at("artifacts"));
    }
    let mut artifacts = Vec::with_capacity(count);
    for (index, Artifact { kind, path }) in document.artifacts.into_iter().enumerate() {
        if kind.trim().is_empty() || kind.len() > KIND_BYTES_MAX {
            let message = format!("a kind has 1 to {KIND_BYTES_MAX} bytes, this one {}", kind.len());
            return Err(Refusal::new(RefusalCode::Invalid, message).at(format!("artifacts[{index}].kind")));
        }
        artifacts.push((kind, relative(&path, &format!("artifacts[{index}].path"))?));
    }
    Ok(GateRequest {
        attempt: document.attempt,
        artifacts,
        base: document.base.map(|path| relative(&path, "base")).transpose()?,
        context: match document.context {
            Some(context) => GateContext::read(&context).map_err(|refusal| refusal.within("context"))?,
            None => GateContext::default(),
        },
        heartbeat: HeartbeatTerms::of(document.heartbeat_s, document.when_gone)?,
    })
}

fn relative(path: &str, field: &str) -> Result<ArtifactPath, Refusal> {
    ArtifactPath::new(path).map_err(|error| {
        Refusal::new(RefusalCode::Invalid, error.to_string())
            .with_hint("name a file under the run directory, as artifacts/script/script.md")
            .at(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (bool, String, String) {
        match parse(text.as_bytes()) {
            Err(DropFault::Torn(refusal)) => (true, refusal.message, refusal.place.unwrap_or_default()),
            Err(DropFault::Wrong(refusal)) => (false, refusal.message, refusal.place.unwrap_or_default()),
            Ok(asked) => panic!("{asked:?}"),
        }
    }

    #[test]
    fn what_spec_shows_is_read() {
        let text =
            r#"{"attempt": 2, "artifacts": [{"kind": "script", "path": "artifacts/script/script.md"}], "base": null}"#;
        let asked = parse(text.as_bytes()).expect("it is right");
        let path = ArtifactPath::new("artifacts/script/script.md").expect("a path");
        assert_eq!(
            asked,
            GateRequest {
                attempt: 2,
                artifacts: vec![("script".to_owned(), path)],
                base: None,
                context: GateContext::default(),
                heartbeat: None,
            }
        );
    }

    #[test]
    fn every_fault_names_its_field() {
        let one = |artifact: &str| format!(r#"{{"attempt": 1, "artifacts": [{artifact}]}}"#);
        assert!(fault("").0, "an empty file may be being written");
        assert!(fault(r#"{"attempt": 1, "arti"#).0);
        for (text, place) in [
            ("[]".to_owned(), "line 1 column 2"),
            (r#"{"attempt": -1, "artifacts": []}"#.to_owned(), "line 1 column 14"),
            (r#"{"attempt": 1, "artifacts": []}"#.to_owned(), "artifacts"),
            (one(r#"{"kind": " ", "path": "a"}"#), "artifacts[0].kind"),
            (one(r#"{"kind": "a", "path": "../x"}"#), "artifacts[0].path"),
            (one(r#"{"kind": "a", "path": "/etc/passwd"}"#), "artifacts[0].path"),
            (
                r#"{"attempt": 1, "artifacts": [{"kind": "a", "path": "a"}], "base": "../x"}"#.to_owned(),
                "base",
            ),
            (
                r#"{"attempt": 1, "artifacts": [{"kind": "a", "path": "a"}], "context": {"links": [{"name": "x", "url": "ftp://a"}]}}"#
                    .to_owned(),
                "context.links[0].url",
            ),
        ] {
            let (is_torn, message, found) = fault(&text);
            assert_eq!((is_torn, found.as_str()), (false, place), "{text}: {message}");
        }
        let (_, message, _) = fault(r#"{"attempt": 1, "artifacts": [], "stage": "x"}"#);
        assert!(message.contains("unknown field `stage`"), "{message}");
    }
}

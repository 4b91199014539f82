//! What an operator wrote and has not sent: kept through closed prompts, dropped lines and
//! restarts.

use serde::{Deserialize, Serialize};

use super::comment::{Comment, CommentSide};
use super::gate::Verdict;
use super::ids::{ArtifactPath, Digest};
use super::key::GateKey;
use super::time::Timestamp;
use text::words::counted;

/// A text that was thrown away is kept for so many days.
pub const DISCARDED_DAYS: u64 = 7;

/// So many words of a text stand in a list.
const FIRST_WORDS: usize = 12;

/// A patch that is being composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchDraft {
    pub path: ArtifactPath,
    /// The text in the editor.
    pub text: String,
    /// Line and character of the cursor, from 0.
    pub cursor: (usize, usize),
    /// What was written as other patch types: type and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(String, String)>,
}

/// An artifact that is being edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditDraft {
    pub path: ArtifactPath,
    /// SHA-256 of the version that the edit began from.
    pub base: Digest,
    /// The whole text as edited.
    pub text: String,
    /// Line and character of the cursor, from 0.
    pub cursor: (usize, usize),
}

/// What is to be said about a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftComment {
    pub path: ArtifactPath,
    /// SHA-256 of the version that has the line.
    pub version: Digest,
    #[serde(default, skip_serializing_if = "CommentSide::is_new")]
    pub side: CommentSide,
    /// From 1.
    pub line: u32,
    pub text: String,
}

impl DraftComment {
    /// As it goes with a decision.
    pub fn said(&self) -> Comment {
        Comment {
            artifact: self.path.clone(),
            line: self.line,
            side: self.side,
            text: self.text.clone(),
        }
    }

    fn is_of_same_line(&self, other: &Self) -> bool {
        let line = |of: &Self| (of.path.clone(), of.version, of.side, of.line);
        line(self) == line(other)
    }
}

/// The unsent words about one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub key: GateKey,
    /// The note of a rejection. Drafts of former versions knew one note, under this name: it is
    /// never offered for an approval.
    #[serde(rename = "note", default)]
    pub rejection: String,
    /// The note of an approval.
    #[serde(rename = "approval_note", default, skip_serializing_if = "String::is_empty")]
    pub approval: String,
    pub patch: Option<PatchDraft>,
    /// Edited artifacts, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EditDraft>,
    /// Comments on lines, each line at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<DraftComment>,
    /// Whose it was: what a colleague wrote, and its owner has adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<String>,
    /// Who writes it; none: a former version kept it. The name of its folder says so only where it
    /// is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// On its way to a server: when the text there was written that this one was written upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upon: Option<Timestamp>,
}

impl Draft {
    /// An empty draft.
    pub fn new(key: GateKey) -> Self {
        Self {
            key,
            rejection: String::new(),
            approval: String::new(),
            patch: None,
            edits: Vec::new(),
            comments: Vec::new(),
            adopted: None,
            by: None,
            written_at: None,
            upon: None,
        }
    }

    /// The note of a verdict: what was written against a gate is never said for it.
    pub fn note(&self, verdict: Verdict) -> &str {
        match verdict {
            Verdict::Approve => &self.approval,
            Verdict::Reject => &self.rejection,
        }
    }

    /// Puts a note in place of the former one of the same verdict.
    pub fn set_note(&mut self, verdict: Verdict, note: String) {
        match verdict {
            Verdict::Approve => self.approval = note,
            Verdict::Reject => self.rejection = note,
        }
    }

    /// Whether a patch is being composed, in one way or another.
    pub fn has_patch(&self) -> bool {
        self.patch.is_some() || !self.edits.is_empty()
    }

    pub fn edit(&self, path: &ArtifactPath) -> Option<&EditDraft> {
        self.edits.iter().find(|edit| edit.path == *path)
    }

    /// Puts an edit in place of the former one of the same artifact; none: removes it.
    pub fn set_edit(&mut self, path: &ArtifactPath, edit: Option<EditDraft>) {
        self.edits.retain(|former| former.path != *path);
        self.edits.extend(edit);
    }

    /// What is written about the same line.
    pub fn comment(&self, of: &DraftComment) -> Option<&DraftComment> {
        self.comments.iter().find(|comment| comment.is_of_same_line(of))
    }

    /// Puts a comment in place of the former one on the same line; an empty one removes it.
    pub fn set_comment(&mut self, comment: DraftComment) {
        let place = self.comments.iter().position(|former| former.is_of_same_line(&comment));
        match (place, comment.text.is_empty()) {
            (Some(place), false) => self.comments[place] = comment,
            (Some(place), true) => drop(self.comments.remove(place)),
            (None, false) => self.comments.push(comment),
            (None, true) => {}
        }
    }

    /// Whether the same is written in both, whoever did and when.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let (by, written_at, upon) = (self.by.clone(), self.written_at, self.upon);
        let other = Self {
            by,
            written_at,
            upon,
            ..other.clone()
        };
        *self == other
    }

    /// Whether there is nothing worth keeping.
    pub fn is_empty(&self) -> bool {
        self.approval.trim().is_empty()
            && self.rejection.trim().is_empty()
            && !self.has_patch()
            && self.comments.is_empty()
    }

    /// The name of the directory beside the draft's file in which an artifact is edited outside of
    /// the console.
    pub fn copy_name(&self, path: &ArtifactPath) -> String {
        // Two artifacts of a gate may have the same file name.
        let which = Digest::of(path.as_str().as_bytes());
        let key = &self.key;
        format!("{}.{}.{}.{}.edit", key.job_id, key.stage, key.attempt, which.short())
    }

    /// The name of the draft's file under `<runs>/.drafts/<operator>/`.
    pub fn file_name(&self) -> String {
        format!("{}.{}.{}.json", self.key.job_id, self.key.stage, self.key.attempt)
    }
}

impl Draft {
    /// What is in it: `note of a rejection, patch for script.txt`.
    pub fn contents(&self) -> String {
        let note = |words: &str, text: &str| (!text.trim().is_empty()).then(|| words.to_owned());
        let patch = self.patch.as_ref();
        let parts = [
            note("note of an approval", &self.approval),
            note("note of a rejection", &self.rejection),
            patch.map(|patch| format!("patch for {}", patch.path.file_name())),
        ];
        let edits = self
            .edits
            .iter()
            .map(|edit| format!("edit of {}", edit.path.file_name()));
        let count = self.comments.len();
        let comments = (count > 0).then(|| counted(count, "comment"));
        let parts: Vec<_> = parts.into_iter().flatten().chain(edits).chain(comments).collect();
        parts.join(", ")
    }

    /// The first words of it, for a list.
    pub fn first_words(&self) -> String {
        let patch = self.patch.as_ref().map(|patch| &patch.text);
        let edit = self.edits.first().map(|edit| &edit.text);
        let said = self.comments.first().map(|comment| &comment.text);
        let notes = [&self.approval, &self.rejection];
        let mut texts = patch.into_iter().chain(edit).chain(notes).chain(said);
        let first = texts.find(|text| !text.trim().is_empty());
        let words = first.map(|text| text.split_whitespace().take(FIRST_WORDS).collect::<Vec<_>>());
        words.unwrap_or_default().join(" ")
    }

    /// Adopts what a colleague wrote on the same gate. What is written here is never written over:
    /// then nothing is adopted, and what is in the way is named.
    pub fn adopt(&mut self, from: &str, theirs: &Self) -> Result<(), String> {
        if let Some(former) = self.adopted.as_deref().filter(|former| *former != from) {
            return Err(format!("a draft of {former} was adopted for {}", self.key));
        }
        self.take_back(theirs)?;
        self.adopted = Some(from.to_owned());
        Ok(())
    }

    /// Takes back what was thrown away. What was written since is never written over: then nothing
    /// is taken, and what is in the way is named.
    pub fn take_back(&mut self, discarded: &Self) -> Result<(), String> {
        let mut merged = self.clone();
        for verdict in [Verdict::Approve, Verdict::Reject] {
            let note = discarded.note(verdict);
            if note.trim().is_empty() || merged.note(verdict) == note {
                continue;
            }
            if !merged.note(verdict).trim().is_empty() {
                let word = match verdict {
                    Verdict::Approve => "an approval",
                    Verdict::Reject => "a rejection",
                };
                return Err(format!("a note of {word} is kept for {}", self.key));
            }
            merged.set_note(verdict, note.to_owned());
        }
        if let Some(patch) = &discarded.patch {
            if merged.patch.as_ref().is_some_and(|kept| kept != patch) {
                return Err(format!("a patch is kept for {}", self.key));
            }
            merged.patch = Some(patch.clone());
        }
        for edit in &discarded.edits {
            if merged.edit(&edit.path).is_some_and(|kept| kept != edit) {
                return Err(format!("an edit of {} is kept for {}", edit.path.file_name(), self.key));
            }
            merged.set_edit(&edit.path, Some(edit.clone()));
        }
        for comment in &discarded.comments {
            if merged.comment(comment).is_some_and(|kept| kept != comment) {
                return Err(format!(
                    "a comment on {} is kept for {}",
                    comment.said().place(),
                    self.key
                ));
            }
            merged.set_comment(comment.clone());
        }
        *self = merged;
        Ok(())
    }
}

/// A text that was thrown away: for some days it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    pub discarded_at: Timestamp,
    /// What: only the parts that were thrown away.
    pub draft: Draft,
}

impl Discarded {
    /// Its name for people and commands.
    pub fn id(&self) -> String {
        let key = &self.draft.key;
        format!(
            "{}.{}.{}.{}",
            self.discarded_at.micros(),
            key.job_id,
            key.stage,
            key.attempt
        )
    }

    /// The name of its file under `<runs>/.drafts/<operator>/discarded/`.
    pub fn file_name(&self) -> String {
        format!("{}.json", self.id())
    }

    /// Until when it is kept.
    pub fn kept_until(&self) -> Timestamp {
        self.discarded_at.plus_s(DISCARDED_DAYS * 86_400)
    }

    /// The oldest time, in microseconds, from which something is still kept.
    pub fn oldest_us(now: Timestamp) -> i64 {
        now.plus_us(-(DISCARDED_DAYS as i64) * 86_400_000_000).micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let key = r#"{"job_id": "j-1", "stage": "script", "attempt": 1}"#;
        Draft::new(serde_json::from_str(key).unwrap())
    }

    #[test]
    fn drafts_of_former_versions_are_read_on_and_their_note_is_no_approvals() {
        let old =
            r#"{"key": {"job_id": "j-1", "stage": "script", "attempt": 1}, "note": "do not ship", "patch": null}"#;
        let draft: Draft = serde_json::from_str(old).unwrap();
        assert_eq!(draft.note(Verdict::Reject), "do not ship");
        assert_eq!(draft.note(Verdict::Approve), "");
        let again = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<Draft>(&again).unwrap(), draft);
        assert!(!again.contains("approval_note"), "{again}");
    }

    #[test]
    fn each_verdict_keeps_its_note() {
        let mut draft = draft();
        draft.set_note(Verdict::Approve, "reads well".to_owned());
        draft.set_note(Verdict::Reject, "not signed".to_owned());
        let json = serde_json::to_string(&draft).unwrap();
        let read: Draft = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (read.note(Verdict::Approve), read.note(Verdict::Reject)),
            ("reads well", "not signed")
        );
        assert_eq!(read.contents(), "note of an approval, note of a rejection");
    }

    #[test]
    fn a_draft_is_adopted_with_its_name_and_over_nothing() {
        let mut theirs = draft();
        theirs.set_note(Verdict::Reject, "not signed".to_owned());
        theirs.comments.push(DraftComment {
            path: ArtifactPath::new("artifacts/script/script.txt").unwrap(),
            version: Digest::of(b"x"),
            side: CommentSide::New,
            line: 3,
            text: "wrong unit".to_owned(),
        });
        let mut mine = draft();
        mine.adopt("ana", &theirs).unwrap();
        assert_eq!(
            (mine.adopted.as_deref(), mine.first_words()),
            (Some("ana"), "not signed".to_owned())
        );
        assert_eq!(mine.contents(), "note of a rejection, 1 comment");
        let refused = mine.adopt("cy", &theirs).unwrap_err();
        assert_eq!(refused, "a draft of ana was adopted for j-1 / script #1");
        let mut mine = draft();
        mine.set_note(Verdict::Reject, "too slow".to_owned());
        assert!(
            mine.adopt("ana", &theirs)
                .unwrap_err()
                .contains("a note of a rejection is kept")
        );
        assert_eq!((mine.adopted, mine.rejection.as_str()), (None, "too slow"));
    }

    #[test]
    fn taking_back_writes_over_nothing() {
        let mut thrown = draft();
        thrown.set_note(Verdict::Reject, "too slow".to_owned());
        let patch = |text: &str| {
            Some(PatchDraft {
                path: ArtifactPath::new("artifacts/script/script.txt").unwrap(),
                text: text.to_owned(),
                cursor: (0, 0),
                others: Vec::new(),
            })
        };
        thrown.patch = patch("{}");
        let mut now = draft();
        now.take_back(&thrown).unwrap();
        assert_eq!(now, thrown);
        now.take_back(&thrown).unwrap();
        now.patch = patch("{1}");
        let before = now.clone();
        assert_eq!(
            now.take_back(&thrown),
            Err("a patch is kept for j-1 / script #1".to_owned())
        );
        assert_eq!(now, before, "nothing was taken");
    }
}

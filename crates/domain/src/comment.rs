//! Comments on lines of what is under review: they go with a decision, into its record, and to the
//! attempt that follows.

use serde::{Deserialize, Serialize};

use super::artifact::GateArtifact;
use super::ids::{ArtifactPath, Digest};
use super::job::JobRows;
use super::key::GateKey;
use super::refusal::Refusal;
use text::words::{counted, counted_are};

/// The most comments of one decision.
pub const COMMENTS_MAX: usize = 100;
/// The most bytes of one comment.
pub const COMMENT_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of all comments of one decision: as many as a note may have.
pub const COMMENTS_BYTES_MAX: usize = super::gate::NOTES_BYTES_MAX;

read_words! {
    /// The text that has the line of a comment.
    #[derive(Default, PartialOrd, Ord, Hash)]
    pub enum CommentSide {
        /// The version under review.
        #[default]
        New = "new",
        /// The version that it is compared with: the line was removed.
        Base = "base",
    }
}

impl CommentSide {
    /// Whether it is the version under review, which is not said on the wire.
    pub fn is_new(&self) -> bool {
        *self == Self::New
    }
}

/// What somebody said about a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Comment {
    /// The artifact; in a command its file name does, where that is enough.
    pub artifact: ArtifactPath,
    /// The line, from 1.
    pub line: u32,
    /// Which text's line.
    #[serde(default, skip_serializing_if = "CommentSide::is_new")]
    pub side: CommentSide,
    pub text: String,
}

/// What the attempt before was told about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerComment {
    pub comment: Comment,
    /// Who decided it.
    pub by: String,
    /// The attempt that it was said of.
    pub attempt: u32,
    /// The version that has the line.
    pub version: Option<Digest>,
}

/// What was said of a file when the stage was decided last, in an attempt before this one; a decision
/// that was taken back says nothing.
pub fn former(rows: &JobRows, key: &GateKey, path: &ArtifactPath) -> Vec<FormerComment> {
    let standing = rows.standing_decision(&key.stage).map(|sealed| &sealed.decision);
    let Some(decision) = standing.filter(|decision| decision.attempt() < key.attempt) else {
        return Vec::new();
    };
    let gate = rows.gate(&key.stage, decision.attempt());
    let reviewed = gate.and_then(|gate| gate.artifacts.iter().find(|artifact| artifact.path == *path));
    let decided = decision.artifacts().iter().find(|artifact| artifact.path == *path);
    let version = |side: CommentSide| match side {
        CommentSide::New => decided?.sha256,
        CommentSide::Base => Some(reviewed?.base.as_ref()?.digest),
    };
    let of_file = decision.comments().iter().filter(|comment| comment.artifact == *path);
    let said = of_file.map(|comment| FormerComment {
        comment: comment.clone(),
        by: decision.by().to_owned(),
        attempt: decision.attempt(),
        version: version(comment.side),
    });
    said.collect()
}

/// How many lines a version has that is commented on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedVersion {
    pub digest: Digest,
    /// None: it is no text.
    pub lines: Option<usize>,
}

impl Comment {
    /// The line as people name it: `script.txt:12`; of a removed line `script.txt:-12`.
    pub fn place(&self) -> String {
        let sign = if self.side.is_new() { "" } else { "-" };
        format!("{}:{sign}{}", self.artifact.file_name(), self.line)
    }

    /// The artifact that it names among those under review.
    fn artifact_in<'a>(&self, artifacts: &'a [GateArtifact]) -> Result<&'a GateArtifact, Refusal> {
        let wanted = &self.artifact;
        if let Some(exact) = artifacts.iter().find(|artifact| artifact.path == *wanted) {
            return Ok(exact);
        }
        let is_named = |artifact: &&GateArtifact| artifact.path.file_name() == wanted.as_str();
        let named: Vec<_> = artifacts.iter().filter(is_named).collect();
        let paths = |artifacts: &[&GateArtifact]| -> String {
            let paths: Vec<_> = artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
            paths.join(", ")
        };
        match named[..] {
            [one] => Ok(one),
            [] if artifacts.is_empty() => Err(self.refused("nothing is under review that has lines", "use the note")),
            [] => {
                let all: Vec<_> = artifacts.iter().collect();
                let hint = format!("under review: {}", paths(&all));
                Err(self.refused(&format!("{wanted} is not under review"), &hint))
            }
            [..] => {
                let hint = format!("name one of {}", paths(&named));
                Err(self.refused(&format!("{wanted} is the name of several artifacts"), &hint))
            }
        }
    }

    /// The version whose line it names, of these artifacts as they lie there; none: there is none.
    pub fn version_in(&self, artifacts: &[GateArtifact]) -> Result<Option<Digest>, Refusal> {
        let artifact = self.artifact_in(artifacts)?;
        Ok(match self.side {
            CommentSide::New => Some(artifact.digest),
            CommentSide::Base => artifact.base.as_ref().map(|base| base.digest),
        })
    }

    fn refused(&self, why: &str, hint: &str) -> Refusal {
        Refusal::invalid(format!("a comment on {}: {why}", self.place()))
            .with_hint(hint)
            .at("comments")
    }

    /// The same with the whole path, and without blanks at its end; or why it cannot be recorded.
    fn settled(&self, artifacts: &[GateArtifact], counted_versions: &[CountedVersion]) -> Result<Self, Refusal> {
        let artifact = self.artifact_in(artifacts)?;
        let text = self.text.trim_end();
        if text.is_empty() {
            return Err(self.refused(
                "it says nothing",
                "write what is to be said of the line, or leave it out",
            ));
        }
        if text.len() > COMMENT_BYTES_MAX {
            let why = format!("it has {} bytes; at most {COMMENT_BYTES_MAX} are kept", text.len());
            return Err(self.refused(&why, "shorten it, or use the note"));
        }
        let name = artifact.path.file_name();
        let Some(version) = self.version_in(artifacts)? else {
            let why = format!("{name} is compared with nothing: it has no removed lines");
            return Err(self.refused(&why, "name a line of the version under review"));
        };
        let counted_version = counted_versions.iter().find(|counted| counted.digest == version);
        let Some(CountedVersion { lines, .. }) = counted_version else {
            // Somebody registered another version since the lines were counted.
            return Err(self.refused(&format!("{name} changed meanwhile"), "look at it again"));
        };
        let of = match self.side {
            CommentSide::New => "",
            CommentSide::Base => " in the version that it is compared with",
        };
        match *lines {
            None => Err(self.refused(&format!("{name} is no text"), "use the note")),
            Some(lines) if self.line == 0 || self.line as usize > lines => {
                let why = format!("{name} has {}{of}", counted(lines, "line"));
                let hint = match lines {
                    0 => "use the note".to_owned(),
                    _ => format!("name a line from 1 to {lines}"),
                };
                Err(self.refused(&why, &hint))
            }
            Some(_) => Ok(Self {
                artifact: artifact.path.clone(),
                text: text.to_owned(),
                ..self.clone()
            }),
        }
    }
}

/// Comments as they are recorded, by artifact and line; or what is wrong with one of them.
pub fn settled(
    comments: &[Comment],
    artifacts: &[GateArtifact],
    counted_versions: &[CountedVersion],
) -> Result<Vec<Comment>, Refusal> {
    too_much(comments)?;
    let settled = comments.iter().map(|one| one.settled(artifacts, counted_versions));
    let mut settled = settled.collect::<Result<Vec<_>, _>>()?;
    // What was said of the same line stays in its order.
    settled.sort_by(|one, other| {
        let place = |one: &Comment| (one.artifact.clone(), one.line, one.side);
        place(one).cmp(&place(other))
    });
    Ok(settled)
}

/// Refuses more comments, or more bytes of them, than a decision may have.
fn too_much(comments: &[Comment]) -> Result<(), Refusal> {
    let bytes: usize = comments.iter().map(|comment| comment.text.len()).sum();
    let why = if comments.len() > COMMENTS_MAX {
        let there = counted_are(comments.len(), "comment");
        format!("{there} too many; at most {COMMENTS_MAX} go with a decision")
    } else if bytes > COMMENTS_BYTES_MAX {
        format!("the comments have {bytes} bytes together; at most {COMMENTS_BYTES_MAX} are kept")
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(why)
        .with_hint("say less on each line, or reject with a note")
        .at("comments"))
}

//! What the former attempt was told about lines, beside the lines where they stand now.

use std::sync::Arc;

use diff::lines::{MovedLine, moved_lines};
use domain::artifact::GateArtifact;
use domain::comment::{self, FormerComment};
use domain::gate::Gate;
use domain::ids::Digest;
use domain::job::JobRows;

use super::client::{Client, Unread};

/// A comment and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedComment {
    pub said: FormerComment,
    /// Where the line is now; none: the version that it was said of is not kept.
    pub at: Option<MovedLine>,
}

impl PlacedComment {
    /// The line of the present text, from 0, beside which it stands.
    pub fn beside(&self) -> usize {
        let former = (self.said.comment.line as usize).saturating_sub(1);
        self.at.map_or(former, MovedLine::beside)
    }

    /// `#2 ana (line changed): which boots?`
    pub fn words(&self) -> String {
        let FormerComment {
            comment, by, attempt, ..
        } = &self.said;
        let mark = match self.at {
            Some(moved) => moved.words(),
            None => Some("that version is not kept"),
        };
        let mark = mark.map(|mark| format!(" ({mark})")).unwrap_or_default();
        format!("#{attempt} {by}{mark}: {}", comment.text)
    }
}

/// What was said of an artifact, with the versions that it was said of.
#[derive(Debug)]
pub struct SaidOfArtifact {
    said: Vec<FormerComment>,
    versions: Vec<(Digest, Arc<[u8]>)>,
}

impl SaidOfArtifact {
    /// Each beside its line in the artifact as it is now. It takes as long as exact diffs do.
    pub fn placed(self, now: &[u8]) -> Vec<PlacedComment> {
        let lines = self.said.iter().map(|said| Some((said.version?, said.comment.line)));
        let places = moved_lines(now, &self.versions, &lines.collect::<Vec<_>>());
        let placed = self.said.into_iter().zip(places);
        placed.map(|(said, at)| PlacedComment { said, at }).collect()
    }
}

impl Client {
    /// What the attempt before this gate's was told about the lines of an artifact.
    pub async fn said(&self, rows: &JobRows, gate: &Gate, artifact: &GateArtifact) -> Result<SaidOfArtifact, Unread> {
        let said = comment::former(rows, &gate.key, &artifact.path);
        let mut wanted: Vec<_> = said.iter().filter_map(|said| said.version).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut versions = Vec::new();
        for digest in wanted {
            let bytes = self.version(&rows.job.id, digest).await?;
            versions.extend(bytes.map(|bytes| (digest, bytes)));
        }
        Ok(SaidOfArtifact { said, versions })
    }
}

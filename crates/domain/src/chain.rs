//! The chain of decisions as it is kept outside the database: one line for each decision, so that a
//! run directory that was removed does not break it (SPEC §4).

use serde::{Deserialize, Serialize};

use super::decision::SealedDecision;
use super::ids::{Digest, JobId};

/// A line of `chain.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// Counts decisions per runs directory, from 1.
    pub seq: u64,
    /// The decision's hash.
    pub hash: Digest,
    pub job_id: JobId,
}

impl ChainLink {
    /// The link of a decision.
    pub fn of(sealed: &SealedDecision) -> Self {
        Self {
            seq: sealed.seq,
            hash: sealed.hash,
            job_id: sealed.decision.job_id().clone(),
        }
    }

    /// Its line, with the line end.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// The newest decision's number and hash, as somebody noted them elsewhere: the only thing that
/// shows a removed tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChainHead {
    /// Its number.
    pub seq: u64,
    pub hash: Digest,
}

impl std::fmt::Display for ChainHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl std::str::FromStr for ChainHead {
    type Err = String;

    /// Reads `SEQ:HASH`.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "a head is SEQ:HASH, as holdpoint decisions head prints it".to_owned();
        let (seq, hash) = text.trim().split_once(':').ok_or_else(form)?;
        Ok(Self {
            seq: seq.parse().map_err(|_| form())?,
            hash: Digest::parse(hash).map_err(|error| error.to_string())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_nothing_else_does() {
        let head = ChainHead {
            seq: 12,
            hash: Digest::of(b"12"),
        };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(format!(" {head}\n").parse(), Ok(head));
        for bad in ["", "12", ":", "x:00", "12:00", "-1:00"] {
            assert!(bad.parse::<ChainHead>().is_err(), "{bad:?}");
        }
    }
}

//! What goes over the line, each way.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use config::Config;
use domain::ask::Command;
use domain::ids::StageName;
use domain::operator::{Operator, Surface};
use domain::policy::GatePolicy;
use domain::refusal::{Refusal, RefusalCode};
use domain::rights::{Rights, expiry};
use domain::time::{Now, Timestamp};
use remote::Line;

use super::SESSION_PATH;
use super::kept::{Piece, together, unfit};
use super::versions::{OURS, Peer};
use crate::api::Receipt;
use crate::client::{Caller, Client, Committed};

/// A question.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskedDoc {
    /// Its name.
    pub ask: String,
    /// What it asks for.
    pub of: Box<RawValue>,
    /// The answer to the same question that the asker has, by the first 16 digits of the SHA-256 of
    /// its text; none: they have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

/// What it is answered with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldDoc {
    Answer(Box<RawValue>),
    /// The answer in pieces of the one that the asker has.
    Pieces(Vec<Piece>),
    Refused(Refusal),
}

/// Commands, in the order in which they are to be done.
#[derive(Debug, Serialize, Deserialize)]
pub struct CommandsDoc {
    /// The front end that they came through.
    pub surface: Surface,
    pub commands: Vec<SubmittedDoc>,
}

/// A command under the name of its submission: the same name is done once.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubmittedDoc {
    pub submission: String,
    /// A [`Command`]: of several that are sent together, one that is not known here hinders no
    /// other.
    pub command: Box<RawValue>,
    /// The answer to the question for its job that the asker has, as in [`AskedDoc`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

impl SubmittedDoc {
    /// What is to be done.
    pub fn command(&self) -> Result<Command, Refusal> {
        serde_json::from_str(self.command.get())
            .map_err(|error| Refusal::not_understood(format!("the command cannot be read: {error}")))
    }
}

/// What came of a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeDoc {
    Done {
        receipt: Box<Receipt>,
        /// Why its files are not in place yet; null: they are.
        unpublished: Option<Refusal>,
    },
    /// The text of this very document, in pieces of the answer that the asker has.
    Pieces(Vec<Piece>),
    Refused(Refusal),
}

impl OutcomeDoc {
    /// The same as one text, where it was told in pieces of the answer that the asker had; none: they
    /// do not fit that.
    pub(super) fn whole(self, had: Option<&str>) -> Option<Self> {
        match self {
            Self::Pieces(pieces) => serde_json::from_str(&together(had?, &pieces)?).ok(),
            whole @ (Self::Done { .. } | Self::Refused(_)) => Some(whole),
        }
    }

    /// What came of it, as a whole.
    pub(super) fn result(self) -> Result<Committed, Refusal> {
        match self {
            Self::Pieces(_) => Err(unfit("what was done")),
            Self::Done { receipt, unpublished } => Ok((receipt, unpublished.map_or(Ok(()), Err))),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

impl From<Result<Committed, Refusal>> for OutcomeDoc {
    fn from(done: Result<Committed, Refusal>) -> Self {
        match done {
            Ok((receipt, published)) => Self::Done {
                receipt,
                unpublished: published.err(),
            },
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// What is left of a session that cannot be read.
#[derive(Deserialize)]
struct VersionDoc {
    version: String,
}

/// Who asks, as the server sees them, and the rules that it goes by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionDoc {
    /// The version of the server.
    pub version: String,
    /// In whose name everything is done.
    pub operator: Operator,
    /// What they may have done.
    #[serde(flatten)]
    pub rights: Rights,
    /// When the token ceases to open anything; null: never.
    pub expires: Option<Timestamp>,
    /// What leases of theirs are known by.
    pub session: String,
    /// What the server's clocks say.
    pub now: Now,
    /// The number of the newest event; 0: there is none.
    pub newest: u64,
    /// The policies of gates that open from now on.
    pub gates: Arc<BTreeMap<StageName, GatePolicy>>,
    pub overdue_grace_s: u64,
    /// Reasons of a rejection that the console offers.
    pub reasons: Arc<Vec<String>>,
}

impl SessionDoc {
    /// Asks a server for it.
    pub(super) async fn asked(line: &Line, surface: Surface) -> Result<Self, Refusal> {
        let address = line.address();
        let asked = line.get(&format!("{SESSION_PATH}?surface={surface}")).await;
        let bytes = asked.map_err(|fault| {
            let refusal = Refusal::from(fault);
            if refusal.code != RefusalCode::NotFound {
                return refusal;
            }
            let message = format!("{address} knows nothing of --server: {}", refusal.message);
            let hint = format!("{address} may be older than that: upgrade that one");
            Refusal::new(RefusalCode::NotUnderstood, message).with_hint(hint)
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let version = serde_json::from_slice::<VersionDoc>(&bytes).ok().map(|doc| doc.version);
            let address = address.clone();
            Peer { address, version }.unreadable("the session", &error)
        })
    }

    /// What the engine goes by now; `newest`: see the field.
    pub fn of(here: &Client, caller: Caller, expires: Option<Timestamp>, now: Now, newest: u64) -> Self {
        let Caller {
            operator,
            session,
            rights,
        } = caller;
        let config = Arc::clone(&here.standing().config);
        Self {
            version: OURS.to_owned(),
            operator,
            rights,
            expires,
            session: session.unwrap_or_default(),
            now,
            newest,
            gates: Arc::clone(&config.gates),
            overdue_grace_s: config.pipeline.overdue_grace_s,
            reasons: Arc::clone(&config.console.reasons),
        }
    }

    /// What is to be said of the end of our token; none: it is not near.
    pub fn expiry(&self) -> Option<String> {
        expiry(&self.operator.name, self.expires?, self.now.utc)
    }

    /// The server's rules in the place of our own; what a console offers besides is its operator's.
    /// Whether they are others than before.
    pub(super) fn put_into(&self, config: &mut Config) -> bool {
        let is_other = config.gates != self.gates
            || config.pipeline.overdue_grace_s != self.overdue_grace_s
            || config.console.reasons != self.reasons;
        config.gates = Arc::clone(&self.gates);
        config.pipeline.overdue_grace_s = self.overdue_grace_s;
        config.console.reasons = Arc::clone(&self.reasons);
        is_other
    }
}

/// The types of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsKind {
    /// Events, oldest first.
    Events,
    /// Something visible changed that is no event.
    Changed,
    /// The configuration was loaded anew: a [`SessionDoc`].
    Session,
    /// Something does not work there: a refusal. Null: it works again.
    Trouble,
    /// A sign of life: what the clocks say.
    Alive,
    /// The server ends this, and says why; it may be asked again.
    Closing,
}

impl NewsKind {
    const ALL: [Self; 6] = [
        Self::Events,
        Self::Changed,
        Self::Session,
        Self::Trouble,
        Self::Alive,
        Self::Closing,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Changed => "changed",
            Self::Session => "session",
            Self::Trouble => "trouble",
            Self::Alive => "alive",
            Self::Closing => "closing",
        }
    }

    /// None for a word that this version does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

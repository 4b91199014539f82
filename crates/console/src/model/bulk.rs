//! Marks on gates of the queue.

use domain::context::GateContext;
use domain::decision::Extent;
use domain::ids::Digest;

/// A marked gate, as it was when it was marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Its digest; none while it is being read.
    pub(crate) digest: Option<Digest>,
    /// What its requester said then.
    pub(crate) context: GateContext,
    /// Of a mark that an earlier session has left: the digest of that, instead.
    pub(crate) context_left: Option<Digest>,
    /// Whether this operator has seen all of exactly that.
    pub(crate) is_seen: bool,
    /// How much of it is on record; none: they have not looked at it.
    pub(crate) extent: Option<Extent>,
}

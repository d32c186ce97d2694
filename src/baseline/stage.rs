//! Stages of the model that can be left out, to measure what each is worth.

use serde::{Deserialize, Serialize};

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Shrinking mailboxes towards their tenant; without it a mailbox is judged by its own history alone.
    Shrinkage,
    /// Peer groups; without them mailboxes are shrunk towards the whole tenant.
    Peers,
    /// Withholding from the baselines what is flagged or weighs heavily; without it everything teaches.
    Probation,
    /// Letting deviations weigh less where the owner is away or has just come back, or the mailbox is young.
    Circumstances,
    /// The isolation forest's part of the score.
    Isolation,
    /// Drawing follow-ups of an alert behind new incidents.
    FollowUp,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 6] = [
        Self::Shrinkage,
        Self::Peers,
        Self::Probation,
        Self::Circumstances,
        Self::Isolation,
        Self::FollowUp,
    ];

    /// The name in specifications of experiments.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shrinkage => "shrinkage",
            Self::Peers => "peers",
            Self::Probation => "probation",
            Self::Circumstances => "circumstances",
            Self::Isolation => "isolation",
            Self::FollowUp => "follow_up",
        }
    }
}

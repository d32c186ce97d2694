//! The laboratory: how good a ranking is when the attacks are known, and how other detectors do on the same log.
//!
//! [`Labels`] say which records belong to an attack, [`Truth`] what follows for sessions, [`evaluate`] how well the
//! scores and flags of a [`Ranking`] agree with it. An alert is one mailbox on one day, because that is what an
//! analyst opens.

mod curve;
mod delay;
mod labels;
mod metrics;
mod ranking;
mod run_directory;
mod truth;

pub use curve::{Curves, Point, curves};
pub use delay::{CampaignOutcome, EpisodeOutcome};
pub use labels::{LabelledEpisode, Labels};
pub use metrics::{
    AtRate, Evaluation, FlagMeasures, RATES, READING_RATE, ScenarioMeasures, evaluate,
};
pub use ranking::{Judged, Ranking};
pub use run_directory::{JudgedRun, Promise};
pub use truth::{COUNTED_OPERATIONS, EpisodeTruth, MailboxDay, SessionTruth, Truth};

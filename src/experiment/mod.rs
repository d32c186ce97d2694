//! The laboratory: how good a ranking is when the attacks are known, and how other detectors do on the same log.
//!
//! [`Labels`] say which records belong to an attack, [`Truth`] what follows for sessions, [`evaluate`] how well the
//! scores and flags of a [`Ranking`] agree with it. An alert is one mailbox on one day, because that is what an
//! analyst opens. An [`Experiment`] is a matrix of tenants, seeds, parameters and [`detector`]s; [`run_matrix`] fills it.

mod ablation;
mod curve;
mod delay;
pub mod detector;
mod figure;
mod interval;
mod labels;
mod matrix;
mod measure;
mod metrics;
mod ranking;
mod run_directory;
mod spec;
mod table;
mod tenant;
mod truth;

pub use ablation::Ablation;
pub use curve::{Curves, Point, curves};
pub use delay::{CampaignOutcome, EpisodeOutcome};
pub use detector::{Detector, DetectorName, Log};
pub use figure::{Figure, draw_figures};
pub use interval::{Estimate, PlaceSummary, estimate, summarise};
pub use labels::{LabelledEpisode, Labels};
pub use matrix::{FinishedCell, MatrixOptions, run_matrix};
pub use measure::{MEASURES, Measure, Measures, measure};
pub use metrics::{
    AtRate, Evaluation, FlagMeasures, RATES, READING_RATE, ScenarioMeasures, evaluate,
};
pub use ranking::{Judged, Ranking};
pub use run_directory::{JudgedRun, Promise};
pub use spec::{Cell, Experiment, Place, TenantSource, TenantVariant};
pub use table::{write_cells, write_summary};
pub use truth::{EpisodeTruth, MailboxDay, SessionTruth, Truth, counts_as_access};

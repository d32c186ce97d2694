//! Charts: each a pure function from a plain data struct to a PNG file.
//!
//! The data structs carry numbers and names only, can be stored with serde, and know nothing of how they were computed.
//! Times are Unix seconds (UTC) and shown in the zone of [`Style`]. Names are cleaned of control characters
//! and shortened to their room, so any string is safe. The same data and style give the same bytes, whatever the number of threads:
//! the font is embedded, nothing is read from the system, and no step is random.

use std::borrow::Borrow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub mod campaign_map;
mod canvas;
pub mod comparison;
pub mod coverage;
pub mod detection_delay;
mod frame;
pub(crate) mod label;
mod lane;
pub mod mailbox_sheet;
mod palette;
mod plane;
pub mod precision_recall;
mod reason_bars;
pub mod recall_by_alerts;
mod scale;
pub mod score_distribution;
pub mod series;
mod session_key;
pub mod sweep;
pub mod tenant_overview;
mod theme;
pub mod top_sessions;
mod typeface;
mod week_map;

pub use campaign_map::CampaignMap;
pub use comparison::Comparison;
pub use coverage::Coverage;
pub use detection_delay::DetectionDelay;
pub use mailbox_sheet::MailboxSheet;
pub use precision_recall::PrecisionRecall;
pub use recall_by_alerts::RecallByAlerts;
pub use score_distribution::ScoreDistribution;
pub use series::{Band, Series, bin_seconds};
pub use session_key::{Companions, FlaggedSession};
pub use sweep::Sweep;
pub use tenant_overview::TenantOverview;
pub(crate) use tenant_overview::most_unflagged;
pub use theme::{Resolution, Style};
pub use top_sessions::TopSessions;

/// Why a chart could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// The embedded font was refused.
    #[error(
        "the embedded font cannot be read; this build of mailglass is damaged, please reinstall it"
    )]
    Font,
    /// The rasteriser refused a drawing step.
    #[error("a chart cannot be drawn: {reason}; this is a fault of mailglass, please report it")]
    Draw {
        /// What the rasteriser said.
        reason: String,
    },
    /// The picture could not be encoded.
    #[error("a chart cannot be encoded as PNG")]
    Encode(#[source] png::EncodingError),
    /// The file could not be written.
    #[error("cannot write the chart {}; check that the folder exists, is writable and has space left", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The data of any chart, for drawing many at once and for keeping them in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "chart", rename_all = "snake_case")]
pub enum Chart {
    /// The tenant's accesses over time.
    TenantOverview(TenantOverview),
    /// One mailbox and its flagged sessions.
    MailboxSheet(MailboxSheet),
    /// All scores and the threshold.
    ScoreDistribution(ScoreDistribution),
    /// The highest-ranked sessions and their reasons.
    TopSessions(TopSessions),
    /// Mailboxes by day, linked by what ties the sessions.
    CampaignMap(CampaignMap),
    /// What the log holds and lacks.
    Coverage(Coverage),
}

impl Chart {
    /// The finding, as the title of the picture states it; it also describes the picture to those who cannot see it.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Chart::TenantOverview(data) => tenant_overview::title(data),
            Chart::MailboxSheet(data) => mailbox_sheet::title(data),
            Chart::ScoreDistribution(data) => score_distribution::title(data),
            Chart::TopSessions(data) => top_sessions::title(data),
            Chart::CampaignMap(data) => campaign_map::title(data),
            Chart::Coverage(data) => coverage::title(data),
        }
    }

    /// Draws the chart into the PNG file `path`, replacing it.
    ///
    /// # Errors
    /// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
    pub fn draw(&self, style: &Style, path: &Path) -> Result<(), ChartError> {
        match self {
            Chart::TenantOverview(data) => tenant_overview::draw(data, style, path),
            Chart::MailboxSheet(data) => mailbox_sheet::draw(data, style, path),
            Chart::ScoreDistribution(data) => score_distribution::draw(data, style, path),
            Chart::TopSessions(data) => top_sessions::draw(data, style, path),
            Chart::CampaignMap(data) => campaign_map::draw(data, style, path),
            Chart::Coverage(data) => coverage::draw(data, style, path),
        }
    }
}

/// Draws all charts, owned or borrowed, in parallel on rayon's current pool; the files do not depend on the number of threads.
///
/// # Errors
/// The error of the first chart, in the order given, that failed. The others are drawn nevertheless.
pub fn draw_all<C>(charts: &[(PathBuf, C)], style: &Style) -> Result<(), ChartError>
where
    C: Borrow<Chart> + Sync,
{
    let drawn: Vec<Result<(), ChartError>> = charts
        .par_iter()
        // One at a time: a chart takes long, and what a thread has taken no other can help with.
        .with_max_len(1)
        .map(|(path, chart)| chart.borrow().draw(style, path))
        .collect();
    rayon::broadcast(|_| canvas::give_back_surface());
    drawn.into_iter().collect()
}

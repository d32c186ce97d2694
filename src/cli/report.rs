//! `mailglass report`: charts and page of a run directory, drawn again.

use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use super::Outcome;
use super::config_file::Setting;
use super::options::zone;
use super::terminal::print;
use crate::chart::Resolution;
use crate::error::Error;
use crate::report::{RedrawOptions, redraw};

pub(super) const LONG_ABOUT: &str = "\
Draw the charts and the page of a run directory again, from the run directory alone.

The ranking is not touched: sessions, reasons and flags stay as the analysis wrote them. Use it for pictures of double \
resolution, for another time zone, or after an update of mailglass.";

/// Arguments of `mailglass report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Run directory that `mailglass analyze` wrote
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Draw the charts 3200 pixels wide instead of 1600
    #[arg(long)]
    double_resolution: bool,

    /// Time zone of charts and page, such as Europe/Warsaw [default: that of the run]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: ReportArgs) -> Result<Outcome, Error> {
    let time_zone: Option<TimeZone> = args
        .time_zone
        .map(|name| zone(&Setting::option("--time-zone", name)))
        .transpose()?;
    let drawn = redraw(&RedrawOptions {
        run: args.run,
        resolution: if args.double_resolution {
            Resolution::Double
        } else {
            Resolution::Standard
        },
        time_zone,
    })?;
    if !args.quiet {
        print(&format!(
            "Drawn {} charts and {}",
            drawn.charts,
            drawn.page.display()
        ))?;
    }
    Ok(Outcome::Done)
}

//! Draws every chart from invented data into a folder: `cargo run --example charts -- FOLDER [double]`.

use std::path::PathBuf;

use mailglass::chart::{Chart, ChartError, Resolution, Style, draw_all};

#[path = "../tests/it/chart/data.rs"]
#[allow(dead_code)]
mod chart_data;

fn main() -> Result<(), ChartError> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().unwrap_or_else(|| "output/charts".to_owned()));
    std::fs::create_dir_all(&folder).map_err(|source| ChartError::Write {
        path: folder.clone(),
        source,
    })?;
    let style = Style {
        resolution: match args.next().as_deref() {
            Some("double") => Resolution::Double,
            _ => Resolution::Standard,
        },
        source: "invented data".to_owned(),
        ..Style::default()
    };
    let charts = [
        (
            "tenant_overview",
            Chart::TenantOverview(chart_data::overview()),
        ),
        ("mailbox_sheet", Chart::MailboxSheet(chart_data::sheet())),
        (
            "score_distribution",
            Chart::ScoreDistribution(chart_data::scores()),
        ),
        ("top_sessions", Chart::TopSessions(chart_data::top())),
        ("campaign_map", Chart::CampaignMap(chart_data::campaigns())),
        ("coverage", Chart::Coverage(chart_data::coverage())),
    ]
    .map(|(name, chart)| (folder.join(format!("{name}.png")), chart));
    draw_all(&charts, &style)
}

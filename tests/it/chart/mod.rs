//! Charts as a user meets them: PNG files of the right size, like the goldens that were looked at, whatever the data.
//!
//! After a wanted change of a chart, draw the goldens anew with `MAILGLASS_BLESS=1 cargo test --test it chart::` and look
//! at each of them before committing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mailglass::chart::{Chart, ChartError, Resolution, Style, draw_all};

use picture::{Picture, drawn, style};

mod data;
mod extremes;
mod picture;

fn all_charts() -> Vec<(&'static str, Chart)> {
    vec![
        ("tenant_overview", Chart::TenantOverview(data::overview())),
        ("mailbox_sheet", Chart::MailboxSheet(data::sheet())),
        (
            "score_distribution",
            Chart::ScoreDistribution(data::scores()),
        ),
        ("top_sessions", Chart::TopSessions(data::top())),
        ("campaign_map", Chart::CampaignMap(data::campaigns())),
        ("coverage", Chart::Coverage(data::coverage())),
    ]
}

#[test]
fn charts_look_like_their_goldens() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/charts");
    for (name, chart) in all_charts() {
        let now = drawn(name, &chart, &style()).halved();
        let path = goldens.join(format!("{name}.png"));
        if std::env::var_os("MAILGLASS_BLESS").is_some() {
            std::fs::create_dir_all(&goldens).expect("folder of the goldens");
            now.write(&path);
            continue;
        }
        let golden = Picture::read(&path);
        assert_eq!(
            (now.width, now.height),
            (golden.width, golden.height),
            "{name}"
        );
        let pairs = now.pixels.iter().zip(&golden.pixels);
        // The version in the footer may change; anything that a reader would notice is more than this.
        let differ = pairs.filter(|(a, b)| a.abs_diff(**b) > 48).count();
        let share = differ as f64 / now.pixels.len() as f64;
        assert!(
            share < 0.000_2,
            "{name}: {share:.5} of the values differ from the golden"
        );
    }
}

#[test]
fn double_resolution_doubles_every_side() {
    let double = Style {
        resolution: Resolution::Double,
        ..style()
    };
    for (name, chart) in all_charts() {
        let small = drawn(name, &chart, &style());
        let large = drawn(&format!("{name}@2x"), &chart, &double);
        assert_eq!(
            (large.width, large.height),
            (2 * small.width, 2 * small.height)
        );
    }
}

#[test]
fn same_data_give_the_same_bytes_for_any_number_of_threads() {
    let bytes = |threads: usize| {
        let folder = tempfile::tempdir().expect("temporary folder");
        let charts: Vec<(PathBuf, Chart)> = all_charts()
            .into_iter()
            .map(|(name, chart)| (folder.path().join(name), chart))
            .collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("pool")
            .install(|| draw_all(&charts, &style()))
            .expect("all charts are drawn");
        let read = |(path, _): &(PathBuf, Chart)| std::fs::read(path).expect("picture");
        charts.iter().map(read).collect::<Vec<Vec<u8>>>()
    };
    assert_eq!(bytes(1), bytes(4));
}

#[test]
fn charts_redrawn_from_a_file_are_the_same() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, chart) in all_charts() {
        let bytes = |chart: &Chart| {
            let path = folder.path().join(name);
            chart.draw(&style(), &path).expect("chart is drawn");
            std::fs::read(path).expect("picture")
        };
        let json = serde_json::to_string(&chart).expect("JSON");
        let back: Chart = serde_json::from_str(&json).expect("chart");
        assert!(bytes(&back) == bytes(&chart), "{name}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let path = Path::new("no-such-folder/chart.png");
    let chart = Chart::TenantOverview(data::overview());
    let error = chart.draw(&style(), path).expect_err("cannot be written");
    assert!(matches!(error, ChartError::Write { .. }));
    assert!(error.to_string().contains("no-such-folder"));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "a measurement of optimised code: add --release"
)]
fn fifty_sheets_are_drawn_in_ten_seconds() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let sheet = Chart::MailboxSheet(data::sheet());
    let charts: Vec<(PathBuf, Chart)> = (0..50)
        .map(|i| (folder.path().join(format!("{i}.png")), sheet.clone()))
        .collect();
    let begun = Instant::now();
    draw_all(&charts, &style()).expect("all sheets are drawn");
    let seconds = begun.elapsed().as_secs_f64();
    println!("50 mailbox sheets in {seconds:.2} s");
    let sizes: BTreeMap<u64, usize> =
        charts.iter().fold(BTreeMap::new(), |mut sizes, (path, _)| {
            let size = std::fs::metadata(path).expect("picture").len();
            *sizes.entry(size).or_default() += 1;
            sizes
        });
    assert_eq!(sizes.values().copied().collect::<Vec<usize>>(), vec![50]);
    assert!(seconds < 10.0, "{seconds:.1} s for 50 sheets");
}

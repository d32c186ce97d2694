//! Charts as a user meets them: PNG files of the right size, like the goldens that were looked at, whatever the data.
//!
//! After a wanted change of a chart, draw the goldens anew with `MAILGLASS_BLESS=1 cargo test --test it chart::` and look
//! at each of them before committing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mailglass::chart::{
    Chart, ChartError, FlaggedSession, MailboxSheet, Resolution, Style, TenantOverview,
    campaign_map::{Campaign, Visit},
    coverage::{Missing, MissingKind},
    draw_all,
    mailbox_sheet::{Lane, Reason},
    score_distribution::Threshold,
};

use crate::chart_data::{self, DAY, HOUR, MONDAY, Noise};

/// A decoded picture: RGB, 8 bits.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    fn read(path: &Path) -> Picture {
        let file = std::fs::File::open(path).expect("picture exists");
        let mut reader = png::Decoder::new(std::io::BufReader::new(file))
            .read_info()
            .expect("a PNG file");
        let mut pixels = vec![0; reader.output_buffer_size().expect("known size")];
        let info = reader.next_frame(&mut pixels).expect("whole picture");
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Picture {
            width: info.width as usize,
            height: info.height as usize,
            pixels,
        }
    }

    /// Half the size: the size at which every chart must still be readable, and that of the goldens.
    fn halved(&self) -> Picture {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height * 3);
        let at =
            |x: usize, y: usize, c: usize| u32::from(self.pixels[(y * self.width + x) * 3 + c]);
        for y in 0..height {
            for x in 0..width {
                for c in 0..3 {
                    let (x, y) = (2 * x, 2 * y);
                    let sum = at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c);
                    pixels.push((sum / 4) as u8);
                }
            }
        }
        Picture {
            width,
            height,
            pixels,
        }
    }

    fn write(&self, path: &Path) {
        let file = std::fs::File::create(path).expect("golden can be written");
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().expect("header");
        writer.write_image_data(&self.pixels).expect("pixels");
        writer.finish().expect("end of file");
    }

    /// Share of pixels that are not the paper's white.
    fn inked(&self) -> f64 {
        let inked = self.pixels.chunks_exact(3).filter(|p| **p != [255; 3]);
        inked.count() as f64 / (self.width * self.height) as f64
    }

    /// Whether nothing was drawn into the outer margin, where it would be cut or close to it.
    fn margin_is_clear(&self) -> bool {
        let scale = self.width / 1600;
        let margin = 30 * scale;
        let inked = |x: usize, y: usize| {
            let at = (y * self.width + x) * 3;
            self.pixels[at..at + 3] != [255; 3]
        };
        let sides = (0..self.height).all(|y| {
            (0..margin)
                .chain(self.width - margin..self.width)
                .all(|x| !inked(x, y))
        });
        let ends = (0..self.width).all(|x| {
            let bottom = self.height - 8 * scale..self.height;
            (0..12 * scale).chain(bottom).all(|y| !inked(x, y))
        });
        sides && ends
    }
}

fn all_charts() -> Vec<(&'static str, Chart)> {
    vec![
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
}

fn style() -> Style {
    Style {
        source: "invented data".to_owned(),
        ..Style::default()
    }
}

/// Draws `chart`, checks what holds for every chart, and gives the picture.
fn drawn(name: &str, chart: &Chart, style: &Style) -> Picture {
    // Set MAILGLASS_CHARTS to a folder to keep the pictures and look at them.
    let kept = std::env::var_os("MAILGLASS_CHARTS").map(PathBuf::from);
    let folder = tempfile::tempdir().expect("temporary folder");
    let folder = kept.unwrap_or_else(|| folder.path().to_owned());
    std::fs::create_dir_all(&folder).expect("folder");
    let path = folder.join(format!("{name}.png"));
    chart.draw(style, &path).expect("chart is drawn");
    let picture = Picture::read(&path);
    let scale = if style.resolution == Resolution::Double {
        2
    } else {
        1
    };
    assert_eq!(picture.width, 1600 * scale, "{name}");
    assert!(
        picture.height >= 300 * scale && picture.height <= 4000 * scale,
        "{name}"
    );
    assert!(picture.inked() > 0.01, "{name} is almost empty");
    assert!(picture.margin_is_clear(), "{name} draws into its margin");
    picture
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
            share < 0.000_5,
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
    let chart = Chart::TenantOverview(chart_data::overview());
    let error = chart.draw(&style(), path).expect_err("cannot be written");
    assert!(matches!(error, ChartError::Write { .. }));
    assert!(error.to_string().contains("no-such-folder"));
}

/// Names that break layouts: very long, without spaces, of many scripts, with controls and markup.
fn hard_names() -> Vec<String> {
    vec![
        format!(
            "{}@{}.example",
            "very.long.mailbox.name".repeat(8),
            "subdomain".repeat(9)
        ),
        "Ελένη.Παπαδοπούλου@υπουργείο.example".to_owned(),
        "Жук.Наталья@мид.example".to_owned(),
        "łucja.źródło+żółć@minist\u{e8}re.example".to_owned(),
        "\u{202e}elpmaxe\u{0}\u{7}\r\n\t@right.to.left".to_owned(),
        "<script>alert('mailbox')</script>".to_owned(),
        "会議室@例え.example".to_owned(),
        String::new(),
        "W".repeat(140),
    ]
}

fn rename(sessions: &mut [FlaggedSession]) {
    let names = hard_names();
    for (i, session) in sessions.iter_mut().enumerate() {
        let name = |n: usize| names[(i + n) % names.len()].clone();
        session.mailbox = name(0);
        session.client = name(1);
        session.network = name(2);
        session.reason = format!("{} {}", name(3), "and so on ".repeat(30));
    }
}

#[test]
fn hard_names_fit() {
    let names = hard_names();
    let hard = |i: usize| names[i % names.len()].clone();
    let mut overview = chart_data::overview();
    rename(&mut overview.flagged);
    let mut sheet = chart_data::sheet();
    rename(&mut sheet.flagged);
    sheet.mailbox = hard(0);
    for (i, lane) in sheet
        .clients
        .iter_mut()
        .chain(&mut sheet.networks)
        .enumerate()
    {
        lane.label = hard(i);
    }
    for (i, reason) in sheet.reasons.iter_mut().enumerate() {
        reason.sentence = format!("{} {}", hard(i + 1), hard(i));
        reason.unit = hard(i);
    }
    let mut scores = chart_data::scores();
    scores.rule = "a rule ".repeat(60);
    scores.thresholds = (0..7)
        .map(|i| Threshold {
            kind: hard(i),
            score: 0.60 + 0.02 * i as f64,
        })
        .collect();
    let mut top = chart_data::top();
    for (i, session) in top.sessions.iter_mut().enumerate() {
        session.mailbox = hard(i);
        session.client = hard(i + 1);
    }
    top.groups = (0..12).map(hard).collect();
    let mut campaigns = chart_data::campaigns();
    for (i, campaign) in campaigns.campaigns.iter_mut().enumerate() {
        campaign.id = hard(i);
        campaign.shared = hard(i + 8);
        for visit in &mut campaign.visits {
            visit.mailbox = format!("{}{}", hard(i), visit.mailbox);
        }
    }
    let mut coverage = chart_data::coverage();
    for (i, operation) in coverage.operations.iter_mut().enumerate() {
        operation.operation = hard(i);
    }
    for (i, missing) in coverage.missing.iter_mut().enumerate() {
        missing.of = hard(i);
    }
    let long_source = Style {
        source: "C:\\exports\\".repeat(40),
        ..Style::default()
    };
    for (name, chart) in [
        ("hard_overview", Chart::TenantOverview(overview)),
        ("hard_sheet", Chart::MailboxSheet(sheet)),
        ("hard_scores", Chart::ScoreDistribution(scores)),
        ("hard_top", Chart::TopSessions(top)),
        ("hard_campaigns", Chart::CampaignMap(campaigns)),
        ("hard_coverage", Chart::Coverage(coverage)),
    ] {
        drawn(name, &chart, &long_source);
    }
}

#[test]
fn nothing_at_all_still_says_so() {
    let mut overview = chart_data::overview();
    overview.flagged.clear();
    drawn(
        "quiet_overview",
        &Chart::TenantOverview(overview.clone()),
        &style(),
    );
    overview.accesses.observed.clear();
    overview.accesses.expected.clear();
    let mut sheet = chart_data::sheet();
    sheet.flagged.clear();
    sheet.items.observed = vec![0; 48];
    sheet.week.clear();
    sheet.clients.clear();
    sheet.networks.clear();
    sheet.reasons.clear();
    let mut scores = chart_data::scores();
    scores.flagged.clear();
    drawn(
        "quiet_scores",
        &Chart::ScoreDistribution(scores.clone()),
        &style(),
    );
    scores.unflagged.clear();
    scores.thresholds.clear();
    scores.expected_by_chance = f64::NAN;
    let mut top = chart_data::top();
    top.sessions.clear();
    top.groups.clear();
    let mut campaigns = chart_data::campaigns();
    campaigns.campaigns.clear();
    let mut coverage = chart_data::coverage();
    coverage.missing.clear();
    drawn(
        "whole_coverage",
        &Chart::Coverage(coverage.clone()),
        &style(),
    );
    coverage.operations.clear();
    for (name, chart) in [
        ("empty_overview", Chart::TenantOverview(overview)),
        ("empty_sheet", Chart::MailboxSheet(sheet)),
        ("empty_scores", Chart::ScoreDistribution(scores)),
        ("empty_top", Chart::TopSessions(top)),
        ("empty_campaigns", Chart::CampaignMap(campaigns)),
        ("empty_coverage", Chart::Coverage(coverage)),
    ] {
        drawn(name, &chart, &style());
    }
}

#[test]
fn one_day_of_one_mailbox() {
    let mut overview = chart_data::overview();
    overview.accesses = chart_data::series(24, 1.0, 1);
    overview.mailboxes = 1;
    overview.flagged.truncate(1);
    overview.flagged[0].start = MONDAY + 2 * HOUR;
    overview.flagged[0].end = MONDAY + 3 * HOUR;
    chart_data::add(&mut overview.accesses, &overview.flagged[0]);
    let mut sheet = chart_data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    for lane in sheet.clients.iter_mut().chain(&mut sheet.networks) {
        lane.days.truncate(1);
        lane.flagged_days.retain(|day| *day == 0);
    }
    let mut campaigns = chart_data::campaigns();
    campaigns.campaigns.truncate(1);
    campaigns.campaigns[0].visits.truncate(1);
    campaigns.campaigns[0].visits[0].start = MONDAY + 2 * HOUR;
    campaigns.end = MONDAY + DAY;
    let mut coverage = chart_data::coverage();
    for operation in &mut coverage.operations {
        operation.counts.truncate(1);
    }
    for (name, chart) in [
        ("day_overview", Chart::TenantOverview(overview)),
        ("day_sheet", Chart::MailboxSheet(sheet)),
        ("day_campaigns", Chart::CampaignMap(campaigns)),
        ("day_coverage", Chart::Coverage(coverage)),
    ] {
        drawn(name, &chart, &style());
    }
}

/// Two years and hundreds of flagged sessions.
fn two_years() -> (TenantOverview, MailboxSheet) {
    let mut noise = Noise::new(31);
    let mut overview = chart_data::overview();
    // Hourly on purpose: more bins than pixels.
    overview.accesses = chart_data::series(730 * 24, 1.0, 3);
    overview.flagged = (0..400)
        .map(|i| FlaggedSession {
            rank: i + 1,
            mailbox: format!("mailbox{}@mfa.example", noise.below(5_000)),
            start: MONDAY + noise.below(730) as i64 * DAY + noise.below(24) as i64 * HOUR,
            ..FlaggedSession::default()
        })
        .map(|session| FlaggedSession {
            end: session.start + HOUR,
            items: 300,
            ..session
        })
        .collect();
    for session in &overview.flagged {
        chart_data::add(&mut overview.accesses, session);
    }
    let mut sheet = chart_data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    sheet.clients = (0..60)
        .map(|i| Lane {
            label: format!("client {i}"),
            days: (0..730).map(|_| noise.below(40)).collect(),
            flagged_days: if i % 9 == 0 {
                vec![3 * i, 400 + i]
            } else {
                Vec::new()
            },
        })
        .collect();
    sheet.networks = sheet.clients.clone();
    sheet.reasons = (0..40)
        .map(|i| Reason {
            sentence: format!("reason number {i}"),
            observed: f64::from(i) * 1e7,
            expected: f64::from(40 - i),
            unit: "bytes".to_owned(),
            contribution: 1.0 / 40.0,
        })
        .collect();
    (overview, sheet)
}

#[test]
fn two_years_of_five_thousand_mailboxes() {
    let (overview, sheet) = two_years();
    let mut noise = Noise::new(5);
    let mut campaigns = chart_data::campaigns();
    campaigns.end = MONDAY + 730 * DAY;
    campaigns.campaigns = (0..30)
        .map(|c| Campaign {
            id: format!("campaign {c}"),
            shared: format!("network 10.{c}.0.0/16"),
            visits: (0..if c == 0 { 5_000 } else { 20 })
                .map(|m| Visit {
                    mailbox: format!("mailbox{m}@mfa.example"),
                    start: MONDAY + noise.below(730) as i64 * DAY,
                    items: noise.below(900),
                })
                .collect(),
        })
        .collect();
    let mut coverage = chart_data::coverage();
    for operation in &mut coverage.operations {
        operation.counts = (0..730).map(|_| 40_000 + noise.below(900_000)).collect();
    }
    coverage.missing = (0..5_000)
        .map(|i| {
            let start = MONDAY + noise.below(730) as i64 * DAY;
            Missing {
                kind: MissingKind::Throttled,
                start,
                end: start + DAY,
                of: format!("mailbox{i}@mfa.example"),
            }
        })
        .collect();
    let mut scores = chart_data::scores();
    scores.unflagged = (0..1_000_000).map(|_| 0.3 + 0.4 * noise.unit()).collect();
    for (name, chart) in [
        ("years_overview", Chart::TenantOverview(overview)),
        ("years_sheet", Chart::MailboxSheet(sheet)),
        ("years_campaigns", Chart::CampaignMap(campaigns)),
        ("years_coverage", Chart::Coverage(coverage)),
        ("years_scores", Chart::ScoreDistribution(scores)),
    ] {
        drawn(name, &chart, &style());
    }
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut overview = chart_data::overview();
    overview.accesses.start = i64::MAX - 5;
    overview.accesses.step = 0;
    overview.accesses.observed[3] = u64::MAX;
    overview.accesses.flagged = vec![u64::MAX; 9_000];
    overview
        .accesses
        .expected
        .iter_mut()
        .flatten()
        .for_each(|band| {
            band.low = f64::NAN;
            band.high = f64::INFINITY;
        });
    overview.flagged[0].start = i64::MIN;
    overview.flagged[0].end = i64::MAX;
    overview.flagged[1].start = i64::MAX;
    overview.flagged[1].end = i64::MIN;
    let mut sheet = chart_data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    sheet.first_day = i64::MIN;
    sheet.week = vec![f64::NAN; 3];
    sheet.clients[0].flagged_days = vec![usize::MAX, 0];
    sheet.clients[0].days = vec![u64::MAX; 3];
    sheet.reasons[0].observed = f64::INFINITY;
    sheet.reasons[1].contribution = f64::NAN;
    sheet.reasons[2].expected = -1e300;
    let mut scores = chart_data::scores();
    scores
        .unflagged
        .extend([f64::NAN, f64::INFINITY, -5.0, 1e300]);
    scores.thresholds[0].score = f64::NAN;
    let mut top = chart_data::top();
    top.sessions[0].score = f64::NAN;
    top.sessions[1].score = 1e300;
    top.sessions[2].shares = vec![f64::INFINITY, -1.0, f64::MAX, f64::MAX];
    top.sessions[3].start = i64::MIN;
    top.sessions[4].shares = vec![0.1; 500];
    let mut campaigns = chart_data::campaigns();
    (campaigns.start, campaigns.end) = (i64::MAX, i64::MIN);
    campaigns.campaigns[0].visits[0].items = u64::MAX;
    campaigns.campaigns[0].visits[0].start = i64::MIN;
    let mut coverage = chart_data::coverage();
    coverage.step = i64::MAX;
    coverage.operations[0].counts[0] = u64::MAX;
    coverage.missing[0].start = i64::MIN;
    for (name, chart) in [
        ("absurd_overview", Chart::TenantOverview(overview)),
        ("absurd_sheet", Chart::MailboxSheet(sheet)),
        ("absurd_scores", Chart::ScoreDistribution(scores)),
        ("absurd_top", Chart::TopSessions(top)),
        ("absurd_campaigns", Chart::CampaignMap(campaigns)),
        ("absurd_coverage", Chart::Coverage(coverage)),
    ] {
        drawn(name, &chart, &style());
    }
}

#[test]
fn fifty_sheets_are_drawn_in_ten_seconds() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let sheet = Chart::MailboxSheet(chart_data::sheet());
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
    // Unoptimised builds are some ten times slower and prove nothing about the time.
    if !cfg!(debug_assertions) {
        assert!(seconds < 10.0, "{seconds:.1} s for 50 sheets");
    }
}

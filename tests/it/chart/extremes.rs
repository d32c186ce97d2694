//! Charts of hard names, of nothing, of one day, of two years, of absurd numbers.

use mailglass::chart::{
    Chart, FlaggedSession, MailboxSheet, Style, TenantOverview,
    campaign_map::{Campaign, Visit},
    coverage::{Missing, MissingKind},
    mailbox_sheet::{Lane, Reason},
    score_distribution::{ScoreBins, Thresholds},
};

use super::data::{self, DAY, HOUR, MONDAY, Noise};
use super::picture::{drawn, style};

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
    let mut overview = data::overview();
    rename(&mut overview.flagged);
    let mut sheet = data::sheet();
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
    let mut scores = data::scores();
    scores.rule = "a rule ".repeat(60);
    scores.thresholds = Some(Thresholds {
        low: 0.01,
        high: 0.99,
    });
    let mut top = data::top();
    for (i, session) in top.sessions.iter_mut().enumerate() {
        session.mailbox = hard(i);
        session.client = hard(i + 1);
    }
    top.groups = (0..12).map(hard).collect();
    let mut campaigns = data::campaigns();
    for (i, campaign) in campaigns.campaigns.iter_mut().enumerate() {
        campaign.id = hard(i);
        campaign.ties = vec![hard(i + 8)];
        for visit in &mut campaign.visits {
            visit.mailbox = format!("{}{}", hard(i), visit.mailbox);
        }
    }
    let mut coverage = data::coverage();
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
    let mut overview = data::overview();
    overview.flagged.clear();
    overview.accesses = data::series(21 * 24, 1.0, 7);
    drawn(
        "quiet_overview",
        &Chart::TenantOverview(overview.clone()),
        &style(),
    );
    overview.accesses.observed.clear();
    overview.accesses.expected.clear();
    let mut sheet = data::sheet();
    sheet.flagged.clear();
    sheet.items.observed = vec![0; 48];
    sheet.items.flagged.clear();
    sheet.week.clear();
    sheet.clients.clear();
    sheet.networks.clear();
    sheet.reasons.clear();
    let mut scores = data::scores_of(data::scores().thresholds, data::unflagged(), &[]);
    drawn(
        "quiet_scores",
        &Chart::ScoreDistribution(scores.clone()),
        &style(),
    );
    scores.scores = ScoreBins::default();
    scores.thresholds = None;
    scores.expected_by_chance = f64::NAN;
    let mut top = data::top();
    top.sessions.clear();
    top.groups.clear();
    let mut campaigns = data::campaigns();
    campaigns.campaigns.clear();
    let mut coverage = data::coverage();
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
    let mut overview = data::overview();
    overview.accesses = data::series(24, 1.0, 1);
    overview.mailboxes = 1;
    overview.flagged.truncate(1);
    overview.flagged[0].start = MONDAY + 2 * HOUR;
    overview.flagged[0].end = MONDAY + 3 * HOUR;
    data::add(&mut overview.accesses, &overview.flagged[0]);
    let mut sheet = data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    for lane in sheet.clients.iter_mut().chain(&mut sheet.networks) {
        lane.cells.truncate(1);
        lane.flagged.retain(|day| *day == 0);
    }
    let mut campaigns = data::campaigns();
    campaigns.campaigns.truncate(1);
    campaigns.campaigns[0].visits.truncate(1);
    campaigns.campaigns[0].visits[0].start = MONDAY + 2 * HOUR;
    campaigns.end = MONDAY + DAY;
    let mut coverage = data::coverage();
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
    let mut overview = data::overview();
    // Hourly on purpose: more bins than pixels.
    overview.accesses = data::series(730 * 24, 1.0, 3);
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
        data::add(&mut overview.accesses, session);
    }
    let mut sheet = data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    sheet.clients = (0..60)
        .map(|i| Lane {
            label: format!("client {i}"),
            cells: (0..730).map(|_| noise.below(40)).collect(),
            flagged: if i % 9 == 0 {
                vec![3 * i, 400 + i]
            } else {
                Vec::new()
            },
            members: 1,
            rest: false,
        })
        .collect();
    sheet.networks = sheet.clients.clone();
    sheet.reasons = (0..40)
        .map(|i| Reason {
            sentence: format!("reason number {i}"),
            observed: f64::from(i) * 1e7,
            expected: f64::from(40 - i),
            unit: "bytes".to_owned(),
            words: None,
            contribution: 1.0 / 40.0,
        })
        .collect();
    (overview, sheet)
}

#[test]
fn two_years_of_five_thousand_mailboxes() {
    let (overview, sheet) = two_years();
    let mut noise = Noise::new(5);
    let mut campaigns = data::campaigns();
    campaigns.end = MONDAY + 730 * DAY;
    campaigns.campaigns = (0..30)
        .map(|c| Campaign {
            id: format!("campaign {c}"),
            ties: vec![format!("network 10.{c}.0.0/16")],
            visits: (0..if c == 0 { 5_000 } else { 20 })
                .map(|m| Visit {
                    mailbox: format!("mailbox{m}@mfa.example"),
                    start: MONDAY + noise.below(730) as i64 * DAY,
                    items: noise.below(900),
                    folders: noise.below(3),
                })
                .collect(),
            folders: 3,
            same_network: (0..30).map(|c| format!("campaign {c}")).collect(),
        })
        .collect();
    let mut coverage = data::coverage();
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
    let many = (0..1_000_000).map(|_| 0.3 + 0.4 * noise.unit()).collect();
    let scores = data::scores_of(data::scores().thresholds, many, &data::FLAGGED);
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
    let mut overview = data::overview();
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
    let mut sheet = data::sheet();
    sheet.items = overview.accesses.clone();
    sheet.flagged = overview.flagged.clone();
    sheet.first_day = i64::MIN;
    sheet.cell_step = i64::MAX;
    sheet.week = vec![f64::NAN; 3];
    sheet.clients[0].flagged = vec![usize::MAX, 0];
    sheet.clients[0].cells = vec![u64::MAX; 3];
    sheet.reasons[0].observed = f64::INFINITY;
    sheet.reasons[1].contribution = f64::NAN;
    sheet.reasons[2].expected = -1e300;
    let thresholds = Thresholds {
        low: f64::NAN,
        high: f64::INFINITY,
    };
    let absurd = vec![f64::NAN, f64::INFINITY, -5.0, 1e300];
    let mut scores = data::scores_of(Some(thresholds), absurd, &data::FLAGGED);
    scores.scores.bins[0].number = i32::MAX;
    scores.scores.bins[1].flagged = u64::MAX;
    scores.scores.range = Some((f64::NAN, f64::NEG_INFINITY));
    let mut top = data::top();
    top.sessions[0].score = f64::NAN;
    top.sessions[1].score = 1e300;
    top.sessions[2].shares = vec![f64::INFINITY, -1.0, f64::MAX, f64::MAX];
    top.sessions[3].start = i64::MIN;
    top.sessions[4].shares = vec![0.1; 500];
    let mut campaigns = data::campaigns();
    (campaigns.start, campaigns.end) = (i64::MAX, i64::MIN);
    campaigns.campaigns[0].visits[0].items = u64::MAX;
    campaigns.campaigns[0].visits[0].start = i64::MIN;
    let mut coverage = data::coverage();
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

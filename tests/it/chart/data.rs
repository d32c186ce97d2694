//! Invented data for the charts: a small ministry, three weeks, one campaign.

use mailglass::chart::{
    Band, CampaignMap, Companions, Coverage, FlaggedSession, MailboxSheet, ScoreDistribution,
    Series, TenantOverview, TopSessions,
    campaign_map::{Campaign, Visit},
    coverage::{Missing, MissingKind, OperationCounts},
    mailbox_sheet::{Lane, Reason},
    score_distribution::{ScoreBins, Thresholds},
    top_sessions::TopSession,
};
use mailglass::explain::ChangeCounts;

/// 2025-06-02T00:00:00Z, a Monday.
pub const MONDAY: i64 = 1_748_822_400;
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;

/// A small deterministic generator (splitmix64), so that the pictures are the same every time.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Noise {
        Noise(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }

    pub fn unit(&mut self) -> f64 {
        self.below(1_000_000) as f64 / 1e6
    }
}

/// Mean accesses in an hour of the week of an office.
fn office(hour_of_week: i64) -> f64 {
    let (day, hour) = (hour_of_week / 24 % 7, hour_of_week % 24);
    match (day, hour) {
        (0..=4, 7..=8) => 24.0,
        (0..=4, 9..=11) => 46.0,
        (0..=4, 12) => 28.0,
        (0..=4, 13..=16) => 40.0,
        (0..=4, 17..=18) => 16.0,
        (0..=4, 19..=21) => 6.0,
        (5..=6, 9..=20) => 2.5,
        _ => 0.8,
    }
}

pub fn series(hours: i64, scale: f64, seed: u64) -> Series {
    let mut noise = Noise::new(seed);
    let mut observed = Vec::new();
    let mut expected = Vec::new();
    for hour in 0..hours {
        let mean = office(hour % 168) * scale;
        let spread = 2.2 * mean.sqrt() + 1.0;
        let drawn = mean + (noise.unit() + noise.unit() - 1.0) * spread;
        observed.push(drawn.max(0.0).round() as u64);
        expected.push((hour >= 48).then_some(Band {
            low: (mean - spread).max(0.0),
            high: mean + spread,
        }));
    }
    Series {
        start: MONDAY,
        step: HOUR,
        flagged: vec![0; observed.len()],
        observed,
        expected,
    }
}

pub fn flagged() -> Vec<FlaggedSession> {
    let rows = [
        (
            1,
            "ambassador",
            15,
            2,
            262,
            "REST client, appid 4f1b…9c",
            "client new to the tenant reads much in 4 mailboxes",
        ),
        (
            2,
            "desk.asia",
            15,
            3,
            241,
            "REST client, appid 4f1b…9c",
            "client new to the tenant reads much in 4 mailboxes",
        ),
        (
            3,
            "minister.office",
            16,
            2,
            198,
            "REST client, appid 4f1b…9c",
            "198 items where 12 are expected",
        ),
        (
            4,
            "trade.policy",
            17,
            4,
            173,
            "REST client, appid 4f1b…9c",
            "network never seen in this tenant",
        ),
        (
            5,
            "ambassador",
            18,
            1,
            240,
            "REST client, appid 4f1b…9c",
            "the same unusual context, four days in a row",
        ),
        (
            6,
            "registry",
            9,
            22,
            96,
            "eM Client",
            "whole folders synchronised at night",
        ),
    ];
    rows.into_iter()
        .map(
            |(rank, mailbox, day, hour, items, client, reason)| FlaggedSession {
                odd_hour: hour < 6,
                rank,
                mailbox: format!("{mailbox}@mfa.example"),
                client: client.to_owned(),
                network: if rank == 6 {
                    "198.51.100.0/24 (Hosting Ltd)".to_owned()
                } else {
                    "203.0.113.0/24 (VPS Provider)".to_owned()
                },
                start: MONDAY + day * DAY + hour * HOUR + 14 * 60,
                end: MONDAY + day * DAY + (hour + 1) * HOUR + 40 * 60,
                items,
                folders: u64::from(rank == 6),
                changes: ChangeCounts::default(),
                reason: reason.to_owned(),
                campaign: if rank < 6 { "C1" } else { "" }.to_owned(),
                companions: Companions::default(),
            },
        )
        .collect()
}

pub fn add(series: &mut Series, session: &FlaggedSession) {
    let first = ((session.start - series.start) / series.step) as usize;
    for i in first..=((session.end - series.start) / series.step) as usize {
        if let Some(count) = series.observed.get_mut(i) {
            *count += session.items / 2;
            series.flagged[i] += session.items / 2;
        }
    }
}

pub fn overview() -> TenantOverview {
    let mut accesses = series(21 * 24, 1.0, 7);
    let flagged = flagged();
    for session in &flagged {
        add(&mut accesses, session);
    }
    TenantOverview {
        accesses,
        mailboxes: 12,
        sessions: 1_842,
        judged: 1_030,
        flagged,
        most_unflagged: None,
    }
}

pub fn sheet() -> MailboxSheet {
    let mut items = series(21 * 24, 0.25, 11);
    let flagged: Vec<FlaggedSession> = flagged()
        .into_iter()
        .filter(|session| session.mailbox.starts_with("ambassador"))
        .collect();
    for session in &flagged {
        add(&mut items, session);
    }
    let mut noise = Noise::new(3);
    let mut lane = |label: &str, weekday: u64, from: usize| Lane {
        label: label.to_owned(),
        cells: (0..21)
            .map(|day| match day % 7 {
                _ if day < from => 0,
                0..=4 => noise.below(weekday),
                _ => noise.below(weekday / 8 + 1),
            })
            .collect(),
        flagged: Vec::new(),
        members: 1,
        rest: false,
    };
    let mut clients = vec![
        lane("Outlook for Windows", 120, 0),
        lane("Outlook mobile", 40, 0),
        lane("Outlook on the web", 12, 0),
    ];
    let mut networks = vec![
        lane("192.0.2.0/24 (Ministry)", 130, 0),
        lane("2001:db8:40::/48 (Mobile operator)", 42, 0),
        lane("198.18.7.0/24 (Home provider)", 9, 4),
    ];
    for (lanes, name) in [
        (&mut clients, "REST client, appid 4f1b…9c"),
        (&mut networks, "203.0.113.0/24 (VPS Provider)"),
    ] {
        let mut days = vec![0; 21];
        days[15] = 262;
        days[18] = 240;
        lanes.push(Lane {
            label: name.to_owned(),
            cells: days,
            flagged: vec![15, 18],
            members: 1,
            rest: false,
        });
    }
    let reason = |sentence: &str, observed, expected, unit: &str, contribution| Reason {
        sentence: sentence.to_owned(),
        observed,
        expected,
        unit: unit.to_owned(),
        words: None,
        contribution,
    };
    MailboxSheet {
        mailbox: "ambassador@mfa.example".to_owned(),
        items,
        flagged,
        folders: 0,
        week: (0..168).map(|hour| office(hour) * 0.25).collect(),
        first_day: MONDAY,
        cell_step: DAY,
        clients,
        networks,
        reasons: vec![
            reason(
                "client new to the tenant reads in several mailboxes",
                4.0,
                0.1,
                "mailboxes",
                0.38,
            ),
            reason(
                "far more items than this mailbox ever reads in one session",
                262.0,
                18.0,
                "items",
                0.27,
            ),
            reason(
                "at hours when this mailbox is silent",
                100.0,
                2.0,
                "% of items",
                0.18,
            ),
            reason(
                "network never seen in this tenant",
                0.0,
                0.93,
                "sessions before",
                0.12,
            ),
            reason(
                "the same unusual context on several days",
                2.0,
                0.0,
                "days",
                0.05,
            ),
        ],
    }
}

/// The scores of [`scores`] that were not flagged.
pub fn unflagged() -> Vec<f64> {
    let mut noise = Noise::new(21);
    (0..1_836)
        .map(|_| 0.36 + 0.34 * noise.unit().powi(3) + 0.02 * noise.unit())
        .collect()
}

/// The scores of [`scores`] that were flagged.
pub const FLAGGED: [f64; 6] = [0.91, 0.89, 0.86, 0.84, 0.83, 0.76];

pub fn scores() -> ScoreDistribution {
    let thresholds = Thresholds {
        low: 0.713,
        high: 0.748,
    };
    scores_of(Some(thresholds), unflagged(), &FLAGGED)
}

pub fn scores_of(
    thresholds: Option<Thresholds>,
    unflagged: Vec<f64>,
    flagged: &[f64],
) -> ScoreDistribution {
    let unflagged = unflagged.into_iter().map(|score| (score, false));
    let flagged = flagged.iter().map(|&score| (score, true));
    ScoreDistribution {
        scores: ScoreBins::new(thresholds, unflagged.chain(flagged)),
        thresholds,
        alerts: 4,
        expected_by_chance: 1.5,
        rule: "0.1 alerts a day (an alert is one mailbox on one day)".to_owned(),
        judged_period: None,
        warm_up: 812,
        unjudged: 0,
        untouched: 96,
    }
}

pub fn top() -> TopSessions {
    let groups = ["novelty", "volume", "time", "spread", "kind", "persistence"];
    let mut noise = Noise::new(5);
    let flagged = flagged();
    let sessions = (0..10)
        .map(|i| {
            let known = flagged.get(i);
            let mut shares: Vec<f64> = groups.iter().map(|_| noise.unit().powi(2)).collect();
            if i < 5 {
                shares[0] += 1.4;
                shares[3] += 0.7;
            }
            TopSession {
                rank: i as u32 + 1,
                mailbox: known
                    .map_or_else(|| format!("clerk{i}@mfa.example"), |s| s.mailbox.clone()),
                client: known
                    .map_or_else(|| "Outlook for Windows".to_owned(), |s| s.client.clone()),
                start: known.map_or(MONDAY + 8 * DAY + i as i64 * 7 * HOUR, |s| s.start),
                score: 0.93 - 0.035 * i as f64,
                flagged: known.is_some(),
                shares,
            }
        })
        .collect();
    TopSessions {
        groups: groups.map(str::to_owned).to_vec(),
        sessions,
    }
}

pub fn campaigns() -> CampaignMap {
    let visit = |session: &FlaggedSession| Visit {
        mailbox: session.mailbox.clone(),
        start: session.start,
        items: session.items,
        folders: session.folders,
    };
    let mut noise = Noise::new(77);
    let mut visits: Vec<Visit> = flagged()
        .iter()
        .filter(|s| s.rank != 6)
        .map(visit)
        .collect();
    for (day, mailbox) in [
        (16, "ambassador"),
        (17, "desk.asia"),
        (18, "minister.office"),
        (19, "trade.policy"),
        (19, "protocol"),
    ] {
        visits.push(Visit {
            mailbox: format!("{mailbox}@mfa.example"),
            start: MONDAY + day * DAY + noise.below(6) as i64 * HOUR,
            items: 40 + noise.below(220),
            folders: 0,
        });
    }
    let mut rest: Vec<Visit> = flagged()
        .iter()
        .filter(|s| s.rank == 6)
        .map(visit)
        .collect();
    rest.push(Visit {
        mailbox: "archive@mfa.example".to_owned(),
        start: MONDAY + 11 * DAY + 21 * HOUR,
        items: 310,
        folders: 0,
    });
    CampaignMap {
        start: MONDAY,
        end: MONDAY + 21 * DAY,
        campaigns: vec![
            Campaign {
                id: "campaign 1".to_owned(),
                ties: vec!["client 4f1b…9c and network 203.0.113.0/24 (VPS Provider)".to_owned()],
                visits,
                folders: 0,
                same_network: Vec::new(),
            },
            Campaign {
                id: "campaign 2".to_owned(),
                ties: vec![
                    "client eM Client from network 198.51.100.0/24 (Hosting Ltd)".to_owned(),
                ],
                visits: rest,
                folders: 1,
                same_network: Vec::new(),
            },
        ],
    }
}

pub fn coverage() -> Coverage {
    let mut noise = Noise::new(9);
    let operations = [
        ("MailItemsAccessed (Bind)", 900),
        ("MailItemsAccessed (Sync)", 160),
        ("Send", 120),
        ("MoveToDeletedItems", 70),
        ("SoftDelete", 40),
        ("HardDelete", 26),
        ("AttachmentAccess", 22),
        ("Update", 18),
        ("New-InboxRule", 2),
    ]
    .map(|(operation, usual)| OperationCounts {
        operation: operation.to_owned(),
        counts: (0..21)
            .map(|day| match day {
                8 => 0,
                _ if day % 7 > 4 => noise.below(usual / 8 + 1),
                _ => usual / 2 + noise.below(usual),
            })
            .collect(),
    })
    .to_vec();
    let missing = |kind, from: i64, hours: i64, of: &str| Missing {
        kind,
        start: MONDAY + from,
        end: MONDAY + from + hours * HOUR,
        of: of.to_owned(),
    };
    Coverage {
        start: MONDAY,
        step: DAY,
        operations,
        too_sparse: false,
        missing: vec![
            missing(MissingKind::Gap, 8 * DAY, 24, "all mailboxes"),
            missing(
                MissingKind::Throttled,
                9 * DAY + 23 * HOUR,
                24,
                "registry@mfa.example",
            ),
            missing(
                MissingKind::Throttled,
                15 * DAY + 4 * HOUR,
                24,
                "ambassador@mfa.example",
            ),
            missing(
                MissingKind::Truncated,
                20 * DAY + 17 * HOUR,
                7,
                "export-part-3.csv, 50,000 rows",
            ),
        ],
    }
}

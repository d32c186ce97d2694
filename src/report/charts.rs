//! The analysis as data for charts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::chart::campaign_map::{Campaign, CampaignMap, Visit};
use crate::chart::mailbox_sheet::{Lane, MailboxSheet, Reason};
use crate::chart::score_distribution::{ScoreDistribution, Threshold};
use crate::chart::top_sessions::{TopSession, TopSessions};
use crate::chart::{Band, Chart, FlaggedSession, Series, TenantOverview, bin_seconds};
use crate::event::AccessType;
use crate::explain::Naming;
use crate::feature::{FEATURES, FeatureGroup};
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::rank::FlagRule;

/// Mailboxes with a sheet of their own, by their highest-ranked flagged session.
const MAX_SHEETS: usize = 50;
/// Sessions in the chart of top sessions.
const TOP: usize = 20;
const DAY: i64 = 86_400;
/// The band holds this share of comparable bins on either side.
const BAND_QUANTILES: (f64, f64) = (0.05, 0.95);
/// Comparable bins that a band needs.
const MIN_COMPARABLE: usize = 5;
/// Groups of features in the order of their colours.
const GROUPS: [FeatureGroup; 6] = [
    FeatureGroup::Identity,
    FeatureGroup::Network,
    FeatureGroup::Time,
    FeatureGroup::Volume,
    FeatureGroup::Operation,
    FeatureGroup::Pattern,
];

/// All charts of a run, with their names in the run directory.
pub(super) fn data(
    analysis: &Analysis,
    naming: &Naming<'_>,
    rule: FlagRule,
) -> Vec<(PathBuf, Chart)> {
    let Some(period) = Period::of(analysis) else {
        return Vec::new();
    };
    let mut charts = vec![
        (
            chart_path("tenant_overview"),
            Chart::TenantOverview(overview(analysis, naming, &period)),
        ),
        (
            chart_path("score_distribution"),
            Chart::ScoreDistribution(distribution(analysis, rule)),
        ),
        (
            chart_path("top_sessions"),
            Chart::TopSessions(top_sessions(analysis, naming)),
        ),
    ];
    if !analysis.campaigns.is_empty() {
        charts.push((
            chart_path("campaign_map"),
            Chart::CampaignMap(campaign_map(analysis, naming, &period)),
        ));
    }
    let mut seen = BTreeSet::new();
    for analyzed in analysis.flagged() {
        if seen.len() == MAX_SHEETS {
            break;
        }
        if seen.insert(analyzed.session.mailbox) {
            let sheet = sheet(analysis, naming, &period, analyzed.session.mailbox);
            let name = format!("mailbox_{:03}_{}", seen.len(), file_name(&sheet.mailbox));
            charts.push((chart_path(&name), Chart::MailboxSheet(sheet)));
        }
    }
    charts
}

fn chart_path(name: &str) -> PathBuf {
    PathBuf::from("charts").join(format!("{name}.png"))
}

/// A mailbox as part of a file name: letters, digits, dots and dashes, at most 60.
fn file_name(mailbox: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '_'
        }
    };
    mailbox.chars().take(60).map(safe).collect()
}

/// The bins of time that all charts of a run share.
struct Period {
    start: i64,
    step: i64,
    bins: usize,
    first_day: i64,
    days: usize,
}

impl Period {
    fn of(analysis: &Analysis) -> Option<Self> {
        let first = analysis
            .sessions
            .iter()
            .map(|s| s.session.start)
            .min()?
            .div_euclid(1000);
        let last = analysis
            .sessions
            .iter()
            .map(|s| s.session.end)
            .max()?
            .div_euclid(1000);
        let first_day = first.div_euclid(DAY) * DAY;
        let days = ((last - first_day) / DAY + 1) as usize;
        let step = bin_seconds(days as i64 * DAY);
        Some(Self {
            start: first_day,
            step,
            bins: (days as i64 * DAY / step) as usize,
            first_day,
            days,
        })
    }

    fn bin(&self, time_ms: i64) -> usize {
        ((time_ms.div_euclid(1000) - self.start)
            .div_euclid(self.step)
            .max(0) as usize)
            .min(self.bins.saturating_sub(1))
    }

    fn day(&self, time_ms: i64) -> usize {
        ((time_ms.div_euclid(1000) - self.first_day)
            .div_euclid(DAY)
            .max(0) as usize)
            .min(self.days.saturating_sub(1))
    }

    fn series(&self, observed: Vec<u64>, usual: &[u64]) -> Series {
        let flagged = observed
            .iter()
            .zip(usual)
            .map(|(all, usual)| all - usual)
            .collect();
        Series {
            start: self.start,
            step: self.step,
            observed,
            flagged,
            expected: self.band(usual),
        }
    }

    /// What bins at the same hour of working days (or of weekends) usually hold: the range of 90 % of them.
    fn band(&self, usual: &[u64]) -> Vec<Option<Band>> {
        let kind = |bin: usize| {
            let seconds = self.start + bin as i64 * self.step;
            let weekend = (seconds.div_euclid(DAY) + 3).rem_euclid(7) >= 5;
            (weekend, seconds.rem_euclid(DAY) / self.step)
        };
        let mut comparable: BTreeMap<(bool, i64), Vec<u64>> = BTreeMap::new();
        for (bin, &count) in usual.iter().enumerate() {
            comparable.entry(kind(bin)).or_default().push(count);
        }
        comparable
            .values_mut()
            .for_each(|counts| counts.sort_unstable());
        (0..usual.len())
            .map(|bin| {
                let counts = &comparable[&kind(bin)];
                let at = |q: f64| counts[((counts.len() - 1) as f64 * q).round() as usize] as f64;
                (counts.len() >= MIN_COMPARABLE).then(|| Band {
                    low: at(BAND_QUANTILES.0),
                    high: at(BAND_QUANTILES.1),
                })
            })
            .collect()
    }
}

fn flagged_session(analyzed: &AnalyzedSession, naming: &Naming<'_>) -> FlaggedSession {
    let session = &analyzed.session;
    FlaggedSession {
        rank: analyzed.rank as u32,
        mailbox: naming.mailbox(session).to_owned(),
        client: naming.client(session),
        network: naming.network(session),
        start: session.start.div_euclid(1000),
        end: session.end.div_euclid(1000),
        items: session.items + u64::from(session.syncs),
        reason: analyzed
            .reasons
            .first()
            .map(|reason| reason.sentence.clone())
            .unwrap_or_default(),
    }
}

/// Accesses per bin (a Bind counts its items, a Sync one), all sessions and unflagged ones.
fn accesses<'a>(
    sessions: impl Iterator<Item = &'a AnalyzedSession>,
    naming: &Naming<'_>,
    period: &Period,
) -> (Vec<u64>, Vec<u64>) {
    let (mut all, mut usual) = (vec![0; period.bins], vec![0; period.bins]);
    let columns = naming.columns();
    for analyzed in sessions {
        for &row in &analyzed.session.rows {
            let row = row as usize;
            let amount = match AccessType::from_u8(columns.access[row]) {
                AccessType::None => continue,
                AccessType::Sync => 1,
                AccessType::Bind => u64::from(columns.items[row]),
            };
            let bin = period.bin(columns.time[row]);
            all[bin] += amount;
            if !analyzed.verdict.ranked.flagged {
                usual[bin] += amount;
            }
        }
    }
    (all, usual)
}

fn overview(analysis: &Analysis, naming: &Naming<'_>, period: &Period) -> TenantOverview {
    let (all, usual) = accesses(analysis.sessions.iter(), naming, period);
    TenantOverview {
        accesses: period.series(all, &usual),
        mailboxes: analysis.mailboxes as u64,
        sessions: analysis.sessions.len() as u64,
        flagged: analysis
            .flagged()
            .map(|s| flagged_session(s, naming))
            .collect(),
    }
}

fn distribution(analysis: &Analysis, rule: FlagRule) -> ScoreDistribution {
    let scores = |flagged: bool| {
        analysis
            .sessions
            .iter()
            .filter(|s| {
                !s.verdict.warm_up
                    && s.verdict.ranked.flagged == flagged
                    && s.session.touches_mailbox()
            })
            .map(|s| s.verdict.ranked.score)
            .collect::<Vec<f64>>()
    };
    let judged_days = analysis
        .thresholds
        .iter()
        .filter(|(_, threshold)| threshold.is_some())
        .count() as f64;
    let (expected_by_chance, words) = match rule {
        FlagRule::AlertsPerDay(rate) => (
            rate * judged_days,
            format!("{rate} alerts a day (an alert is one mailbox on one day)"),
        ),
        FlagRule::FalseDiscoveryRate(q) => (
            q * analysis.flagged().count() as f64,
            format!("false-discovery rate {:.1} %", q * 100.0),
        ),
    };
    let last = analysis
        .thresholds
        .iter()
        .rev()
        .find_map(|(_, threshold)| *threshold);
    ScoreDistribution {
        unflagged: scores(false),
        flagged: scores(true),
        thresholds: last
            .map(|score| Threshold {
                kind: String::new(),
                score,
            })
            .into_iter()
            .collect(),
        expected_by_chance,
        rule: words,
        warm_up: analysis
            .sessions
            .iter()
            .filter(|s| s.verdict.warm_up)
            .count() as u64,
    }
}

fn top_sessions(analysis: &Analysis, naming: &Naming<'_>) -> TopSessions {
    let sessions = analysis
        .sessions
        .iter()
        .take(TOP)
        .map(|analyzed| TopSession {
            rank: analyzed.rank as u32,
            mailbox: naming.mailbox(&analyzed.session).to_owned(),
            client: naming.client(&analyzed.session),
            start: analyzed.session.start.div_euclid(1000),
            score: analyzed.verdict.ranked.score,
            flagged: analyzed.verdict.ranked.flagged,
            shares: group_shares(analyzed),
        })
        .collect();
    TopSessions {
        groups: GROUPS
            .iter()
            .map(|group| group.as_str().to_owned())
            .collect(),
        sessions,
    }
}

/// Share of each group in the score where the forest attributed it, else in the deviations; sums to 1.
fn group_shares(analyzed: &AnalyzedSession) -> Vec<f64> {
    let by_feature: Vec<f64> = match &analyzed.verdict.contributions {
        Some(contributions) => contributions.iter().map(|&c| c.max(0.0)).collect(),
        None => analyzed.verdict.deviations.to_vec(),
    };
    let total: f64 = by_feature.iter().sum();
    GROUPS
        .iter()
        .map(|&group| {
            let sum: f64 = FEATURES
                .iter()
                .filter(|f| f.group == group)
                .map(|f| by_feature[f.id.index()])
                .sum();
            if total > 0.0 { sum / total } else { 0.0 }
        })
        .collect()
}

fn campaign_map(analysis: &Analysis, naming: &Naming<'_>, period: &Period) -> CampaignMap {
    let campaigns = analysis
        .campaigns
        .iter()
        .map(|campaign| Campaign {
            id: campaign.id.clone(),
            shared: campaign.shared.clone(),
            visits: campaign
                .sessions
                .iter()
                .map(|&index| &analysis.sessions[index].session)
                .map(|session| Visit {
                    mailbox: naming.mailbox(session).to_owned(),
                    start: session.start.div_euclid(1000),
                    items: session.items + u64::from(session.syncs),
                })
                .collect(),
        })
        .collect();
    CampaignMap {
        start: period.first_day,
        end: period.first_day + period.days as i64 * DAY,
        campaigns,
    }
}

fn sheet(analysis: &Analysis, naming: &Naming<'_>, period: &Period, mailbox: u32) -> MailboxSheet {
    let sessions: Vec<&AnalyzedSession> = analysis
        .sessions
        .iter()
        .filter(|s| s.session.mailbox == mailbox)
        .collect();
    let (all, usual) = accesses(sessions.iter().copied(), naming, period);
    let flagged: Vec<&AnalyzedSession> = sessions
        .iter()
        .copied()
        .filter(|s| s.verdict.ranked.flagged)
        .collect();
    MailboxSheet {
        mailbox: sessions
            .first()
            .map(|s| naming.mailbox(&s.session).to_owned())
            .unwrap_or_default(),
        items: period.series(all, &usual),
        flagged: flagged.iter().map(|s| flagged_session(s, naming)).collect(),
        week: week(&sessions, naming, period),
        first_day: period.first_day,
        clients: lanes(&sessions, period, |s| naming.client(&s.session)),
        networks: lanes(&sessions, period, |s| naming.network(&s.session)),
        reasons: sheet_reasons(&flagged),
    }
}

/// Mean items in each hour of the week over the unflagged sessions, in the zone of the run.
fn week(sessions: &[&AnalyzedSession], naming: &Naming<'_>, period: &Period) -> Vec<f64> {
    let mut hours = vec![0.0; 168];
    let columns = naming.columns();
    for analyzed in sessions.iter().filter(|s| !s.verdict.ranked.flagged) {
        for &row in &analyzed.session.rows {
            let row = row as usize;
            if columns.access[row] == AccessType::None as u8 {
                continue;
            }
            if let Some(hour) = hour_of_week(columns.time[row], naming) {
                hours[hour] += f64::from(columns.items[row].max(1));
            }
        }
    }
    let weeks = (period.days as f64 / 7.0).max(1.0);
    hours.iter().map(|sum| sum / weeks).collect()
}

fn hour_of_week(time_ms: i64, naming: &Naming<'_>) -> Option<usize> {
    let zoned = Timestamp::from_millisecond(time_ms)
        .ok()?
        .to_zoned_datetime(naming.time_zone());
    let day = zoned.weekday().to_monday_zero_offset() as usize;
    Some(day * 24 + zoned.hour() as usize)
}

fn lanes(
    sessions: &[&AnalyzedSession],
    period: &Period,
    label: impl Fn(&AnalyzedSession) -> String,
) -> Vec<Lane> {
    let mut lanes: BTreeMap<String, (Vec<u64>, BTreeSet<usize>)> = BTreeMap::new();
    for analyzed in sessions.iter().filter(|s| s.session.touches_mailbox()) {
        let day = period.day(analyzed.session.start);
        let lane = lanes
            .entry(label(analyzed))
            .or_insert_with(|| (vec![0; period.days], BTreeSet::new()));
        lane.0[day] += (analyzed.session.items + u64::from(analyzed.session.syncs)).max(1);
        if analyzed.verdict.ranked.flagged {
            lane.1.insert(day);
        }
    }
    lanes
        .into_iter()
        .map(|(label, (days, flagged))| Lane {
            label,
            days,
            flagged_days: flagged.into_iter().collect(),
        })
        .collect()
}

/// Each feature's strongest reason over the flagged sessions, with its share in that session's score.
fn sheet_reasons(flagged: &[&AnalyzedSession]) -> Vec<Reason> {
    let mut strongest: BTreeMap<crate::feature::FeatureId, (f64, &crate::explain::Reason)> =
        BTreeMap::new();
    for analyzed in flagged {
        let total: f64 = analyzed
            .verdict
            .contributions
            .iter()
            .flatten()
            .map(|&contribution| contribution.max(0.0))
            .sum();
        for reason in &analyzed.reasons {
            let share = if total > 0.0 {
                (reason.contribution / total).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let entry = strongest.entry(reason.feature).or_insert((share, reason));
            if share > entry.0 {
                *entry = (share, reason);
            }
        }
    }
    strongest
        .into_values()
        .map(|(share, reason)| Reason {
            sentence: reason.sentence.clone(),
            observed: reason.observed_value,
            expected: reason.expected_value,
            unit: String::new(),
            contribution: share,
        })
        .collect()
}

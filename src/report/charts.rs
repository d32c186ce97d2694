//! The analysis as data for charts.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::companions::AllCompanions;
use super::period::{DAY, Period, all_accesses};
use super::{coverage, sheets, wording};
use crate::amount::alerts_a_day;
use crate::chart::campaign_map::{Campaign, CampaignMap, Visit};
use crate::chart::score_distribution::{ScoreBins, ScoreDistribution, Thresholds};
use crate::chart::top_sessions::{TopSession, TopSessions};
use crate::chart::{Chart, Companions, FlaggedSession, TenantOverview};
use crate::error::Error;
use crate::event::Events;
use crate::explain::{self, ChangeCounts, Naming, Reason, whole_folders};
use crate::feature::{CategoryKind, FEATURES, FeatureGroup, FeatureId};
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::rank::{FlagRule, MAILBOX_DAYS_PER_ALERT};
use crate::session::AddressBlocks;

/// Mailboxes with a sheet of their own, by their highest-ranked flagged session.
const MAX_SHEETS: usize = 50;
/// Sessions in the chart of top sessions.
const TOP: usize = 20;

/// All charts of a run, with their names in the run directory.
pub(super) fn data(
    analysis: &Analysis,
    naming: &Naming<'_>,
    rule: FlagRule,
) -> Result<Vec<(String, Chart)>, Error> {
    let coverage = (
        chart_path("coverage"),
        Chart::Coverage(coverage::coverage_chart(
            &analysis.ingested,
            &naming.time_zone(),
        )?),
    );
    let Some(period) = Period::of(analysis, &naming.time_zone()) else {
        return Ok(vec![coverage]);
    };
    let distribution = distribution(analysis, rule);
    let mut charts = vec![
        (
            chart_path("tenant_overview"),
            Chart::TenantOverview(overview(analysis, naming, (&period, distribution.judged()))),
        ),
        (
            chart_path("score_distribution"),
            Chart::ScoreDistribution(distribution),
        ),
        (
            chart_path("top_sessions"),
            Chart::TopSessions(top_sessions(analysis, naming)),
        ),
        coverage,
    ];
    if !analysis.campaigns.is_empty() {
        charts.push((
            chart_path("campaign_map"),
            Chart::CampaignMap(campaign_map(analysis, naming, &period)),
        ));
    }
    let mut seen = BTreeSet::new();
    let mailboxes: Vec<u32> = analysis
        .flagged()
        .map(|analyzed| analyzed.session.mailbox)
        .filter(|&mailbox| seen.insert(mailbox))
        .take(MAX_SHEETS)
        .collect();
    let blocks = AddressBlocks::new(&naming.columns().network);
    let sheets: Vec<(String, Chart)> = sessions_of(&mailboxes, analysis)
        .into_par_iter()
        .enumerate()
        .map(|(number, sessions)| {
            let sheet = sheets::sheet(&sessions, (naming, analysis), &period, &blocks);
            let name = format!("mailbox_{:03}_{}", number + 1, file_name(&sheet.mailbox));
            (chart_path(&name), Chart::MailboxSheet(sheet))
        })
        .collect();
    charts.extend(sheets);
    Ok(charts)
}

/// The sessions of some mailboxes, in their order.
fn sessions_of<'a>(mailboxes: &[u32], analysis: &'a Analysis) -> Vec<Vec<&'a AnalyzedSession>> {
    let places: FxHashMap<u32, usize> = mailboxes
        .iter()
        .enumerate()
        .map(|(place, &mailbox)| (mailbox, place))
        .collect();
    let mut sessions = vec![Vec::new(); mailboxes.len()];
    for analyzed in &analysis.sessions {
        if let Some(&place) = places.get(&analyzed.session.mailbox) {
            sessions[place].push(analyzed);
        }
    }
    sessions
}

fn chart_path(name: &str) -> String {
    format!("charts/{name}.png")
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

/// An hour is unusual for its mailbox when it deviates by as many bans: no more than one session in ten comes at such hours.
const UNUSUAL_HOUR: f32 = 1.0;

pub(super) fn flagged_session(
    analyzed: &AnalyzedSession,
    events: &Events,
    naming: &Naming<'_>,
) -> FlaggedSession {
    in_words(analyzed, &analyzed.reasons, (events, naming))
}

fn in_words(
    analyzed: &AnalyzedSession,
    reasons: &[Reason],
    (events, naming): (&Events, &Naming<'_>),
) -> FlaggedSession {
    let session = &analyzed.session;
    FlaggedSession {
        rank: analyzed.rank as u32,
        mailbox: naming.mailbox(session).to_owned(),
        client: naming.client(session),
        network: naming.network(session),
        start: session.start.div_euclid(1000),
        end: session.end.div_euclid(1000),
        items: session.items,
        folders: whole_folders([session], events, naming.columns()),
        changes: ChangeCounts::of(session, naming.columns()),
        reason: reasons
            .first()
            .map(|reason| wording::in_a_line(&reason.sentence, session, naming))
            .unwrap_or_default(),
        odd_hour: analyzed.verdict.deviations[FeatureId::Hour.index()] >= UNUSUAL_HOUR,
        campaign: analyzed.campaign.clone().unwrap_or_default(),
        companions: Companions::default(),
    }
}

fn overview(
    analysis: &Analysis,
    naming: &Naming<'_>,
    (period, judged): (&Period, u64),
) -> TenantOverview {
    let (all, usual) = all_accesses(analysis, naming, period);
    let events = &analysis.ingested.events;
    let items = |s: &&AnalyzedSession| (s.session.items, Reverse(s.rank));
    let most = analysis.sessions.iter().max_by_key(items);
    let companions = AllCompanions::among(analysis);
    let most_unflagged = most
        .filter(|s| !s.verdict.ranked.flagged && analysis.flagged().next().is_some())
        .map(|s| {
            let reasons = analysis.reasons_of(s, naming);
            let mut words = in_words(s, &reasons, (events, naming));
            if s.verdict.ranked.own_client {
                words.reason.push_str("; the client is the mailbox's own");
            }
            words
        });
    TenantOverview {
        most_unflagged,
        accesses: period.series(all, &usual),
        mailboxes: analysis.mailboxes as u64,
        sessions: analysis.sessions.len() as u64,
        judged,
        flagged: analysis
            .flagged()
            .map(|s| FlaggedSession {
                companions: companions.of(s),
                ..flagged_session(s, events, naming)
            })
            .collect(),
    }
}

fn distribution(analysis: &Analysis, rule: FlagRule) -> ScoreDistribution {
    // By alerts, a day without a threshold has flagged nothing, whatever the scores; by discoveries, there were none that day.
    let without_threshold: BTreeSet<i32> = match rule {
        FlagRule::AlertsPerDay(_) => analysis
            .thresholds
            .iter()
            .filter(|(_, threshold)| threshold.is_none())
            .map(|(day, _)| *day)
            .collect(),
        FlagRule::FalseDiscoveryRate(_) => BTreeSet::new(),
    };
    // Once through all sessions: there are millions.
    let (mut warm_up, mut unjudged, mut untouched) = (0, 0, 0);
    let mut scores = Vec::new();
    let mut judged_mailbox_days: FxHashSet<(u32, i32)> = FxHashSet::default();
    let mut judged_span: Option<(i64, i64)> = None;
    for AnalyzedSession {
        session, verdict, ..
    } in &analysis.sessions
    {
        if verdict.warm_up {
            warm_up += 1;
        } else if !session.touches_mailbox() {
            untouched += 1;
        } else if without_threshold.contains(&session.day) {
            unjudged += 1;
        } else {
            scores.push((verdict.ranked.score, verdict.ranked.flagged));
            judged_mailbox_days.insert((session.mailbox, session.day));
            let (start, end) = judged_span.unwrap_or((session.start, session.end));
            judged_span = Some((start.min(session.start), end.max(session.end)));
        }
    }
    let judged_mailbox_days = judged_mailbox_days.len() as f64;
    let judged_days = analysis
        .thresholds
        .iter()
        .filter(|(_, threshold)| threshold.is_some())
        .count() as f64;
    // Both rules count alerts: comparing sessions would make a mailbox with many sessions look like more.
    let alerts = alerts(analysis);
    let (alerts, expected_by_chance, words) = match rule {
        FlagRule::AlertsPerDay(rate) => (
            alerts,
            // No more than a quarter of the mailbox-days, as the threshold has it.
            (rate * judged_days).min(judged_mailbox_days / MAILBOX_DAYS_PER_ALERT),
            format!(
                "{} (an alert is one mailbox on one day)",
                alerts_a_day(rate)
            ),
        ),
        FlagRule::FalseDiscoveryRate(q) => (
            alerts,
            q * alerts as f64,
            format!(
                "at most {:.1} % of the alerts false (an alert is one mailbox on one day)",
                q * 100.0
            ),
        ),
    };
    let thresholds = thresholds(&analysis.thresholds);
    ScoreDistribution {
        scores: ScoreBins::new(thresholds, scores),
        thresholds,
        alerts,
        expected_by_chance,
        rule: words,
        judged_period: judged_span
            .map(|(start, end)| (start.div_euclid(1000), end.div_euclid(1000))),
        warm_up,
        unjudged,
        untouched,
    }
}

/// Mailboxes with flagged sessions, by day.
fn alerts(analysis: &Analysis) -> u64 {
    let mailbox_days: BTreeSet<(u32, i32)> = analysis
        .flagged()
        .map(|analyzed| (analyzed.session.mailbox, analyzed.session.day))
        .collect();
    mailbox_days.len() as u64
}

/// Lowest and highest threshold of the judged days.
fn thresholds(by_day: &[(i32, Option<f64>)]) -> Option<Thresholds> {
    by_day.iter().filter_map(|(_, threshold)| *threshold).fold(
        None,
        |band: Option<Thresholds>, threshold| {
            let (low, high) = band.map_or((threshold, threshold), |band| (band.low, band.high));
            Some(Thresholds {
                low: low.min(threshold),
                high: high.max(threshold),
            })
        },
    )
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
        groups: FeatureGroup::ALL
            .iter()
            .map(|group| group.as_str().to_owned())
            .collect(),
        sessions,
    }
}

/// Share of each group in the score where it was attributed, else in the deviations; sums to 1.
fn group_shares(analyzed: &AnalyzedSession) -> Vec<f64> {
    let by_feature: Vec<f64> = match &analyzed.verdict.contributions {
        Some(contributions) => contributions.iter().map(|&c| c.max(0.0)).collect(),
        None => analyzed.verdict.deviations.map(f64::from).to_vec(),
    };
    let total: f64 = by_feature.iter().sum();
    FeatureGroup::ALL
        .iter()
        .map(|&group| {
            let sum: f64 = FEATURES
                .iter()
                .filter(|f| f.group == group)
                .map(|f| by_feature[f.id.index()])
                .sum();
            sheets::finite(sum / total)
        })
        .collect()
}

fn campaign_map(analysis: &Analysis, naming: &Naming<'_>, period: &Period) -> CampaignMap {
    let (events, columns) = (&analysis.ingested.events, naming.columns());
    let campaigns = analysis
        .campaigns
        .iter()
        .map(|campaign| {
            let indexes = campaign.sessions.iter();
            let sessions = || {
                indexes
                    .clone()
                    .map(|&index| &analysis.sessions[index].session)
            };
            Campaign {
                id: campaign.id.clone(),
                ties: (campaign.ties.iter())
                    .map(|tie| wording::tie_in_a_line(tie, sessions(), naming))
                    .collect(),
                visits: sessions()
                    .map(|session| Visit {
                        mailbox: naming.mailbox(session).to_owned(),
                        start: session.start.div_euclid(1000),
                        items: session.items,
                        folders: whole_folders([session], events, columns),
                    })
                    .collect(),
                folders: whole_folders(sessions(), events, columns),
                same_network: same_network(campaign, &analysis.campaigns),
            }
        })
        .collect();
    CampaignMap {
        start: period.first_day,
        end: period.first_day + period.days as i64 * DAY,
        campaigns,
    }
}

/// The other campaigns that a network of this one ties: they are apart because too much time lies between them, or because the
/// network had become familiar to their mailboxes.
fn same_network(campaign: &explain::Campaign, all: &[explain::Campaign]) -> Vec<String> {
    let shares = |other: &&explain::Campaign| {
        let mut marks = other.marks.intersection(&campaign.marks);
        other.id != campaign.id && marks.any(|(kind, _)| *kind == CategoryKind::Network)
    };
    all.iter().filter(shares).map(|c| c.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn campaigns_of_one_network_know_each_other() {
        let campaign = |id: &str, kind, mark: &str| explain::Campaign {
            id: id.to_owned(),
            first_seen: 0,
            last_seen: 0,
            mailboxes: 1,
            sessions: Vec::new(),
            items: 0,
            ties: Vec::new(),
            unflagged: 0,
            unflagged_since: None,
            marks: BTreeSet::from([(kind, mark.to_owned())]),
        };
        let network = CategoryKind::Network;
        let all = [
            campaign("C1", network, "192.0.2.0/24"),
            campaign("C2", network, "198.51.100.0/24"),
            campaign("C3", network, "192.0.2.0/24"),
            // An application that several share may be the tenant's own.
            campaign("C4", CategoryKind::Application, "outlook"),
            campaign("C5", CategoryKind::Application, "outlook"),
        ];
        let related = all.each_ref().map(|of| same_network(of, &all).join(" "));
        assert_eq!(related, ["C3", "", "C1", "", ""]);
    }

    #[test]
    fn thresholds_are_those_of_the_judged_days() {
        let days = [(3, None), (4, Some(0.52)), (5, Some(0.49)), (6, Some(0.5))];
        let band = Thresholds {
            low: 0.49,
            high: 0.52,
        };
        assert_eq!(thresholds(&days), Some(band));
        assert_eq!(thresholds(&days[..1]), None);
    }
}

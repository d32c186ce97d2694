//! How well scores and flags agree with the truth.
//!
//! **Average precision** is over sessions: the mean of the precision at every attack session, in the order of the
//! scores (Manning, Raghavan and Schütze 2008, Introduction to Information Retrieval, section 8.4; not interpolated).
//! **Recall** is over episodes, because one found session of an intrusion starts the investigation. **Precision at k
//! alerts a day** is over mailbox-days, because that is what an analyst opens. Both read the highest alerts of the whole log, k for
//! each of its days: how well the log is ordered. What is found by reading the k highest alerts of every day, as it comes, is told
//! apart (`days_to_reading`): that depends on how many attacks share a day.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::delay::{CampaignOutcome, EpisodeOutcome, campaign_outcomes, episode_outcomes, median};
use super::ranking::{Ranking, alerts};
use super::truth::{MailboxDay, Truth};

/// Alerts a day at which recall and precision are given.
pub const RATES: [u32; 3] = [1, 2, 5];
/// Alerts a day that the scenarios and the reading analyst are judged at.
pub const READING_RATE: u32 = 2;

/// Recall and precision when the best `per_day` times as many alerts as the log has days are read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtRate {
    /// Alerts a day.
    pub per_day: u32,
    /// Share of the episodes that these alerts touch, 0 to 1; `None` without an episode.
    pub episode_recall: Option<f64>,
    /// Share of these alerts that touch an episode, 0 to 1; `None` without an episode or an alert.
    pub alert_precision: Option<f64>,
}

/// What the flags came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlagMeasures {
    /// Flagged sessions.
    pub sessions: usize,
    /// Share of the flagged sessions that are attacks, 0 to 1; `None` when nothing is flagged.
    pub session_precision: Option<f64>,
    /// Share of the episodes with a flagged session, 0 to 1; `None` without an episode.
    pub episode_recall: Option<f64>,
    /// Mailbox-days with a flagged session.
    pub alerts: usize,
    /// Of these, such that touch no episode.
    pub false_alarms: usize,
    /// Days on which sessions could be flagged.
    pub judged_days: u32,
    /// Alerts per judged day.
    pub alerts_per_day: f64,
    /// False alarms per judged day.
    pub false_alarms_per_day: f64,
    /// Share of the alerts that are false, 0 to 1; `None` when nothing is flagged.
    pub false_share: Option<f64>,
}

/// How one kind of attack fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScenarioMeasures {
    /// Kind of attack.
    pub scenario: String,
    /// Its episodes.
    pub episodes: usize,
    /// Episodes found at [`READING_RATE`] alerts a day.
    pub found_at_2_a_day: usize,
    /// Episodes with a flagged session.
    pub found_by_flags: usize,
    /// Median days from the first labelled record to the end of the day of the first flagged session; `None` when
    /// half of the episodes or more were not flagged.
    pub median_days_to_detection: Option<f64>,
}

/// A ranking compared with the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Sessions of the log.
    pub sessions: usize,
    /// Of these, attacks.
    pub attack_sessions: usize,
    /// Length of the log in days.
    pub days: u32,
    /// Episodes that the log shows.
    pub episodes: usize,
    /// Session-level average precision, 0 to 1, higher is better; `None` without an attack.
    pub average_precision: Option<f64>,
    /// Session-level area under the ROC curve, 0 to 1, higher is better; `None` without both kinds of session.
    pub roc_auc: Option<f64>,
    /// Recall and precision at each of [`RATES`].
    pub at_rate: Vec<AtRate>,
    /// What the flags came to.
    pub flags: FlagMeasures,
    /// By kind of attack, by name.
    pub scenarios: Vec<ScenarioMeasures>,
    /// Every episode.
    pub episode_outcomes: Vec<EpisodeOutcome>,
    /// Every campaign.
    pub campaign_outcomes: Vec<CampaignOutcome>,
    /// Names of the episodes of which the log shows no counted record: they are not judged.
    pub episodes_not_shown: Vec<String>,
    /// Labelled records that the log lacks.
    pub unmatched_labels: usize,
    /// Counted records that are in no session.
    pub records_without_session: usize,
}

impl Evaluation {
    /// Recall and precision at a rate of [`RATES`].
    #[must_use]
    pub fn at(&self, per_day: u32) -> Option<&AtRate> {
        self.at_rate.iter().find(|at| at.per_day == per_day)
    }
}

/// Compares a ranking with the truth. Both must be of the same sessions in the same order.
#[must_use]
pub fn evaluate(truth: &Truth, ranking: &Ranking) -> Evaluation {
    let order = ranking.order();
    let alerts = alerts(&order, truth);
    let found: Vec<BTreeSet<usize>> = RATES
        .iter()
        .map(|&rate| found_at(&alerts, rate, truth.days))
        .collect();
    let episode_outcomes = episode_outcomes(truth, ranking, &alerts);
    let reading = RATES
        .iter()
        .position(|&rate| rate == READING_RATE)
        .and_then(|at| found.get(at));
    Evaluation {
        sessions: truth.sessions.len(),
        attack_sessions: truth.sessions.iter().filter(|s| s.attack).count(),
        days: truth.days,
        episodes: truth.episodes.len(),
        average_precision: average_precision(&order, truth),
        roc_auc: roc_auc(ranking, truth),
        at_rate: RATES
            .iter()
            .zip(&found)
            .map(|(&per_day, found)| AtRate {
                per_day,
                episode_recall: share(found.len(), truth.episodes.len()),
                alert_precision: (!truth.episodes.is_empty())
                    .then(|| precision_at(&alerts, per_day, truth.days))
                    .flatten(),
            })
            .collect(),
        flags: flag_measures(truth, ranking, &episode_outcomes),
        scenarios: scenarios(&episode_outcomes, reading),
        campaign_outcomes: campaign_outcomes(truth, &episode_outcomes),
        episode_outcomes,
        episodes_not_shown: truth.episodes_not_shown.clone(),
        unmatched_labels: truth.unmatched_labels,
        records_without_session: truth.records_without_session,
    }
}

/// A share of a whole; of nothing there is none.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn average_precision(order: &[usize], truth: &Truth) -> Option<f64> {
    let (mut hits, mut sum) = (0u32, 0.0);
    for (place, &index) in order.iter().enumerate() {
        if truth.sessions.get(index).is_some_and(|s| s.attack) {
            hits += 1;
            sum += f64::from(hits) / (place + 1) as f64;
        }
    }
    let all = truth.sessions.iter().filter(|s| s.attack).count();
    (all > 0).then(|| sum / all as f64)
}

/// The chance that an attack session outranks another one, ties half (Mann and Whitney 1947). Sessions that the
/// detector does not list share the last place.
fn roc_auc(ranking: &Ranking, truth: &Truth) -> Option<f64> {
    let mut scored: Vec<(f64, bool)> = ranking
        .sessions
        .iter()
        .zip(&truth.sessions)
        .map(|(judged, session)| (judged.score.unwrap_or(f64::NEG_INFINITY), session.attack))
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let attacks = scored.iter().filter(|(_, attack)| *attack).count();
    let others = scored.len() - attacks;
    if attacks == 0 || others == 0 {
        return None;
    }
    let (mut below, mut won) = (0.0, 0.0);
    for ties in scored.chunk_by(|a, b| a.0 == b.0) {
        let hits = ties.iter().filter(|(_, attack)| *attack).count() as f64;
        let misses = ties.len() as f64 - hits;
        won += hits * (below + misses / 2.0);
        below += misses;
    }
    Some(won / (attacks as f64 * others as f64))
}

type Alerts = [(MailboxDay, BTreeSet<usize>)];

fn found_at(alerts: &Alerts, per_day: u32, days: u32) -> BTreeSet<usize> {
    let read = per_day as usize * days as usize;
    alerts
        .iter()
        .take(read)
        .flat_map(|(_, episodes)| episodes.iter().copied())
        .collect()
}

fn precision_at(alerts: &Alerts, per_day: u32, days: u32) -> Option<f64> {
    let read = (per_day as usize * days as usize).min(alerts.len());
    share(
        alerts
            .iter()
            .take(read)
            .filter(|(_, episodes)| !episodes.is_empty())
            .count(),
        read,
    )
}

fn flag_measures(truth: &Truth, ranking: &Ranking, outcomes: &[EpisodeOutcome]) -> FlagMeasures {
    let (mut sessions, mut attacks) = (0, 0);
    let mut alerts: BTreeSet<MailboxDay> = BTreeSet::new();
    // An alert is true when any session of the mailbox's day touches an episode: whoever opens it sees that too.
    let mut touched: BTreeSet<MailboxDay> = BTreeSet::new();
    for (judged, session) in ranking.sessions.iter().zip(&truth.sessions) {
        if !session.episodes.is_empty() {
            touched.insert(session.alert);
        }
        if judged.flagged {
            sessions += 1;
            attacks += usize::from(session.attack);
            alerts.insert(session.alert);
        }
    }
    let false_alarms = alerts
        .iter()
        .filter(|alert| !touched.contains(alert))
        .count();
    let judged_days = ranking.first_judged_day.map_or(0, |first| {
        u32::try_from(i64::from(truth.last_day) - i64::from(first) + 1).unwrap_or(0)
    });
    FlagMeasures {
        sessions,
        session_precision: share(attacks, sessions),
        episode_recall: share(
            outcomes.iter().filter(|o| o.days_to_flag.is_some()).count(),
            outcomes.len(),
        ),
        alerts: alerts.len(),
        false_alarms,
        judged_days,
        alerts_per_day: share(alerts.len(), judged_days as usize).unwrap_or(0.0),
        false_alarms_per_day: share(false_alarms, judged_days as usize).unwrap_or(0.0),
        false_share: share(false_alarms, alerts.len()),
    }
}

fn scenarios(
    outcomes: &[EpisodeOutcome],
    found: Option<&BTreeSet<usize>>,
) -> Vec<ScenarioMeasures> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        by_name.entry(&outcome.scenario).or_default().push(index);
    }
    by_name
        .into_iter()
        .map(|(scenario, members)| {
            let delays: Vec<Option<f64>> = members
                .iter()
                .filter_map(|&index| outcomes.get(index))
                .map(|o| o.days_to_flag)
                .collect();
            ScenarioMeasures {
                scenario: scenario.to_owned(),
                episodes: members.len(),
                found_at_2_a_day: members
                    .iter()
                    .filter(|&index| found.is_some_and(|f| f.contains(index)))
                    .count(),
                found_by_flags: delays.iter().flatten().count(),
                median_days_to_detection: median(&delays),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::ranking::Judged;
    use crate::experiment::truth::{EpisodeTruth, SessionTruth};
    use crate::session::DAY_MS;

    /// Five sessions by falling score: attack, benign, attack (same mailbox-day as the first), benign, attack.
    fn log() -> (Truth, Ranking) {
        let session = |mailbox, day, attack, episodes: &[usize]| SessionTruth {
            alert: MailboxDay { mailbox, day },
            attack,
            episodes: episodes.to_vec(),
        };
        let episode = |name: &str, first| EpisodeTruth {
            name: name.to_owned(),
            scenario: "storm0558".to_owned(),
            campaign: "storm0558#0".to_owned(),
            first,
        };
        let truth = Truth {
            sessions: vec![
                session(1, 12, true, &[0]),
                session(2, 12, false, &[]),
                session(1, 12, true, &[0]),
                session(3, 13, false, &[]),
                session(4, 14, true, &[1]),
            ],
            episodes: vec![
                episode("storm0558#0:a", 12 * DAY_MS + DAY_MS / 4),
                episode("storm0558#0:b", 12 * DAY_MS + DAY_MS / 2),
            ],
            days: 1,
            last_day: 14,
            ..Truth::default()
        };
        let judged = |score, flagged| Judged {
            score: Some(score),
            flagged,
        };
        let sessions = vec![
            judged(0.9, true),
            judged(0.8, true),
            judged(0.7, false),
            judged(0.6, false),
            judged(0.5, false),
        ];
        (
            truth,
            Ranking {
                sessions,
                first_judged_day: Some(10),
            },
        )
    }

    #[test]
    fn measures_agree_with_a_count_by_hand() {
        let (truth, ranking) = log();
        let evaluation = evaluate(&truth, &ranking);
        // Attacks at places 1, 3 and 5: (1/1 + 2/3 + 3/5) / 3.
        let expected = (1.0 + 2.0 / 3.0 + 0.6) / 3.0;
        assert!((evaluation.average_precision.expect("attacks") - expected).abs() < 1e-15);
        // Of six pairs of an attack and another session the attack wins 2 + 1 + 0.
        assert_eq!(evaluation.roc_auc, Some(0.5));
        // Alerts: (1, 12), (2, 12), (3, 13), (4, 14); the log has one day.
        let recall: Vec<Option<f64>> = evaluation
            .at_rate
            .iter()
            .map(|at| at.episode_recall)
            .collect();
        assert_eq!(recall, [0.5, 0.5, 1.0].map(Some));
        let precision: Vec<Option<f64>> = evaluation
            .at_rate
            .iter()
            .map(|at| at.alert_precision)
            .collect();
        assert_eq!(precision, [1.0, 0.5, 0.5].map(Some));
        let flags = &evaluation.flags;
        assert_eq!(
            (
                flags.sessions,
                flags.alerts,
                flags.false_alarms,
                flags.judged_days
            ),
            (2, 2, 1, 5)
        );
        assert_eq!(
            (
                flags.session_precision,
                flags.episode_recall,
                flags.false_share
            ),
            (Some(0.5), Some(0.5), Some(0.5))
        );
        assert_eq!(
            (flags.alerts_per_day, flags.false_alarms_per_day),
            (0.4, 0.2)
        );
    }

    #[test]
    fn delays_run_from_the_first_record_to_the_end_of_the_day() {
        let (truth, ranking) = log();
        let evaluation = evaluate(&truth, &ranking);
        let [first, second] = &evaluation.episode_outcomes[..] else {
            panic!("two episodes")
        };
        assert_eq!(first.days_to_flag, Some(0.75));
        assert_eq!(second.days_to_flag, None);
        // Mailbox 4 is the highest alert of its day, the fourteenth: a reader of two a day finds it then.
        assert_eq!(second.days_to_reading, Some(2.5));
        let campaign = &evaluation.campaign_outcomes[0];
        assert_eq!((campaign.episodes, campaign.days_to_flag), (2, Some(0.75)));
        assert_eq!(
            evaluation.scenarios[0].median_days_to_detection, None,
            "half of them were not flagged"
        );
    }

    #[test]
    fn ties_count_half_and_unlisted_sessions_come_last() {
        let (truth, mut ranking) = log();
        ranking
            .sessions
            .iter_mut()
            .for_each(|judged| judged.score = Some(1.0));
        assert_eq!(evaluate(&truth, &ranking).roc_auc, Some(0.5));
        for index in [1, 3, 4] {
            ranking.sessions[index].score = None;
        }
        let evaluation = evaluate(&truth, &ranking);
        // The two listed attacks win both pairs, the unlisted one ties with both: (4 + 1) / 6.
        assert!((evaluation.roc_auc.expect("both kinds") - 5.0 / 6.0).abs() < 1e-15);
        assert!((evaluation.average_precision.expect("attacks") - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(
            evaluation
                .at(5)
                .map(|at| (at.episode_recall, at.alert_precision)),
            Some((Some(0.5), Some(1.0)))
        );
    }

    #[test]
    fn a_log_without_attacks_has_no_curve_but_false_alarms() {
        let (mut truth, ranking) = log();
        truth.episodes.clear();
        for session in &mut truth.sessions {
            session.attack = false;
            session.episodes.clear();
        }
        let evaluation = evaluate(&truth, &ranking);
        assert_eq!(
            (evaluation.average_precision, evaluation.roc_auc),
            (None, None)
        );
        assert!(
            evaluation
                .at_rate
                .iter()
                .all(|at| at.episode_recall.is_none() && at.alert_precision.is_none())
        );
        assert_eq!(
            (
                evaluation.flags.false_alarms,
                evaluation.flags.episode_recall
            ),
            (2, None)
        );
    }
}

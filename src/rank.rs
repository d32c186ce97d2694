//! Weights of evidence to scores, scores to p-values, p-values to flags.
//!
//! The **score** joins two views of a session. An isolation forest, fitted every few days on a sample of earlier
//! days, says how alone the session stands among them by the weight of each group of features and of all together; it
//! sees unusual combinations, but beyond the last cut all sessions look alike to it. The weight of evidence itself,
//! bounded as w / (w + 8 bans), orders those. Both are 0 to 1, higher is more anomalous.
//!
//! A **p-value** is conformal (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005, section
//! 4.2): the share of earlier sessions through the same channel, this one counted among them, whose score was at least as
//! high. **Flags** come from
//! an alert rate: an alert is one mailbox on one day, and the threshold is the score that earlier days' alerts
//! exceeded as often as the analyst asked for; or from a false-discovery rate over the day's alerts (Benjamini and
//! Hochberg 1995).
//!
//! A **follow-up** is a session whose client or network was flagged in the same mailbox on an earlier day, or is tied
//! to one that was: flagged sessions of any mailbox tie their client to their network, and what hangs together so is one
//! intrusion. A client that is the mailbox's own ties nothing, because the owner's work and a thief's pass through it alike;
//! a rule or a permission that is set is news, whoever was flagged before. A follow-up's score is drawn towards the
//! threshold, the closer the more mailboxes have follow-ups on the day: it stays flagged, but an intrusion that nobody has
//! been told of ranks before the tenth day of one that has been reported. Follow-ups do not count among the alerts that set the
//! threshold either: otherwise a campaign of weeks in thirty mailboxes would raise it until nothing else that happens
//! meanwhile passed it.
//!
//! In the **warm-up** nearly everything is new; what a session is worth then is discounted in the ranking, so that
//! the harmless first days of a log do not stand before what happens later. The threshold is learned from the scores
//! without that discount.

mod calibration;
mod follow_up;
mod sample;
mod sound;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::baseline::{GROUPS, Stage, TELLING_CHANGE, Weight};
use crate::error::Error;
use crate::feature::{FEATURE_COUNT, FEATURES, FeatureGroup, FeatureId, Observation, Symbol};
use crate::isolation::{IsolationForest, Mode};

use calibration::Calibration;
pub(crate) use calibration::MAILBOX_DAYS_PER_ALERT;
pub(crate) use follow_up::FollowUps;
use sample::Sample;

/// The isolation forest's part of the score; the rest is the weight's. On labelled simulated tenants a tenth finds unusual
/// combinations, where a fifth lets rare but harmless ones pass before heavy evidence: a tenth more false alarms among the
/// two that are read a day.
const ISOLATION_PART: f64 = 0.1;
/// Weight of evidence, in bans, that gives half of what weight can give.
const HALF_WEIGHT: f64 = 8.0;
/// With fewer earlier sessions than this the day's own sessions are added, so that the first day has a forest.
const MIN_SAMPLE: usize = 256;
/// A forest serves this many days at most: the sample behind it changes slowly...
const FOREST_DAYS: i32 = 7;
/// ...and at first a third of the days seen, because a young sample changes fast.
const FOREST_SHARE: i32 = 3;
/// Trees of a forest: for a tenth of the score, twice as many change nothing but the time.
const FOREST_TREES: usize = 50;
/// What a session of the warm-up keeps of its score.
const WARM_UP_KEEPS: f64 = 0.8;
/// Most that the novelty of a session's application and client weighs, in bans, while the client counts as the mailbox's own; so
/// with its network.
const OWN_CLIENT: f64 = 0.5;

/// How flags are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagRule {
    /// Alerts (mailbox-days) per day that the analyst is ready to read.
    AlertsPerDay(f64),
    /// Highest share of false alarms among the alerts of a day.
    FalseDiscoveryRate(f64),
}

/// How sessions are ranked and flagged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankOptions {
    /// Seed of the isolation forests; nothing else depends on chance.
    pub seed: u64,
    /// Days at the start that are scored but never flagged.
    pub warm_up_days: u32,
    /// The rule for flags.
    pub flags: FlagRule,
    /// Features that are left out: their deviations count as zero.
    pub without: Vec<FeatureId>,
    /// Stages of the model that are left out.
    pub without_stages: Vec<Stage>,
}

impl FlagRule {
    /// Checks that the rule can be kept; `Err` says which numbers it takes.
    ///
    /// # Errors
    /// What to give instead, when the number is out of range.
    pub fn check(self) -> Result<(), &'static str> {
        match self {
            Self::AlertsPerDay(rate) if rate > 0.0 && rate <= 1000.0 => Ok(()),
            Self::AlertsPerDay(_) => Err("give a rate above 0 and up to 1000, such as 2 or 0.5"),
            Self::FalseDiscoveryRate(share) if share > 0.0 && share < 1.0 => Ok(()),
            Self::FalseDiscoveryRate(_) => Err("give a share between 0 and 1, such as 0.05"),
        }
    }
}

impl RankOptions {
    /// Checks that sessions can be ranked so.
    ///
    /// # Errors
    /// [`Error::Config`] when the number of the rule for flags is out of range.
    pub fn check(&self) -> Result<(), Error> {
        self.flags.check().map_err(|remedy| Error::Config {
            name: "rank options".to_owned(),
            reason: format!("{:?} is out of range", self.flags),
            remedy: remedy.to_owned(),
        })
    }
}

impl Default for RankOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            warm_up_days: 10,
            flags: FlagRule::AlertsPerDay(2.0),
            without: Vec::new(),
            without_stages: Vec::new(),
        }
    }
}

/// Outcome for one session of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// 0 to 1, higher is more anomalous; follow-ups are drawn towards the threshold, the warm-up is discounted.
    pub score: f64,
    /// The score before that.
    pub raw_score: f64,
    /// The isolation forest's part: 0 to 1, higher is more anomalous.
    pub isolation: f64,
    /// Share of earlier sessions of the channel that scored at least as high.
    pub p_value: f64,
    /// Whether the session is flagged.
    pub flagged: bool,
    /// Whether it would be, had an analyst not allowed it.
    pub spared: bool,
    /// The last day (since 1970 UTC) on which its network, or its client unless that was the mailbox's own, or the intrusion that
    /// they belong to, was flagged in this mailbox; `None` where that was never.
    pub follow_up: Option<i32>,
    /// Whether the mailbox knows the client: novelty of application and client weighs next to nothing.
    pub own_client: bool,
    /// Whether the mailbox knows the network: its novelty weighs next to nothing.
    pub own_network: bool,
    /// Whether it changed settings of the mailbox in a way that weighs by itself; it is no follow-up then.
    pub telling_change: bool,
}

/// A ranked day.
pub struct RankedDay {
    /// One outcome per session, in the order given.
    pub sessions: Vec<Ranked>,
    /// Whether the day is part of the warm-up.
    pub warm_up: bool,
    /// The score from which sessions were flagged; `None` during the warm-up.
    pub threshold: Option<f64>,
    forest: Option<Arc<IsolationForest>>,
    isolation_part: f64,
}

impl RankedDay {
    /// Share of each feature in the raw scores of sessions. The forest's part is its excess over the
    /// average, attributed to groups and to the total, and from there to the features as they weigh.
    pub fn attribution(&self, weights: &[Weight]) -> Vec<[f64; FEATURE_COUNT]> {
        let by_column = match &self.forest {
            Some(forest) => forest.attribute(matrix(weights).view()),
            None => Array2::zeros((weights.len(), COLUMNS)),
        };
        weights
            .iter()
            .zip(by_column.outer_iter())
            .map(|(weight, columns)| {
                std::array::from_fn(|index| {
                    let share = weight.shares[index];
                    let group = FeatureGroup::ALL
                        .iter()
                        .position(|&group| group == FEATURES[index].group)
                        .unwrap_or(0);
                    let part = |whole: f64| if whole > 0.0 { share / whole } else { 0.0 };
                    let forest = columns[group] * part(weight.groups[group])
                        + columns[GROUPS] * part(weight.total);
                    join(
                        forest,
                        bounded(weight.total) * part(weight.total),
                        self.isolation_part,
                    )
                })
            })
            .collect()
    }
}

/// What ranking remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ranker {
    /// Where the warm-up began.
    first_day: Option<i32>,
    last_day: Option<i32>,
    /// Days learned since `first_day`.
    days: u32,
    sample: Sample,
    forest: Option<FittedForest>,
    calibration: Calibration,
    follow_ups: FollowUps,
}

/// A forest and the day that it was fitted for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FittedForest {
    day: i32,
    #[serde(with = "shared")]
    forest: Arc<IsolationForest>,
}

/// A shared value is written like the value.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Arc<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}

fn own_client(weight: &Weight) -> bool {
    [FeatureId::Application, FeatureId::Client]
        .iter()
        .map(|feature| weight.shares[feature.index()])
        .sum::<f64>()
        <= OWN_CLIENT
}

fn own_network(weight: &Weight) -> bool {
    weight.shares[FeatureId::Network.index()] <= OWN_CLIENT
}

/// Whether the mailbox knows where a session comes from, and through what.
fn own_ways(weight: &Weight) -> bool {
    own_client(weight) && own_network(weight)
}

/// Mailboxes that were touched.
fn touched_mailboxes(observations: &[Observation]) -> usize {
    let touched = observations.iter().filter(|o| o.touches_mailbox);
    touched
        .map(|o| o.mailbox)
        .collect::<BTreeSet<Symbol>>()
        .len()
}

impl Ranker {
    /// Scores and flags the sessions of one day.
    ///
    /// # Errors
    /// [`Error::Model`] when the forest cannot be fitted.
    pub fn rank_day(
        &mut self,
        observations: &[Observation],
        weights: &[Weight],
        options: &RankOptions,
    ) -> Result<RankedDay, Error> {
        let Some(day) = observations.iter().map(|o| o.day).max() else {
            return Ok(RankedDay {
                sessions: Vec::new(),
                warm_up: false,
                threshold: None,
                forest: None,
                isolation_part: ISOLATION_PART,
            });
        };
        self.begin_again(day, options.warm_up_days);
        let first = *self.first_day.get_or_insert(day);
        // A day before the first that was learned is judged by later ones; that is no warm-up.
        let age = (i64::from(day) - i64::from(first)).max(0);
        let warm_up = age < i64::from(options.warm_up_days);
        let data = matrix(weights);
        let forest = self.forest(day, &data, options.seed)?;
        let isolation = forest.as_ref().map(|forest| forest.scores(data.view()));
        let part = if options.without_stages.contains(&Stage::Isolation) {
            0.0
        } else {
            ISOLATION_PART
        };
        let follow_ups = !options.without_stages.contains(&Stage::FollowUp);
        let p_values = self.calibration.p_values();
        let mut sessions: Vec<Ranked> = observations
            .par_iter()
            .enumerate()
            .map(|(index, observation)| {
                let isolation = isolation.as_ref().map_or(0.0, |scores| scores[index]);
                // A session that did not touch the mailbox is no anomaly of the mailbox.
                let touched = f64::from(u8::from(observation.touches_mailbox && forest.is_some()));
                let score = touched * join(isolation, bounded(weights[index].total), part);
                Ranked {
                    score: if warm_up {
                        WARM_UP_KEEPS * score
                    } else {
                        score
                    },
                    raw_score: score,
                    isolation,
                    p_value: p_values.of(observation.channel, score),
                    flagged: false,
                    spared: false,
                    follow_up: None,
                    own_client: own_client(&weights[index]),
                    own_network: own_network(&weights[index]),
                    telling_change: weights[index].shares[FeatureId::Changes.index()]
                        >= TELLING_CHANGE,
                }
            })
            .collect();
        let threshold = if warm_up {
            None
        } else {
            self.threshold(options, observations, &sessions)
        };
        if let Some(threshold) = threshold {
            for (session, observation) in sessions.iter_mut().zip(observations) {
                let reaches = session.score > 0.0 && session.score >= threshold;
                session.flagged = reaches && !observation.allowed;
                session.spared = reaches && observation.allowed;
            }
        }
        if follow_ups {
            let sessions = observations.par_iter().zip(&mut sessions);
            self.follow_ups.mark(threshold, options.flags, sessions);
        }
        Ok(RankedDay {
            sessions,
            warm_up,
            threshold,
            forest,
            isolation_part: part,
        })
    }

    /// Begins the warm-up again after a pause that is longer than itself and broke it off: a record with a wrong date, or an old file
    /// beside the export, is none.
    fn begin_again(&mut self, day: i32, warm_up_days: u32) {
        let paused = self
            .last_day
            .is_some_and(|last| i64::from(day) - i64::from(last) > i64::from(warm_up_days));
        if paused && self.days < warm_up_days {
            (self.first_day, self.days) = (Some(day), 0);
        }
    }

    /// Remembers a ranked day. `ids` are the sessions' identifiers, `teaches[i]` whether session i may teach the
    /// forest. Every session counts among the p-values; among the alerts that set the threshold count those that may be flagged
    /// and are no follow-ups. A follow-up that comes as the owner does counts nevertheless: after a false flag it is the owner, and a
    /// threshold that had fallen too low would never learn it.
    pub fn teach_day(
        &mut self,
        observations: &[Observation],
        weights: &[Weight],
        day: &RankedDay,
        ids: &[u64],
        teaches: &[bool],
    ) {
        let touching = || {
            observations
                .iter()
                .enumerate()
                .filter(|(_, o)| o.touches_mailbox)
        };
        let mut alerts: BTreeMap<Symbol, f64> = BTreeMap::new();
        for (index, observation) in touching() {
            let session = &day.sessions[index];
            let reported =
                session.flagged && session.follow_up.is_some() && !own_ways(&weights[index]);
            if !(observation.allowed || reported) {
                let best = alerts.entry(observation.mailbox).or_default();
                *best = best.max(session.raw_score);
            }
        }
        self.last_day = self.last_day.max(observations.iter().map(|o| o.day).max());
        self.days = self.days.saturating_add(1);
        self.follow_ups
            .remember(observations.iter().zip(&day.sessions));
        self.calibration.count_day(
            touching()
                .map(|(index, observation)| (observation.channel, day.sessions[index].raw_score)),
            alerts.into_values().collect(),
            touched_mailboxes(observations),
        );
        let teaching = touching().filter(|&(index, _)| teaches[index]);
        self.sample.extend(teaching.map(|(index, observation)| {
            let weight = &weights[index];
            let row = || columns(weight).map(|weight| weight as f32).to_vec();
            (ids[index], observation.day, row)
        }));
    }

    /// The forest for a day: the one at hand while it is young enough, else a new one.
    fn forest(
        &mut self,
        day: i32,
        today: &Array2<f64>,
        seed: u64,
    ) -> Result<Option<Arc<IsolationForest>>, Error> {
        let age = self.first_day.map_or(0, |first| day - first);
        if let Some(fitted) = &self.forest
            && day - fitted.day < (age / FOREST_SHARE).clamp(1, FOREST_DAYS)
        {
            return Ok(Some(Arc::clone(&fitted.forest)));
        }
        let past = self.sample.len();
        let own = if past < MIN_SAMPLE { today.nrows() } else { 0 };
        if past + own < 2 {
            return Ok(None);
        }
        let data = Array2::from_shape_fn((past + own, COLUMNS), |(row, column)| {
            if row < past {
                f64::from(self.sample.row(row)[column])
            } else {
                today[[row - past, column]]
            }
        });
        let forest = IsolationForest::params()
            .mode(Mode::Shallow)
            .n_trees(FOREST_TREES)
            .seed(seed ^ (day as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .fit(&DatasetBase::from(data))
            .map_err(|error| Error::Model {
                action: "fitted",
                reason: error.to_string(),
            })?;
        let forest = Arc::new(forest);
        self.forest = Some(FittedForest {
            day,
            forest: Arc::clone(&forest),
        });
        Ok(Some(forest))
    }

    fn threshold(
        &self,
        options: &RankOptions,
        observations: &[Observation],
        sessions: &[Ranked],
    ) -> Option<f64> {
        match options.flags {
            FlagRule::AlertsPerDay(rate) => self
                .calibration
                .alert_threshold(rate, touched_mailboxes(observations)),
            FlagRule::FalseDiscoveryRate(rate) => {
                let mut alerts: BTreeMap<Symbol, f64> = BTreeMap::new();
                for (session, observation) in sessions.iter().zip(observations) {
                    if observation.touches_mailbox && !observation.allowed {
                        let best = alerts.entry(observation.mailbox).or_default();
                        *best = best.max(session.raw_score);
                    }
                }
                self.calibration
                    .discovery_threshold(rate, alerts.into_values().collect())
            }
        }
    }
}

/// Columns that the forest sees: the weight of each group of features, and of all together.
pub(crate) const COLUMNS: usize = GROUPS + 1;

fn columns(weight: &Weight) -> [f64; COLUMNS] {
    std::array::from_fn(|column| {
        if column < GROUPS {
            weight.groups[column]
        } else {
            weight.total
        }
    })
}

fn matrix(weights: &[Weight]) -> Array2<f64> {
    Array2::from_shape_fn((weights.len(), COLUMNS), |(row, column)| {
        columns(&weights[row])[column]
    })
}

fn join(isolation: f64, weight: f64, part: f64) -> f64 {
    part * isolation + (1.0 - part) * weight
}

fn bounded(weight: f64) -> f64 {
    weight / (weight + HALF_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{Manner, weigh};
    use crate::feature::FEATURE_COUNT;

    /// Thirty days on which every mailbox is opened a little oddly and mailbox 7 very oddly; the last one's threshold, and what
    /// became of mailbox 7 on it.
    fn thirty_days(allowed: bool) -> (Option<f64>, Ranked) {
        let options = RankOptions::default();
        let mut ranker = Ranker::default();
        let mut last = None;
        for day in 0..30 {
            let visits: Vec<Observation> = (0..20)
                .map(|mailbox| Observation {
                    mailbox,
                    allowed: allowed && mailbox == 7,
                    ..Observation::visit(day, mailbox)
                })
                .collect();
            let weights: Vec<Weight> = visits
                .iter()
                .map(|visit| {
                    let mut deviations = [0.0; FEATURE_COUNT];
                    let odd = if visit.mailbox == 7 { 3.0 } else { 0.1 };
                    // No two days are quite the same.
                    let odd = odd + f64::from((day * 20 + visit.mailbox as i32) * 7 % 101) / 500.0;
                    for feature in [FeatureId::Network, FeatureId::Application, FeatureId::Items] {
                        deviations[feature.index()] = odd;
                    }
                    weigh(
                        &deviations,
                        Manner {
                            channel: visit.channel,
                            delegated: visit.delegated,
                            lately_trusted: false,
                            sends_out: false,
                        },
                    )
                })
                .collect();
            let ids: Vec<u64> = (0..20).map(|index| day as u64 * 20 + index).collect();
            let ranked = ranker
                .rank_day(&visits, &weights, &options)
                .expect("ranked");
            ranker.teach_day(&visits, &weights, &ranked, &ids, &[true; 20]);
            last = Some((ranked.threshold, ranked.sessions[7]));
        }
        last.expect("thirty days")
    }

    #[test]
    fn a_warm_up_that_a_pause_broke_off_begins_again() {
        let first_day = |days, day| {
            let mut ranker = Ranker {
                first_day: Some(100),
                last_day: Some(100 + days as i32 - 1),
                days,
                ..Ranker::default()
            };
            ranker.begin_again(day, 10);
            (ranker.first_day, ranker.days)
        };
        assert_eq!(first_day(1, 112), (Some(112), 0));
        assert_eq!(first_day(1, 110), (Some(100), 1), "as long as itself");
        assert_eq!(first_day(10, 300), (Some(100), 10), "it was over");
        assert_eq!(first_day(9, 109), (Some(100), 9), "no pause");
    }

    #[test]
    fn what_is_allowed_is_not_flagged_and_sets_no_threshold() {
        let (threshold, visit) = thirty_days(false);
        assert!(!visit.spared);
        let (without, allowed) = thirty_days(true);
        assert!(allowed.spared && !allowed.flagged);
        assert!(
            without < threshold,
            "{without:?} is not below {threshold:?}"
        );
    }
}

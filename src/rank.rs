//! Deviations to scores, scores to p-values, p-values to flags.
//!
//! Each day the isolation forest is fitted on a sample of the deviations of earlier days and scores the day's
//! sessions. The sample is a weighted reservoir (Efraimidis and Spirakis 2006) whose priorities are hashes of the
//! session ids: it is the same whatever the batches, and parts of it merge in any order.
//!
//! A **p-value** is conformal (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005, section
//! 4.2): the share of earlier sessions through the same channel whose score was at least as high. **Flags** come from
//! an alert rate: an alert is one mailbox on one day, and the threshold is the score that earlier days' alerts
//! exceeded as often as the analyst asked for; or from a false-discovery rate over the day (Benjamini and Hochberg
//! 1995).

use std::collections::{BTreeMap, VecDeque};

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::baseline::{Baselines, Judgement};
use crate::error::Error;
use crate::feature::{Channel, FEATURE_COUNT, Observation, Symbol};
use crate::isolation::IsolationForest;

/// Sessions that the forest learns from.
const SAMPLE: usize = 4096;
/// Sessions in the reservoir lose half their weight in this many days.
const SAMPLE_HALF_LIFE_DAYS: f64 = 21.0;
/// With fewer earlier sessions than this the day's own sessions are added, so that the first day has a forest.
const MIN_SAMPLE: usize = 256;
/// Days whose alerts set the threshold.
const ALERT_WINDOW_DAYS: usize = 28;
/// No day counts for more than this multiple of the rate: a day full of attacks must not raise the threshold.
const ALERT_DAY_CAP: f64 = 3.0;
/// Resolution of the calibration histograms.
const BINS: usize = 4096;
/// What the calibration keeps from one day to the next: a half-life of a month.
const DAILY_KEEP: f64 = 0.977;

/// How flags are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagRule {
    /// Alerts (mailbox-days) per day that the analyst is ready to read.
    AlertsPerDay(f64),
    /// Highest share of false alarms among the flags of a day.
    FalseDiscoveryRate(f64),
}

/// How sessions are ranked and flagged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankOptions {
    /// Seed of every random step.
    pub seed: u64,
    /// Days at the start that are scored but never flagged.
    pub warm_up_days: u32,
    /// The rule for flags.
    pub flags: FlagRule,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            warm_up_days: 10,
            flags: FlagRule::AlertsPerDay(2.0),
        }
    }
}

/// Outcome for one session of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// 0 to 1, higher is more anomalous.
    pub score: f64,
    /// Share of earlier sessions of the channel that scored at least as high.
    pub p_value: f64,
    /// Whether the session is flagged.
    pub flagged: bool,
}

/// A ranked day.
pub struct RankedDay {
    /// One outcome per session, in the order given.
    pub sessions: Vec<Ranked>,
    /// Whether the day is part of the warm-up.
    pub warm_up: bool,
    /// The score from which sessions were flagged; `None` during the warm-up.
    pub threshold: Option<f64>,
    forest: Option<IsolationForest>,
}

impl RankedDay {
    /// Share of each feature in the scores of the given sessions, sessions × features: additive, each row sums to
    /// the score's excess over the average.
    pub fn attribution(&self, deviations: ArrayView2<'_, f64>) -> Array2<f64> {
        match &self.forest {
            Some(forest) => forest.attribute(deviations),
            None => Array2::zeros(deviations.raw_dim()),
        }
    }
}

/// What ranking remembers: the forest's sample and the calibration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ranker {
    first_day: Option<i32>,
    sample: Vec<SampledSession>,
    calibration: BTreeMap<Channel, Calibration>,
    alert_scores: VecDeque<Vec<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SampledSession {
    /// Logarithm of the reservoir's key, higher stays.
    priority: f64,
    id: u64,
    deviations: Vec<f32>,
}

/// Histogram of earlier scores of one channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Calibration {
    total: f64,
    bins: BTreeMap<u16, f64>,
}

impl Calibration {
    fn p_value(&self, score: f64) -> f64 {
        let above: f64 = self.bins.range(bin(score)..).map(|(_, count)| count).sum();
        (above + 1.0) / (self.total + 1.0)
    }

    fn count(&mut self, score: f64) {
        *self.bins.entry(bin(score)).or_default() += 1.0;
        self.total += 1.0;
    }

    fn fade(&mut self) {
        self.total *= DAILY_KEEP;
        self.bins
            .values_mut()
            .for_each(|count| *count *= DAILY_KEEP);
    }
}

fn bin(score: f64) -> u16 {
    (score.clamp(0.0, 1.0) * (BINS - 1) as f64).round() as u16
}

impl Ranker {
    /// Scores and flags the sessions of one day.
    ///
    /// # Errors
    /// [`Error::Model`] when the forest cannot be fitted.
    pub fn rank_day(
        &mut self,
        observations: &[Observation],
        judgements: &[Judgement],
        options: &RankOptions,
    ) -> Result<RankedDay, Error> {
        let Some(day) = observations.iter().map(|o| o.day).max() else {
            return Ok(RankedDay {
                sessions: Vec::new(),
                warm_up: false,
                threshold: None,
                forest: None,
            });
        };
        let first = *self.first_day.get_or_insert(day);
        let warm_up = i64::from(day) - i64::from(first) < i64::from(options.warm_up_days);
        let deviations = Baselines::matrix(judgements);
        let forest = self.forest(day, &deviations, options.seed)?;
        let scores = match &forest {
            Some(forest) => combine(&forest.scores(deviations.view()), judgements, observations),
            None => Array1::zeros(observations.len()),
        };
        let p_values: Vec<f64> = observations
            .iter()
            .zip(&scores)
            .map(|(o, &score)| {
                self.calibration
                    .get(&o.channel)
                    .map_or(1.0, |c| c.p_value(score))
            })
            .collect();
        let threshold = if warm_up {
            None
        } else {
            self.threshold(options, observations, &scores, &p_values)
        };
        let sessions = observations
            .iter()
            .zip(scores.iter().zip(&p_values))
            .map(|(o, (&score, &p_value))| Ranked {
                score,
                p_value,
                flagged: o.touches_mailbox && score > 0.0 && threshold.is_some_and(|t| score >= t),
            })
            .collect();
        Ok(RankedDay {
            sessions,
            warm_up,
            threshold,
            forest,
        })
    }

    /// Remembers a ranked day. `ids` are the sessions' identifiers, `teaches[i]` whether session i may teach the
    /// forest; every session counts in the calibration, so that the promised rate is the observed one.
    pub fn teach_day(
        &mut self,
        observations: &[Observation],
        judgements: &[Judgement],
        day: &RankedDay,
        ids: &[u64],
        teaches: &[bool],
    ) {
        self.calibration.values_mut().for_each(Calibration::fade);
        let mut alerts: BTreeMap<Symbol, f64> = BTreeMap::new();
        for (index, observation) in observations
            .iter()
            .enumerate()
            .filter(|(_, o)| o.touches_mailbox)
        {
            let score = day.sessions[index].score;
            self.calibration
                .entry(observation.channel)
                .or_default()
                .count(score);
            let best = alerts.entry(observation.mailbox).or_default();
            *best = best.max(score);
            if teaches[index] {
                self.sample.push(SampledSession {
                    priority: priority(ids[index], observation.day),
                    id: ids[index],
                    deviations: judgements[index]
                        .deviations
                        .iter()
                        .map(|&d| d as f32)
                        .collect(),
                });
            }
        }
        self.sample
            .sort_unstable_by(|a, b| b.priority.total_cmp(&a.priority).then(a.id.cmp(&b.id)));
        self.sample.truncate(SAMPLE);
        let mut scores: Vec<f64> = alerts.into_values().collect();
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        scores.truncate(256);
        self.alert_scores.push_back(scores);
        if self.alert_scores.len() > ALERT_WINDOW_DAYS {
            self.alert_scores.pop_front();
        }
    }

    fn forest(
        &self,
        day: i32,
        deviations: &Array2<f64>,
        seed: u64,
    ) -> Result<Option<IsolationForest>, Error> {
        let own = if self.sample.len() < MIN_SAMPLE {
            deviations.nrows()
        } else {
            0
        };
        let past = self.sample.len();
        if past + own < 2 {
            return Ok(None);
        }
        let data = Array2::from_shape_fn((past + own, FEATURE_COUNT), |(row, column)| {
            if row < past {
                f64::from(self.sample[row].deviations[column])
            } else {
                deviations[[row - past, column]]
            }
        });
        IsolationForest::params()
            .seed(seed ^ (day as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .fit(&DatasetBase::from(data))
            .map(Some)
            .map_err(|error| Error::Model {
                action: "fitted",
                reason: error.to_string(),
            })
    }

    fn threshold(
        &self,
        options: &RankOptions,
        observations: &[Observation],
        scores: &Array1<f64>,
        p_values: &[f64],
    ) -> Option<f64> {
        match options.flags {
            FlagRule::AlertsPerDay(rate) => alert_threshold(&self.alert_scores, rate),
            FlagRule::FalseDiscoveryRate(q) => {
                let mut order: Vec<usize> = (0..scores.len())
                    .filter(|&i| observations[i].touches_mailbox)
                    .collect();
                order.sort_unstable_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
                let n = order.len() as f64;
                let last = order
                    .iter()
                    .enumerate()
                    .rposition(|(rank, &i)| p_values[i] <= q * (rank + 1) as f64 / n)?;
                order[..=last]
                    .iter()
                    .map(|&i| scores[i])
                    .min_by(f64::total_cmp)
            }
        }
    }
}

/// The score that earlier mailbox-days exceeded `rate` times a day.
fn alert_threshold(days: &VecDeque<Vec<f64>>, rate: f64) -> Option<f64> {
    let cap = (rate * ALERT_DAY_CAP).ceil() as usize;
    let mut pooled: Vec<f64> = days
        .iter()
        .flat_map(|scores| scores.iter().take(cap).copied())
        .collect();
    pooled.sort_unstable_by(|a, b| b.total_cmp(a));
    let wanted = (rate * days.len() as f64).round() as usize;
    // Between the last alert wanted and the first one not wanted.
    match (
        wanted.checked_sub(1).and_then(|i| pooled.get(i)),
        pooled.get(wanted),
    ) {
        (Some(&inside), Some(&outside)) => Some(f64::midpoint(inside, outside)),
        (Some(&inside), None) => Some(inside),
        (None, Some(&outside)) => Some(outside.next_up()),
        (None, None) => None,
    }
}

/// Key of the weighted reservoir: log of u^(1/w) with u the hash of the id and w doubling every half-life, in a form
/// that needs no reference day: −log(−log u) grows linearly with time.
fn priority(id: u64, day: i32) -> f64 {
    let u = ((id >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    f64::from(day) * std::f64::consts::LN_2 / SAMPLE_HALF_LIFE_DAYS - (-u.ln()).ln()
}

/// The forest's scores; sessions that did not touch the mailbox are no anomaly of the mailbox.
fn combine(
    scores: &Array1<f64>,
    judgements: &[Judgement],
    observations: &[Observation],
) -> Array1<f64> {
    Array1::from_iter(
        scores
            .iter()
            .zip(judgements)
            .zip(observations)
            .map(|((&score, _), o)| if o.touches_mailbox { score } else { 0.0 }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lets_the_asked_rate_through() {
        let days: VecDeque<Vec<f64>> = (0..10)
            .map(|day| {
                (0..20)
                    .map(|i| 1.0 - f64::from(i) / 20.0 - f64::from(day) * 1e-4)
                    .collect()
            })
            .collect();
        let threshold = alert_threshold(&days, 2.0).expect("ten days");
        let alerts = days
            .iter()
            .flatten()
            .filter(|&&score| score >= threshold)
            .count();
        assert_eq!(alerts, 20);
    }

    #[test]
    fn a_day_full_of_attacks_does_not_raise_the_threshold_much() {
        let quiet: VecDeque<Vec<f64>> = (0..9).map(|_| vec![0.6, 0.55, 0.5, 0.45]).collect();
        let mut attacked = quiet.clone();
        attacked.push_back(vec![0.9; 50]);
        let (before, after) = (
            alert_threshold(&quiet, 2.0),
            alert_threshold(&attacked, 2.0),
        );
        assert!(after.zip(before).is_some_and(|(a, b)| a < 0.61 && b < 0.61));
    }

    #[test]
    fn newer_sessions_stay_longer_in_the_reservoir() {
        let wins = (0..2000u64)
            .filter(|&i| {
                let (a, b) = (
                    crate::session::stable_hash(&format!("a{i}")),
                    crate::session::stable_hash(&format!("b{i}")),
                );
                priority(a, 21) > priority(b, 0)
            })
            .count();
        // Twice the weight wins two times of three.
        assert!((1240..1430).contains(&wins), "{wins}");
    }

    #[test]
    fn conformal_p_values_count_the_session_itself() {
        let mut calibration = Calibration::default();
        (0..99).for_each(|i| calibration.count(f64::from(i) / 100.0));
        assert!((calibration.p_value(1.0) - 0.01).abs() < 1e-12);
        assert!((calibration.p_value(0.0) - 1.0).abs() < 1e-12);
    }
}

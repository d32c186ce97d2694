//! Earlier scores: p-values by channel, and the threshold of an alert rate.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::feature::Channel;

/// Days whose alerts set the threshold.
const ALERT_WINDOW_DAYS: usize = 21;
/// No day counts for more than this multiple of the rate: a day full of attacks must not raise the threshold.
const ALERT_DAY_CAP: f64 = 3.0;
/// Alerts of a day that are kept: as many as count at the highest rate, a thousand a day.
const KEPT_ALERTS: usize = 3 * 1000;
/// No more than one in so many mailbox-days is an alert, however many the analyst could read: where there are few mailboxes,
/// the days of each must teach its baseline.
pub(crate) const MAILBOX_DAYS_PER_ALERT: f64 = 4.0;
/// Resolution of the histograms.
const BINS: usize = 4096;
/// What the calibration keeps from one day to the next: a half-life of a month.
const DAILY_KEEP: f64 = 0.977;

/// Earlier scores.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Calibration {
    channels: BTreeMap<Channel, Histogram>,
    alerts: VecDeque<DayAlerts>,
    /// Highest scores of mailbox-days. They do not fade: a false-discovery rate of q takes 1 / q days to be provable.
    mailbox_days: Histogram,
}

/// Highest scores of the mailboxes of one day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct DayAlerts {
    /// The highest ones, descending.
    scores: Vec<f64>,
    /// Mailboxes that day.
    mailboxes: usize,
}

/// Histogram of earlier scores of one channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Histogram {
    total: f64,
    bins: BTreeMap<u16, f64>,
}

impl Calibration {
    /// The p-values of a day: the counts summed from the top once, so that each look-up is one step.
    pub(super) fn p_values(&self) -> PValues {
        PValues(
            self.channels
                .iter()
                .map(|(&channel, histogram)| (channel, histogram.tail()))
                .collect(),
        )
    }

    /// Counts the scores of a day, and the highest score of each mailbox as its alert.
    pub(super) fn count_day(
        &mut self,
        scores: impl Iterator<Item = (Channel, f64)>,
        mut alerts: Vec<f64>,
    ) {
        self.channels.values_mut().for_each(Histogram::fade);
        for (channel, score) in scores {
            self.channels.entry(channel).or_default().count(score);
        }
        for &score in &alerts {
            self.mailbox_days.count(score);
        }
        let mailboxes = alerts.len();
        alerts.sort_unstable_by(|a, b| b.total_cmp(a));
        alerts.truncate(KEPT_ALERTS);
        self.alerts.push_back(DayAlerts {
            scores: alerts,
            mailboxes,
        });
        if self.alerts.len() > ALERT_WINDOW_DAYS {
            self.alerts.pop_front();
        }
    }

    /// The score that earlier mailbox-days exceeded `rate` times a day, or as often as one in
    /// [`MAILBOX_DAYS_PER_ALERT`] of them allows; `None` without earlier days.
    pub(super) fn alert_threshold(&self, rate: f64) -> Option<f64> {
        let days = self.alerts.len().max(1) as f64;
        let mailbox_days: usize = self.alerts.iter().map(|day| day.mailboxes).sum();
        let rate = rate.min(mailbox_days as f64 / MAILBOX_DAYS_PER_ALERT / days);
        let cap = (rate * ALERT_DAY_CAP).ceil() as usize;
        let mut pooled: Vec<f64> = self
            .alerts
            .iter()
            .flat_map(|day| day.scores.iter().take(cap).copied())
            .collect();
        pooled.sort_unstable_by(|a, b| b.total_cmp(a));
        let wanted = (rate * days).round() as usize;
        // Between the last alert wanted and the first one not wanted.
        match (
            wanted.checked_sub(1).and_then(|i| pooled.get(i)),
            pooled.get(wanted),
        ) {
            (Some(&inside), Some(&outside)) => Some(f64::midpoint(inside, outside)),
            (None, Some(&outside)) => Some(outside.next_up()),
            // Every alert that there was.
            (_, None) => pooled.last().copied(),
        }
    }

    /// The lowest of today's alerts (highest scores of mailboxes) among which at most a share `rate` is expected to be
    /// false, by the procedure of Benjamini and Hochberg; `None` when there are no such alerts.
    pub(super) fn discovery_threshold(&self, rate: f64, mut alerts: Vec<f64>) -> Option<f64> {
        alerts.sort_unstable_by(|a, b| b.total_cmp(a));
        let tail = self.mailbox_days.tail();
        let count = alerts.len() as f64;
        let last = alerts.iter().enumerate().rposition(|(place, &score)| {
            tail[usize::from(bin(score))] <= rate * (place + 1) as f64 / count
        })?;
        Some(alerts[last])
    }
}

impl Histogram {
    /// For each bin, the share of the sessions at or above it, the asking one included.
    fn tail(&self) -> Vec<f64> {
        let mut tail = vec![0.0; BINS];
        for (&bin, &count) in &self.bins {
            tail[usize::from(bin)] = count;
        }
        let mut above = 0.0;
        for share in tail.iter_mut().rev() {
            above += *share;
            *share = (above + 1.0) / (self.total + 1.0);
        }
        tail
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

/// Conformal p-values by channel.
pub(super) struct PValues(BTreeMap<Channel, Vec<f64>>);

impl PValues {
    /// Share of the earlier scores of the channel that are at least as high; 1 without any.
    pub(super) fn of(&self, channel: Channel, score: f64) -> f64 {
        self.0
            .get(&channel)
            // Faded counts summed in two orders may differ in the last digit.
            .map_or(1.0, |tail| tail[usize::from(bin(score))].min(1.0))
    }
}

fn bin(score: f64) -> u16 {
    (score.clamp(0.0, 1.0) * (BINS - 1) as f64).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(days: impl IntoIterator<Item = Vec<f64>>) -> Calibration {
        let mut calibration = Calibration::default();
        days.into_iter()
            .for_each(|day| calibration.count_day(std::iter::empty(), day));
        calibration
    }

    #[test]
    fn every_mailbox_counts_in_a_large_tenant() {
        // 20,000 mailboxes: a thousand alerts a day are fewer than one mailbox-day in four.
        let day: Vec<f64> = (0..20_000).map(|n| f64::from(n) / 20_000.0).collect();
        let calibration = alerts(std::iter::repeat_n(day, 3));
        let threshold = calibration.alert_threshold(1000.0).expect("a threshold");
        assert!((threshold - 0.95).abs() < 0.001, "{threshold}");
    }

    #[test]
    fn the_threshold_lets_the_asked_rate_through() {
        let days: Vec<Vec<f64>> = (0..10)
            .map(|day| {
                (0..20)
                    .map(|i| 1.0 - f64::from(i) / 20.0 - f64::from(day) * 1e-4)
                    .collect()
            })
            .collect();
        let threshold = alerts(days.clone()).alert_threshold(2.0).expect("ten days");
        assert_eq!(
            days.iter()
                .flatten()
                .filter(|&&score| score >= threshold)
                .count(),
            20
        );
        assert!(Calibration::default().alert_threshold(2.0).is_none());
    }

    #[test]
    fn more_to_read_never_means_fewer_flags() {
        for mailboxes in [1, 5, 40] {
            let days = (0..21).map(|day| {
                (0..mailboxes)
                    .map(|mailbox| f64::from((day * 7 + mailbox * 13) % 101) / 101.0)
                    .collect::<Vec<f64>>()
            });
            let calibration = alerts(days.clone());
            let flagged = |rate: f64| {
                let threshold = calibration.alert_threshold(rate).expect("three weeks");
                days.clone().flatten().filter(|&s| s >= threshold).count()
            };
            let flags = [0.05, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0, 1000.0].map(flagged);
            assert!(flags.is_sorted(), "{mailboxes}: {flags:?}");
            // A quarter of the mailbox-days, give or take ties.
            let most = (21.0 * f64::from(mailboxes) / MAILBOX_DAYS_PER_ALERT).round() as usize;
            assert!(
                (most..=most + 5).contains(&flags[7]),
                "{mailboxes}: {flags:?}"
            );
        }
    }

    #[test]
    fn discoveries_are_the_alerts_that_hardly_any_day_had() {
        let ordinary = || (0..20).map(|i| f64::from(i) / 40.0).collect::<Vec<f64>>();
        let calibration = alerts((0..50).map(|_| ordinary()));
        let mut today = ordinary();
        assert_eq!(calibration.discovery_threshold(0.05, today.clone()), None);
        today.extend([0.9, 0.8]);
        assert_eq!(calibration.discovery_threshold(0.05, today), Some(0.8));
        // Ten mailboxes of one day prove nothing at that rate.
        let young = alerts([ordinary()[..10].to_vec()]);
        assert_eq!(young.discovery_threshold(0.05, vec![0.9]), None);
    }

    #[test]
    fn a_day_full_of_attacks_does_not_raise_the_threshold_much() {
        let quiet = vec![vec![0.6, 0.55, 0.5, 0.45]; 9];
        let mut attacked = quiet.clone();
        attacked.push(vec![0.9; 50]);
        let (before, after) = (
            alerts(quiet).alert_threshold(2.0),
            alerts(attacked).alert_threshold(2.0),
        );
        assert!(after.zip(before).is_some_and(|(a, b)| a < 0.61 && b < 0.61));
    }

    #[test]
    fn conformal_p_values_count_the_session_itself() {
        let mut calibration = Calibration::default();
        calibration.count_day(
            (0..99).map(|i| (Channel::Mobile, f64::from(i) / 100.0)),
            Vec::new(),
        );
        assert!((calibration.p_values().of(Channel::Mobile, 1.0) - 0.01).abs() < 1e-12);
        assert!((calibration.p_values().of(Channel::Mobile, 0.0) - 1.0).abs() < 1e-12);
        assert_eq!(calibration.p_values().of(Channel::Interactive, 0.5), 1.0);
    }
}

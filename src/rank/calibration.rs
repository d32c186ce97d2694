//! Earlier scores: p-values by channel, and the threshold of an alert rate.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::feature::Channel;

/// Days whose alerts set the threshold.
const ALERT_WINDOW_DAYS: usize = 21;
/// A day full of attacks counts for no more than this multiple of the rate: it must not raise the threshold...
const ALERT_DAY_CAP: f64 = 3.0;
/// ...as long as such days are at most one in so many. What comes back every weekend is no attack.
const DAYS_PER_ATTACK: usize = 10;
/// Alerts of a day that are kept: three times as many as the highest rate asks for, a thousand a day.
const KEPT_ALERTS: usize = 3 * 1000;
/// No more than one in so many mailbox-days is an alert, however many the analyst could read: where there are few mailboxes,
/// the days of each must teach its baseline.
pub(crate) const MAILBOX_DAYS_PER_ALERT: f64 = 4.0;
/// Days over which it shows how many mailboxes a log covers: a week, of which people work five days.
const COVERAGE_DAYS: usize = 7;
/// What a day's mailboxes are at least worth of a week's mean, so that the mean of a week does not hide that a log has begun to
/// cover more. The mean is no less where nobody works at weekends.
const WORKING_SHARE: f64 = 5.0 / 7.0;
/// A day counts as if it had no more than so many times the mailboxes that were covered before it.
const MOST_AT_ONCE: f64 = 3.0;
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
    /// Mailboxes that day, with and without an alert.
    mailboxes: usize,
}

/// Histogram of earlier scores of one channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Histogram {
    total: f64,
    bins: BTreeMap<u16, f64>,
}

impl Calibration {
    /// Whether there are no bins but those of a histogram.
    pub(super) fn is_sound(&self) -> bool {
        let mut histograms = self.channels.values().chain([&self.mailbox_days]);
        histograms.all(|of| of.bins.keys().all(|&bin| usize::from(bin) < BINS))
    }

    /// The p-values of a day: the counts summed from the top once, so that each look-up is one step.
    pub(super) fn p_values(&self) -> PValues {
        PValues(
            self.channels
                .iter()
                .map(|(&channel, histogram)| (channel, histogram.tail()))
                .collect(),
        )
    }

    /// Counts the scores of a day, and the highest score of each mailbox that could have an alert.
    pub(super) fn count_day(
        &mut self,
        scores: impl Iterator<Item = (Channel, f64)>,
        mut alerts: Vec<f64>,
        mailboxes: usize,
    ) {
        self.channels.values_mut().for_each(Histogram::fade);
        for (channel, score) in scores {
            self.channels.entry(channel).or_default().count(score);
        }
        for &score in &alerts {
            self.mailbox_days.count(score);
        }
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

    /// The score that mailboxes exceeded on earlier days as often as makes `rate` alerts on a day with so many `mailboxes` as
    /// today, or one in [`MAILBOX_DAYS_PER_ALERT`] mailbox-days; `None` without earlier days. Logs come to cover more mailboxes, and
    /// fewer: what counts of an earlier day is how many it covered.
    pub(super) fn alert_threshold(&self, rate: f64, mailboxes: usize) -> Option<f64> {
        let by_day: Vec<usize> = self.alerts.iter().map(|day| day.mailboxes).collect();
        let often = (rate / covered(&by_day, mailboxes)).min(1.0 / MAILBOX_DAYS_PER_ALERT);
        let mut mailbox_days = 0.0;
        let mut days: Vec<(&[f64], usize)> = Vec::with_capacity(self.alerts.len());
        for (day, alerts) in self.alerts.iter().enumerate() {
            let before = &by_day[..day];
            // What opens ten times as many mailboxes as usual may be an attack.
            let most = match before.split_last() {
                Some((&last, before)) => MOST_AT_ONCE * covered(before, last),
                None => f64::INFINITY,
            };
            mailbox_days += most.min(alerts.mailboxes as f64);
            let usual = most.min(covered(before, alerts.mailboxes));
            let cap = (often * usual * ALERT_DAY_CAP).ceil() as usize;
            days.push((&alerts.scores, cap));
        }
        let wanted = (often * mailbox_days).round() as usize;
        let mut scores: Vec<f64> = days
            .iter()
            .flat_map(|(scores, _)| *scores)
            .copied()
            .collect();
        scores.sort_unstable_by(f64::total_cmp);
        scores.dedup();
        // The lowest score that few enough reach: equal scores are all alerts, or none.
        let outside = scores.partition_point(|&score| reaching(&days, score) > wanted);
        let inside = scores.get(outside).copied();
        match (outside.checked_sub(1).map(|place| scores[place]), inside) {
            // Between the last alert wanted and the first one not wanted.
            (Some(outside), Some(inside)) if reaching(&days, inside) == wanted => {
                Some(f64::midpoint(outside, inside))
            }
            // Equal scores would be too many, and leave room for whatever is above them.
            (Some(outside), _) => Some(outside.next_up()),
            // Every alert that there was.
            (None, inside) => inside,
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

/// Alerts of these days, given by their scores in descending order and the most that each counts for where it is one of the few
/// that are capped, which reach a score.
fn reaching(days: &[(&[f64], usize)], score: f64) -> usize {
    let mut excess: Vec<usize> = Vec::with_capacity(days.len());
    let mut all = 0;
    for (scores, cap) in days {
        let reach = scores.partition_point(|&other| other >= score);
        all += reach;
        excess.push(reach.saturating_sub(*cap));
    }
    excess.sort_unstable_by(|a, b| b.cmp(a));
    let capped = days.len().div_ceil(DAYS_PER_ATTACK);
    all - excess.iter().take(capped).sum::<usize>()
}

/// Mailboxes that a log covers on a day, on the mean of a week; `before` are those of the days before.
fn covered(before: &[usize], today: usize) -> f64 {
    let week = before.iter().rev().take(COVERAGE_DAYS - 1).copied();
    let (days, sum) = week.fold((1, today), |(days, sum), n| (days + 1, sum + n));
    let mean = sum as f64 / f64::from(days);
    mean.max(today as f64 * WORKING_SHARE).max(1.0)
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
        days.into_iter().for_each(|day| {
            let mailboxes = day.len();
            calibration.count_day(std::iter::empty(), day, mailboxes);
        });
        calibration
    }

    #[test]
    fn every_mailbox_counts_in_a_large_tenant() {
        // 20,000 mailboxes: a thousand alerts a day are fewer than one mailbox-day in four.
        let day: Vec<f64> = (0..20_000).map(|n| f64::from(n) / 20_000.0).collect();
        let calibration = alerts(std::iter::repeat_n(day, 3));
        let threshold = calibration
            .alert_threshold(1000.0, 20_000)
            .expect("a threshold");
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
        let threshold = alerts(days.clone())
            .alert_threshold(2.0, 20)
            .expect("ten days");
        assert_eq!(
            days.iter()
                .flatten()
                .filter(|&&score| score >= threshold)
                .count(),
            20
        );
        assert!(Calibration::default().alert_threshold(2.0, 20).is_none());
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
                let threshold = calibration
                    .alert_threshold(rate, mailboxes as usize)
                    .expect("three weeks");
                days.clone().flatten().filter(|&s| s >= threshold).count()
            };
            let flags = [0.05, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0, 1000.0].map(flagged);
            assert!(flags.is_sorted(), "{mailboxes}: {flags:?}");
            // A quarter of the mailbox-days; equal scores that would be too many are left out.
            let most = (21.0 * f64::from(mailboxes) / MAILBOX_DAYS_PER_ALERT).round() as usize;
            assert!(
                (most.saturating_sub(8)..=most).contains(&flags[7]),
                "{mailboxes}: {flags:?}"
            );
        }
    }

    #[test]
    fn equal_scores_are_all_alerts_or_none_and_no_weekly_flood_comes_through() {
        // Twelve mailboxes that score alike whenever they score at all.
        let week = |weekday: f64, weekend: f64| {
            [
                weekday, weekday, weekday, weekday, weekday, weekend, weekend,
            ]
            .map(|s| vec![s; 12])
        };
        let flags = |days: Vec<Vec<f64>>| {
            let threshold = alerts(days.clone()).alert_threshold(2.0, 12).expect("days");
            days.iter()
                .flatten()
                .filter(|&&score| score >= threshold)
                .count()
        };
        let weeks = |one: [Vec<f64>; 7]| one.iter().cycle().take(21).cloned().collect();
        assert_eq!(flags(weeks(week(0.3, 0.3))), 0);
        assert_eq!(flags(weeks(week(0.1, 0.3))), 0, "six days of twelve");
        // One Sunday is within two a day, and nearly alike is as good as alike.
        let mut days: Vec<Vec<f64>> = weeks(week(0.1, 0.1));
        days[13] = (0..12).map(|n| 0.4 + f64::from(n) * 1e-6).collect();
        assert_eq!(flags(days), 12);
    }

    /// Days with so many mailboxes each, whose scores are spread evenly, on every day over others.
    fn spread_evenly(mailboxes: impl IntoIterator<Item = u32>) -> Calibration {
        let days = mailboxes.into_iter().enumerate().map(|(day, n)| {
            let shift = (day % 10) as f64 / 10.0;
            (0..n)
                .map(|i| (f64::from(i) + shift) / f64::from(n))
                .collect()
        });
        alerts(days)
    }

    #[test]
    fn a_log_that_covers_more_mailboxes_asks_more_of_each() {
        let threshold = |days: Vec<u32>, today| {
            let calibration = spread_evenly(days);
            calibration.alert_threshold(2.0, today).expect("days")
        };
        let before = threshold(vec![8; 20], 8);
        // A hundred mailboxes where there were eight: two of them, give or take what five days of seven are worth.
        let after = threshold(vec![8; 20], 100);
        assert!((before - 0.75).abs() < 0.1, "{before}");
        assert!((0.96..1.0).contains(&after), "{after}");
        let later = threshold([[8; 10].as_slice(), &[100; 10]].concat(), 100);
        assert!((0.975..0.985).contains(&later), "{later}");
        // One mailbox is not judged by a day on which there were many others...
        let alone = threshold([[1; 20].as_slice(), &[300], &[1; 7]].concat(), 1);
        assert!(alone > 0.7, "{alone}");
        // ...and weekends do not count as another log.
        let week = [90, 90, 90, 90, 90, 30, 30].repeat(3);
        let (weekday, sunday) = (threshold(week.clone(), 90), threshold(week, 30));
        assert!((weekday - sunday).abs() < 0.01, "{weekday} {sunday}");
    }

    #[test]
    fn mailboxes_without_an_alert_do_not_lower_the_threshold() {
        let reported = |alerts: u32| {
            let mut calibration = Calibration::default();
            for _ in 0..21 {
                let scores = (0..alerts).map(|i| 0.5 + f64::from(i) / 100.0);
                calibration.count_day(std::iter::empty(), scores.collect(), 40);
            }
            calibration.alert_threshold(2.0, 40)
        };
        // Whether thirty of forty mailboxes are part of a campaign, or none.
        assert!(reported(10) >= Some(0.57) && reported(40) >= Some(0.87));
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
            alerts(quiet).alert_threshold(2.0, 4),
            alerts(attacked).alert_threshold(2.0, 4),
        );
        assert!(after.zip(before).is_some_and(|(a, b)| a < 0.61 && b < 0.61));
    }

    #[test]
    fn conformal_p_values_count_the_session_itself() {
        let mut calibration = Calibration::default();
        calibration.count_day(
            (0..99).map(|i| (Channel::Mobile, f64::from(i) / 100.0)),
            Vec::new(),
            0,
        );
        assert!((calibration.p_values().of(Channel::Mobile, 1.0) - 0.01).abs() < 1e-12);
        assert!((calibration.p_values().of(Channel::Mobile, 0.0) - 1.0).abs() < 1e-12);
        assert_eq!(calibration.p_values().of(Channel::Interactive, 0.5), 1.0);
    }
}

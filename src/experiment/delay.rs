//! Time to detection: from the first labelled record to the end of the day on which the attack is found.
//!
//! Found means one of two things: the detector flagged a session of the episode, or the episode was among the alerts
//! that an analyst reads who opens the highest two mailboxes of every day. The second costs the same whatever the
//! detector, so detectors are compared by it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::metrics::READING_RATE;
use super::ranking::{Ranking, found_by_flags, found_by_reading};
use super::truth::{MailboxDay, Truth};
use crate::session::DAY_MS;

/// How one episode fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpisodeOutcome {
    /// Its name in the labels.
    pub episode: String,
    /// Kind of attack.
    pub scenario: String,
    /// First labelled record, milliseconds since 1970 UTC.
    pub first: i64,
    /// Days from there to the end of the log.
    pub days_observed: f64,
    /// Days from there to the end of the day of the first flagged session; `None` when none was flagged.
    pub days_to_flag: Option<f64>,
    /// Days from there to the end of the day on which a reader of the two highest alerts of every day opens it.
    pub days_to_reading: Option<f64>,
}

/// How one campaign fared: it is found with the first of its episodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignOutcome {
    /// Name of the campaign.
    pub campaign: String,
    /// Its episodes in the log.
    pub episodes: usize,
    /// Days from the first labelled record to the end of the log.
    pub days_observed: f64,
    /// Days from the first labelled record of any episode to the end of the day of the first flagged session.
    pub days_to_flag: Option<f64>,
    /// Days from there to the end of the day on which a reader of the two highest alerts of every day opens it.
    pub days_to_reading: Option<f64>,
}

pub(super) fn episode_outcomes(
    truth: &Truth,
    ranking: &Ranking,
    alerts: &[(MailboxDay, BTreeSet<usize>)],
) -> Vec<EpisodeOutcome> {
    let flagged = found_by_flags(ranking, truth);
    let read = found_by_reading(
        alerts,
        READING_RATE as usize,
        ranking.first_judged_day,
        truth.episodes.len(),
    );
    truth
        .episodes
        .iter()
        .zip(flagged.iter().zip(&read))
        .map(|(episode, (flagged, read))| EpisodeOutcome {
            episode: episode.name.clone(),
            scenario: episode.scenario.clone(),
            first: episode.first,
            days_observed: days_until_end_of(truth.last_day, episode.first),
            days_to_flag: flagged.map(|day| days_until_end_of(day, episode.first)),
            days_to_reading: read.map(|day| days_until_end_of(day, episode.first)),
        })
        .collect()
}

pub(super) fn campaign_outcomes(
    truth: &Truth,
    episodes: &[EpisodeOutcome],
) -> Vec<CampaignOutcome> {
    truth
        .campaigns()
        .into_iter()
        .map(|(campaign, members)| {
            let members: Vec<&EpisodeOutcome> = members
                .iter()
                .filter_map(|&index| episodes.get(index))
                .collect();
            let first = members.iter().map(|o| o.first).min().unwrap_or_default();
            let earliest = |days: fn(&EpisodeOutcome) -> Option<f64>| {
                let since_first = members
                    .iter()
                    .filter_map(|o| Some(days(o)? + (o.first - first) as f64 / DAY_MS as f64));
                since_first.min_by(f64::total_cmp)
            };
            CampaignOutcome {
                campaign: campaign.to_owned(),
                episodes: members.len(),
                days_observed: days_until_end_of(truth.last_day, first),
                days_to_flag: earliest(|o| o.days_to_flag),
                days_to_reading: earliest(|o| o.days_to_reading),
            }
        })
        .collect()
}

fn days_until_end_of(day: i32, first: i64) -> f64 {
    ((i64::from(day) + 1) * DAY_MS - first) as f64 / DAY_MS as f64
}

/// The median where `None` is longer than anything; `None` when it falls there, or when there is nothing.
pub(super) fn median(delays: &[Option<f64>]) -> Option<f64> {
    let mut sorted: Vec<f64> = delays
        .iter()
        .map(|delay| delay.unwrap_or(f64::INFINITY))
        .collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied()?;
    let median = if sorted.len() % 2 == 1 {
        upper
    } else {
        let lower = middle
            .checked_sub(1)
            .and_then(|below| sorted.get(below))
            .copied()?;
        (lower + upper) / 2.0
    };
    median.is_finite().then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_beyond_half_is_unknown() {
        assert_eq!(median(&[Some(3.0), None, Some(1.0)]), Some(3.0));
        assert_eq!(median(&[Some(3.0), Some(1.0)]), Some(2.0));
        assert_eq!(median(&[Some(3.0), None]), None);
        assert_eq!(median(&[]), None);
    }
}

//! The measures of a cell: an evaluation in single numbers.

use std::collections::BTreeMap;

use super::metrics::{Evaluation, READING_RATE};

/// A measure of the table of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Name of its column.
    pub name: &'static str,
    /// What it is, with its unit.
    pub label: &'static str,
    /// Whether it is a share, 0 to 1.
    pub share: bool,
}

impl Measure {
    /// Whether a detector is the better, the higher it is: shares are, but for that of false alarms.
    pub(super) fn more_is_better(&self) -> bool {
        self.share && self.name != "false_share"
    }
}

/// For a measure of days until something is found: the measure that says which share of it is found at all.
pub(super) fn share_found(days: &Measure) -> Option<&'static str> {
    match days.name {
        "campaign_days_to_flag" => Some("campaigns_flagged"),
        "campaign_days_to_reading" => Some("campaigns_read"),
        "episode_days_to_flag" => Some("flagged_episode_recall"),
        "episode_days_to_reading" => Some("episodes_read"),
        _ => None,
    }
}

const fn share(name: &'static str, label: &'static str) -> Measure {
    Measure {
        name,
        label,
        share: true,
    }
}

const fn number(name: &'static str, label: &'static str) -> Measure {
    Measure {
        name,
        label,
        share: false,
    }
}

/// Every measure, in the order of the columns.
///
/// Days to detection run from the first labelled record of a campaign (or episode) to the end of the day on which it is
/// found, a campaign with the first of its episodes; one that is never found counts with the days until the end of the log (a restricted mean;
/// Royston and Parmar 2013), so the mean is a lower bound where the share that is found (`campaigns_flagged`, `campaigns_read`,
/// `flagged_episode_recall`, `episodes_read`) is below 1.
pub const MEASURES: [Measure; 22] = [
    number("sessions", "sessions"),
    number("attack_sessions", "attack sessions"),
    number("episodes", "episodes"),
    number("days", "days of the log"),
    share("average_precision", "average precision over sessions"),
    share("roc_auc", "area under the ROC curve over sessions"),
    share(
        "episode_recall_1",
        "share of the episodes found at 1 alert a day",
    ),
    share(
        "episode_recall_2",
        "share of the episodes found at 2 alerts a day",
    ),
    share(
        "episode_recall_5",
        "share of the episodes found at 5 alerts a day",
    ),
    share(
        "alert_precision_2",
        "share of true alerts at 2 alerts a day",
    ),
    share(
        "flagged_episode_recall",
        "share of the episodes with a flagged session",
    ),
    number("alerts_per_day", "alerts a day raised by flags"),
    number("false_alarms_per_day", "false alarms a day among the flags"),
    share("false_share", "share of false alarms among the flags"),
    share(
        "campaigns_flagged",
        "share of the campaigns with a flagged session",
    ),
    number(
        "campaign_days_to_flag",
        "days until the first flag in a campaign",
    ),
    share(
        "campaigns_read",
        "share of the campaigns among the two highest alerts of a day",
    ),
    number(
        "campaign_days_to_reading",
        "days until a campaign is among the day's two highest alerts",
    ),
    number(
        "episode_days_to_flag",
        "days until the first flag in an attacked mailbox",
    ),
    number(
        "episode_days_to_reading",
        "days until an attacked mailbox is among the day's two highest alerts",
    ),
    share(
        "episodes_read",
        "share of the episodes among the two highest alerts of a day",
    ),
    number("unmatched_labels", "labelled records that the log lacks"),
];

/// Values of measures by name; a measure that is not defined for the cell is missing.
pub type Measures = BTreeMap<String, f64>;

/// The measure of that name.
#[must_use]
pub fn measure(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// The measures of an evaluation.
pub(super) fn measures(evaluation: &Evaluation) -> Measures {
    let flags = &evaluation.flags;
    let recall = |rate: u32| evaluation.at(rate).and_then(|at| at.episode_recall);
    let (campaigns, episodes) = (&evaluation.campaign_outcomes, &evaluation.episode_outcomes);
    let value = |name: &str| match name {
        "sessions" => Some(evaluation.sessions as f64),
        "attack_sessions" => Some(evaluation.attack_sessions as f64),
        "episodes" => Some(evaluation.episodes as f64),
        "days" => Some(f64::from(evaluation.days)),
        "average_precision" => evaluation.average_precision,
        "roc_auc" => evaluation.roc_auc,
        "episode_recall_1" => recall(1),
        "episode_recall_2" => recall(2),
        "episode_recall_5" => recall(5),
        "alert_precision_2" => evaluation
            .at(READING_RATE)
            .and_then(|at| at.alert_precision),
        "flagged_episode_recall" => flags.episode_recall,
        "alerts_per_day" => Some(flags.alerts_per_day),
        "false_alarms_per_day" => Some(flags.false_alarms_per_day),
        "false_share" => flags.false_share,
        "campaigns_flagged" => found(campaigns.iter().map(|c| c.days_to_flag)),
        "campaign_days_to_flag" => {
            restricted_mean(campaigns.iter().map(|c| (c.days_to_flag, c.days_observed)))
        }
        "episode_days_to_flag" => {
            restricted_mean(episodes.iter().map(|e| (e.days_to_flag, e.days_observed)))
        }
        "episode_days_to_reading" => restricted_mean(
            episodes
                .iter()
                .map(|e| (e.days_to_reading, e.days_observed)),
        ),
        "campaigns_read" => found(campaigns.iter().map(|c| c.days_to_reading)),
        "episodes_read" => found(episodes.iter().map(|e| e.days_to_reading)),
        "unmatched_labels" => Some(evaluation.unmatched_labels as f64),
        "campaign_days_to_reading" => restricted_mean(
            campaigns
                .iter()
                .map(|c| (c.days_to_reading, c.days_observed)),
        ),
        _ => None,
    };
    MEASURES
        .iter()
        .filter_map(|measure| Some((measure.name.to_owned(), value(measure.name)?)))
        .filter(|(_, value)| value.is_finite())
        .collect()
}

fn found(delays: impl ExactSizeIterator<Item = Option<f64>>) -> Option<f64> {
    mean(delays.map(|days| if days.is_some() { 1.0 } else { 0.0 }))
}

/// Pairs of days to detection and days observed.
fn restricted_mean(delays: impl ExactSizeIterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    mean(delays.map(|(found, observed)| found.unwrap_or(observed)))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::CampaignOutcome;

    #[test]
    fn a_campaign_that_is_never_found_counts_until_the_end_of_the_log() {
        let campaign = |days_to_flag| CampaignOutcome {
            campaign: "storm0558#0".to_owned(),
            episodes: 1,
            days_observed: 30.0,
            days_to_flag,
            days_to_reading: None,
        };
        let campaigns = [campaign(Some(2.0)), campaign(None)];
        let delays = campaigns.iter().map(|c| (c.days_to_flag, c.days_observed));
        assert_eq!(restricted_mean(delays), Some(16.0));
        assert_eq!(found(campaigns.iter().map(|c| c.days_to_flag)), Some(0.5));
        assert_eq!(found([].into_iter()), None);
    }

    #[test]
    fn names_of_measures_are_unique() {
        for (index, one) in MEASURES.iter().enumerate() {
            assert_eq!(
                MEASURES.iter().position(|other| other.name == one.name),
                Some(index)
            );
        }
    }

    #[test]
    fn every_measure_of_days_until_something_is_found_has_its_share() {
        for days in MEASURES.iter().filter(|one| one.name.contains("_days_to_")) {
            let share = share_found(days).and_then(measure).expect(days.name);
            assert!(share.share, "{}", share.name);
        }
    }
}

//! A parameter of an experiment that a measure can be drawn over.

use crate::experiment::spec::{Experiment, Place};
use crate::rank::FlagRule;

/// A parameter that a measure is drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Strength,
    AlertsPerDay,
    WarmUpDays,
}

impl Parameter {
    pub(super) const ALL: [Self; 3] = [Self::Strength, Self::AlertsPerDay, Self::WarmUpDays];

    pub(super) fn of(self, place: &Place) -> Option<f64> {
        match self {
            Self::Strength => place.strength,
            Self::AlertsPerDay => Some(place.alerts_per_day),
            Self::WarmUpDays => Some(f64::from(place.warm_up_days)),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::AlertsPerDay => "alerts_per_day",
            Self::WarmUpDays => "warm_up_days",
        }
    }

    /// How many values of it a tenant has.
    pub(super) fn values(self, experiment: &Experiment, tenant: &str) -> usize {
        let variants = experiment.tenants.iter().filter(|one| one.name == tenant);
        let mut values: Vec<f64> = match self {
            Self::Strength => variants.filter_map(|one| one.strength).collect(),
            Self::AlertsPerDay => experiment
                .ranks
                .iter()
                .filter_map(|rank| match rank.flags {
                    FlagRule::AlertsPerDay(rate) => Some(rate),
                    FlagRule::FalseDiscoveryRate(_) => None,
                })
                .collect(),
            Self::WarmUpDays => experiment
                .ranks
                .iter()
                .map(|rank| f64::from(rank.warm_up_days))
                .collect(),
        };
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.len()
    }

    /// A value in words.
    pub(super) fn in_words(self, value: f64) -> String {
        match self {
            Self::Strength => format!("strength {value}"),
            Self::AlertsPerDay => crate::amount::alerts_a_day(value),
            Self::WarmUpDays => format!("{value} days of warm-up"),
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Strength => {
                "strength of the attack: 0 hardly visible, 0.5 as documented, 1 blatant"
            }
            Self::AlertsPerDay => "alerts a day asked for",
            Self::WarmUpDays => "days of warm-up",
        }
    }
}

//! The parts of a specification in which a key may hold a value or a list of values to go through.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Refusal, TenantSource, TenantVariant, refuse};
use crate::rank::{FlagRule, RankOptions};
use crate::simulate::{Attack, SimulateSettings};

/// One value, or a list of them to go through.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Values<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: Clone> Values<T> {
    fn to_vec(&self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value.clone()],
            Self::Many(values) => values.clone(),
        }
    }
}

/// Refuses a list that is empty or holds a value twice: its cells would count as repetitions of one place, though they are the
/// same cell.
pub(super) fn check_list<T: PartialEq + Display>(key: &str, values: &[T]) -> Result<(), Refusal> {
    if values.is_empty() {
        return Err(refuse(
            key,
            "an empty list",
            "leave the key out, or give a value",
        ));
    }
    match repeated(values) {
        Some(value) => Err(refuse(
            key,
            format!("{value} is given twice"),
            "give each value once; for repetitions there are seeds",
        )),
        None => Ok(()),
    }
}

/// The first value that has occurred before.
pub(super) fn repeated<T: PartialEq>(values: &[T]) -> Option<&T> {
    values
        .iter()
        .enumerate()
        .find(|(index, value)| values.iter().take(*index).any(|earlier| earlier == *value))
        .map(|(_, value)| value)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RankTable {
    alerts_per_day: Option<Values<f64>>,
    warm_up_days: Option<Values<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantTable {
    pub(super) name: String,
    folder: Option<PathBuf>,
    people: Option<u32>,
    days: Option<u32>,
    start: Option<String>,
    attacks: Option<Vec<String>>,
    strength: Option<Values<f64>>,
    campaigns: Option<u32>,
    attack_after: Option<u32>,
    intensity: Option<f64>,
    offices: Option<u32>,
    look_alikes: Option<bool>,
}

impl RankTable {
    pub(super) fn check(&self) -> Result<Vec<RankOptions>, Refusal> {
        let defaults = RankOptions::default();
        let rates = self
            .alerts_per_day
            .as_ref()
            .map_or(vec![2.0], Values::to_vec);
        let warm_ups = self
            .warm_up_days
            .as_ref()
            .map_or(vec![defaults.warm_up_days], Values::to_vec);
        check_list("rank.alerts_per_day", &rates)?;
        check_list("rank.warm_up_days", &warm_ups)?;
        if let Some(rate) = rates
            .iter()
            .find(|rate| !(**rate > 0.0 && **rate <= 1000.0))
        {
            return Err(refuse(
                "rank.alerts_per_day",
                rate,
                "give rates above 0 and up to 1000",
            ));
        }
        let all = rates.iter().flat_map(|&rate| {
            warm_ups
                .iter()
                .map(move |&warm_up_days| (rate, warm_up_days))
        });
        Ok(all
            .map(|(rate, warm_up_days)| RankOptions {
                warm_up_days,
                flags: FlagRule::AlertsPerDay(rate),
                ..defaults.clone()
            })
            .collect())
    }
}

impl TenantTable {
    pub(super) fn variants(&self, folder: &Path) -> Result<Vec<TenantVariant>, Refusal> {
        let key = format!("tenant \"{}\"", self.name);
        if let Some(data) = &self.folder {
            let simulated = [
                self.people.is_some(),
                self.days.is_some(),
                self.start.is_some(),
                self.attacks.is_some(),
                self.strength.is_some(),
                self.campaigns.is_some(),
                self.attack_after.is_some(),
                self.intensity.is_some(),
                self.offices.is_some(),
                self.look_alikes.is_some(),
            ];
            if simulated.contains(&true) {
                return Err(refuse(
                    &key,
                    "it has a folder and settings of a simulation",
                    "give either",
                ));
            }
            let source = TenantSource::Folder(folder.join(data));
            return Ok(vec![TenantVariant {
                name: self.name.clone(),
                strength: None,
                source,
            }]);
        }
        let strengths = self.strength.as_ref().map_or(vec![0.5], Values::to_vec);
        check_list(&format!("{key}: strength"), &strengths)?;
        let variant = |strength: f64| {
            let settings = self
                .settings(strength)
                .map_err(|reason| refuse(&key, reason, "see `mailglass simulate --help`"))?;
            let source = TenantSource::Simulated(Box::new(settings));
            Ok(TenantVariant {
                name: self.name.clone(),
                strength: Some(strength),
                source,
            })
        };
        strengths.into_iter().map(variant).collect()
    }

    fn settings(&self, strength: f64) -> Result<SimulateSettings, String> {
        let defaults = SimulateSettings::default();
        let attacks = match self.attacks.as_deref() {
            None => defaults.attacks,
            Some([only]) if only == "all" => Attack::ALL.to_vec(),
            Some(names) => names
                .iter()
                .map(|name| name.parse())
                .collect::<Result<_, _>>()
                .map_err(|error: crate::simulate::SimulateError| error.to_string())?,
        };
        let start = match &self.start {
            None => defaults.start,
            Some(date) => date
                .parse()
                .map_err(|error: jiff::Error| format!("start: {error}"))?,
        };
        let settings = SimulateSettings {
            people: self.people.unwrap_or(defaults.people),
            days: self.days.unwrap_or(defaults.days),
            start,
            attacks,
            strength,
            campaigns: self.campaigns.unwrap_or(defaults.campaigns),
            attack_after: self.attack_after,
            intensity: self.intensity.unwrap_or(defaults.intensity),
            offices: self.offices,
            look_alikes: self.look_alikes.unwrap_or(defaults.look_alikes),
            // Other workloads' records and repetitions are dropped on reading; without them a cell is done sooner.
            duplicates: 0.0,
            other_workloads: false,
            ..defaults
        };
        settings
            .clone()
            .check()
            .map_err(|error| error.to_string())?;
        Ok(settings)
    }
}

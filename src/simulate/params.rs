//! Settings of a simulation, and the checked form that alone can be run.

use jiff::civil::Date;

use super::attack::Attack;
use super::envelope::{Compression, Envelope};
use super::error::SimulateError;

/// What to simulate, unchecked; [`SimulateSettings::check`] turns it into [`SimulateParams`].
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateSettings {
    /// People with a mailbox, 4 to 100,000.
    pub people: u32,
    /// Length of the log in days (UTC), 2 to 3,650.
    pub days: u32,
    /// First day of the log.
    pub start: Date,
    /// Seed of every random step.
    pub seed: u64,
    /// Attacks to hide in the log; may be empty.
    pub attacks: Vec<Attack>,
    /// How visible the attacks are: 0 hardly, 0.5 as documented, 1 blatant.
    pub strength: f64,
    /// Campaigns of each attack, 1 to 1,000, spread over the period.
    pub campaigns: u32,
    /// Days without attacks at the start, so that a detector can learn; `None` means 12, or half of a period under 24 days.
    pub attack_after: Option<u32>,
    /// Records per person and day against the default (1 is about 30 mailbox records per working day, 5 about 150), 0.2 to 20.
    pub intensity: f64,
    /// Offices, each in its own time zone, 1 to 8; `None` means one, and one more for every 40 people up to four.
    pub offices: Option<u32>,
    /// Whether to plan the benign look-alikes (travel, new devices, roll-outs and the like).
    pub look_alikes: bool,
    /// Share of records that the export repeats, 0 to 0.9.
    pub duplicates: f64,
    /// Share of rows whose record is empty or cut short, 0 to 0.5. Labelled records are never damaged.
    pub broken: f64,
    /// Whether records of other workloads (SharePoint, Teams, directory) are in the export.
    pub other_workloads: bool,
    /// The shape of the export.
    pub envelope: Envelope,
    /// Number of export files, 1 to 1,000; each holds a run of days, cut at midnight UTC.
    pub files: u32,
    /// How the export files are compressed.
    pub compression: Compression,
}

impl Default for SimulateSettings {
    fn default() -> Self {
        Self {
            people: 40,
            days: 28,
            start: jiff::civil::date(2024, 1, 8),
            seed: 0,
            attacks: vec![Attack::Storm0558],
            strength: 0.5,
            campaigns: 1,
            attack_after: None,
            intensity: 1.0,
            offices: None,
            look_alikes: true,
            duplicates: 0.02,
            broken: 0.0,
            other_workloads: true,
            envelope: Envelope::PurviewCsv,
            files: 1,
            compression: Compression::None,
        }
    }
}

/// Checked settings: every number in its range, every default resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateParams {
    settings: SimulateSettings,
    attack_after: u32,
    offices: u32,
}

/// Days a detector gets to learn before the first attack, when nothing else is asked for: two more than its default warm-up of 10.
const DEFAULT_QUIET_DAYS: u32 = 12;
/// People that make another office worth having.
const PEOPLE_PER_OFFICE: u32 = 40;

impl SimulateSettings {
    /// Checks every setting and resolves the defaults that depend on others.
    ///
    /// # Errors
    /// [`SimulateError::OutOfRange`] names the first setting outside its range, [`SimulateError::Period`] a period that the calendar cannot hold.
    pub fn check(mut self) -> Result<SimulateParams, SimulateError> {
        let whole = [
            ("people", self.people, 4, 100_000, "between 4 and 100000"),
            ("days", self.days, 2, 3_650, "between 2 and 3650"),
            ("episodes", self.campaigns, 1, 1_000, "between 1 and 1000"),
            (
                "offices",
                self.offices.unwrap_or(1),
                1,
                8,
                "between 1 and 8",
            ),
            ("files", self.files, 1, 1_000, "between 1 and 1000"),
        ];
        for (setting, value, low, high, expected) in whole {
            if value < low || value > high {
                return Err(SimulateError::OutOfRange {
                    setting,
                    value: value.to_string(),
                    expected,
                });
            }
        }
        let real = [
            (
                "strength",
                self.strength,
                0.0,
                1.0,
                "between 0 (hardly visible) and 1 (blatant)",
            ),
            ("intensity", self.intensity, 0.2, 20.0, "between 0.2 and 20"),
            (
                "duplicates",
                self.duplicates,
                0.0,
                0.9,
                "a share between 0 and 0.9",
            ),
            ("broken", self.broken, 0.0, 0.5, "a share between 0 and 0.5"),
        ];
        for (setting, value, low, high, expected) in real {
            if !(low..=high).contains(&value) {
                return Err(SimulateError::OutOfRange {
                    setting,
                    value: value.to_string(),
                    expected,
                });
            }
        }
        if self.broken > 0.0 && !self.envelope.can_be_damaged() {
            return Err(SimulateError::OutOfRange {
                setting: "broken",
                value: self.broken.to_string(),
                expected: "0 in this envelope (damaged rows need an envelope of rows that hold the record's text)",
            });
        }
        let attack_after = self
            .attack_after
            .unwrap_or(DEFAULT_QUIET_DAYS.min(self.days / 2));
        if attack_after >= self.days {
            return Err(SimulateError::OutOfRange {
                setting: "attack-after",
                value: attack_after.to_string(),
                expected: "less than the number of days",
            });
        }
        // Local days around the period are simulated too (an evening in Los Angeles is the next day in UTC).
        let margin = jiff::Span::new().days(i64::from(self.days) + 2);
        if self.start.checked_add(margin).is_err()
            || self.start.yesterday().is_err()
            || self.start.year() < 1970
        {
            return Err(SimulateError::Period {
                start: self.start,
                days: self.days,
            });
        }
        let offices = self
            .offices
            .unwrap_or_else(|| (1 + self.people / PEOPLE_PER_OFFICE).min(4));
        self.attacks.sort_unstable();
        self.attacks.dedup();
        Ok(SimulateParams {
            settings: self,
            attack_after,
            offices,
        })
    }
}

impl SimulateParams {
    /// The settings behind the checked parameters.
    pub fn settings(&self) -> &SimulateSettings {
        &self.settings
    }

    /// Days without attacks at the start of the log.
    pub fn attack_after(&self) -> u32 {
        self.attack_after
    }

    /// Number of offices.
    pub fn offices(&self) -> u32 {
        self.offices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_resolve() {
        let params = SimulateSettings::default()
            .check()
            .expect("defaults are valid");
        assert_eq!((params.attack_after(), params.offices()), (12, 2));
        let short = SimulateSettings {
            days: 6,
            people: 5,
            ..Default::default()
        }
        .check()
        .expect("valid");
        assert_eq!((short.attack_after(), short.offices()), (3, 1));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let bad = SimulateSettings {
            strength: f64::NAN,
            ..Default::default()
        }
        .check();
        assert_eq!(
            bad.unwrap_err().to_string(),
            "strength is NaN, but must be between 0 (hardly visible) and 1 (blatant)"
        );
        let bad = SimulateSettings {
            people: 1,
            ..Default::default()
        }
        .check();
        assert_eq!(
            bad.unwrap_err().to_string(),
            "people is 1, but must be between 4 and 100000"
        );
        let bad = SimulateSettings {
            attack_after: Some(28),
            ..Default::default()
        }
        .check();
        assert!(
            bad.unwrap_err()
                .to_string()
                .starts_with("attack-after is 28")
        );
        let late = SimulateSettings {
            start: jiff::civil::date(9999, 12, 30),
            ..Default::default()
        }
        .check();
        assert!(matches!(late, Err(SimulateError::Period { .. })));
    }
}

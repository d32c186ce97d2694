//! The specification of an experiment: a TOML file that names tenants, seeds, parameters, ablations and detectors, and
//! the matrix of cells that follows.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ablation::{Ablation, ablations};
use super::detector::DetectorName;
use super::figure::{ChartTable, Figure};
use crate::error::Error;
use crate::rank::{FlagRule, RankOptions};
use crate::simulate::{Attack, SimulateSettings};

/// Most cells of one experiment: a typing error in a list should not run for weeks.
const MOST_CELLS: usize = 100_000;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecTable {
    name: String,
    title: String,
    seeds: Vec<u64>,
    detectors: Option<Vec<String>>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    rank: RankTable,
    tenant: Vec<TenantTable>,
    #[serde(default)]
    chart: Vec<ChartTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RankTable {
    alerts_per_day: Option<Values<f64>>,
    warm_up_days: Option<Values<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantTable {
    name: String,
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

/// Where a tenant's log comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum TenantSource {
    /// It is simulated; the seed is the cell's.
    Simulated(Box<SimulateSettings>),
    /// A folder with files `audit*` and `labels.csv`.
    Folder(PathBuf),
}

/// A tenant at one strength of its attacks.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantVariant {
    /// Its name in tables and charts.
    pub name: String,
    /// Strength of its attacks, 0 to 1; `None` for a folder.
    pub strength: Option<f64>,
    /// Where its log comes from.
    pub source: TenantSource,
}

/// A checked experiment.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name of its folder.
    pub name: String,
    /// The question.
    pub title: String,
    /// Seeds, each a repetition.
    pub seeds: Vec<u64>,
    /// Tenants at each strength.
    pub tenants: Vec<TenantVariant>,
    /// Rank parameters, without seed and ablation.
    pub ranks: Vec<RankOptions>,
    /// What is left out; the first is nothing.
    pub ablations: Vec<Ablation>,
    /// The detectors.
    pub detectors: Vec<DetectorName>,
    /// Charts to draw.
    pub figures: Vec<Figure>,
}

/// One cell of the matrix.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Index of its tenant.
    pub tenant: usize,
    /// Seed of the simulation and of the ranking.
    pub seed: u64,
    /// Rank parameters with seed and ablation.
    pub rank: RankOptions,
    /// Name of the ablation.
    pub without: String,
    /// The detector.
    pub detector: DetectorName,
}

/// The parameters of a cell as tables show them; cells that differ in the seed only are repetitions of one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Name of the tenant.
    pub tenant: String,
    /// Strength of its attacks.
    pub strength: Option<f64>,
    /// Alerts a day asked for.
    pub alerts_per_day: f64,
    /// Days of warm-up.
    pub warm_up_days: u32,
    /// What is left out.
    pub without: String,
    /// The detector.
    pub detector: DetectorName,
}

impl Experiment {
    /// Reads and checks a specification. Folders in it are relative to its own folder.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Io`] when the file cannot be read, [`Error::Config`] when something in it does
    /// not make sense.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        let name = path.display().to_string();
        let table: SpecTable = toml::from_str(&text).map_err(|error| Error::Config {
            name: name.clone(),
            reason: error.to_string().trim_end().to_owned(),
            remedy: "see `mailglass experiment --help` for what a specification holds".to_owned(),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        table
            .check(folder)
            .map_err(|(key, reason, remedy)| Error::Config {
                name: format!("{name}: {key}"),
                reason,
                remedy,
            })
    }

    /// All cells, in the order of the specification. Detectors without features run once, not for every ablation.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for tenant in 0..self.tenants.len() {
            for (&seed, rank) in self
                .seeds
                .iter()
                .flat_map(|seed| self.ranks.iter().map(move |rank| (seed, rank)))
            {
                let variants = self
                    .detectors
                    .iter()
                    .flat_map(|d| self.ablations.iter().map(move |a| (a, *d)));
                for (ablation, detector) in variants {
                    if ablation.is_nothing() || detector.has_features() {
                        cells.push(Cell {
                            tenant,
                            seed,
                            rank: RankOptions {
                                seed,
                                without: ablation.without.clone(),
                                without_stages: ablation.stages.clone(),
                                ..rank.clone()
                            },
                            without: ablation.name.clone(),
                            detector,
                        });
                    }
                }
            }
        }
        cells
    }

    /// The place of a cell.
    #[must_use]
    pub fn place(&self, cell: &Cell) -> Place {
        let tenant = self.tenants.get(cell.tenant);
        Place {
            tenant: tenant.map_or_else(String::new, |t| t.name.clone()),
            strength: tenant.and_then(|t| t.strength),
            alerts_per_day: match cell.rank.flags {
                FlagRule::AlertsPerDay(rate) => rate,
                FlagRule::FalseDiscoveryRate(_) => f64::NAN,
            },
            warm_up_days: cell.rank.warm_up_days,
            without: cell.without.clone(),
            detector: cell.detector,
        }
    }
}

/// Key, reason and remedy.
type Refusal = (String, String, String);

fn refuse(key: &str, reason: impl ToString, remedy: &str) -> Refusal {
    (key.to_owned(), reason.to_string(), remedy.to_owned())
}

impl SpecTable {
    fn check(self, folder: &Path) -> Result<Experiment, Refusal> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(refuse(
                "name",
                format!("\"{}\"", self.name),
                "use letters, digits, - and _ only: it names a folder",
            ));
        }
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        if seeds.is_empty() || seeds.len() != self.seeds.len() {
            return Err(refuse(
                "seeds",
                "empty or repeated",
                "give each repetition a seed of its own, such as [0, 1, 2, 3, 4]",
            ));
        }
        let mut tenants = Vec::new();
        for tenant in &self.tenant {
            tenants.extend(tenant.variants(folder)?);
        }
        if tenants.is_empty() {
            return Err(refuse(
                "tenant",
                "there is none",
                "add a [[tenant]] with settings to simulate, or with a folder",
            ));
        }
        let detectors = match &self.detectors {
            None => vec![DetectorName::Mailglass],
            Some(names) if names.is_empty() => {
                return Err(refuse(
                    "detectors",
                    "there is none",
                    "name at least one, such as \"mailglass\"",
                ));
            }
            Some(names) => names
                .iter()
                .map(|name| {
                    name.parse().map_err(|known: String| {
                        refuse("detectors", format!("\"{name}\" is no detector"), &known)
                    })
                })
                .collect::<Result<_, _>>()?,
        };
        let figures = self.chart.iter().map(|chart| {
            chart
                .check()
                .map_err(|(reason, remedy)| refuse("chart", reason, &remedy))
        });
        let experiment = Experiment {
            figures: figures.collect::<Result<_, _>>()?,
            ablations: ablations(&self.without)
                .map_err(|(reason, remedy)| refuse("without", reason, &remedy))?,
            ranks: self.rank.check()?,
            name: self.name,
            title: self.title,
            seeds: self.seeds,
            tenants,
            detectors,
        };
        let product = [
            experiment.tenants.len(),
            experiment.seeds.len(),
            experiment.ranks.len(),
            experiment.ablations.len(),
            experiment.detectors.len(),
        ];
        match product.into_iter().try_fold(1usize, usize::checked_mul) {
            Some(cells) if cells <= MOST_CELLS => Ok(experiment),
            _ => Err(refuse(
                "cells",
                format!("more than {MOST_CELLS}"),
                "shorten the lists, or split the experiment",
            )),
        }
    }
}

impl RankTable {
    fn check(&self) -> Result<Vec<RankOptions>, Refusal> {
        let defaults = RankOptions::default();
        let rates = self
            .alerts_per_day
            .as_ref()
            .map_or(vec![2.0], Values::to_vec);
        let warm_ups = self
            .warm_up_days
            .as_ref()
            .map_or(vec![defaults.warm_up_days], Values::to_vec);
        if rates.is_empty() || warm_ups.is_empty() {
            return Err(refuse(
                "rank",
                "an empty list",
                "leave the key out, or give a value",
            ));
        }
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
    fn variants(&self, folder: &Path) -> Result<Vec<TenantVariant>, Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::FEATURES;

    fn read(text: &str) -> Result<Experiment, Error> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        Experiment::read(file.path())
    }

    const HEAD: &str = "name = \"tiny\"\ntitle = \"?\"\nseeds = [1, 2]\n";

    #[test]
    fn the_matrix_is_the_product_of_its_lists() {
        let experiment = read(&format!(
            "{HEAD}detectors = [\"mailglass\", \"first_seen_client\"]\nwithout = [\"groups\"]\n\
             [rank]\nalerts_per_day = [1, 2.5]\n\
             [[tenant]]\nname = \"office\"\npeople = 5\ndays = 6\nstrength = [0, 0.5, 1]\n\
             [[tenant]]\nname = \"kept\"\nfolder = \"data\"\n"
        ))
        .expect("a specification");
        assert_eq!((experiment.tenants.len(), experiment.ranks.len()), (4, 2));
        let groups = experiment.ablations.len() - 1;
        // Four tenants, two seeds, two rates; mailglass whole and without each group, the rule once.
        assert_eq!(experiment.cells().len(), 4 * 2 * 2 * (1 + groups + 1));
        let left_out: usize = experiment.ablations.iter().map(|a| a.without.len()).sum();
        assert_eq!(
            left_out,
            FEATURES.len(),
            "every feature belongs to one group"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_key() {
        let tenant = "[[tenant]]\nname = \"office\"\n";
        for (text, key) in [
            (
                format!("name = \"../x\"\ntitle = \"?\"\nseeds = [1]\n{tenant}"),
                "name",
            ),
            (
                format!("name = \"x\"\ntitle = \"?\"\nseeds = [1, 1]\n{tenant}"),
                "seeds",
            ),
            (format!("{HEAD}detectors = [\"magic\"]\n{tenant}"), "magic"),
            (
                format!("{HEAD}without = [\"group:luck\"]\n{tenant}"),
                "group:luck",
            ),
            (format!("{HEAD}colour = 1\n{tenant}"), "colour"),
            (format!("{HEAD}{tenant}strength = 2\n"), "strength"),
            (
                format!("{HEAD}{tenant}folder = \"data\"\ndays = 3\n"),
                "office",
            ),
            (
                format!("{HEAD}{tenant}[rank]\nalerts_per_day = 0\n"),
                "alerts_per_day",
            ),
            (
                format!(
                    "{HEAD}{tenant}[[chart]]\nkind = \"pie\"\nfile = \"x\"\nmeasure = \"roc_auc\"\n"
                ),
                "pie",
            ),
        ] {
            let error = read(&text).expect_err(key);
            assert!(
                error.is_config() && error.to_string().contains(key),
                "{key}: {error}"
            );
        }
    }
}

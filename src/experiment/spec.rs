//! The specification of an experiment: a TOML file that names tenants, seeds, parameters, ablations and detectors, and
//! the matrix of cells that follows.

mod lists;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ablation::{Ablation, ablations};
use super::detector::DetectorName;
use super::figure::{ChartTable, Figure};
use crate::error::Error;
use crate::rank::{FlagRule, RankOptions};
use crate::simulate::SimulateSettings;
use lists::{RankTable, TenantTable, check_list, repeated};

/// Most cells of one experiment: a typing error in a list should not run for weeks.
const MOST_CELLS: usize = 100_000;

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
        let names: Vec<&str> = self.tenant.iter().map(|one| one.name.as_str()).collect();
        if let Some(name) = repeated(&names) {
            return Err(refuse(
                &format!("tenant \"{name}\""),
                "there are two of this name",
                "give each [[tenant]] a name of its own: tables and charts tell them apart by it",
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
            Some(names) => {
                check_list("detectors", names)?;
                let detector = |name: &String| {
                    name.parse().map_err(|known: String| {
                        refuse("detectors", format!("\"{name}\" is no detector"), &known)
                    })
                };
                names.iter().map(detector).collect::<Result<_, _>>()?
            }
        };
        let ablations = ablations(&self.without)
            .map_err(|(reason, remedy)| refuse("without", reason, &remedy))?;
        let left_out: Vec<&str> = ablations.iter().map(|one| one.name.as_str()).collect();
        check_list("without", &left_out)?;
        let files: Vec<&str> = self.chart.iter().map(|one| one.file.as_str()).collect();
        if let Some(file) = repeated(&files) {
            return Err(refuse(
                &format!("chart \"{file}\""),
                "there are two of this file",
                "give each [[chart]] a file of its own",
            ));
        }
        let figures = self.chart.iter().map(|chart| {
            chart.check().map_err(|(reason, remedy)| {
                refuse(&format!("chart \"{}\"", chart.file), reason, &remedy)
            })
        });
        let experiment = Experiment {
            figures: figures.collect::<Result<_, _>>()?,
            ablations,
            ranks: self.rank.check()?,
            name: self.name,
            title: self.title,
            seeds: self.seeds,
            tenants,
            detectors,
        };
        for figure in &experiment.figures {
            figure
                .check_values(&experiment)
                .map_err(|(reason, remedy)| {
                    refuse(&format!("chart \"{}\"", figure.file()), reason, &remedy)
                })?;
        }
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
        let chart = |lines: &str| {
            format!(
                "{HEAD}{tenant}strength = [0, 1]\n[[chart]]\nfile = \"x\"\nmeasure = \"roc_auc\"\n{lines}\n"
            )
        };
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
            (format!("{HEAD}{tenant}strength = []\n"), "strength"),
            (chart("kind = \"sweep\""), "over is missing"),
            (
                chart("kind = \"sweep\"\nover = \"alerts_per_day\""),
                "fewer than two values of alerts_per_day",
            ),
            (
                chart(
                    "kind = \"sweep\"\nover = \"strength\"\nreference = nan\nreference_label = \"?\"",
                ),
                "reference = NaN",
            ),
            (
                chart(
                    "kind = \"sweep\"\nover = \"strength\"\nreference = 90\nreference_label = \"?\"",
                ),
                "from 0 to 1",
            ),
            (
                chart("kind = \"sweep\"\nover = \"strength\"\nreference = 0.9"),
                "reference_label",
            ),
            (
                chart("kind = \"sweep\"\nover = \"strength\"\nreference_label = \"?\""),
                "reference_label",
            ),
            (chart("kind = \"comparison\"\nover = \"strength\""), "over"),
            (chart("kind = \"comparison\"\nreference = 0.9"), "reference"),
            (
                format!(
                    "{HEAD}[[tenant]]\nname = \"kept\"\nfolder = \"data\"\n[[chart]]\nkind = \"sweep\"\nfile = \"x\"\n\
                     measure = \"roc_auc\"\nover = \"strength\"\n"
                ),
                "fewer than two values of strength",
            ),
        ] {
            let error = read(&text).expect_err(key);
            assert!(
                error.is_config() && error.to_string().contains(key),
                "{key}: {error}"
            );
        }
    }

    #[test]
    fn what_is_given_twice_is_no_repetition() {
        let office = "[[tenant]]\nname = \"office\"\n";
        for (text, told) in [
            (format!("{HEAD}{office}{office}"), "two of this name"),
            (
                format!("{HEAD}{office}strength = [0.5, 0.1, 0.5]\n"),
                "tenant \"office\": strength: 0.5 is given twice",
            ),
            (
                format!("{HEAD}{office}strength = [0.0, -0.0]\n"),
                "given twice",
            ),
            (
                format!("{HEAD}detectors = [\"mailglass\", \"mailglass\"]\n{office}"),
                "detectors: mailglass is given twice",
            ),
            (
                format!("{HEAD}without = [\"groups\", \"group:time\"]\n{office}"),
                "without: group:time is given twice",
            ),
            (
                format!("{HEAD}{office}[rank]\nalerts_per_day = [2, 2.0]\n"),
                "rank.alerts_per_day: 2 is given twice",
            ),
            (
                format!("{HEAD}{office}[rank]\nwarm_up_days = [7, 7]\n"),
                "rank.warm_up_days: 7 is given twice",
            ),
            (
                format!(
                    "{HEAD}{office}{chart}{chart}",
                    chart =
                        "[[chart]]\nkind = \"comparison\"\nfile = \"x\"\nmeasure = \"roc_auc\"\n"
                ),
                "two of this file",
            ),
        ] {
            let error = read(&text).expect_err(told);
            assert!(
                error.is_config() && error.to_string().contains(told),
                "{told}: {error}"
            );
        }
    }
}

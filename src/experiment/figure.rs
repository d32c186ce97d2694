//! Charts of an experiment: a measure over a parameter, or variants side by side.

use std::path::Path;

use serde::Deserialize;

use super::interval::{Estimate, PlaceSummary};
use super::measure::{Measure, measure};
use super::spec::{Experiment, Place};
use crate::chart::comparison::{self, Bar, Comparison};
use crate::chart::sweep::{self, Reference, Sweep, SweepPoint, SweepSeries};
use crate::chart::{ChartError, Style};
use crate::error::Error;

/// A `[[chart]]` of a specification.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChartTable {
    kind: String,
    file: String,
    measure: String,
    over: Option<String>,
    reference: Option<f64>,
    reference_label: Option<String>,
}

/// Series named in a subtitle, best first; more do not fit.
const NAMED: usize = 4;

/// A parameter that a measure is drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Strength,
    AlertsPerDay,
    WarmUpDays,
}

impl Parameter {
    const NAMES: [(&'static str, Self); 3] = [
        ("strength", Self::Strength),
        ("alerts_per_day", Self::AlertsPerDay),
        ("warm_up_days", Self::WarmUpDays),
    ];

    fn of(self, place: &Place) -> Option<f64> {
        match self {
            Self::Strength => place.strength,
            Self::AlertsPerDay => Some(place.alerts_per_day),
            Self::WarmUpDays => Some(f64::from(place.warm_up_days)),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Strength => {
                "strength of the attack: 0 hardly visible, 0.5 as documented, 1 blatant"
            }
            Self::AlertsPerDay => "alerts a day asked for",
            Self::WarmUpDays => "days of warm-up",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Sweep {
        over: Parameter,
        reference: Option<Reference>,
    },
    Comparison,
}

/// A checked chart of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    file: String,
    measure: &'static Measure,
    kind: Kind,
}

impl ChartTable {
    /// The error is reason and remedy.
    pub(super) fn check(&self) -> Result<Figure, (String, String)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.file.is_empty() || !self.file.chars().all(plain) {
            return Err((
                format!("file \"{}\"", self.file),
                "use letters, digits, - and _ only, without an ending".to_owned(),
            ));
        }
        let measure = measure(&self.measure).ok_or_else(|| {
            let known: Vec<&str> = super::measure::MEASURES.iter().map(|m| m.name).collect();
            (
                format!("\"{}\" is no measure", self.measure),
                format!("known measures are {}", known.join(", ")),
            )
        })?;
        let kind = match self.kind.as_str() {
            "sweep" => {
                let over = self.over.as_deref().unwrap_or("strength");
                let parameter = Parameter::NAMES.iter().find(|(name, _)| *name == over);
                let reference = self.reference.map(|value| Reference {
                    value,
                    label: self.reference_label.clone().unwrap_or_default(),
                });
                match parameter {
                    Some((_, over)) => Kind::Sweep {
                        over: *over,
                        reference,
                    },
                    None => {
                        return Err((
                            format!("over = \"{over}\""),
                            "use strength, alerts_per_day or warm_up_days".to_owned(),
                        ));
                    }
                }
            }
            "comparison" => Kind::Comparison,
            other => {
                return Err((
                    format!("kind = \"{other}\""),
                    "use sweep or comparison".to_owned(),
                ));
            }
        };
        Ok(Figure {
            file: self.file.clone(),
            measure,
            kind,
        })
    }
}

/// Draws all charts of an experiment into its folder, one file for each tenant where there are several.
///
/// # Errors
/// [`Error::Chart`] when one cannot be drawn.
pub fn draw_figures(
    experiment: &Experiment,
    summaries: &[PlaceSummary],
    folder: &Path,
) -> Result<(), Error> {
    let mut tenants: Vec<&str> = experiment
        .tenants
        .iter()
        .map(|tenant| tenant.name.as_str())
        .collect();
    tenants.dedup();
    for figure in &experiment.figures {
        for (number, tenant) in tenants.iter().enumerate() {
            let members: Vec<&PlaceSummary> = summaries
                .iter()
                .filter(|s| s.place.tenant == *tenant)
                .collect();
            let name = if tenants.len() > 1 {
                format!("{}_{}", figure.file, number + 1)
            } else {
                figure.file.clone()
            };
            let path = folder.join(format!("{name}.png"));
            figure
                .draw(experiment, &members, &path)
                .map_err(|error| Error::Chart {
                    chart: name,
                    reason: error.to_string(),
                })?;
        }
    }
    Ok(())
}

impl Figure {
    fn draw(
        &self,
        experiment: &Experiment,
        members: &[&PlaceSummary],
        path: &Path,
    ) -> Result<(), ChartError> {
        let tenant = members
            .first()
            .map_or("", |summary| summary.place.tenant.as_str());
        let style = Style {
            source: format!("experiment {}, tenant {tenant}", experiment.name),
            ..Style::default()
        };
        match &self.kind {
            Kind::Sweep { over, reference } => {
                let series = self.series(members, *over);
                let data = Sweep {
                    title: experiment.title.clone(),
                    subtitle: self.finding(&series, experiment.seeds.len()),
                    parameter: over.label().to_owned(),
                    measure: self.measure.label.to_owned(),
                    share: self.measure.share,
                    series,
                    reference: reference.clone(),
                };
                sweep::draw(&data, &style, path)
            }
            Kind::Comparison => {
                let bars = self.bars(members);
                let seeds = experiment.seeds.len();
                let data = Comparison {
                    title: self.contrast(&bars),
                    subtitle: format!(
                        "{} · {} seed{}",
                        experiment.title,
                        seeds,
                        if seeds == 1 { "" } else { "s" }
                    ),
                    measure: self.measure.label.to_owned(),
                    bars,
                };
                comparison::draw(&data, &style, path)
            }
        }
    }

    fn series(&self, members: &[&PlaceSummary], over: Parameter) -> Vec<SweepSeries> {
        let varying = Varying::of(members, Some(over));
        let mut series: Vec<SweepSeries> = Vec::new();
        for summary in members {
            let (Some(x), Some(estimate)) = (
                over.of(&summary.place),
                summary.estimates.get(self.measure.name),
            ) else {
                continue;
            };
            let point = SweepPoint {
                x,
                mean: estimate.mean,
                interval: whisker(estimate),
            };
            let name = varying.label(&summary.place);
            match series.iter_mut().find(|one| one.name == name) {
                Some(one) => one.points.push(point),
                None => series.push(SweepSeries {
                    name,
                    points: vec![point],
                }),
            }
        }
        for one in &mut series {
            one.points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        series
    }

    fn bars(&self, members: &[&PlaceSummary]) -> Vec<Bar> {
        let varying = Varying::of(members, None);
        members
            .iter()
            .filter_map(|summary| {
                let estimate = summary.estimates.get(self.measure.name)?;
                Some(Bar {
                    name: varying.label(&summary.place),
                    mean: estimate.mean,
                    interval: whisker(estimate),
                })
            })
            .collect()
    }

    /// The values at the middle of the parameter, lowest first where less is better.
    fn finding(&self, series: &[SweepSeries], seeds: usize) -> String {
        let Some(x) = series
            .first()
            .and_then(|one| one.points.get(one.points.len() / 2))
            .map(|point| point.x)
        else {
            return "nothing was measured".to_owned();
        };
        let mut at_middle: Vec<(f64, &str)> = series
            .iter()
            .filter_map(|one| {
                Some((
                    one.points.iter().find(|point| point.x == x)?.mean,
                    one.name.as_str(),
                ))
            })
            .collect();
        at_middle.sort_by(|a, b| a.0.total_cmp(&b.0));
        if self.measure.share {
            at_middle.reverse();
        }
        let values: Vec<String> = at_middle
            .iter()
            .take(NAMED)
            .map(|(mean, name)| format!("{name} {mean:.2}"))
            .collect();
        let seeds = format!("{seeds} seed{}", if seeds == 1 { "" } else { "s" });
        format!("{seeds} · at {x}: {}", values.join(", "))
    }

    /// Which variant of the first loses most against it; among all, where the first has no variants.
    fn contrast(&self, bars: &[Bar]) -> String {
        let Some(first) = bars.first() else {
            return format!("{}: nothing was measured", self.measure.label);
        };
        let lowest = |own: bool| {
            let others = bars
                .iter()
                .skip(1)
                .filter(|bar| !own || bar.name.starts_with(&first.name));
            others.min_by(|a, b| a.mean.total_cmp(&b.mean))
        };
        let what = self.measure.label;
        match lowest(true).or_else(|| lowest(false)) {
            Some(least) if least.mean < first.mean => {
                format!(
                    "{}: {what} {:.2} instead of {:.2}",
                    least.name, least.mean, first.mean
                )
            }
            _ => format!(
                "{}: {what} {:.2}, and no variant is below",
                first.name, first.mean
            ),
        }
    }
}

/// `without volume features`, `without day items`.
fn left_out(ablation: &str) -> String {
    let words = |name: &str| name.replace('_', " ");
    match ablation.split_once(':') {
        Some(("group", name)) => format!("without {} features", words(name)),
        Some((_, name)) => format!("without {}", words(name)),
        None => format!("without {}", words(ablation)),
    }
}

fn whisker(estimate: &Estimate) -> (f64, f64) {
    estimate.interval.unwrap_or((estimate.mean, estimate.mean))
}

/// The parameters in which places differ: what a label must say.
struct Varying {
    strength: bool,
    alerts_per_day: bool,
    warm_up_days: bool,
    without: bool,
    detector: bool,
}

impl Varying {
    fn of(members: &[&PlaceSummary], over: Option<Parameter>) -> Self {
        let differs = |one: &dyn Fn(&Place, &Place) -> bool| {
            members
                .first()
                .is_some_and(|first| members.iter().any(|other| one(&first.place, &other.place)))
        };
        Self {
            strength: over != Some(Parameter::Strength)
                && differs(&|a, b| a.strength != b.strength),
            alerts_per_day: over != Some(Parameter::AlertsPerDay)
                && differs(&|a, b| a.alerts_per_day != b.alerts_per_day),
            warm_up_days: over != Some(Parameter::WarmUpDays)
                && differs(&|a, b| a.warm_up_days != b.warm_up_days),
            without: differs(&|a, b| a.without != b.without),
            detector: differs(&|a, b| a.detector != b.detector),
        }
    }

    fn label(&self, place: &Place) -> String {
        let mut parts = Vec::new();
        if self.detector || !self.without {
            parts.push(place.detector.title().to_owned());
        }
        if self.without {
            parts.push(match place.without.as_str() {
                "nothing" if self.detector => String::new(),
                "nothing" => "everything".to_owned(),
                other => left_out(other),
            });
        }
        if let Some(strength) = place.strength.filter(|_| self.strength) {
            parts.push(format!("strength {strength}"));
        }
        if self.alerts_per_day {
            parts.push(format!("{} alerts a day", place.alerts_per_day));
        }
        if self.warm_up_days {
            parts.push(format!("{} days of warm-up", place.warm_up_days));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }
}

//! Charts of an experiment: a measure over a parameter, or variants side by side.

mod chart_table;
mod parameter;

use std::path::Path;

use super::interval::{Estimate, PlaceSummary};
use super::measure::{Measure, share_found};
use super::spec::{Experiment, Place};
use crate::chart::comparison::{self, Bar, Comparison};
use crate::chart::sweep::{self, Reference, Sweep, SweepPoint, SweepSeries};
use crate::chart::{ChartError, Style, label};
use crate::error::Error;

pub(super) use chart_table::ChartTable;
use parameter::Parameter;

/// Series named in the title of a sweep, best first; more do not fit.
const NAMED: usize = 2;

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

/// Draws all charts of an experiment into its folder, one file for each tenant where there are several; a sweep only for
/// tenants that have at least two values of its parameter.
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
            if !figure.has_values(experiment, tenant) {
                continue;
            }
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
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Refuses a sweep over a parameter that no tenant has two values of. The error is reason and remedy.
    pub(super) fn check_values(&self, experiment: &Experiment) -> Result<(), (String, String)> {
        let drawn = |tenant: &str| self.has_values(experiment, tenant);
        match &self.kind {
            Kind::Sweep { over, .. } if !experiment.tenants.iter().any(|t| drawn(&t.name)) => Err((
                format!("a sweep with fewer than two values of {}", over.name()),
                match over {
                    Parameter::Strength => {
                        "give a simulated tenant a list of strengths, such as [0, 0.5, 1], or set over to \
                         alerts_per_day or warm_up_days; the log of a folder has no strength"
                            .to_owned()
                    }
                    Parameter::AlertsPerDay | Parameter::WarmUpDays => {
                        format!("give a list of at least two as {} in [rank]", over.name())
                    }
                },
            )),
            _ => Ok(()),
        }
    }

    /// Whether a tenant has enough to draw.
    fn has_values(&self, experiment: &Experiment, tenant: &str) -> bool {
        match &self.kind {
            Kind::Sweep { over, .. } => over.values(experiment, tenant) >= 2,
            Kind::Comparison => true,
        }
    }

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
        let seeds = label::counted(experiment.seeds.len() as u64, "seed", "seeds");
        let subtitle = format!("{} · {seeds}", experiment.title);
        match &self.kind {
            Kind::Sweep { over, reference } => {
                let series = self.series(members, *over);
                let data = Sweep {
                    title: self.finding(&series, *over),
                    subtitle,
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
                let data = Comparison {
                    title: self.contrast(&bars),
                    subtitle,
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
        // Series that have found something.
        let mut finders: Vec<String> = Vec::new();
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
                at_least: self.found(summary).is_some_and(|found| found < 1.0),
            };
            let name = varying.label(&summary.place);
            if self.found(summary) != Some(0.0) {
                finders.push(name.clone());
            }
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
            if !finders.contains(&one.name) {
                one.name.push_str(" (found nothing)");
            }
        }
        series
    }

    /// For days until something is found: the share that was found at all.
    fn found(&self, summary: &PlaceSummary) -> Option<f64> {
        let share = summary.estimates.get(share_found(self.measure)?)?;
        Some(share.mean)
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
                    at_least: self.found(summary).is_some_and(|found| found < 1.0),
                })
            })
            .collect()
    }

    /// What the best two measure at the middle of the parameter.
    fn finding(&self, series: &[SweepSeries], over: Parameter) -> String {
        let what = sentence(self.measure.label);
        let Some(x) = series
            .first()
            .and_then(|one| one.points.get(one.points.len() / 2))
            .map(|point| point.x)
        else {
            return format!("{what}: nothing was measured");
        };
        let mut at_middle: Vec<(&SweepPoint, &str)> = series
            .iter()
            .filter_map(|one| {
                let point = one.points.iter().find(|point| point.x == x)?;
                Some((point, one.name.as_str()))
            })
            .collect();
        at_middle.sort_by(|(a, _), (b, _)| {
            if self.measure.more_is_better() {
                b.mean.total_cmp(&a.mean)
            } else {
                a.mean.total_cmp(&b.mean)
            }
        });
        let mut best = String::new();
        let mut before: Option<String> = None;
        for (point, name) in at_middle.iter().take(NAMED) {
            let value = self.in_unit(point);
            let joined = match &before {
                None => "",
                Some(before) if *before == value => " and ",
                Some(_) => ", then ",
            };
            best.push_str(&format!("{joined}{name} {value}"));
            before = Some(value);
        }
        format!("{what}, {}: {best}", over.in_words(x))
    }

    /// A value as the axis shows it.
    fn in_unit(&self, point: &SweepPoint) -> String {
        let text = match (self.measure.share, point.mean) {
            (true, mean) if (0.995..1.0).contains(&mean) => ">99%".to_owned(),
            (true, mean) => label::percent(mean),
            (false, mean) => label::value(mean),
        };
        if point.at_least {
            format!("at least {text}")
        } else {
            text
        }
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

/// A label as the beginning of a sentence.
fn sentence(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// `without volume features`, `without day items`.
fn left_out(ablation: &str) -> String {
    let words = |name: &str| name.replace('_', " ");
    match ablation.split_once(':') {
        Some(("group", name)) => format!("without {} features", words(name)),
        Some((_, "follow_up")) => "without follow-ups".to_owned(),
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
            parts.push(Parameter::Strength.in_words(strength));
        }
        if self.alerts_per_day {
            parts.push(Parameter::AlertsPerDay.in_words(place.alerts_per_day));
        }
        if self.warm_up_days {
            parts.push(Parameter::WarmUpDays.in_words(f64::from(place.warm_up_days)));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::experiment::detector::DetectorName;
    use crate::experiment::measure::measure;

    fn figure(name: &str) -> Figure {
        Figure {
            file: "x".to_owned(),
            measure: measure(name).expect("a measure"),
            kind: Kind::Sweep {
                over: Parameter::Strength,
                reference: None,
            },
        }
    }

    fn summary(
        detector: DetectorName,
        strength: f64,
        values: &[(&'static str, f64)],
    ) -> PlaceSummary {
        let estimate = |mean| Estimate {
            n: 2,
            mean,
            interval: Some((mean - 0.1, mean + 0.1)),
        };
        PlaceSummary {
            place: Place {
                tenant: "office".to_owned(),
                strength: Some(strength),
                alerts_per_day: 2.0,
                warm_up_days: 10,
                without: "nothing".to_owned(),
                detector,
            },
            estimates: values
                .iter()
                .map(|(name, mean)| (*name, estimate(*mean)))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn what_was_not_found_is_a_lower_bound_and_says_so() {
        let figure = figure("campaign_days_to_reading");
        let values = |days, read| [("campaign_days_to_reading", days), ("campaigns_read", read)];
        let summaries = [
            summary(DetectorName::Mailglass, 0.0, &values(5.0, 0.5)),
            summary(DetectorName::Mailglass, 0.5, &values(1.0, 1.0)),
            summary(DetectorName::SentinelTimeSeries, 0.0, &values(47.0, 0.0)),
            summary(DetectorName::SentinelTimeSeries, 0.5, &values(35.0, 0.0)),
        ];
        let members: Vec<&PlaceSummary> = summaries.iter().collect();
        let series = figure.series(&members, Parameter::Strength);
        let bounds: Vec<bool> = series
            .iter()
            .flat_map(|one| one.points.iter().map(|point| point.at_least))
            .collect();
        assert_eq!(bounds, [true, false, true, true]);
        assert!(
            series[1].name.ends_with(" (found nothing)"),
            "{:?}",
            series[1].name
        );
        let bars = figure.bars(&members);
        assert_eq!(
            bars.iter().map(|bar| bar.at_least).collect::<Vec<_>>(),
            bounds
        );
        let found = figure.finding(&series, Parameter::Strength);
        assert!(
            found.starts_with(
                "Days until a campaign is among the day's two highest alerts, strength 0.5: mailglass 1, then "
            ) && found.ends_with(" (found nothing) at least 35"),
            "{found}"
        );
    }

    #[test]
    fn the_title_of_a_sweep_is_about_its_measure_and_in_its_unit() {
        let title = |name: &'static str, values: [f64; 3]| {
            let detectors = [
                DetectorName::Mailglass,
                DetectorName::PlainForest,
                DetectorName::FirstSeenClient,
            ];
            let summaries: Vec<PlaceSummary> = detectors
                .into_iter()
                .zip(values)
                .map(|(detector, value)| summary(detector, 0.5, &[(name, value)]))
                .collect();
            let members: Vec<&PlaceSummary> = summaries.iter().collect();
            let figure = figure(name);
            figure.finding(
                &figure.series(&members, Parameter::Strength),
                Parameter::Strength,
            )
        };
        let (mailglass, forest) = (
            DetectorName::Mailglass.title(),
            DetectorName::PlainForest.title(),
        );
        assert_eq!(
            title("average_precision", [0.998, 0.82, 0.3]),
            format!(
                "Average precision over sessions, strength 0.5: {mailglass} >99%, then {forest} 82%"
            )
        );
        assert_eq!(
            title("episode_recall_2", [1.0, 1.0, 0.5]),
            format!(
                "Share of the episodes found at 2 alerts a day, strength 0.5: {mailglass} 100% and {forest} 100%"
            )
        );
        // Of false alarms less is better, though they are a share.
        assert_eq!(
            title("false_share", [0.1, 0.25, 0.5]),
            format!(
                "Share of false alarms among the flags, strength 0.5: {mailglass} 10%, then {forest} 25%"
            )
        );
    }
}

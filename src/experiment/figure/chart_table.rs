//! A `[[chart]]` of a specification, and what is refused in it.

use serde::Deserialize;

use super::parameter::Parameter;
use super::{Figure, Kind};
use crate::chart::sweep::Reference;
use crate::experiment::measure::{MEASURES, Measure, measure};

/// A `[[chart]]` of a specification.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::experiment) struct ChartTable {
    kind: String,
    pub(in crate::experiment) file: String,
    measure: String,
    over: Option<String>,
    reference: Option<f64>,
    reference_label: Option<String>,
}

impl ChartTable {
    /// The error is reason and remedy.
    pub(in crate::experiment) fn check(&self) -> Result<Figure, (String, String)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.file.is_empty() || !self.file.chars().all(plain) {
            return Err((
                format!("file \"{}\"", self.file),
                "use letters, digits, - and _ only, without an ending".to_owned(),
            ));
        }
        let measure = measure(&self.measure).ok_or_else(|| {
            let known: Vec<&str> = MEASURES.iter().map(|m| m.name).collect();
            (
                format!("\"{}\" is no measure", self.measure),
                format!("known measures are {}", known.join(", ")),
            )
        })?;
        let kind = match self.kind.as_str() {
            "sweep" => Kind::Sweep {
                over: self.parameter()?,
                reference: self.reference(measure)?,
            },
            "comparison" => {
                let unused = [
                    ("over", self.over.is_some()),
                    ("reference", self.reference.is_some()),
                    ("reference_label", self.reference_label.is_some()),
                ];
                if let Some((key, _)) = unused.iter().find(|(_, given)| *given) {
                    return Err((
                        format!("{key} in a comparison, which has no use for it"),
                        format!("leave {key} out, or set kind = \"sweep\""),
                    ));
                }
                Kind::Comparison
            }
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

    fn parameter(&self) -> Result<Parameter, (String, String)> {
        let names = "strength, alerts_per_day or warm_up_days";
        let Some(over) = self.over.as_deref() else {
            return Err((
                "over is missing in a sweep".to_owned(),
                format!("name the parameter that the measure is drawn over: {names}"),
            ));
        };
        Parameter::ALL
            .into_iter()
            .find(|parameter| parameter.name() == over)
            .ok_or_else(|| (format!("over = \"{over}\""), format!("use {names}")))
    }

    fn reference(&self, measure: &Measure) -> Result<Option<Reference>, (String, String)> {
        let (value, label) = match (self.reference, self.reference_label.as_deref()) {
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err((
                    "reference_label without a reference".to_owned(),
                    "give the value to compare with as reference, or leave both out".to_owned(),
                ));
            }
            (Some(_), None | Some("")) => {
                return Err((
                    "a reference without a reference_label".to_owned(),
                    "say in reference_label what the value is: it stands beside the line"
                        .to_owned(),
                ));
            }
            (Some(value), Some(label)) => (value, label),
        };
        let (most, range) = if measure.share {
            (1.0, "from 0 to 1, because the measure is a share")
        } else {
            (f64::MAX, "of at least 0")
        };
        if !(0.0..=most).contains(&value) {
            return Err((
                format!("reference = {value}"),
                format!("give a number {range}"),
            ));
        }
        Ok(Some(Reference {
            value,
            label: label.to_owned(),
        }))
    }
}

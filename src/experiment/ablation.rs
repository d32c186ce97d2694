//! Ablations: features that are left out together, or a stage of the model, to see what they are worth.

use crate::baseline::Stage;
use crate::feature::{FEATURES, Feature, FeatureId};

/// What is left out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ablation {
    /// `nothing`, `group:NAME`, `feature:NAME` or `stage:NAME`.
    pub name: String,
    /// The features.
    pub without: Vec<FeatureId>,
    /// The stages.
    pub stages: Vec<Stage>,
}

impl Ablation {
    /// Whether everything is in place.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.without.is_empty() && self.stages.is_empty()
    }
}

/// Resolves what is left out; the error is reason and remedy. `groups`, `features` and `stages` stand for each of them in turn. Nothing comes first.
pub(super) fn ablations(names: &[String]) -> Result<Vec<Ablation>, (String, String)> {
    let mut groups: Vec<&str> = FEATURES
        .iter()
        .map(|feature| feature.group.as_str())
        .collect();
    groups.dedup();
    let of = |name: String, keep: &dyn Fn(&Feature) -> bool| Ablation {
        without: FEATURES
            .iter()
            .filter(|feature| keep(feature))
            .map(|feature| feature.id)
            .collect(),
        stages: Vec::new(),
        name,
    };
    let stage = |name: &str| Ablation {
        name: format!("stage:{name}"),
        without: Vec::new(),
        stages: Stage::ALL
            .into_iter()
            .filter(|stage| stage.as_str() == name)
            .collect(),
    };
    let group = |name: &str| {
        of(format!("group:{name}"), &|feature| {
            feature.group.as_str() == name
        })
    };
    let feature = |name: &str| of(format!("feature:{name}"), &|feature| feature.name == name);
    let mut ablations = vec![Ablation {
        name: "nothing".to_owned(),
        without: Vec::new(),
        stages: Vec::new(),
    }];
    for name in names {
        match (name.as_str(), name.split_once(':')) {
            ("groups", _) => ablations.extend(groups.iter().map(|name| group(name))),
            ("features", _) => ablations.extend(FEATURES.iter().map(|f| feature(f.name))),
            ("stages", _) => ablations.extend(Stage::ALL.map(|s| stage(s.as_str()))),
            (_, Some(("stage", name))) => ablations.push(stage(name)),
            (_, Some(("group", name))) => ablations.push(group(name)),
            (_, Some(("feature", name))) => ablations.push(feature(name)),
            _ => return Err(unknown_ablation(name, &groups)),
        }
        if let Some(last) = ablations.last().filter(|last| last.is_nothing()) {
            return Err(unknown_ablation(&last.name, &groups));
        }
    }
    Ok(ablations)
}

fn unknown_ablation(name: &str, groups: &[&str]) -> (String, String) {
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    let remedy = format!(
        "give \"groups\", \"features\", \"stages\", \"group:NAME\", \"feature:NAME\" or \"stage:NAME\"; groups are {}; \
         features are {}; stages are {}",
        groups.join(", "),
        features.join(", "),
        Stage::ALL.map(Stage::as_str).join(", ")
    );
    (format!("\"{name}\" is unknown"), remedy)
}

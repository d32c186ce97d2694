//! Ablations: features that are left out together, to see what they are worth.

use crate::feature::{FEATURES, Feature, FeatureId};

/// Features left out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ablation {
    /// `nothing`, `group:NAME` or `feature:NAME`.
    pub name: String,
    /// The features.
    pub without: Vec<FeatureId>,
}

/// Resolves what is left out; the error is reason and remedy. `groups` and `features` stand for each of them in turn. Nothing comes first.
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
        name,
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
    }];
    for name in names {
        match (name.as_str(), name.split_once(':')) {
            ("groups", _) => ablations.extend(groups.iter().map(|name| group(name))),
            ("features", _) => ablations.extend(FEATURES.iter().map(|f| feature(f.name))),
            (_, Some(("group", name))) => ablations.push(group(name)),
            (_, Some(("feature", name))) => ablations.push(feature(name)),
            _ => return Err(unknown_ablation(name, &groups)),
        }
        if let Some(last) = ablations.last().filter(|last| last.without.is_empty()) {
            return Err(unknown_ablation(&last.name, &groups));
        }
    }
    Ok(ablations)
}

fn unknown_ablation(name: &str, groups: &[&str]) -> (String, String) {
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    let remedy = format!(
        "give \"groups\", \"features\", \"group:NAME\" or \"feature:NAME\"; groups are {}; features are {}",
        groups.join(", "),
        features.join(", ")
    );
    (format!("\"{name}\" is unknown"), remedy)
}

//! Judging against the whole export, for short ones and for what is older than the export.
//!
//! Cross-fitting (Stone 1974, "Cross-validatory choice and assessment of statistical predictions"): the days are cut into
//! at most five stretches, and the sessions of each stretch are judged by a model that learned all the other days, earlier
//! and later ones. So no session is judged by itself, nor by what the same visitor did on the days around it.

use rayon::prelude::*;

use crate::baseline::Stage;
use crate::error::Error;
use crate::feature::{FeatureId, Observation};
use crate::model::{Model, PassedDay};
use crate::rank::{FollowUps, RankOptions};

/// Stretches of days. More would cost a model each; fewer would leave more of the export out of what is normal.
const STRETCHES: usize = 5;

/// The sessions of one day, in order.
pub(super) struct ObservedDay {
    /// Days since 1970 UTC.
    pub day: i32,
    pub observations: Vec<Observation>,
    /// Identifiers of the sessions.
    pub ids: Vec<u64>,
}

/// Judges every day by the days outside its stretch.
///
/// There is no warm-up, because every model is as old as the export. Follow-ups are those of alerts on earlier days all the
/// same: a model that learned the days to come knows of alerts that nobody has had yet.
///
/// # Errors
/// [`Error::Model`] when an isolation forest cannot be fitted.
pub(super) fn judge_days(
    before: &Model,
    days: &[ObservedDay],
    options: &RankOptions,
) -> Result<Vec<PassedDay>, Error> {
    // How long a warm-up would be matters to nobody here; the models learn as they do by default.
    let mut options = RankOptions {
        warm_up_days: RankOptions::default().warm_up_days,
        ..options.clone()
    };
    // The stretch that is left out would be a silence of its own.
    options.without.push(FeatureId::Silence);
    let options = &options;
    let mut judging = RankOptions {
        warm_up_days: 0,
        ..options.clone()
    };
    let follows = !options.without_stages.contains(&Stage::FollowUp);
    judging.without_stages.push(Stage::FollowUp);
    let mut follow_ups = FollowUps::default();
    let mut passed = Vec::with_capacity(days.len());
    for stretch in stretches(days.len()) {
        let mut model = before.clone();
        for other in days[..stretch.start].iter().chain(&days[stretch.end..]) {
            model.pass_day(other.day, &other.observations, &other.ids, options)?;
        }
        for left_out in &days[stretch] {
            let mut judged =
                model
                    .clone()
                    .judge_day(left_out.day, &left_out.observations, &judging)?;
            if follows {
                let outcomes = judged.verdicts.par_iter_mut().map(|v| &mut v.ranked);
                let sessions = left_out.observations.par_iter().zip(outcomes);
                follow_ups.mark(judged.threshold, options.flags, sessions);
                let outcomes = judged.verdicts.iter().map(|v| &v.ranked);
                follow_ups.remember(left_out.observations.iter().zip(outcomes));
            }
            passed.push(judged);
        }
    }
    Ok(passed)
}

/// Cuts a number of days into stretches as equal as they can be, in order.
fn stretches(days: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = STRETCHES.min(days);
    (0..count).map(move |index| index * days / count..(index + 1) * days / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_in_one_stretch() {
        for days in [0, 1, 4, 5, 7, 31] {
            let stretches: Vec<_> = stretches(days).collect();
            assert!(stretches.iter().all(|stretch| !stretch.is_empty()));
            let all: Vec<usize> = stretches.into_iter().flatten().collect();
            assert_eq!(all, (0..days).collect::<Vec<_>>());
        }
    }
}

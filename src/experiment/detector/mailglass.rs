//! mailglass itself, and its deviations without the forest.

use super::{Detector, Log, flag_highest};
use crate::error::Error;
use crate::experiment::ranking::{Judged, Ranking};
use crate::feature::observe;
use crate::model::{Model, Verdict};
use crate::rank::RankOptions;

/// mailglass: baselines, deviations, isolation, calibrated flags.
#[derive(Debug, Clone, Copy)]
pub struct Mailglass;

/// The sum of mailglass's deviations: what is left when the isolation forest is taken out. It has no threshold of its
/// own and flags the highest alerts of every day.
#[derive(Debug, Clone, Copy)]
pub struct DeviationSum;

fn verdicts(log: &Log<'_>, options: &RankOptions) -> Result<Vec<Verdict>, Error> {
    let mut model = Model::default();
    let observations = observe(log.sessions, log.columns, &mut model.symbols);
    let mut verdicts = Vec::with_capacity(observations.len());
    for (start, day) in log.days() {
        let ids: Vec<u64> = day.iter().map(|session| session.id).collect();
        let number = day.first().map_or(0, |session| session.day);
        let today = observations
            .get(start..start + day.len())
            .unwrap_or_default();
        verdicts.extend(model.pass_day(number, today, &ids, options)?.verdicts);
    }
    Ok(verdicts)
}

impl Detector for Mailglass {
    fn name(&self) -> &'static str {
        "mailglass"
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let judged = |verdict: Verdict| Judged {
            score: Some(verdict.ranked.score),
            flagged: verdict.ranked.flagged,
        };
        Ok(Ranking {
            sessions: verdicts(log, options)?.into_iter().map(judged).collect(),
            first_judged_day: log.first_judged_day(options),
        })
    }
}

impl Detector for DeviationSum {
    fn name(&self) -> &'static str {
        "deviation_sum"
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let judged =
            verdicts(log, options)?
                .into_iter()
                .zip(log.sessions)
                .map(|(verdict, session)| Judged {
                    score: session
                        .touches_mailbox()
                        .then(|| verdict.deviations.iter().sum()),
                    flagged: false,
                });
        let mut ranking = Ranking {
            sessions: judged.collect(),
            first_judged_day: log.first_judged_day(options),
        };
        flag_highest(log, options, &mut ranking);
        Ok(ranking)
    }
}

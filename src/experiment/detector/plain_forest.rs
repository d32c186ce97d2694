//! An isolation forest on raw features of sessions, without any baseline: a data scientist's first afternoon.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array2, Axis};

use super::{Detector, Log, amount, flag_highest};
use crate::error::Error;
use crate::experiment::ranking::{Judged, Ranking};
use crate::isolation::{IsolationForest, Mode};
use crate::rank::RankOptions;
use crate::session::{DAY_MS, Session};

/// Every day a forest is fitted on all sessions so far and scores the day's. It flags the highest alerts of every day.
#[derive(Debug, Clone, Copy)]
pub struct PlainForest;

/// Volumes, time, logon type, and how common application, network and client string are.
const FEATURES: usize = 10;

impl Detector for PlainForest {
    fn name(&self) -> &'static str {
        "plain_forest"
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let mut common: [BTreeMap<u32, f64>; 3] = Default::default();
        let mut sessions = Vec::with_capacity(log.sessions.len());
        for (start, day) in log.days() {
            for session in day {
                for (counts, category) in common.iter_mut().zip(categories(session)) {
                    *counts.entry(category).or_default() += 1.0;
                }
            }
            let past = log
                .sessions
                .get(..start + day.len())
                .unwrap_or(log.sessions);
            let number = day.first().map_or(0, |session| session.day);
            let scores = scores(past, start, &common, options.seed ^ (number as u64))?;
            sessions.extend(day.iter().zip(scores).map(|(session, score)| Judged {
                score: session.touches_mailbox().then_some(score),
                flagged: false,
            }));
        }
        let mut ranking = Ranking {
            sessions,
            first_judged_day: log.first_judged_day(options),
        };
        flag_highest(log, options, &mut ranking);
        Ok(ranking)
    }
}

fn categories(session: &Session) -> [u32; 3] {
    let application = if session.client_app_id != 0 {
        session.client_app_id
    } else {
        session.app_id
    };
    [application, session.address, session.client_info]
}

/// Fits on all sessions and scores those from `first` on.
fn scores(
    sessions: &[Session],
    first: usize,
    common: &[BTreeMap<u32, f64>; 3],
    seed: u64,
) -> Result<Vec<f64>, Error> {
    let all = sessions.len() as f64;
    let rows: Vec<[f64; FEATURES]> = sessions
        .iter()
        .map(|session| features(session, common, all))
        .collect();
    let matrix = Array2::from(rows);
    let failed = |error: crate::isolation::IsolationError| Error::Model {
        action: "fitted",
        reason: error.to_string(),
    };
    let forest = IsolationForest::params()
        .mode(Mode::Plain)
        .seed(seed)
        .fit(&DatasetBase::from(matrix.view()))
        .map_err(failed)?;
    let (_, today) = matrix.view().split_at(Axis(0), first.min(sessions.len()));
    forest
        .try_scores(today)
        .map(|scores| scores.to_vec())
        .map_err(failed)
}

fn features(session: &Session, common: &[BTreeMap<u32, f64>; 3], all: f64) -> [f64; FEATURES] {
    let hour = session.start.div_euclid(3_600_000).rem_euclid(24) as f64;
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekday = (session.start.div_euclid(DAY_MS) + 3).rem_euclid(7) as f64;
    let [application, address, client_info] = categories(session);
    let share = |counts: &BTreeMap<u32, f64>, category| {
        counts.get(&category).copied().unwrap_or_default() / all
    };
    let [applications, addresses, clients] = common;
    [
        f64::from(session.events).ln_1p(),
        (amount(session) as f64).ln_1p(),
        f64::from(session.syncs).ln_1p(),
        hour,
        weekday,
        ((session.end - session.start) as f64 / 1000.0).ln_1p(),
        f64::from(session.logon_type),
        share(applications, application),
        share(addresses, address),
        share(clients, client_info),
    ]
}

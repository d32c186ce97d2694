//! A client that the mailbox has not been opened with before: the "new terms" rule of security information systems.

use std::collections::BTreeSet;

use super::{Detector, Log, amount};
use crate::error::Error;
use crate::experiment::ranking::{Judged, Ranking};
use crate::rank::RankOptions;

/// Flags the first session of every pair of application and client string in a mailbox, after the warm-up. Larger
/// sessions rank first among them, and after them the rest, by size too.
#[derive(Debug, Clone, Copy)]
pub struct FirstSeenClient;

/// Above any logarithm of a number of items.
const FIRST: f64 = 1e6;

impl Detector for FirstSeenClient {
    fn name(&self) -> &'static str {
        "first_seen_client"
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let first_judged_day = log.first_judged_day(options);
        let mut seen: BTreeSet<(u32, u32, u32, u32)> = BTreeSet::new();
        let sessions = log
            .sessions
            .iter()
            .map(|session| {
                if !session.touches_mailbox() {
                    return Judged {
                        score: None,
                        flagged: false,
                    };
                }
                let new = seen.insert((
                    session.mailbox,
                    session.client_app_id,
                    session.app_id,
                    session.client_info,
                ));
                let flagged = new && first_judged_day.is_some_and(|first| session.day >= first);
                let base = if flagged { FIRST } else { 0.0 };
                Judged {
                    score: Some(base + (amount(session) as f64).ln_1p()),
                    flagged,
                }
            })
            .collect();
        Ok(Ranking {
            sessions,
            first_judged_day,
        })
    }
}

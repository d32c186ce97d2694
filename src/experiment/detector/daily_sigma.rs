//! Daily volume over its mean and standard deviations: of an application in the whole tenant, or of a mailbox.

use std::collections::BTreeMap;

use super::{Detector, Log, amount};
use crate::error::Error;
use crate::experiment::ranking::{Judged, Ranking};
use crate::rank::RankOptions;
use crate::session::Session;

/// Standard deviations from which a day is flagged, as public hunting queries have it.
const SIGMAS: f64 = 2.5;
/// Added to the standard deviation, in items: without it any item of something that was always quiet is infinitely
/// unusual.
const FLOOR: f64 = 1.0;
/// Sessions of one day differ by their size only; this keeps that below any difference between days that matters.
const TIE: f64 = 1e-3;

/// Flags the sessions of a day on which the items read exceed the mean of the days before by 2.5 standard deviations.
#[derive(Debug, Clone, Copy)]
pub struct DailySigma {
    name: &'static str,
    of: fn(&Session) -> (u32, u32),
}

impl DailySigma {
    /// Per application, over all mailboxes.
    pub const APPLICATION: Self = Self {
        name: "application_sigma",
        of: |session| (session.client_app_id, session.app_id),
    };
    /// Per mailbox, over all applications.
    pub const MAILBOX: Self = Self {
        name: "mailbox_sigma",
        of: |session| (session.mailbox, 0),
    };
}

/// Sums over the days before, from which mean and standard deviation follow; days without items count as zeros.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    sum: f64,
    squares: f64,
}

impl Past {
    /// Standard deviations of `value` above the mean of `days` days.
    fn sigmas(self, value: f64, days: f64) -> f64 {
        if days < 2.0 {
            return 0.0;
        }
        let mean = self.sum / days;
        let variance = ((self.squares - self.sum * mean) / (days - 1.0)).max(0.0);
        (value - mean) / (variance.sqrt() + FLOOR)
    }
}

impl Detector for DailySigma {
    fn name(&self) -> &'static str {
        self.name
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let first_judged_day = log.first_judged_day(options);
        let first_day = log.sessions.first().map_or(0, |session| session.day);
        let mut past: BTreeMap<(u32, u32), Past> = BTreeMap::new();
        let mut sessions = Vec::with_capacity(log.sessions.len());
        for (_, day) in log.days() {
            let mut today: BTreeMap<(u32, u32), f64> = BTreeMap::new();
            for session in day {
                *today.entry((self.of)(session)).or_default() += amount(session) as f64;
            }
            sessions.extend(day.iter().map(|session| {
                if !session.touches_mailbox() {
                    return Judged {
                        score: None,
                        flagged: false,
                    };
                }
                let key = (self.of)(session);
                let value = today.get(&key).copied().unwrap_or_default();
                let days = f64::from(session.day - first_day);
                let sigmas = past
                    .get(&key)
                    .copied()
                    .unwrap_or_default()
                    .sigmas(value, days);
                Judged {
                    score: Some(sigmas + TIE * (amount(session) as f64).ln_1p()),
                    flagged: sigmas > SIGMAS
                        && first_judged_day.is_some_and(|first| session.day >= first),
                }
            }));
            for (key, value) in today {
                let past = past.entry(key).or_default();
                past.sum += value;
                past.squares += value * value;
            }
        }
        Ok(Ranking {
            sessions,
            first_judged_day,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmas_count_the_empty_days() {
        // Items of four days: 0, 6, 0, 6. Mean 3, standard deviation sqrt(12) = 3.4641.
        let past = Past {
            sum: 12.0,
            squares: 72.0,
        };
        assert!((past.sigmas(30.0, 4.0) - 27.0 / (12f64.sqrt() + 1.0)).abs() < 1e-12);
        assert_eq!(Past::default().sigmas(5.0, 10.0), 5.0, "new to the tenant");
        assert_eq!(past.sigmas(30.0, 1.0), 0.0, "one day has no deviation");
    }
}

//! Whether baselines that were read from a file are as they are written: a damaged one must not be indexed beyond its end.

use super::hours::WeekHistogram;
use super::{Baselines, MailboxBaseline};
use crate::feature::WEEK_CELLS;

impl Baselines {
    /// Whether every week has its cells; all other lengths are those of types.
    pub(crate) fn is_sound(&self) -> bool {
        let weeks = |baseline: &MailboxBaseline| baseline.hours.iter().all(is_week);
        self.tenant.hours.iter().all(is_week)
            && self.mailboxes.values().all(|baseline| weeks(baseline))
    }
}

fn is_week(hours: &WeekHistogram) -> bool {
    hours.cells().len() == WEEK_CELLS
}

//! Throttled windows that reach from one log into the next: a daily job sees the record that says so on one day, and lacks the
//! reads on the other.

use std::collections::BTreeMap;

use crate::ingest::{Coverage, Warning, united};
use crate::model::{Model, ThrottledWindow};

/// Adds to the coverage what is left of windows that the model remembers, and has the model remember those that are open still.
pub(super) fn carry_over(model: &mut Model, coverage: &mut Coverage) {
    let (Some(first), Some(last)) = (coverage.start, coverage.end) else {
        return;
    };
    let mut windows: Vec<ThrottledWindow> = coverage.warnings.iter().filter_map(window).collect();
    let carried = std::mem::take(&mut model.throttled);
    if carried.iter().any(|window| window.end > first) {
        windows.extend(carried.into_iter().filter(|window| window.end > first));
        windows = united_by_mailbox(windows);
        let is_window = |warning: &Warning| matches!(warning, Warning::Throttled { .. });
        let graver =
            |warning: &Warning| matches!(warning, Warning::RowCap { .. } | Warning::Gap(_));
        let warnings = &mut coverage.warnings;
        let place = warnings.iter().position(is_window);
        let place = place.or_else(|| warnings.iter().rposition(graver).map(|at| at + 1));
        let place = place.unwrap_or(0);
        warnings.retain(|warning| !is_window(warning));
        let told = windows.iter().map(|window| Warning::Throttled {
            mailbox: window.mailbox.clone(),
            start: window.start.max(first),
            end: window.end,
            stated: window.stated,
        });
        warnings.splice(place..place, told);
    }
    windows.retain(|window| window.end > last);
    model.throttled = windows;
}

fn window(warning: &Warning) -> Option<ThrottledWindow> {
    match warning {
        Warning::Throttled {
            mailbox,
            start,
            end,
            stated,
        } => Some(ThrottledWindow {
            mailbox: mailbox.clone(),
            start: *start,
            end: *end,
            stated: *stated,
        }),
        _ => None,
    }
}

/// Overlapping windows of a mailbox made one, by mailbox and start.
fn united_by_mailbox(windows: Vec<ThrottledWindow>) -> Vec<ThrottledWindow> {
    let mut by_mailbox: BTreeMap<String, Vec<(i64, i64, bool)>> = BTreeMap::new();
    for window in windows {
        let of = by_mailbox.entry(window.mailbox).or_default();
        of.push((window.start, window.end, window.stated));
    }
    let windows = by_mailbox.into_iter().flat_map(|(mailbox, of)| {
        united(of)
            .into_iter()
            .map(move |(start, end, stated)| ThrottledWindow {
                mailbox: mailbox.clone(),
                start,
                end,
                stated,
            })
    });
    windows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled(mailbox: &str, start: i64, end: i64) -> Warning {
        Warning::Throttled {
            mailbox: mailbox.to_owned(),
            start,
            end,
            stated: true,
        }
    }

    fn coverage(start: i64, end: i64, warnings: Vec<Warning>) -> Coverage {
        Coverage {
            start: Some(start),
            end: Some(end),
            warnings,
            ..Coverage::default()
        }
    }

    #[test]
    fn a_window_lasts_into_the_next_log_and_no_longer() {
        let mut model = Model::default();
        let mut first = coverage(
            0,
            50,
            vec![throttled("a@x", 40, 80), throttled("b@x", 10, 34)],
        );
        let before = first.warnings.clone();
        carry_over(&mut model, &mut first);
        assert_eq!(first.warnings, before);
        let mut second = coverage(60, 90, vec![throttled("b@x", 70, 95), Warning::NoReads]);
        carry_over(&mut model, &mut second);
        assert_eq!(
            second.warnings,
            [
                throttled("a@x", 60, 80),
                throttled("b@x", 70, 95),
                Warning::NoReads
            ]
        );
        let mut third = coverage(100, 190, Vec::new());
        carry_over(&mut model, &mut third);
        assert_eq!(third.warnings, []);
    }
}

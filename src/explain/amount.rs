//! Amounts as sentences tell them.

use crate::amount::count as number;

/// How many of what.
pub(super) fn count(n: u32, unit: &str) -> String {
    format!("{} {}", number(u64::from(n)), plural(f64::from(n), unit))
}

pub(super) fn plural(n: f64, unit: &str) -> String {
    if n == 1.0 {
        return unit.to_owned();
    }
    match unit {
        "mailbox" => "mailboxes".to_owned(),
        "search or failed operation" => "searches or failed operations".to_owned(),
        "item or folder" => "items or folders".to_owned(),
        unit => format!("{unit}s"),
    }
}

/// The nearest whole number; what is no number is nothing.
pub(super) fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

pub(super) fn duration(minutes: f64) -> String {
    match minutes {
        m if m < 1.0 => format!("{:.0} seconds", (m * 60.0).max(1.0)),
        m if m < 1.5 => "1 minute".to_owned(),
        m if m < 90.0 => format!("{m:.0} minutes"),
        m => format!("{:.1} hours", m / 60.0),
    }
}

/// A probability from its bans, one significant digit.
pub(super) fn probability(bans: f64) -> String {
    format!("{:.0e}", 10f64.powf(-bans))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_a_report() {
        assert_eq!(
            (duration(0.2), duration(6.2), duration(150.0)),
            ("12 seconds".into(), "6 minutes".into(), "2.5 hours".into())
        );
        assert_eq!(probability(6.4), "4e-7");
        assert_eq!(
            (count(1, "mailbox"), count(4, "mailbox")),
            ("1 mailbox".into(), "4 mailboxes".into())
        );
    }
}

//! Amounts as a report tells them.

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

/// A whole number with thousands separated.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The nearest whole number; what is no number is nothing.
pub(super) fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

pub(super) fn bytes(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.1} GB", v / 1e9),
        v if v >= 1e6 => format!("{:.1} MB", v / 1e6),
        v if v >= 1e3 => format!("{:.0} kB", v / 1e3),
        v => format!("{v:.0} bytes"),
    }
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
            (number(1_234_567), number(999), number(0)),
            ("1,234,567".into(), "999".into(), "0".into())
        );
        assert_eq!(
            (bytes(512.0), bytes(20_480.0), bytes(3.2e6)),
            ("512 bytes".into(), "20 kB".into(), "3.2 MB".into())
        );
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

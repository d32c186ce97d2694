//! Amounts as people read them, on the terminal, in sentences, charts and on the page.

/// A whole number with grouped digits: `12,345`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 session`, `2 sessions`, `3,000 mailboxes`.
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// `1 alert a day`, `0.5 alerts a day`.
pub(crate) fn alerts_a_day(rate: f64) -> String {
    let noun = if rate == 1.0 { "alert" } else { "alerts" };
    format!("{rate} {noun} a day")
}

/// Parts of a sentence one after another: `a`, `a and b`, `a, b and c`; `None` without any.
pub(crate) fn listed<T: AsRef<str>>(parts: &[T]) -> Option<String> {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    let (last, before) = parts.split_last()?;
    Some(match before {
        [] => (*last).to_owned(),
        before => format!("{} and {last}", before.join(", ")),
    })
}

/// A measured value with at most three significant digits: `0.04`, `3.5`, `250`, `1,204`, `2.1M`.
pub(crate) fn value(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    let text = if size >= 1e6 {
        return format!("{sign}{}", compact(size));
    } else if size >= 99.95 {
        count(size.round() as u64)
    } else if size >= 9.995 {
        trim_zeros(&format!("{size:.1}"))
    } else if size >= 0.0095 {
        trim_zeros(&format!("{size:.2}"))
    } else if size == 0.0 {
        return "0".to_owned();
    } else if size >= 0.00095 {
        trim_zeros(&format!("{size:.3}"))
    } else {
        return format!("{sign}<0.001");
    };
    format!("{sign}{text}")
}

/// A size in decimal units with at most three significant digits: `640 B`, `4.1 MB`, `250 GB`.
pub(crate) fn bytes(size: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    // What rounds up to a thousand of a unit is one of the next.
    match UNITS.iter().find(|(unit, _)| size >= 0.9995 * unit) {
        Some((unit, name)) => format!("{} {name}", value(size / unit)),
        None => format!("{} B", value(size)),
    }
}

/// An axis label: `0`, `500`, `12k`, `1.5M`, `2G`.
pub(crate) fn compact(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    for (unit, suffix) in UNITS {
        if value >= unit {
            return format!("{}{suffix}", trim_zeros(&format!("{:.1}", value / unit)));
        }
    }
    trim_zeros(&format!("{value:.2}"))
}

fn trim_zeros(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alert_is_singular() {
        assert_eq!(alerts_a_day(1.0), "1 alert a day");
        assert_eq!(alerts_a_day(0.5), "0.5 alerts a day");
    }

    #[test]
    fn parts_are_listed_with_a_last_one() {
        assert_eq!(listed(&["a", "b", "c"]).as_deref(), Some("a, b and c"));
        assert_eq!(listed(&["a", "b"]).as_deref(), Some("a and b"));
        assert_eq!(listed(&["a"]).as_deref(), Some("a"));
        assert_eq!(listed::<&str>(&[]), None);
    }

    #[test]
    fn numbers_read_alike_everywhere() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "session", "sessions"), "1 session");
        assert_eq!(counted(2_000, "session", "sessions"), "2,000 sessions");
        assert_eq!(value(0.0), "0");
        assert_eq!(value(0.0421), "0.04");
        assert_eq!(value(0.0005), "<0.001");
        assert_eq!(value(3.50), "3.5");
        assert_eq!(value(12.04), "12");
        assert_eq!(value(1204.4), "1,204");
        assert_eq!(value(-250.0), "−250");
        assert_eq!(value(2.1e6), "2.1M");
        assert_eq!(value(f64::NAN), "unknown");
        assert_eq!(bytes(640.0), "640 B");
        assert_eq!(bytes(999_700.0), "1 MB");
        assert_eq!(bytes(4_057_536.0), "4.06 MB");
        assert_eq!(bytes(2.5e11), "250 GB");
        assert_eq!(compact(12_000.0), "12k");
        assert_eq!(compact(0.5), "0.5");
    }
}

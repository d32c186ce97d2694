//! Dates with slashes: one order of day and month for all files of a run.

use std::path::Path;

use super::{assert_conserved, folder, ingest, write};
use mailglass::error::Error;
use mailglass::ingest::{DateOrder, Ingested, OrderReason, Warning};

/// A table of fields, as a portal writes it, with one row for each date; identifiers begin with the name.
fn table(name: &str, dates: &[&str]) -> String {
    let rows = dates.iter().enumerate().map(|(number, date)| {
        format!("\"{date}\",{name}-{number},Send,ann@contoso.example,ExchangeItem\n")
    });
    let header = "TimeGenerated [UTC],OfficeId,Operation,UserId,RecordType\n".to_owned();
    header + &rows.collect::<String>()
}

/// The days of all events, as `05-02`, and the warning about their dates.
fn days(files: &[(&str, String)]) -> Result<(Vec<String>, Option<Warning>), Error> {
    let folder = folder();
    let paths: Vec<_> = files
        .iter()
        .map(|(name, text)| write(folder.path(), name, text))
        .collect();
    let paths: Vec<&Path> = paths.iter().map(|path| path.as_path()).collect();
    let ingested = ingest(&paths)?;
    assert_conserved(&ingested);
    assert_eq!(ingested.counts.rejects, 0, "{:?}", ingested.rejects);
    Ok((month_days(&ingested)?, doubt(&ingested)))
}

fn month_days(ingested: &Ingested) -> Result<Vec<String>, Error> {
    let columns = ingested.events.columns()?;
    assert!(columns.time.is_sorted());
    let day = |&time: &i64| {
        let time = jiff::Timestamp::from_millisecond(time).expect("a time");
        time.strftime("%m-%d").to_string()
    };
    Ok(columns.time.iter().map(day).collect())
}

fn doubt(ingested: &Ingested) -> Option<Warning> {
    let mut warnings = ingested.coverage.warnings.iter();
    let is_doubt = |warning: &&Warning| matches!(warning, Warning::DateOrder { .. });
    warnings.find(is_doubt).cloned()
}

#[test]
fn one_file_proves_the_order_for_all() -> Result<(), Error> {
    let open = table("a", &["05/02/2024, 10:00:00.000"]);
    let proof = table("b", &["13/02/2024, 10:00:00.000"]);
    for files in [
        [("1.csv", open.clone()), ("2.csv", proof.clone())],
        [("1.csv", proof.clone()), ("2.csv", open.clone())],
    ] {
        let expected = ["02-05", "02-13"].map(str::to_owned).to_vec();
        assert_eq!(days(&files)?, (expected, None));
    }
    // Behind the head of a file, and for other shapes of records.
    let long = table("c", &vec!["05/02/2024, 10:00:00.000"; 6_000]);
    let long = long
        + table("d", &["13/02/2024, 10:00:00.000"])
            .lines()
            .nth(1)
            .unwrap_or("");
    let line = r#"{"CreationTime":"06/02/2024 10:00","Id":"e","Operation":"Send","UserId":"ann"}"#;
    let (found, doubt) = days(&[("1.csv", long), ("2.json", line.to_owned())])?;
    let count = |day: &str| found.iter().filter(|found| *found == day).count();
    assert_eq!(
        (count("02-05"), count("02-06"), count("02-13"), doubt),
        (6_000, 1, 1, None)
    );
    Ok(())
}

#[test]
fn what_nothing_proves_is_decided_by_signs_and_told() -> Result<(), Error> {
    let told = |files: &[(&str, String)]| {
        days(files).map(|(days, doubt)| match doubt {
            Some(Warning::DateOrder {
                records,
                order,
                reason,
                contradictory,
            }) => (days.join(" "), records, order, reason, contradictory),
            other => panic!("{days:?}: {other:?}"),
        })
    };
    let one = |dates: &[&str]| told(&[("1.csv", table("a", dates))]);
    assert_eq!(
        one(&["2/5/2024, 10:00:00.000 AM"])?,
        (
            "02-05".into(),
            1,
            DateOrder::MonthFirst,
            OrderReason::HalfDays,
            false
        )
    );
    assert_eq!(
        one(&["05/02/2024, 10:00:00.000"])?,
        (
            "02-05".into(),
            1,
            DateOrder::DayFirst,
            OrderReason::Comma,
            false
        )
    );
    assert_eq!(
        one(&["02/05/2024 10:00:00"])?,
        (
            "02-05".into(),
            1,
            DateOrder::MonthFirst,
            OrderReason::NoComma,
            false
        )
    );
    assert_eq!(
        one(&["05/02/2024 10:00", "06/02/2024 10:00", "07/02/2024 10:00"])?,
        (
            "02-05 02-06 02-07".into(),
            3,
            DateOrder::DayFirst,
            OrderReason::Neighbours,
            false
        )
    );
    assert_eq!(
        one(&[
            "05/02/2024, 10:00",
            "13/02/2024, 10:00",
            "02/13/2024, 11:00"
        ])?,
        (
            "02-05 02-13 02-13".into(),
            1,
            DateOrder::DayFirst,
            OrderReason::Comma,
            true
        )
    );
    // A day of a log whose other days are dated beyond doubt.
    let known =
        r#"{"CreationTime":"2024-02-04T10:00:00","Id":"k","Operation":"Send","UserId":"ann"}"#;
    let open = table("a", &["05/02/2024 10:00:00"]);
    assert_eq!(
        told(&[("1.csv", open), ("2.json", known.to_owned())])?,
        (
            "02-04 02-05".into(),
            1,
            DateOrder::DayFirst,
            OrderReason::Neighbours,
            false
        )
    );
    Ok(())
}

#[test]
fn records_that_date_themselves_leave_nothing_open() -> Result<(), Error> {
    let record = super::record(1, 1).replace('"', "\"\"");
    let text = format!("CreationDate,AuditData\n\"05/02/2024 10:00:00\",\"{record}\"\n");
    assert_eq!(days(&[("1.csv", text)])?, (vec!["03-01".to_owned()], None));
    Ok(())
}

//! Each warning about what a log lacks, on its own.

use mailglass::error::Error;
use mailglass::ingest::{Gap, Ingested, Warning};

use super::{folder, ingest, write};

/// 2024-03-04, a Monday, in milliseconds since 1970.
const MONDAY: i64 = 1_709_510_400_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A Bind of a mailbox: everything that no warning is about is as it should be.
fn bind(number: usize, mailbox: &str, time: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(time).expect("a time");
    format!(
        r#"{{"CreationTime":"{}","Id":"00000000-0000-0000-0000-{number:012}","Operation":"MailItemsAccessed","RecordType":50,"UserId":"{mailbox}@contoso.example","Workload":"Exchange","MailboxOwnerUPN":"{mailbox}@contoso.example","SessionId":"s","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}},{{"Name":"IsThrottled","Value":"False"}}],"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{number}@x>","SizeInBytes":10}}],"Path":"\\Inbox"}}],"OperationCount":1}}"#,
        time.strftime("%Y-%m-%dT%H:%M:%S")
    )
}

/// Binds of a mailbox at times.
fn binds(mailbox: &str, times: impl Iterator<Item = i64>) -> Vec<String> {
    let first = mailbox.bytes().map(usize::from).sum::<usize>() * 1_000_000;
    times
        .enumerate()
        .map(|(number, time)| bind(first + number, mailbox, time))
        .collect()
}

/// Times from the start on, one every so many milliseconds, before an end.
fn every(step: i64, start: i64, end: i64) -> impl Iterator<Item = i64> {
    (0..)
        .map(move |number| start + number * step)
        .take_while(move |time| *time < end)
}

fn warned(records: &[String]) -> Result<(Ingested, Vec<Warning>), Error> {
    let folder = folder();
    let ingested = ingest(&[&write(folder.path(), "log.json", records.join("\n"))])?;
    assert_eq!(ingested.counts.events, records.len() as u64);
    let warnings = ingested.coverage.warnings.clone();
    Ok((ingested, warnings))
}

#[test]
fn a_whole_log_has_no_warning() -> Result<(), Error> {
    let (ingested, warnings) = warned(&binds("ann", every(HOUR, MONDAY, MONDAY + 28 * DAY)))?;
    assert_eq!(warnings, []);
    assert_eq!(ingested.coverage.gaps, []);
    assert_eq!(
        (ingested.coverage.start, ingested.coverage.end),
        (Some(MONDAY), Some(MONDAY + 28 * DAY - HOUR))
    );
    Ok(())
}

#[test]
fn a_stretch_without_records_is_a_gap() -> Result<(), Error> {
    let (start, end) = (MONDAY + 10 * DAY, MONDAY + 12 * DAY);
    let times =
        every(30 * MINUTE, MONDAY, MONDAY + 28 * DAY).filter(|time| !(start..end).contains(time));
    let (ingested, warnings) = warned(&binds("ann", times))?;
    let gap = Gap { start, end };
    assert_eq!(warnings, [Warning::Gap(gap)]);
    assert_eq!(ingested.coverage.gaps, [gap]);
    assert!(warnings[0].sentence().contains("2024-03-14 00:00 UTC"));
    Ok(())
}

#[test]
fn nights_and_weekends_are_no_gap() -> Result<(), Error> {
    let working = |time: &i64| {
        let (day, hour) = ((time - MONDAY) / DAY % 7, (time - MONDAY) / HOUR % 24);
        day < 5 && (8..18).contains(&hour)
    };
    let times = every(5 * MINUTE, MONDAY, MONDAY + 28 * DAY).filter(working);
    assert_eq!(warned(&binds("ann", times))?.1, []);
    Ok(())
}

#[test]
fn a_mailbox_that_stops_is_silent() -> Result<(), Error> {
    let stop = MONDAY + 14 * DAY;
    let mut records = binds("ann", every(HOUR, MONDAY, MONDAY + 28 * DAY));
    records.extend(binds("bob", every(4 * HOUR, MONDAY, stop)));
    // Seldom used: a silence says nothing.
    records.extend(binds("cat", every(2 * DAY, MONDAY, stop)));
    let (_, warnings) = warned(&records)?;
    let silent = Warning::Silent {
        mailbox: "bob@contoso.example".to_owned(),
        last: stop - 4 * HOUR,
    };
    assert_eq!(warnings, [silent]);
    Ok(())
}

#[test]
fn throttling_that_a_record_states_opens_a_window() -> Result<(), Error> {
    let mut records = binds("ann", every(HOUR, MONDAY, MONDAY + 8 * DAY));
    let stated = r#""IsThrottled","Value":"True""#;
    for row in [30, 40] {
        records[row] = records[row].replace(r#""IsThrottled","Value":"False""#, stated);
    }
    let (_, warnings) = warned(&records)?;
    let throttled = Warning::Throttled {
        mailbox: "ann@contoso.example".to_owned(),
        start: MONDAY + 30 * HOUR,
        end: MONDAY + 64 * HOUR,
        stated: true,
    };
    assert_eq!(warnings, [throttled]);
    Ok(())
}

#[test]
fn throttling_that_the_count_implies_opens_a_window_after_the_thousandth_bind() -> Result<(), Error>
{
    let (_, at_the_limit) = warned(&binds(
        "ann",
        every(MINUTE, MONDAY, MONDAY + 1_000 * MINUTE),
    ))?;
    assert_eq!(at_the_limit, []);
    let (_, warnings) = warned(&binds(
        "ann",
        every(MINUTE, MONDAY, MONDAY + 1_001 * MINUTE),
    ))?;
    let throttled = Warning::Throttled {
        mailbox: "ann@contoso.example".to_owned(),
        start: MONDAY + 1_000 * MINUTE,
        end: MONDAY + 1_000 * MINUTE + DAY,
        stated: false,
    };
    assert_eq!(warnings, [throttled]);
    assert!(warnings[0].sentence().contains("more than 1000 Bind"));
    Ok(())
}

#[test]
fn a_file_at_its_exporters_limit_is_cut() -> Result<(), Error> {
    for rows in [4_999, 5_000, 5_001, 50_000] {
        let folder = folder();
        let records = binds("ann", every(HOUR, MONDAY, MONDAY + rows * HOUR));
        let path = write(folder.path(), "log.csv", super::purview(&records));
        let ingested = ingest(&[&path])?;
        let expected: Vec<Warning> = [5_000, 50_000]
            .contains(&rows)
            .then(|| Warning::RowCap {
                file: path.display().to_string(),
                rows: rows.unsigned_abs(),
            })
            .into_iter()
            .collect();
        assert_eq!(ingested.coverage.warnings, expected, "{rows} rows");
        // The programs' interface has no such limit.
        let lines = write(folder.path(), "log.json", records.join("\n"));
        assert_eq!(ingest(&[&lines])?.coverage.warnings, []);
    }
    Ok(())
}

#[test]
fn binds_without_message_ids_are_counted() -> Result<(), Error> {
    let mut records = binds("ann", every(HOUR, MONDAY, MONDAY + 3 * DAY));
    for record in records.iter_mut().take(5) {
        *record = record.replace("\"InternetMessageId\"", "\"Subject\"");
    }
    let (_, warnings) = warned(&records)?;
    assert_eq!(warnings, [Warning::NoMessageIds { records: 5, of: 72 }]);
    Ok(())
}

#[test]
fn a_log_without_reads_or_sessions_says_so() -> Result<(), Error> {
    let records = binds("ann", every(HOUR, MONDAY, MONDAY + 3 * DAY));
    let sent: Vec<String> = records
        .iter()
        .map(|record| record.replace("MailItemsAccessed", "Send"))
        .map(|record| record.replace("\"MailAccessType\"", "\"Other\""))
        .collect();
    assert_eq!(warned(&sent)?.1, [Warning::NoReads]);
    let nameless: Vec<String> = records
        .iter()
        .map(|record| record.replace("\"SessionId\":\"s\",", ""))
        .collect();
    let expected = Warning::FewSessionIds {
        records: 72,
        of: 72,
    };
    assert_eq!(warned(&nameless)?.1, [expected]);
    Ok(())
}

#[test]
fn a_mailbox_that_goes_on_under_another_name_is_not_silent() -> Result<(), Error> {
    let (stop, end) = (MONDAY + 14 * DAY, MONDAY + 28 * DAY);
    let with_guid = |records: Vec<String>| -> Vec<String> {
        let guid = r#""MailboxGuid":"5e3ce6c0-2b1f-4285-8d4b-75ee78787346","SessionId""#;
        records
            .iter()
            .map(|record| record.replace("\"SessionId\"", guid))
            .collect()
    };
    let mut records = with_guid(binds("bob", every(HOUR, MONDAY, stop)));
    records.extend(with_guid(binds("robert", every(HOUR, stop, end))));
    let (_, warnings) = warned(&records)?;
    let renamed = Warning::Renamed {
        mailbox: "bob@contoso.example".to_owned(),
        last: stop - HOUR,
        name: "robert@contoso.example".to_owned(),
    };
    assert_eq!(warnings, [renamed]);
    Ok(())
}

#[test]
fn windows_that_say_that_they_are_cut_are_told() -> Result<(), Error> {
    // So many rows, each with its index and the number of results.
    let table = |rows: i64, of: &dyn Fn(i64) -> (i64, i64)| {
        let records = binds("ann", every(HOUR, MONDAY, MONDAY + rows * HOUR));
        let rows = records.iter().zip(0..).map(|(record, row)| {
            let (index, results) = of(row);
            let record = record.replace('"', "\"\"");
            format!("\"{record}\",{index},{results}\n")
        });
        "AuditData,ResultIndex,ResultCount\n".to_owned() + &rows.collect::<String>()
    };
    let told = |name: &str, text: String| {
        let folder = folder();
        let path = write(folder.path(), name, text);
        let warnings = ingest(&[&path])?.coverage.warnings;
        Ok::<_, Error>((path.display().to_string(), warnings))
    };
    let (file, warnings) = told("two.csv", table(10_000, &|row| (row % 5_000 + 1, 5_000)))?;
    assert_eq!(warnings, [Warning::CappedWindows { file, windows: 2 }]);
    let (file, warnings) = told("first.csv", table(6_000, &|row| (row + 1, 40_000)))?;
    let cut_short = Warning::CutShort {
        file,
        rows: 6_000,
        of: 40_000,
    };
    assert_eq!(warnings, [cut_short]);
    assert_eq!(
        told("all.csv", table(6_000, &|row| (row + 1, 6_000)))?.1,
        []
    );
    let rows = (1..=6_000).map(|index| {
        let record = bind(index, "ann", MONDAY + index as i64 * HOUR);
        format!(r#"{{"AuditData":{record},"ResultIndex":{index},"ResultCount":40000}}"#)
    });
    let (file, warnings) = told("first.json", rows.collect::<Vec<_>>().join("\n"))?;
    let cut_short = Warning::CutShort {
        file,
        rows: 6_000,
        of: 40_000,
    };
    assert_eq!(warnings, [cut_short]);
    Ok(())
}

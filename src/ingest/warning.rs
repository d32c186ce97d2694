//! What a log lacks, or probably lacks: each with a sentence and a remedy.

use serde::{Serialize, Serializer};

use super::date_order::{DateOrder, OrderReason};
use crate::error::beginning;

/// Bind records in 24 hours above which a mailbox is no longer logged.
pub(super) const THROTTLE_BINDS: usize = 1_000;

/// Milliseconds.
const HOUR: i64 = 3_600_000;

/// A stretch without any record while the tenant was active before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Begin of the first full hour without records, milliseconds since 1970-01-01 UTC.
    #[serde(serialize_with = "rfc3339")]
    pub start: i64,
    /// End of the last one.
    #[serde(serialize_with = "rfc3339")]
    pub end: i64,
}

/// Something the log lacks, or probably lacks. Each knows its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// The exports hold no record of any mailbox.
    NoRecords,
    /// An input could not be read, or not to its end.
    Unread {
        /// The input, as it was named or found.
        input: String,
    },
    /// A file of a folder is something else than an export.
    NotAnExport {
        /// The file.
        input: String,
    },
    /// Rows that could not be used.
    Rejected {
        /// Such rows.
        rows: u64,
        /// All rows.
        of: u64,
        /// What is wrong with most of them.
        reason: &'static str,
        /// How the first of these begins.
        excerpt: String,
    },
    /// Dates with slashes, such as 02/05/2024, whose order of day and month no date proves.
    DateOrder {
        /// Records whose time depends on the order.
        records: u64,
        /// The order that was taken.
        order: DateOrder,
        /// Why it was.
        reason: OrderReason,
        /// Some dates can only be read in one order, and some in the other.
        contradictory: bool,
    },
    /// No record at all for a stretch in which many were to be expected.
    Gap(Gap),
    /// A mailbox that used to be logged every day has no record any more.
    Silent {
        /// The mailbox.
        mailbox: String,
        /// Its last record, milliseconds since 1970-01-01 UTC.
        #[serde(serialize_with = "rfc3339")]
        last: i64,
    },
    /// A mailbox has had no record since, but there are some of the same mailbox under another name.
    Renamed {
        /// The mailbox.
        mailbox: String,
        /// Its last record, milliseconds since 1970-01-01 UTC.
        #[serde(serialize_with = "rfc3339")]
        last: i64,
        /// The other name.
        name: String,
    },
    /// A mailbox was throttled: reads in the window were not logged.
    Throttled {
        /// The mailbox.
        mailbox: String,
        /// Start of the window that is missing, milliseconds since 1970-01-01 UTC.
        #[serde(serialize_with = "rfc3339")]
        start: i64,
        /// Its end.
        #[serde(serialize_with = "rfc3339")]
        end: i64,
        /// Whether a record says so (`IsThrottled`), or the count of Bind records does.
        stated: bool,
    },
    /// A file has exactly as many rows as its exporter writes at most.
    RowCap {
        /// The file.
        file: String,
        /// Its rows.
        rows: u64,
    },
    /// A file holds windows of `Search-UnifiedAuditLog` that end at the limit of the cmdlet.
    CappedWindows {
        /// The file.
        file: String,
        /// Such windows.
        windows: u64,
    },
    /// A file holds fewer rows of a search than the search found, as they say themselves (`ResultCount`).
    CutShort {
        /// The file.
        file: String,
        /// Its rows of that search.
        rows: u64,
        /// What the search found.
        of: u64,
    },
    /// Bind records that do not say which messages were read.
    NoMessageIds {
        /// Such records.
        records: u64,
        /// All Bind records.
        of: u64,
    },
    /// Records of reading that do not say how (`MailAccessType`), nor what: they count as no read.
    UnclearReads {
        /// Such records.
        records: u64,
        /// All records of reading.
        of: u64,
    },
    /// Records of changed rules or forwarding that do not say what was set (`Parameters`).
    UnclearChanges {
        /// Such records.
        records: u64,
        /// All records of such changes.
        of: u64,
    },
    /// A file holds kept events, and nothing else of the export that they came from.
    OnlyEvents {
        /// The file.
        file: String,
    },
    /// There are records, but none of reading.
    NoReads,
    /// Sessions of a mailbox client without `ClientAppId` and `SessionId` cannot be told apart well.
    FewSessionIds {
        /// Records of reading without a session.
        records: u64,
        /// All records of reading.
        of: u64,
    },
}

impl Warning {
    /// What is wrong, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::NoRecords => "There is no mailbox record in these exports.".to_owned(),
            Self::Unread { input } => format!(
                "{input} could not be read, or not to its end: what it holds beyond is missing."
            ),
            Self::NotAnExport { input } => format!("{input} is no export of the audit log."),
            Self::Rejected {
                rows,
                of,
                reason,
                excerpt,
            } => format!(
                "{rows} of {of} rows could not be used: what they record is missing. The commonest reason: {reason}{}",
                beginning(excerpt)
            ),
            Self::DateOrder {
                records,
                order,
                reason,
                contradictory,
            } => format!(
                "{records} records are dated by slashes (such as 02/05/2024), and {}: they were taken for {}.",
                match contradictory {
                    true => "some dates prove that the day comes first and some the month",
                    false => "no day above 12 shows whether it comes first",
                },
                match (order, reason) {
                    (_, OrderReason::HalfDays) =>
                        "month/day, as is usual where the clock has AM and PM",
                    (DateOrder::DayFirst, OrderReason::Neighbours) =>
                        "day/month, since more days of the log follow on each other so",
                    (DateOrder::MonthFirst, OrderReason::Neighbours) =>
                        "month/day, since more days of the log follow on each other so",
                    (_, OrderReason::Comma) =>
                        "day/month, as is usual where a comma and a clock of 24 hours follow",
                    (_, OrderReason::NoComma) =>
                        "month/day, as scripts write them with a clock of 24 hours",
                }
            ),
            Self::Gap(gap) => format!(
                "No record at all from {} to {} ({}), while the tenant was active before and after.",
                moment(gap.start),
                moment(gap.end),
                length(gap.end - gap.start)
            ),
            Self::Silent { mailbox, last } => {
                format!(
                    "{mailbox} was logged daily until {} and has no record since.",
                    moment(*last)
                )
            }
            Self::Renamed {
                mailbox,
                last,
                name,
            } => format!(
                "{mailbox} is logged under another name since {} (same MailboxGuid): {name}.",
                moment(*last)
            ),
            Self::Throttled {
                mailbox,
                start,
                end,
                stated: true,
            } => {
                format!(
                    "{mailbox} was throttled: its reads from {} to {} may be missing.",
                    moment(*start),
                    moment(*end)
                )
            }
            Self::Throttled {
                mailbox,
                start,
                end,
                stated: false,
            } => format!(
                "{mailbox} had more than {THROTTLE_BINDS} Bind records within 24 hours: its reads from {} to {} may not have been logged.",
                moment(*start),
                moment(*end)
            ),
            Self::RowCap { file, rows } => {
                format!(
                    "{file} has exactly {rows} rows, the most its exporter writes: it is probably cut off."
                )
            }
            Self::CappedWindows { file, windows } => format!(
                "{file} holds windows of Search-UnifiedAuditLog that end at the limit of the cmdlet (ResultIndex), {windows} in all: they are probably cut off."
            ),
            Self::CutShort { file, rows, of } => format!(
                "{file} holds {rows} rows of a search that found {of} (ResultCount): the others are missing."
            ),
            Self::NoMessageIds { records, of } => {
                format!("{records} of {of} Bind records do not say which messages were read.")
            }
            Self::UnclearReads { records, of } => format!(
                "{records} of {of} records of reading do not say how (MailAccessType), nor name a message: they count as no read."
            ),
            Self::UnclearChanges { records, of } => format!(
                "{records} of {of} records of changed rules or forwarding do not say what was set (Parameters)."
            ),
            Self::OnlyEvents { file } => format!(
                "{file} holds kept events only: which other records its export had, what there was to look into among them, and what could not be used, is not in it."
            ),
            Self::NoReads => {
                "No record is of reading (MailItemsAccessed): it was not audited or not exported."
                    .to_owned()
            }
            Self::FewSessionIds { records, of } => {
                format!("{records} of {of} records of reading carry no SessionId.")
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoRecords => {
                "Check the period and the activities of the export, and whether auditing is on at all: where it is off, the log is as empty."
            }
            Self::Unread { .. } => {
                "See the message about this input, export it again and read it with the rest."
            }
            Self::NotAnExport { .. } => {
                "Nothing is missing if these files are not meant to be read; if they are, export them again as CSV or JSON."
            }
            Self::DateOrder { .. } => {
                "Compare a record with its portal. Dates as 2024-05-02 leave nothing open: export as JSON, format them in the query, or read a day after the 12th along."
            }
            Self::Renamed { .. } => {
                "Nothing is missing. The two names count as two mailboxes: what the first was used to is new to the second."
            }
            Self::Rejected { .. } => {
                "mailglass analyze keeps them with file, row and reason in rejects.csv; export again what was cut or changed on its way."
            }
            Self::Gap(_) => {
                "Export the missing time again; if it stays empty, check whether auditing was switched off then."
            }
            Self::Silent { .. } => {
                "Check whether the mailbox still exists and whether its auditing, or its licence, was changed (Get-Mailbox -AuditEnabled, AuditOwner)."
            }
            Self::Throttled { .. } => {
                "Treat the window as missing, not as quiet; message traces and the client's own logs may show what was read."
            }
            Self::RowCap { .. } | Self::CappedWindows { .. } => {
                "Export shorter periods, so that no file reaches the limit, and read all of them together."
            }
            Self::CutShort { .. } => {
                "Fetch all pages of the search (-SessionCommand ReturnLargeSet until no row comes), or search shorter periods, and read all together."
            }
            Self::NoMessageIds { .. } => {
                "Exposure by message is incomplete for these records; take the whole folder as read."
            }
            Self::UnclearReads { .. } => {
                "Export again with the property OperationProperties, or the whole AuditData, and read that with the rest."
            }
            Self::UnclearChanges { .. } => {
                "Export again with the whole AuditData (ConvertTo-Json cuts off below two levels: give it -Depth 10), or look the rules up in the mailboxes."
            }
            Self::OnlyEvents { .. } => {
                "Read the export itself for leads.csv, rejects and failures, or keep what mailglass inspect tells of it beside the events."
            }
            Self::NoReads => {
                "Export again with MailItemsAccessed among the activities; it needs the licence and the mailbox's auditing."
            }
            Self::FewSessionIds { .. } => {
                "Sessions of these records are formed by client and network instead."
            }
        }
    }
}

pub(super) fn rfc3339<S: Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(*time) {
        Ok(time) => serializer.collect_str(&time),
        Err(_) => serializer.serialize_i64(*time),
    }
}

impl Warning {
    /// Its place among others: what takes most from what a run can tell comes first.
    pub(super) fn gravity(&self) -> u8 {
        match self {
            Self::NoRecords => 0,
            Self::Rejected { .. } => 1,
            Self::Unread { .. } => 2,
            Self::DateOrder { .. } => 3,
            Self::RowCap { .. } | Self::CappedWindows { .. } | Self::CutShort { .. } => 4,
            Self::Gap(_) => 5,
            Self::Throttled { .. } => 6,
            Self::NoReads
            | Self::UnclearReads { .. }
            | Self::UnclearChanges { .. }
            | Self::NoMessageIds { .. } => 7,
            Self::OnlyEvents { .. } | Self::FewSessionIds { .. } => 8,
            Self::Silent { .. } => 9,
            Self::Renamed { .. } => 10,
            Self::NotAnExport { .. } => 11,
        }
    }
}

/// A moment as people read it, UTC.
pub(super) fn moment(time: i64) -> String {
    match jiff::Timestamp::from_millisecond(time) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => format!("{time} ms"),
    }
}

fn length(milliseconds: i64) -> String {
    let hours = milliseconds / HOUR;
    match hours {
        ..=1 => "an hour".to_owned(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

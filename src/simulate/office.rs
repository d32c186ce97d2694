//! Offices, their countries, time zones and languages.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::error::SimulateError;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Countries of the simulated world: those of the offices first, then destinations of travel and homes of hosting companies.
pub(super) const COUNTRIES: [&str; 14] = [
    "NL", "US", "SG", "GB", "IN", "SA", "AU", "DE", "FR", "ES", "IT", "JP", "BR", "PL",
];

/// Folder names in the language that a mailbox was first opened in (localised paths are one of the traps of real exports).
pub(super) struct FolderNames {
    pub(super) inbox: &'static str,
    pub(super) sent: &'static str,
    pub(super) drafts: &'static str,
    pub(super) deleted: &'static str,
    pub(super) junk: &'static str,
    pub(super) archive: &'static str,
}

const ENGLISH: FolderNames = FolderNames {
    inbox: "Inbox",
    sent: "Sent Items",
    drafts: "Drafts",
    deleted: "Deleted Items",
    junk: "Junk Email",
    archive: "Archive",
};
const DUTCH: FolderNames = FolderNames {
    inbox: "Postvak IN",
    sent: "Verzonden items",
    drafts: "Concepten",
    deleted: "Verwijderde items",
    junk: "Ongewenste e-mail",
    archive: "Archief",
};
const FRENCH: FolderNames = FolderNames {
    inbox: "Boîte de réception",
    sent: "Éléments envoyés",
    drafts: "Brouillons",
    deleted: "Éléments supprimés",
    junk: "Courrier indésirable",
    archive: "Archives",
};

/// The languages of mailboxes, the commonest first.
pub(super) const LANGUAGES: [&FolderNames; 3] = [&ENGLISH, &DUTCH, &FRENCH];

/// Where people work.
pub(super) struct Office {
    zone: TimeZone,
    /// Index into [`COUNTRIES`].
    pub(super) country: usize,
    /// Days off each week, 0 for Monday.
    pub(super) weekend: [i64; 2],
    /// Data-centre region that hosts the mailboxes, as it appears in server names.
    pub(super) region: &'static str,
    /// Server name prefix of the region.
    pub(super) server: &'static str,
}

type Site = (&'static str, usize, [i64; 2], &'static str, &'static str);

/// Cities by zone. The order is ours: a European headquarters, then a site on each continent, so that a night attack on one is a working
/// day in another.
const SITES: [Site; 8] = [
    ("Europe/Amsterdam", 0, [5, 6], "eurprd04", "AM0PR04MB"),
    ("America/New_York", 1, [5, 6], "namprd11", "BN8PR11MB"),
    ("Asia/Singapore", 2, [5, 6], "apcprd03", "SG2PR03MB"),
    ("Europe/London", 3, [5, 6], "gbrp265", "LO2P265MB"),
    ("America/Los_Angeles", 1, [5, 6], "namprd08", "BY5PR08MB"),
    ("Asia/Kolkata", 4, [5, 6], "indprd01", "PN0PR01MB"),
    ("Asia/Riyadh", 5, [4, 5], "eurprd09", "DB9PR09MB"),
    ("Australia/Sydney", 6, [5, 6], "ausprd01", "SY4PR01MB"),
];

impl Office {
    /// The first `count` offices.
    pub(super) fn open(count: u32) -> Result<Vec<Self>, SimulateError> {
        let open = |&(zone, country, weekend, region, server): &Site| {
            let zone =
                TimeZone::get(zone).map_err(|source| SimulateError::TimeZone { zone, source })?;
            Ok(Self {
                zone,
                country,
                weekend,
                region,
                server,
            })
        };
        SITES.iter().take(count as usize).map(open).collect()
    }

    /// Seconds that local time is ahead of UTC around a moment.
    pub(super) fn ahead(&self, unix: i64) -> i64 {
        Timestamp::from_second(unix)
            .map_or(0, |moment| i64::from(self.zone.to_offset(moment).seconds()))
    }
}

/// The days of the log and the conversions between day numbers, weekdays and Unix time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    /// Midnight UTC before the first day, in Unix seconds.
    pub(super) start: i64,
    /// Number of days.
    pub(super) days: i64,
    first_weekday: i64,
}

impl Calendar {
    /// The calendar of a log that starts on a date.
    pub(super) fn new(first: civil::Date, days: u32) -> Self {
        let epoch = civil::date(1970, 1, 1);
        let since = epoch
            .until(first)
            .map_or(0, |span| i64::from(span.get_days()));
        Self {
            start: since * DAY,
            days: i64::from(days),
            first_weekday: i64::from(first.weekday().to_monday_zero_offset()),
        }
    }

    /// The moment after the last record.
    pub(super) fn end(&self) -> i64 {
        self.start + self.days * DAY
    }

    /// Midnight UTC of a day; day 0 is the first.
    pub(super) fn midnight(&self, day: i64) -> i64 {
        self.start + day * DAY
    }

    /// Midnight of a day on an office's clock.
    pub(super) fn local_midnight(&self, day: i64, office: &Office) -> i64 {
        let noon = self.midnight(day) + DAY / 2;
        self.midnight(day) - office.ahead(noon)
    }

    /// The day that a moment falls on, in UTC.
    pub(super) fn day_of(&self, unix: i64) -> i64 {
        (unix - self.start).div_euclid(DAY)
    }

    /// 0 for Monday to 6 for Sunday.
    pub(super) fn weekday(&self, day: i64) -> i64 {
        (self.first_weekday + day).rem_euclid(7)
    }

    /// Days since 1 January 2024, which client versions are counted from.
    pub(super) fn since_2024(&self, day: i64) -> i64 {
        self.start / DAY + day - 19_723
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weekdays() {
        // 8 January 2024 was a Monday and day 19,730 of Unix time.
        let calendar = Calendar::new(civil::date(2024, 1, 8), 28);
        assert_eq!(calendar.start, 19_730 * DAY);
        assert_eq!(
            (
                calendar.weekday(0),
                calendar.weekday(6),
                calendar.weekday(-1)
            ),
            (0, 6, 6)
        );
        assert_eq!(calendar.since_2024(0), 7);
        assert_eq!(calendar.day_of(calendar.start - 1), -1);
        assert_eq!(calendar.end() - calendar.start, 28 * DAY);
    }

    #[test]
    fn clocks_change_with_daylight_saving() {
        let offices = Office::open(8).expect("zones are bundled");
        let winter = Calendar::new(civil::date(2024, 1, 8), 1);
        let summer = Calendar::new(civil::date(2024, 7, 8), 1);
        assert_eq!(
            winter.midnight(0) - winter.local_midnight(0, &offices[0]),
            3600
        );
        assert_eq!(
            summer.midnight(0) - summer.local_midnight(0, &offices[0]),
            7200
        );
        assert_eq!(
            summer.midnight(0) - summer.local_midnight(0, &offices[4]),
            -7 * 3600
        );
        assert_eq!(
            summer.midnight(0) - summer.local_midnight(0, &offices[5]),
            19_800
        );
    }
}

//! The catalogue of features: every deviation that a session is weighed by, its unit and its meaning.
//!
//! All deviations share one unit, the **ban** (a factor of ten of improbability; Good 1985, "Weight of evidence: a
//! brief survey"): 0 is what the baseline expects, 3 is what it sees once in a thousand. Higher is always more
//! unusual, so deviations of different kinds can be compared, added and read aloud.

use serde::{Deserialize, Serialize};

/// What a feature speaks about; reasons and charts colour by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGroup {
    /// Who or what: application, client, actor.
    Identity,
    /// Where from: networks and countries.
    Network,
    /// When.
    Time,
    /// How much.
    Volume,
    /// What was done besides reading.
    Operation,
    /// The same unusual thing in other mailboxes or on other days.
    Pattern,
}

impl FeatureGroup {
    /// Every group, in the order of charts and tables.
    pub const ALL: [Self; 6] = [
        Self::Identity,
        Self::Network,
        Self::Time,
        Self::Volume,
        Self::Operation,
        Self::Pattern,
    ];

    /// Whether it speaks of what a session did, rather than of who did it, from where, and where else.
    pub(crate) fn is_conduct(self) -> bool {
        matches!(self, Self::Volume | Self::Time | Self::Operation)
    }

    /// The group's name as charts and tables show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Network => "network",
            Self::Time => "time",
            Self::Volume => "volume",
            Self::Operation => "operation",
            Self::Pattern => "pattern",
        }
    }
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Which feature.
    pub id: FeatureId,
    /// Name, as in the columns of `sessions.csv` and in `reasons.csv`.
    pub name: &'static str,
    /// What it speaks about.
    pub group: FeatureGroup,
    /// What is observed and in which unit, before it becomes a deviation in bans.
    pub observed: &'static str,
    /// What a high value means.
    pub meaning: &'static str,
}

macro_rules! catalogue {
    ($($id:ident, $name:literal, $group:ident, $observed:literal, $meaning:literal;)*) => {
        /// Index of a feature: its place among the deviations of a session.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FeatureId { $(#[doc = $meaning] $id),* }

        /// Every feature, in the order of the columns.
        pub const FEATURES: &[Feature] = &[
            $(Feature { id: FeatureId::$id, name: $name, group: FeatureGroup::$group, observed: $observed, meaning: $meaning }),*
        ];
    };
}

catalogue! {
    Application, "application", Identity, "application id, by how well mailbox and tenant know it, and whether it comes from where it always did",
        "the application has not opened this mailbox before, the more so the fewer mailboxes of the tenant know it; or it comes from a network that it has never used";
    Client, "client", Identity, "application with client string (browser, protocol), by how well mailbox and tenant know it",
        "the application with this browser or protocol is new to this mailbox";
    Actor, "actor", Identity, "who acted and with which logon type",
        "somebody opened the mailbox who had not opened it before";
    Network, "network", Network, "address block, by how well mailbox and tenant know it",
        "the session came from a network that is new to this mailbox";
    Token, "token", Network, "SessionId seen before, by where from and in which browser",
        "a sign-in session that began elsewhere goes on from another network or in another browser";
    Hour, "hour", Time, "hour of the week of the middle event",
        "the mailbox is rarely used at this hour of the week";
    Silence, "silence", Time, "days without any session of the mailbox before this day",
        "the mailbox was opened after it had rested longer than it does";
    Items, "items", Volume, "items read (Bind), per session",
        "more items were read than this mailbox's sessions through such clients read";
    Burst, "burst", Volume, "most items within five minutes",
        "items were read faster than this mailbox's sessions read";
    Bytes, "bytes", Volume, "bytes of the items read",
        "more bytes were read than this mailbox's sessions read";
    Folders, "folders", Volume, "distinct folders touched",
        "more folders were touched than this mailbox's sessions touch";
    Syncs, "syncs", Volume, "synchronisations of folders (each exposes the whole folder)",
        "more folders were downloaded whole than this mailbox's sessions download";
    DayItems, "day_items", Volume, "items and synchronised folders of the same client and provider (autonomous system, else address block) on this day",
        "one client read more of the mailbox on this day than clients of its kind do";
    Throttled, "throttled", Volume, "whether the service stopped logging reads of the mailbox (IsThrottled)",
        "so much was read that the service stopped logging it: what followed is not in the log";
    Changes, "changes", Operation, "most serious change: none, rule, concealing rule or forwarding or permission, mail sent to another domain",
        "rules, forwarding or permissions were changed, which this mailbox's sessions rarely do";
    Sends, "sends", Operation, "messages sent",
        "more messages were sent than this mailbox's sessions send";
    Deletes, "deletes", Operation, "messages deleted",
        "more messages were deleted than this mailbox's sessions delete";
    Searches, "searches", Operation, "mailbox searches and failed operations",
        "searches or failures that this mailbox's sessions rarely show";
    Spread, "spread", Pattern, "mailboxes in which the same application, client, network, block or actor is unfamiliar, on the day or within two weeks",
        "the same unfamiliar application, client, network, block or actor opened several mailboxes";
    Persistence, "persistence", Pattern, "earlier days on which the mailbox met the same still unfamiliar client or network",
        "an unfamiliar client or network comes back day after day";
    OddDays, "odd_days", Pattern, "days of the last two weeks on which a person's client came at an odd hour from a network new to the mailbox",
        "the mailbox is opened again and again at hours its owner does not keep, from networks that it did not know";
}

/// Number of features: the deviations of a session.
pub const FEATURE_COUNT: usize = FEATURES.len();

impl FeatureId {
    /// The catalogue's entry.
    pub fn feature(self) -> &'static Feature {
        &FEATURES[self as usize]
    }

    /// Place among the deviations of a session.
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_stands_at_its_own_column() {
        for (index, feature) in FEATURES.iter().enumerate() {
            assert_eq!(feature.id.index(), index);
            assert_eq!(feature.id.feature().name, feature.name);
        }
    }
}

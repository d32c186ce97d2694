//! What is kept of one mailbox: a few hundred bytes and its acquaintances.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::hours::{HOUR_CLASSES, WeekHistogram};
use super::known::{Acquaintance, Category};
use super::ladder::{FIRST_DAYS, MailboxLadder};
use super::odd_days::{OddDays, SETTLED_DAYS};
use super::volume::Moments;
use crate::feature::{CategoryKind, MEASURES, Observation};

/// The ladders that are kept per mailbox and for the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum LadderKind {
    Application,
    Client,
    Version,
    Origin,
    Actor,
    Network,
    Changes,
    Spread,
    SpreadToday,
    Persistence,
    Token,
    OddDays,
    Silence,
    Throttled,
}

impl LadderKind {
    pub(crate) const COUNT: usize = 14;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Application,
        Self::Client,
        Self::Version,
        Self::Origin,
        Self::Actor,
        Self::Network,
        Self::Changes,
        Self::Spread,
        Self::SpreadToday,
        Self::Persistence,
        Self::Token,
        Self::OddDays,
        Self::Silence,
        Self::Throttled,
    ];

    /// Whether its rungs tell how new something is that is met for the first time.
    pub(crate) fn counts_adoptions(self) -> bool {
        matches!(
            self,
            Self::Application
                | Self::Client
                | Self::Version
                | Self::Origin
                | Self::Actor
                | Self::Network
        )
    }

    /// Whether what a mailbox does often is ordinary for it. Odd visits are a stranger's habit, not the owner's.
    pub(crate) fn is_habit(self) -> bool {
        self != Self::OddDays
    }

    /// The age, in active days, that a mailbox's rates depend on: on its first days it meets everything for the first time, but an
    /// administrator's or an intruder's change may be all that is ever seen of it.
    pub(crate) fn age(self, active_days: u32) -> u32 {
        match self {
            Self::Changes => u32::MAX,
            _ => active_days,
        }
    }

    /// The ladder of the novelty of a category.
    pub(crate) fn of(kind: CategoryKind) -> Self {
        match kind {
            CategoryKind::Application => Self::Application,
            CategoryKind::Client => Self::Client,
            CategoryKind::Version => Self::Version,
            CategoryKind::Origin => Self::Origin,
            CategoryKind::Actor => Self::Actor,
            CategoryKind::Network | CategoryKind::Block | CategoryKind::Country => Self::Network,
        }
    }
}

/// Absent days after which a mailbox's clock stands still: a leave or a term abroad is no time in which something fell out of use.
const PAUSE_DAYS: i32 = 7;

/// Days without the owner after which a mailbox is dormant: more than a week off.
const DORMANT_DAYS: u32 = 9;

/// Where a `SessionId` was used first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenOrigin {
    pub(crate) block: u32,
    pub(crate) version: u32,
    pub(crate) last: i32,
}

impl TokenOrigin {
    pub(crate) fn of(observation: &Observation) -> Self {
        Self {
            block: observation.category(CategoryKind::Block),
            version: observation.category(CategoryKind::Version),
            last: observation.day,
        }
    }
}

/// Volumes through one client family, by measure.
pub(crate) type FamilyVolume = [Moments; MEASURES.len()];

/// Baseline of one mailbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct MailboxBaseline {
    /// First day with a session that taught, days since 1970.
    pub(crate) first_day: i32,
    /// Last day with a session.
    pub(crate) last_day: i32,
    /// Days that the tenant had learned with that one.
    pub(crate) learned_days: u32,
    /// Last day on which the owner sat at a screen.
    pub(crate) owner_day: Option<i32>,
    /// Last day on which the owner came, be it with a phone, and nothing spoke against it.
    pub(crate) person_day: Option<i32>,
    /// Days that the tenant had learned with that one.
    pub(crate) person_learned: u32,
    /// Days for which its clock stood still.
    pub(crate) paused: i32,
    /// Different days with sessions that taught.
    pub(crate) active_days: u32,
    /// Those of them on which the owner came.
    pub(crate) owner_days: u32,
    /// Days on which somebody other than the owner came.
    pub(crate) delegated_days: u32,
    /// What the mailbox has met.
    #[serde(with = "ordered")]
    pub(crate) known: FxHashMap<Category, Acquaintance>,
    pub(crate) ladders: [MailboxLadder; LadderKind::COUNT],
    pub(crate) odd_days: OddDays,
    /// Sign-in sessions of the last days, by hash of the `SessionId`.
    #[serde(with = "ordered")]
    pub(crate) tokens: FxHashMap<u64, TokenOrigin>,
    pub(crate) hours: [WeekHistogram; HOUR_CLASSES],
    /// By volume class (client family, familiar or not, owner or not). Boxed: a node of the map has room for eleven, and most
    /// mailboxes have one or two.
    pub(crate) volumes: BTreeMap<u8, Box<FamilyVolume>>,
}

impl MailboxBaseline {
    /// Days without any session before `day`; 0 where no earlier day is known.
    pub(crate) fn silence_before(&self, day: i32) -> u32 {
        if self.active_days == 0 {
            return 0;
        }
        u32::try_from(day - self.last_day - 1).unwrap_or(0)
    }

    /// Days of the log without any session before `day`, when the tenant has learned so many: where the export has a gap, nobody
    /// knows who came.
    pub(crate) fn logged_silence_before(&self, day: i32, learned_days: u32) -> u32 {
        let logged = learned_days.saturating_sub(self.learned_days);
        self.silence_before(day).min(logged)
    }

    /// Whether its owner has not come for so many days of the log that who comes on `day` need not be the owner, when the tenant has
    /// learned so many.
    pub(crate) fn is_dormant(&self, day: i32, learned_days: u32) -> bool {
        let idle = |last: i32| {
            let days = u32::try_from(day.saturating_sub(last)).unwrap_or(0);
            days.min(learned_days.saturating_sub(self.person_learned) + 1)
        };
        self.person_day
            .is_some_and(|last| idle(last) > DORMANT_DAYS)
    }

    /// A day (since 1970) by the mailbox's own time, which stands still while nobody has come for longer than [`PAUSE_DAYS`].
    pub(crate) fn clock(&self, day: i32) -> i32 {
        day - self.paused - self.pause_before(day)
    }

    /// Its last day is over, the tenant's `learned_days`th.
    pub(crate) fn close(&mut self, day: i32, learned_days: u32) {
        self.paused += self.pause_before(day);
        self.last_day = day;
        self.learned_days = learned_days;
    }

    /// Days for which the clock has stood still since the last day.
    fn pause_before(&self, day: i32) -> i32 {
        let absent = i32::try_from(self.silence_before(day)).unwrap_or(i32::MAX);
        (absent - PAUSE_DAYS).max(0)
    }
}

impl MailboxBaseline {
    /// How long its owner has used it, in active days. Services may have come first, since a mailbox is made before somebody begins
    /// to work; where others came for long, as to a shared mailbox, its own age counts.
    pub(crate) fn owner_age(&self) -> u32 {
        if self.active_days.saturating_sub(self.owner_days) <= SETTLED_DAYS {
            self.owner_days
        } else {
            self.active_days
        }
    }

    /// Days that its ladders have counted: those that taught, but for the first.
    pub(crate) fn counted_days(&self) -> u32 {
        self.active_days.saturating_sub(FIRST_DAYS)
    }
}

/// Hash maps are written in the order of their keys, so that equal models are equal files.
pub(crate) mod ordered {
    use rustc_hash::FxHashMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<K, V, S>(
        map: &FxHashMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error>
    where
        K: Serialize + Ord,
        V: Serialize,
        S: Serializer,
    {
        let mut entries: Vec<(&K, &V)> = map.iter().collect();
        entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
        entries.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<FxHashMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Eq + std::hash::Hash,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_without_its_owner_for_ten_days_of_the_log_is_dormant() {
        let is_dormant = |person_day, learned_days| {
            let baseline = MailboxBaseline {
                person_day,
                person_learned: 50,
                ..MailboxBaseline::default()
            };
            baseline.is_dormant(100, learned_days)
        };
        assert_eq!(
            [None, Some(91), Some(90)].map(|last| is_dormant(last, 59)),
            [false, false, true]
        );
        assert!(!is_dormant(Some(60), 55), "the log has a gap");
        assert!(!is_dormant(Some(110), 99), "judged by later days");
    }

    #[test]
    fn an_owner_may_begin_after_the_services() {
        let age = |active_days, owner_days| {
            let baseline = MailboxBaseline {
                active_days,
                owner_days,
                ..MailboxBaseline::default()
            };
            baseline.owner_age()
        };
        // Services for a week, then the owner; a mailbox that others share, and its account signs in.
        assert_eq!((age(7, 0), age(9, 2)), (0, 2));
        assert_eq!((age(40, 0), age(40, 25)), (40, 40));
    }

    #[test]
    fn silence_is_counted_between_days_with_sessions() {
        let silence = |active_days, last_day, day| {
            let baseline = MailboxBaseline {
                active_days,
                last_day,
                ..MailboxBaseline::default()
            };
            baseline.silence_before(day)
        };
        assert_eq!((silence(9, 100, 101), silence(9, 100, 111)), (0, 10));
        // Nothing is known of a new mailbox, nor before days that lie ahead.
        assert_eq!((silence(0, 0, 20_000), silence(9, 100, 90)), (0, 0));
    }

    #[test]
    fn a_gap_of_the_log_is_no_silence() {
        let baseline = MailboxBaseline {
            active_days: 9,
            last_day: 100,
            learned_days: 30,
            ..MailboxBaseline::default()
        };
        // Ten days later, of which the log holds none, four, or all.
        let silence = [30, 34, 40].map(|days| baseline.logged_silence_before(111, days));
        assert_eq!(silence, [0, 4, 10]);
    }

    #[test]
    fn the_clock_stands_still_while_nobody_comes() {
        let mut baseline = MailboxBaseline {
            active_days: 20,
            ..MailboxBaseline::default()
        };
        for day in [100, 101, 104] {
            baseline.close(day, 1);
        }
        // Counted from the mailbox's first days on: what matters are differences.
        let weekend = baseline.clock(104);
        assert_eq!(baseline.clock(112) - weekend, 8);
        assert_eq!(baseline.clock(204) - weekend, 8);
        baseline.close(204, 1);
        assert_eq!(baseline.clock(204) - weekend, 8);
        assert_eq!(baseline.clock(206) - weekend, 10);
    }
}

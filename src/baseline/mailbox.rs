//! What is kept of one mailbox: a few hundred bytes and its acquaintances.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::hours::{HOUR_CLASSES, WeekHistogram};
use super::ladder::MailboxLadder;
use super::novelty::{Acquaintance, Category};
use super::volume::{ItemHabit, Moments};
use crate::feature::{CategoryKind, MEASURES};

/// The ladders that are kept per mailbox and for the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum LadderKind {
    Application,
    Client,
    Version,
    Actor,
    Network,
    Changes,
    Spread,
    Persistence,
}

impl LadderKind {
    pub(crate) const COUNT: usize = 8;
}

/// Volumes through one client family.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FamilyVolume {
    pub(crate) moments: [Moments; MEASURES.len()],
    pub(crate) items: ItemHabit,
}

/// Baseline of one mailbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct MailboxBaseline {
    /// First day with a session, days since 1970.
    pub(crate) first_day: i32,
    /// Last day with a session.
    pub(crate) last_day: i32,
    /// Different days with sessions.
    pub(crate) active_days: u32,
    /// Sessions learned.
    pub(crate) sessions: u32,
    /// What the mailbox has met.
    #[serde(with = "ordered")]
    pub(crate) known: FxHashMap<Category, Acquaintance>,
    pub(crate) ladders: [MailboxLadder; LadderKind::COUNT],
    pub(crate) hours: [WeekHistogram; HOUR_CLASSES],
    /// By client family.
    pub(crate) volumes: BTreeMap<u8, FamilyVolume>,
}

impl MailboxBaseline {
    /// How the mailbox knows a category.
    pub(crate) fn acquaintance(&self, kind: CategoryKind, symbol: u32) -> Option<&Acquaintance> {
        self.known.get(&(kind, symbol))
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

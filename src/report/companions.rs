//! What else a flagged visitor did in the mailbox, as far as it was not flagged.
//!
//! An intruder who reads a hundred messages is flagged, and who sends three from there an hour later is not: what came with the same
//! `SessionId` from elsewhere than the mailbox's own networks, or from the same network that is not one of them, belongs to the same
//! question. What comes with the `SessionId` from home is the owner, whose it was.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::chart::Companions;
use crate::pipeline::{Analysis, AnalyzedSession};

/// Ranks that are named.
const NAMED: usize = 4;

/// What two sessions of one mailbox have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Tie {
    SessionId(u32),
    Network(u32),
}

type Key = (u32, Tie);

/// What a session may share with others: what the log does not say ties nothing.
fn ties(analyzed: &AnalyzedSession) -> [Option<Key>; 2] {
    let session = &analyzed.session;
    let tie = |code: u32, tie: fn(u32) -> Tie| (code != 0).then(|| (session.mailbox, tie(code)));
    [
        tie(session.session_key, Tie::SessionId),
        tie(session.network, Tie::Network),
    ]
}

/// The ties of a flagged session: from the mailbox's own networks come all its sessions.
fn ties_of_flagged(analyzed: &AnalyzedSession) -> [Option<Key>; 2] {
    let [session_id, network] = ties(analyzed);
    [session_id, network.filter(|_| is_strange(analyzed))]
}

fn is_strange(analyzed: &AnalyzedSession) -> bool {
    !analyzed.verdict.ranked.own_network
}

/// The companions of flagged sessions, counted once for all of them.
#[derive(Debug, Default)]
pub(super) struct AllCompanions {
    of: FxHashMap<Key, Companions>,
    /// How many have both in common.
    both: FxHashMap<[Key; 2], u64>,
}

impl AllCompanions {
    pub(super) fn among(analysis: &Analysis) -> Self {
        let wanted: FxHashSet<Key> = analysis
            .flagged()
            .flat_map(ties_of_flagged)
            .flatten()
            .collect();
        let mut found = Self::default();
        let others = analysis.sessions.iter().filter(|analyzed| {
            !analyzed.verdict.ranked.flagged && analyzed.session.touches_mailbox()
        });
        for other in others {
            let [session_id, network] = ties(other);
            let of_strangers = session_id.filter(|_| is_strange(other));
            let shared = [of_strangers, network].map(|key| key.filter(|key| wanted.contains(key)));
            for key in shared.into_iter().flatten() {
                let of = found.of.entry(key).or_default();
                of.sessions += 1;
                // Sessions come by rank.
                if of.ranks.len() < NAMED {
                    of.ranks.push(other.rank as u32);
                }
            }
            if let [Some(first), Some(second)] = shared {
                *found.both.entry([first, second]).or_default() += 1;
            }
        }
        found
    }

    /// Those of one flagged session.
    pub(super) fn of(&self, flagged: &AnalyzedSession) -> Companions {
        let keys = ties_of_flagged(flagged);
        let mut all = Companions::default();
        for of in keys.iter().flatten().filter_map(|key| self.of.get(key)) {
            all.sessions += of.sessions;
            all.ranks.extend(&of.ranks);
        }
        if let [Some(first), Some(second)] = keys {
            all.sessions -= self.both.get(&[first, second]).copied().unwrap_or(0);
        }
        all.ranks.sort_unstable();
        all.ranks.dedup();
        all.ranks.truncate(NAMED);
        all
    }
}

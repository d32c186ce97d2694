//! Sign-in sessions: where each `SessionId` is at home, and how strange it is elsewhere.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::Baselines;
use super::judge::Novelties;
use super::mailbox::TokenOrigin;
use super::novelty::Novelty;
use crate::feature::{Observation, Symbol};

impl Baselines {
    /// How strange the use of a `SessionId` is: 0 where it is at home, 1 from another network that the mailbox knows,
    /// 2 from one that it does not, one more in another browser. A `SessionId` that begins on this day is at home in
    /// the most familiar of its networks, whoever came first: a thief at night precedes the owner in the morning.
    pub(super) fn token_rungs(
        &self,
        observations: &[Observation],
        novelties: &[Novelties],
    ) -> Vec<usize> {
        let begun = homes(
            observations
                .iter()
                .zip(novelties)
                .map(|(observation, (_, network))| (observation, *network)),
        );
        observations
            .iter()
            .zip(novelties)
            .map(|(observation, (_, network))| {
                let Some(begun) = begun.get(&(observation.mailbox, observation.token)) else {
                    return 0;
                };
                let here = TokenOrigin::of(observation);
                let origin = self
                    .mailboxes
                    .get(&observation.mailbox)
                    .and_then(|b| b.tokens.get(&observation.token))
                    .unwrap_or(&begun.origin);
                let moved = if origin.block == here.block {
                    0
                } else {
                    1 + usize::from(network.rung >= 2)
                };
                // Not every record names a browser.
                let named = origin.version != 0 && here.version != 0;
                moved + usize::from(named && origin.version != here.version)
            })
            .collect()
    }
}

/// Where a day's `SessionId` is at home, and how new that network is to the mailbox.
pub(super) struct Home {
    rung: usize,
    pub(super) origin: TokenOrigin,
}

/// Where each `SessionId` of a day is at home: in the network that the mailbox knows best; of equals in the first.
pub(super) fn homes<'a>(
    sessions: impl Iterator<Item = (&'a Observation, Novelty)>,
) -> FxHashMap<(Symbol, u64), Home> {
    let mut homes: FxHashMap<(Symbol, u64), Home> = FxHashMap::default();
    for (observation, network) in sessions.filter(|(o, _)| o.token != 0 && o.touches_mailbox) {
        let here = Home {
            rung: network.rung,
            origin: TokenOrigin::of(observation),
        };
        match homes.entry((observation.mailbox, observation.token)) {
            Entry::Vacant(slot) => {
                slot.insert(here);
            }
            Entry::Occupied(mut slot) if here.rung < slot.get().rung => {
                slot.insert(here);
            }
            Entry::Occupied(_) => {}
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::CategoryKind;

    #[test]
    fn a_record_without_a_browser_comes_from_no_other_one() {
        let rung = |versions: [Symbol; 2]| {
            let visits = versions.map(|version| {
                let mut visit = Observation::visit(0, 60);
                visit.token = 9;
                visit.categories[CategoryKind::Version as usize] = version;
                visit
            });
            let judged = Baselines::default().judge_day(&visits);
            judged[0].token.max(judged[1].token)
        };
        assert_eq!([[3, 3], [3, 4], [3, 0], [0, 3]].map(rung), [0, 1, 0, 0]);
    }
}

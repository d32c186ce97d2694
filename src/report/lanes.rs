//! Clients and networks of one mailbox, day by day: the lanes of its sheet.

use std::cmp::Reverse;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::period::Period;
use crate::chart::label;
use crate::chart::mailbox_sheet::Lane;
use crate::explain::Naming;
use crate::pipeline::AnalyzedSession;
use crate::session::AddressBlocks;

/// Most lanes that are kept of those with flagged sessions, and of the others: a sheet shows fewer, and an export can name a
/// million clients of one mailbox. The rest of each is kept as a sum.
const KEPT: usize = 40;

/// The clients that opened a mailbox.
pub(super) fn clients(
    sessions: &[&AnalyzedSession],
    naming: &Naming<'_>,
    period: &Period,
) -> Vec<Lane> {
    let visits = visits(sessions);
    let (client_of, names) = numbered(visits.iter().map(|s| naming.client(&s.session)));
    lanes(&visits, &client_of, names, period)
}

/// The networks from which a mailbox was opened. Those of one provider's block are one lane: home and mobile connections change
/// their address block by the day, and attackers rotate theirs. What took part in flagged sessions is never joined with what did
/// not.
pub(super) fn networks(
    sessions: &[&AnalyzedSession],
    (naming, blocks): (&Naming<'_>, &AddressBlocks),
    period: &Period,
) -> Vec<Lane> {
    let visits = visits(sessions);
    let (network_of, names) = numbered(visits.iter().map(|s| naming.network(&s.session)));
    let mut places = vec![(false, ""); names.len()];
    for (visit, &network) in visits.iter().zip(&network_of) {
        places[network].0 |= visit.verdict.ranked.flagged;
        places[network].1 = blocks.name(blocks.of(visit.session.network));
    }
    let (block_of, blocks) = numbered(places.into_iter());
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); blocks.len()];
    for (network, &block) in block_of.iter().enumerate() {
        members[block].push(network);
    }
    let labels = blocks
        .iter()
        .zip(&members)
        .map(|((_, block), members)| match members.as_slice() {
            [only] => names[*only].clone(),
            several => block_label(block, several.len()),
        })
        .collect();
    let lane_of: Vec<usize> = network_of
        .iter()
        .map(|&network| block_of[network])
        .collect();
    lanes(&visits, &lane_of, labels, period)
}

fn block_label(block: &str, networks: usize) -> String {
    format!("{block} ({} networks)", label::count(networks as u64))
}

/// The sessions that touched the mailbox.
fn visits<'a>(sessions: &[&'a AnalyzedSession]) -> Vec<&'a AnalyzedSession> {
    let touching = |s: &&AnalyzedSession| s.session.touches_mailbox();
    sessions.iter().copied().filter(touching).collect()
}

/// The number of each key, and the keys by their numbers.
fn numbered<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> (Vec<usize>, Vec<K>) {
    let mut numbers: FxHashMap<K, usize> = FxHashMap::default();
    let of = keys
        .map(|key| {
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        })
        .collect();
    let mut names: Vec<(K, usize)> = numbers.into_iter().collect();
    names.sort_unstable_by_key(|&(_, number)| number);
    (of, names.into_iter().map(|(key, _)| key).collect())
}

/// Sums visits into lanes: `lane_of` each visit, and the lanes' `labels`.
fn lanes(
    visits: &[&AnalyzedSession],
    lane_of: &[usize],
    labels: Vec<String>,
    period: &Period,
) -> Vec<Lane> {
    let items = |s: &AnalyzedSession| (s.session.items + u64::from(s.session.syncs)).max(1);
    let mut totals = vec![(false, 0u64); labels.len()];
    for (visit, &lane) in visits.iter().zip(lane_of) {
        totals[lane].0 |= visit.verdict.ranked.flagged;
        totals[lane].1 += items(visit);
    }
    let (mut lanes, place_of) = places(labels, &totals, period.days);
    for (visit, &lane) in visits.iter().zip(lane_of) {
        let day = period.day(visit.session.start);
        let lane = &mut lanes[place_of[lane]];
        lane.days[day] += items(visit);
        if visit.verdict.ranked.flagged {
            lane.flagged_days.push(day);
        }
    }
    for lane in &mut lanes {
        lane.flagged_days.sort_unstable();
        lane.flagged_days.dedup();
    }
    lanes
}

/// Empty lanes for the labels that are kept and for the sums of the rest, and in which of them each label is counted. `totals`
/// tell whether a label has flagged sessions, and its items.
fn places(labels: Vec<String>, totals: &[(bool, u64)], days: usize) -> (Vec<Lane>, Vec<usize>) {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut place_of = vec![0; labels.len()];
    for flagged in [true, false] {
        let mut of_kind: Vec<usize> = (0..labels.len())
            .filter(|&label| totals[label].0 == flagged)
            .collect();
        of_kind.sort_unstable_by_key(|&label| (Reverse(totals[label].1), &labels[label]));
        for (rank, &label) in of_kind.iter().enumerate() {
            if rank <= KEPT {
                let is_sum = rank == KEPT && of_kind.len() > KEPT + 1;
                lanes.push(Lane {
                    label: if is_sum {
                        "others".to_owned()
                    } else {
                        labels[label].clone()
                    },
                    days: vec![0; days],
                    flagged_days: Vec::new(),
                    sums: if is_sum {
                        (of_kind.len() - KEPT) as u64
                    } else {
                        0
                    },
                });
            }
            place_of[label] = lanes.len() - 1;
        }
    }
    (lanes, place_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_as_they_come() {
        let (of, keys) = numbered(["b", "a", "b", "c"].into_iter());
        assert_eq!((of, keys), (vec![0, 1, 0, 2], vec!["b", "a", "c"]));
    }

    #[test]
    fn the_largest_lanes_are_kept_and_the_rest_is_one() {
        let label = |n: usize| format!("client {n}");
        // One with a flagged session, and more others than are kept, the larger the later.
        let lanes = |others: usize| {
            let labels: Vec<String> = (0..=others).map(label).collect();
            let totals: Vec<(bool, u64)> = (0..=others).map(|n| (n == 0, n as u64)).collect();
            places(labels, &totals, 3)
        };
        let (all, place_of) = lanes(KEPT + 1);
        assert_eq!((all.len(), place_of[0]), (KEPT + 2, 0));
        assert!(all.iter().all(|lane| lane.sums == 0));
        let (some, place_of) = lanes(100);
        assert_eq!(some.len(), KEPT + 2);
        assert_eq!((&some[0].label, &some[1].label), (&label(0), &label(100)));
        let rest = &some[KEPT + 1];
        assert_eq!(
            (rest.label.as_str(), rest.sums),
            ("others", 100 - KEPT as u64)
        );
        assert_eq!(rest.days, [0; 3]);
        assert_eq!((place_of[1], place_of[100 - KEPT]), (KEPT + 1, KEPT + 1));
        assert_eq!((place_of[100 - KEPT + 1], place_of[100]), (KEPT, 1));
    }
}

//! Clients and networks of one mailbox over time: the lanes of its sheet.

use std::cmp::Reverse;
use std::hash::Hash;

use super::period::Period;
use crate::chart::label;
use crate::chart::mailbox_sheet::Lane;
use crate::explain::Naming;
use crate::pipeline::AnalyzedSession;
use crate::seeded::SeededMap;
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
    let touching = || sessions.iter().filter(|s| s.session.touches_mailbox());
    let visits: Vec<Visit> = touching().map(|s| Visit::of(s, period)).collect();
    let (client_of, names) = numbered(touching().map(|s| naming.client(&s.session)));
    let names: Vec<Name> = names.into_iter().map(Name::of_one).collect();
    lanes(&visits, &client_of, &names, period.cells())
}

/// The networks from which a mailbox was opened.
pub(super) fn networks(
    sessions: &[&AnalyzedSession],
    (naming, blocks): (&Naming<'_>, &AddressBlocks),
    period: &Period,
) -> Vec<Lane> {
    let touching = || sessions.iter().filter(|s| s.session.touches_mailbox());
    let visits: Vec<Visit> = touching().map(|s| Visit::of(s, period)).collect();
    let (network_of, networks) = numbered(touching().map(|s| {
        let block = blocks.name(blocks.of(s.session.network));
        (naming.network(&s.session), block)
    }));
    let (lane_of, labels) = by_block(&visits, &network_of, &networks);
    lanes(&visits, &lane_of, &labels, period.cells())
}

/// What a lane is called, and how many clients or networks that names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    label: String,
    members: u64,
}

impl Name {
    fn of_one(label: String) -> Self {
        Self { label, members: 1 }
    }
}

/// What a session adds to its lane.
#[derive(Debug, Clone, Copy)]
struct Visit {
    cell: usize,
    items: u64,
    flagged: bool,
}

impl Visit {
    fn of(analyzed: &AnalyzedSession, period: &Period) -> Self {
        let session = &analyzed.session;
        Self {
            cell: period.cell(session.start),
            items: (session.items + u64::from(session.syncs)).max(1),
            flagged: analyzed.verdict.ranked.flagged,
        }
    }
}

/// The number of each key, and the keys by their numbers.
fn numbered<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> (Vec<usize>, Vec<K>) {
    let mut numbers: SeededMap<K, usize> = SeededMap::default();
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

/// Joins the `networks` (name and block) of one provider's block into one lane: home and mobile connections change their address
/// block by the day, and attackers rotate theirs. What took part in flagged sessions is never joined with what did not. Gives
/// the lane of each visit, and the lanes' names.
fn by_block(
    visits: &[Visit],
    network_of: &[usize],
    networks: &[(String, &str)],
) -> (Vec<usize>, Vec<Name>) {
    let mut flagged = vec![false; networks.len()];
    for (visit, &network) in visits.iter().zip(network_of) {
        flagged[network] |= visit.flagged;
    }
    let places = flagged.iter().zip(networks);
    let (place_of, places) = numbered(places.map(|(&flagged, &(_, block))| (flagged, block)));
    let mut members: Vec<Vec<&str>> = vec![Vec::new(); places.len()];
    for ((name, _), &place) in networks.iter().zip(&place_of) {
        members[place].push(name);
    }
    let labels = places
        .iter()
        .zip(members)
        .map(|((_, block), members)| match members.as_slice() {
            [only] => Name::of_one((*only).to_owned()),
            several => {
                let members = several.len() as u64;
                let label = format!("{block} ({} networks)", label::count(members));
                Name { label, members }
            }
        })
        .collect();
    let lane_of = network_of.iter().map(|&network| place_of[network]);
    (lane_of.collect(), labels)
}

/// Sums visits into lanes: `lane_of` each visit, and the lanes' `names`.
fn lanes(visits: &[Visit], lane_of: &[usize], names: &[Name], cells: usize) -> Vec<Lane> {
    let mut totals = vec![(false, 0u64); names.len()];
    for (visit, &lane) in visits.iter().zip(lane_of) {
        totals[lane].0 |= visit.flagged;
        totals[lane].1 += visit.items;
    }
    let (mut lanes, place_of) = places(names, &totals, cells);
    for (visit, &lane) in visits.iter().zip(lane_of) {
        let lane = &mut lanes[place_of[lane]];
        lane.cells[visit.cell] += visit.items;
        if visit.flagged {
            lane.flagged.push(visit.cell);
        }
    }
    for lane in &mut lanes {
        lane.flagged.sort_unstable();
        lane.flagged.dedup();
    }
    lanes
}

/// Empty lanes for the names that are kept and for the sums of the rest, and in which of them each name is counted. `totals`
/// tell whether a name has flagged sessions, and its items.
fn places(names: &[Name], totals: &[(bool, u64)], cells: usize) -> (Vec<Lane>, Vec<usize>) {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut place_of = vec![0; names.len()];
    let empty = |name: &Name, rest: bool| Lane {
        label: name.label.clone(),
        cells: vec![0; cells],
        flagged: Vec::new(),
        members: name.members,
        rest,
    };
    for flagged in [true, false] {
        let mut of_kind: Vec<usize> = (0..names.len())
            .filter(|&name| totals[name].0 == flagged)
            .collect();
        of_kind.sort_unstable_by_key(|&name| (Reverse(totals[name].1), &names[name].label));
        let (kept, rest) = of_kind.split_at(of_kind.len().min(KEPT));
        for &name in kept {
            place_of[name] = lanes.len();
            lanes.push(empty(&names[name], false));
        }
        if !rest.is_empty() {
            rest.iter().for_each(|&name| place_of[name] = lanes.len());
            let others = Name {
                label: "others".to_owned(),
                members: rest.iter().map(|&name| names[name].members).sum(),
            };
            lanes.push(empty(&others, true));
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
    fn a_block_sums_its_networks() {
        let visit = |cell, items, flagged| Visit {
            cell,
            items,
            flagged,
        };
        let lane = |label: &str, members, cells: [u64; 2], flagged: &[usize]| Lane {
            label: label.to_owned(),
            cells: cells.to_vec(),
            flagged: flagged.to_vec(),
            members,
            rest: false,
        };
        let drawn = |visits: &[(&'static str, Visit)]| {
            let block = "192.0.0.0/16";
            let names = visits.iter().map(|&(name, _)| (name.to_owned(), block));
            let (network_of, networks) = numbered(names);
            let visits: Vec<Visit> = visits.iter().map(|&(_, visit)| visit).collect();
            let (lane_of, labels) = by_block(&visits, &network_of, &networks);
            lanes(&visits, &lane_of, &labels, 2)
        };
        let alone = drawn(&[("192.0.2.0/24", visit(0, 1, false))]);
        assert_eq!(alone, [lane("192.0.2.0/24", 1, [1, 0], &[])]);
        let joined = drawn(&[
            ("192.0.2.0/24", visit(0, 1, true)),
            ("192.0.3.0/24", visit(0, 2, false)),
            ("192.0.3.0/24", visit(1, 5, true)),
            ("192.0.4.0/24", visit(1, 7, false)),
        ]);
        assert_eq!(
            joined,
            [
                lane("192.0.0.0/16 (2 networks)", 2, [3, 5], &[0, 1]),
                // Never with what took part in flagged sessions.
                lane("192.0.4.0/24", 1, [0, 7], &[]),
            ]
        );
    }

    #[test]
    fn the_largest_lanes_are_kept_and_the_rest_is_one() {
        let label = |n: usize| format!("client {n}");
        // One with a flagged session, and more others than are kept, the larger the later.
        let lanes = |others: usize| {
            let names = (0..=others).map(|n| Name {
                label: label(n),
                members: 3,
            });
            let names: Vec<Name> = names.collect();
            let totals: Vec<(bool, u64)> = (0..=others).map(|n| (n == 0, n as u64)).collect();
            places(&names, &totals, 3)
        };
        let (all, place_of) = lanes(KEPT);
        assert_eq!((all.len(), place_of[0]), (KEPT + 1, 0));
        assert!(all.iter().all(|lane| !lane.rest && lane.members == 3));
        let (some, place_of) = lanes(100);
        assert_eq!(some.len(), KEPT + 2);
        assert_eq!((&some[0].label, &some[1].label), (&label(0), &label(100)));
        let rest = &some[KEPT + 1];
        assert_eq!(
            (rest.label.as_str(), rest.members),
            ("others", 3 * (100 - KEPT as u64))
        );
        assert_eq!(rest.cells, [0; 3]);
        assert_eq!((place_of[1], place_of[100 - KEPT]), (KEPT + 1, KEPT + 1));
        assert_eq!((place_of[100 - KEPT + 1], place_of[100]), (KEPT, 1));
    }
}

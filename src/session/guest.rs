//! Records that do not say which session they belong to.

mod place;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use self::place::{Hosts, Place, asked_for, offered_by};
use super::context::context;
use super::log::Log;
use super::{day_of, run};
use crate::event::EventColumns;
use crate::seeded::SeededMap;

/// Seats sign-ins and administrative records: with the session of the same actor, mailbox and day that shares
/// their `SessionId` and place, else their address within the silence; else in sessions of their own.
pub(super) fn seat_guests(log: &Log<'_>, guests: Vec<u32>, runs: &mut Vec<Vec<u32>>) {
    if guests.is_empty() {
        return;
    }
    let columns = log.columns;
    let mut additions: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut homeless: Vec<u32> = Vec::new();
    let mut seats = Seats::new(log, &guests, runs);
    for row in guests {
        match seats.seat(row) {
            Some(index) => additions.entry(index).or_default().push(row),
            None => homeless.push(row),
        }
    }
    for (index, mut rows) in additions {
        runs[index].append(&mut rows);
        runs[index].sort_unstable();
    }
    // What no session has made is cut like everything else.
    homeless.sort_unstable_by_key(|&row| (context(columns, row), row));
    for same in homeless.chunk_by(|&a, &b| context(columns, a) == context(columns, b)) {
        runs.extend(run::cut(log, same));
    }
}

/// The runs of a day that may have guests. A day can have a hundred thousand of either, all of one user: to compare each guest with
/// each run is out of the question.
struct Seats<'a> {
    log: &'a Log<'a>,
    runs: &'a [Vec<u32>],
    /// The runs of whoever has guests: where there is a choice, the first of them is taken.
    hosts: Vec<usize>,
    /// First and last record of each of them. A guest stretches its host, but one after the other must not stretch it beyond the
    /// maximal length.
    spans: Vec<(i64, i64)>,
    /// The hosts that are alike in what a guest looks for, by that.
    places: SeededMap<(Party, Place), Hosts>,
}

impl<'a> Seats<'a> {
    fn new(log: &'a Log<'a>, guests: &[u32], runs: &'a [Vec<u32>]) -> Self {
        let columns = log.columns;
        let mut places: SeededMap<(Party, Place), Hosts> = SeededMap::default();
        let mut wanted: FxHashSet<Party> = FxHashSet::default();
        for &row in guests {
            let party = party(columns, row);
            wanted.insert(party);
            for place in asked_for(log, row) {
                places.entry((party, place)).or_default();
            }
        }
        let mut hosts: Vec<usize> = (0..runs.len())
            .filter(|&index| wanted.contains(&party(columns, runs[index][0])))
            .collect();
        hosts.sort_by_cached_key(|&index| (context(columns, runs[index][0]), index));
        let spans: Vec<(i64, i64)> = hosts
            .iter()
            .map(|&index| span_of(columns, &runs[index]))
            .collect();
        // In the order of their ends, in which they come within the reach of guests.
        let mut by_end: Vec<usize> = (0..hosts.len()).collect();
        by_end.sort_unstable_by_key(|&host| (spans[host].1, host));
        for host in by_end {
            let run = &runs[hosts[host]];
            let party = party(columns, run[0]);
            for place in offered_by(log, run) {
                if let Some(alike) = places.get_mut(&(party, place)) {
                    alike.push(host);
                }
            }
        }
        Self {
            log,
            runs,
            hosts,
            spans,
            places,
        }
    }

    /// The run that hosts a guest, which has to be no earlier than those before it; `None` where there is none.
    fn seat(&mut self, guest: u32) -> Option<usize> {
        let (columns, options) = (self.log.columns, self.log.options);
        let time = columns.time[guest as usize];
        let party = party(columns, guest);
        let host = asked_for(self.log, guest).into_iter().find_map(|place| {
            let alike = self.places.get_mut(&(party, place))?;
            let (distance, host) = alike.nearest(time, options.max_length_ms, &self.spans)?;
            (!place.is_address() || distance <= options.silence_ms).then_some(host)
        })?;
        let span = &mut self.spans[host];
        *span = (span.0.min(time), span.1.max(time));
        let index = self.hosts[host];
        for place in offered_by(self.log, &self.runs[index]) {
            if let Some(alike) = self.places.get_mut(&(party, place)) {
                alike.stretched(host);
            }
        }
        Some(index)
    }
}

/// Mailbox, actor and day: who may share a session.
type Party = (u32, u32, i32);

fn party(columns: &EventColumns<'_>, row: u32) -> Party {
    let row = row as usize;
    (
        columns.mailbox.codes[row],
        columns.actor.codes[row],
        day_of(columns.time[row]),
    )
}

/// First and last time of a run.
fn span_of(columns: &EventColumns<'_>, run: &[u32]) -> (i64, i64) {
    let time = |row: Option<&u32>| row.map_or(0, |&row| columns.time[row as usize]);
    (time(run.first()), time(run.last()))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256Plus;

    use super::*;
    use crate::error::Error;
    use crate::event::{AccessType, ClientFamily, Event, Events};
    use crate::session::SessionOptions;

    /// How well a run hosts a guest, smaller is better: same `SessionId` and place first, then the nearest in time with the same
    /// address.
    fn host_rank(log: &Log<'_>, guest: u32, run: &[u32], span: (i64, i64)) -> Option<(u8, i64)> {
        let (columns, options) = (log.columns, log.options);
        let (first, last) = (*run.first()? as usize, *run.last()? as usize);
        let row = guest as usize;
        let time = columns.time[row];
        let distance = (span.0 - time).max(time - span.1).max(0);
        if span.1.max(time) - span.0.min(time) > options.max_length_ms {
            return None;
        }
        let key = columns.session_id.codes[row];
        if key != 0 && key == columns.session_id.codes[first] {
            let network = |row: usize| columns.network.codes[row];
            let block = |row: usize| log.blocks.of(network(row));
            if network(row) == 0 || network(first) == 0 {
                return Some((1, distance));
            }
            if block(first) == block(row) || block(last) == block(row) {
                return Some((0, distance));
            }
        }
        let stranger = log.names_browser(guest)
            && (columns.client_family[row] != columns.client_family[first]
                || columns.client_info.codes[row] != columns.client_info.codes[first]);
        let address = columns.address.codes[row];
        let same_place = address != 0
            && (address == columns.address.codes[first] || address == columns.address.codes[last]);
        (!stranger && same_place && distance <= options.silence_ms).then_some((2, distance))
    }

    /// The seats of guests, found by comparing each with every run.
    fn one_by_one(log: &Log<'_>, guests: &[u32], runs: &[Vec<u32>]) -> Vec<Option<usize>> {
        let columns = log.columns;
        let mut spans: Vec<(i64, i64)> = runs.iter().map(|run| span_of(columns, run)).collect();
        let mut seats = Vec::new();
        for &guest in guests {
            let ranked = runs.iter().enumerate().filter_map(|(index, run)| {
                let same = party(columns, run[0]) == party(columns, guest);
                let rank = host_rank(log, guest, run, spans[index]).filter(|_| same)?;
                Some((rank, context(columns, run[0]), index))
            });
            let best = ranked.min().map(|(.., index)| index);
            if let Some(index) = best {
                let (time, span) = (columns.time[guest as usize], spans[index]);
                spans[index] = (span.0.min(time), span.1.max(time));
            }
            seats.push(best);
        }
        seats
    }

    /// A record of a small office where everything is shared.
    fn random_event(random: &mut Xoshiro256Plus, number: usize) -> Event {
        let mut one_of = |most: u32| random.gen_range(0..most);
        let place = one_of(5);
        let (network, address) = match place {
            0 => (String::new(), String::new()),
            _ => (
                format!("203.{}.{place}.0/24", place % 2),
                format!("203.{}.{place}.9", place % 2),
            ),
        };
        let browser = one_of(3);
        let (family, client) = match one_of(4) {
            0 => (ClientFamily::Rest, "Client=REST".to_owned()),
            1 => (ClientFamily::Owa, "Client=OWA".to_owned()),
            _ => (ClientFamily::Owa, format!("Client=OWA;Mozilla/{browser}")),
        };
        let signs_in = one_of(3) == 0;
        let operation = if signs_in {
            "UserLoggedIn"
        } else {
            "MailItemsAccessed"
        };
        let key = one_of(5);
        Event {
            record_id: number.to_string(),
            time: i64::from(one_of(200)) * 300_000,
            operation: operation.to_owned(),
            access: if signs_in {
                AccessType::None
            } else {
                AccessType::Bind
            },
            mailbox: format!("{}@x", one_of(2)),
            actor: "a@x".to_owned(),
            client_info: client,
            client_family: family,
            session_id: if key == 0 {
                String::new()
            } else {
                key.to_string()
            },
            network,
            address,
            ..Event::default()
        }
    }

    #[test]
    fn guests_sit_where_comparing_all_runs_would_seat_them() -> Result<(), Error> {
        let (mut seated, mut standing) = (0, 0);
        for seed in 0..300 {
            let mut random = Xoshiro256Plus::seed_from_u64(seed);
            let events: Vec<Event> = (0..100)
                .map(|number| random_event(&mut random, number))
                .collect();
            let events = Events::from_events(events)?;
            let columns = events.columns()?;
            // Short enough that the length decides as often as the silence.
            let options = SessionOptions {
                silence_ms: 1_800_000,
                max_length_ms: 7_200_000,
            };
            let log = Log::new(&columns, &options);
            let (guests, rows): (Vec<u32>, Vec<u32>) = (0..100).partition(|&row| log.is_guest(row));
            let mut contexts: BTreeMap<_, Vec<u32>> = BTreeMap::new();
            for row in rows {
                contexts
                    .entry(context(&columns, row))
                    .or_default()
                    .push(row);
            }
            let mut runs: Vec<Vec<u32>> = contexts
                .values()
                .flat_map(|rows| run::cut(&log, rows))
                .collect();
            runs.sort_unstable_by_key(|run| run[0]);
            let mut seats = Seats::new(&log, &guests, &runs);
            let found: Vec<Option<usize>> = guests.iter().map(|&guest| seats.seat(guest)).collect();
            assert_eq!(found, one_by_one(&log, &guests, &runs), "seed {seed}");
            let hosts = found.iter().flatten().count();
            (seated, standing) = (seated + hosts, standing + found.len() - hosts);
        }
        assert!(
            seated > 5_000 && standing > 2_000,
            "{seated} seated, {standing} standing"
        );
        Ok(())
    }
}

//! What a guest looks for in a host, and the nearest of many hosts that have it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::log::Log;

/// What a guest and its host share, by codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// `SessionId` and address block. A `SessionId` from elsewhere does not do: whoever has stolen one makes rules and signs in with
    /// it, and that is not what its owner did.
    Block(u32, u32),
    /// The `SessionId`, where the guest does not say where it was.
    Anywhere(u32),
    /// The `SessionId`, where the host does not.
    Nowhere(u32),
    /// The address.
    Address(u32),
    /// Address, client family and client.
    Client(u32, u8, u32),
}

impl Place {
    /// Whether it is the address that is shared, which is worth something within the silence only.
    pub(super) fn is_address(self) -> bool {
        matches!(self, Self::Address(_) | Self::Client(..))
    }
}

/// What a guest looks for, the best first.
pub(super) fn asked_for(log: &Log<'_>, guest: u32) -> Vec<Place> {
    let columns = log.columns;
    let row = guest as usize;
    let mut places = Vec::with_capacity(3);
    let key = columns.session_id.codes[row];
    let network = columns.network.codes[row];
    if key != 0 && network != 0 {
        places.push(Place::Block(key, log.blocks.of(network)));
        places.push(Place::Nowhere(key));
    } else if key != 0 {
        places.push(Place::Anywhere(key));
    }
    let address = columns.address.codes[row];
    if address != 0 {
        // Two browsers behind one address are two clients, as are a browser and Outlook.
        places.push(if log.names_browser(guest) {
            of_client(log, address, row)
        } else {
            Place::Address(address)
        });
    }
    places
}

/// What a run has that a guest may look for.
pub(super) fn offered_by(log: &Log<'_>, run: &[u32]) -> Vec<Place> {
    let columns = log.columns;
    let (Some(&first), Some(&last)) = (run.first(), run.last()) else {
        return Vec::new();
    };
    let (first, last) = (first as usize, last as usize);
    let mut places = Vec::with_capacity(8);
    let key = columns.session_id.codes[first];
    if key != 0 {
        places.push(Place::Anywhere(key));
        if columns.network.codes[first] == 0 {
            places.push(Place::Nowhere(key));
        } else {
            let block = |row: usize| Place::Block(key, log.blocks.of(columns.network.codes[row]));
            places.extend([block(first), block(last)]);
        }
    }
    for row in [first, last] {
        let address = columns.address.codes[row];
        if address != 0 {
            places.extend([Place::Address(address), of_client(log, address, first)]);
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

fn of_client(log: &Log<'_>, address: u32, row: usize) -> Place {
    let columns = log.columns;
    Place::Client(
        address,
        columns.client_family[row],
        columns.client_info.codes[row],
    )
}

/// Hosts that are alike, swept in the order of time: guests come so, and every host is looked at a few times, not once per guest. What
/// the heaps hold is checked when it comes to the top, because a host that is stretched here is stretched elsewhere as well.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// In the order of their ends. Those behind `reached` end too late for a guest to join them.
    all: Vec<usize>,
    reached: usize,
    /// By their beginnings, which are still to come.
    coming: BinaryHeap<Reverse<(i64, usize)>>,
    /// Those that are going on.
    going_on: BinaryHeap<Reverse<usize>>,
    /// By their ends.
    over: BinaryHeap<(i64, Reverse<usize>)>,
}

impl Hosts {
    /// Adds a host that ends no earlier than those before it.
    pub(super) fn push(&mut self, host: usize) {
        self.all.push(host);
    }

    /// Takes note that a host was stretched to the time of the last guest.
    pub(super) fn stretched(&mut self, host: usize) {
        self.going_on.push(Reverse(host));
    }

    /// The nearest host at a time, no earlier than those asked before, and how far it is; of those equally near the first. None that
    /// would become longer than `most`.
    pub(super) fn nearest(
        &mut self,
        time: i64,
        most: i64,
        spans: &[(i64, i64)],
    ) -> Option<(i64, usize)> {
        while let Some(&host) = self.all.get(self.reached)
            && spans[host].1 <= time.saturating_add(most)
        {
            self.coming.push(Reverse((spans[host].0, host)));
            self.reached += 1;
        }
        while let Some(&Reverse((start, host))) = self.coming.peek()
            && (start <= time || start != spans[host].0)
        {
            self.coming.pop();
            self.going_on.push(Reverse(host));
        }
        while let Some(&Reverse(host)) = self.going_on.peek() {
            if spans[host].1 >= time {
                return Some((0, host));
            }
            self.going_on.pop();
            self.over.push((spans[host].1, Reverse(host)));
        }
        while let Some(&(end, Reverse(host))) = self.over.peek()
            && (end != spans[host].1 || spans[host].0 < time.saturating_sub(most))
        {
            self.over.pop();
        }
        let coming = self.coming.peek();
        let coming = coming.map(|&Reverse((start, host))| (start - time, host));
        let over = self.over.peek();
        let over = over.map(|&(end, Reverse(host))| (time - end, host));
        coming.into_iter().chain(over).min()
    }
}

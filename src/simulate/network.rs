//! Address space: offices, homes, carriers, hotels, hosting, and Microsoft's own.
//!
//! Addresses of people, companies and attackers come from 240.0.0.0/4 (reserved, never routed: RFC 1112, section 4) and 3fff::/20
//! (documentation: RFC 9637), autonomous systems from the private range (RFC 6996), so nothing in a simulated log belongs to anybody.
//! Microsoft's services keep Microsoft's published prefixes, because their presence is what real logs look like.
//! Sizes of pools and lengths of leases are assumptions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::office::COUNTRIES;
use super::random::{Generator, Stream, between, chance, distinct, generator, hashed, mix, pick};
use rand::Rng;

/// What a network is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NetworkKind {
    /// An internet provider's homes.
    Home,
    /// A mobile carrier behind shared addresses.
    Carrier,
    /// Hotels, trains and cafés.
    Guest,
    /// Servers for rent: add-ins, proxies, virtual private networks.
    Hosting,
    /// An employer's own line.
    Office,
}

impl NetworkKind {
    /// The kind in one lower-case word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Carrier => "carrier",
            Self::Guest => "guest",
            Self::Hosting => "hosting",
            Self::Office => "office",
        }
    }
}

/// One operator's address block: a /16 of IPv4 and a /32 of IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    /// First address of the /16.
    pub(super) base: u32,
    /// First address of the /32.
    pub(super) base6: u128,
    /// Use.
    pub(super) kind: NetworkKind,
    /// Index into [`COUNTRIES`].
    pub(super) country: usize,
    /// Autonomous system number.
    pub(super) asn: u32,
}

impl Network {
    /// The IPv4 address at an offset into the block.
    pub(super) fn v4(&self, offset: u64) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(self.base | (offset as u32 & 0xFFFF)))
    }

    /// The IPv6 address of a customer (a /56) and an interface.
    pub(super) fn v6(&self, customer: u64, interface: u64) -> IpAddr {
        let customer = u128::from(customer & 0xFF_FFFF) << 72;
        IpAddr::V6(Ipv6Addr::from(
            self.base6 | customer | u128::from(interface),
        ))
    }
}

/// All operators.
pub(super) struct Networks {
    /// By kind and country in a fixed order; offices last.
    pub(super) all: Vec<Network>,
}

/// Operators of each kind in each country (assumption: enough that a change of provider changes the network).
const OPERATORS: [(NetworkKind, usize); 4] = [
    (NetworkKind::Home, 3),
    (NetworkKind::Carrier, 2),
    (NetworkKind::Guest, 1),
    (NetworkKind::Hosting, 2),
];
/// A home's address is leased from one of 32 local pools of 2,048 addresses.
const POOL: u64 = 2_048;
/// First of the 32-bit autonomous system numbers for private use.
const FIRST_ASN: u32 = 4_200_000_000;

/// Index of a network in [`Networks::all`].
pub(super) type NetworkId = u16;

impl Networks {
    /// Lays out the operators of every country, and one line per office.
    pub(super) fn new(seed: u64, office_countries: &[usize]) -> Self {
        let mut rng = generator(seed, Stream::Networks, [0, 0]);
        let per_country: usize = OPERATORS.iter().map(|(_, count)| count).sum();
        let total = per_country * COUNTRIES.len() + office_countries.len();
        // 240.0.0.0/4 holds 4,096 blocks of /16; 255.255.0.0/16 is left alone for its broadcast address.
        let mut blocks = distinct(&mut rng, total, 4_095).into_iter();
        let mut all = Vec::with_capacity(total);
        let mut add = |kind, country| {
            let block = blocks.next().unwrap_or_default() as u32;
            let asn = FIRST_ASN + all.len() as u32;
            let base6 = (0x3fff_u128 << 112) | (u128::from(block & 0xFFF) << 96);
            all.push(Network {
                base: 0xF000_0000 | (block << 16),
                base6,
                kind,
                country,
                asn,
            });
        };
        for country in 0..COUNTRIES.len() {
            for (kind, count) in OPERATORS {
                (0..count).for_each(|_| add(kind, country));
            }
        }
        office_countries
            .iter()
            .for_each(|&country| add(NetworkKind::Office, country));
        Self { all }
    }

    /// Networks of a kind in a country.
    pub(super) fn of(&self, kind: NetworkKind, country: usize) -> Vec<NetworkId> {
        self.matching(|network| network.kind == kind && network.country == country)
    }

    /// Networks of a kind anywhere.
    pub(super) fn anywhere(&self, kind: NetworkKind) -> Vec<NetworkId> {
        self.matching(|network| network.kind == kind)
    }

    fn matching(&self, keep: impl Fn(&Network) -> bool) -> Vec<NetworkId> {
        let numbered = self.all.iter().enumerate();
        numbered
            .filter(|(_, network)| keep(network))
            .map(|(index, _)| index as NetworkId)
            .collect()
    }

    /// A network by its number; the first one for a number that is not there.
    pub(super) fn get(&self, id: NetworkId) -> &Network {
        self.all.get(usize::from(id)).unwrap_or(&self.all[0])
    }

    /// A network of a kind in a country, drawn at random.
    pub(super) fn draw(&self, rng: &mut Generator, kind: NetworkKind, country: usize) -> NetworkId {
        pick(rng, &self.of(kind, country)).unwrap_or_default()
    }

    /// The address an office shows to the outside: one of two.
    pub(super) fn office(&self, office: usize, choice: u64) -> IpAddr {
        let first_office = self.all.len()
            - self
                .all
                .iter()
                .filter(|network| network.kind == NetworkKind::Office)
                .count();
        let id = (first_office + office).min(self.all.len() - 1);
        self.all[id].v4(0x0110 | (choice & 1))
    }

    /// A home's address. `who` keeps the same local pool; `lease` keeps the same address; the interface part of IPv6 changes daily.
    pub(super) fn home(&self, id: NetworkId, who: u64, lease: Lease) -> IpAddr {
        let network = self.get(id);
        let home = mix(who, u64::from(id));
        if lease.v6 {
            network.v6(mix(home, 6), mix(home, lease.day))
        } else {
            let pool = home % 32;
            network.v4(pool * POOL + hashed(home, lease.number, POOL))
        }
    }

    /// A shared address of a carrier: 64 addresses per region, another one at every connection.
    pub(super) fn carrier(&self, rng: &mut Generator, id: NetworkId, region: u64) -> IpAddr {
        let network = self.get(id);
        if chance(rng, 0.4) {
            network.v6(
                mix(region, u64::from(rng.gen_range(0..4096_u32))),
                rng.r#gen::<u64>(),
            )
        } else {
            network.v4((region % 16) * 4_096 + u64::from(rng.gen_range(0..64_u32)) * 16)
        }
    }

    /// The operator of an address; `None` for Microsoft's.
    pub(super) fn find(&self, address: IpAddr) -> Option<&Network> {
        self.all.iter().find(|network| match address {
            IpAddr::V4(v4) => u32::from(v4) >> 16 == network.base >> 16,
            IpAddr::V6(v6) => u128::from(v6) >> 96 == network.base6 >> 96,
        })
    }

    /// Any address of a network.
    pub(super) fn any(&self, rng: &mut Generator, id: NetworkId) -> IpAddr {
        self.get(id).v4(u64::from(rng.gen_range(256..65_280_u32)))
    }
}

/// Which lease a home holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    /// Number of the IPv4 lease.
    pub(super) number: u64,
    /// Day, for the temporary address of IPv6.
    pub(super) day: u64,
    /// Whether the connection runs over IPv6.
    pub(super) v6: bool,
}

/// An address of Microsoft's own services: four of five from 2603:10a6::/32, as most background records of a real log show, the rest from
/// 20.190.128.0/18 (Microsoft's published endpoint list).
pub(super) fn microsoft(rng: &mut Generator) -> IpAddr {
    if between(rng, 0.0, 1.0) < 0.8 {
        let site: u16 = 0x100 * rng.gen_range(1..9_u16);
        let machine = rng.gen_range(1..512_u16);
        IpAddr::V6(Ipv6Addr::new(
            0x2603,
            0x10a6,
            site,
            machine,
            0,
            0,
            0,
            rng.gen_range(1..40),
        ))
    } else {
        IpAddr::V4(Ipv4Addr::new(
            20,
            190,
            rng.gen_range(128..192),
            rng.gen_range(1..255),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap_and_belong_to_nobody() {
        let networks = Networks::new(3, &[0, 1]);
        let mut bases: Vec<u32> = networks.all.iter().map(|network| network.base).collect();
        assert_eq!(bases.len(), 14 * 8 + 2);
        assert!(bases.iter().all(|base| base >> 28 == 0xF));
        bases.sort_unstable();
        bases.dedup();
        assert_eq!(bases.len(), 14 * 8 + 2);
        let IpAddr::V6(address) = networks.get(4).v6(u64::MAX, u64::MAX) else {
            panic!("not IPv6")
        };
        assert_eq!(address.segments()[0], 0x3fff);
        assert!(address.segments()[1] < 0x1000);
    }

    #[test]
    fn a_home_keeps_its_address_for_its_lease() {
        let networks = Networks::new(3, &[0]);
        let lease = |number, v6| networks.home(2, 99, Lease { number, day: 4, v6 });
        assert_eq!(lease(5, false), lease(5, false));
        assert_ne!(lease(5, false), lease(6, false));
        let (IpAddr::V4(one), IpAddr::V4(two)) = (lease(5, false), lease(6, false)) else {
            panic!("not IPv4")
        };
        assert_eq!(
            one.octets()[2] >> 3,
            two.octets()[2] >> 3,
            "another local pool"
        );
        assert!(lease(5, true).is_ipv6());
    }

    #[test]
    fn an_office_has_two_addresses_of_its_own() {
        let networks = Networks::new(3, &[0, 1]);
        assert_ne!(networks.office(0, 0), networks.office(0, 1));
        assert_eq!(networks.office(0, 0), networks.office(0, 2));
        assert_ne!(networks.office(0, 0), networks.office(1, 0));
    }
}

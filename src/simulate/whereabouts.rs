//! Where a person is on a day, what they have with them, and which address that shows.

use std::net::IpAddr;

use super::client::Program;
use super::life::LookAlike;
use super::network::{Lease, NetworkKind};
use super::person::Device;
use super::random::{Generator, Stream, chance, generator, hashed, mix};
use super::workday::PersonDay;
use rand::Rng;

/// Where a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Office,
    Home,
    /// Abroad, in a country.
    Abroad(usize),
}

impl PersonDay<'_> {
    /// Devices in use today, with the one that is new, if any.
    pub(super) fn devices(&self) -> (Vec<Device>, Option<usize>) {
        let tenant = self.tenant;
        let mut devices = tenant.people[self.person].devices.clone();
        let Some(event) = tenant
            .life
            .of(self.person)
            .iter()
            .find(|event| event.kind == LookAlike::NewDevice && event.first <= self.day)
        else {
            return (devices, None);
        };
        let mut rng = generator(event.detail, Stream::Workday, [0, 0]);
        let place = devices.iter().position(|device| device.phone);
        let new = match (place, event.detail & 1) {
            (Some(place), 0) => {
                let before = devices[place].program;
                while devices[place].program == before {
                    devices[place].program = tenant.phone_program(&mut rng);
                }
                place
            }
            (None, 0) => {
                devices.push(Device {
                    program: tenant.phone_program(&mut rng),
                    sessions: 1.5,
                    phone: true,
                    sign_in_days: 60,
                });
                devices.len() - 1
            }
            _ => {
                use super::client::Browser::{Chrome, Edge, Firefox};
                let used = |browser| {
                    devices
                        .iter()
                        .any(|device| device.program == Program::Web(browser))
                };
                let browser = [Firefox, Chrome, Edge]
                    .into_iter()
                    .find(|&browser| !used(browser))
                    .unwrap_or(Firefox);
                devices.push(Device {
                    program: Program::Web(browser),
                    sessions: 1.0,
                    phone: false,
                    sign_in_days: 1,
                });
                devices.len() - 1
            }
        };
        (devices, Some(new))
    }

    /// The address of the person's home today.
    pub(super) fn home_address(&self) -> IpAddr {
        let tenant = self.tenant;
        let someone = &tenant.people[self.person];
        let changed = tenant
            .life
            .of(self.person)
            .iter()
            .find(|event| event.kind == LookAlike::ProviderChange && event.first <= self.day);
        let network = changed.map_or(someone.home, |event| tenant.next_provider(event));
        let who = mix(tenant.seed, self.person as u64);
        let day = (self.day + 4_000) as u64;
        let number = (day + hashed(who, 1, someone.lease_days)) / someone.lease_days;
        tenant.networks.home(
            network,
            who,
            Lease {
                number,
                day,
                v6: someone.home_v6,
            },
        )
    }

    /// The address that a session comes from, and whether it is the home's.
    pub(super) fn address(
        &self,
        rng: &mut Generator,
        phone: bool,
        evening: bool,
    ) -> (IpAddr, bool) {
        let networks = &self.tenant.networks;
        let someone = &self.tenant.people[self.person];
        if !phone && let Some(event) = self.event(LookAlike::Vpn) {
            let hosting = networks.anywhere(NetworkKind::Hosting);
            let network = hosting[(event.detail % hosting.len() as u64) as usize];
            return (
                networks
                    .get(network)
                    .v4(hashed(event.detail, rng.gen_range(0..3), 60_000)),
                false,
            );
        }
        match self.place {
            Place::Abroad(country) => {
                let kind = if phone && chance(rng, 0.5) {
                    NetworkKind::Carrier
                } else {
                    NetworkKind::Guest
                };
                let network = networks.of(kind, country)[0];
                let address = if kind == NetworkKind::Carrier {
                    networks.carrier(rng, network, self.person as u64)
                } else {
                    // A hotel's address, kept for two nights.
                    networks.get(network).v4(hashed(
                        self.person as u64,
                        self.day as u64 / 2,
                        60_000,
                    ))
                };
                (address, false)
            }
            Place::Office if !(evening || phone && chance(rng, 0.5)) => {
                (networks.office(someone.office, rng.r#gen()), false)
            }
            _ if phone && chance(rng, 0.4) => (
                networks.carrier(rng, someone.carrier, someone.office as u64),
                false,
            ),
            _ => (self.home_address(), true),
        }
    }

    pub(super) fn midnight(&self) -> i64 {
        let office = &self.tenant.offices[self.tenant.people[self.person].office];
        let hours_abroad = match self.place {
            // People abroad keep local hours; a few hours' shift stands for the difference (assumption).
            Place::Abroad(country) => (country as i64 * 5) % 9 - 4,
            _ => 0,
        };
        self.tenant.calendar.local_midnight(self.day, office) + hours_abroad * 3600
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::params::SimulateSettings;
    use crate::simulate::tenant::Tenant;

    fn tenant() -> Tenant {
        let settings = SimulateSettings {
            people: 120,
            days: 42,
            seed: 11,
            ..Default::default()
        };
        Tenant::new(&settings.check().expect("valid")).expect("a tenant")
    }

    #[test]
    fn travellers_connect_from_their_destination() {
        let tenant = tenant();
        for event in tenant
            .life
            .all_of(LookAlike::Travel)
            .filter(|event| event.first < 42)
        {
            let day = PersonDay::new(&tenant, event.person, event.first, 1.0);
            let mut rng = generator(1, Stream::Workday, [0, 0]);
            for phone in [false, true] {
                let (address, at_home) = day.address(&mut rng, phone, false);
                let network = tenant.networks.find(address).expect("a known network");
                assert_eq!(
                    (network.country, at_home),
                    (tenant.destination(event), false)
                );
            }
        }
    }

    #[test]
    fn a_change_of_provider_changes_the_home_and_nothing_else() {
        let tenant = tenant();
        for event in tenant.life.all_of(LookAlike::ProviderChange) {
            let home = |day| {
                let address = PersonDay::new(&tenant, event.person, day, 1.0).home_address();
                tenant
                    .networks
                    .find(address)
                    .map(|network| (network.base, network.kind))
            };
            let (before, after) = (home(event.first - 1), home(event.first));
            assert_ne!(before, after);
            assert!(
                [before, after]
                    .iter()
                    .all(|network| matches!(network, Some((_, NetworkKind::Home))))
            );
            assert_eq!(home(event.first + 20), after);
        }
    }

    #[test]
    fn a_new_device_is_one_that_was_not_there() {
        let tenant = tenant();
        for event in tenant.life.all_of(LookAlike::NewDevice) {
            let on = |day| PersonDay::new(&tenant, event.person, day, 1.0).devices();
            let (before, none) = on(event.first - 1);
            let (after, new) = on(event.first);
            assert_eq!(none, None);
            let new = after[new.expect("a new device")].program;
            assert!(before.iter().all(|device| device.program != new));
        }
    }
}

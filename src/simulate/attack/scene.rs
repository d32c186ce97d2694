//! Where an attack takes place: the campaign, its victims, and the infrastructure that it comes from.

use std::net::IpAddr;

use super::Attack;
use crate::simulate::client::ClientId;
use crate::simulate::life::{Event, LookAlike};
use crate::simulate::network::NetworkKind;
use crate::simulate::random::{Generator, hashed, mix};
use crate::simulate::record::{Context, Logon, Truth};
use crate::simulate::tenant::Tenant;
use crate::simulate::visit::Log;
use crate::simulate::workday::{PersonDay, Visit};
use rand::Rng;

/// A mailbox under attack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Victim {
    pub(super) mailbox: u32,
    pub(super) episode: u32,
}

/// One attack at one time.
#[derive(Debug, Clone)]
pub(super) struct Campaign {
    pub(super) attack: Attack,
    pub(super) number: u32,
    pub(super) strength: f64,
    pub(super) victims: Vec<Victim>,
    pub(super) first: i64,
    pub(super) last: i64,
    /// A number from which the campaign's infrastructure follows.
    pub(super) key: u64,
    /// The journey that the campaign follows.
    pub(super) journey: Option<Event>,
}

impl Campaign {
    /// Between the value for strength 0 and that for strength 1.
    pub(super) fn scale(&self, hidden: f64, blatant: f64) -> f64 {
        lerp(hidden, blatant, self.strength)
    }
}

impl Tenant {
    /// Whether an attack on a person's mailbox makes sense: at work from the start, and not on leave or abroad in the days of the attack.
    pub(super) fn can_be_victim(&self, person: usize, first: i64, last: i64) -> bool {
        let (from, until) = self.people[person].employed;
        let free = |event: &Event| {
            // A mailbox that was throttled the day before may not be logged at all.
            event.last + 1 < first || event.first > last || event.kind == LookAlike::AddIn
        };
        from <= 0 && until > last && (last - first > 7 || self.life.of(person).iter().all(free))
    }
}

/// One campaign on one day.
pub(super) struct Scene<'a, 'b> {
    pub(super) log: &'a mut Log<'b>,
    pub(super) campaign: &'a Campaign,
    pub(super) day: i64,
    pub(super) rng: &'a mut Generator,
}

impl<'b> Scene<'_, 'b> {
    pub(super) fn tenant(&self) -> &'b Tenant {
        self.log.tenant
    }

    /// Midnight UTC.
    pub(super) fn midnight(&self) -> i64 {
        self.tenant().calendar.midnight(self.day)
    }

    /// Midnight on the victim's clock.
    pub(super) fn local_midnight(&self, victim: Victim) -> i64 {
        let tenant = self.tenant();
        let office = tenant.people[victim.mailbox as usize].office;
        tenant
            .calendar
            .local_midnight(self.day, &tenant.offices[office])
    }

    /// The country that the victim works in.
    pub(super) fn country(&self, victim: Victim) -> usize {
        let tenant = self.tenant();
        tenant.offices[tenant.people[victim.mailbox as usize].office].country
    }

    /// A rented server of the campaign, one of `pool`; in the victim's country when `near`.
    pub(super) fn server(&mut self, victim: Victim, pool: u64, near: bool) -> IpAddr {
        let tenant = self.tenant();
        let which = mix(self.campaign.key, self.rng.gen_range(0..pool.max(1)));
        let networks = if near {
            tenant
                .networks
                .of(NetworkKind::Hosting, self.country(victim))
        } else {
            tenant.networks.anywhere(NetworkKind::Hosting)
        };
        let network = networks[(which % networks.len() as u64) as usize];
        tenant
            .networks
            .get(network)
            .v4(0x8000 | hashed(which, 1, 0x7FFF))
    }

    /// A home somebody else's traffic is led through: in the victim's country when `near`.
    pub(super) fn residence(&mut self, victim: Victim, near: bool) -> IpAddr {
        let tenant = self.tenant();
        let networks = if near {
            tenant.networks.of(NetworkKind::Home, self.country(victim))
        } else {
            tenant.networks.anywhere(NetworkKind::Home)
        };
        let network = networks[self.rng.gen_range(0..networks.len())];
        tenant.networks.any(self.rng, network)
    }

    /// A context of the attacker in the victim's own name.
    pub(super) fn as_owner(
        &self,
        victim: Victim,
        client: ClientId,
        address: IpAddr,
        session: u64,
    ) -> Context {
        Context {
            actor: victim.mailbox,
            mailbox: victim.mailbox,
            client,
            address,
            session,
            logon: Logon::Owner,
            as_application: false,
            truth: Truth::Attack(victim.episode),
        }
    }

    /// Client and sign-in session that the victim uses on the day: the first device that fits, or the first at all.
    pub(super) fn own_client(&self, victim: Victim, phone: bool) -> (ClientId, u64) {
        let tenant = self.tenant();
        let person = victim.mailbox as usize;
        let someone = &tenant.people[person];
        let number = someone
            .devices
            .iter()
            .position(|device| device.phone == phone)
            .unwrap_or_default();
        let device = &someone.devices[number];
        let client = tenant
            .clients
            .of(device.program, &tenant.calendar, self.day, someone.lag);
        (
            client,
            PersonDay::session_key(
                tenant,
                person,
                device,
                Visit {
                    device: number,
                    ..Visit::FIRST
                },
                self.day,
            ),
        )
    }
}

/// A value between two, `share` of the way.
pub(super) fn lerp(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

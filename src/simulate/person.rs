//! People: what they do, when they work, and what they read mail with.
//!
//! Assumptions of our own, chosen to be at least as varied as a small organisation: pace is log-normal between people (sigma 0.5), one in
//! twenty reads several times as much; people keep one to three clients; two in five work from home on some days.

use super::client::{Browser, ClientId, Program};
use super::network::{NetworkId, NetworkKind};
use super::random::{Generator, between, chance, log_normal, normal, weighted};
use super::tenant::Tenant;
use rand::Rng;

/// What someone does for a living, as far as mail shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Staff,
    /// Reads and is read by an assistant.
    Executive,
    /// Reads an executive's mailbox every working day.
    Assistant,
    /// Reads several times as much as others.
    Heavy,
    /// On the road, with a phone above all.
    Field,
}

/// A program on a device, and how often it is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device {
    pub(super) program: Program,
    /// Sessions on an ordinary working day.
    pub(super) sessions: f64,
    /// A phone: carried around, used outside hours too.
    pub(super) phone: bool,
    /// Days that one sign-in lasts.
    pub(super) sign_in_days: i64,
}

/// A person and their habits.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) office: usize,
    pub(super) role: Role,
    /// Local hour at which the working day begins.
    pub(super) begins: f64,
    /// Hours of a working day.
    pub(super) length: f64,
    /// Weekdays off beyond the weekend (0 for Monday), for part-timers.
    pub(super) free_day: Option<i64>,
    /// Weekdays at home, one bit each.
    pub(super) home_days: u8,
    /// Reading volume against the average.
    pub(super) pace: f64,
    pub(super) home: NetworkId,
    pub(super) carrier: NetworkId,
    pub(super) home_v6: bool,
    /// Days that the home keeps an IPv4 address.
    pub(super) lease_days: u64,
    /// Days after a release that the person's programs update.
    pub(super) lag: i64,
    pub(super) devices: Vec<Device>,
    /// Add-ins that read the mailbox, with their hosting and how busy they are.
    pub(super) add_ins: Vec<(ClientId, NetworkId, f64)>,
    /// Shared mailboxes that the person reads.
    pub(super) shares: Vec<Share>,
    /// The executive whose mailbox the person reads, as an assistant.
    pub(super) assists: Option<usize>,
    /// First day at work and the day after the last.
    pub(super) employed: (i64, i64),
}

/// Membership of a shared mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// Index of the mailbox.
    pub(super) mailbox: u32,
    /// First day; the smallest number for members from before the log.
    pub(super) from: i64,
    /// Day after the last.
    pub(super) until: i64,
}

impl Tenant {
    /// The first two people are an executive and the executive's assistant, so that every tenant has the pair; so are the first two of each
    /// further forty.
    pub(super) fn role(rng: &mut Generator, number: usize) -> Role {
        match number % 40 {
            0 => Role::Executive,
            1 => Role::Assistant,
            _ => [Role::Staff, Role::Heavy, Role::Field][weighted(rng, &[0.83, 0.05, 0.12])],
        }
    }

    pub(super) fn person(&self, rng: &mut Generator, number: usize, office: usize) -> Person {
        let role = Self::role(rng, number);
        let country = self.offices[office].country;
        let pace = log_normal(rng, 1.0, 0.5) * if role == Role::Heavy { 3.0 } else { 1.0 };
        let home_days = if chance(rng, 0.4) {
            rng.gen_range(1..31_u8)
        } else {
            0
        };
        let add_ins = (0..weighted(rng, &[0.35, 0.35, 0.2, 0.1]))
            .map(|_| {
                let which = weighted(rng, &[0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]);
                (
                    self.clients.add_ins[which],
                    self.add_in_network(which),
                    between(rng, 0.3, 3.0),
                )
            })
            .collect();
        Person {
            office,
            role,
            begins: normal(rng, 8.6, 0.8).clamp(6.0, 11.5),
            length: normal(rng, 8.5, 0.7).clamp(5.0, 11.0),
            free_day: chance(rng, 0.15).then(|| rng.gen_range(0..5)),
            home_days,
            pace: pace.min(8.0),
            home: self.networks.draw(rng, NetworkKind::Home, country),
            carrier: self.networks.draw(rng, NetworkKind::Carrier, country),
            home_v6: chance(rng, 0.35),
            lease_days: rng.gen_range(2..30),
            lag: rng.gen_range(0..10),
            devices: self.devices(rng, role),
            add_ins,
            shares: Vec::new(),
            // An executive's assistant is the next to be hired.
            assists: (role == Role::Assistant).then(|| number.saturating_sub(1)),
            employed: (i64::MIN, i64::MAX),
        }
    }

    fn devices(&self, rng: &mut Generator, role: Role) -> Vec<Device> {
        let desk = |program, sessions| Device {
            program,
            sessions,
            phone: false,
            sign_in_days: 14,
        };
        let mut devices = Vec::with_capacity(3);
        let browser = [
            Browser::Edge,
            Browser::Chrome,
            Browser::Firefox,
            Browser::Safari,
        ][weighted(rng, &[0.5, 0.3, 0.08, 0.12])];
        match weighted(rng, &[0.55, 0.3, 0.1, 0.05]) {
            0 => {
                devices.push(desk(
                    Program::Outlook {
                        slow: chance(rng, 0.3),
                    },
                    1.6,
                ));
                if chance(rng, 0.35) {
                    devices.push(Device {
                        sign_in_days: 1,
                        ..desk(Program::Web(browser), 0.4)
                    });
                }
            }
            1 => devices.push(Device {
                sign_in_days: 1,
                ..desk(Program::Web(browser), 2.4)
            }),
            2 => devices.push(desk(Program::Fixed(self.clients.outlook_mac), 1.8)),
            _ => devices.push(desk(Program::Fixed(self.clients.imap), 1.5)),
        }
        if chance(rng, 0.8) || role == Role::Field {
            let sessions = if role == Role::Field { 5.0 } else { 2.2 };
            devices.push(Device {
                program: self.phone_program(rng),
                sessions,
                phone: true,
                sign_in_days: 60,
            });
        }
        devices
    }

    /// A mail program for a phone.
    pub(super) fn phone_program(&self, rng: &mut Generator) -> Program {
        let clients = &self.clients;
        Program::Fixed(match weighted(rng, &[0.4, 0.3, 0.3]) {
            0 => clients.outlook_ios,
            1 => clients.outlook_android,
            _ => clients.phones[rng.gen_range(0..clients.phones.len())],
        })
    }
}

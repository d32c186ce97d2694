//! A person's day: when they read mail, from where, and with what.
//!
//! Assumptions: sessions cluster at the start of the working day and spread over it, with a lull at noon; phones are also used in the evening
//! and at weekends; a day's volume is log-normal around the person's pace (sigma 0.4). At intensity 1 a mailbox has about 30 records on a
//! working day (measured over 80 people and 42 days), some 18 of them caused by people.

use std::net::IpAddr;

use super::client::{ClientId, Program};
use super::life::{Event, LookAlike};
use super::network::{Lease, NetworkKind};
use super::random::{
    Generator, Stream, between, chance, dispersed, generator, hashed, log_normal, mix, normal,
    poisson,
};
use super::record::{Action, Context, Logon, Removal, Sending, Truth};
use super::tenant::{Device, Role, Tenant};
use super::visit::{Log, Reading};
use rand::Rng;

/// Where a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Office,
    Home,
    /// Abroad, in a country.
    Abroad(usize),
}

/// One person on one day.
pub(super) struct PersonDay<'a> {
    tenant: &'a Tenant,
    person: usize,
    day: i64,
    place: Place,
    off: bool,
    /// Reading volume today against the average person on an average day.
    volume: f64,
}

impl<'a> PersonDay<'a> {
    /// A person's day; `interactive` is the volume factor that the intensity asks for.
    pub(super) fn new(tenant: &'a Tenant, person: usize, day: i64, interactive: f64) -> Self {
        let mut rng = generator(tenant.seed, Stream::Workday, [person as u64, day as u64]);
        let someone = &tenant.people[person];
        let off = tenant.is_day_off(person, day);
        let travel = tenant
            .life
            .of(person)
            .iter()
            .find(|event| event.kind == LookAlike::Travel && event.covers(day));
        let at_home = off || someone.home_days >> tenant.calendar.weekday(day) & 1 == 1;
        let place = match travel {
            Some(event) => Place::Abroad(tenant.destination(event)),
            None if at_home => Place::Home,
            None => Place::Office,
        };
        let backlog = if Self::find(tenant, person, day, LookAlike::ReturnFromLeave)
            .is_some_and(|event| event.last == day)
        {
            4.0
        } else {
            1.0
        };
        let volume = interactive * someone.pace * log_normal(&mut rng, 0.92, 0.4) * backlog;
        Self {
            tenant,
            person,
            day,
            place,
            off,
            volume,
        }
    }

    fn find(tenant: &Tenant, person: usize, day: i64, kind: LookAlike) -> Option<&Event> {
        tenant
            .life
            .of(person)
            .iter()
            .find(|event| event.kind == kind && event.covers(day))
    }

    fn event(&self, kind: LookAlike) -> Option<&'a Event> {
        Self::find(self.tenant, self.person, self.day, kind)
    }

    /// Devices in use today, with the one that is new, if any.
    fn devices(&self) -> (Vec<Device>, Option<usize>) {
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

    /// What a session of today is in truth.
    fn truth(&self, new_device: bool, at_home: bool, desk: bool) -> Truth {
        let occurrence = |kind| {
            self.event(kind)
                .map(|event| Truth::LookAlike(event.occurrence))
        };
        let returning = self
            .event(LookAlike::ReturnFromLeave)
            .filter(|event| event.last == self.day);
        occurrence(LookAlike::NewStarter)
            .or_else(|| occurrence(LookAlike::Travel))
            .or_else(|| returning.map(|event| Truth::LookAlike(event.occurrence)))
            .or_else(|| occurrence(LookAlike::Vpn).filter(|_| desk))
            .or_else(|| occurrence(LookAlike::ProviderChange).filter(|_| at_home))
            .or_else(|| occurrence(LookAlike::NewDevice).filter(|_| new_device))
            .unwrap_or(Truth::Benign)
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
    fn address(&self, rng: &mut Generator, phone: bool, evening: bool) -> (IpAddr, bool) {
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

    fn midnight(&self) -> i64 {
        let office = &self.tenant.offices[self.tenant.people[self.person].office];
        let hours_abroad = match self.place {
            // People abroad keep local hours; a few hours' shift stands for the difference (assumption).
            Place::Abroad(country) => (country as i64 * 5) % 9 - 4,
            _ => 0,
        };
        self.tenant.calendar.local_midnight(self.day, office) + hours_abroad * 3600
    }

    /// A moment for a session: in the morning rush, or anywhere in the working day but at noon; phones also in the evening.
    fn start(&self, rng: &mut Generator, phone: bool) -> (i64, bool) {
        let someone = &self.tenant.people[self.person];
        let evening = phone && (self.off || chance(rng, 0.4));
        let hour = if self.off {
            between(rng, 9.0, 22.0)
        } else if evening {
            someone.begins + someone.length + between(rng, 0.2, 4.5)
        } else if chance(rng, 0.35) {
            someone.begins + normal(rng, 0.3, 0.25).abs()
        } else {
            let hour = someone.begins + between(rng, 0.5, someone.length);
            if (12.2..12.9).contains(&hour) {
                hour + 1.0
            } else {
                hour
            }
        };
        (
            self.midnight() + (hour.min(23.9) * 3600.0) as i64 + rng.gen_range(0..60),
            evening || self.off,
        )
    }

    fn context(&self, client: ClientId, address: IpAddr, session: u64, truth: Truth) -> Context {
        let mailbox = self.person as u32;
        Context {
            actor: mailbox,
            mailbox,
            client,
            address,
            session,
            logon: Logon::Owner,
            as_application: false,
            truth,
        }
    }

    /// Everything the person does on the day.
    pub(super) fn live(&self, log: &mut Log) {
        let mut rng = generator(
            self.tenant.seed,
            Stream::Workday,
            [self.person as u64, self.day as u64 | 1 << 32],
        );
        let (devices, new) = self.devices();
        for (number, device) in devices.iter().enumerate() {
            let off = if self.off {
                if device.phone { 0.45 } else { 0.06 }
            } else {
                1.0
            };
            for visit in 0..poisson(&mut rng, device.sessions * off) {
                self.session(
                    log,
                    &mut rng,
                    device,
                    Visit {
                        device: number,
                        visit,
                        is_new: new == Some(number),
                    },
                );
            }
        }
        self.special(log, &mut rng, &devices);
        if !self.off {
            self.shared_mailboxes(log, &mut rng, &devices);
        }
    }

    /// The sign-in session of a device on a day; OWA signs in anew at each visit.
    pub(super) fn session_key(
        tenant: &Tenant,
        person: usize,
        device: &Device,
        visit: Visit,
        day: i64,
    ) -> u64 {
        let who = mix(tenant.seed, (person as u64) << 8 | visit.device as u64);
        let who = if visit.is_new { mix(who, 77) } else { who };
        let phase = hashed(who, 1, device.sign_in_days as u64) as i64;
        let number = (day + phase).div_euclid(device.sign_in_days) as u64;
        if device.sign_in_days == 1 {
            mix(mix(who, number), u64::from(visit.visit))
        } else {
            mix(who, number)
        }
    }

    fn session(&self, log: &mut Log, rng: &mut Generator, device: &Device, visit: Visit) {
        let tenant = self.tenant;
        let someone = &tenant.people[self.person];
        let client = tenant
            .clients
            .of(device.program, &tenant.calendar, self.day, someone.lag);
        let (start, evening) = self.start(rng, device.phone);
        let (address, at_home) = self.address(rng, device.phone, evening);
        let session = Self::session_key(tenant, self.person, device, visit, self.day);
        let truth = self.truth(visit.is_new, at_home, !device.phone);
        let context = self.context(client, address, session, truth);
        let signs_in =
            Self::session_key(tenant, self.person, device, visit, self.day - 1) != session;
        if signs_in && visit.visit == 0 || device.sign_in_days == 1 {
            if chance(rng, 0.04) {
                log.add(rng, start - 25, context, Action::SignIn { failed: true });
            }
            log.add(rng, start - 3, context, Action::SignIn { failed: false });
        }
        let mean = self.volume * if device.phone { 0.8 } else { 1.9 };
        let records = 1 + dispersed(rng, mean, 1.3);
        let back = if chance(rng, 0.2) {
            dispersed(rng, 60.0, 0.6)
        } else {
            0
        };
        let mut from = start;
        let is_outlook = matches!(device.program, Program::Outlook { .. });
        let on_phone_protocol =
            tenant.clients.phones.contains(&client) || client == tenant.clients.imap;
        if is_outlook || on_phone_protocol {
            let folders = 1 + poisson(rng, if is_outlook { 1.6 } else { 0.6 }) as usize;
            from = log.synchronise(rng, context, start, folders, 8.0);
        }
        let gap = if device.phone { 90.0 } else { 240.0 };
        let reading = Reading {
            start: from + 5,
            records,
            messages: 1.8,
            gap,
            back,
            fast: false,
        };
        let until = log.read(rng, context, reading);
        if is_outlook {
            // Cached mode downloads the Inbox again while the program is open.
            for _ in 0..poisson(rng, 1.2 * self.volume.min(4.0)) {
                let time = rng.gen_range(from..=until.max(from + 3600));
                log.add(rng, time, context, Action::Sync { folder: 0 });
            }
        }
        log.act(rng, context, from, until, records);
        if let Program::Web(_) = device.program {
            self.through_proxy(log, rng, context, until);
        }
    }

    /// Part of OWA's records come through its own proxy and do not name the browser.
    fn through_proxy(&self, log: &mut Log, rng: &mut Generator, context: Context, until: i64) {
        let context = Context {
            client: self.tenant.clients.owa_proxy,
            ..context
        };
        for _ in 0..poisson(rng, 0.5) {
            let time = until + rng.gen_range(0..300);
            let newest = log.newest(context.mailbox, time);
            log.add(rng, time, context, Action::Bind { newest, count: 1 });
        }
    }

    /// Days on which something out of the ordinary happens.
    fn special(&self, log: &mut Log, rng: &mut Generator, devices: &[Device]) {
        let Some(desk) = devices.first() else { return };
        let tenant = self.tenant;
        let lag = tenant.people[self.person].lag;
        let start = self.midnight() + (tenant.people[self.person].begins * 3600.0) as i64;
        let (address, _) = self.address(rng, false, false);
        let here = |program, key, occurrence| {
            let client = tenant.clients.of(program, &tenant.calendar, self.day, lag);
            self.context(
                client,
                address,
                mix(tenant.seed, key),
                Truth::LookAlike(occurrence),
            )
        };
        for event in tenant
            .life
            .of(self.person)
            .iter()
            .filter(|event| event.covers(self.day))
        {
            match event.kind {
                LookAlike::Resync => {
                    let context = here(
                        Program::Outlook { slow: false },
                        event.detail,
                        event.occurrence,
                    );
                    log.add(rng, start + 300, context, Action::SignIn { failed: false });
                    log.synchronise(rng, context, start + 310, usize::MAX, 9.0);
                }
                LookAlike::Throttled => {
                    let context = here(desk.program, event.detail, event.occurrence);
                    // Clearing out an old mailbox: a thousand records and more in a long day.
                    let records = rng.gen_range(1_030..1_300);
                    log.read(
                        rng,
                        context,
                        Reading {
                            start,
                            records,
                            messages: 2.5,
                            gap: 24.0,
                            back: 800,
                            fast: true,
                        },
                    );
                }
                LookAlike::NightWork => {
                    let context = here(desk.program, event.detail, event.occurrence);
                    let context = Context {
                        address: if self.place == Place::Office {
                            self.home_address()
                        } else {
                            address
                        },
                        ..context
                    };
                    let late = self.midnight() + (between(rng, 22.8, 25.5) * 3600.0) as i64;
                    let records = rng.gen_range(12..36);
                    let until = log.read(
                        rng,
                        context,
                        Reading {
                            start: late,
                            records,
                            messages: 2.0,
                            gap: 200.0,
                            back: 0,
                            fast: false,
                        },
                    );
                    log.act(rng, context, late, until, records);
                }
                _ => {}
            }
        }
    }

    /// Reads mailboxes that the person shares, or assists.
    fn shared_mailboxes(&self, log: &mut Log, rng: &mut Generator, devices: &[Device]) {
        let tenant = self.tenant;
        let Some(desk) = devices.iter().find(|device| !device.phone) else {
            return;
        };
        let newcomer = self
            .event(LookAlike::SharedNewMember)
            .map(|event| Truth::LookAlike(event.occurrence));
        let starter = self
            .event(LookAlike::NewStarter)
            .map(|event| Truth::LookAlike(event.occurrence));
        for shared in &tenant.shared {
            for &(person, from, until) in &shared.members {
                if person != self.person || !(from..until).contains(&self.day) {
                    continue;
                }
                let joined = newcomer.filter(|_| from > i64::MIN);
                if joined.is_some() && from == self.day {
                    self.grant(log, rng, shared.mailbox, joined.unwrap_or(Truth::Benign));
                }
                let truth = joined.or(starter).unwrap_or(Truth::Benign);
                for _ in 0..poisson(rng, 0.8) {
                    self.delegate(
                        log,
                        rng,
                        desk,
                        Delegation {
                            mailbox: shared.mailbox,
                            truth,
                            records: 2.5,
                        },
                    );
                }
            }
        }
        for (nth, &(assistant, executive)) in tenant.assistants.iter().enumerate() {
            if assistant == self.person && tenant.people[assistant].role == Role::Assistant {
                let truth = tenant
                    .life
                    .assistants
                    .get(nth)
                    .map_or(Truth::Benign, |&occurrence| Truth::LookAlike(occurrence));
                for _ in 0..1 + poisson(rng, 1.5) {
                    self.delegate(
                        log,
                        rng,
                        desk,
                        Delegation {
                            mailbox: executive as u32,
                            truth,
                            records: 3.5,
                        },
                    );
                }
            }
        }
    }

    /// The administrator gives the person a mailbox.
    fn grant(&self, log: &mut Log, rng: &mut Generator, mailbox: u32, truth: Truth) {
        let tenant = self.tenant;
        let context = Context {
            actor: tenant.admin_actor(),
            mailbox,
            client: tenant.clients.of(
                Program::Web(super::client::Browser::Edge),
                &tenant.calendar,
                self.day,
                0,
            ),
            address: tenant.networks.office(0, 0),
            session: mix(tenant.seed, self.day as u64 | 1 << 50),
            logon: Logon::Admin,
            as_application: false,
            truth,
        };
        let time = self.midnight() + 8 * 3600 + rng.gen_range(0..1800);
        log.add(
            rng,
            time,
            context,
            Action::Grant {
                to: self.person as u32,
            },
        );
    }

    fn delegate(&self, log: &mut Log, rng: &mut Generator, desk: &Device, what: Delegation) {
        let tenant = self.tenant;
        let client = tenant.clients.of(
            desk.program,
            &tenant.calendar,
            self.day,
            tenant.people[self.person].lag,
        );
        let (start, evening) = self.start(rng, false);
        let (address, _) = self.address(rng, false, evening);
        let session = Self::session_key(tenant, self.person, desk, Visit::FIRST, self.day);
        let own = self.context(client, address, session, what.truth);
        let context = Context {
            mailbox: what.mailbox,
            logon: Logon::Delegated,
            ..own
        };
        let records = 1 + dispersed(rng, what.records * self.volume.min(3.0), 1.5);
        let until = log.read(
            rng,
            context,
            Reading {
                start,
                records,
                messages: 1.7,
                gap: 200.0,
                back: 0,
                fast: false,
            },
        );
        for _ in 0..poisson(rng, f64::from(records) / 8.0) {
            let sending = if chance(rng, 0.7) {
                Sending::SendAs
            } else {
                Sending::SendOnBehalf
            };
            let time = until + rng.gen_range(20..400);
            log.add(rng, time, context, Action::Write(sending));
        }
        for _ in 0..poisson(rng, f64::from(records) / 10.0) {
            let newest = log.newest(what.mailbox, until);
            let time = until + rng.gen_range(5..200);
            log.add(
                rng,
                time,
                context,
                Action::Remove {
                    how: Removal::Move,
                    newest,
                    count: 1,
                },
            );
        }
    }
}

/// A visit to a mailbox of one's own on one device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    /// Number of the device.
    pub(super) device: usize,
    /// Number of the visit on the day.
    pub(super) visit: u32,
    /// The device is new.
    pub(super) is_new: bool,
}

impl Visit {
    /// The first visit of a day on a person's first device.
    pub(super) const FIRST: Self = Self {
        device: 0,
        visit: 0,
        is_new: false,
    };
}

/// A visit to somebody else's mailbox.
struct Delegation {
    mailbox: u32,
    truth: Truth,
    /// Mean number of records.
    records: f64,
}

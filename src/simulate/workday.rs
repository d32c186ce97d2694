//! A person's day: when they read mail, from where, and with what.
//!
//! Assumptions: sessions cluster at the start of the working day and spread over it, with a lull at noon; phones are also used in the evening
//! and at weekends; a day's volume is log-normal around the person's pace (sigma 0.4). At intensity 1 a mailbox has about 30 records on a
//! working day (measured over 80 people and 42 days), some 18 of them caused by people.

use std::net::IpAddr;

use super::client::{ClientId, Program};
use super::life::{Event, LookAlike};
use super::person::Device;
use super::random::{
    Generator, Stream, between, chance, dispersed, generator, hashed, log_normal, mix, normal,
    poisson,
};
use super::record::{Action, Context, Logon, Truth};
use super::tenant::Tenant;
use super::visit::{Log, Reading};
use super::whereabouts::Place;
use rand::Rng;

/// One person on one day.
pub(super) struct PersonDay<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) person: usize,
    pub(super) day: i64,
    pub(super) place: Place,
    off: bool,
    /// Reading volume today against the average person on an average day.
    pub(super) volume: f64,
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
        // On the day of a new connection, people wait for the technician.
        let moves = Self::find(tenant, person, day, LookAlike::ProviderChange);
        let waits = moves.is_some_and(|event| event.first == day);
        let at_home = off || waits || someone.home_days >> tenant.calendar.weekday(day) & 1 == 1;
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

    pub(super) fn event(&self, kind: LookAlike) -> Option<&'a Event> {
        Self::find(self.tenant, self.person, self.day, kind)
    }

    /// What a session of today is in truth.
    pub(super) fn truth(&self, new_device: bool, at_home: bool, desk: bool) -> Truth {
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

    /// A moment for a session: in the morning rush, or anywhere in the working day but at noon; phones also in the evening.
    pub(super) fn start(&self, rng: &mut Generator, phone: bool) -> (i64, bool) {
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

    pub(super) fn context(
        &self,
        client: ClientId,
        address: IpAddr,
        session: u64,
        truth: Truth,
    ) -> Context {
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
        let new_device = self.event(LookAlike::NewDevice);
        let first_try = new_device.is_some_and(|event| event.first == self.day);
        for (number, device) in devices.iter().enumerate() {
            let off = if self.off {
                if device.phone { 0.45 } else { 0.06 }
            } else {
                1.0
            };
            // Everyone opens their mail on a working day, and tries a new device on its first.
            let certain = number == 0 && !self.off || new == Some(number) && first_try;
            let visits = poisson(&mut rng, device.sessions * off).max(u32::from(certain));
            for visit in 0..visits {
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
        let is_outlook = matches!(device.program, Program::Outlook { .. });
        // Outlook shows most messages from its own copy: it synchronises more than it binds.
        let mean = match (device.phone, is_outlook) {
            (true, _) => 0.8,
            (false, true) => 1.1,
            (false, false) => 1.9,
        } * self.volume;
        let records = 1 + dispersed(rng, mean, 1.3);
        let back = if chance(rng, 0.2) {
            dispersed(rng, 60.0, 0.6)
        } else {
            0
        };
        let mut from = start;
        let on_phone_protocol =
            tenant.clients.phones.contains(&client) || client == tenant.clients.imap;
        if is_outlook || on_phone_protocol {
            let folders = 1 + poisson(rng, if is_outlook { 2.0 } else { 0.6 }) as usize;
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
            for _ in 0..poisson(rng, 1.8 * self.volume.min(4.0)) {
                let time = rng.gen_range(from..=until.max(from + 3600));
                log.add(rng, time, context, Action::Sync { folder: 0 });
            }
        }
        log.act(rng, context, from, until, records);
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

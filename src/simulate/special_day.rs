//! What a person does beyond their own daily mail: days on which something out of the ordinary happens, shared mailboxes, an executive's mail.

use super::client::{Browser, Program};
use super::life::LookAlike;
use super::person::Device;
use super::random::{Generator, between, chance, dispersed, mix, poisson};
use super::record::{Action, Context, Logon, Removal, Sending, Truth};
use super::visit::{Log, Reading};
use super::whereabouts::Place;
use super::workday::{PersonDay, Visit};
use rand::Rng;

impl PersonDay<'_> {
    /// Days on which something out of the ordinary happens.
    pub(super) fn special(&self, log: &mut Log, rng: &mut Generator, devices: &[Device]) {
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
    pub(super) fn shared_mailboxes(&self, log: &mut Log, rng: &mut Generator, devices: &[Device]) {
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
        let someone = &tenant.people[self.person];
        for share in someone
            .shares
            .iter()
            .filter(|share| (share.from..share.until).contains(&self.day))
        {
            let joined = newcomer.filter(|_| share.from > i64::MIN);
            if joined.is_some() && share.from == self.day {
                self.grant(log, rng, share.mailbox, joined.unwrap_or(Truth::Benign));
            }
            let truth = joined.or(starter).unwrap_or(Truth::Benign);
            // A newcomer looks around on the first day.
            let visits = poisson(rng, 0.8).max(u32::from(share.from == self.day));
            for _ in 0..visits {
                self.delegate(
                    log,
                    rng,
                    desk,
                    Delegation {
                        mailbox: share.mailbox,
                        truth,
                        records: 2.5,
                    },
                );
            }
        }
        if let Some(executive) = someone.assists {
            let occurrence = tenant.life.assistants.get(&self.person);
            let truth =
                occurrence.map_or(Truth::Benign, |&occurrence| Truth::LookAlike(occurrence));
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

    /// The administrator gives the person a mailbox.
    fn grant(&self, log: &mut Log, rng: &mut Generator, mailbox: u32, truth: Truth) {
        let tenant = self.tenant;
        let context = Context {
            actor: tenant.admin_actor(),
            mailbox,
            client: tenant
                .clients
                .of(Program::Web(Browser::Edge), &tenant.calendar, self.day, 0),
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

/// A visit to somebody else's mailbox.
struct Delegation {
    mailbox: u32,
    truth: Truth,
    /// Mean number of records.
    records: f64,
}

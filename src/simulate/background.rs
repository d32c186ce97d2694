//! What happens without anyone at the keyboard: Microsoft's services, Teams, phones that fetch, add-ins, and the tenant's own applications.
//!
//! In a real lab log two of three reads came from such services; a town's log of seven months holds about 150 mailbox records a person and
//! day, most of them from background clients. Here they are a third of a mailbox's records at intensity 1
//! and four fifths at intensity 5, which has about 150 on a working day.

use super::client::ClientId;
use super::life::LookAlike;
use super::network::microsoft;
use super::office::DAY;
use super::random::{
    Generator, Stream, between, chance, dispersed, generator, hashed, mix, poisson, weighted,
};
use super::record::{Action, Context, Logon, Truth};
use super::tenant::Tenant;
use super::visit::{Log, Reading};
use super::workday::{PersonDay, Visit};
use rand::Rng;

/// One in fifty mailboxes meets an application of the long tail on a day (assumption).
const TAIL: f64 = 0.02;
/// Records of an add-in's first reading of a mailbox, on average (assumption).
const FIRST_READING: f64 = 18.0;
/// Share of mailboxes that the nightly application reads.
const CRM_SHARE: u64 = 35;

fn owner(mailbox: u32, client: ClientId, address: std::net::IpAddr, truth: Truth) -> Context {
    Context {
        actor: mailbox,
        mailbox,
        client,
        address,
        session: 0,
        logon: Logon::Owner,
        as_application: false,
        truth,
    }
}

/// Background reads of one person's mailbox on one day; `mean` is their expected number.
pub(super) fn person(log: &mut Log, who: usize, day: i64, mean: f64) {
    let tenant = log.tenant;
    let mut rng = generator(tenant.seed, Stream::Background, [who as u64, day as u64]);
    let rng = &mut rng;
    let someone = &tenant.people[who];
    let starter = tenant
        .life
        .of(who)
        .iter()
        .find(|event| event.kind == LookAlike::NewStarter && event.covers(day));
    let truth = starter.map_or(Truth::Benign, |event| Truth::LookAlike(event.occurrence));
    let quiet = if tenant.is_day_off(who, day) || !tenant.is_present(who, day) {
        0.4
    } else {
        1.0
    };
    let midnight = tenant
        .calendar
        .local_midnight(day, &tenant.offices[someone.office]);
    let mut left = dispersed(rng, mean * quiet * someone.pace.min(3.0), 2.0);
    while left > 0 {
        // Services work through what has arrived, in small bursts.
        let burst = (1 + poisson(rng, 1.2)).min(left);
        left -= burst;
        let hour = if chance(rng, 0.7) {
            between(rng, 7.0, 19.0)
        } else {
            between(rng, 0.0, 24.0)
        };
        let start = midnight + (hour * 3600.0) as i64;
        let (context, messages) = match weighted(rng, &[0.62, 0.16, 0.22]) {
            0 => (
                owner(who as u32, service(rng, tenant, who), microsoft(rng), truth),
                1.4,
            ),
            1 => (
                owner(who as u32, tenant.clients.teams, microsoft(rng), truth),
                1.2,
            ),
            _ => match phone(rng, tenant, who, day) {
                Some(context) => (context, 1.3),
                None => (
                    owner(who as u32, tenant.clients.teams, microsoft(rng), truth),
                    1.3,
                ),
            },
        };
        log.read(
            rng,
            context,
            Reading {
                start,
                records: burst,
                messages,
                gap: 30.0,
                back: 0,
                fast: true,
            },
        );
    }
    add_ins(
        log,
        rng,
        Mail {
            who,
            day,
            midnight,
            truth,
        },
    );
    if chance(rng, TAIL) {
        let clients = &tenant.clients;
        let known = rng.gen_range(0..2) == 0;
        let (tail, before) = if known {
            (&clients.services, 7)
        } else {
            (&clients.add_ins, 8)
        };
        let which = rng.gen_range(before..tail.len());
        let client = tail[which];
        let address = if known {
            microsoft(rng)
        } else {
            tenant
                .networks
                .get(tenant.add_in_network(which))
                .v4(0x2000 + u64::from(client))
        };
        let start = midnight + rng.gen_range(6..22) * 3600 + rng.gen_range(0..3600);
        let records = 1 + dispersed(rng, 2.0, 0.8);
        log.read(
            rng,
            owner(who as u32, client, address, truth),
            Reading {
                start,
                records,
                messages: 2.0,
                gap: 20.0,
                back: 0,
                fast: true,
            },
        );
    }
}

/// Each mailbox meets its own few of Microsoft's services, the busiest most.
fn service(rng: &mut Generator, tenant: &Tenant, who: usize) -> ClientId {
    let services = &tenant.clients.services;
    loop {
        let which = weighted(rng, &[0.32, 0.2, 0.14, 0.1, 0.09, 0.08, 0.07]);
        if which < 3 || hashed(mix(tenant.seed, who as u64), which as u64, 2) == 0 {
            return services[which];
        }
    }
}

/// A phone that fetches in the background, wherever its owner is.
fn phone(rng: &mut Generator, tenant: &Tenant, who: usize, day: i64) -> Option<Context> {
    let someone = &tenant.people[who];
    let today = PersonDay::new(tenant, who, day, 1.0);
    let (devices, new) = today.devices();
    let number = devices.iter().position(|device| device.phone)?;
    let device = devices.get(number)?;
    let client = tenant
        .clients
        .of(device.program, &tenant.calendar, day, someone.lag);
    let evening = chance(rng, 0.6);
    let (address, at_home) = today.address(rng, true, evening);
    let is_new = new == Some(number);
    let visit = Visit {
        device: number,
        is_new,
        ..Visit::FIRST
    };
    let session = PersonDay::session_key(tenant, who, device, visit, day);
    let truth = today.truth(is_new, at_home, false);
    Some(Context {
        session,
        ..owner(who as u32, client, address, truth)
    })
}

/// A mailbox on a day.
#[derive(Clone, Copy)]
struct Mail {
    who: usize,
    day: i64,
    midnight: i64,
    truth: Truth,
}

/// Add-ins that the person consented to: some records on most days, at the company's fixed addresses.
fn add_ins(log: &mut Log, rng: &mut Generator, mail: Mail) {
    let tenant = log.tenant;
    let new = tenant
        .life
        .of(mail.who)
        .iter()
        .find(|event| event.kind == LookAlike::AddIn && event.first <= mail.day);
    let new = new.map(|event| {
        // The less common add-ins, so that mailbox and mostly tenant too have not met it.
        let which = 8 + (event.detail % (tenant.clients.add_ins.len() as u64 - 8)) as usize;
        let truth = if event.covers(mail.day) {
            Truth::LookAlike(event.occurrence)
        } else {
            mail.truth
        };
        let first = event.first == mail.day;
        (
            tenant.clients.add_ins[which],
            tenant.add_in_network(which),
            if first { FIRST_READING } else { 2.0 },
            truth,
        )
    });
    let usual = tenant.people[mail.who]
        .add_ins
        .iter()
        .map(|&(client, network, busy)| (client, network, busy, mail.truth));
    for (client, network, busy, truth) in usual.chain(new) {
        // Consent is followed by a first reading; no usual add-in is that busy.
        let bursts = poisson(rng, (busy / 3.0).min(2.0)).max(u32::from(busy >= FIRST_READING));
        for burst in 0..bursts {
            let address = tenant
                .networks
                .get(network)
                .v4(0x1000 | hashed(u64::from(client), u64::from(burst) % 3, 64));
            let start = mail.midnight + rng.gen_range(0..DAY);
            let records = 1 + dispersed(rng, busy, 1.5);
            log.read(
                rng,
                owner(mail.who as u32, client, address, truth),
                Reading {
                    start,
                    records,
                    messages: 1.6,
                    gap: 25.0,
                    back: 0,
                    fast: true,
                },
            );
        }
    }
}

/// Background reads of a shared mailbox.
pub(super) fn shared(log: &mut Log, mailbox: u32, day: i64, mean: f64) {
    let tenant = log.tenant;
    let mut rng = generator(
        tenant.seed,
        Stream::SharedWork,
        [u64::from(mailbox), day as u64],
    );
    for _ in 0..dispersed(&mut rng, mean / 3.0, 1.5) {
        let start = tenant.calendar.midnight(day) + rng.gen_range(0..DAY);
        let client = tenant.clients.services[weighted(&mut rng, &[0.5, 0.3, 0.2])];
        let context = owner(mailbox, client, microsoft(&mut rng), Truth::Benign);
        log.read(
            &mut rng,
            context,
            Reading {
                start,
                records: 1,
                messages: 1.5,
                gap: 20.0,
                back: 0,
                fast: true,
            },
        );
    }
}

/// The tenant's own applications on one day: the nightly customer system, the weekly backup, and what was rolled out.
pub(super) fn applications(log: &mut Log, day: i64) {
    let tenant = log.tenant;
    let mut rng = generator(tenant.seed, Stream::Services, [day as u64, 1]);
    let rng = &mut rng;
    let midnight = tenant.calendar.midnight(day);
    if let Some(occurrence) = tenant.life.crm {
        let network = tenant.networks.get(tenant.add_in_network(101));
        let mut time = midnight + 90 * 60 + rng.gen_range(0..600);
        for mailbox in employed(tenant, day) {
            if hashed(mix(tenant.seed, 500), u64::from(mailbox), 100) >= CRM_SHARE {
                continue;
            }
            let context = Context {
                as_application: true,
                ..owner(
                    mailbox,
                    tenant.clients.crm,
                    network.v4(0x3300 + rng.gen_range(0..2)),
                    Truth::LookAlike(occurrence),
                )
            };
            let records = 1 + dispersed(rng, 4.0, 2.5);
            time = 2 + log.read(
                rng,
                context,
                Reading {
                    start: time,
                    records,
                    messages: 3.0,
                    gap: 3.0,
                    back: 0,
                    fast: true,
                },
            );
        }
    }
    if let Some(occurrence) = tenant
        .life
        .backup
        .filter(|_| tenant.calendar.weekday(day) == 6)
    {
        let network = tenant.networks.get(tenant.add_in_network(102));
        let mut time = midnight + 3 * 3600 + rng.gen_range(0..300);
        // The backup copies leavers' mailboxes too.
        for mailbox in 0..tenant.mailboxes.len() as u32 {
            let own = owner(
                mailbox,
                tenant.clients.backup,
                network.v4(0x3302),
                Truth::LookAlike(occurrence),
            );
            let context = Context {
                actor: tenant.backup_actor(),
                logon: Logon::Admin,
                as_application: true,
                ..own
            };
            let folders = rng.gen_range(4..9);
            time = log.synchronise(rng, context, time, folders, 2.0);
        }
    }
    if let Some((occurrence, first)) = tenant.life.rollout.filter(|&(_, first)| first <= day) {
        let truth = if day < first + 7 {
            Truth::LookAlike(occurrence)
        } else {
            Truth::Benign
        };
        for mailbox in employed(tenant, day) {
            // On the first day it reads itself in, later it follows along.
            let mean = if day == first { 7.0 } else { 1.5 };
            let start = midnight + 7 * 3600 + rng.gen_range(0..10 * 3600);
            let context = owner(mailbox, tenant.clients.rolled_out, microsoft(rng), truth);
            let records = dispersed(rng, mean, 2.0);
            log.read(
                rng,
                context,
                Reading {
                    start,
                    records,
                    messages: 2.0,
                    gap: 10.0,
                    back: 0,
                    fast: true,
                },
            );
        }
    }
    if let Some(client) = tenant.shared.first().map(|_| tenant.clients.services[0]) {
        // Retention settings are applied by the system to a few mailboxes each day.
        for _ in 0..poisson(rng, 0.3 + tenant.mailboxes.len() as f64 / 200.0) {
            let own = owner(
                rng.gen_range(0..tenant.mailboxes.len()) as u32,
                client,
                microsoft(rng),
                Truth::Benign,
            );
            let context = Context {
                actor: tenant.system_actor(),
                logon: Logon::Admin,
                ..own
            };
            let time = midnight + rng.gen_range(0..DAY);
            log.add(rng, time, context, Action::Configure);
        }
    }
}

/// Mailboxes of people employed on a day.
fn employed(tenant: &Tenant, day: i64) -> impl Iterator<Item = u32> {
    let on =
        move |person: &super::person::Person| (person.employed.0..person.employed.1).contains(&day);
    tenant
        .people
        .iter()
        .enumerate()
        .filter(move |(_, person)| on(person))
        .map(|(index, _)| index as u32)
}

//! Records that an export of all workloads holds besides: files, teams, the directory, licences, and the constant noise of guessed passwords.

use super::client::{Browser, Program};
use super::network::NetworkKind;
use super::office::DAY;
use super::random::{Stream, chance, dispersed, generator, pick, poisson, token};
use super::record::{Action, Context, Logon, Other, Truth};
use super::visit::Log;
use super::workday::PersonDay;
use rand::Rng;

/// File records per person and working day (assumption).
const FILES: f64 = 1.4;
/// Failed sign-ins by strangers, per person and day (assumption: every tenant is guessed at, all the time).
const GUESSES: f64 = 0.03;

/// Other workloads' records of one day.
pub(super) fn day(log: &mut Log, day: i64) {
    let tenant = log.tenant;
    let midnight = tenant.calendar.midnight(day);
    for who in 0..tenant.people.len() {
        let mut rng = generator(
            tenant.seed,
            Stream::OtherWorkloads,
            [who as u64, day as u64],
        );
        let rng = &mut rng;
        let someone = &tenant.people[who];
        let browser = tenant.clients.of(
            Program::Web(Browser::Edge),
            &tenant.calendar,
            day,
            someone.lag,
        );
        let mut context = Context {
            actor: who as u32,
            mailbox: who as u32,
            client: browser,
            address: PersonDay::new(tenant, who, day, 1.0)
                .address(rng, false, false)
                .0,
            session: token(rng),
            logon: Logon::Owner,
            as_application: false,
            truth: Truth::Benign,
        };
        if tenant.is_present(who, day) && !tenant.is_day_off(who, day) {
            let start = tenant
                .calendar
                .local_midnight(day, &tenant.offices[someone.office])
                + (someone.begins * 3600.0) as i64;
            for _ in 0..dispersed(rng, FILES, 0.8) {
                let what = if chance(rng, 0.75) {
                    Other::FileAccessed
                } else {
                    Other::FileDownloaded
                };
                let time = start + rng.gen_range(0..8 * 3600);
                log.add(rng, time, context, Action::Other(what));
            }
        }
        for _ in 0..poisson(rng, GUESSES) {
            let networks = tenant.networks.anywhere(NetworkKind::Hosting);
            let network = pick(rng, &networks).unwrap_or_default();
            context.address = tenant.networks.any(rng, network);
            context.session = token(rng);
            let time = midnight + rng.gen_range(0..DAY);
            log.add(rng, time, context, Action::SignIn { failed: true });
        }
    }
    let mut rng = generator(tenant.seed, Stream::OtherWorkloads, [u64::MAX, day as u64]);
    let people = tenant.people.len();
    for what in [Other::TeamsMember, Other::UpdateUser, Other::MailboxPlan] {
        for _ in 0..poisson(&mut rng, 0.3 + people as f64 / 100.0) {
            let who = rng.gen_range(0..people) as u32;
            let actor = if what == Other::UpdateUser {
                tenant.admin_actor()
            } else {
                tenant.system_actor()
            };
            let context = Context {
                actor,
                mailbox: who,
                client: 0,
                address: tenant.networks.office(0, 1),
                session: 0,
                logon: Logon::Admin,
                as_application: false,
                truth: Truth::Benign,
            };
            let time = midnight + 7 * 3600 + rng.gen_range(0..10 * 3600);
            log.add(&mut rng, time, context, Action::Other(what));
        }
    }
}

//! What happens in people's lives: the benign look-alikes of an attack, planned over the period.
//!
//! Kinds follow the list of benign look-alikes that a detector must not confuse with an attack. How often each happens is an assumption,
//! stated in [`LookAlike::rate`]; each happens at least once after the attack-free days, if the tenant has room for it (about ten people).

use std::collections::BTreeMap;

use super::network::NetworkKind;
use super::office::COUNTRIES;
use super::params::SimulateParams;
use super::person::{Role, Share};
use super::random::{Generator, Stream, generator, token};
use super::tenant::Tenant;
use rand::Rng;

/// A benign thing that looks like an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LookAlike {
    /// A first-party application rolled out to the whole tenant on one day.
    Rollout,
    /// A new phone or browser.
    NewDevice,
    /// Another internet provider at home.
    ProviderChange,
    /// Some days abroad.
    Travel,
    /// The first day after a week's leave, with a full inbox.
    ReturnFromLeave,
    /// A new Outlook profile that downloads every folder.
    Resync,
    /// Someone with no history.
    NewStarter,
    /// A new member of a shared mailbox.
    SharedNewMember,
    /// An assistant who reads an executive's mailbox every day.
    Assistant,
    /// An application that reads many mailboxes every night.
    NightlyCrm,
    /// An application that copies every mailbox every week.
    WeeklyBackup,
    /// A reader so busy that the service stops logging.
    Throttled,
    /// An add-in that the mailbox has not met before.
    AddIn,
    /// A deadline: work far into the night.
    NightWork,
    /// A commercial virtual private network for some days.
    Vpn,
}

impl LookAlike {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Rollout,
        Self::NewDevice,
        Self::ProviderChange,
        Self::Travel,
        Self::ReturnFromLeave,
        Self::Resync,
        Self::NewStarter,
        Self::SharedNewMember,
        Self::Assistant,
        Self::NightlyCrm,
        Self::WeeklyBackup,
        Self::Throttled,
        Self::AddIn,
        Self::NightWork,
        Self::Vpn,
    ];

    /// The kind's name in `lookalikes.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::NewDevice => "new_device",
            Self::ProviderChange => "provider_change",
            Self::Travel => "travel",
            Self::ReturnFromLeave => "return_from_leave",
            Self::Resync => "resync",
            Self::NewStarter => "new_starter",
            Self::SharedNewMember => "shared_new_member",
            Self::Assistant => "assistant",
            Self::NightlyCrm => "nightly_crm",
            Self::WeeklyBackup => "weekly_backup",
            Self::Throttled => "throttled",
            Self::AddIn => "add_in",
            Self::NightWork => "night_work",
            Self::Vpn => "vpn",
        }
    }

    /// Times per person and 28 days; 0 for what happens to the whole tenant or all the time.
    fn rate(self) -> f64 {
        match self {
            Self::NewDevice | Self::ReturnFromLeave => 0.05,
            Self::Travel | Self::AddIn | Self::NightWork => 0.04,
            Self::ProviderChange | Self::Resync | Self::NewStarter => 0.025,
            Self::Vpn => 0.02,
            Self::SharedNewMember | Self::Throttled => 0.01,
            Self::Rollout | Self::Assistant | Self::NightlyCrm | Self::WeeklyBackup => 0.0,
        }
    }

    /// Shortest and longest duration in days; records count as look-alike that long.
    fn duration(self) -> (i64, i64) {
        match self {
            Self::Travel => (3, 6),
            // Leave, and the day of return at the end.
            Self::ReturnFromLeave => (8, 13),
            Self::Resync | Self::Throttled | Self::NightWork => (1, 1),
            Self::NewStarter => (10, 10),
            Self::Vpn => (2, 5),
            _ => (7, 7),
        }
    }
}

/// One look-alike in one person's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: LookAlike,
    pub(super) person: usize,
    /// First day.
    pub(super) first: i64,
    /// Last day that counts as look-alike.
    pub(super) last: i64,
    /// Number of the occurrence, from 0.
    pub(super) occurrence: u32,
    /// A number from which details follow: which country, which device.
    pub(super) detail: u64,
}

impl Event {
    /// Whether the look-alike lasts on this day.
    pub(super) fn covers(&self, day: i64) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// All look-alikes of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    /// By number of occurrence.
    pub(super) kinds: Vec<LookAlike>,
    by_person: Vec<Vec<Event>>,
    /// Occurrence and day of the roll-out.
    pub(super) rollout: Option<(u32, i64)>,
    /// Occurrence of the nightly application.
    pub(super) crm: Option<u32>,
    /// Occurrence of the weekly backup.
    pub(super) backup: Option<u32>,
    /// Occurrence of each assistant, by person.
    pub(super) assistants: BTreeMap<usize, u32>,
}

/// Attempts to find a person and a day where nothing else happens.
const ATTEMPTS: usize = 400;

impl Life {
    /// Plans the look-alikes; an empty plan when the parameters ask for none.
    pub(super) fn plan(tenant: &Tenant, params: &SimulateParams) -> Self {
        let people = tenant.people.len();
        let mut life = Self {
            by_person: vec![Vec::new(); people],
            ..Self::default()
        };
        if !params.settings().look_alikes {
            return life;
        }
        let mut rng = generator(tenant.seed, Stream::Life, [0, 0]);
        let days = tenant.calendar.days;
        // The period after the quiet days, where sessions are judged.
        let judged = i64::from(params.attack_after()).min(days - 2);
        life.rollout = Some((
            life.number(LookAlike::Rollout),
            rng.gen_range(judged..days - 1),
        ));
        life.crm = Some(life.number(LookAlike::NightlyCrm));
        life.backup = Some(life.number(LookAlike::WeeklyBackup));
        for (person, someone) in tenant.people.iter().enumerate() {
            if someone.assists.is_some() {
                let occurrence = life.number(LookAlike::Assistant);
                life.assistants.insert(person, occurrence);
            }
        }
        // What takes longest is placed first, while there is room.
        let mut kinds = LookAlike::ALL;
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.duration()));
        for kind in kinds {
            let rate = kind.rate();
            let wanted = (rate * people as f64 * days as f64 / 28.0).round().max(1.0) as usize;
            for nth in 0..if rate > 0.0 { wanted } else { 0 } {
                // The first of a kind falls into the judged period, the others anywhere.
                life.place(tenant, kind, if nth == 0 { judged } else { 1 }, &mut rng);
            }
        }
        life
    }

    fn number(&mut self, kind: LookAlike) -> u32 {
        self.kinds.push(kind);
        (self.kinds.len() - 1) as u32
    }

    fn place(&mut self, tenant: &Tenant, kind: LookAlike, earliest: i64, rng: &mut Generator) {
        let days = tenant.calendar.days;
        let (shortest, longest) = kind.duration();
        for _ in 0..ATTEMPTS {
            let person = rng.gen_range(0..tenant.people.len());
            let mut first = rng.gen_range(earliest.min(days - 1)..days);
            let mut last = first + rng.gen_range(shortest..=longest) - 1;
            if kind == LookAlike::ReturnFromLeave {
                // The drawn day is that of the return, which must fall into the log; the leave may have begun before it.
                (first, last) = (2 * first - last, first);
            }
            let works = |day| !tenant.is_day_off(person, day);
            let fits = match kind {
                LookAlike::ReturnFromLeave => works(last),
                LookAlike::Throttled => {
                    works(first)
                        && first + 1 < days
                        && tenant.people[person].role != Role::Assistant
                }
                LookAlike::NewStarter => works(first) && tenant.people[person].role == Role::Staff,
                LookAlike::SharedNewMember => {
                    works(first) && tenant.people[person].shares.len() < tenant.shared.len()
                }
                _ => works(first),
            };
            let margin = if kind == LookAlike::NewStarter {
                i64::MAX / 4
            } else {
                1
            };
            let clash = |event: &Event| {
                let before = if event.kind == LookAlike::NewStarter {
                    i64::MIN / 4
                } else {
                    event.first
                };
                first - margin <= event.last && before <= last + 1
            };
            let mine = &self.by_person[person];
            let repeated = mine.iter().any(|event| event.kind == kind);
            if !fits || repeated || mine.iter().any(clash) {
                continue;
            }
            let occurrence = self.number(kind);
            self.by_person[person].push(Event {
                kind,
                person,
                first,
                last,
                occurrence,
                detail: token(rng),
            });
            return;
        }
    }

    /// Plans a journey for someone who has none, so that an attack can follow them abroad. Returns it.
    pub(super) fn send_abroad(
        &mut self,
        person: usize,
        first: i64,
        last: i64,
        detail: u64,
    ) -> Event {
        let occurrence = self.number(LookAlike::Travel);
        let event = Event {
            kind: LookAlike::Travel,
            person,
            first,
            last,
            occurrence,
            detail,
        };
        if let Some(mine) = self.by_person.get_mut(person) {
            mine.push(event);
        }
        event
    }

    /// Everything that happens to a person.
    pub(super) fn of(&self, person: usize) -> &[Event] {
        self.by_person.get(person).map_or(&[], Vec::as_slice)
    }

    /// Everything of one kind, by person.
    pub(super) fn all_of(&self, kind: LookAlike) -> impl Iterator<Item = &Event> {
        self.by_person
            .iter()
            .flatten()
            .filter(move |event| event.kind == kind)
    }
}

impl Tenant {
    /// Whether a person does not work on a day by habit: weekend or a part-timer's free day.
    pub(super) fn is_day_off(&self, person: usize, day: i64) -> bool {
        let person = &self.people[person];
        let weekday = self.calendar.weekday(day);
        self.offices[person.office].weekend.contains(&weekday) || person.free_day == Some(weekday)
    }

    /// Whether a person is employed and not on leave on a day.
    pub(super) fn is_present(&self, person: usize, day: i64) -> bool {
        let (from, until) = self.people[person].employed;
        let on_leave = |event: &Event| {
            event.kind == LookAlike::ReturnFromLeave && (event.first..event.last).contains(&day)
        };
        (from..until).contains(&day) && !self.life.of(person).iter().any(on_leave)
    }

    /// The country someone travels to: never the country of their office.
    pub(super) fn destination(&self, event: &Event) -> usize {
        let home = self.offices[self.people[event.person].office].country;
        let draw = (event.detail % (COUNTRIES.len() as u64 - 1)) as usize;
        if draw >= home { draw + 1 } else { draw }
    }

    /// The provider that a person changes to.
    pub(super) fn next_provider(&self, event: &Event) -> u16 {
        let person = &self.people[event.person];
        let mut others = self
            .networks
            .of(NetworkKind::Home, self.offices[person.office].country);
        others.retain(|&network| network != person.home);
        others
            .get((event.detail % others.len().max(1) as u64) as usize)
            .copied()
            .unwrap_or(person.home)
    }

    /// Applies what the plan says about employment and membership.
    pub(super) fn follow_life(&mut self) {
        let starters: Vec<Event> = self.life.all_of(LookAlike::NewStarter).copied().collect();
        for event in starters {
            self.people[event.person].employed.0 = event.first;
            // A new mailbox holds a welcome and little else on its first day.
            let mailbox = &mut self.mailboxes[event.person];
            mailbox.stock = 20.0 - mailbox.arrivals * event.first as f64;
        }
        let joins: Vec<Event> = self
            .life
            .all_of(LookAlike::SharedNewMember)
            .copied()
            .collect();
        for event in joins {
            let shares = &self.people[event.person].shares;
            let foreign = |mailbox: &&u32| shares.iter().all(|share| share.mailbox != **mailbox);
            let choices: Vec<u32> = self.shared.iter().filter(foreign).copied().collect();
            let which = (event.detail % choices.len().max(1) as u64) as usize;
            if let Some(&mailbox) = choices.get(which) {
                let joined = Share {
                    mailbox,
                    from: event.first,
                    until: i64::MAX,
                };
                self.people[event.person].shares.push(joined);
            }
        }
        self.lay_off();
    }

    /// One in fifty leaves in the course of the period (assumption); nobody to whom anything else happens.
    fn lay_off(&mut self) {
        let mut rng = generator(self.seed, Stream::Life, [1, 0]);
        let days = self.calendar.days;
        for index in 0..self.people.len() {
            let leaves = rng.gen_range(0..50) == 0;
            let day = rng.gen_range(1..days);
            let settled = self.life.of(index).is_empty()
                && matches!(self.people[index].role, Role::Staff | Role::Field);
            if leaves && settled && !self.life.kinds.is_empty() {
                self.people[index].employed.1 = day;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::params::SimulateSettings;

    fn tenant(people: u32, days: u32, look_alikes: bool) -> Tenant {
        let settings = SimulateSettings {
            people,
            days,
            look_alikes,
            seed: 5,
            ..Default::default()
        };
        Tenant::new(&settings.check().expect("valid")).expect("a tenant")
    }

    #[test]
    fn every_kind_happens_even_in_a_small_tenant() {
        for seed in 0..20 {
            let settings = SimulateSettings {
                people: 12,
                days: 21,
                seed,
                ..Default::default()
            };
            let tenant = Tenant::new(&settings.check().expect("valid")).expect("a tenant");
            for kind in LookAlike::ALL {
                assert!(
                    tenant.life.kinds.contains(&kind),
                    "seed {seed}: no {}",
                    kind.name()
                );
            }
        }
    }

    #[test]
    fn nothing_happens_unasked() {
        assert!(tenant(40, 28, false).life.kinds.is_empty());
    }

    #[test]
    fn a_new_starter_was_not_there_before() {
        let tenant = tenant(80, 42, true);
        for event in tenant.life.all_of(LookAlike::NewStarter) {
            assert!(!tenant.is_present(event.person, event.first - 1));
            assert!(tenant.is_present(event.person, event.first));
        }
    }

    #[test]
    fn leave_ends_with_a_working_day() {
        let tenant = tenant(80, 42, true);
        for event in tenant.life.all_of(LookAlike::ReturnFromLeave) {
            assert!(!tenant.is_present(event.person, event.last - 1));
            assert!(tenant.is_present(event.person, event.last));
            assert!(!tenant.is_day_off(event.person, event.last));
        }
    }

    #[test]
    fn travel_leads_abroad_and_a_new_provider_is_another() {
        let tenant = tenant(80, 42, true);
        for event in tenant.life.all_of(LookAlike::Travel) {
            assert_ne!(
                tenant.destination(event),
                tenant.offices[tenant.people[event.person].office].country
            );
        }
        for event in tenant.life.all_of(LookAlike::ProviderChange) {
            assert_ne!(
                tenant.next_provider(event),
                tenant.people[event.person].home
            );
        }
    }
}

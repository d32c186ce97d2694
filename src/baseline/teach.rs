//! What a day teaches.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::circumstance::is_person;
use super::hours::hour_class;
use super::known::{Acquaintance, Category, FORGOTTEN_DAYS, TRUST_DAYS, known_as};
use super::ladder::{FIRST_DAYS, RUNGS, STRATA};
use super::mailbox::{FamilyVolume, LadderKind, MailboxBaseline};

use super::novelty::is_telling;
use super::odd_days::odd_rung;
use super::peers::{PEER_DAYS, Peers};
use super::token::{Home, homes};
use super::{
    APPLICATION_SESSIONS, Baselines, Judgement, Lesson, SPREAD_DAYS, Stage, UNFAMILIAR,
    VOLUME_FEATURES, silence_rung, spread_rung, spreading_categories, stratum,
};
use crate::feature::{CategoryKind, Channel, Measure, Observation, Symbol};

/// Sessions of one application, at most, from which it is learned what new clients read.
const NEWCOMER_SESSIONS: f64 = 50.0;

/// `SessionId`s are remembered this long after their last use: a sign-in session lives about that long without a new
/// sign-in.
const TOKEN_DAYS: i32 = 14;

/// A day about to be taught.
struct Taught<'a> {
    observations: &'a [Observation],
    judgements: &'a [Judgement],
    lessons: &'a [Lesson],
    /// Days that the tenant has learned with this one.
    learned_days: u32,
}

impl Taught<'_> {
    fn teaches(&self, index: usize) -> bool {
        self.lessons[index] == Lesson::All
    }
}

/// A mailbox while it learns a day, with what it has to tell the tenant.
struct Pupil<'a> {
    mailbox: Symbol,
    /// Boxed: it leaves the table for the day and comes back.
    baseline: Box<MailboxBaseline>,
    /// Its sessions of the day.
    indexes: &'a [usize],
    met: Met,
    reached: Vec<Reached>,
    told: Told,
}

/// What the mailbox met that it may learn from.
#[derive(Default)]
struct Met {
    /// What it has begun to trust, the application that brought it, and when.
    begun: Vec<(Category, Symbol, i32)>,
    /// What has become familiar to it.
    familiar: Vec<Category>,
    /// What the tenant is to note as still in use.
    due: Vec<Category>,
    /// Applications that came as they should.
    visits: Vec<Symbol>,
}

/// What a mailbox's day adds to the tenant's volumes and unfamiliar categories.
#[derive(Default)]
struct Told {
    /// By class, and for new clients by application.
    volumes: BTreeMap<(u8, Symbol), FamilyVolume>,
    applications: BTreeMap<Symbol, FamilyVolume>,
    unfamiliar: Vec<(Category, i32)>,
}

/// The highest rung of one ladder that the mailbox's sessions of one stratum reached.
struct Reached {
    ladder: usize,
    stratum: usize,
    rung: usize,
    /// Age of the mailbox.
    active_days: u32,
}

impl Baselines {
    /// Learns the sessions of one day. `lessons[i]` says what session i may teach; that it was there is remembered in
    /// any case. Sessions that do not touch the mailbox teach nothing.
    pub fn teach_day(
        &mut self,
        observations: &[Observation],
        judgements: &[Judgement],
        lessons: &[Lesson],
    ) {
        let day = Taught {
            observations,
            judgements,
            lessons,
            learned_days: self.tenant.days + 1,
        };
        for ladder in &mut self.tenant.ladders {
            ladder.fade();
        }
        let mut by_mailbox: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
        for (index, observation) in observations
            .iter()
            .enumerate()
            .filter(|(_, o)| o.touches_mailbox)
        {
            by_mailbox
                .entry(observation.mailbox)
                .or_default()
                .push(index);
        }
        let homes = homes(
            observations
                .iter()
                .zip(judgements)
                .map(|(observation, judgement)| (observation, judgement.network)),
        );
        let mut pupils: Vec<Pupil<'_>> = by_mailbox
            .iter()
            .map(|(mailbox, indexes)| Pupil {
                mailbox: *mailbox,
                baseline: self.mailboxes.remove(mailbox).unwrap_or_default(),
                indexes,
                met: Met::default(),
                reached: Vec::new(),
                told: Told::default(),
            })
            .collect();
        // Mailboxes learn on their own, side by side; what they tell the tenant is joined in their order.
        pupils.par_iter_mut().for_each(|pupil| {
            self.teach_volumes(&day, pupil);
            remember(&day, pupil, &homes);
            teach_habits(&day, pupil);
            self.tell(&day, pupil);
        });
        for pupil in pupils {
            self.teach_tenant(&day, &pupil);
            self.mailboxes.insert(pupil.mailbox, pupil.baseline);
        }
        if let Some(today) = observations.iter().map(|o| o.day).max() {
            self.tenant.unfamiliar.retain(|_, mailboxes| {
                mailboxes.retain(|_, last| today - *last < SPREAD_DAYS);
                !mailboxes.is_empty()
            });
        }
        self.tenant.days += 1;
        if self.uses(Stage::Peers) && self.tenant.days.is_multiple_of(PEER_DAYS) {
            self.tenant.peers = Peers::of(&self.mailboxes);
        }
    }

    /// Volumes of the mailbox.
    fn teach_volumes(&self, day: &Taught<'_>, pupil: &mut Pupil<'_>) {
        let baseline = &mut pupil.baseline;
        for &index in pupil.indexes.iter().filter(|&&index| day.teaches(index)) {
            let (observation, class) = (&day.observations[index], day.judgements[index].class);
            let values = VOLUME_FEATURES.map(|(_, measure)| match observation.measure(measure) {
                0.0 => 0.0,
                value => self
                    .predictive(observation, baseline, class, measure)
                    .winsorised(value),
            });
            let volume = baseline.volumes.entry(class).or_default();
            for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
                volume[measure as usize].count(value);
            }
        }
    }

    /// What the mailbox's day tells the tenant.
    fn teach_tenant(&mut self, day: &Taught<'_>, pupil: &Pupil<'_>) {
        let tenant = &mut self.tenant;
        for (&(class, application), volume) in &pupil.told.volumes {
            join(&mut tenant.everything, volume);
            if application != 0 {
                let sessions = tenant.newcomers.entry(application).or_default();
                let room = NEWCOMER_SESSIONS - *sessions;
                if room <= 0.0 {
                    continue;
                }
                *sessions += volume[0].sessions().min(room);
                let volume = volume.map(|measure| measure.limited(room));
                join(tenant.volumes.entry(class).or_default(), &volume);
                continue;
            }
            join(tenant.volumes.entry(class).or_default(), volume);
        }
        for (&application, volume) in &pupil.told.applications {
            join(tenant.applications.entry(application).or_default(), volume);
        }
        for &(category, last) in &pupil.told.unfamiliar {
            let mailboxes = tenant.unfamiliar.entry(category).or_default();
            mailboxes.insert(pupil.mailbox, last);
        }
        for &index in pupil.indexes.iter().filter(|&&index| day.teaches(index)) {
            let observation = &day.observations[index];
            tenant.hours[hour_class(observation.channel)].count(observation.week_cell);
        }
        for &application in &pupil.met.visits {
            tenant.known.visit(application);
        }
        for category in &pupil.met.due {
            tenant.known.note(category, tenant.days);
        }
        for &(category, application, first) in &pupil.met.begun {
            tenant
                .known
                .begin(category, application, (first, tenant.days));
        }
        for category in &pupil.met.familiar {
            tenant.known.settle(category);
        }
        for reached in &pupil.reached {
            tenant.ladders[reached.ladder].count(
                reached.stratum,
                reached.active_days,
                reached.rung,
            );
        }
    }

    /// The tenant's volumes learn from every session, so that what is new and busy is known to be so often; a session
    /// that may not teach is cut to what is still ordinary. An application's volumes learn from trusted sessions only:
    /// an intruder's application has no others.
    fn tell(&self, day: &Taught<'_>, pupil: &mut Pupil<'_>) {
        for &index in pupil.indexes {
            let (observation, judgement) = (&day.observations[index], &day.judgements[index]);
            let teaches = day.teaches(index);
            let values = VOLUME_FEATURES.map(|(_, measure)| {
                let value = observation.measure(measure);
                if teaches || value == 0.0 {
                    value
                } else {
                    self.predictive(observation, &pupil.baseline, judgement.class, measure)
                        .ordinary(value)
                }
            });
            let told = &mut pupil.told;
            let application = observation.category(CategoryKind::Application);
            let count = |volume: &mut FamilyVolume| {
                for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
                    volume[measure as usize].count(value);
                }
            };
            let class = judgement.class;
            let newcomer = if class & UNFAMILIAR == 0 {
                0
            } else {
                application
            };
            let by_application = self.application_volume(observation, class, Measure::Items);
            let taught = self.tenant.newcomers.get(&newcomer).copied();
            // What is judged by its application teaches its class a little, and what is judged by its class more.
            if by_application.is_none() || taught.unwrap_or(0.0) < APPLICATION_SESSIONS {
                count(told.volumes.entry((class, newcomer)).or_default());
            }
            if teaches && application != 0 {
                count(told.applications.entry(application).or_default());
            }
            let categories =
                spreading_categories(observation, &judgement.novelties, judgement.network);
            told.unfamiliar
                .extend(categories.into_iter().map(|of| (of, observation.day)));
        }
    }
}

fn join(sum: &mut FamilyVolume, more: &FamilyVolume) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.merged(*more);
    }
}

/// What is remembered of every session, trusted or not.
fn remember(day: &Taught<'_>, pupil: &mut Pupil<'_>, homes: &FxHashMap<(Symbol, u64), Home>) {
    let baseline = &mut pupil.baseline;
    for &index in pupil.indexes {
        let (observation, judgement) = (&day.observations[index], &day.judgements[index]);
        acquaint(
            baseline,
            (observation, judgement),
            day.lessons[index],
            &mut pupil.met,
        );
        // Phones and tablets refresh by themselves, whoever is on leave.
        if is_person(observation) && observation.channel == Channel::Interactive {
            baseline.owner_day = baseline.owner_day.max(Some(observation.day));
        }
        if is_person(observation) && day.lessons[index] != Lesson::Nothing {
            baseline.person_day = baseline.person_day.max(Some(observation.day));
            baseline.person_learned = day.learned_days;
        }
        if judgement.odd_days > 0 {
            baseline.odd_days.count(observation.day);
        }
        if let Some(home) = homes.get(&(pupil.mailbox, observation.token)) {
            let origin = baseline
                .tokens
                .entry(observation.token)
                .or_insert(home.origin);
            origin.last = observation.day;
        }
    }
    let today = day.observations[pupil.indexes[0]].day;
    baseline.close(today, day.learned_days);
    baseline
        .tokens
        .retain(|_, origin| today - origin.last < TOKEN_DAYS);
}

/// Ladders and hours, from the sessions that may teach; what the mailbox may only make the acquaintance of teaches the ladders of
/// novelty.
fn teach_habits(day: &Taught<'_>, pupil: &mut Pupil<'_>) {
    let baseline = &mut pupil.baseline;
    let taught = || {
        pupil
            .indexes
            .iter()
            .copied()
            .filter(|&index| day.teaches(index))
    };
    let Some(first) = taught().next() else { return };
    // The highest rung by ladder and stratum; none where no session of the stratum came.
    let mut highest = [[None; STRATA]; LadderKind::COUNT];
    for &index in pupil.indexes {
        let lesson = day.lessons[index];
        if lesson == Lesson::Nothing {
            continue;
        }
        let (observation, judgement) = (&day.observations[index], &day.judgements[index]);
        let rungs = reached_rungs(observation, judgement);
        // What may be made the acquaintance of counts among the new things that come: else who was flagged for a habit would be
        // flagged for it the more, the longer it lasts.
        let all = lesson == Lesson::All;
        for ladder in LadderKind::ALL
            .into_iter()
            .filter(|ladder| all || ladder.counts_adoptions())
        {
            let stratum = stratum(observation, baseline, &judgement.novelties, ladder);
            let slot = &mut highest[ladder as usize][stratum];
            *slot = (*slot).max(Some(rungs[ladder as usize].min(RUNGS - 1)));
        }
    }
    for (kind, strata) in LadderKind::ALL.into_iter().zip(&highest) {
        let ladder = kind as usize;
        for (stratum, rung) in strata.iter().enumerate() {
            if let &Some(rung) = rung {
                pupil.reached.push(Reached {
                    ladder,
                    stratum,
                    rung,
                    active_days: kind.age(baseline.active_days),
                });
            }
        }
        if baseline.active_days >= FIRST_DAYS {
            let most = strata.iter().copied().max().flatten();
            let most = most.filter(|_| kind.is_habit());
            baseline.ladders[ladder].count(most.unwrap_or(0));
        }
    }
    // An odd visit is no habit of the owner's, or the second would be less odd than the first.
    for index in taught().filter(|&index| day.judgements[index].odd_days == 0) {
        let observation = &day.observations[index];
        baseline.hours[hour_class(observation.channel)].count(observation.week_cell);
    }
    let today = day.observations[first].day;
    if baseline.active_days == 0 {
        baseline.first_day = today;
    }
    baseline.active_days += 1;
    baseline.owner_days += u32::from(taught().any(|index| is_person(&day.observations[index])));
    baseline.delegated_days += u32::from(taught().any(|index| day.observations[index].delegated));
}

/// The rung of each ladder that a session reached. Of what is new only the adoption counts: what stays new for its
/// days of trust is one event, not three.
fn reached_rungs(observation: &Observation, judgement: &Judgement) -> [usize; LadderKind::COUNT] {
    let adopted = |kind: CategoryKind| {
        let novelty = judgement.novelties[kind as usize];
        if novelty.adoption { novelty.rung } else { 0 }
    };
    let place = if judgement.network.adoption {
        judgement.network.rung
    } else {
        0
    };
    LadderKind::ALL.map(|ladder| match ladder {
        LadderKind::Application => adopted(CategoryKind::Application),
        LadderKind::Client => adopted(CategoryKind::Client),
        LadderKind::Version => adopted(CategoryKind::Version),
        LadderKind::Origin => adopted(CategoryKind::Origin),
        LadderKind::Actor => adopted(CategoryKind::Actor),
        LadderKind::Network => place,
        LadderKind::Changes => observation.action as usize,
        LadderKind::Spread => spread_rung(judgement.spread.mailboxes),
        LadderKind::SpreadToday => spread_rung(judgement.spread_today.mailboxes),
        LadderKind::Persistence => judgement.persistence_rung(),
        LadderKind::Token => judgement.token,
        LadderKind::OddDays => newly_odd(judgement.odd_days),
        LadderKind::Silence => silence_rung(judgement.silence),
        LadderKind::Throttled => usize::from(observation.throttled),
    })
}

/// The rung of a day by which odd visits have come to be as many as that rung asks for. Who goes on reading at night is one
/// reader, and no proof that nights are ordinary.
fn newly_odd(days: u32) -> usize {
    let rung = odd_rung(days);
    if rung > odd_rung(days.saturating_sub(1)) {
        rung
    } else {
        0
    }
}

/// Makes the mailbox acquainted with what it met; adds what it has begun to trust.
fn acquaint(
    baseline: &mut MailboxBaseline,
    (observation, judgement): (&Observation, &Judgement),
    lesson: Lesson,
    met: &mut Met,
) {
    let (day, clock) = (observation.day, baseline.clock(observation.day));
    let application = observation.category(CategoryKind::Application);
    for kind in CategoryKind::ALL {
        let category = known_as(observation, kind);
        if category.1 == 0 && !is_telling(observation, kind) {
            continue;
        }
        let novelty = judgement.novelties[kind as usize];
        let origin = novelty.origin as u8;
        let never = i32::MIN;
        let known = baseline.known.entry(category).or_insert(Acquaintance {
            first: day,
            last: never,
            trusted: never,
            days: 0,
            met: 0,
            origin,
            settled: false,
        });
        if known.last != day {
            if novelty.adoption && day.saturating_sub(known.last) > FORGOTTEN_DAYS {
                // As new as on its first day, and on trial again.
                (known.first, known.met) = (day, 0);
            }
            known.last = day;
            known.met = known.met.saturating_add(1);
        }
        if lesson != Lesson::Nothing && known.trusted != clock {
            if novelty.due {
                met.due.push(category);
            }
            let forgotten = novelty.mailboxes == 0 && category.1 != 0;
            if known.days == 0 || forgotten {
                met.begun.push((category, application, day));
                // Where the tenant had forgotten it, it counts anew.
                known.settled &= !forgotten;
            }
            if known.days > 0 && novelty.adoption {
                // It had been forgotten, and has to earn its trust again.
                known.days = 0;
                known.origin = origin;
            }
            known.trusted = clock;
            known.days = known.days.saturating_add(1);
            if known.days >= TRUST_DAYS && !known.settled {
                known.settled = true;
                met.familiar.push(category);
            }
            if kind == CategoryKind::Origin && category.1 != 0 && lesson == Lesson::All {
                met.visits.push(application);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_nights_teach_once_that_they_have_become_so_many() {
        let rungs: Vec<usize> = (0..12).map(newly_odd).collect();
        assert_eq!(rungs, [0, 0, 0, 1, 2, 3, 4, 0, 5, 0, 0, 0]);
    }

    #[test]
    fn a_thousand_sessions_of_one_day_teach_what_new_clients_read_as_fifty() {
        let mut baselines = Baselines::default();
        let mut teach = |day: i32, application: Symbol, sessions: usize| {
            let mut visit = Observation::visit(day, 60);
            visit.categories[CategoryKind::Application as usize] = application;
            visit.measures[Measure::Items as usize] = 1.0;
            let visits = vec![visit; sessions];
            let judgements = baselines.judge_day(&visits);
            baselines.teach_day(&visits, &judgements, &vec![Lesson::All; sessions]);
            judgements[0].class
        };
        for day in 0..5 {
            teach(day, 7, 1);
        }
        let class = teach(5, 8, 1000);
        assert!(class & UNFAMILIAR != 0);
        let taught = baselines.tenant.volumes[&class][Measure::Items as usize].sessions();
        assert!((taught - NEWCOMER_SESSIONS).abs() < 1e-9, "{taught}");
    }
}

//! What a day teaches.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::hours::hour_class;
use super::ladder::{FIRST_DAYS, RUNGS};
use super::mailbox::{LadderKind, MailboxBaseline, TokenOrigin};
use super::novelty::{Acquaintance, Category, TenantAcquaintance};
use super::{
    Baselines, Judgement, Lesson, SPREAD_DAYS, VOLUME_FEATURES, spread_rung, stratum,
    unfamiliar_categories,
};
use crate::feature::{CategoryKind, Observation, Symbol};

/// `SessionId`s are remembered this long after their last use: a sign-in session lives about that long without a new
/// sign-in.
const TOKEN_DAYS: i32 = 14;

/// A day about to be taught.
struct Taught<'a> {
    observations: &'a [Observation],
    judgements: &'a [Judgement],
    lessons: &'a [Lesson],
}

impl Taught<'_> {
    fn teaches(&self, index: usize) -> bool {
        self.lessons[index] == Lesson::All
    }
}

/// The rungs that a mailbox-day reached.
type Reached = [usize; LadderKind::COUNT];

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
        self.teach_volumes(&day, &by_mailbox);
        for (&mailbox, indexes) in &by_mailbox {
            self.remember(&day, mailbox, indexes);
            self.teach_habits(&day, mailbox, indexes);
        }
        if let Some(today) = observations.iter().map(|o| o.day).max() {
            self.tenant.unfamiliar.retain(|_, mailboxes| {
                mailboxes.retain(|_, last| today - *last < SPREAD_DAYS);
                !mailboxes.is_empty()
            });
        }
        self.tenant.days += 1;
    }

    /// What is remembered of every session, trusted or not.
    fn remember(&mut self, day: &Taught<'_>, mailbox: Symbol, indexes: &[usize]) {
        let baseline = self.mailboxes.entry(mailbox).or_default();
        for &index in indexes {
            let (observation, judgement) = (&day.observations[index], &day.judgements[index]);
            for category in
                unfamiliar_categories(observation, &judgement.novelties, judgement.network)
            {
                self.tenant
                    .unfamiliar
                    .entry(category)
                    .or_default()
                    .insert(mailbox, observation.day);
            }
            for category in acquaint(baseline, observation, judgement, day.lessons[index]) {
                let first = TenantAcquaintance {
                    first: observation.day,
                    mailboxes: 0,
                };
                self.tenant.known.entry(category).or_insert(first).mailboxes += 1;
            }
            if observation.token != 0 {
                let origin = baseline
                    .tokens
                    .entry(observation.token)
                    .or_insert_with(|| TokenOrigin::of(observation));
                origin.last = observation.day;
            }
        }
        let today = day.observations[indexes[0]].day;
        baseline
            .tokens
            .retain(|_, origin| today - origin.last < TOKEN_DAYS);
    }

    /// Ladders and hours, from the sessions that may teach.
    fn teach_habits(&mut self, day: &Taught<'_>, mailbox: Symbol, indexes: &[usize]) {
        let taught: Vec<usize> = indexes
            .iter()
            .copied()
            .filter(|&index| day.teaches(index))
            .collect();
        let Some(&first) = taught.first() else { return };
        let baseline = self.mailboxes.entry(mailbox).or_default();
        for ladder in 0..LadderKind::COUNT {
            let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
            for &index in &taught {
                let (observation, judgement) = (&day.observations[index], &day.judgements[index]);
                let rung = reached_rungs(observation, judgement)[ladder].min(RUNGS - 1);
                let slot = reached
                    .entry(stratum(
                        observation,
                        baseline,
                        &judgement.novelties,
                        LadderKind::ALL[ladder],
                    ))
                    .or_default();
                *slot = (*slot).max(rung);
            }
            for (&stratum, &rung) in &reached {
                self.tenant.ladders[ladder].count(stratum, baseline.active_days, rung);
            }
            if baseline.active_days >= FIRST_DAYS {
                baseline.ladders[ladder].count(reached.into_values().max().unwrap_or(0));
            }
        }
        for &index in &taught {
            let observation = &day.observations[index];
            let class = hour_class(observation.channel);
            baseline.hours[class].count(observation.week_cell);
            self.tenant.hours[class].count(observation.week_cell);
        }
        let today = day.observations[first].day;
        if baseline.active_days == 0 {
            baseline.first_day = today;
        }
        baseline.last_day = today;
        baseline.active_days += 1;
        baseline.delegated_days += u32::from(
            taught
                .iter()
                .any(|&index| day.observations[index].delegated),
        );
        baseline.sessions += taught.len() as u32;
    }

    /// Volumes, in parallel over mailboxes: the mixtures are the only costly lesson.
    fn teach_volumes(&mut self, day: &Taught<'_>, by_mailbox: &BTreeMap<Symbol, Vec<usize>>) {
        let mut taught: Vec<(Symbol, MailboxBaseline, &Vec<usize>)> = by_mailbox
            .iter()
            .map(|(&mailbox, indexes)| {
                (
                    mailbox,
                    self.mailboxes.remove(&mailbox).unwrap_or_default(),
                    indexes,
                )
            })
            .collect();
        let may_teach = |index: &&usize| day.teaches(**index);
        taught
            .par_iter_mut()
            .for_each(|(mailbox, baseline, indexes)| {
                for &index in indexes.iter().filter(may_teach) {
                    let (observation, class) =
                        (&day.observations[index], day.judgements[index].class);
                    let values = VOLUME_FEATURES.map(|(_, measure)| {
                        self.predictive(observation, baseline, class, measure)
                            .winsorised(observation.measure(measure))
                    });
                    let volume = baseline.volumes.entry(class).or_default();
                    for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
                        volume.moments[measure as usize].count(value);
                    }
                    volume.items.count(values[0]);
                }
                for (class, volume) in &mut baseline.volumes {
                    if volume.items.wants_fit() {
                        volume
                            .items
                            .fit(u64::from(*mailbox) << 8 | u64::from(*class));
                    }
                }
            });
        for (mailbox, baseline, indexes) in taught {
            for &index in indexes {
                self.teach_tenant_volumes(day, &baseline, index);
            }
            self.mailboxes.insert(mailbox, baseline);
        }
    }

    /// The tenant's volumes learn from every session, so that what is new and busy is known to be so often; a session
    /// that may not teach is cut to what is still ordinary. An application's volumes learn from trusted sessions only:
    /// an intruder's application has no others.
    fn teach_tenant_volumes(&mut self, day: &Taught<'_>, baseline: &MailboxBaseline, index: usize) {
        let (observation, class) = (&day.observations[index], day.judgements[index].class);
        let values = VOLUME_FEATURES.map(|(_, measure)| {
            let value = observation.measure(measure);
            if day.teaches(index) {
                value
            } else {
                self.predictive(observation, baseline, class, measure)
                    .ordinary(value)
            }
        });
        let moments = self.tenant.volumes.entry(class).or_default();
        for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
            moments[measure as usize].count(value);
            self.tenant.everything[measure as usize].count(value);
        }
        let application = observation.category(CategoryKind::Application);
        if day.teaches(index) && application != 0 {
            let moments = self.tenant.applications.entry(application).or_default();
            for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
                moments[measure as usize].count(value);
            }
        }
    }
}

/// The rung of each ladder that a session reached. Of what is new only the adoption counts: what stays new for its
/// days of trust is one event, not three.
fn reached_rungs(observation: &Observation, judgement: &Judgement) -> Reached {
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
        LadderKind::Actor => adopted(CategoryKind::Actor),
        LadderKind::Network => place,
        LadderKind::Changes => observation.action as usize,
        LadderKind::Spread => spread_rung(judgement.spread),
        LadderKind::Persistence => judgement.persistence,
        LadderKind::Token => judgement.token,
    })
}

/// Makes the mailbox acquainted with what it met; returns what it has begun to trust.
fn acquaint(
    baseline: &mut MailboxBaseline,
    observation: &Observation,
    judgement: &Judgement,
    lesson: Lesson,
) -> Vec<Category> {
    let mut begun = Vec::new();
    let day = observation.day;
    for kind in CategoryKind::ALL {
        let category = (kind, observation.category(kind));
        let origin = judgement.novelties[kind as usize].rung as u8;
        let never = i32::MIN;
        let known = baseline.known.entry(category).or_insert(Acquaintance {
            first: day,
            last: never,
            trusted: never,
            days: 0,
            met: 0,
            origin,
        });
        if known.last != day {
            known.last = day;
            known.met = known.met.saturating_add(1);
        }
        if lesson != Lesson::Nothing && known.trusted != day {
            known.trusted = day;
            known.days = known.days.saturating_add(1);
            if known.days == 1 {
                begun.push(category);
            }
        }
    }
    begun
}

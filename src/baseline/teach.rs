//! What a day teaches.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::hours::hour_class;
use super::ladder::RUNGS;
use super::mailbox::{LadderKind, MailboxBaseline};
use super::novelty::{Acquaintance, Category, TenantAcquaintance};
use super::{
    Baselines, Judgement, SPREAD_DAYS, VOLUME_FEATURES, change_rung, persistence_rung, spread_rung,
    unfamiliar_categories,
};
use crate::feature::{CategoryKind, Channel, Observation, Symbol};

impl Baselines {
    /// Learns the sessions of one day that may teach; `teaches[i]` says so for session i. Sessions that do not touch
    /// the mailbox teach nothing.
    pub fn teach_day(
        &mut self,
        observations: &[Observation],
        judgements: &[Judgement],
        teaches: &[bool],
    ) {
        let mut lessons: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
        for (index, observation) in observations.iter().enumerate() {
            if teaches[index] && observation.touches_mailbox {
                lessons.entry(observation.mailbox).or_default().push(index);
            }
        }
        self.teach_volumes(observations, &lessons);
        let mut rungs = DayRungs::default();
        for (&mailbox, indexes) in &lessons {
            let baseline = self.mailboxes.entry(mailbox).or_default();
            let age = baseline.active_days;
            for (channel, reached) in reached_rungs(observations, judgements, indexes) {
                rungs.add(channel, age, &reached);
                for (ladder, &rung) in reached.iter().enumerate() {
                    baseline.ladders[ladder].count(rung);
                }
            }
            for &index in indexes {
                let observation = &observations[index];
                for category in unfamiliar_categories(
                    observation,
                    &judgements[index].novelties,
                    judgements[index].network,
                ) {
                    self.tenant
                        .unfamiliar
                        .entry(category)
                        .or_default()
                        .insert(mailbox, observation.day);
                }
                let new = acquaint(baseline, observation, &judgements[index]);
                for category in new {
                    let known = self
                        .tenant
                        .known
                        .entry(category)
                        .or_insert(TenantAcquaintance {
                            first: observation.day,
                            mailboxes: 0,
                        });
                    known.mailboxes += 1;
                }
                let class = hour_class(observation.channel);
                baseline.hours[class].count(observation.week_cell);
                self.tenant.hours[class].count(observation.week_cell);
            }
            let day = observations[indexes[0]].day;
            if baseline.active_days == 0 {
                baseline.first_day = day;
            }
            baseline.last_day = day;
            baseline.active_days += 1;
            baseline.sessions += indexes.len() as u32;
        }
        self.end_day(observations, &rungs);
    }

    fn end_day(&mut self, observations: &[Observation], rungs: &DayRungs) {
        for ladder in &mut self.tenant.ladders {
            ladder.fade();
        }
        for (channel, age, reached) in &rungs.days {
            for (ladder, &rung) in reached.iter().enumerate() {
                self.tenant.ladders[ladder].count(*channel, *age, rung);
            }
        }
        if let Some(today) = observations.iter().map(|o| o.day).max() {
            self.tenant.unfamiliar.retain(|_, mailboxes| {
                mailboxes.retain(|_, last| today - *last < SPREAD_DAYS);
                !mailboxes.is_empty()
            });
        }
        self.tenant.days += 1;
    }

    /// Volumes first, in parallel over mailboxes: the mixtures are the only costly lesson.
    fn teach_volumes(
        &mut self,
        observations: &[Observation],
        lessons: &BTreeMap<Symbol, Vec<usize>>,
    ) {
        let mut taught: Vec<(Symbol, MailboxBaseline, &Vec<usize>)> = lessons
            .iter()
            .map(|(&mailbox, indexes)| {
                (
                    mailbox,
                    self.mailboxes.remove(&mailbox).unwrap_or_default(),
                    indexes,
                )
            })
            .collect();
        taught
            .par_iter_mut()
            .for_each(|(mailbox, baseline, indexes)| {
                for &index in indexes.iter() {
                    let observation = &observations[index];
                    let family = observation.family as u8;
                    let values = VOLUME_FEATURES.map(|(_, measure)| {
                        let value = observation.measure(measure);
                        self.predictive(baseline, observation.family, measure)
                            .winsorised(value)
                    });
                    let volume = baseline.volumes.entry(family).or_default();
                    for ((_, measure), value) in VOLUME_FEATURES.into_iter().zip(values) {
                        volume.moments[measure as usize].count(value);
                    }
                    volume.items.count(values[0]);
                }
                for (family, volume) in &mut baseline.volumes {
                    if volume.items.wants_fit() {
                        volume
                            .items
                            .fit(u64::from(*mailbox) << 8 | u64::from(*family));
                    }
                }
            });
        for (mailbox, baseline, indexes) in taught {
            for &index in indexes {
                let observation = &observations[index];
                let moments = self
                    .tenant
                    .volumes
                    .entry(observation.family as u8)
                    .or_default();
                for (_, measure) in VOLUME_FEATURES {
                    moments[measure as usize].count(observation.measure(measure));
                }
            }
            self.mailboxes.insert(mailbox, baseline);
        }
    }
}

/// The rungs that a mailbox-day reached, by channel.
type Reached = [usize; LadderKind::COUNT];

#[derive(Default)]
struct DayRungs {
    days: Vec<(Channel, u32, Reached)>,
}

impl DayRungs {
    fn add(&mut self, channel: Channel, age: u32, reached: &Reached) {
        self.days.push((channel, age, *reached));
    }
}

/// The highest rung of each ladder that a mailbox reached today, by channel. Only adoptions count: what stays new
/// for its days of trust is one event, not three.
fn reached_rungs(
    observations: &[Observation],
    judgements: &[Judgement],
    indexes: &[usize],
) -> BTreeMap<Channel, Reached> {
    let mut reached: BTreeMap<Channel, Reached> = BTreeMap::new();
    for &index in indexes {
        let (observation, judgement) = (&observations[index], &judgements[index]);
        let slots = reached.entry(observation.channel).or_default();
        let adopted = |kind: CategoryKind| {
            let novelty = judgement.novelties[kind as usize];
            if novelty.adoption { novelty.rung } else { 0 }
        };
        let place = if judgement.network.adoption {
            judgement.network.rung
        } else {
            0
        };
        let rungs: Reached = [
            adopted(CategoryKind::Application),
            adopted(CategoryKind::Client),
            adopted(CategoryKind::Version),
            adopted(CategoryKind::Actor),
            place,
            change_rung(observation.action),
            spread_rung(judgement.spread.len()),
            persistence_rung(&judgement.novelties, judgement.network),
        ];
        for (slot, rung) in slots.iter_mut().zip(rungs) {
            *slot = (*slot).max(rung.min(RUNGS - 1));
        }
    }
    reached
}

/// Makes the mailbox acquainted with what it met; returns what it met first.
fn acquaint(
    baseline: &mut MailboxBaseline,
    observation: &Observation,
    judgement: &Judgement,
) -> Vec<Category> {
    let mut new = Vec::new();
    let known: &mut FxHashMap<Category, Acquaintance> = &mut baseline.known;
    for kind in CategoryKind::ALL {
        let category = (kind, observation.category(kind));
        let origin = judgement.novelties[kind as usize].rung as u8;
        let day = observation.day;
        let entry = known.entry(category).or_insert_with(|| {
            new.push(category);
            Acquaintance {
                first: day,
                last: i32::MIN,
                days: 0,
                origin,
            }
        });
        if entry.last != day {
            entry.last = day;
            entry.days = entry.days.saturating_add(1);
        }
    }
    new
}

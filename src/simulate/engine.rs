//! The engine: generates local day after local day, and hands records out in the order of time without ever holding more than a few days.

use std::collections::VecDeque;

use super::attack::Attacks;
use super::error::SimulateError;
use super::office::DAY;
use super::params::SimulateParams;
use super::random::{hashed, mix};
use super::record::{Action, Draft, Truth};
use super::tenant::Tenant;
use super::visit::Log;
use super::workday::PersonDay;
use super::{background, other_work};

/// Nominal mailbox records per person and working day at intensity 1, and the part of them that people cause themselves. Heavy readers and
/// the tenant's own applications bring the measured number to about 30.
const PER_PERSON: f64 = 26.0;
const INTERACTIVE: f64 = 18.0;
/// A day's records begin at most this long before its midnight in UTC: an office 11 hours ahead, a traveller 4 hours more, and a margin.
const AHEAD: i64 = 18 * 3600;
/// The service stops logging a mailbox's reads for a day after this many Bind records within a day.
const THROTTLE_AT: usize = 1_000;
/// Exports repeat records up to this much later.
pub(super) const REPEAT_WITHIN: u64 = 6 * 3600;

/// What the service remembers about a mailbox in order to throttle it.
#[derive(Debug, Clone, Default)]
struct Throttle {
    /// Times of the Bind records of the last 24 hours.
    binds: VecDeque<i64>,
    silent_until: i64,
}

/// A running simulation.
pub(super) struct Engine {
    pub(super) tenant: Tenant,
    pub(super) attacks: Attacks,
    params: SimulateParams,
    next_day: i64,
    pending: Vec<Draft>,
    throttles: Vec<Throttle>,
    /// Reads that throttling kept out of the log.
    pub(super) unlogged: u64,
}

impl Engine {
    /// Founds the tenant and plans the attacks.
    pub(super) fn new(params: &SimulateParams) -> Result<Self, SimulateError> {
        let mut tenant = Tenant::new(params)?;
        let attacks = Attacks::plan(&mut tenant, params);
        let throttles = vec![Throttle::default(); tenant.mailboxes.len()];
        Ok(Self {
            tenant,
            attacks,
            params: params.clone(),
            next_day: -1,
            pending: Vec::new(),
            throttles,
            unlogged: 0,
        })
    }

    /// Replaces the batch by the next records in the order of the export; false when the log is complete.
    pub(super) fn next_batch(&mut self, batch: &mut Vec<Draft>) -> bool {
        batch.clear();
        let calendar = self.tenant.calendar;
        if self.next_day > calendar.days {
            return false;
        }
        self.generate(self.next_day);
        self.next_day += 1;
        let complete = self.next_day > calendar.days;
        let mark = if complete {
            i64::MAX
        } else {
            calendar.midnight(self.next_day) - AHEAD
        };
        self.pending.sort_unstable_by_key(Draft::order);
        let ready = self.pending.partition_point(|draft| draft.listed < mark);
        batch.extend(
            self.pending
                .drain(..ready)
                .filter(|draft| (calendar.start..calendar.end()).contains(&draft.time)),
        );
        self.throttle(batch);
        self.repeat(batch, mark);
        true
    }

    fn generate(&mut self, day: i64) {
        let settings = self.params.settings();
        let tenant = &self.tenant;
        let interactive = settings.intensity.sqrt();
        let background_mean = (PER_PERSON * settings.intensity - INTERACTIVE * interactive)
            .max(2.0 * settings.intensity);
        let mut log = Log {
            tenant,
            drafts: &mut self.pending,
        };
        for person in 0..tenant.people.len() {
            let (from, until) = tenant.people[person].employed;
            if !(from..until).contains(&day) {
                continue;
            }
            if tenant.is_present(person, day) {
                PersonDay::new(tenant, person, day, interactive).live(&mut log);
            }
            background::person(&mut log, person, day, background_mean);
        }
        for &mailbox in &tenant.shared {
            background::shared(&mut log, mailbox, day, background_mean);
        }
        background::applications(&mut log, day);
        if settings.other_workloads {
            other_work::day(&mut log, day);
        }
        self.attacks.day(&mut log, day);
    }

    /// After a thousand Bind records in a day, a mailbox's reads are not logged for the next 24 hours.
    fn throttle(&mut self, batch: &mut Vec<Draft>) {
        let throttles = &mut self.throttles;
        let unlogged = &mut self.unlogged;
        batch.retain_mut(|draft| {
            if draft.repeated || !matches!(draft.action, Action::Bind { .. }) {
                return true;
            }
            let Some(state) = throttles.get_mut(draft.context.mailbox as usize) else {
                return true;
            };
            if draft.time < state.silent_until {
                *unlogged += 1;
                return false;
            }
            while state
                .binds
                .front()
                .is_some_and(|&time| draft.time - time >= DAY)
            {
                state.binds.pop_front();
            }
            state.binds.push_back(draft.time);
            if state.binds.len() > THROTTLE_AT {
                draft.throttled = true;
                state.silent_until = draft.time + DAY;
                state.binds.clear();
            }
            true
        });
    }

    /// Repeats some records later in the export, as exports of overlapping searches do.
    fn repeat(&mut self, batch: &mut Vec<Draft>, mark: i64) {
        let share = self.params.settings().duplicates;
        let known = batch.len();
        for index in 0..known {
            let draft = batch[index];
            if draft.repeated || share_of(draft.seed, 41) >= share {
                continue;
            }
            let copy = Draft {
                repeated: true,
                listed: draft.time + hashed(draft.seed, 42, REPEAT_WITHIN) as i64,
                ..draft
            };
            if copy.listed < mark {
                batch.push(copy)
            } else {
                self.pending.push(copy)
            }
        }
        if batch.len() > known {
            batch.sort_unstable_by_key(Draft::order);
        }
    }

    /// Whether a row is damaged; labelled records never are.
    pub(super) fn is_damaged(&self, draft: &Draft) -> bool {
        draft.context.truth == Truth::Benign
            && share_of(draft.seed, 43) < self.params.settings().broken
    }
}

/// A number in 0 to 1 that depends on a record and a purpose alone.
fn share_of(seed: u64, purpose: u64) -> f64 {
    (mix(seed, purpose) >> 11) as f64 / (1_u64 << 53) as f64
}

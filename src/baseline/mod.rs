//! Per-mailbox baselines and the deviations from them.
//!
//! [`Baselines`] holds one small model per mailbox and the tenant's summary that they are shrunk towards. A day is
//! judged as a whole ([`Baselines::judge_day`]) by what was learned before it and by what the tenant met on it, then
//! taught ([`Baselines::teach_day`]). Nothing later is ever looked at, and judging day by day from a saved model is
//! the same computation as judging a long export at once.

mod evidence;
mod hours;
mod ladder;
mod mailbox;
mod novelty;
mod teach;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

pub use evidence::{Evidence, Expectation};
pub use ladder::MAX_BANS;

use hours::{HOUR_CLASSES, WeekHistogram, hour_class};
use ladder::{TenantLadder, bans};
use mailbox::{FamilyVolume, LadderKind, MailboxBaseline, ordered};
use novelty::{Category, Novelty, RARE, TenantKnown, TenantToday, network_novelty, novelties};
use volume::{Moments, Predictive, items_exceedance};

use crate::event::ClientFamily;
use crate::feature::{
    Action, CategoryKind, Channel, FEATURE_COUNT, FeatureId, MEASURES, Measure, Observation,
    Symbol, WEEK_CELLS,
};

/// Days that an unfamiliar category stays in memory for the spread over mailboxes.
const SPREAD_DAYS: i32 = 7;
/// A mailbox is active when it had a session within this many days.
const ACTIVE_DAYS: i32 = 14;

/// The measure behind a volume feature.
const VOLUME_FEATURES: [(FeatureId, Measure); 9] = [
    (FeatureId::Items, Measure::Items),
    (FeatureId::Burst, Measure::Burst),
    (FeatureId::Bytes, Measure::Bytes),
    (FeatureId::Folders, Measure::Folders),
    (FeatureId::Syncs, Measure::Syncs),
    (FeatureId::DayItems, Measure::DayItems),
    (FeatureId::Sends, Measure::Sends),
    (FeatureId::Deletes, Measure::Deletes),
    (FeatureId::Searches, Measure::Searches),
];

/// The baselines of a tenant's mailboxes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Baselines {
    #[serde(with = "ordered")]
    mailboxes: FxHashMap<Symbol, MailboxBaseline>,
    tenant: TenantBaseline,
}

/// The tenant's summary: what mailboxes with little history are judged by.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct TenantBaseline {
    /// Days learned.
    days: u32,
    #[serde(with = "ordered")]
    known: TenantKnown,
    ladders: [TenantLadder; LadderKind::COUNT],
    hours: [WeekHistogram; HOUR_CLASSES],
    volumes: BTreeMap<u8, [Moments; MEASURES.len()]>,
    /// Mailboxes in which a category was unfamiliar, with the last such day.
    unfamiliar: BTreeMap<Category, BTreeMap<Symbol, i32>>,
}

/// What a session's novelties and patterns came to, beside its deviations.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Deviations in bans, by [`FeatureId`].
    pub deviations: [f64; FEATURE_COUNT],
    novelties: [Novelty; CategoryKind::COUNT],
    network: Novelty,
    spread: Vec<Symbol>,
    spread_by: Option<Category>,
    persistence: usize,
}

impl Judgement {
    /// Sum of the deviations, in bans: the evidence if all features were independent.
    pub fn total(&self) -> f64 {
        self.deviations.iter().sum()
    }

    /// The categories of the session that were unfamiliar to its mailbox and to most of the tenant.
    pub fn unfamiliar(&self, observation: &Observation) -> Vec<(CategoryKind, Symbol)> {
        unfamiliar_categories(observation, &self.novelties, self.network)
    }

    /// The mailboxes in which the same application, client or network was unfamiliar within a week, this one
    /// included, when there is more than one.
    pub fn spread(&self) -> &[Symbol] {
        &self.spread
    }
}

/// Everything that is the same for all sessions of a day.
struct Day<'a> {
    today: TenantToday,
    density: [[f64; WEEK_CELLS]; HOUR_CLASSES],
    /// Mailboxes in which a category is unfamiliar, within the last week and today.
    unfamiliar: FxHashMap<Category, BTreeSet<Symbol>>,
    empty: &'a MailboxBaseline,
}

impl Baselines {
    /// Number of mailboxes with a baseline.
    pub fn mailbox_count(&self) -> usize {
        self.mailboxes.len()
    }

    /// Days learned so far.
    pub fn days(&self) -> u32 {
        self.tenant.days
    }

    /// Judges the sessions of one day, in their order.
    pub fn judge_day(&self, observations: &[Observation]) -> Vec<Judgement> {
        let empty = MailboxBaseline::default();
        let mut day = Day {
            today: self.tenant_today(observations),
            density: std::array::from_fn(|class| self.tenant.hours[class].density()),
            unfamiliar: FxHashMap::default(),
            empty: &empty,
        };
        let novelties: Vec<([Novelty; CategoryKind::COUNT], Novelty)> = observations
            .par_iter()
            .map(|observation| self.novelties_of(observation, &day))
            .collect();
        day.unfamiliar = self.unfamiliar_today(observations, &novelties);
        observations
            .par_iter()
            .zip(novelties)
            .map(|(observation, (novelties, network))| {
                self.judge(observation, novelties, network, &day)
            })
            .collect()
    }

    /// The deviations of judged sessions as a matrix, sessions × features.
    pub fn matrix(judgements: &[Judgement]) -> Array2<f64> {
        Array2::from_shape_fn((judgements.len(), FEATURE_COUNT), |(row, column)| {
            judgements[row].deviations[column]
        })
    }

    fn mailbox<'a>(&'a self, observation: &Observation, day: &Day<'a>) -> &'a MailboxBaseline {
        self.mailboxes
            .get(&observation.mailbox)
            .unwrap_or(day.empty)
    }

    fn tenant_today(&self, observations: &[Observation]) -> TenantToday {
        let mut met: FxHashSet<(Category, Symbol)> = FxHashSet::default();
        let mut today = TenantToday::default();
        let mut active: FxHashSet<Symbol> = FxHashSet::default();
        let mut this_day = i32::MIN;
        for observation in observations.iter().filter(|o| o.touches_mailbox) {
            this_day = this_day.max(observation.day);
            active.insert(observation.mailbox);
            let baseline = self.mailboxes.get(&observation.mailbox);
            for kind in CategoryKind::ALL {
                let category = (kind, observation.category(kind));
                let new = baseline.is_none_or(|b| b.acquaintance(kind, category.1).is_none());
                if new && met.insert((category, observation.mailbox)) {
                    *today.adopters.entry(category).or_default() += 1;
                }
            }
        }
        let recent = self
            .mailboxes
            .iter()
            .filter(|(symbol, baseline)| {
                this_day - baseline.last_day <= ACTIVE_DAYS && !active.contains(symbol)
            })
            .count();
        today.active_mailboxes = (active.len() + recent) as u32;
        today
    }

    fn novelties_of(
        &self,
        observation: &Observation,
        day: &Day<'_>,
    ) -> ([Novelty; CategoryKind::COUNT], Novelty) {
        let baseline = self.mailbox(observation, day);
        let all = novelties(observation, &baseline.known, &self.tenant.known, &day.today);
        let country = (observation.category(CategoryKind::Country) != 0)
            .then_some(all[CategoryKind::Country as usize]);
        let network = network_novelty(
            all[CategoryKind::Network as usize],
            all[CategoryKind::Block as usize],
            country,
        );
        (all, network)
    }

    /// In which mailboxes is a category unfamiliar today, or was within a week?
    fn unfamiliar_today(
        &self,
        observations: &[Observation],
        novelties: &[([Novelty; CategoryKind::COUNT], Novelty)],
    ) -> FxHashMap<Category, BTreeSet<Symbol>> {
        let mut unfamiliar: FxHashMap<Category, BTreeSet<Symbol>> = FxHashMap::default();
        let mut this_day = i32::MIN;
        for (observation, (all, network)) in observations.iter().zip(novelties) {
            this_day = this_day.max(observation.day);
            for category in unfamiliar_categories(observation, all, *network) {
                unfamiliar
                    .entry(category)
                    .or_default()
                    .insert(observation.mailbox);
            }
        }
        for (category, mailboxes) in &mut unfamiliar {
            if let Some(earlier) = self.tenant.unfamiliar.get(category) {
                mailboxes.extend(
                    earlier
                        .iter()
                        .filter(|&(_, &last)| this_day - last < SPREAD_DAYS)
                        .map(|(&mailbox, _)| mailbox),
                );
            }
        }
        unfamiliar
    }

    fn judge(
        &self,
        observation: &Observation,
        novelties: [Novelty; CategoryKind::COUNT],
        network: Novelty,
        day: &Day<'_>,
    ) -> Judgement {
        let mut judgement = Judgement {
            deviations: [0.0; FEATURE_COUNT],
            novelties,
            network,
            spread: Vec::new(),
            spread_by: None,
            persistence: 0,
        };
        if !observation.touches_mailbox {
            return judgement;
        }
        let baseline = self.mailbox(observation, day);
        let rung_bans = |ladder: LadderKind, rung: usize| {
            bans(self.exceedance(baseline, observation.channel, ladder, rung))
        };
        let of = |kind: CategoryKind| novelties[kind as usize].rung;

        let deviations = &mut judgement.deviations;
        deviations[FeatureId::Application.index()] =
            rung_bans(LadderKind::Application, of(CategoryKind::Application));
        deviations[FeatureId::Client.index()] =
            rung_bans(LadderKind::Client, of(CategoryKind::Client))
                .max(rung_bans(LadderKind::Version, of(CategoryKind::Version)));
        deviations[FeatureId::Actor.index()] =
            rung_bans(LadderKind::Actor, of(CategoryKind::Actor));
        deviations[FeatureId::Network.index()] = rung_bans(LadderKind::Network, network.rung);
        let class = hour_class(observation.channel);
        deviations[FeatureId::Hour.index()] =
            bans(baseline.hours[class].tail(observation.week_cell, &day.density[class]));
        for (feature, measure) in VOLUME_FEATURES {
            deviations[feature.index()] =
                bans(self.volume_exceedance(baseline, observation, measure));
        }
        deviations[FeatureId::Changes.index()] =
            rung_bans(LadderKind::Changes, observation.action as usize);

        let widest = unfamiliar_categories(observation, &novelties, network)
            .into_iter()
            .filter_map(|category| {
                day.unfamiliar
                    .get(&category)
                    .map(|mailboxes| (mailboxes, category))
            })
            .max_by_key(|(mailboxes, category)| (mailboxes.len(), std::cmp::Reverse(*category)));
        if let Some((mailboxes, category)) = widest
            && mailboxes.len() > 1
        {
            deviations[FeatureId::Spread.index()] =
                rung_bans(LadderKind::Spread, spread_rung(mailboxes.len()));
            judgement.spread = mailboxes.iter().copied().collect();
            judgement.spread_by = Some(category);
        }
        judgement.persistence = persistence_rung(&novelties, network);
        judgement.deviations[FeatureId::Persistence.index()] =
            rung_bans(LadderKind::Persistence, judgement.persistence);
        judgement
    }

    fn exceedance(
        &self,
        baseline: &MailboxBaseline,
        channel: Channel,
        ladder: LadderKind,
        rung: usize,
    ) -> f64 {
        let tenant =
            self.tenant.ladders[ladder as usize].exceedance(channel, baseline.active_days, rung);
        baseline.ladders[ladder as usize].exceedance(baseline.active_days, rung, tenant)
    }

    fn predictive(
        &self,
        baseline: &MailboxBaseline,
        family: ClientFamily,
        measure: Measure,
    ) -> Predictive {
        let family = family as u8;
        let own = baseline
            .volumes
            .get(&family)
            .map(|v| v.moments[measure as usize])
            .unwrap_or_default();
        let tenant = self
            .tenant
            .volumes
            .get(&family)
            .map(|v| v[measure as usize])
            .unwrap_or_default();
        Predictive::new(own, tenant)
    }

    fn volume_exceedance(
        &self,
        baseline: &MailboxBaseline,
        observation: &Observation,
        measure: Measure,
    ) -> f64 {
        let predictive = self.predictive(baseline, observation.family, measure);
        let value = observation.measure(measure);
        if measure == Measure::Items {
            let habit = baseline
                .volumes
                .get(&(observation.family as u8))
                .map(|v: &FamilyVolume| &v.items);
            items_exceedance(&predictive, habit, value)
        } else {
            predictive.exceedance(value)
        }
    }
}

/// The categories of a session that are unfamiliar to its mailbox and to most of the tenant. An application counts
/// only when it also comes from a network that the mailbox does not know: a new application in the owner's own
/// network is an adoption, not an intrusion.
fn unfamiliar_categories(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
    network: Novelty,
) -> Vec<Category> {
    let mut categories = Vec::new();
    if !observation.touches_mailbox || network.rung == 0 {
        return categories;
    }
    for kind in [
        CategoryKind::Application,
        CategoryKind::Client,
        CategoryKind::Version,
    ] {
        let novelty = novelties[kind as usize];
        if novelty.rung >= 2 && observation.category(kind) != 0 {
            categories.push((kind, observation.category(kind)));
        }
    }
    if network.rung >= RARE {
        categories.push((
            CategoryKind::Block,
            observation.category(CategoryKind::Block),
        ));
        categories.push((
            CategoryKind::Network,
            observation.category(CategoryKind::Network),
        ));
    }
    categories
}

/// Mailboxes with the same unfamiliar category, this one included, to the rung of the ladder.
fn spread_rung(mailboxes: usize) -> usize {
    match mailboxes {
        0..=1 => 0,
        2 => 1,
        3 => 2,
        4..=5 => 3,
        6..=9 => 4,
        _ => 5,
    }
}

/// Earlier days on which the mailbox met a category that is still as new to it as on its first day.
fn persistence_rung(novelties: &[Novelty; CategoryKind::COUNT], network: Novelty) -> usize {
    let identity = [
        CategoryKind::Application,
        CategoryKind::Client,
        CategoryKind::Version,
    ]
    .into_iter()
    .map(|kind| novelties[kind as usize])
    .filter(|novelty| novelty.rung >= RARE)
    .map(|novelty| usize::from(novelty.days));
    let place = (network.rung >= RARE).then_some(usize::from(network.days));
    identity.chain(place).max().unwrap_or(0).min(5)
}

/// Most serious change as a rung.
fn change_rung(action: Action) -> usize {
    action as usize
}

//! Per-mailbox baselines and the deviations from them.
//!
//! [`Baselines`] holds one small model per mailbox and the tenant's summary that they are shrunk towards. A day is
//! judged as a whole ([`Baselines::judge_day`]) by what was learned before it and by what the tenant met on it, then
//! taught ([`Baselines::teach_day`]). Nothing later is ever looked at, and judging day by day from a saved model is
//! the same computation as judging a long export at once.

mod circumstance;
mod evidence;
mod hours;
mod judge;
mod known;
mod ladder;
mod mailbox;
mod novelty;
mod odd_days;
mod peers;
mod sound;
mod stage;
mod teach;
mod token;
mod volume;
mod weight;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use circumstance::Circumstances;
pub use evidence::{AmountRange, Elsewhere, Evidence, Expectation};
pub use ladder::MAX_BANS;
pub use stage::Stage;
pub(crate) use weight::TELLING_CHANGE;
pub use weight::{GROUPS, Manner, Weight, weigh};

use hours::{HOUR_CLASSES, WeekHistogram};
use known::{Category, TRUST_DAYS, TenantKnown};
use ladder::{RUNGS, TenantLadder};
use mailbox::{FamilyVolume, LadderKind, MailboxBaseline, ordered};
use novelty::{Novelty, RARE};
use peers::Peers;
use volume::{Moments, Predictive};

use crate::feature::{
    CategoryKind, Channel, FEATURE_COUNT, FeatureId, MEASURES, Measure, Observation, Symbol,
    WEEK_CELLS,
};

/// Days that an unfamiliar category stays in memory for the spread over mailboxes.
const SPREAD_DAYS: i32 = 14;
/// The stratum after the channels: applications that the mailbox does not know yet.
const NEW_APPLICATION: usize = Channel::COUNT;
/// A mailbox to which others came on this many days is shared: another new actor is less of a surprise there.
const SHARED_DAYS: u32 = 3;

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
    mailboxes: FxHashMap<Symbol, Box<MailboxBaseline>>,
    tenant: TenantBaseline,
    /// Stages that are left out.
    without: Vec<Stage>,
}

/// What a session may teach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// Everything: it is part of what is normal.
    All,
    /// Only that its client and network were there and behaved: a new phone earns trust, however new it is.
    Acquaintance,
    /// Nothing.
    Nothing,
}

/// The tenant's summary: what mailboxes with little history are judged by.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct TenantBaseline {
    /// Days learned.
    days: u32,
    known: TenantKnown,
    ladders: [TenantLadder; LadderKind::COUNT],
    hours: [WeekHistogram; HOUR_CLASSES],
    volumes: BTreeMap<u8, [Moments; MEASURES.len()]>,
    /// Volumes of all sessions.
    everything: [Moments; MEASURES.len()],
    /// Volumes of the sessions of one application, whatever the mailbox.
    #[serde(with = "ordered")]
    applications: FxHashMap<Symbol, [Moments; MEASURES.len()]>,
    /// Sessions of each application that have taught what new clients read. A few of each: else an old service that reads two messages
    /// in one mailbox after another would make every add-in look greedy, and an intruder's thousand sessions their own like ordinary.
    #[serde(with = "ordered")]
    newcomers: FxHashMap<Symbol, f64>,
    peers: Peers,
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
    /// What it shares with other mailboxes within two weeks, and on its day.
    spread: Spread,
    spread_today: Spread,
    persistent: Option<Persistent>,
    token: usize,
    /// Days of the last two weeks with an odd visit, this one included; 0 when the session is none.
    odd_days: u32,
    /// Days without any session of the mailbox before.
    silence: u32,
    class: u8,
    circumstances: Circumstances,
    lately_trusted: bool,
}

/// The unfamiliar category of a session that most mailboxes share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Spread {
    /// Mailboxes in which it is unfamiliar, this one included; 0 when it is the only one.
    mailboxes: usize,
    by: Option<Category>,
}

impl Judgement {
    /// The deviations as they weigh under the circumstances of the session, in bans: less where its owner is away or has just come
    /// back, and where the mailbox is young.
    pub fn tempered_deviations(&self) -> [f64; FEATURE_COUNT] {
        circumstance::temper(&self.deviations, self.circumstances)
    }

    /// Whether it came through a network that the mailbox has come to trust lately, and hardly anybody else in the tenant.
    pub fn lately_trusted(&self) -> bool {
        self.lately_trusted
    }

    /// The categories of the session that were unfamiliar to its mailbox and to most of the tenant.
    pub fn unfamiliar(&self, observation: &Observation) -> Vec<(CategoryKind, Symbol)> {
        unfamiliar_categories(observation, &self.novelties, self.network)
    }

    fn persistence_rung(&self) -> usize {
        self.persistent.map_or(0, Persistent::rung)
    }

    /// Whether the mailbox does not know the session's application yet, however many others do.
    pub fn new_application(&self) -> bool {
        self.novelties[CategoryKind::Application as usize].rung > 0
    }
}

impl Baselines {
    /// Number of mailboxes with a baseline.
    pub fn mailbox_count(&self) -> usize {
        self.mailboxes.len()
    }

    /// Ordinary sessions of a mailbox by cell of the week, however it was reached; `None` without a baseline.
    pub(crate) fn ordinary_hours(&self, mailbox: Symbol) -> Option<[f64; WEEK_CELLS]> {
        let baseline = self.mailboxes.get(&mailbox)?;
        let mut hours = [0.0; WEEK_CELLS];
        for class in &baseline.hours {
            for (hour, &sessions) in hours.iter_mut().zip(class.cells()) {
                *hour += f64::from(sessions);
            }
        }
        Some(hours)
    }

    /// Leaves stages out from now on.
    pub fn leave_out(&mut self, stages: &[Stage]) {
        if self.without != stages {
            self.without = stages.to_vec();
        }
    }

    fn uses(&self, stage: Stage) -> bool {
        !self.without.contains(&stage)
    }

    /// Days learned so far.
    pub fn days(&self) -> u32 {
        self.tenant.days
    }

    /// What a session of this class is expected to show. A client that is new to the mailbox is judged by what its
    /// application does in the tenant's other mailboxes, where that is known.
    fn predictive(
        &self,
        observation: &Observation,
        baseline: &MailboxBaseline,
        class: u8,
        measure: Measure,
    ) -> Predictive {
        let own = own_volume(observation, baseline, class)
            .map(|volume| volume[measure as usize])
            .unwrap_or_default();
        let tenant = self
            .tenant
            .volumes
            .get(&class)
            .map(|v| v[measure as usize])
            .unwrap_or_default();
        let ignorance = match measure {
            Measure::Bytes => Moments::IGNORANCE_OF_BYTES,
            _ => Moments::IGNORANCE_OF_COUNTS,
        };
        if !self.uses(Stage::Shrinkage) {
            let unknown = Moments::default();
            return Predictive::new(own, unknown, unknown, ignorance);
        }
        let prior = self.application_volume(observation, class, measure);
        // Of clients that are new to a mailbox the tenant knows more: it learns from those as well that nobody trusts yet.
        let peers = || {
            (class & UNFAMILIAR == 0)
                .then(|| {
                    self.tenant
                        .peers
                        .volume(observation.mailbox, class, measure)
                })
                .flatten()
        };
        Predictive::new(
            own,
            prior.or_else(peers).unwrap_or(tenant),
            self.tenant.everything[measure as usize],
            ignorance,
        )
    }
}

impl Baselines {
    /// What the application of a client that is new to its mailbox does in the tenant, where that is known.
    fn application_volume(
        &self,
        observation: &Observation,
        class: u8,
        measure: Measure,
    ) -> Option<Moments> {
        let application = observation.category(CategoryKind::Application);
        (class & UNFAMILIAR != 0)
            .then(|| self.tenant.applications.get(&application))
            .flatten()
            .map(|moments| moments[measure as usize])
            .filter(|moments| moments.sessions() >= APPLICATION_SESSIONS)
    }
}

/// Bits of a volume class beside the client family.
const UNFAMILIAR: u8 = 1 << 5;
const DELEGATED: u8 = 1 << 6;
/// Sessions from which an application's own volumes are better than its family's.
const APPLICATION_SESSIONS: f64 = 20.0;

/// The mailbox's own volumes that a session is compared with. What other new applications did in it says nothing about
/// this one: some read two messages a day, some a hundred.
fn own_volume<'a>(
    observation: &Observation,
    baseline: &'a MailboxBaseline,
    class: u8,
) -> Option<&'a FamilyVolume> {
    if class & UNFAMILIAR != 0 && observation.channel == Channel::Application {
        return None;
    }
    baseline.volumes.get(&class).map(|volume| &**volume)
}

/// The class whose volumes a session is compared with: the client family, apart for clients that the mailbox does not
/// know yet (a new application reads more on its first days than the ones in use) and for people who are not the
/// owner. A mailbox of a few days has no familiar clients to be apart from.
fn volume_class(
    observation: &Observation,
    baseline: &MailboxBaseline,
    novelties: &[Novelty; CategoryKind::COUNT],
) -> u8 {
    let new = |kind: CategoryKind| novelties[kind as usize].rung > 0;
    let unfamiliar = baseline.active_days >= u32::from(TRUST_DAYS)
        && (new(CategoryKind::Application) || new(CategoryKind::Client));
    observation.family as u8
        | if unfamiliar { UNFAMILIAR } else { 0 }
        | if observation.delegated { DELEGATED } else { 0 }
}

/// The kind of mailbox-day whose rates apply: by channel, but for changed settings; for new actors by whether the mailbox is
/// shared; for networks apart for applications that are new themselves, since a new service always comes from a new network.
fn stratum(
    observation: &Observation,
    baseline: &MailboxBaseline,
    novelties: &[Novelty; CategoryKind::COUNT],
    ladder: LadderKind,
) -> usize {
    let channel = observation.channel;
    match ladder {
        // Where settings are changed little else may come through, as from an administrator's console.
        LadderKind::Changes => 0,
        LadderKind::Actor => usize::from(baseline.delegated_days >= SHARED_DAYS),
        LadderKind::Network
        | LadderKind::Spread
        | LadderKind::SpreadToday
        | LadderKind::Persistence
            if channel == Channel::Application
                && novelties[CategoryKind::Application as usize].rung > 0 =>
        {
            NEW_APPLICATION
        }
        _ => channel as usize,
    }
}

/// What spreads over mailboxes: what is unfamiliar, and the block that people come from. Hosts of one provider change from mailbox to
/// mailbox; that people of several mailboxes meet the same block within days is rare.
fn spreading_categories(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
    network: Novelty,
) -> Vec<Category> {
    let mut categories = unfamiliar_categories(observation, novelties, network);
    let block = observation.category(CategoryKind::Block);
    let from_afar = observation.touches_mailbox
        && observation.channel == Channel::Interactive
        && network.rung >= RARE;
    if from_afar && novelties[CategoryKind::Block as usize].rung >= RARE && block != 0 {
        categories.push((CategoryKind::Block, block));
    }
    // A service that the tenant knows, in mailboxes that it was never in.
    let application = novelties[CategoryKind::Application as usize];
    if observation.touches_mailbox
        && observation.channel == Channel::Application
        && application.adoption
        && application.rung == RARE - 1
    {
        categories.push((
            CategoryKind::Application,
            observation.category(CategoryKind::Application),
        ));
    }
    categories
}

/// The categories of a session that are unfamiliar to its mailbox and to most of the tenant. An application counts
/// only when it also comes from a network that the mailbox does not know: a new application in the owner's own
/// network is an adoption, not an intrusion. So does a client's version alone: an outdated browser is one of the few signs of some
/// intrusions, though in its first days a browser's release can tie strangers.
fn unfamiliar_categories(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
    network: Novelty,
) -> Vec<Category> {
    let mut categories = Vec::new();
    // Whoever opens other people's mailboxes is told by that, from wherever they come.
    let actor = novelties[CategoryKind::Actor as usize];
    if observation.touches_mailbox
        && observation.delegated
        && observation.who != 0
        && actor.rung >= RARE
    {
        categories.push((CategoryKind::Actor, observation.who));
    }
    // Phones change their network within their provider's block by the hour.
    let own_network = match observation.channel {
        Channel::Mobile => network.rung < 2,
        Channel::Interactive | Channel::Application => network.rung == 0,
    };
    if !observation.touches_mailbox || own_network {
        return categories;
    }
    for kind in [
        CategoryKind::Application,
        CategoryKind::Client,
        CategoryKind::Version,
    ] {
        if novelties[kind as usize].rung >= RARE && observation.category(kind) != 0 {
            categories.push((kind, observation.category(kind)));
        }
    }
    let from = observation.category(CategoryKind::Network);
    if network.rung >= RARE && from != 0 {
        categories.push((CategoryKind::Network, from));
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

/// Days of silence to the rung of the ladder. A long weekend is none.
fn silence_rung(days: u32) -> usize {
    match days {
        0..=3 => 0,
        4..=6 => 1,
        7..=13 => 2,
        14..=27 => 3,
        28..=55 => 4,
        _ => 5,
    }
}

/// Who comes back to a mailbox that does not know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Persistent {
    /// A still unfamiliar client: earlier days on which it was here, and on how many of them, at least, from other networks.
    Client { days: u16, elsewhere: u16 },
    /// A stranger's network with a client that the mailbox knows well: earlier days.
    Network { days: u16 },
}

impl Persistent {
    /// Days to the rung of the ladder.
    fn rung(self) -> usize {
        let (Self::Client {
            elsewhere: days, ..
        }
        | Self::Network { days }) = self;
        usize::from(days).min(5)
    }
}

/// The same still unfamiliar client from yet another unfamiliar network: an adopted application stays in its network, an intruder
/// changes proxies. A stranger's network that comes back with a client that the mailbox knows well counts as well: that is a stolen
/// sign-in more often than a device.
fn persistent(novelties: &[Novelty; CategoryKind::COUNT], network: Novelty) -> Option<Persistent> {
    if network.rung < 2 {
        return None;
    }
    let clients = [
        CategoryKind::Application,
        CategoryKind::Client,
        CategoryKind::Version,
    ];
    let newest = clients
        .into_iter()
        .map(|kind| novelties[kind as usize])
        .max_by_key(|n| (n.rung, n.days));
    match newest {
        Some(client) if client.rung >= RARE => Some(Persistent::Client {
            days: client.days,
            elsewhere: client.days.saturating_sub(network.days),
        }),
        Some(client) if client.rung == 0 => Some(Persistent::Network { days: network.days }),
        _ => None,
    }
}

/// Most that a rung of novelty counts, in bans. What the tenant knows well is weak evidence when one mailbox begins to
/// use it, however rarely mailboxes begin: adoption is normal.
fn novelty_bound(rung: usize) -> f64 {
    const BOUNDS: [f64; RUNGS] = [0.0, 0.5, 1.0, 2.0, 3.0, MAX_BANS];
    BOUNDS[rung.min(RUNGS - 1)]
}

//! A day's sessions judged by what earlier days taught and by what the tenant meets on the day.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::circumstance::{Circumstances, absences, is_person, returns};
use super::hours::{HOUR_CLASSES, hour_class};
use super::known::{Category, Memory, TRUST_DAYS, known_as, or_known_as};
use super::ladder::bans;
use super::mailbox::{LadderKind, MailboxBaseline};
use super::novelty::{Novelty, TenantToday, novelties};
use super::odd_days::{ARRIVAL_DAYS, SETTLED_DAYS, is_odd, odd_rung};
use super::{
    Baselines, Judgement, SPREAD_DAYS, Spread, Stage, VOLUME_FEATURES, novelty_bound, persistent,
    silence_rung, spread_rung, spreading_categories, stratum, volume_class,
};
use crate::feature::{
    Action, CategoryKind, FEATURE_COUNT, FeatureId, Measure, Observation, Symbol, WEEK_CELLS,
};

/// A mailbox is active when it had a session within this many days.
const ACTIVE_DAYS: i32 = 14;

/// Most that persistence, a silence before and a throttled log count, in bans. They support other signs: new devices come
/// back as intruders do, people return from leave, and busy readers are throttled. Unbounded, persistence raised what was
/// known already before what was not.
const SUPPORT_BOUND: f64 = 1.0;

/// Days after which a network that few mailboxes use has proved itself.
const TRIED_DAYS: u32 = 14;
/// Few mailboxes: so many, or this share of the active ones. A whole office that moves is more.
const FEW_MAILBOXES: f64 = 3.0;
const FEW_SHARE: f64 = 0.05;

pub(super) type Novelties = ([Novelty; CategoryKind::COUNT], Novelty);

/// A session, the baseline of its mailbox, and what is new about it.
type Visit<'a> = (
    &'a Observation,
    &'a MailboxBaseline,
    &'a [Novelty; CategoryKind::COUNT],
);

/// Everything that is the same for all sessions of a day.
struct Day<'a> {
    today: TenantToday,
    density: [[f64; WEEK_CELLS]; HOUR_CLASSES],
    unfamiliar: FxHashMap<Category, Sharers>,
    empty: &'a MailboxBaseline,
}

/// Mailboxes in which a category is unfamiliar.
#[derive(Debug, Default)]
struct Sharers {
    /// On the day.
    today: usize,
    /// On the day and in the two weeks before.
    lately: BTreeSet<Symbol>,
}

impl Baselines {
    /// Judges the sessions of one day, in their order.
    pub fn judge_day(&self, observations: &[Observation]) -> Vec<Judgement> {
        let empty = MailboxBaseline::default();
        let mut day = Day {
            today: self.tenant_today(observations),
            density: std::array::from_fn(|class| self.tenant.hours[class].prior_density()),
            unfamiliar: FxHashMap::default(),
            empty: &empty,
        };
        let novelties: Vec<Novelties> = observations
            .par_iter()
            .map(|o| {
                let own = memory(self.mailbox(o, &day), o.day);
                let visitor = self.visitors_mailbox(o);
                let visitor = visitor.map(|mailbox| memory(mailbox, o.day));
                novelties(o, (own, visitor), &self.tenant.known, &day.today)
            })
            .collect();
        let tokens = self.token_rungs(observations, &novelties);
        day.unfamiliar = self.unfamiliar_today(observations, &novelties);
        let absences = absences(observations, &novelties, |observation| {
            let mailbox = self.mailbox(observation, &day);
            mailbox.is_dormant(observation.day, self.tenant.days)
        });
        observations
            .par_iter()
            .zip(novelties)
            .zip(tokens.into_par_iter().zip(absences))
            .map(|((observation, novelties), (token, absent))| {
                let mut judgement = self.judge(observation, novelties, token, &day);
                if self.uses(Stage::Circumstances) {
                    let mailbox = self.mailbox(observation, &day);
                    let novelties = (&judgement.novelties, judgement.network);
                    judgement.circumstances = Circumstances {
                        absent,
                        back: returns(observation, novelties, mailbox),
                        young: self.young(observation, mailbox),
                    };
                }
                judgement
            })
            .collect()
    }

    fn mailbox<'a>(&'a self, observation: &Observation, day: &Day<'a>) -> &'a MailboxBaseline {
        self.mailboxes
            .get(&observation.mailbox)
            .map_or(day.empty, |baseline| &**baseline)
    }

    /// The mailbox of somebody who opens that of somebody else, where the log has one.
    fn visitors_mailbox(&self, observation: &Observation) -> Option<&MailboxBaseline> {
        let visits =
            observation.delegated && observation.who != 0 && observation.who != observation.mailbox;
        let own = visits.then(|| self.mailboxes.get(&observation.who));
        own.flatten().map(|baseline| &**baseline)
    }

    /// Active days of a mailbox that is new in a tenant that is not, or its owner's: while the log itself is young, every mailbox is.
    fn young(&self, observation: &Observation, mailbox: &MailboxBaseline) -> Option<u32> {
        let days = if is_person(observation) {
            mailbox.owner_age()
        } else {
            mailbox.active_days
        };
        (self.tenant.days >= SETTLED_DAYS && days < SETTLED_DAYS).then_some(days)
    }

    fn tenant_today(&self, observations: &[Observation]) -> TenantToday {
        let mut met: FxHashSet<(Category, Symbol)> = FxHashSet::default();
        let mut today = TenantToday {
            days: self.tenant.days,
            settled: self.tenant.days >= SETTLED_DAYS,
            ..TenantToday::default()
        };
        let mut active: FxHashSet<Symbol> = FxHashSet::default();
        let this_day = observations.iter().map(|o| o.day).max().unwrap_or_default();
        let news: Vec<(Symbol, Vec<Category>)> = observations
            .par_iter()
            .filter(|observation| observation.touches_mailbox)
            .map(|observation| {
                let baseline = self.mailboxes.get(&observation.mailbox);
                let categories = CategoryKind::ALL.map(|kind| known_as(observation, kind));
                let new = |of: &Category| {
                    baseline.is_none_or(|baseline| {
                        let knows = |of: &Category| baseline.known.contains_key(of);
                        !knows(of) && or_known_as(*of).is_none_or(|of| !knows(&of))
                    })
                };
                (
                    observation.mailbox,
                    categories.into_iter().filter(new).collect(),
                )
            })
            .collect();
        for (mailbox, news) in news {
            active.insert(mailbox);
            for category in news {
                if met.insert((category, mailbox)) {
                    *today.adopters.entry(category).or_default() += 1;
                }
            }
        }
        let recent = self.mailboxes.iter().filter(|(symbol, baseline)| {
            this_day.saturating_sub(baseline.last_day) <= ACTIVE_DAYS && !active.contains(symbol)
        });
        today.active_mailboxes = (active.len() + recent.count()) as u32;
        today
    }

    /// In which mailboxes is a category unfamiliar today, or was within two weeks?
    fn unfamiliar_today(
        &self,
        observations: &[Observation],
        novelties: &[Novelties],
    ) -> FxHashMap<Category, Sharers> {
        let mut unfamiliar: FxHashMap<Category, Sharers> = FxHashMap::default();
        let mut this_day = i32::MIN;
        for (observation, (all, network)) in observations.iter().zip(novelties) {
            this_day = this_day.max(observation.day);
            for category in spreading_categories(observation, all, *network) {
                unfamiliar
                    .entry(category)
                    .or_default()
                    .lately
                    .insert(observation.mailbox);
            }
        }
        for (category, sharers) in &mut unfamiliar {
            sharers.today = sharers.lately.len();
            if let Some(earlier) = self.tenant.unfamiliar.get(category) {
                let recent = earlier
                    .iter()
                    // A day that is judged by later ones has them within two weeks of it, too.
                    .filter(|&(_, &last)| (this_day - last).abs() < SPREAD_DAYS);
                sharers.lately.extend(recent.map(|(&mailbox, _)| mailbox));
            }
        }
        unfamiliar
    }

    fn judge(
        &self,
        observation: &Observation,
        (novelties, network): Novelties,
        token: usize,
        day: &Day<'_>,
    ) -> Judgement {
        let baseline = self.mailbox(observation, day);
        let class = volume_class(observation, baseline, &novelties);
        let mut judgement = Judgement {
            deviations: [0.0; FEATURE_COUNT],
            persistent: persistent(&novelties, network),
            novelties,
            network,
            spread: Spread::default(),
            spread_today: Spread::default(),
            token,
            odd_days: 0,
            silence: baseline.logged_silence_before(observation.day, self.tenant.days),
            class,
            circumstances: Circumstances::default(),
            lately_trusted: self.lately_trusted((observation, baseline), network, &day.today),
        };
        if !observation.touches_mailbox {
            return judgement;
        }
        let shared = |mailboxes: fn(&Sharers) -> usize| {
            widest(observation, &novelties, network, day, mailboxes)
        };
        // Who sets calendars in ten mailboxes, and does nothing else there, opens none.
        if !observation.administrative || observation.action >= Action::Concealing {
            judgement.spread = shared(|sharers| sharers.lately.len());
            judgement.spread_today = shared(|sharers| sharers.today);
        }
        let on = |ladder: LadderKind, rung: usize| {
            bans(self.exceedance((observation, baseline, &novelties), ladder, rung))
        };
        let novel =
            |ladder, rung: usize| self.novel((observation, baseline, &novelties), ladder, rung);
        let new = |kind: CategoryKind| novelties[kind as usize].rung;
        let ladders = [
            (
                FeatureId::Application,
                novel(LadderKind::Application, new(CategoryKind::Application))
                    .max(novel(LadderKind::Origin, new(CategoryKind::Origin))),
            ),
            (
                FeatureId::Client,
                novel(LadderKind::Client, new(CategoryKind::Client))
                    .max(novel(LadderKind::Version, new(CategoryKind::Version))),
            ),
            (
                FeatureId::Actor,
                novel(LadderKind::Actor, new(CategoryKind::Actor)),
            ),
            (FeatureId::Network, novel(LadderKind::Network, network.rung)),
            (FeatureId::Token, on(LadderKind::Token, token)),
            (
                FeatureId::Changes,
                on(LadderKind::Changes, observation.action as usize),
            ),
            (
                FeatureId::Spread,
                on(LadderKind::Spread, spread_rung(judgement.spread.mailboxes)).max(on(
                    LadderKind::SpreadToday,
                    spread_rung(judgement.spread_today.mailboxes),
                )),
            ),
            (
                FeatureId::Persistence,
                on(LadderKind::Persistence, judgement.persistence_rung()).min(SUPPORT_BOUND),
            ),
            (
                FeatureId::Silence,
                on(LadderKind::Silence, silence_rung(judgement.silence)).min(SUPPORT_BOUND),
            ),
            (
                FeatureId::Throttled,
                on(LadderKind::Throttled, usize::from(observation.throttled)).min(SUPPORT_BOUND),
            ),
        ];
        for (feature, value) in ladders {
            judgement.deviations[feature.index()] = value;
        }
        let hours = hour_class(observation.channel);
        let hour = bans(baseline.hours[hours].tail(observation.week_cell, &day.density[hours]));
        judgement.deviations[FeatureId::Hour.index()] = hour;
        if is_odd(observation, baseline, hour) {
            judgement.odd_days = 1 + baseline.odd_days.near(observation.day);
            judgement.deviations[FeatureId::OddDays.index()] =
                on(LadderKind::OddDays, odd_rung(judgement.odd_days));
        }
        for (feature, measure) in VOLUME_FEATURES {
            judgement.deviations[feature.index()] =
                bans(self.volume_exceedance(observation, baseline, class, measure));
        }
        judgement
    }

    /// The deviation of something new, in bans.
    pub(super) fn novel(&self, visit: Visit<'_>, ladder: LadderKind, rung: usize) -> f64 {
        bans(self.exceedance(visit, ladder, rung)).min(novelty_bound(rung))
    }

    /// How often the mailbox's days reach a rung of a ladder, shrunk towards the tenant's.
    pub(super) fn exceedance(
        &self,
        (observation, baseline, novelties): Visit<'_>,
        ladder: LadderKind,
        rung: usize,
    ) -> f64 {
        if !self.uses(Stage::Shrinkage) {
            return baseline.ladders[ladder as usize].own_exceedance(baseline.active_days, rung);
        }
        let stratum = stratum(observation, baseline, novelties, ladder);
        let age = ladder.age(baseline.active_days);
        let tenant = self.tenant.ladders[ladder as usize].exceedance(stratum, age, rung);
        baseline.ladders[ladder as usize].exceedance(baseline.active_days, rung, tenant)
    }

    /// Whether the mailbox, with few others, has come to know the network of a session, and not long ago. Three quiet days earn trust,
    /// also for who prepares to read everything on the fourth.
    fn lately_trusted(
        &self,
        (observation, baseline): (&Observation, &MailboxBaseline),
        network: Novelty,
        today: &TenantToday,
    ) -> bool {
        let lately = |first: i32| observation.day.abs_diff(first) < TRIED_DAYS;
        // Who knows a network is told of its block.
        let in_tenant = || {
            let block = known_as(observation, CategoryKind::Block);
            let names = [Some(block), or_known_as(block)];
            let first = |name: Category| self.tenant.known.first_day(&name);
            names.into_iter().flatten().filter_map(first).all(lately)
        };
        let place = known_as(observation, CategoryKind::Network);
        let in_mailbox = || {
            let known = baseline.known.get(&place);
            known.is_some_and(|known| {
                lately(known.first) && known.first >= baseline.first_day + ARRIVAL_DAYS
            })
        };
        let few = (f64::from(today.active_mailboxes) * FEW_SHARE).max(FEW_MAILBOXES);
        network.rung == 0
            && baseline.active_days >= SETTLED_DAYS
            && (network.mailboxes <= 1 || f64::from(network.mailboxes) <= few && in_tenant())
            && in_mailbox()
    }

    fn volume_exceedance(
        &self,
        observation: &Observation,
        baseline: &MailboxBaseline,
        class: u8,
        measure: Measure,
    ) -> f64 {
        let value = observation.measure(measure);
        // Every session has as much as nothing; most send, delete and search nothing.
        if value <= 0.0 {
            return 1.0;
        }
        self.predictive(observation, baseline, class, measure)
            .exceedance(value)
    }
}

fn memory(mailbox: &MailboxBaseline, day: i32) -> Memory<'_> {
    Memory {
        known: &mailbox.known,
        young: mailbox.owner_age() < u32::from(TRUST_DAYS),
        clock: mailbox.clock(day),
    }
}

/// The unfamiliar category of a session that most mailboxes share, if more than one does.
fn widest(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
    network: Novelty,
    day: &Day<'_>,
    mailboxes: fn(&Sharers) -> usize,
) -> Spread {
    spreading_categories(observation, novelties, network)
        .into_iter()
        .filter_map(|category| Some((mailboxes(day.unfamiliar.get(&category)?), category)))
        .filter(|&(mailboxes, _)| mailboxes > 1)
        .max_by_key(|&(mailboxes, category)| (mailboxes, std::cmp::Reverse(category)))
        .map_or_else(Spread::default, |(mailboxes, category)| Spread {
            mailboxes,
            by: Some(category),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Lesson;
    use crate::feature::Channel;

    const DAYS: i32 = 20;
    const HOME: Symbol = 60;
    const ELSEWHERE: Symbol = 62;

    /// An application that opens a mailbox from a host.
    fn visit(day: i32, mailbox: Symbol, application: Symbol, host: Symbol) -> Observation {
        let mut visit = Observation::visit(day, host);
        visit.mailbox = mailbox;
        visit.channel = Channel::Application;
        visit.categories[CategoryKind::Application as usize] = application;
        visit.categories[CategoryKind::Client as usize] = application;
        visit.categories[CategoryKind::Block as usize] = host;
        visit.categories[CategoryKind::Origin as usize] = 1_000 * application + host;
        visit.measures[Measure::Items as usize] = 2.0;
        visit
    }

    /// Twenty mailboxes that one service opens on every day from where it lives, and twice a week from `second`.
    fn served(second: Symbol) -> Baselines {
        let mut baselines = Baselines::default();
        for day in 0..DAYS {
            let host = if day % 7 < 2 { second } else { HOME };
            let visits: Vec<Observation> = (1..=20)
                .map(|mailbox| visit(day, mailbox, 7, host))
                .collect();
            let judgements = baselines.judge_day(&visits);
            baselines.teach_day(&visits, &judgements, &[Lesson::All; 20]);
        }
        baselines
    }

    fn deviation(baselines: &Baselines, visits: &[Observation], feature: FeatureId) -> f64 {
        baselines.judge_day(visits)[0].deviations[feature.index()]
    }

    #[test]
    fn a_service_on_another_host_is_an_unknown_application() {
        let from = |second: Symbol, host: Symbol| {
            let visits = [visit(DAYS, 1, 7, host)];
            deviation(&served(second), &visits, FeatureId::Application)
        };
        assert!(from(HOME, HOME) < 1e-9);
        assert!(from(HOME, ELSEWHERE) > 1.5, "{}", from(HOME, ELSEWHERE));
        // It has been there before.
        assert!(from(ELSEWHERE, ELSEWHERE) < 1e-9);
    }

    #[test]
    fn what_opens_every_mailbox_from_nowhere_is_no_rollout() {
        let baselines = served(HOME);
        let opened = |application: Symbol, host: Symbol, feature: FeatureId| {
            let visits: Vec<Observation> = (1..=20)
                .map(|mailbox| visit(DAYS, mailbox, application, host))
                .collect();
            deviation(&baselines, &visits, feature)
        };
        // Another application of the host that everybody knows, and one from nowhere.
        let (rollout, intrusion) = (
            opened(8, HOME, FeatureId::Application),
            opened(8, ELSEWHERE, FeatureId::Application),
        );
        assert!(rollout <= 0.5 && intrusion > 1.5, "{rollout} {intrusion}");
        // The known service's secret is used elsewhere, in all mailboxes at once.
        assert!(opened(7, ELSEWHERE, FeatureId::Application) > 1.5);
        // People who have moved come with the clients that they have always used.
        let moved: Vec<Observation> = (1..=20)
            .map(|mailbox| Observation {
                channel: Channel::Interactive,
                ..visit(DAYS, mailbox, 7, ELSEWHERE)
            })
            .collect();
        let network = deviation(&baselines, &moved, FeatureId::Network);
        assert!(network <= 0.5, "{network}");
        // In a young log everything comes from nowhere.
        let young = Baselines::default();
        let visits: Vec<Observation> = (1..=20)
            .map(|mailbox| visit(0, mailbox, 8, ELSEWHERE))
            .collect();
        assert!(deviation(&young, &visits, FeatureId::Application) <= 0.5);
    }

    #[test]
    fn a_network_that_few_mailboxes_have_just_come_to_know_is_on_trial() {
        let trial = |days: i32, shared: bool| {
            let mut baselines = served(HOME);
            let comers = |day: i32| {
                let mailboxes = if shared { 1..=5 } else { 1..=1 };
                mailboxes
                    .map(|mailbox| visit(day, mailbox, 7, ELSEWHERE))
                    .collect::<Vec<_>>()
            };
            for day in DAYS..DAYS + days {
                let visits = comers(day);
                let judgements = baselines.judge_day(&visits);
                baselines.teach_day(&visits, &judgements, &vec![Lesson::All; visits.len()]);
            }
            baselines.judge_day(&comers(DAYS + days))[0].lately_trusted()
        };
        // New, known for three days and for two weeks; and known to a whole team.
        assert_eq!(
            [(1, false), (4, false), (14, false), (4, true)]
                .map(|(days, shared)| trial(days, shared)),
            [false, true, false, false]
        );
    }

    #[test]
    fn a_known_service_in_mailboxes_that_it_was_never_in_spreads() {
        // A second service opens ten of the twenty mailboxes, for longer than a roll-out takes.
        let mut baselines = Baselines::default();
        let last = 45;
        let day_of = |day: i32| -> Vec<Observation> {
            (1..=20)
                .map(|mailbox| visit(day, mailbox, 7, HOME))
                .chain((1..=10).map(|mailbox| visit(day, mailbox, 8, HOME)))
                .collect()
        };
        for day in 0..last {
            let visits = day_of(day);
            let judgements = baselines.judge_day(&visits);
            baselines.teach_day(&visits, &judgements, &[Lesson::All; 30]);
        }
        let opened = |mailboxes: std::ops::RangeInclusive<Symbol>| {
            let visits: Vec<Observation> = mailboxes
                .map(|mailbox| visit(last, mailbox, 8, HOME))
                .collect();
            deviation(&baselines, &visits, FeatureId::Spread)
        };
        assert!(opened(11..=14) > 0.9, "{}", opened(11..=14));
        assert!(opened(11..=11) < 1e-9, "a new starter");
        assert!(opened(1..=4) < 1e-9, "as ever");
    }

    #[test]
    fn services_without_an_address_make_none_of_people_without_one() {
        let nowhere = 0;
        let mut baselines = Baselines::default();
        for day in 0..DAYS {
            let visits = [visit(day, 1, 7, nowhere)];
            let judgements = baselines.judge_day(&visits);
            baselines.teach_day(&visits, &judgements, &[Lesson::All]);
        }
        let network = |channel: Channel| {
            let mut visit = visit(DAYS, 1, 7, nowhere);
            visit.channel = channel;
            deviation(&baselines, &[visit], FeatureId::Network)
        };
        assert!(network(Channel::Interactive) > 0.2);
        assert!(network(Channel::Application) < 1e-9);
    }

    #[test]
    fn people_of_several_mailboxes_from_one_block_spread() {
        let baselines = served(HOME);
        let opened = |mailboxes: Symbol, channel: Channel| {
            // Each through another host of the block.
            let visits: Vec<Observation> = (1..=mailboxes)
                .map(|mailbox| {
                    let mut visit = visit(DAYS, mailbox, 7, 200 + mailbox);
                    visit.channel = channel;
                    visit.categories[CategoryKind::Block as usize] = ELSEWHERE;
                    visit
                })
                .collect();
            deviation(&baselines, &visits, FeatureId::Spread)
        };
        let (screens, phones) = (opened(4, Channel::Interactive), opened(4, Channel::Mobile));
        assert!(screens > 0.5 && phones < 1e-9, "{screens} {phones}");
        assert!(opened(1, Channel::Interactive) < 1e-9);
    }

    #[test]
    fn one_stranger_in_many_mailboxes_is_told_by_name() {
        let baselines = served(HOME);
        let opened = |mailboxes: u32, delegated: bool| {
            let visits: Vec<Observation> = (1..=mailboxes)
                .map(|mailbox| {
                    let mut visit = visit(DAYS, mailbox, 7, HOME);
                    visit.categories[CategoryKind::Actor as usize] = 500;
                    (visit.who, visit.delegated) = (501, delegated);
                    visit
                })
                .collect();
            deviation(&baselines, &visits, FeatureId::Spread)
        };
        assert!(opened(4, true) > 1.5, "{}", opened(4, true));
        assert!(opened(1, true) < 1e-9 && opened(4, false) < 1e-9);
    }

    /// Rungs of application 8 in a mailbox that it opened on the first twenty days, and application 7 on `days` after them; then the
    /// two of them come on the last of these and on the following days.
    fn back_again(days: std::ops::Range<i32>) -> [usize; 4] {
        let mut baselines = Baselines::default();
        let mut day_of = |day: i32, applications: &[Symbol]| {
            let visits: Vec<Observation> = applications
                .iter()
                .map(|&application| visit(day, 1, application, HOME))
                .collect();
            let judgements = baselines.judge_day(&visits);
            baselines.teach_day(&visits, &judgements, &vec![Lesson::All; visits.len()]);
            judgements.last().map_or(0, |last| {
                last.novelties[CategoryKind::Application as usize].rung
            })
        };
        for day in 0..20 {
            day_of(day, &[7, 8]);
        }
        let last = days.end;
        for day in days {
            day_of(day, &[7]);
        }
        [0, 1, 2, 3].map(|more| day_of(last + more, &[7, 8]))
    }

    #[test]
    fn what_fell_out_of_use_has_to_earn_its_trust_again() {
        let [first, second, third, fourth] = back_again(20..130);
        assert!(
            first > 0 && second == first && third == first,
            "{first} {second} {third}"
        );
        assert_eq!(fourth, 0, "three days make it familiar");
    }

    #[test]
    fn a_leave_makes_nothing_new_on_any_day_after_it() {
        assert_eq!(back_again(20..24), [0; 4]);
        // A hundred days away, and two at work before it is used again.
        assert_eq!(back_again(124..126), [0; 4]);
    }

    #[test]
    fn strangers_who_come_all_at_once_are_rarer_than_those_of_a_week() {
        let stranger = |week: i32| 100 + week as Symbol;
        let in_turn = |day: i32| {
            let mailbox = 1 + (day % 7) as Symbol;
            visit(day, mailbox, stranger(day / 7), 900 + stranger(day / 7))
        };
        let mut baselines = Baselines::default();
        for day in 0..DAYS {
            let mut visits: Vec<Observation> = (1..=20)
                .map(|mailbox| visit(day, mailbox, 7, HOME))
                .collect();
            visits.push(in_turn(day));
            let judgements = baselines.judge_day(&visits);
            let lessons = vec![Lesson::All; visits.len()];
            baselines.teach_day(&visits, &judgements, &lessons);
        }
        let spread = |visits: &[Observation]| deviation(&baselines, visits, FeatureId::Spread);
        let one_more = spread(&[in_turn(DAYS)]);
        let at_once = [1, 2, 3].map(|mailbox| visit(DAYS, mailbox, 9, ELSEWHERE));
        assert!(spread(&at_once) > one_more + 0.5, "{one_more}");
        assert!(spread(&at_once[..1]) < 1e-9);
    }
}

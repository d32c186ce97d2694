//! How new something is to a mailbox, by what it and its tenant know ([`super::known`]).
//!
//! A category (application, client, actor, network) climbs a ladder of novelty: familiar to the mailbox, then a
//! roll-out that many mailboxes meet at once, then known to the tenant well, a little, or not at all. Trust is slow: a
//! category keeps the rung of its first day until the mailbox has met it on [`super::known::TRUST_DAYS`] different days, so the
//! second day of an intrusion looks as new as the first, while the ladder counts an adoption only once. It ends after
//! [`super::known::FORGOTTEN_DAYS`] without the category, in the mailbox and in the tenant alike. Only what many
//! other mailboxes have begun to trust meanwhile counts as a roll-out in the mailbox that met it first, too.

use rustc_hash::FxHashMap;

use super::known::{
    Acquaintance, Category, Memory, TenantAcquaintance, TenantKnown, known_as, or_known_as,
};
use crate::feature::{CategoryKind, Channel, Observation};

/// A category whose tenant age is at least this many days, in several mailboxes, is established.
const ESTABLISHED_DAYS: i32 = 5;
/// Mailboxes that make a category established.
const ESTABLISHED_MAILBOXES: u32 = 3;
/// A category that this share of the active mailboxes knows is a roll-out, however new it is...
const ROLLOUT_SHARE: f64 = 0.25;
/// ...for so many days since the first mailbox met it...
const ROLLOUT_DAYS: i32 = 30;
/// ...but not in a handful of mailboxes.
const ROLLOUT_MAILBOXES: u32 = 4;
/// What people bring along into the mailboxes of others.
const BROUGHT_ALONG: [CategoryKind; 6] = [
    CategoryKind::Application,
    CategoryKind::Client,
    CategoryKind::Version,
    CategoryKind::Network,
    CategoryKind::Block,
    CategoryKind::Country,
];

/// Rung at which a category is known to few mailboxes of the tenant, or none.
pub(crate) const RARE: usize = 3;
/// Rung of a roll-out: new to the mailbox, with many others.
const ROLLOUT: usize = 1;

/// How new one category is to one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Novelty {
    /// Rung of the ladder, 0 = familiar.
    pub(crate) rung: usize,
    /// Whether many mailboxes meet it at once, or have come to trust it since this one met it.
    pub(crate) rollout: bool,
    /// Whether today is the day on which the mailbox meets it first.
    pub(crate) adoption: bool,
    /// Earlier days on which the mailbox met it.
    pub(crate) days: u16,
    /// Mailboxes of the tenant that had begun to trust it before today.
    pub(crate) mailboxes: u32,
    /// Mailboxes of the tenant to which it was familiar before today, apart from this one.
    pub(crate) familiar_elsewhere: u32,
    /// Whether the tenant is to note that it is in use.
    pub(crate) due: bool,
    /// The rung that it keeps until it is familiar: a colleague's device is expected of the colleague, and of nobody else.
    pub(crate) origin: usize,
}

impl Novelty {
    /// Its rung if it passes for a roll-out where it is one.
    fn least_rung(&self) -> usize {
        if self.rollout {
            self.rung.min(ROLLOUT)
        } else {
            self.rung
        }
    }

    /// The same, familiar.
    fn expected(self) -> Self {
        Self {
            mailboxes: self.mailboxes,
            familiar_elsewhere: self.familiar_elsewhere,
            due: self.due,
            ..Self::default()
        }
    }
}

/// What the tenant meets today, over all its mailboxes: needed to tell a roll-out from an intrusion.
#[derive(Debug, Default)]
pub(crate) struct TenantToday {
    /// Mailboxes that meet a category today and did not know it.
    pub(crate) adopters: FxHashMap<Category, u32>,
    /// Mailboxes active in the last days, today included.
    pub(crate) active_mailboxes: u32,
    /// Days learned so far.
    pub(crate) days: u32,
    /// Whether the log is old enough for what is new to it to be news.
    pub(crate) settled: bool,
}

/// How new a category is to a mailbox on a day, `clock` by the mailbox's own time.
pub(crate) fn novelty(
    known: Option<&Acquaintance>,
    tenant: Option<&TenantAcquaintance>,
    category: Category,
    (day, clock): (i32, i32),
    today: &TenantToday,
) -> Novelty {
    let mailboxes = tenant.map_or(0, |t| t.mailboxes);
    let due = tenant.is_some_and(|t| t.is_due(today.days));
    let many = |meet_it: u32| {
        let share = f64::from(meet_it) / f64::from(today.active_mailboxes.max(1));
        meet_it >= ROLLOUT_MAILBOXES && share >= ROLLOUT_SHARE
    };
    let in_wave = |met: i32| tenant.is_none_or(|t| met - t.first < ROLLOUT_DAYS);
    let old = tenant.is_some_and(|t| day - t.first >= ESTABLISHED_DAYS);
    let familiar = tenant.map_or(0, |t| t.familiar);
    let place = matches!(category.0, CategoryKind::Network | CategoryKind::Block);
    // A host that goes from mailbox to mailbox becomes familiar to none, however old it gets.
    let known_to = if place && or_known_as(category).is_none() {
        familiar
    } else {
        mailboxes
    };
    let by_tenant = match (old, known_to) {
        (true, ESTABLISHED_MAILBOXES..) => 2,
        (true, 1..) => RARE,
        _ if mailboxes > 0 => 4,
        _ => 5,
    };
    if let Some(known) = known {
        let trusted = known.is_trusted();
        let forgotten = known.is_forgotten(clock);
        return Novelty {
            rung: match trusted {
                true if forgotten => by_tenant,
                true => 0,
                false => usize::from(known.origin),
            },
            // What the others have come to trust meanwhile is no stranger here.
            rollout: (!trusted || forgotten) && many(mailboxes) && in_wave(known.first),
            adoption: forgotten,
            days: known.met,
            mailboxes,
            familiar_elsewhere: familiar.saturating_sub(u32::from(known.settled)),
            due,
            origin: by_tenant,
        };
    }
    let adopters = today.adopters.get(&category).copied().unwrap_or(1);
    let rollout = many(adopters) || in_wave(day) && many(mailboxes + adopters);
    Novelty {
        rung: by_tenant,
        rollout,
        adoption: true,
        days: 0,
        mailboxes,
        familiar_elsewhere: familiar,
        due,
        origin: by_tenant,
    }
}

/// Rung of a session's network: familiar network, new network of a familiar block (or one that many mailboxes meet),
/// then the block's own novelty, and a country that the mailbox has never been seen in on top. A block that only a
/// stranger `brings` is no better for the mailboxes that it is brought to.
pub(crate) fn network_novelty(
    network: Novelty,
    block: Novelty,
    country: Option<Novelty>,
    brought: bool,
) -> Novelty {
    let familiar_block = !block.adoption && block.rung <= ROLLOUT;
    if familiar_block {
        return Novelty {
            rung: usize::from(network.adoption),
            adoption: network.adoption,
            ..block
        };
    }
    let abroad = country.is_some_and(|country| country.rung >= 2);
    let rung = match block.rung {
        _ if block.rollout && !brought => ROLLOUT,
        0..=2 => 2,
        RARE => 3,
        _ if abroad => 5,
        _ => 4,
    };
    Novelty { rung, ..block }
}

/// All novelties of an observation, by kind, and the network's as a whole, for the mailbox and, where somebody else has opened it, for
/// the mailbox of that `visitor`. The colleague whom a shared mailbox knows brings the devices and the networks of every day, which
/// are news to it and no news.
///
/// Where an application comes from is news when the tenant has known the application for a while, and never from there: its
/// secret is used on another host.
pub(crate) fn novelties(
    observation: &Observation,
    (own, visitor): (Memory<'_>, Option<Memory<'_>>),
    tenant: &TenantKnown,
    today: &TenantToday,
) -> ([Novelty; CategoryKind::COUNT], Novelty) {
    let mut all = CategoryKind::ALL.map(|kind| {
        let category = known_as(observation, kind);
        if category.1 == 0 && !is_telling(observation, kind) {
            return Novelty::default();
        }
        let of = |category: Category| {
            novelty(
                own.known.get(&category),
                tenant.get(&category, today.days),
                category,
                (observation.day, own.clock),
                today,
            )
        };
        // Of all people, the owner is expected first.
        let moves_in = own.young && !own.known.contains_key(&category) && !observation.delegated;
        if kind == CategoryKind::Actor && moves_in {
            return Novelty::default();
        }
        let here = of(category);
        let there = or_known_as(category).map(of);
        match there.filter(|there| there.least_rung() < here.least_rung()) {
            // What is remembered is how applications know it.
            Some(there) => Novelty {
                adoption: here.adoption && there.adoption,
                days: here.days,
                due: here.due,
                ..there
            },
            None => here,
        }
    });
    if let Some(visitor) = visitor.filter(|_| is_member(observation, &all)) {
        for kind in BROUGHT_ALONG {
            if visitor.is_familiar(&(kind, observation.category(kind))) {
                let novelty = &mut all[kind as usize];
                *novelty = Novelty {
                    origin: novelty.origin,
                    ..novelty.expected()
                };
            }
        }
    }
    let application = observation.category(CategoryKind::Application);
    let brought = is_brought(observation, &all, today);
    let origin = &mut all[CategoryKind::Origin as usize];
    let moved = origin.rollout && !brought;
    if origin.rung <= RARE || moved || !tenant.stays(application, observation.day, today.days) {
        *origin = origin.expected();
    }
    let country = (observation.category(CategoryKind::Country) != 0)
        .then_some(all[CategoryKind::Country as usize]);
    let network = network_novelty(
        all[CategoryKind::Network as usize],
        all[CategoryKind::Block as usize],
        country,
        brought,
    );
    // A roll-out comes through networks that the mailboxes or the tenant know. The same application from a stranger's
    // network is none, to however many mailboxes it comes.
    if network.rung <= ROLLOUT {
        for novelty in all.iter_mut().filter(|novelty| novelty.rollout) {
            novelty.rung = novelty.rung.min(ROLLOUT);
            novelty.origin = novelty.origin.min(ROLLOUT);
        }
    }
    (all, network)
}

/// Whether it says something that a session names no category of a kind. Who names no client where clients are named is somebody, and
/// so is who comes to a screen from no address; an administrator's console names none.
pub(crate) fn is_telling(observation: &Observation, kind: CategoryKind) -> bool {
    match kind {
        CategoryKind::Application | CategoryKind::Client => !observation.administrative,
        CategoryKind::Network | CategoryKind::Block => {
            observation.touches_mailbox
                && !observation.administrative
                && observation.channel == Channel::Interactive
        }
        _ => false,
    }
}

/// Whether the session is of somebody else than the owner whom the mailbox knows. Applications are no people.
pub(crate) fn is_member(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
) -> bool {
    observation.touches_mailbox
        && observation.delegated
        && observation.channel != Channel::Application
        && observation.who != 0
        && novelties[CategoryKind::Actor as usize].rung == 0
}

/// Whether a session's block is unknown to the tenant and was not reached by people who moved, with the clients that they have
/// always used: an application from nowhere opens a hundred mailboxes as easily as one, and the more it opens, the less is it a
/// roll-out. While the log itself is young, everything comes from nowhere.
fn is_brought(
    observation: &Observation,
    novelties: &[Novelty; CategoryKind::COUNT],
    today: &TenantToday,
) -> bool {
    let of = |kind: CategoryKind| novelties[kind as usize];
    let block = of(CategoryKind::Block);
    let own = [CategoryKind::Application, CategoryKind::Client].map(|kind| of(kind).rung == 0);
    let moved = observation.channel != Channel::Application && own == [true; 2];
    today.settled && block.rung > RARE && block.mailboxes < ROLLOUT_MAILBOXES && !moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::known::{OF_APPLICATIONS, TRUST_DAYS};

    const APPLICATION: Category = (CategoryKind::Application, 7);

    fn remembers(known: &FxHashMap<Category, Acquaintance>, young: bool, clock: i32) -> Memory<'_> {
        Memory {
            known,
            young,
            clock,
        }
    }

    /// How a mailbox knows what it has met on many days, yesterday among them.
    const TRUSTED: Acquaintance = Acquaintance {
        first: 60,
        last: 99,
        trusted: 99,
        days: 20,
        met: 20,
        origin: 5,
        settled: false,
    };

    fn today(adopters: u32, active: u32) -> TenantToday {
        TenantToday {
            adopters: FxHashMap::from_iter([(APPLICATION, adopters)]),
            active_mailboxes: active,
            days: 0,
            settled: true,
        }
    }

    #[test]
    fn a_rollout_is_less_new_than_an_application_in_a_few_mailboxes() {
        let rollout = novelty(None, None, APPLICATION, (100, 99), &today(30, 80));
        let intrusion = novelty(None, None, APPLICATION, (100, 99), &today(4, 80));
        assert_eq!((rollout.rollout, intrusion.rollout), (true, false));
    }

    #[test]
    fn what_most_mailboxes_have_come_to_trust_is_a_rollout_where_it_was_met_first_too() {
        let met_early = Acquaintance {
            first: 90,
            last: 97,
            trusted: i32::MIN,
            days: 0,
            met: 2,
            origin: 5,
            settled: false,
        };
        let meets_again = |mailboxes| {
            let tenant = TenantAcquaintance {
                first: 90,
                mailboxes,
                familiar: 0,
                last: 0,
            };
            novelty(
                Some(&met_early),
                Some(&tenant),
                APPLICATION,
                (100, 99),
                &today(1, 80),
            )
        };
        assert!(meets_again(60).rollout && !meets_again(60).adoption);
        assert!(!meets_again(5).rollout);
    }

    #[test]
    fn trust_needs_days_not_records() {
        let young = Acquaintance {
            first: 99,
            last: 99,
            trusted: 99,
            days: 1,
            met: 1,
            origin: 5,
            settled: false,
        };
        let old = Acquaintance {
            days: TRUST_DAYS,
            ..young
        };
        assert_eq!(
            novelty(Some(&young), None, APPLICATION, (100, 99), &today(1, 80)).rung,
            5
        );
        assert_eq!(
            novelty(Some(&old), None, APPLICATION, (103, 102), &today(1, 80)).rung,
            0
        );
    }

    #[test]
    fn what_has_not_come_for_months_is_news_again() {
        let known = Acquaintance {
            first: 10,
            last: 30,
            trusted: 30,
            days: 20,
            met: 20,
            origin: 5,
            settled: false,
        };
        let tenant = TenantAcquaintance {
            first: 10,
            mailboxes: 1,
            familiar: 0,
            last: 0,
        };
        let on = |day, clock| {
            let days = (day, clock);
            novelty(
                Some(&known),
                Some(&tenant),
                APPLICATION,
                days,
                &today(1, 80),
            )
        };
        assert_eq!((on(120, 120).rung, on(100, 100).adoption), (0, false));
        let again = on(121, 121);
        assert_eq!((again.rung, again.adoption, again.days), (RARE, true, 20));
        // The mailbox was closed as long.
        assert_eq!(on(300, 50).rung, 0);
    }

    #[test]
    fn an_established_application_is_less_new_than_a_rare_one() {
        let tenant = |mailboxes, first| TenantAcquaintance {
            first,
            mailboxes,
            familiar: mailboxes,
            last: 0,
        };
        let rung = |t: TenantAcquaintance| {
            novelty(None, Some(&t), APPLICATION, (100, 99), &today(1, 80)).rung
        };
        assert_eq!(
            (
                rung(tenant(9, 50)),
                rung(tenant(2, 50)),
                rung(tenant(2, 99))
            ),
            (2, RARE, 4)
        );
    }

    #[test]
    fn a_new_address_of_a_familiar_provider_is_hardly_new() {
        let familiar = Novelty {
            rung: 0,
            rollout: false,
            adoption: false,
            days: 20,
            mailboxes: 9,
            familiar_elsewhere: 8,
            due: false,
            origin: 0,
        };
        let fresh = Novelty {
            rung: 5,
            rollout: false,
            adoption: true,
            days: 0,
            mailboxes: 0,
            familiar_elsewhere: 0,
            due: false,
            origin: 5,
        };
        assert_eq!(network_novelty(fresh, familiar, None, false).rung, 1);
        assert_eq!(network_novelty(familiar, familiar, None, false).rung, 0);
        assert_eq!(network_novelty(fresh, fresh, None, false).rung, 4);
        assert_eq!(network_novelty(fresh, fresh, Some(fresh), false).rung, 5);
    }

    #[test]
    fn what_nobody_has_used_for_a_season_is_as_new_as_ever() {
        let mut tenant = TenantKnown::default();
        for _ in 0..10 {
            tenant.begin(APPLICATION, APPLICATION.1, (0, 1));
        }
        tenant.note(&APPLICATION, 5);
        let mailboxes = |tenant: &TenantKnown, days| {
            tenant.get(&APPLICATION, days).map(|known| known.mailboxes)
        };
        assert_eq!(
            [95, 96].map(|days| mailboxes(&tenant, days)),
            [Some(10), None]
        );
        tenant.begin(APPLICATION, APPLICATION.1, (120, 120));
        assert_eq!(mailboxes(&tenant, 121), Some(1));
        assert_eq!(
            tenant.get(&APPLICATION, 121).map(|known| known.first),
            Some(120)
        );
    }

    #[test]
    fn a_rollout_ends() {
        let tenant = TenantAcquaintance {
            first: 100,
            mailboxes: 40,
            familiar: 40,
            last: 0,
        };
        let on = |day: i32, adopters: u32| {
            let today = today(adopters, 80);
            novelty(None, Some(&tenant), APPLICATION, (day, day), &today)
        };
        assert!(on(129, 1).rollout);
        assert_eq!((on(130, 1).rollout, on(130, 1).rung), (false, 2));
        assert!(on(130, 30).rollout, "another wave");
    }

    #[test]
    fn a_host_that_goes_from_mailbox_to_mailbox_stays_a_stranger() {
        const HOST: Category = (CategoryKind::Network, 7);
        let rung = |category: Category, day: i32, mailboxes: u32, familiar: u32| {
            let tenant = TenantAcquaintance {
                first: 90,
                mailboxes,
                familiar,
                last: 0,
            };
            novelty(None, Some(&tenant), category, (day, day), &today(1, 80)).rung
        };
        // Ten mailboxes on ten days, each met once; and where three of them met it again and again.
        assert_eq!(
            [0, 1, 3].map(|familiar| rung(HOST, 100, 10, familiar)),
            [4, 3, 2]
        );
        assert_eq!(rung(HOST, 91, 10, 10), 4);
        assert_eq!(rung(APPLICATION, 100, 10, 0), 2, "an add-in spreads");
        let service = (CategoryKind::Network, 7 | OF_APPLICATIONS);
        assert_eq!(rung(service, 100, 10, 0), 2);
    }

    #[test]
    fn applications_come_from_where_people_do_and_not_the_other_way() {
        let from = |teacher: Channel, visitor: Channel| {
            let place = |channel| {
                let mut visit = Observation::visit(100, 8);
                visit.categories[CategoryKind::Block as usize] = 9;
                visit.channel = channel;
                visit
            };
            let known = [CategoryKind::Network, CategoryKind::Block]
                .map(|kind| (known_as(&place(teacher), kind), TRUSTED));
            let known = FxHashMap::from_iter(known);
            let memories = (remembers(&known, false, 100), None);
            let tenant = TenantKnown::default();
            novelties(&place(visitor), memories, &tenant, &today(1, 80))
                .1
                .rung
        };
        use Channel::{Application, Interactive, Mobile};
        assert_eq!(from(Interactive, Application), 0);
        assert_eq!(
            (from(Mobile, Interactive), from(Interactive, Mobile)),
            (0, 0)
        );
        assert_eq!(from(Application, Application), 0);
        assert_eq!(from(Application, Interactive), 4);
    }

    #[test]
    fn members_bring_what_their_own_mailbox_knows() {
        let all = |is_member: bool, delegated: bool, clock: i32| {
            let mut visit = Observation::visit(100, 8);
            visit.categories[CategoryKind::Actor as usize] = 5;
            visit.who = 4;
            visit.categories[CategoryKind::Client as usize] = 6;
            visit.categories[CategoryKind::Block as usize] = 9;
            visit.delegated = delegated;
            let of = |kind: CategoryKind| (known_as(&visit, kind), TRUSTED);
            let shared: FxHashMap<Category, Acquaintance> = is_member
                .then(|| of(CategoryKind::Actor))
                .into_iter()
                .collect();
            let brought = [
                CategoryKind::Client,
                CategoryKind::Network,
                CategoryKind::Block,
            ];
            let own = FxHashMap::from_iter(brought.map(of));
            let memories = (
                remembers(&shared, false, 100),
                Some(remembers(&own, false, clock)),
            );
            let tenant = TenantKnown::default();
            let (all, network) = novelties(&visit, memories, &tenant, &today(1, 80));
            let client = all[CategoryKind::Client as usize];
            assert_eq!(client.origin, 5, "of anybody else it is news");
            (client.rung, network.rung)
        };
        assert_eq!(all(true, true, 100), (0, 0));
        assert_eq!(all(false, true, 100), (5, 4), "who knows them?");
        assert_eq!(all(true, false, 100), (5, 4));
        assert_eq!(all(true, true, 300), (5, 4), "forgotten at home as well");
    }

    #[test]
    fn no_address_at_a_screen_is_one_that_the_mailbox_may_not_know() {
        let rung = |known: &FxHashMap<Category, Acquaintance>, change: fn(&mut Observation)| {
            let mut visit = Observation::visit(100, 0);
            change(&mut visit);
            let memories = (remembers(known, false, 100), None);
            let tenant = TenantKnown::default();
            novelties(&visit, memories, &tenant, &today(1, 80)).1.rung
        };
        let nothing = FxHashMap::default();
        assert_eq!(rung(&nothing, |_| ()), 4);
        assert_eq!(rung(&nothing, |visit| visit.administrative = true), 0);
        assert_eq!(
            rung(&nothing, |visit| visit.channel = Channel::Application),
            0
        );
        assert_eq!(rung(&nothing, |visit| visit.touches_mailbox = false), 0);
        let usual = [CategoryKind::Network, CategoryKind::Block].map(|kind| ((kind, 0), TRUSTED));
        assert_eq!(rung(&FxHashMap::from_iter(usual), |_| ()), 0);
    }

    #[test]
    fn a_service_stays_and_a_mail_program_travels() {
        const ORIGIN: CategoryKind = CategoryKind::Origin;
        /// Rung of an application's new origin on day 100, where it came thirty times from `origins` others since a day.
        fn rung(first: i32, origins: u32) -> usize {
            let mut tenant = TenantKnown::default();
            tenant.begin(APPLICATION, APPLICATION.1, (first, 0));
            for visit in 0..30 {
                let origin = 20 + visit % origins;
                tenant.visit(APPLICATION.1);
                tenant.begin((ORIGIN, origin), APPLICATION.1, (first, 0));
            }
            let mut visit = Observation::visit(100, 8);
            visit.channel = Channel::Application;
            visit.categories[CategoryKind::Application as usize] = APPLICATION.1;
            visit.categories[ORIGIN as usize] = 9;
            let known = FxHashMap::default();
            let memories = (remembers(&known, false, 99), None);
            let (all, _) = novelties(&visit, memories, &tenant, &today(1, 80));
            all[ORIGIN as usize].rung
        }
        assert_eq!((rung(50, 1), rung(50, 3)), (5, 5));
        assert_eq!(rung(50, 4), 0, "it comes from anywhere");
        assert_eq!(rung(95, 1), 0, "nobody knows yet where it stays");
    }

    #[test]
    fn the_owner_of_a_young_mailbox_is_expected_and_others_are_not() {
        let rung = |young, delegated| {
            let mut visit = Observation::visit(20, 7);
            visit.categories[CategoryKind::Actor as usize] = 3;
            visit.delegated = delegated;
            let known = FxHashMap::default();
            let (all, _) = novelties(
                &visit,
                (remembers(&known, young, 19), None),
                &TenantKnown::default(),
                &TenantToday::default(),
            );
            all[CategoryKind::Actor as usize].rung
        };
        assert_eq!(rung(true, false), 0);
        assert_eq!((rung(true, true), rung(false, false)), (5, 5));
    }
}

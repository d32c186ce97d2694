//! Circumstances: what explains a session without an intruder, and how much of its deviations is left.
//!
//! A deviation says how rarely something happens. Some rare things come together: who travels is in a network that the
//! mailbox does not know, with a phone and a laptop, every day until the journey ends; who has just begun to work meets
//! everything for the first time. The deviations stay as they are; what they weigh is less.

use rustc_hash::FxHashSet;

use super::judge::Novelties;
use super::mailbox::MailboxBaseline;
use super::novelty::{Novelty, is_member};
use super::odd_days::SETTLED_DAYS;
use crate::feature::{
    CategoryKind, Channel, FEATURE_COUNT, FEATURES, FeatureGroup, FeatureId, Observation, Symbol,
};

/// The strongest deviation of a volume, or of changed settings, in bans, at which absence explains nothing any more: people on a
/// journey read as they do at home, and make no rules that hide mail.
const BEYOND_ABSENCE: f64 = 4.0;
/// What the deviations of a mailbox weigh on its first day, beside one that has been used for [`SETTLED_DAYS`] days.
const FIRST_DAY_KEEPS: f64 = 0.5;

/// Days without the owner after which a day is the first one back: more than a long weekend.
const LEAVE_DAYS: i32 = 4;
/// What volumes weigh on that day, when the mail of all those days is read.
const BACKLOG_KEEPS: f64 = 0.5;

/// What the owner's whereabouts speak for, and so what their absence takes weight from.
const OF_WHEREABOUTS: [FeatureId; 5] = [
    FeatureId::Network,
    FeatureId::Token,
    FeatureId::Persistence,
    FeatureId::Spread,
    FeatureId::OddDays,
];

/// Which sessions of a day are the absent owner's, as far as the log can tell: through a client that the mailbox knows,
/// from a network that it does not, on a day on which nobody opens it from a network that it knows. A thief who holds
/// the owner's sign-in reads along while the owner's own devices go on at home; a traveller has taken them along.
///
/// Who travels reads the mailboxes of the team on the way, too: a member whose own mailbox is read from the same network in such a
/// way is as absent there. Nobody is on a journey whose mailbox is dormant: who comes to it need not be its owner.
pub(super) fn absences(
    observations: &[Observation],
    novelties: &[Novelties],
    is_dormant: impl Fn(&Observation) -> bool,
) -> Vec<bool> {
    let sessions = || observations.iter().zip(novelties);
    let at_home: FxHashSet<Symbol> = sessions()
        .filter(|(observation, (_, network))| {
            is_person(observation)
                && observation.category(CategoryKind::Network) != 0
                && network.rung == 0
        })
        .map(|(observation, _)| observation.mailbox)
        .collect();
    let away: Vec<bool> = sessions()
        .map(|(observation, (categories, network))| {
            is_person(observation)
                && observation.category(CategoryKind::Network) != 0
                && is_away(categories, *network)
                && !at_home.contains(&observation.mailbox)
                && !is_dormant(observation)
        })
        .collect();
    let from = |observation: &Observation| observation.category(CategoryKind::Network);
    let travellers: FxHashSet<(Symbol, Symbol)> = observations
        .iter()
        .zip(&away)
        .filter(|(_, away)| **away)
        .map(|(observation, _)| (observation.mailbox, from(observation)))
        .collect();
    sessions()
        .zip(away)
        .map(|((observation, (categories, network)), away)| {
            away || is_member(observation, categories)
                && is_away(categories, *network)
                && travellers.contains(&(observation.who, from(observation)))
        })
        .collect()
}

/// Whether a session came through a client that the mailbox knows from a network that it does not.
fn is_away(categories: &[Novelty; CategoryKind::COUNT], network: Novelty) -> bool {
    let own = |kind: CategoryKind| categories[kind as usize].rung == 0;
    network.rung > 0 && own(CategoryKind::Application) && own(CategoryKind::Client)
}

/// Whether the owner comes back on this day from a leave, to a full mailbox, the way they always come.
pub(super) fn returns(
    observation: &Observation,
    (categories, network): (&[Novelty; CategoryKind::COUNT], Novelty),
    baseline: &MailboxBaseline,
) -> bool {
    let own = |kind: CategoryKind| categories[kind as usize].rung == 0;
    let away = |last: i32| observation.day.saturating_sub(last) > LEAVE_DAYS;
    is_person(observation)
        && network.rung <= 1
        && own(CategoryKind::Application)
        && own(CategoryKind::Client)
        && baseline.owner_day.is_some_and(away)
}

/// Whether the owner is, or claims to be, at the other end.
pub(super) fn is_person(observation: &Observation) -> bool {
    observation.touches_mailbox
        && !observation.delegated
        && observation.channel != Channel::Application
}

/// The circumstances of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Circumstances {
    /// It looks like its owner's, away from every network that the mailbox knows ([`absences`]).
    pub(super) absent: bool,
    /// The owner is back from a leave ([`returns`]).
    pub(super) back: bool,
    /// Active days of a mailbox, or of its owner, who is younger than its tenant's log.
    pub(super) young: Option<u32>,
}

/// The deviations as they weigh under the circumstances.
pub(super) fn temper(
    deviations: &[f64; FEATURE_COUNT],
    circumstances: Circumstances,
) -> [f64; FEATURE_COUNT] {
    let mut tempered = *deviations;
    if circumstances.back {
        let volumes = FEATURES
            .iter()
            .filter(|feature| feature.group == FeatureGroup::Volume);
        volumes.for_each(|feature| tempered[feature.id.index()] *= BACKLOG_KEEPS);
    }
    if circumstances.absent {
        let beyond = FEATURES
            .iter()
            .filter(|f| f.group == FeatureGroup::Volume || f.id == FeatureId::Changes)
            .map(|feature| deviations[feature.id.index()])
            .fold(0.0, f64::max);
        let kept = (beyond / BEYOND_ABSENCE).powi(2).min(1.0);
        for feature in OF_WHEREABOUTS {
            tempered[feature.index()] *= kept;
        }
    }
    if let Some(days) = circumstances.young {
        let age = (f64::from(days) / f64::from(SETTLED_DAYS)).min(1.0);
        let kept = FIRST_DAY_KEEPS + (1.0 - FIRST_DAY_KEEPS) * age;
        tempered.iter_mut().for_each(|bans| *bans *= kept);
    }
    tempered
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Symbol = 7;
    const HOTEL: Symbol = 8;

    /// A session from a network, and how new its network and its client are to the mailbox.
    fn session(
        network: Symbol,
        network_rung: usize,
        client_rung: usize,
    ) -> (Observation, Novelties) {
        let novelty = |rung| Novelty {
            rung,
            ..Novelty::default()
        };
        let mut categories = [novelty(0); CategoryKind::COUNT];
        categories[CategoryKind::Client as usize] = novelty(client_rung);
        (
            Observation::visit(100, network),
            (categories, novelty(network_rung)),
        )
    }

    fn absent<const N: usize>(sessions: [(Observation, Novelties); N]) -> Vec<bool> {
        let (observations, novelties): (Vec<_>, Vec<_>) = sessions.into_iter().unzip();
        absences(&observations, &novelties, |_| false)
    }

    #[test]
    fn the_owner_is_away_when_nobody_is_at_home() {
        let journey = || session(HOTEL, 4, 0);
        assert_eq!(absent([journey(), journey()]), [true, true]);
        // Earlier or later: a thief at night precedes the owner in the morning.
        let home = || session(HOME, 0, 0);
        assert_eq!(absent([home(), journey()]), [false, false]);
        assert_eq!(absent([journey(), home()]), [false, false]);
        // A client that the mailbox does not know is not its owner's.
        assert_eq!(absent([session(HOTEL, 4, 3)]), [false]);
    }

    #[test]
    fn who_travels_reads_the_mail_of_the_team_on_the_way() {
        const OWN: Symbol = 1;
        const SHARED: Symbol = 2;
        let journey = || session(HOTEL, 4, 0);
        let in_shared = |change: fn(&mut (Observation, Novelties))| {
            let mut visit = session(HOTEL, 4, 0);
            (visit.0.mailbox, visit.0.who, visit.0.delegated) = (SHARED, OWN, true);
            visit.0.categories[CategoryKind::Actor as usize] = 9;
            change(&mut visit);
            visit
        };
        // Colleagues are at home.
        let mut colleague = session(HOME, 0, 0);
        (colleague.0.mailbox, colleague.0.delegated) = (SHARED, true);
        let both = absent([journey(), in_shared(|_| ()), colleague]);
        assert_eq!(both, [true, true, false]);
        assert_eq!(absent([in_shared(|_| ())]), [false], "nobody travels");
        let of_the_second =
            |change: fn(&mut (Observation, Novelties))| absent([journey(), in_shared(change)])[1];
        assert!(!of_the_second(|visit| visit.0.who = 3));
        assert!(!of_the_second(|visit| {
            visit.0.categories[CategoryKind::Network as usize] = HOME;
        }));
        let stranger = |visit: &mut (Observation, Novelties)| {
            visit.1.0[CategoryKind::Actor as usize].rung = 5;
        };
        assert!(!of_the_second(stranger));
        let (observations, novelties): (Vec<_>, Vec<_>) =
            [journey(), in_shared(|_| ())].into_iter().unzip();
        let dormant = |visit: &Observation| visit.mailbox == OWN;
        assert_eq!(absences(&observations, &novelties, dormant), [false, false]);
        // No address is no journey.
        assert_eq!(absent([session(0, 4, 0)]), [false]);
    }

    #[test]
    fn applications_and_others_say_nothing_of_where_the_owner_is() {
        let changed = |change: fn(&mut Observation)| {
            let mut home = session(HOME, 0, 0);
            change(&mut home.0);
            absent([home, session(HOTEL, 4, 0)])
        };
        assert_eq!(changed(|_| ()), [false, false]);
        assert_eq!(changed(|home| home.mailbox = 2), [false, true]);
        assert_eq!(changed(|home| home.delegated = true), [false, true]);
        assert_eq!(changed(|home| home.touches_mailbox = false), [false, true]);
        let application = |home: &mut Observation| home.channel = Channel::Application;
        assert_eq!(changed(application), [false, true]);
        let mut application = session(HOTEL, 4, 0);
        application.0.channel = Channel::Application;
        assert_eq!(absent([application]), [false]);
    }

    #[test]
    fn absence_takes_from_what_speaks_of_whereabouts_while_volumes_are_ordinary() {
        let weighed = |items: f64, absent| {
            let mut deviations = [0.0; FEATURE_COUNT];
            deviations[FeatureId::Network.index()] = 2.5;
            deviations[FeatureId::Hour.index()] = 1.0;
            deviations[FeatureId::Items.index()] = items;
            let circumstances = Circumstances {
                absent,
                ..Circumstances::default()
            };
            let tempered = temper(&deviations, circumstances);
            [FeatureId::Network, FeatureId::Hour, FeatureId::Items]
                .map(|feature| tempered[feature.index()])
        };
        assert_eq!(weighed(0.0, true), [0.0, 1.0, 0.0]);
        assert_eq!(weighed(2.0, true), [2.5 / 4.0, 1.0, 2.0]);
        assert_eq!(weighed(5.0, true), [2.5, 1.0, 5.0]);
        assert_eq!(weighed(0.0, false), [2.5, 1.0, 0.0]);
    }

    #[test]
    fn a_backlog_is_read_on_the_first_day_back() {
        let back_after = |days: i32, change: fn(&mut (Observation, Novelties))| {
            let mut session = session(HOME, 0, 0);
            change(&mut session);
            let baseline = MailboxBaseline {
                owner_day: Some(session.0.day - days),
                ..MailboxBaseline::default()
            };
            let (visit, (categories, network)) = session;
            returns(&visit, (&categories, network), &baseline)
        };
        assert_eq!(
            [4, 5, 30].map(|days| back_after(days, |_| ())),
            [false, true, true]
        );
        assert!(!back_after(9, |session| session.0.delegated = true));
        assert!(!back_after(9, |session| session.0.channel = Channel::Application));
        assert!(
            !back_after(9, |session| session.1.1.rung = 3),
            "who knows who that is"
        );
        let (visit, (categories, network)) = session(HOME, 0, 0);
        let never = returns(&visit, (&categories, network), &MailboxBaseline::default());
        assert!(!never, "nobody has been there yet");
        let back = Circumstances {
            back: true,
            ..Circumstances::default()
        };
        let tempered = temper(&[4.0; FEATURE_COUNT], back);
        let of = |feature: FeatureId| tempered[feature.index()];
        assert_eq!((of(FeatureId::Items), of(FeatureId::Changes)), (2.0, 4.0));
    }

    #[test]
    fn a_young_mailbox_grows_up() {
        let weighed = |young| {
            let circumstances = Circumstances {
                young,
                ..Circumstances::default()
            };
            temper(&[1.0; FEATURE_COUNT], circumstances)[0]
        };
        assert!((weighed(Some(0)) - FIRST_DAY_KEEPS).abs() < 1e-12);
        assert!((weighed(Some(5)) - 0.75).abs() < 1e-12);
        assert!((weighed(Some(10)) - 1.0).abs() < 1e-12);
        assert!((weighed(None) - 1.0).abs() < 1e-12);
    }
}

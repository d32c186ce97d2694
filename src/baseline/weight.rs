//! Deviations to one weight of evidence.
//!
//! Bans of independent observations add up (Good 1985), but features of one group speak of the same thing: an
//! application that is new brings a client string that is new, and many items mean many bytes. Within a group the
//! strongest feature counts whole and what repeats it in part; then each group is bounded, because one sign alone, how
//! ever strong, is a habit more often than an intrusion: a re-synchronised profile reads everything, from the owner's
//! own desk. What convinces is several kinds of signs together.

use serde::{Deserialize, Serialize};

use crate::feature::{Channel, FEATURE_COUNT, FEATURES, FeatureGroup, FeatureId};

/// Share that a feature adds beside a stronger one of its group that says nearly the same.
const ECHO: f64 = 0.3;

/// What novelty counts at least, whatever the session did, and the weight of conduct (volume, time, operations), in bans, at
/// which it begins to count nearly whole.
const NOVELTY: (f64, f64) = (0.5, 3.0);
/// The same of applications: one that a mailbox begins to use is an add-in, until it reads much.
const NOVELTY_OF_APPLICATIONS: (f64, f64) = (0.3, 4.0);
/// What conduct counts at least, however familiar everything else about the session is: at a screen...
const LEAST_CONDUCT: f64 = 0.5;
/// ...and elsewhere: an application has neither deadlines nor leaves, and other people's mail is nobody's own backlog. What is read on a
/// phone counts whole: nobody works through hundreds of messages there.
const LEAST_CONDUCT_ELSEWHERE: f64 = 0.8;
/// Weight of changed settings, in bans, that speaks for itself, whoever made them: a rule that hides mail is no backlog.
pub(crate) const TELLING_CHANGE: f64 = 2.0;
/// What mail that is sent on to another domain weighs beside being rare, in bans: of all changes it is the one that intruders make,
/// some thirty times as likely as anybody else (MITRE ATT&CK T1114.003).
const SENT_OUT: f64 = 1.5;
/// Deviation of the network, in bans, from which what is sent and deleted is a stranger's doing.
const STRANGE_NETWORK: f64 = 1.0;
/// Weight of novelty (identity, network, patterns), in bans, at which conduct begins to count nearly whole.
const TELLING_NOVELTY: f64 = 1.5;

/// The weight of evidence of one session, in bans.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Sum over the groups.
    pub total: f64,
    /// Part of each feature; they sum to the total.
    pub shares: [f64; FEATURE_COUNT],
    /// Part of each group, in the order of [`FeatureGroup::ALL`]; they sum to the total.
    pub groups: [f64; GROUPS],
}

/// How a session came, as far as that decides what its deviations weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// How the mailbox was reached.
    pub channel: Channel,
    /// Whether others than the owner opened it.
    pub delegated: bool,
    /// Whether it came through a network that this mailbox has come to know lately, with few others: what was done there counts whole.
    pub lately_trusted: bool,
    /// Whether it had mail sent on to another domain.
    pub sends_out: bool,
}

/// Number of groups of features.
pub const GROUPS: usize = FeatureGroup::ALL.len();

/// Most that a group counts, in bans. Volume counts most because it is what an intrusion is for; the hour least,
/// because everybody works late once. What a stranger does counts more than what is done at one's own desk.
fn bound(group: FeatureGroup, strange: bool) -> f64 {
    match group {
        FeatureGroup::Volume => 10.0,
        FeatureGroup::Identity | FeatureGroup::Network | FeatureGroup::Pattern => 5.0,
        FeatureGroup::Operation if strange => 6.0,
        FeatureGroup::Operation => 4.0,
        FeatureGroup::Time => 3.0,
    }
}

/// How much a feature adds beside a stronger one of its group: whole where it is a sign of its own. Who sends two hundred messages and
/// deletes the answers does two things; at one's own desk both are an afternoon of clearing up.
fn echo(feature: FeatureId, strange: bool) -> f64 {
    match feature {
        FeatureId::Actor
        | FeatureId::Token
        | FeatureId::Changes
        | FeatureId::Spread
        | FeatureId::Persistence => 1.0,
        FeatureId::Sends | FeatureId::Deletes if strange => 1.0,
        _ => ECHO,
    }
}

/// Weighs the deviations of one session, in bans by feature.
pub fn weigh(deviations: &[f64; FEATURE_COUNT], manner: Manner) -> Weight {
    let mut weight = Weight {
        total: 0.0,
        shares: [0.0; FEATURE_COUNT],
        groups: [0.0; GROUPS],
    };
    let strange = deviations[FeatureId::Network.index()] >= STRANGE_NETWORK;
    for (index, group) in FeatureGroup::ALL.into_iter().enumerate() {
        let members = || {
            FEATURES
                .iter()
                .filter(|feature| feature.group == group)
                .map(|feature| feature.id)
        };
        let strongest = members().max_by(|a, b| {
            deviations[a.index()]
                .total_cmp(&deviations[b.index()])
                .then(b.cmp(a))
        });
        let part = |feature: FeatureId| {
            let whole = strongest == Some(feature);
            deviations[feature.index()] * if whole { 1.0 } else { echo(feature, strange) }
        };
        let sum: f64 = members().map(part).sum();
        if sum > 0.0 {
            // The hyperbolic tangent leaves weak evidence as it is and bounds strong evidence smoothly.
            let bound = bound(group, strange);
            let bounded = bound * (sum / bound).tanh();
            weight.total += bounded;
            weight.groups[index] = bounded;
            for feature in members() {
                weight.shares[feature.index()] = bounded * part(feature) / sum;
            }
        }
    }
    let changes = deviations[FeatureId::Changes.index()];
    if manner.sends_out && changes >= TELLING_CHANGE {
        let operations = FeatureGroup::ALL
            .iter()
            .position(|group| *group == FeatureGroup::Operation);
        if let Some(index) = operations {
            weight.groups[index] += SENT_OUT;
            weight.shares[FeatureId::Changes.index()] += SENT_OUT;
            weight.total += SENT_OUT;
        }
    }
    balance(&mut weight, manner, changes >= TELLING_CHANGE);
    weight
}

/// A stranger who reads three messages at noon is new; one who reads two hundred at night is an intruder. What is new
/// about a session counts in proportion to what the session did, and what it did in proportion to what is new about it:
/// who reads two hundred at their own desk, through the client of every day, has been on leave, or has a deadline.
fn balance(weight: &mut Weight, manner: Manner, telling_change: bool) {
    let Manner {
        channel,
        delegated,
        lately_trusted,
        sends_out: _,
    } = manner;
    let sum = |conduct: bool| -> f64 {
        FeatureGroup::ALL
            .iter()
            .zip(weight.groups)
            .filter(|(group, _)| group.is_conduct() == conduct)
            .map(|(_, part)| part)
            .sum()
    };
    let grown =
        |least: f64, other: f64, telling: f64| least + (1.0 - least) * (other / telling).tanh();
    let (least_novelty, telling_conduct) = match channel {
        Channel::Application => NOVELTY_OF_APPLICATIONS,
        Channel::Interactive | Channel::Mobile => NOVELTY,
    };
    let novelty = grown(least_novelty, sum(true), telling_conduct);
    let least_conduct = match channel {
        _ if lately_trusted => 1.0,
        Channel::Interactive if !delegated => LEAST_CONDUCT,
        _ => LEAST_CONDUCT_ELSEWHERE,
    };
    let conduct = grown(least_conduct, sum(false), TELLING_NOVELTY);
    let factor = |group: FeatureGroup| match group {
        // How many mailboxes, on how many days: that is what was done, if not in this mailbox and on this day.
        FeatureGroup::Pattern => 1.0,
        FeatureGroup::Operation if telling_change => 1.0,
        FeatureGroup::Volume if channel == Channel::Mobile && !delegated => 1.0,
        _ if group.is_conduct() => conduct,
        _ => novelty,
    };
    for (group, part) in FeatureGroup::ALL.into_iter().zip(&mut weight.groups) {
        *part *= factor(group);
    }
    for (feature, share) in FEATURES.iter().zip(&mut weight.shares) {
        *share *= factor(feature.group);
    }
    weight.total = weight.groups.iter().sum();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(FeatureId, f64)]) -> Weight {
        through(Channel::Interactive, pairs)
    }

    fn owner(channel: Channel) -> Manner {
        Manner {
            channel,
            delegated: false,
            lately_trusted: false,
            sends_out: false,
        }
    }

    fn through(channel: Channel, pairs: &[(FeatureId, f64)]) -> Weight {
        let mut deviations = [0.0; FEATURE_COUNT];
        for &(feature, bans) in pairs {
            deviations[feature.index()] = bans;
        }
        weigh(&deviations, owner(channel))
    }

    #[test]
    fn shares_sum_to_the_total() {
        let weight = of(&[
            (FeatureId::Items, 4.0),
            (FeatureId::Bytes, 2.0),
            (FeatureId::Hour, 1.5),
            (FeatureId::Actor, 3.0),
        ]);
        assert!((weight.shares.iter().sum::<f64>() - weight.total).abs() < 1e-12);
    }

    #[test]
    fn several_signs_convince_more_than_one_strong_sign() {
        let resync = of(&[
            (FeatureId::Syncs, 8.0),
            (FeatureId::Burst, 8.0),
            (FeatureId::DayItems, 7.0),
        ]);
        let intrusion = of(&[
            (FeatureId::Application, 3.0),
            (FeatureId::Network, 3.0),
            (FeatureId::Items, 3.0),
            (FeatureId::Hour, 1.0),
        ]);
        assert!(
            intrusion.total > resync.total,
            "{} {}",
            intrusion.total,
            resync.total
        );
    }

    #[test]
    fn what_is_new_counts_more_when_it_does_something() {
        let quiet = of(&[(FeatureId::Application, 3.0), (FeatureId::Network, 3.0)]);
        let busy = of(&[
            (FeatureId::Application, 3.0),
            (FeatureId::Network, 3.0),
            (FeatureId::Items, 3.0),
        ]);
        assert!(
            busy.total - quiet.total > 4.0,
            "{} {}",
            busy.total,
            quiet.total
        );
    }

    #[test]
    fn what_was_done_counts_more_when_a_stranger_did_it() {
        let volume = [(FeatureId::Items, 8.0), (FeatureId::DayItems, 8.0)];
        let deadline = of(&volume);
        let theft = of(&[volume[0], volume[1], (FeatureId::Network, 3.0)]);
        assert!(deadline.total < 5.0, "{}", deadline.total);
        assert!(
            theft.total - deadline.total > 5.0,
            "{} {}",
            theft.total,
            deadline.total
        );
    }

    #[test]
    fn reading_everything_on_a_phone_is_no_deadline() {
        let volume = [(FeatureId::Items, 8.0), (FeatureId::Burst, 8.0)];
        let desk = of(&volume);
        let phone = through(Channel::Mobile, &volume);
        assert!(phone.total > 1.5 * desk.total);
        let new = [volume[0], volume[1], (FeatureId::Network, 5.0)];
        let (desk, phone) = (of(&new), through(Channel::Mobile, &new));
        assert!((phone.total - desk.total).abs() < 0.1);
    }

    #[test]
    fn a_rule_that_hides_mail_speaks_for_itself() {
        let alone = |feature, bans| of(&[(feature, bans)]).total;
        let rule = alone(FeatureId::Changes, 3.0);
        assert!(rule > 1.5 * alone(FeatureId::Deletes, 3.0), "{rule}");
        assert!(alone(FeatureId::Changes, 1.0) < 0.6);
    }

    #[test]
    fn a_stranger_who_sends_and_deletes_does_two_things() {
        let cleared_up = [(FeatureId::Sends, 6.0), (FeatureId::Deletes, 6.0)];
        let operations = |network: f64| {
            let weight = of(&[cleared_up[0], cleared_up[1], (FeatureId::Network, network)]);
            weight.shares[FeatureId::Sends.index()] + weight.shares[FeatureId::Deletes.index()]
        };
        assert!(operations(0.9) < 4.0, "{}", operations(0.9));
        assert!(operations(3.0) > 5.3, "{}", operations(3.0));
    }

    #[test]
    fn the_mail_of_others_is_no_backlog() {
        let mut deviations = [0.0; FEATURE_COUNT];
        deviations[FeatureId::Items.index()] = 5.0;
        let [owner, assistant] = [false, true].map(|delegated| {
            let manner = Manner {
                delegated,
                ..owner(Channel::Interactive)
            };
            weigh(&deviations, manner)
        });
        assert!(assistant.total > 1.5 * owner.total);
    }

    #[test]
    fn a_network_that_was_met_lately_has_no_deadlines() {
        let mut deviations = [0.0; FEATURE_COUNT];
        deviations[FeatureId::Items.index()] = 5.0;
        let [old, lately] = [false, true].map(|lately_trusted| {
            let manner = Manner {
                lately_trusted,
                ..owner(Channel::Interactive)
            };
            weigh(&deviations, manner)
        });
        assert!(lately.total > 1.8 * old.total);
    }

    #[test]
    fn an_application_that_reads_more_than_ever_has_no_deadline() {
        let volume = [(FeatureId::Items, 8.0), (FeatureId::DayItems, 8.0)];
        let (desk, application) = (of(&volume), through(Channel::Application, &volume));
        assert!(application.total > 1.5 * desk.total);
    }

    #[test]
    fn a_new_application_that_reads_little_is_an_add_in() {
        let new = [(FeatureId::Application, 3.0), (FeatureId::Network, 2.5)];
        let (person, application) = (of(&new), through(Channel::Application, &new));
        assert!(application.total < 0.7 * person.total);
        let reading = [new[0], new[1], (FeatureId::Items, 8.0)];
        let (person, application) = (of(&reading), through(Channel::Application, &reading));
        assert!(application.total > 0.95 * person.total);
    }

    #[test]
    fn what_spreads_counts_however_little_is_read() {
        let weight = of(&[(FeatureId::Spread, 3.0), (FeatureId::Network, 3.0)]);
        let part = |feature: FeatureId| weight.shares[feature.index()];
        assert!(part(FeatureId::Spread) > 2.5, "{}", part(FeatureId::Spread));
        assert!(part(FeatureId::Network) < 0.6 * part(FeatureId::Spread));
    }

    #[test]
    fn weak_evidence_adds_up() {
        let once = of(&[(FeatureId::Hour, 0.5)]);
        let twice = of(&[(FeatureId::Deletes, 0.5), (FeatureId::Hour, 0.5)]);
        assert!(
            (twice.total - 2.0 * once.total).abs() < 0.02,
            "{}",
            twice.total
        );
    }

    #[test]
    fn mail_sent_out_weighs_more_than_other_changes_where_it_is_rare() {
        let weighed = |bans, sends_out| {
            let mut deviations = [0.0; FEATURE_COUNT];
            deviations[FeatureId::Changes.index()] = bans;
            let manner = Manner {
                sends_out,
                ..owner(Channel::Interactive)
            };
            let weight = weigh(&deviations, manner);
            let parts: f64 = weight.groups.iter().sum();
            assert!((weight.total - parts).abs() < 1e-12);
            weight.total
        };
        assert!((weighed(3.0, true) - weighed(3.0, false) - SENT_OUT).abs() < 1e-12);
        assert_eq!(weighed(1.0, true), weighed(1.0, false), "a habit");
    }
}

//! Peer groups: mailboxes that are used alike.
//!
//! A tenant's mailboxes differ more than one mailbox's days do. Before a mailbox has shown how it uses a client, the mailboxes
//! that are used like it elsewhere say more about it than the tenant as a whole. Groups are found by k-means (Lloyd 1982, "Least
//! squares quantization in PCM"; first centres by Arthur and Vassilvitskii 2007, "k-means++") with linfa, on how much and how
//! often the mailbox is used.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::{Array2, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::mailbox::{FamilyVolume, MailboxBaseline, ordered};
use super::volume::Moments;
use crate::feature::{Measure, Symbol};

/// Groups are found anew after this many days: habits change slowly.
pub(super) const PEER_DAYS: u32 = 7;
/// Sessions from which it shows how a mailbox is used.
const SHOWN_SESSIONS: f64 = 30.0;
/// Mailboxes to a group, on average; smaller groups would be a handful of people.
const MAILBOXES_TO_A_GROUP: usize = 20;
const MOST_GROUPS: usize = 8;
/// Sessions of a client family from which a group knows it.
const KNOWN_SESSIONS: f64 = 60.0;
/// What describes a mailbox: items of a session, shares of sessions that read, send and delete, sessions a day.
const TRAITS: usize = 5;

/// Who is whose peer, and what the groups do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Peers {
    #[serde(with = "ordered")]
    group_of: FxHashMap<Symbol, u8>,
    /// By group and volume class.
    volumes: BTreeMap<(u8, u8), FamilyVolume>,
}

impl Peers {
    /// Groups the mailboxes. There are none where they are too few.
    pub(super) fn of(mailboxes: &FxHashMap<Symbol, Box<MailboxBaseline>>) -> Self {
        let mut shown: Vec<(Symbol, &MailboxBaseline, [f64; TRAITS])> = mailboxes
            .iter()
            .filter_map(|(&symbol, baseline)| Some((symbol, &**baseline, traits(baseline)?)))
            .collect();
        shown.sort_unstable_by_key(|&(symbol, ..)| symbol);
        let groups = (shown.len() / MAILBOXES_TO_A_GROUP).min(MOST_GROUPS);
        if groups < 2 {
            return Self::default();
        }
        let mut data =
            Array2::from_shape_fn((shown.len(), TRAITS), |(row, column)| shown[row].2[column]);
        for mut column in data.axis_iter_mut(Axis(1)) {
            let (mean, deviation) = (column.mean().unwrap_or(0.0), column.std(0.0));
            column.mapv_inplace(|value| (value - mean) / deviation.max(1e-9));
        }
        let data = DatasetBase::from(data);
        let Ok(model) =
            KMeans::params_with_rng(groups, Xoshiro256Plus::seed_from_u64(shown.len() as u64))
                .n_runs(3)
                .max_n_iterations(50)
                .fit(&data)
        else {
            return Self::default();
        };
        let mut peers = Self::default();
        for (&(symbol, baseline, _), &group) in shown.iter().zip(model.predict(&data).iter()) {
            let group = u8::try_from(group).unwrap_or(u8::MAX);
            peers.group_of.insert(symbol, group);
            for (&class, volume) in &baseline.volumes {
                let of_group = peers.volumes.entry((group, class)).or_default();
                for (sum, moments) in of_group.iter_mut().zip(volume.iter()) {
                    *sum = sum.merged(*moments);
                }
            }
        }
        peers
    }

    /// What the mailbox's peers show in a volume class, where they know it.
    pub(super) fn volume(&self, mailbox: Symbol, class: u8, measure: Measure) -> Option<Moments> {
        let group = *self.group_of.get(&mailbox)?;
        let moments = self.volumes.get(&(group, class))?[measure as usize];
        (moments.sessions() >= KNOWN_SESSIONS).then_some(moments)
    }
}

fn traits(baseline: &MailboxBaseline) -> Option<[f64; TRAITS]> {
    let of = |measure: Measure| {
        baseline
            .volumes
            .values()
            .fold(Moments::default(), |sum, volume| {
                sum.merged(volume[measure as usize])
            })
    };
    let (items, sends, deletes) = (of(Measure::Items), of(Measure::Sends), of(Measure::Deletes));
    let days = f64::from(baseline.active_days.max(1));
    (items.sessions() >= SHOWN_SESSIONS).then(|| {
        [
            items.mean(),
            items.positive_share(),
            sends.positive_share(),
            deletes.positive_share(),
            (items.sessions() / days).ln_1p(),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty mailboxes that read five messages a session and forty that read two hundred.
    fn mailboxes() -> FxHashMap<Symbol, Box<MailboxBaseline>> {
        let mut mailboxes = FxHashMap::default();
        for mailbox in 1..=80u32 {
            let mut baseline = MailboxBaseline {
                active_days: 20,
                ..MailboxBaseline::default()
            };
            let volume = baseline.volumes.entry(3).or_default();
            for session in 0..40u32 {
                let most = if mailbox % 2 == 0 { 200.0 } else { 5.0 };
                let items = most * (0.8 + 0.01 * f64::from((session * mailbox) % 40));
                volume[Measure::Items as usize].count(items);
            }
            mailboxes.insert(mailbox, Box::new(baseline));
        }
        mailboxes
    }

    #[test]
    fn mailboxes_used_alike_are_peers() {
        let peers = Peers::of(&mailboxes());
        let mean = |mailbox: Symbol| {
            let moments = peers.volume(mailbox, 3, Measure::Items);
            moments.map_or(0.0, |moments| moments.mean().exp_m1())
        };
        for mailbox in 1..=80 {
            let expected = if mailbox % 2 == 0 { 200.0 } else { 5.0 };
            assert!(
                (mean(mailbox) / expected).ln().abs() < 0.3,
                "{mailbox}: {}",
                mean(mailbox)
            );
        }
        assert_eq!(peers.volume(81, 3, Measure::Items), None);
        assert_eq!(peers.volume(1, 4, Measure::Items), None);
    }

    #[test]
    fn a_few_mailboxes_have_no_groups() {
        let mut mailboxes = mailboxes();
        mailboxes.retain(|&mailbox, _| mailbox < 2 * MAILBOXES_TO_A_GROUP as u32);
        assert_eq!(Peers::of(&mailboxes), Peers::default());
    }
}

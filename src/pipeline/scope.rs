//! How far a campaign reaches beyond its flagged sessions: what came through its applications or from its networks and was not
//! flagged, in the warm-up for instance, is part of the question who was read.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::AnalyzedSession;
use crate::explain::{Campaign, Naming};
use crate::feature::CategoryKind;

/// Counts for every campaign the sessions that were not flagged and share an application or a network that ties it.
pub(super) fn count(campaigns: &mut [Campaign], sessions: &[AnalyzedSession], naming: &Naming<'_>) {
    let mut tied: BTreeMap<(CategoryKind, String), Vec<usize>> = BTreeMap::new();
    for (number, campaign) in campaigns.iter().enumerate() {
        for mark in &campaign.marks {
            tied.entry(mark.clone()).or_default().push(number);
        }
    }
    if tied.is_empty() {
        return;
    }
    let of = |kind: CategoryKind| -> FxHashMap<&str, &[usize]> {
        tied.iter()
            .filter(|((of, _), _)| *of == kind)
            .map(|((_, name), campaigns)| (name.as_str(), campaigns.as_slice()))
            .collect()
    };
    let (applications, networks) = (of(CategoryKind::Application), of(CategoryKind::Network));
    for analyzed in sessions.iter().filter(|s| !s.verdict.ranked.flagged) {
        let session = &analyzed.session;
        let by_application = applications.get(naming.application_id(session));
        let by_network = networks.get(naming.network_name(session));
        let mut numbers: Vec<usize> = [by_application, by_network]
            .into_iter()
            .flatten()
            .flat_map(|numbers| numbers.iter().copied())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let campaign = &mut campaigns[number];
            campaign.unflagged += 1;
            let since = campaign.unflagged_since.get_or_insert(session.start);
            *since = (*since).min(session.start);
        }
    }
}

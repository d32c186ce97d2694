//! Changes that let mail out or others in, as the finding tells them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::domain;
use super::run::Run;
use crate::chart::{Style, label};

/// Sessions whose changes are named.
const WAYS: usize = 8;

/// What flagged sessions changed that lets mail out or others in, by rank: it may weigh little among deviations, and much for who
/// has to undo it.
pub(super) fn ways_out(run: &Run) -> Option<String> {
    let domains = domains(run);
    let inside = |domain: &str| domains.contains(&domain.to_lowercase());
    let ranks: BTreeMap<&str, u32> = run
        .flagged
        .iter()
        .map(|session| (session.session_id.as_str(), session.rank))
        .collect();
    let mut by_session: BTreeMap<(u32, &str), Vec<String>> = BTreeMap::new();
    for change in &run.changes {
        if let Some(&rank) = ranks.get(change.session_id.as_str())
            && let Some(words) = change.way_out(inside)
        {
            let of = by_session.entry((rank, &change.mailbox)).or_default();
            if !of.contains(&words) {
                of.push(words);
            }
        }
    }
    let mut told: Vec<String> = by_session
        .iter()
        .take(WAYS)
        .filter_map(|((rank, mailbox), words)| {
            let words = label::listed(words)?;
            Some(format!("{words} in {mailbox} (number {rank})"))
        })
        .collect();
    let more = by_session.len().saturating_sub(WAYS);
    if more > 0 {
        told.push(format!(
            "the like in {}",
            label::counted(more as u64, "more session", "more sessions")
        ));
    }
    (!told.is_empty()).then(|| format!("{}.", told.join("; ")))
}

/// The domains of the mailboxes that the page knows of.
fn domains(run: &Run) -> BTreeSet<String> {
    let flagged = run.flagged.iter().map(|session| &session.mailbox);
    let others = run.others_sending_on.iter().map(|change| &change.mailbox);
    flagged
        .chain(others)
        .map(|mailbox| domain(mailbox).to_lowercase())
        .collect()
}

/// Where sessions that were not flagged have mail sent out of the tenant, the latest first: it may be a habit, and who reads along by
/// a rule needs no session any more.
pub(super) fn sent_on(run: &Run, style: &Style) -> Option<String> {
    let domains = domains(run);
    let inside = |domain: &str| domains.contains(&domain.to_lowercase());
    let mut said: Vec<String> = Vec::new();
    for change in run.others_sending_on.iter().rev() {
        if let Some(words) = change.sent_out(inside) {
            let when = label::moment(change.time, &style.time_zone);
            said.push(format!("{words} in {} ({when})", change.mailbox));
        }
    }
    let more = said.len().saturating_sub(WAYS);
    if more > 0 {
        said.truncate(WAYS);
        said.push(format!("{} more in changes.csv", label::count(more as u64)));
    }
    (!said.is_empty()).then(|| format!("{}.", said.join("; ")))
}

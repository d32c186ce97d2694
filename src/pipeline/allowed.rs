//! What the allow-list let pass: whoever is behind an allowed network or application is never flagged, so what a list silences
//! is told with every run.

use serde::Serialize;

use super::AnalyzedSession;
use crate::allow::{AllowEntry, AllowList};
use crate::chart::label;
use crate::event::EventColumns;
use crate::session::EXCHANGE_ONLINE;

/// An entry of the allow-list, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// The entry.
    #[serde(flatten)]
    pub entry: AllowEntry,
    /// Sessions that it allowed. Two entries can allow the same session.
    pub sessions: u64,
    /// Those of them that would have been flagged.
    pub spared: u64,
    /// Sessions that it names on days after its last: they were judged like any other.
    pub after_expiry: u64,
}

/// Counts what each entry let pass.
pub(super) fn count(
    list: &AllowList,
    sessions: &[AnalyzedSession],
    columns: &EventColumns<'_>,
) -> Vec<Allowed> {
    let mut counts: Vec<Allowed> = list
        .entries()
        .iter()
        .map(|entry| Allowed {
            entry: entry.clone(),
            sessions: 0,
            spared: 0,
            after_expiry: 0,
        })
        .collect();
    if counts.is_empty() {
        return counts;
    }
    for analyzed in sessions {
        let naming = list.all_naming(&analyzed.session, columns);
        for entry in naming.in_force {
            counts[entry].sessions += 1;
            counts[entry].spared += u64::from(analyzed.verdict.ranked.spared);
        }
        for entry in naming.expired {
            counts[entry].after_expiry += 1;
        }
    }
    counts
}

impl Allowed {
    /// What the reader of a run has to know of the entry; `None` when it was in force throughout and silenced nothing. That it
    /// names no session is worth a word only where all days are at hand (`whole`), not every day anew.
    #[must_use]
    pub fn remark(&self, whole: bool) -> Option<String> {
        let subject = &self.entry.subject;
        if self.after_expiry > 0 {
            let sessions = label::counted(
                self.after_expiry,
                "later session that it names was",
                "later sessions that it names were",
            );
            let expires = self.entry.expires.as_deref().unwrap_or_default();
            return Some(format!(
                "The allow-list entry {subject} expired on {expires}; {sessions} judged like any other."
            ));
        }
        let lone = subject.network.is_none() && subject.mailbox.is_none();
        if subject.client.as_deref() == Some(EXCHANGE_ONLINE) && lone && self.spared > 0 {
            return Some(format!(
                "The allow-list entry {subject} is Exchange Online itself, as which every browser opens a mailbox: it let {} pass.",
                label::counted(
                    self.spared,
                    "session that would have been flagged",
                    "sessions that would have been flagged"
                )
            ));
        }
        (whole && self.sessions == 0)
            .then(|| format!("The allow-list entry {subject} names no session of these exports."))
    }
}

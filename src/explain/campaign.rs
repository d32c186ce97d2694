//! Flagged sessions that belong together.
//!
//! Two flagged sessions are tied when an application, client or network that was unfamiliar to both of their
//! mailboxes is the same, within [`MAX_GAP_DAYS`] days. Campaigns are the connected components of these ties.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::feature::{CategoryKind, Symbol, Symbols};

/// Sessions further apart than this are not tied directly.
const MAX_GAP_DAYS: i32 = 14;

/// A flagged session as campaigns see it.
#[derive(Debug, Clone)]
pub struct TiedSession {
    /// Index of the session in the caller's list.
    pub index: usize,
    /// Its mailbox.
    pub mailbox: Symbol,
    /// Day, days since 1970 UTC.
    pub day: i32,
    /// First and last event, milliseconds since 1970 UTC.
    pub span: (i64, i64),
    /// Items and synchronised folders.
    pub items: u64,
    /// What was unfamiliar about it.
    pub unfamiliar: Vec<(CategoryKind, Symbol)>,
}

/// Flagged sessions that share something unfamiliar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Identifier, `C1` being the one with the most mailboxes.
    pub id: String,
    /// First event, milliseconds since 1970 UTC.
    pub first_seen: i64,
    /// Last event, milliseconds since 1970 UTC.
    pub last_seen: i64,
    /// Number of mailboxes.
    pub mailboxes: usize,
    /// Indexes of the sessions, as the caller gave them.
    pub sessions: Vec<usize>,
    /// Items read and folders synchronised.
    pub items: u64,
    /// What ties the sessions, in words.
    pub shared: String,
}

/// Groups flagged sessions into campaigns of at least two sessions; the rest stay alone.
pub fn campaigns(sessions: &[TiedSession], symbols: &Symbols) -> Vec<Campaign> {
    let mut parents: Vec<usize> = (0..sessions.len()).collect();
    let mut carriers: BTreeMap<(CategoryKind, Symbol), Vec<usize>> = BTreeMap::new();
    for (position, session) in sessions.iter().enumerate() {
        for &category in &session.unfamiliar {
            carriers.entry(category).or_default().push(position);
        }
    }
    for positions in carriers.values_mut() {
        positions.sort_by_key(|&position| (sessions[position].day, position));
        for pair in positions.windows(2) {
            if sessions[pair[1]].day - sessions[pair[0]].day <= MAX_GAP_DAYS {
                let (a, b) = (root(&mut parents, pair[0]), root(&mut parents, pair[1]));
                parents[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in 0..sessions.len() {
        groups
            .entry(root(&mut parents, position))
            .or_default()
            .push(position);
    }
    let mut found: Vec<Campaign> = groups
        .into_values()
        .filter(|members| members.len() > 1)
        .map(|members| campaign(sessions, &members, symbols))
        .collect();
    found.sort_by(|a, b| {
        b.mailboxes
            .cmp(&a.mailboxes)
            .then(b.items.cmp(&a.items))
            .then(a.first_seen.cmp(&b.first_seen))
    });
    for (index, campaign) in found.iter_mut().enumerate() {
        campaign.id = format!("C{}", index + 1);
    }
    found
}

fn root(parents: &mut [usize], mut position: usize) -> usize {
    while parents[position] != position {
        parents[position] = parents[parents[position]];
        position = parents[position];
    }
    position
}

fn campaign(sessions: &[TiedSession], members: &[usize], symbols: &Symbols) -> Campaign {
    let chosen = || members.iter().map(|&position| &sessions[position]);
    Campaign {
        id: String::new(),
        first_seen: chosen().map(|s| s.span.0).min().unwrap_or_default(),
        last_seen: chosen().map(|s| s.span.1).max().unwrap_or_default(),
        mailboxes: chosen().map(|s| s.mailbox).collect::<BTreeSet<_>>().len(),
        sessions: chosen().map(|s| s.index).collect(),
        items: chosen().map(|s| s.items).sum(),
        shared: shared(sessions, members, symbols),
    }
}

/// The ties in words, the ones that most sessions carry first; at most four.
fn shared(sessions: &[TiedSession], members: &[usize], symbols: &Symbols) -> String {
    let mut carried: BTreeMap<(CategoryKind, Symbol), (usize, BTreeSet<Symbol>)> = BTreeMap::new();
    for &position in members {
        let unique: BTreeSet<_> = sessions[position].unfamiliar.iter().collect();
        for category in unique {
            let entry = carried.entry(*category).or_default();
            entry.0 += 1;
            entry.1.insert(sessions[position].mailbox);
        }
    }
    let mut ties: Vec<_> = carried
        .into_iter()
        .filter(|(_, (count, _))| *count > 1)
        .collect();
    ties.sort_by_key(|(category, (count, mailboxes))| {
        (std::cmp::Reverse((mailboxes.len(), *count)), *category)
    });
    let mut words: Vec<String> = Vec::new();
    for ((kind, symbol), (count, _)) in ties {
        let what = match kind {
            CategoryKind::Application => "application",
            CategoryKind::Version => "client",
            CategoryKind::Network => "network",
            CategoryKind::Block => "address block",
            CategoryKind::Actor => "actor",
            // Said by the application and the client string already.
            CategoryKind::Client | CategoryKind::Country => continue,
        };
        words.push(format!(
            "{what} {} ({count} of {} sessions)",
            symbols.name(symbol),
            members.len()
        ));
        if words.len() == 4 {
            break;
        }
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(
        index: usize,
        mailbox: Symbol,
        day: i32,
        unfamiliar: &[(CategoryKind, Symbol)],
    ) -> TiedSession {
        let start = i64::from(day) * 86_400_000;
        TiedSession {
            index,
            mailbox,
            day,
            span: (start, start + 1000),
            items: 10,
            unfamiliar: unfamiliar.to_vec(),
        }
    }

    #[test]
    fn a_shared_application_ties_mailboxes_and_is_named() {
        let mut symbols = Symbols::default();
        let (app, net) = (symbols.intern("app-1"), symbols.intern("203.0.113.0/24"));
        let sessions = [
            session(0, 1, 10, &[(CategoryKind::Application, app)]),
            session(
                1,
                2,
                11,
                &[
                    (CategoryKind::Application, app),
                    (CategoryKind::Network, net),
                ],
            ),
            session(2, 3, 12, &[(CategoryKind::Network, net)]),
            session(3, 4, 12, &[]),
            session(4, 5, 60, &[(CategoryKind::Application, app)]),
        ];
        let found = campaigns(&sessions, &symbols);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (
                found[0].sessions.as_slice(),
                found[0].mailboxes,
                found[0].items
            ),
            (&[0, 1, 2][..], 3, 30)
        );
        assert_eq!(
            found[0].shared,
            "application app-1 (2 of 3 sessions); network 203.0.113.0/24 (2 of 3 sessions)"
        );
    }
}

//! Flagged sessions that belong together.
//!
//! Two flagged sessions are tied when an application, client or network that was unfamiliar to both of their
//! mailboxes is the same, or who opened them without being their owner, within [`MAX_GAP_DAYS`] days. An application that was unfamiliar to one ties the other, too, when that does
//! not know it yet: what an intruder brings to a quarter of the tenant at once looks like a roll-out there. Campaigns are the
//! connected components of these ties. What is said of a campaign names every tie without which it would fall apart.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::feature::{CategoryKind, Symbol, Symbols};
use crate::model::Traces;

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
    /// What may tie it.
    pub traces: Traces,
}

impl TiedSession {
    /// What may tie it. A client of another version is another client: browsers of one make are everywhere.
    fn ties(&self) -> impl Iterator<Item = (CategoryKind, Symbol)> {
        let of = |kind| move |&(other, _): &(CategoryKind, Symbol)| other == kind;
        let unfamiliar = &self.traces.unfamiliar;
        let versioned = unfamiliar.iter().any(of(CategoryKind::Version));
        unfamiliar
            .iter()
            .copied()
            .filter(move |tie| !(versioned && of(CategoryKind::Client)(tie)))
    }

    /// Its application, where that ties it to sessions to which it was unfamiliar, and to no others.
    fn new_application(&self) -> Option<(CategoryKind, Symbol)> {
        let application = |&&(kind, _): &&(CategoryKind, Symbol)| kind == CategoryKind::Application;
        let own = self.traces.all.iter().find(application).copied();
        own.filter(|own| self.traces.new_application && !self.traces.unfamiliar.contains(own))
    }
}

/// Flagged sessions that share something unfamiliar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Identifier, `C1` being the one with the highest-ranked session.
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
    /// What ties the sessions, in words, the most shared first.
    pub ties: Vec<String>,
    /// Sessions that were not flagged and came through one of its tying applications or from one of its tying networks.
    pub unflagged: u64,
    /// When the first of them began, milliseconds since 1970 UTC.
    pub unflagged_since: Option<i64>,
    /// The applications and networks that tie it, by their texts: what [`Campaign::unflagged`] counts by.
    #[serde(skip)]
    pub(crate) marks: BTreeSet<(CategoryKind, String)>,
}

/// Groups flagged sessions, given by rank, into campaigns of at least two sessions; the rest stay alone.
pub fn campaigns(sessions: &[TiedSession], symbols: &Symbols) -> Vec<Campaign> {
    let mut parents: Vec<usize> = (0..sessions.len()).collect();
    let mut carriers: BTreeMap<(CategoryKind, Symbol), Vec<usize>> = BTreeMap::new();
    for (position, session) in sessions.iter().enumerate() {
        for category in session.ties() {
            carriers.entry(category).or_default().push(position);
        }
    }
    for positions in carriers.values_mut() {
        positions.sort_by_key(|&position| (sessions[position].day, position));
        for pair in positions.windows(2) {
            if sessions[pair[1]].day - sessions[pair[0]].day <= MAX_GAP_DAYS {
                join(&mut parents, pair);
            }
        }
    }
    for (position, session) in sessions.iter().enumerate() {
        let days_from = |&other: &usize| (sessions[other].day - session.day).abs();
        let nearest = session
            .new_application()
            .and_then(|application| carriers.get(&application))
            .and_then(|others| {
                // They stand in the order of their days: the last before and the first since.
                let since = others.partition_point(|&other| sessions[other].day < session.day);
                let beside = &others[since.saturating_sub(1)..(since + 1).min(others.len())];
                beside.iter().copied().min_by_key(days_from)
            })
            .filter(|other| days_from(other) <= MAX_GAP_DAYS);
        if let Some(other) = nearest {
            join(&mut parents, &[other, position]);
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
    found.sort_by_key(|campaign| campaign.sessions.iter().min().copied());
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
        ties: named_ties(sessions, members, symbols),
        unflagged: 0,
        unflagged_since: None,
        marks: ties(sessions, members)
            .into_iter()
            .map(|tie| tie.category)
            .filter(|(kind, _)| matches!(kind, CategoryKind::Application | CategoryKind::Network))
            .map(|(kind, symbol)| (kind, symbols.name(symbol).to_owned()))
            .collect(),
    }
}

/// Something unfamiliar that several sessions of a campaign share.
struct Tie {
    category: (CategoryKind, Symbol),
    /// Places of the sessions among the members, ascending.
    carriers: Vec<usize>,
    /// Number of their mailboxes.
    mailboxes: usize,
}

/// Ties that are named whether or not the campaign needs them to hold together.
const NAMED: usize = 4;

/// The ties in words, the ones that most mailboxes and sessions carry first: the first few, and of the rest those that join
/// sessions which the ones before leave apart. How many more there are is said.
fn named_ties(sessions: &[TiedSession], members: &[usize], symbols: &Symbols) -> Vec<String> {
    let mut parents: Vec<usize> = (0..members.len()).collect();
    let mut words: Vec<String> = Vec::new();
    let mut more = 0;
    for tie in ties(sessions, members) {
        let joins = join(&mut parents, &tie.carriers);
        if joins || words.len() < NAMED {
            let carry = |&&position: &&usize| sessions[position].traces.all.contains(&tie.category);
            let of = (members.iter().filter(carry).count(), members.len());
            words.push(in_words(tie.category, of, symbols));
        } else {
            more += 1;
        }
    }
    match more {
        0 => {}
        1 => words.push("one more tie".to_owned()),
        more => words.push(format!("{more} more ties")),
    }
    words
}

/// All ties between the members, the ones that most mailboxes and then sessions carry first. A client without its version
/// is none where an application or a client string ties the same sessions: it is made of these.
fn ties(sessions: &[TiedSession], members: &[usize]) -> Vec<Tie> {
    let mut carried: BTreeMap<(CategoryKind, Symbol), Vec<usize>> = BTreeMap::new();
    for (place, &position) in members.iter().enumerate() {
        let unique: BTreeSet<_> = sessions[position].ties().collect();
        for category in unique {
            carried.entry(category).or_default().push(place);
        }
    }
    for (place, &position) in members.iter().enumerate() {
        if let Some(application) = sessions[position].new_application()
            && let Some(carriers) = carried.get_mut(&application)
        {
            carriers.push(place);
        }
    }
    carried
        .values_mut()
        .for_each(|places| places.sort_unstable());
    carried.retain(|_, carriers| carriers.len() > 1);
    let said: BTreeSet<&[usize]> = carried
        .iter()
        .filter(|((kind, _), _)| matches!(kind, CategoryKind::Application | CategoryKind::Version))
        .map(|(_, carriers)| carriers.as_slice())
        .collect();
    let mut ties: Vec<Tie> = carried
        .iter()
        .filter(|((kind, _), carriers)| {
            *kind != CategoryKind::Client || !said.contains(carriers.as_slice())
        })
        .map(|(&category, carriers)| Tie {
            category,
            carriers: carriers.clone(),
            mailboxes: carriers
                .iter()
                .map(|&place| sessions[members[place]].mailbox)
                .collect::<BTreeSet<_>>()
                .len(),
        })
        .collect();
    ties.sort_by_key(|tie| {
        let size = (tie.mailboxes, tie.carriers.len());
        (std::cmp::Reverse(size), tie.category)
    });
    ties
}

/// Joins the members at these places, and tells whether any were apart before.
fn join(parents: &mut [usize], places: &[usize]) -> bool {
    let mut joined = false;
    for pair in places.windows(2) {
        let (a, b) = (root(parents, pair[0]), root(parents, pair[1]));
        joined |= a != b;
        parents[a.max(b)] = a.min(b);
    }
    joined
}

/// A tie, and how many of the sessions have it, to whichever of their mailboxes it was unfamiliar.
fn in_words(
    (kind, symbol): (CategoryKind, Symbol),
    (have_it, members): (usize, usize),
    symbols: &Symbols,
) -> String {
    let what = match kind {
        CategoryKind::Application | CategoryKind::Origin => "application",
        CategoryKind::Client | CategoryKind::Version => "client",
        CategoryKind::Network => "network",
        CategoryKind::Block => "address block",
        CategoryKind::Country => "country",
        CategoryKind::Actor => "actor",
    };
    format!(
        "{what} {} ({have_it} of {members} sessions)",
        symbols.name(symbol).trim()
    )
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
            traces: Traces {
                all: unfamiliar.to_vec(),
                unfamiliar: unfamiliar.to_vec(),
                new_application: false,
            },
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
            found[0].ties.join("; "),
            "application app-1 (2 of 3 sessions); network 203.0.113.0/24 (2 of 3 sessions)"
        );
    }

    #[test]
    fn one_stranger_in_several_mailboxes_is_a_campaign() {
        let mut symbols = Symbols::default();
        let admin = (CategoryKind::Actor, symbols.intern("admin@contoso.example"));
        let sessions = [1, 2].map(|mailbox| session(mailbox as usize - 1, mailbox, 10, &[admin]));
        let found = campaigns(&sessions, &symbols);
        let ties: Vec<&str> = found
            .iter()
            .flat_map(|c| &c.ties)
            .map(String::as_str)
            .collect();
        assert_eq!(ties, ["actor admin@contoso.example (2 of 2 sessions)"]);
    }

    #[test]
    fn a_client_ties_by_name_unless_its_application_says_the_same() {
        let mut symbols = Symbols::default();
        let client = (CategoryKind::Client, symbols.intern("app-1 Client=REST;;"));
        let app = (CategoryKind::Application, symbols.intern("app-1"));
        let shared = |first: &[_], second: &[_]| {
            let sessions = [session(0, 1, 10, first), session(1, 2, 11, second)];
            let found = campaigns(&sessions, &symbols);
            found
                .into_iter()
                .map(|c| c.ties.join("; "))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shared(&[client], &[client]),
            ["client app-1 Client=REST;; (2 of 2 sessions)"]
        );
        assert_eq!(
            shared(&[app, client], &[client]),
            ["client app-1 Client=REST;; (2 of 2 sessions)"]
        );
        assert_eq!(
            shared(&[app, client], &[app, client]),
            ["application app-1 (2 of 2 sessions)"]
        );
    }

    #[test]
    fn an_application_that_reached_many_at_once_ties_those_that_did_not_know_it() {
        let mut symbols = Symbols::default();
        let app = (CategoryKind::Application, symbols.intern("app-1"));
        let spread = |mailbox, day, new_application| TiedSession {
            traces: Traces {
                all: vec![app],
                unfamiliar: Vec::new(),
                new_application,
            },
            ..session(mailbox as usize, mailbox, day, &[])
        };
        let found = |first: TiedSession| {
            let sessions = [
                first,
                spread(1, 11, true),
                spread(2, 11, false),
                spread(3, 40, true),
            ];
            let found = campaigns(&sessions, &symbols);
            found
                .into_iter()
                .map(|c| (c.sessions, c.ties.join("; ")))
                .collect::<Vec<_>>()
        };
        let shared = "application app-1 (2 of 2 sessions)".to_owned();
        assert_eq!(
            found(session(0, 0, 10, &[app])),
            [(vec![0, 1], shared)],
            "not who knows it, nor a month later"
        );
        // What all have been given is no tie.
        assert!(found(spread(0, 10, true)).is_empty());
    }

    #[test]
    fn browsers_of_one_make_and_two_versions_do_not_tie() {
        let mut symbols = Symbols::default();
        let mut kind = |kind, name| (kind, symbols.intern(name));
        let edge = kind(CategoryKind::Client, "OWA Edge on Windows");
        let (old, new) = (
            kind(CategoryKind::Version, "Edge 106"),
            kind(CategoryKind::Version, "Edge 120"),
        );
        let found = |second| {
            let sessions = [
                session(0, 1, 10, &[edge, old]),
                session(1, 2, 11, &[edge, second]),
            ];
            campaigns(&sessions, &symbols).len()
        };
        assert_eq!((found(old), found(new)), (1, 0));
    }

    #[test]
    fn every_tie_that_joins_sessions_is_named() {
        let mut symbols = Symbols::default();
        let nets: Vec<_> = (0..7)
            .map(|n| (CategoryKind::Network, symbols.intern(&format!("net-{n}"))))
            .collect();
        // Six networks are shared by the same three mailboxes; the seventh alone brings in the fourth.
        let sessions: Vec<_> = (0..4)
            .map(|n| {
                let unfamiliar = match n {
                    0 | 1 => &nets[..6],
                    2 => &nets[..],
                    _ => &nets[6..],
                };
                session(n, n as Symbol, 10, unfamiliar)
            })
            .collect();
        let found = campaigns(&sessions, &symbols);
        assert_eq!((found.len(), found[0].mailboxes), (1, 4));
        let named: Vec<&str> = found[0].ties.iter().map(String::as_str).collect();
        assert_eq!(
            named,
            [
                "network net-0 (3 of 4 sessions)",
                "network net-1 (3 of 4 sessions)",
                "network net-2 (3 of 4 sessions)",
                "network net-3 (3 of 4 sessions)",
                "network net-6 (2 of 4 sessions)",
                "2 more ties",
            ]
        );
    }
}

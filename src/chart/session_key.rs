//! The numbered list of flagged sessions that explains the badges of a plot.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::canvas::{Area, Canvas};
use super::label;
use super::theme::{self, Style, size};
use super::typeface::{Align, Font};
use crate::explain::ChangeCounts;

/// A flagged session as the charts name it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FlaggedSession {
    /// Place in the ranking, from 1; the number on its badge.
    pub rank: u32,
    /// Mailbox that was accessed.
    pub mailbox: String,
    /// Client, in words.
    pub client: String,
    /// Network, as an address block with its owner where known.
    pub network: String,
    /// First event, Unix seconds.
    pub start: i64,
    /// Last event, Unix seconds.
    pub end: i64,
    /// Items read.
    pub items: u64,
    /// Folders that were downloaded whole; each counts once.
    pub folders: u64,
    /// What was changed.
    pub changes: ChangeCounts,
    /// The strongest reason, in words.
    pub reason: String,
    /// Whether it came at an hour that is unusual for the mailbox.
    pub odd_hour: bool,
    /// The campaign that it belongs to; empty when it belongs to none.
    #[serde(default)]
    pub campaign: String,
    /// Sessions of the mailbox that were not flagged and belong to it all the same.
    #[serde(default)]
    pub companions: Companions,
}

/// Sessions that share a network that is not the mailbox's own with a flagged one, or its `SessionId` from elsewhere, and were not
/// flagged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companions {
    /// How many.
    pub sessions: u64,
    /// The highest-ranked of them.
    pub ranks: Vec<u32>,
}

/// Height of one row.
const ROW: f64 = 36.0;
/// Narrowest and widest column of names; between them a column is as wide as its longest entry.
const MIN_COLUMN: f64 = 90.0;
const MAX_COLUMN: f64 = 310.0;
/// Space between columns.
const COLUMN_GAP: f64 = 16.0;
/// Narrowest column of what was read: up to `99,999 items`.
const READ: f64 = 112.0;
/// Most sessions listed; the rest is counted.
const LISTED: usize = 8;

/// The sessions that are listed, by rank: the first of each campaign and of those that belong to none, then others while there is
/// room. The second day of one intrusion says less than the first of another.
pub(super) fn listed(sessions: &[FlaggedSession]) -> Vec<&FlaggedSession> {
    let mut ranked: Vec<&FlaggedSession> = sessions.iter().collect();
    ranked.sort_by_key(|session| (session.rank, session.start));
    let mut campaigns: BTreeSet<&str> = BTreeSet::new();
    let (mut first, rest): (Vec<&FlaggedSession>, Vec<&FlaggedSession>) = ranked
        .into_iter()
        .partition(|session| session.campaign.is_empty() || campaigns.insert(&session.campaign));
    first.extend(rest);
    first.truncate(LISTED);
    first.sort_by_key(|session| (session.rank, session.start));
    first
}

/// Whether others rank before some that are listed.
fn leaves_out(listed: &[&FlaggedSession], sessions: &[FlaggedSession]) -> bool {
    let last = listed.last().map_or(0, |session| session.rank);
    sessions
        .iter()
        .filter(|session| session.rank <= last)
        .count()
        > listed.len()
}

/// Height that [`draw`] takes for `sessions` flagged sessions.
pub(super) fn height(sessions: usize) -> f64 {
    let rows = match sessions {
        0 => 1,
        n if n > LISTED => LISTED + 1,
        n => n,
    };
    rows as f64 * ROW + 8.0
}

/// Which column tells the sessions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Sessions of many mailboxes.
    Mailbox,
    /// Sessions of one mailbox: the network instead.
    Network,
}

/// Lists sessions ([`listed`]) with time, who, client, what was read and reason.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Area,
    sessions: &[FlaggedSession],
    (who, style): (Who, &Style),
) {
    let body = Font::of(size::SMALL);
    let muted = body.color(theme::MUTED);
    let mut row = area.top + ROW / 2.0;
    if sessions.is_empty() {
        canvas.text_middle("No session was flagged.", (area.left, row), muted);
        return;
    }
    let bold = body.bold();
    let name = |session: &FlaggedSession| match who {
        Who::Mailbox => label::clean(&session.mailbox),
        Who::Network => label::clean(&session.network),
    };
    let widest = |widths: &mut dyn Iterator<Item = f64>| widths.fold(MIN_COLUMN, f64::max);
    let shown = listed(sessions);
    let names = widest(&mut shown.iter().map(|s| bold.width(&name(s)))).min(MAX_COLUMN);
    let clients = widest(&mut shown.iter().map(|s| body.width(&label::clean(&s.client))));
    let clients = clients.min(MAX_COLUMN);
    // Columns: badge, time, who, client, what was read (right-aligned), reason.
    let third = 284.0 + names + COLUMN_GAP;
    let read =
        |session: &FlaggedSession| label::did(session.items, session.folders, &session.changes);
    let reads = shown
        .iter()
        .map(|s| body.width(&read(s)))
        .fold(READ, f64::max);
    let read_end = third + clients + COLUMN_GAP + reads;
    let at = [0.0, 50.0, 284.0, third, read_end, read_end + 20.0].map(|x| area.left + x);
    for session in shown {
        canvas.badge(
            &session.rank.to_string(),
            (at[0] + 18.0, row),
            theme::FLAGGED,
        );
        let time = label::moment(session.start, &style.time_zone);
        canvas.text_middle(&time, (at[1], row), body);
        canvas.text_middle(&bold.fit(&name(session), names), (at[2], row), bold);
        let client = body.fit_end(&session.client, clients);
        canvas.text_middle(&client, (at[3], row), body);
        canvas.text_middle(&read(session), (at[4], row), body.align(Align::Right));
        let reason = muted.fit_end(&session.reason, area.right - at[5]);
        canvas.text_middle(&reason, (at[5], row), muted);
        row += ROW;
    }
    if sessions.len() > LISTED {
        let more = label::counted((sessions.len() - LISTED) as u64, "session", "sessions");
        let which = if leaves_out(&listed(sessions), sessions) {
            "; of a campaign its highest goes first"
        } else {
            ""
        };
        let text = format!("and {more} more, in sessions.csv{which}");
        canvas.text_middle(&text, (at[1], row), muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn height_stops_growing() {
        assert_eq!(height(0), height(1));
        assert!(height(3) > height(2));
        assert_eq!(height(9), height(5_000));
    }
}

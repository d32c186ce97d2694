//! Flagged sessions as the page lists and explains them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::picture::{Album, Picture};
use super::run::{Reason, Run, Session};
use crate::chart::{Chart, Companions, FlaggedSession, Style, label};
use crate::error::Error;
use crate::explain::ChangeCounts;
use crate::report::drawing::ChartFile;
use crate::report::sheets::share;

/// Rows of the table of flagged sessions.
const ROWS: usize = 2_000;
/// Longest reason in the table; the evidence has it whole.
const REASON: usize = 150;
/// Sessions with their evidence on the page.
const EXPLAINED: usize = 300;

/// A row of the table of flagged sessions. Numbers and times come twice: to be read, and to be sorted by.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    rank: u32,
    score: String,
    start: String,
    start_sort: i64,
    /// The name up to the `@`, and the rest: a long address breaks there.
    mailbox: [String; 2],
    client: String,
    network: String,
    read: String,
    read_sort: u64,
    campaign: String,
    reason: String,
    /// Where the page explains the session, if it does.
    anchor: Option<String>,
}

/// A mailbox with flagged sessions.
#[derive(Debug, Serialize)]
pub(super) struct MailboxEvidence {
    mailbox: String,
    picture: Option<Picture>,
    sessions: Vec<Evidence>,
}

/// A flagged session with its facts and reasons.
#[derive(Debug, Serialize)]
struct Evidence {
    anchor: String,
    rank: u32,
    title: String,
    campaign: String,
    facts: Vec<[String; 2]>,
    reasons: Vec<ReasonRow>,
}

#[derive(Debug, Serialize)]
struct ReasonRow {
    share: String,
    sentence: String,
    observed: String,
    expected: String,
}

/// Client and network in words, by rank, as the overview names them.
fn named(kept: &ChartFile) -> BTreeMap<u32, &FlaggedSession> {
    let overviews = kept.charts.iter().filter_map(|(_, chart)| match chart {
        Chart::TenantOverview(overview) => Some(&overview.flagged),
        _ => None,
    });
    overviews.flatten().map(|s| (s.rank, s)).collect()
}

/// Where the page explains a session.
pub(super) fn anchor(session_id: &str) -> String {
    format!("session-{session_id}")
}

/// The anchors of all sessions that are explained.
pub(super) fn anchors(explained: &[MailboxEvidence]) -> BTreeSet<String> {
    let sessions = explained.iter().flat_map(|mailbox| &mailbox.sessions);
    sessions.map(|evidence| evidence.anchor.clone()).collect()
}

/// The rows of the table, and how many more there are.
pub(super) fn rows(
    run: &Run,
    (kept, style): (&ChartFile, &Style),
    explained: &[MailboxEvidence],
) -> (Vec<Row>, u64) {
    let named = named(kept);
    let anchors = anchors(explained);
    let rows = run.flagged.iter().take(ROWS).map(|session| {
        let anchor = anchor(&session.session_id);
        let words = named.get(&session.rank);
        Row {
            rank: session.rank,
            score: format!("{:.3}", session.score),
            start: label::moment(session.start, &style.time_zone),
            start_sort: session.start,
            mailbox: at_sign(&session.mailbox),
            client: words.map_or_else(|| session.client_family.clone(), |s| s.client.clone()),
            network: words.map_or_else(|| session.network.clone(), |s| s.network.clone()),
            read: did(session, words.copied()),
            read_sort: session
                .items
                .saturating_add(whole_folders(session, words.copied())),
            campaign: session.campaign_id.clone(),
            reason: label::cut(
                &label::clean(words.map_or_else(|| first_reason(run, session), |s| &s.reason)),
                REASON,
            ),
            anchor: anchors.contains(&anchor).then_some(anchor),
        }
    });
    (
        rows.collect(),
        run.flagged.len().saturating_sub(ROWS) as u64,
    )
}

fn at_sign(mailbox: &str) -> [String; 2] {
    let (name, rest) = mailbox.split_at(mailbox.find('@').unwrap_or(mailbox.len()));
    [name.to_owned(), rest.to_owned()]
}

/// The strongest reason of a session; of one that was not flagged, all that its row says.
pub(super) fn first_reason<'a>(run: &'a Run, session: &'a Session) -> &'a str {
    let reasons = run.reasons.get(&session.session_id);
    let first = reasons.and_then(|reasons| reasons.first());
    first.map_or(&session.reasons, |reason| &reason.sentence)
}

/// The mailboxes in the order of their highest-ranked flagged session, and how many sessions are not explained.
pub(super) fn by_mailbox(
    run: &Run,
    kept: &ChartFile,
    album: &mut Album<'_>,
) -> Result<(Vec<MailboxEvidence>, u64), Error> {
    let named = named(kept);
    let mut order: Vec<&str> = Vec::new();
    let mut members: BTreeMap<&str, Vec<&Session>> = BTreeMap::new();
    for session in run.flagged.iter().take(EXPLAINED) {
        let of = members.entry(&session.mailbox).or_default();
        if of.is_empty() {
            order.push(&session.mailbox);
        }
        of.push(session);
    }
    let sheets: BTreeMap<&str, &(String, Chart)> = kept
        .charts
        .iter()
        .filter_map(|entry| match &entry.1 {
            Chart::MailboxSheet(sheet) => Some((sheet.mailbox.as_str(), entry)),
            _ => None,
        })
        .collect();
    let mut mailboxes = Vec::new();
    for mailbox in order {
        let picture = match sheets.get(mailbox) {
            Some(entry) => Some(album.picture(entry)?),
            None => None,
        };
        let sessions = members.get(mailbox).into_iter().flatten();
        mailboxes.push(MailboxEvidence {
            mailbox: mailbox.to_owned(),
            picture,
            sessions: sessions
                .map(|session| {
                    let words = named.get(&session.rank).copied();
                    let reasons = run.reasons.get(&session.session_id);
                    let whole = kept.attributed.get(&session.session_id).copied();
                    Evidence {
                        anchor: anchor(&session.session_id),
                        rank: session.rank,
                        title: title(session, words, album.style()),
                        campaign: session.campaign_id.clone(),
                        facts: facts(session, words),
                        reasons: reasons
                            .into_iter()
                            .flatten()
                            .map(|reason| reason_row(reason, whole.unwrap_or(0.0)))
                            .collect(),
                    }
                })
                .collect(),
        });
    }
    Ok((
        mailboxes,
        run.flagged.len().saturating_sub(EXPLAINED) as u64,
    ))
}

fn reason_row(reason: &Reason, attributed: f64) -> ReasonRow {
    ReasonRow {
        share: label::percent(share(reason.contribution, attributed)),
        sentence: reason.sentence.clone(),
        observed: reason.observed.clone(),
        expected: reason.expected.clone(),
    }
}

fn title(session: &Session, words: Option<&FlaggedSession>, style: &Style) -> String {
    let (start, end) = (session.start, session.end);
    format!(
        "{}, {}, {}",
        label::moment(start, &style.time_zone),
        lasted(end - start),
        did(session, words)
    )
}

/// Folders that a session downloaded whole. Its row knows the synchronisations only, of which a folder may have had several.
fn whole_folders(session: &Session, words: Option<&FlaggedSession>) -> u64 {
    words.map_or(session.syncs, |words| words.folders)
}

/// What a session read, or what it changed where that is all.
fn did(session: &Session, words: Option<&FlaggedSession>) -> String {
    let changes = words.map_or_else(ChangeCounts::default, |words| words.changes);
    label::did(session.items, whole_folders(session, words), &changes)
}

/// `6 folders synchronised`, `14 synchronisations of 6 folders`.
fn synchronised(syncs: u64, folders: u64) -> String {
    if syncs == folders {
        return label::counted(folders, "folder synchronised", "folders synchronised");
    }
    format!(
        "{} of {}",
        label::counted(syncs, "synchronisation", "synchronisations"),
        label::counted(folders, "folder", "folders")
    )
}

fn lasted(seconds: i64) -> String {
    match seconds {
        ..60 => "under a minute".to_owned(),
        60..5_400 => label::counted(seconds as u64 / 60, "minute", "minutes"),
        _ => format!("{} hours", label::value(seconds as f64 / 3_600.0)),
    }
}

/// What is known of a session besides its reasons; what is absent or zero is left out.
fn facts(session: &Session, words: Option<&FlaggedSession>) -> Vec<[String; 2]> {
    let network = words.map_or(&session.network, |words| &words.network);
    let from = match session.address.as_str() {
        "" => network.clone(),
        address => format!("{address} in {network}"),
    };
    let volume = [
        (session.items, "item read", "items read"),
        (session.folders, "folder touched", "folders touched"),
        (session.sends, "message sent", "messages sent"),
        (session.deletes, "deletion", "deletions"),
        (
            session.rules,
            "change of rules or settings",
            "changes of rules or settings",
        ),
        (session.searches, "search", "searches"),
        (session.failures, "failed operation", "failed operations"),
    ];
    let mut done: Vec<String> = volume
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| label::counted(n, one, many))
        .collect();
    if session.syncs > 0 {
        let folders = whole_folders(session, words);
        let after = usize::from(session.items > 0).min(done.len());
        done.insert(after, synchronised(session.syncs, folders));
    }
    if session.bytes > 0 {
        done.push(label::bytes(session.bytes as f64));
    }
    let client = words.map_or(&session.client_family, |words| &words.client);
    let mut facts = vec![
        ("Did", done.join(", ")),
        ("Client", client.clone()),
        ("Application id", session.client_app_id.clone()),
        ("Client string", session.client_info.clone()),
        ("From", from),
        ("Also from", session.other_addresses.clone()),
        ("Actor", session.actor.clone()),
        ("Logged on as", session.logon_type.clone()),
        ("Records", label::count(session.events)),
        ("Score", format!("{:.3}", session.score)),
        ("p-value", p_value(session.p_value)),
        ("SessionId in the log", session.log_session_id.clone()),
        ("Session", session.session_id.clone()),
    ];
    if session.follow_up {
        facts.push((
            "Follow-up",
            format!(
                "yes: its client or its network, or one that comes with them, was flagged in this mailbox{}; it ranks behind new incidents",
                match session.follows.as_str() {
                    "" => " before".to_owned(),
                    day => format!(", last on {day}"),
                }
            ),
        ));
    }
    if let Some(others) = words.and_then(|words| not_flagged(&words.companions)) {
        facts.push(("Not flagged", others));
    }
    if session.throttled {
        facts.push((
            "Throttled",
            "yes: reads are missing from the log".to_owned(),
        ));
    }
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| [name.to_owned(), value])
        .collect()
}

/// How many sessions of the same visitor were not flagged, and where they are found; `None` without any.
fn not_flagged(companions: &Companions) -> Option<String> {
    let mut ranks: Vec<String> = companions
        .ranks
        .iter()
        .map(|&rank| label::count(rank.into()))
        .collect();
    if companions.sessions > ranks.len() as u64 {
        ranks.push("others".to_owned());
    }
    Some(format!(
        "{} of this mailbox with the same SessionId or from this network: {} in sessions.csv",
        label::counted(companions.sessions, "more session", "more sessions"),
        match companions.sessions {
            0 => return None,
            1 => format!("number {}", ranks.concat()),
            _ => format!("numbers {}", label::listed(&ranks)?),
        }
    ))
}

/// A p-value as the share of sessions that it stands for. The session itself is counted with the earlier ones, so that it is
/// never zero.
fn p_value(p: f64) -> String {
    if p > 0.0 && p < 0.5 {
        let one_in = label::count((1.0 / p).round() as u64);
        format!("{p:.2e}: about 1 in {one_in} sessions of this kind scores as high")
    } else {
        label::value(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_synchronised_again_is_told_from_another() {
        assert_eq!(synchronised(6, 6), "6 folders synchronised");
        assert_eq!(synchronised(14, 6), "14 synchronisations of 6 folders");
        assert_eq!(synchronised(7, 1), "7 synchronisations of 1 folder");
    }

    #[test]
    fn lengths_and_p_values_are_words() {
        assert_eq!(lasted(5), "under a minute");
        assert_eq!(lasted(61), "1 minute");
        assert_eq!(lasted(5_760), "1.6 hours");
        assert_eq!(
            p_value(0.0005),
            "5.00e-4: about 1 in 2,000 sessions of this kind scores as high"
        );
        assert_eq!(p_value(1.0), "1");
    }
}

//! The finding in three sentences, and the figures beside them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::evidence::first_reason;
use super::run::{Campaign, Run, Session};
use crate::chart::{Chart, Style, label};
use crate::report::drawing::ChartFile;

/// Longest quotation of what a campaign shares.
const SHARED: usize = 90;

/// What the page says first.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    title: String,
    sentences: [String; 3],
    /// The session to look at first, in words.
    look_first: Option<String>,
    figures: Vec<[String; 2]>,
    flagged: bool,
}

impl Finding {
    pub(super) fn new(run: &Run, kept: &ChartFile, style: &Style) -> Self {
        let mailboxes: BTreeSet<&str> = run.flagged.iter().map(|s| s.mailbox.as_str()).collect();
        let opened = mailboxes.len() as u64;
        let sessions = label::counted(run.flagged.len() as u64, "session", "sessions");
        let (messages, unnamed, synced) = run.exposure.totals();
        let warnings = run.summary.coverage.warnings.len() as u64;
        let title = match run.flagged.len() {
            0 if run.summary.sessions == 0 => "No mailbox session in these exports".to_owned(),
            0 if judged(kept) == 0 => "No mailbox session could be judged".to_owned(),
            0 => "No mailbox session stands out".to_owned(),
            _ => format!(
                "{sessions} in {} stand out",
                label::counted(opened, "mailbox", "mailboxes")
            ),
        };
        Self {
            title: agree(title, run.flagged.len()),
            sentences: if run.flagged.is_empty() {
                nothing_flagged(run, kept, style)
            } else {
                [
                    stands_out(run, opened, style),
                    belongs_together(run),
                    was_read((messages, unnamed, synced), &log_state(run, kept)),
                ]
            },
            look_first: to_look_at(&run.flagged, run.first.as_ref())
                .map(|session| look_first(session, style)),
            figures: [
                (
                    run.flagged.len() as u64,
                    "flagged session",
                    "flagged sessions",
                ),
                (opened, "mailbox concerned", "mailboxes concerned"),
                (run.campaigns.len() as u64, "campaign", "campaigns"),
                (messages, "message read, by name", "messages read, by name"),
                (
                    synced,
                    "folder downloaded whole",
                    "folders downloaded whole",
                ),
                (
                    warnings,
                    "gap or doubt in the log",
                    "gaps or doubts in the log",
                ),
            ]
            .into_iter()
            .map(|(n, one, many)| {
                let words = if n == 1 { one } else { many };
                [label::count(n), words.to_owned()]
            })
            .collect(),
            flagged: !run.flagged.is_empty(),
        }
    }
}

fn agree(title: String, sessions: usize) -> String {
    if sessions == 1 {
        title.replace(" stand out", " stands out")
    } else {
        title
    }
}

/// The days of the log.
pub(super) fn period(run: &Run, style: &Style) -> String {
    let coverage = &run.summary.coverage;
    match (coverage.start, coverage.end) {
        (Some(start), Some(end)) => label::period(start, end.saturating_add(1), &style.time_zone),
        _ => "no events".to_owned(),
    }
}

fn stands_out(run: &Run, opened: u64, style: &Style) -> String {
    let flagged = run.flagged.len() as u64;
    format!(
        "{} of {} ({}) {} from what is usual for the mailbox; {} concerned.",
        label::count(flagged),
        label::counted(run.summary.sessions, "session", "sessions"),
        period(run, style),
        if flagged == 1 { "departs" } else { "depart" },
        match opened {
            1 => format!(
                "1 of {} is",
                label::counted(run.summary.mailboxes, "mailbox", "mailboxes")
            ),
            n => format!(
                "{} of {} are",
                label::count(n),
                label::counted(run.summary.mailboxes, "mailbox", "mailboxes")
            ),
        }
    )
}

fn belongs_together(run: &Run) -> String {
    let Some(largest) = run.campaigns.first() else {
        return match run.flagged.len() {
            1 => "It stands alone.".to_owned(),
            _ => {
                "They share no client or network that is unfamiliar to their mailboxes.".to_owned()
            }
        };
    };
    let members = if largest.sessions == run.flagged.len() as u64 {
        "All of them, in".to_owned()
    } else {
        format!("{} of them, in", label::count(largest.sessions))
    };
    let text = format!(
        "{members} {}, belong together as campaign {}, tied by {}",
        label::counted(largest.mailboxes, "mailbox", "mailboxes"),
        largest.campaign_id,
        tie(largest)
    );
    match run.campaigns.len() {
        1 => format!("{text}."),
        n => format!(
            "{text}; {} found.",
            match n - 1 {
                1 => "another campaign was".to_owned(),
                more => format!("{} more campaigns were", label::count(more as u64)),
            }
        ),
    }
}

/// The first of what ties a campaign.
fn tie(campaign: &Campaign) -> String {
    const END: &str = " sessions)";
    let first = match campaign.shared.find(END) {
        Some(at) => &campaign.shared[..at + END.len()],
        None => &campaign.shared,
    };
    label::cut(&label::clean(first), SHARED)
}

fn was_read((messages, unnamed, synced): (u64, u64, u64), log_state: &str) -> String {
    let mut parts = Vec::new();
    if messages > 0 {
        parts.push(format!(
            "{} by name",
            label::counted(messages, "message", "messages")
        ));
    }
    if unnamed > 0 {
        parts.push(format!(
            "{} that the log does not name",
            label::counted(unnamed, "message", "messages")
        ));
    }
    if synced > 0 {
        parts.push(label::counted(synced, "whole folder", "whole folders"));
    }
    let read = match parts.as_slice() {
        [] => "The log names no message that they read".to_owned(),
        parts => format!("They read {}", parts.join(" and ")),
    };
    format!("{read}; {log_state}.")
}

fn log_state(run: &Run, kept: &ChartFile) -> String {
    let doubtful = kept
        .charts
        .iter()
        .any(|(_, chart)| matches!(chart, Chart::Coverage(coverage) if coverage.is_doubtful()));
    match run.summary.coverage.warnings.len() as u64 {
        0 if doubtful => "the log is too sparse to tell gaps from quiet".to_owned(),
        0 => "nothing is known to be missing from the log".to_owned(),
        n => format!(
            "{} on what the log lacks should be read with this",
            label::counted(n, "warning", "warnings")
        ),
    }
}

/// Sessions that could have been flagged and were not.
fn judged(kept: &ChartFile) -> u64 {
    kept.charts
        .iter()
        .filter_map(|(_, chart)| match chart {
            Chart::ScoreDistribution(scores) => Some(scores.scores.unflagged()),
            _ => None,
        })
        .sum()
}

/// Why nothing could be judged, and what to do about it.
fn why_unjudged(run: &Run) -> [&'static str; 2] {
    if run.summary.is_window() {
        return [
            "a single day has no other days to be judged by",
            "A longer export gives mailglass something to compare with.",
        ];
    }
    match run.summary.warm_up_days() {
        Some(0) => [
            "no day has earlier ones to be judged by",
            "A longer export, or --baseline window where the log has several days, gives mailglass something to compare with.",
        ],
        _ => [
            "the log is no longer than the warm-up",
            "A longer export, a shorter warm-up, or --baseline window gives mailglass something to compare with.",
        ],
    }
}

fn nothing_flagged(run: &Run, kept: &ChartFile, style: &Style) -> [String; 3] {
    let judged = judged(kept);
    let [why, remedy] = why_unjudged(run);
    let sessions = label::counted(run.summary.sessions, "session", "sessions");
    let mailboxes = label::counted(run.summary.mailboxes, "mailbox", "mailboxes");
    let nothing = run.summary.sessions == 0;
    let first = if nothing {
        "The exports hold no mailbox session: there was nothing to judge.".to_owned()
    } else if judged == 0 {
        format!(
            "None of {sessions} of {mailboxes} ({}) could be judged: {why}.",
            period(run, style)
        )
    } else {
        format!(
            "None of {sessions} of {mailboxes} ({}) departs far enough from what is usual.",
            period(run, style)
        )
    };
    let second = match judged {
        0 if nothing => "Whether mailboxes were read meanwhile, this log cannot say.".to_owned(),
        0 => remedy.to_owned(),
        _ => format!(
            "{}{}.",
            match judged as u64 {
                1 => "1 session was judged".to_owned(),
                n => format!("{} sessions were judged", label::count(n)),
            },
            if run.summary.is_window() {
                ""
            } else {
                " after the warm-up"
            }
        ),
    };
    let state = log_state(run, kept);
    let mut letters = state.chars();
    let third = match letters.next() {
        Some(letter) => format!("{}{}.", letter.to_uppercase(), letters.as_str()),
        None => state,
    };
    [first, second, third]
}

/// The flagged session that ranks highest; without any, the session that ranks highest. The ranking is no list of the flagged: a
/// session of a day with a high threshold, or of the warm-up, may stand above them.
fn to_look_at<'a>(flagged: &'a [Session], first: Option<&'a Session>) -> Option<&'a Session> {
    flagged.first().or(first)
}

fn look_first(session: &Session, style: &Style) -> String {
    let when = label::moment(session.start, &style.time_zone);
    let reason = first_reason(session);
    let reason = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!("{}, {when}{reason}", session.mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_is_quoted_to_its_end() {
        let campaign = |shared: &str| Campaign {
            campaign_id: "C1".to_owned(),
            first_seen: 0,
            last_seen: 0,
            mailboxes: 1,
            sessions: 2,
            items: 3,
            shared: shared.to_owned(),
        };
        assert_eq!(
            tie(&campaign(
                "client a; b (2 of 3 sessions); network c (2 of 3 sessions)"
            )),
            "client a; b (2 of 3 sessions)"
        );
        assert_eq!(tie(&campaign("something else")), "something else");
        assert_eq!(tie(&campaign(&"x".repeat(300))).chars().count(), SHARED);
    }

    #[test]
    fn the_first_flagged_session_is_looked_at_before_what_ranks_above_it() {
        let session = |rank: u32| -> Session {
            let mut row = serde_json::json!({
                "rank": rank, "start": "2025-06-02T00:00:00Z", "end": "2025-06-02T00:00:00Z",
                "score": 0.6, "p_value": 0.1, "throttled": false,
            });
            for text in [
                "session_id",
                "mailbox",
                "actor",
                "campaign_id",
                "reasons",
                "client_family",
                "client_app_id",
                "client_info",
                "network",
                "address",
                "logon_type",
            ] {
                row[text] = "".into();
            }
            for number in [
                "events", "items", "syncs", "folders", "bytes", "sends", "deletes", "rules",
                "searches", "failures",
            ] {
                row[number] = 0.into();
            }
            serde_json::from_value(row).expect("a session")
        };
        let (first, flagged) = (session(1), [session(4), session(7)]);
        let rank = |flagged| to_look_at(flagged, Some(&first)).map(|session| session.rank);
        assert_eq!(rank(&flagged), Some(4));
        assert_eq!(rank(&[]), Some(1));
    }

    #[test]
    fn titles_agree_in_number() {
        let title = "1 session in 1 mailbox stand out".to_owned();
        assert_eq!(agree(title, 1), "1 session in 1 mailbox stands out");
    }
}

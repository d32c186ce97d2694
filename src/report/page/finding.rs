//! The finding in three sentences, and the figures beside them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::evidence::first_reason;
use super::exposure::Totals;
use super::run::{Run, Session};
use crate::chart::{Chart, ScoreDistribution, Style, label, most_unflagged};
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
    /// The session that read most and was not flagged, in words; `None` where a flagged one did.
    most_unflagged: Option<String>,
    /// Sessions of the warm-up, in words; `None` without any.
    warm_up: Option<String>,
    figures: Vec<[String; 2]>,
    flagged: bool,
}

impl Finding {
    pub(super) fn new(run: &Run, kept: &ChartFile, style: &Style) -> Self {
        let mailboxes: BTreeSet<&str> = run.flagged.iter().map(|s| s.mailbox.as_str()).collect();
        let opened = mailboxes.len() as u64;
        let totals = run.exposure.totals();
        let warnings = run.summary.coverage.warnings.len() as u64;
        let title = match run.flagged.len() {
            0 if run.summary.sessions == 0 => "No mailbox session in these exports".to_owned(),
            0 if judged(kept) == 0 => "No mailbox session could be judged".to_owned(),
            0 => "No mailbox session stands out".to_owned(),
            flagged => format!(
                "{} in {} {}",
                label::counted(flagged as u64, "session", "sessions"),
                label::counted(opened, "mailbox", "mailboxes"),
                if flagged == 1 {
                    "stands out"
                } else {
                    "stand out"
                }
            ),
        };
        Self {
            title,
            sentences: if run.flagged.is_empty() {
                nothing_flagged(run, kept, style)
            } else {
                [
                    stands_out(run, (opened, scores(kept)), style),
                    belongs_together(run, kept),
                    was_read(totals, run.changes.len() as u64, &log_state(run, kept)),
                ]
            },
            look_first: to_look_at(&run.flagged, run.first.as_ref())
                .map(|session| look_first(run, session, style)),
            most_unflagged: kept.charts.iter().find_map(|(_, chart)| match chart {
                Chart::TenantOverview(overview) => most_unflagged(overview, style),
                _ => None,
            }),
            warm_up: match scores(kept).map_or(0, |scores| scores.warm_up) {
                0 => None,
                n => Some(label::counted(n, "session", "sessions")),
            },
            figures: [
                (
                    run.flagged.len() as u64,
                    "flagged session",
                    "flagged sessions",
                ),
                (opened, "mailbox concerned", "mailboxes concerned"),
                (run.campaigns.len() as u64, "campaign", "campaigns"),
                (
                    run.changes.len() as u64,
                    "change of rules, forwarding or permissions",
                    "changes of rules, forwarding or permissions",
                ),
                (
                    totals.messages,
                    "message read, by name",
                    "messages read, by name",
                ),
                (
                    totals.synced + totals.unnamed_syncs,
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

/// The days of the log.
pub(super) fn period(run: &Run, style: &Style) -> String {
    let coverage = &run.summary.coverage;
    match (coverage.start, coverage.end) {
        (Some(start), Some(end)) => label::period(start, end.saturating_add(1), &style.time_zone),
        _ => "no events".to_owned(),
    }
}

fn stands_out(
    run: &Run,
    (opened, scores): (u64, Option<&ScoreDistribution>),
    style: &Style,
) -> String {
    let flagged = run.flagged.len() as u64;
    let judged = scores.map_or(run.summary.sessions, ScoreDistribution::judged);
    format!(
        "{} of {} ({}) {} from what is usual for the mailbox; {} of {} {} concerned.",
        label::count(flagged),
        label::counted(judged, "judged session", "judged sessions"),
        period(run, style),
        if flagged == 1 { "departs" } else { "depart" },
        label::count(opened),
        label::counted(run.summary.mailboxes, "mailbox", "mailboxes"),
        if opened == 1 { "is" } else { "are" },
    )
}

fn belongs_together(run: &Run, kept: &ChartFile) -> String {
    // The campaign of the highest-ranked session.
    let Some(first) = run.campaigns.first() else {
        return match run.flagged.len() {
            1 => "It stands alone.".to_owned(),
            _ => "No two of the flagged sessions share a client or network that is unfamiliar to their mailboxes within two weeks.".to_owned(),
        };
    };
    let members = if first.sessions == run.flagged.len() as u64 {
        "All flagged sessions, in".to_owned()
    } else {
        format!(
            "{} of the flagged sessions, in",
            label::count(first.sessions)
        )
    };
    let text = format!(
        "{members} {}, belong together as campaign {}{}",
        label::counted(first.mailboxes, "mailbox", "mailboxes"),
        first.campaign_id,
        tie(kept, &first.campaign_id).map_or_else(String::new, |tie| format!(", tied by {tie}"))
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
fn tie(kept: &ChartFile, campaign: &str) -> Option<String> {
    let maps = kept.charts.iter().filter_map(|(_, chart)| match chart {
        Chart::CampaignMap(map) => Some(&map.campaigns),
        _ => None,
    });
    let tie = maps.flatten().find(|of| of.id == campaign)?.ties.first()?;
    Some(label::cut(&label::clean(tie), SHARED))
}

fn was_read(totals: Totals, changes: u64, log_state: &str) -> String {
    let parts = [
        (totals.messages, "message by name", "messages by name"),
        (
            totals.unnamed,
            "time something that the log does not name",
            "times something that the log does not name",
        ),
        (totals.synced, "whole folder", "whole folders"),
        (
            totals.unnamed_syncs,
            "whole folder that the log does not name",
            "times a whole folder that the log does not name",
        ),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|&(n, ..)| n > 0)
        .map(|(n, one, many)| label::counted(n, one, many))
        .collect();
    let read = match parts.as_slice() {
        [] => "The log names no message that the flagged sessions read".to_owned(),
        parts => format!("The flagged sessions read {}", parts.join(", ")),
    };
    let changed = match changes {
        0 => String::new(),
        n => format!(
            "; they made {} of rules, forwarding or permissions",
            label::counted(n, "change", "changes")
        ),
    };
    format!("{read}{changed}; {log_state}.")
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

/// The distribution of scores, which knows how many sessions were judged.
pub(super) fn scores(kept: &ChartFile) -> Option<&ScoreDistribution> {
    kept.charts.iter().find_map(|(_, chart)| match chart {
        Chart::ScoreDistribution(scores) => Some(scores),
        _ => None,
    })
}

/// Sessions that could have been flagged.
fn judged(kept: &ChartFile) -> u64 {
    scores(kept).map_or(0, ScoreDistribution::judged)
}

/// Why nothing could be judged, and what to do about it.
fn why_unjudged(run: &Run, scores: Option<&ScoreDistribution>) -> [&'static str; 2] {
    let of = |which: fn(&ScoreDistribution) -> u64| scores.map_or(0, which);
    if of(|s| s.untouched) > 0 && of(|s| s.warm_up) + of(|s| s.unjudged) == 0 {
        return [
            "they are sign-ins, none of which opened a mailbox",
            "An export with the reads of mailboxes (MailItemsAccessed) gives mailglass something to judge.",
        ];
    }
    if run.summary.is_window() {
        return [
            "a single day has no other days to be judged by",
            "A longer export gives mailglass something to compare with.",
        ];
    }
    if of(|s| s.warm_up) == 0 {
        return [
            "no day has earlier ones to be judged by",
            "A longer export, or --baseline window where the log has several days, gives mailglass something to compare with.",
        ];
    }
    [
        "the log is no longer than the warm-up",
        "A longer export, a shorter warm-up, or --baseline window gives mailglass something to compare with.",
    ]
}

fn nothing_flagged(run: &Run, kept: &ChartFile, style: &Style) -> [String; 3] {
    let judged = judged(kept);
    let scores = scores(kept);
    let [why, remedy] = why_unjudged(run, scores);
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
            match judged {
                1 => "1 session was judged".to_owned(),
                n => format!("{} sessions were judged", label::count(n)),
            },
            match scores.map_or(0, |scores| scores.warm_up) {
                0 => "",
                _ => " after the warm-up",
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

fn look_first(run: &Run, session: &Session, style: &Style) -> String {
    let when = label::moment(session.start, &style.time_zone);
    let reason = first_reason(run, session);
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
    fn what_was_read_is_told_by_what_the_log_names() {
        let whole = Totals {
            messages: 1,
            unnamed: 9,
            synced: 2,
            unnamed_syncs: 1,
        };
        assert_eq!(
            was_read(whole, 3, "nothing is missing"),
            "The flagged sessions read 1 message by name, 9 times something that the log does not name, 2 whole folders, 1 whole folder \
             that the log does not name; they made 3 changes of rules, forwarding or permissions; nothing is missing."
        );
        assert_eq!(
            was_read(Totals::default(), 0, "nothing is missing"),
            "The log names no message that the flagged sessions read; nothing is missing."
        );
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
}

//! The finding in three sentences, and the figures beside them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::campaigns::belongs_together;
use super::evidence::first_reason;
use super::exposure::Totals;
use super::run::{Run, Session};
use super::ways_out::{sent_on, ways_out};
use crate::chart::{Chart, ScoreDistribution, Style, label, most_unflagged};
use crate::report::drawing::ChartFile;

/// What the page says first.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    title: String,
    sentences: [String; 3],
    /// The session to look at first, in words.
    look_first: Option<String>,
    /// Changes by flagged sessions that let mail out or others in, in words; `None` without any.
    ways_out: Option<String>,
    /// Changes by other sessions that send mail out, in words; `None` without any.
    sent_on: Option<String>,
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
        let nothing = run.changes.iter().filter(|c| c.opens_nothing()).count() as u64;
        let changes = (run.changes.len() as u64 - nothing, nothing);
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
                    belongs_together(run, (kept, style)),
                    was_read(totals, changes, &log_state(run, kept)),
                ]
            },
            look_first: to_look_at(&run.flagged, run.first.as_ref())
                .map(|session| look_first(run, session, style)),
            ways_out: ways_out(run),
            sent_on: sent_on(run, style),
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
                    changes.0,
                    "change of rules, forwarding or permissions by flagged sessions",
                    "changes of rules, forwarding or permissions by flagged sessions",
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
    // The log may have begun long before, with the warm-up.
    let when = match scores.and_then(|scores| scores.judged_period) {
        Some((start, end)) => label::period(start, end.saturating_add(1), &style.time_zone),
        None => period(run, style),
    };
    format!(
        "{} of {} ({}) {} from what is usual for the mailbox; {} of {} {} concerned.",
        label::count(flagged),
        label::counted(judged, "judged session", "judged sessions"),
        when,
        if flagged == 1 { "departs" } else { "depart" },
        label::count(opened),
        label::counted(run.summary.mailboxes, "mailbox", "mailboxes"),
        if opened == 1 { "is" } else { "are" },
    )
}

/// What was read and changed; `changes` are those that open something, and those that do not.
fn was_read(totals: Totals, changes: (u64, u64), log_state: &str) -> String {
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
    let read = match label::listed(&parts) {
        None => "The log names no message that the flagged sessions read".to_owned(),
        Some(parts) => format!("The flagged sessions read {parts}"),
    };
    let made = |n| label::counted(n, "change", "changes");
    let changed = match changes {
        (0, 0) => String::new(),
        (0, nothing) => format!(
            "; they made {} of rules, forwarding or permissions, which open nothing",
            made(nothing)
        ),
        (n, nothing) => format!(
            "; they made {} of rules, forwarding or permissions{}",
            made(n),
            match nothing {
                0 => String::new(),
                1 => ", and 1 that opens nothing".to_owned(),
                more => format!(", and {} that open nothing", label::count(more)),
            }
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::page::run::{Campaign, Change};

    #[test]
    fn what_was_read_is_told_by_what_the_log_names() {
        let whole = Totals {
            messages: 1,
            unnamed: 9,
            synced: 2,
            unnamed_syncs: 1,
        };
        assert_eq!(
            was_read(whole, (3, 0), "nothing is missing"),
            "The flagged sessions read 1 message by name, 9 times something that the log does not name, 2 whole folders and 1 whole folder \
             that the log does not name; they made 3 changes of rules, forwarding or permissions; nothing is missing."
        );
        let some = Totals {
            messages: 3_149,
            synced: 6,
            ..Totals::default()
        };
        assert_eq!(
            was_read(some, (13, 4), "nothing is missing"),
            "The flagged sessions read 3,149 messages by name and 6 whole folders; they made 13 changes of rules, forwarding or \
             permissions, and 4 that open nothing; nothing is missing."
        );
        assert_eq!(
            was_read(Totals::default(), (0, 0), "nothing is missing"),
            "The log names no message that the flagged sessions read; nothing is missing."
        );
    }

    /// A flagged session of a mailbox.
    fn session(rank: u32, mailbox: &str, campaign: &str) -> Session {
        let mut row = serde_json::json!({
            "rank": rank, "start": format!("2025-06-02T00:00:{:02}Z", 59 - rank), "end": "2025-06-02T00:01:00Z",
            "score": 0.6, "p_value": 0.1, "throttled": false,
        });
        for text in [
            "session_id",
            "actor",
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
        row["session_id"] = format!("s{rank}").into();
        row["mailbox"] = mailbox.into();
        row["campaign_id"] = campaign.into();
        for number in [
            "events", "items", "syncs", "folders", "bytes", "sends", "deletes", "rules",
            "searches", "failures",
        ] {
            row[number] = 0.into();
        }
        serde_json::from_value(row).expect("a session")
    }

    fn campaign(id: &str, sessions: u64, unflagged: u64) -> Campaign {
        let since = if unflagged > 0 {
            "2025-05-01T00:00:00Z"
        } else {
            ""
        };
        let row = serde_json::json!({
            "campaign_id": id, "first_seen": "2025-06-02T00:00:00Z", "last_seen": "2025-06-03T00:00:00Z", "mailboxes": 2,
            "sessions": sessions, "items": 0, "shared": "", "unflagged_sessions": unflagged, "unflagged_since": since,
        });
        serde_json::from_value(row).expect("a campaign")
    }

    fn run(flagged: Vec<Session>, campaigns: Vec<Campaign>, changes: Vec<Change>) -> Run {
        let counts = serde_json::json!({"rows": 0, "events": 0, "duplicates": 0, "other_records": 0, "rejects": 0});
        let summary = serde_json::json!({
            "mailglass": "", "format_version": 1, "parameters": null, "inputs": [], "allow_list": null, "model": null,
            "failures": [], "counts": counts, "other_records": {}, "mailboxes": 9, "sessions": 99, "flagged": flagged.len(),
            "coverage": {"start": null, "end": null, "warnings": []},
        });
        Run {
            summary: serde_json::from_value(summary).expect("a summary"),
            first: None,
            flagged,
            reasons: BTreeMap::new(),
            campaigns,
            changes,
            service_changes: 0,
            other_changes: 0,
            others_sending_on: Vec::new(),
            leads: Vec::new(),
            exposure: crate::report::page::exposure::Exposure::default(),
        }
    }

    fn together(campaigns: Vec<Campaign>) -> String {
        let flagged = vec![
            session(1, "a@x.example", "C1"),
            session(2, "b@x.example", "C1"),
            session(3, "c@x.example", "C2"),
        ];
        let kept: ChartFile = serde_json::from_value(serde_json::json!({
            "version": 0, "time_zone": "UTC", "source": "", "attributed": {}, "charts": [],
        }))
        .expect("no charts");
        belongs_together(
            &run(flagged, campaigns, Vec::new()),
            (&kept, &Style::default()),
        )
    }

    #[test]
    fn a_campaign_says_where_it_began() {
        assert_eq!(
            together(vec![campaign("C1", 2, 0)]),
            "2 of the flagged sessions, in 2 mailboxes, belong together as campaign C1, the first on Mon 2 Jun 2025 00:00 in b@x.example \
             (number 2)."
        );
    }

    #[test]
    fn what_mostly_was_not_flagged_does_not_lead() {
        let said = together(vec![campaign("C1", 2, 523), campaign("C2", 2, 1)]);
        assert!(
            said.contains("together as campaign C2, the first on"),
            "{said}"
        );
        assert!(
            said.contains("; 1 session through its applications or from its networks was not flagged since 1 May 2025;"),
            "{said}"
        );
        assert!(
            said.ends_with("; another campaign was found, tied by what brought more sessions that were not flagged (C1: 523)."),
            "{said}"
        );
        let campaigns = [
            (523, "C1"),
            (0, "C2"),
            (4, "C3"),
            (9, "C4"),
            (9, "C5"),
            (0, "C6"),
        ];
        let said = together(campaigns.map(|(n, id)| campaign(id, 2, n)).into());
        assert!(
            said.ends_with(
                "; 5 more campaigns were found, 4 of them tied by what brought more sessions that were not flagged \
                 (C1: 523, C3: 4, C4: 9 and 1 more)."
            ),
            "{said}"
        );
        let said = together(vec![campaign("C1", 2, 523)]);
        assert!(said.contains("were put together as campaign C1"), "{said}");
        assert!(
            said.ends_with("523 sessions through its applications or from its networks were not flagged since 1 May 2025: they may be in \
                            ordinary use, or older than what was judged."),
            "{said}"
        );
    }

    #[test]
    fn what_flagged_sessions_opened_is_told_with_mailbox_and_rank() {
        let change = |session: &str, mailbox: &str, parameters: &str| -> Change {
            let row = serde_json::json!({
                "time": "2025-06-02T00:00:00Z", "session_id": session, "flagged": true, "mailbox": mailbox, "actor": "",
                "operation": "Set-Mailbox", "succeeded": true, "address": "", "folder": "", "parameters": parameters,
            });
            serde_json::from_value(row).expect("a change")
        };
        let flagged = || vec![session(1, "a@x.example", ""), session(2, "b@y.example", "")];
        let out = "ForwardingSmtpAddress=smtp:ex@out.example";
        let changes = vec![
            change("s2", "b@y.example", out),
            change("s2", "b@y.example", out),
            // Another mailbox of the tenant.
            change(
                "s1",
                "a@x.example",
                "ForwardingSmtpAddress=smtp:b@Y.example",
            ),
        ];
        assert_eq!(
            ways_out(&run(flagged(), Vec::new(), changes)).as_deref(),
            Some("forwarding to ex@out.example in b@y.example (number 2).")
        );
        assert_eq!(ways_out(&run(flagged(), Vec::new(), Vec::new())), None);
    }

    #[test]
    fn mail_that_others_send_out_is_told() {
        let change = |mailbox: &str, parameters: &str| -> super::super::run::Change {
            serde_json::from_value(serde_json::json!({
                "time": "2025-06-02T10:00:00Z", "session_id": "s", "flagged": false, "mailbox": mailbox, "actor": mailbox,
                "operation": "Set-Mailbox", "succeeded": true, "address": "", "folder": "", "parameters": parameters,
            }))
            .expect("a change")
        };
        let mut run = run(
            vec![session(1, "a@x.example", "C1")],
            Vec::new(),
            Vec::new(),
        );
        assert_eq!(sent_on(&run, &Style::default()), None);
        run.others_sending_on = vec![
            change("b@x.example", "ForwardingSmtpAddress=smtp:b@out.example"),
            change("c@x.example", "ForwardingSmtpAddress=smtp:a@x.example"),
        ];
        assert_eq!(
            sent_on(&run, &Style::default()).as_deref(),
            Some("forwarding to b@out.example in b@x.example (Mon 2 Jun 2025 10:00).")
        );
    }

    #[test]
    fn the_first_flagged_session_is_looked_at_before_what_ranks_above_it() {
        let session = |rank| session(rank, "a@x.example", "");
        let (first, flagged) = (session(1), [session(4), session(7)]);
        let rank = |flagged| to_look_at(flagged, Some(&first)).map(|session| session.rank);
        assert_eq!(rank(&flagged), Some(4));
        assert_eq!(rank(&[]), Some(1));
    }
}

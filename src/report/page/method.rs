//! How the run came about: rule, parameters, rows, files.

use serde::Serialize;
use serde_json::Value;

use super::finding::scores;
use super::run::{Allowed, Counts, LeadRow, Run, Summary};
use crate::chart::{Style, label};
use crate::ingest::{LeadRecords, count_leads};
use crate::report::drawing::ChartFile;

/// Workloads and operations listed among the records that are not of mailboxes.
const OTHER_LISTED: usize = 20;
/// Entries of the allow-list that are listed.
const ALLOWED_LISTED: usize = 50;
/// Records of other kinds listed that bear on mailboxes, and the longest text of what one set.
const LEADS_LISTED: usize = 50;
const TARGET: usize = 300;
/// Days listed of which sessions were left out.
const LEFT_OUT_LISTED: usize = 20;

/// What the page says of the method.
#[derive(Debug, Serialize)]
pub(super) struct Method {
    silence: String,
    longest: String,
    /// Whether sessions were judged by the days after theirs, too.
    window: bool,
    /// Days of the warm-up that the log has, in words; `None` for none.
    warm_up: Option<String>,
    rule: String,
    chance: String,
    parameters: Vec<[String; 2]>,
    counts: Vec<[String; 2]>,
    rejects: bool,
    /// Days of which sessions were left out, with how many sessions and events.
    left_out: Vec<[String; 3]>,
    left_out_more: u64,
    other: Vec<[String; 2]>,
    other_left: u64,
    /// What the other records may mean for mailboxes.
    leads: Vec<String>,
    /// The first of them: time, operation, who, what to.
    lead_rows: Vec<[String; 4]>,
    leads_left: u64,
    inputs: Vec<InputRow>,
    /// The allow-list's entries: what, why, until when, sessions, those that would have been flagged, those after the last day.
    allowed: Vec<[String; 6]>,
    allowed_more: u64,
    /// Sessions that the allow-list kept from being flagged, in words; `None` for none.
    spared: Option<String>,
    /// Files beside the inputs that decided what came out: role, path, SHA-256.
    other_files: Vec<[String; 3]>,
}

#[derive(Debug, Serialize)]
struct InputRow {
    path: String,
    envelope: String,
    bytes: String,
    rows: String,
    events: String,
    rejects: String,
    sha256: String,
}

impl Method {
    pub(super) fn new(run: &Run, kept: &ChartFile, style: &Style) -> Self {
        let summary = &run.summary;
        let number = |at: &str| summary.parameters.pointer(at).and_then(Value::as_f64);
        let minutes =
            |at: &str| number(at).map_or_else(String::new, |ms| label::value(ms / 60_000.0));
        let scores = scores(kept);
        let mut parameters = Vec::new();
        flatten("", &summary.parameters, &mut parameters);
        let mut other: Vec<(&String, &u64)> = summary.other_records.iter().collect();
        other.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        Self {
            silence: minutes("/session/silence_ms"),
            longest: number("/session/max_length_ms")
                .map_or_else(String::new, |ms| label::value(ms / 3_600_000.0)),
            window: summary.is_window(),
            // A model may have passed them before.
            warm_up: summary
                .warm_up_days()
                .filter(|_| scores.is_some_and(|scores| scores.warm_up > 0))
                .map(|days| label::counted(days, "day is", "days are")),
            rule: scores.map_or_else(String::new, |scores| scores.rule.clone()),
            chance: scores.map_or_else(String::new, |scores| {
                let chance = label::value(scores.expected_by_chance);
                format!("{chance} alerts")
            }),
            parameters,
            counts: counts(&summary.counts),
            rejects: summary.counts.rejects > 0,
            left_out: summary
                .left_out
                .iter()
                .take(LEFT_OUT_LISTED)
                .map(|of| {
                    let day = of.day.clone();
                    [day, label::count(of.sessions), label::count(of.events)]
                })
                .collect(),
            left_out_more: summary.left_out.len().saturating_sub(LEFT_OUT_LISTED) as u64,
            other: other
                .iter()
                .take(OTHER_LISTED)
                .map(|(name, n)| [(*name).clone(), label::count(**n)])
                .collect(),
            other_left: other.len().saturating_sub(OTHER_LISTED) as u64,
            leads: count_leads(run.leads.iter().map(|lead| lead.operation.as_str()))
                .iter()
                .map(LeadRecords::sentence)
                .collect(),
            lead_rows: run
                .leads
                .iter()
                .take(LEADS_LISTED)
                .map(|lead| lead_row(lead, style))
                .collect(),
            leads_left: run.leads.len().saturating_sub(LEADS_LISTED) as u64,
            inputs: summary
                .inputs
                .iter()
                .map(|input| InputRow {
                    path: input.path.clone(),
                    envelope: input.envelope.clone(),
                    bytes: label::bytes(input.bytes as f64),
                    rows: label::count(input.counts.rows),
                    events: label::count(input.counts.events),
                    rejects: label::count(input.counts.rejects),
                    sha256: input.sha256.clone(),
                })
                .collect(),
            allowed: summary
                .allow_list
                .iter()
                .flat_map(|list| &list.entries)
                .take(ALLOWED_LISTED)
                .map(allowed)
                .collect(),
            allowed_more: summary.allow_list.as_ref().map_or(0, |list| {
                list.entries.len().saturating_sub(ALLOWED_LISTED) as u64
            }),
            spared: (summary.spared > 0)
                .then(|| label::counted(summary.spared, "session", "sessions")),
            other_files: other_files(summary),
        }
    }
}

fn allowed(entry: &Allowed) -> [String; 6] {
    [
        entry.subject.to_string(),
        entry.reason.clone(),
        entry.expires.clone().unwrap_or_else(|| "never".to_owned()),
        label::count(entry.sessions),
        label::count(entry.spared),
        label::count(entry.after_expiry),
    ]
}

fn other_files(summary: &Summary) -> Vec<[String; 3]> {
    let list = summary.allow_list.as_ref().map(|list| &list.file);
    let files = list
        .map(|file| ("Allow-list", file))
        .into_iter()
        .chain(
            summary
                .geo_databases
                .iter()
                .map(|file| ("Geographic database", file)),
        )
        .chain(summary.model.iter().map(|file| ("Model", file)));
    files
        .map(|(role, file)| [role.to_owned(), file.path.clone(), file.sha256.clone()])
        .collect()
}

fn counts(counts: &Counts) -> Vec<[String; 2]> {
    [
        ("Rows read", counts.rows),
        ("Events of mailboxes", counts.events),
        ("Repeated rows, dropped", counts.duplicates),
        ("Records of other kinds", counts.other_records),
        ("Rows that could not be used", counts.rejects),
    ]
    .map(|(name, n)| [name.to_owned(), label::count(n)])
    .to_vec()
}

fn lead_row(lead: &LeadRow, style: &Style) -> [String; 4] {
    let target = match lead.parameters.as_str() {
        "" => lead.target.clone(),
        parameters => format!("{}; {parameters}", lead.target),
    };
    [
        label::moment(lead.time, &style.time_zone),
        lead.operation.clone(),
        lead.actor.clone(),
        label::cut(&target, TARGET),
    ]
}

/// Every parameter with its place in `summary.json`.
fn flatten(place: &str, value: &Value, out: &mut Vec<[String; 2]>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = if place.is_empty() {
                    name.clone()
                } else {
                    format!("{place}.{name}")
                };
                flatten(&place, value, out);
            }
        }
        Value::String(text) => out.push([place.to_owned(), text.clone()]),
        other => out.push([place.to_owned(), other.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_places() {
        let mut out = Vec::new();
        let value = serde_json::json!({"rank": {"flags": {"alerts_per_day": 0.5}}, "zone": "UTC"});
        flatten("", &value, &mut out);
        assert_eq!(out, [["rank.flags.alerts_per_day", "0.5"], ["zone", "UTC"]]);
    }
}

//! `report.html`: one file that can be sent on, made from a run directory.
//!
//! It refers to nothing outside itself, and says so to the browser: a content security policy lets through its own style and
//! script, by their hashes, and pictures that are part of it. The template escapes every value, and characters that would
//! reorder the text around a name are replaced.

mod campaigns;
mod change;
mod evidence;
mod exposure;
mod finding;
mod method;
mod picture;
mod run;
mod ways_out;

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::drawing::ChartFile;
use crate::chart::campaign_map::Campaign;
use crate::chart::{Chart, Style, label};
use crate::error::Error;
use evidence::{MailboxEvidence, Row};
use finding::Finding;
use method::Method;
use picture::{Album, Picture};
use run::Run;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Coverage warnings, campaigns and failures listed; the rest is in the files that the page names.
const LISTED: usize = 50;

/// Mailboxes and networks of a campaign that are named.
const NAMED: usize = 12;
/// Longest description of a change; the table has it whole.
const CHANGE: usize = 400;

/// What the template is given.
#[derive(Debug, Serialize)]
struct Page {
    policy: String,
    style: Value,
    script: Value,
    version: String,
    source: String,
    period: String,
    zone: String,
    /// Zone of the sentences, where it is another one.
    other_zone: Option<String>,
    finding: Finding,
    overview: Option<Picture>,
    rows: Vec<Row>,
    rows_left: u64,
    mailboxes: Vec<MailboxEvidence>,
    sessions_left: u64,
    campaigns: Vec<CampaignRow>,
    campaigns_left: u64,
    campaign_map: Option<Picture>,
    changes: Vec<ChangeRow>,
    changes_left: u64,
    /// What else is in the table of changes, in sentences.
    other_changes: String,
    exposure: Vec<ExposureRow>,
    coverage: Option<Picture>,
    warnings: Vec<[String; 2]>,
    /// What to say where there are no warnings.
    nothing_missing: &'static str,
    warnings_left: u64,
    failures: Vec<String>,
    failures_left: u64,
    scores: Vec<Picture>,
    method: Method,
}

#[derive(Debug, Serialize)]
struct CampaignRow {
    id: String,
    first: String,
    last: String,
    mailboxes: String,
    sessions: String,
    read: String,
    shared: String,
    /// Names of mailboxes, and networks, as far as they are listed here.
    names: String,
    networks: String,
    /// Sessions that were not flagged and share what ties it, in words; `None` for none.
    unflagged: Option<String>,
}

#[derive(Debug, Serialize)]
struct ChangeRow {
    time: String,
    mailbox: String,
    actor: String,
    what: String,
    address: String,
    /// Where the page explains the session, if it does.
    anchor: Option<String>,
}

#[derive(Debug, Serialize)]
struct ExposureRow {
    mailbox: String,
    messages: String,
    unnamed: String,
    synced: String,
    folders: String,
    bytes: String,
    first: Vec<[String; 3]>,
    left: u64,
    entries: String,
}

/// What a run directory says, apart from its charts.
pub(super) struct Told(Run);

/// Reads the tables and the summary of a run directory.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`] or [`Error::Input`] when one of them cannot be read.
pub(super) fn read(run: &Path) -> Result<Told, Error> {
    Run::read(run).map(Told)
}

/// The page of a run directory, with the pictures drawn into `pictures`.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Io`] when a picture cannot be read.
pub(super) fn render(
    Told(run): &Told,
    pictures: &Path,
    (kept, style): (&ChartFile, &Style),
) -> Result<String, Error> {
    let page = page(run, pictures, (kept, style))?;
    let mut environment = Environment::empty();
    // A name that ends in .html switches the escaping on.
    environment.set_auto_escape_callback(minijinja::default_auto_escape_callback);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Lines that hold only a tag leave no trace.
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    let rendered = syntax.and_then(|syntax| {
        environment.set_syntax(syntax);
        environment.add_template("page.html", TEMPLATE)?;
        environment.get_template("page.html")?.render(Serde(&page))
    });
    rendered
        .map(|page| page.replace(deceives, "\u{fffd}"))
        .map_err(|error| Error::Chart {
            chart: "report.html".to_owned(),
            reason: format!("{error:#}"),
        })
}

/// Escaping keeps names from being markup; this keeps them from turning the text around them.
fn deceives(c: char) -> bool {
    !matches!(c, '\n' | '\t') && label::commands_or_reorders(c)
}

fn page(run: &Run, pictures: &Path, (kept, style): (&ChartFile, &Style)) -> Result<Page, Error> {
    let mut album = Album::new(pictures, style);
    let mut of_kind = |wanted: fn(&Chart) -> bool| -> Result<Vec<Picture>, Error> {
        let charts = kept.charts.iter().filter(|(_, chart)| wanted(chart));
        charts.map(|chart| album.picture(chart)).collect()
    };
    let overview = of_kind(|chart| matches!(chart, Chart::TenantOverview(_)))?.pop();
    let campaign_map = of_kind(|chart| matches!(chart, Chart::CampaignMap(_)))?.pop();
    let coverage = of_kind(|chart| matches!(chart, Chart::Coverage(_)))?.pop();
    let scores =
        of_kind(|chart| matches!(chart, Chart::ScoreDistribution(_) | Chart::TopSessions(_)))?;
    let (mailboxes, sessions_left) = evidence::by_mailbox(run, kept, &mut album)?;
    let (rows, rows_left) = evidence::rows(run, (kept, style), &mailboxes);
    let explained = evidence::anchors(&mailboxes);
    let zone = style.zone_name();
    Ok(Page {
        policy: policy(),
        style: Value::from_safe_string(STYLE.to_owned()),
        script: Value::from_safe_string(SCRIPT.to_owned()),
        version: run.summary.mailglass.clone(),
        source: kept.source.clone(),
        period: finding::period(run, style),
        other_zone: (kept.time_zone != zone).then(|| kept.time_zone.clone()),
        zone,
        finding: Finding::new(run, kept, style),
        overview,
        rows,
        rows_left,
        mailboxes,
        sessions_left,
        campaigns: run
            .campaigns
            .iter()
            .take(LISTED)
            .map(|campaign| campaign_row(campaign, (kept, style)))
            .collect(),
        campaigns_left: run.campaigns.len().saturating_sub(LISTED) as u64,
        campaign_map,
        changes: run
            .changes
            .iter()
            .take(LISTED)
            .map(|change| change_row(change, (style, &explained)))
            .collect(),
        changes_left: run.changes.len().saturating_sub(LISTED) as u64,
        other_changes: other_changes(run),
        exposure: exposure_rows(run, style),
        coverage,
        warnings: run
            .summary
            .coverage
            .warnings
            .iter()
            .take(LISTED)
            .map(|warning| [warning.sentence.clone(), warning.remedy.clone()])
            .collect(),
        nothing_missing: nothing_missing(kept),
        warnings_left: run.summary.coverage.warnings.len().saturating_sub(LISTED) as u64,
        failures: run.summary.failures.iter().take(LISTED).cloned().collect(),
        failures_left: run.summary.failures.len().saturating_sub(LISTED) as u64,
        scores,
        method: Method::new(run, kept, style),
    })
}

fn nothing_missing(kept: &ChartFile) -> &'static str {
    let coverage = kept.charts.iter().find_map(|(_, chart)| match chart {
        Chart::Coverage(coverage) => Some(coverage.nothing_found()),
        _ => None,
    });
    coverage.unwrap_or_default()
}

/// Lets through the page's own style and script by their hashes, and nothing from elsewhere.
fn policy() -> String {
    let hash = |text: &str| BASE64.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn campaign_row(campaign: &run::Campaign, (kept, style): (&ChartFile, &Style)) -> CampaignRow {
    let moment = |time: i64| label::moment(time, &style.time_zone);
    let on_the_map = campaigns::on_the_map(kept, &campaign.campaign_id);
    CampaignRow {
        id: campaign.campaign_id.clone(),
        first: moment(campaign.first_seen),
        last: moment(campaign.last_seen),
        mailboxes: label::count(campaign.mailboxes),
        sessions: label::count(campaign.sessions),
        read: on_the_map.map_or_else(|| label::count(campaign.items), Campaign::read),
        shared: match on_the_map.and_then(Campaign::relation) {
            Some(relation) => format!("{}; {relation}", campaign.shared),
            None => campaign.shared.clone(),
        },
        names: some_of(&campaign.mailbox_names),
        networks: some_of(&campaign.networks),
        unflagged: campaign.unflagged_since.map(|since| {
            format!(
                "{} through its applications or from its networks {} not flagged, the first on {}",
                label::counted(campaign.unflagged_sessions, "session", "sessions"),
                if campaign.unflagged_sessions == 1 {
                    "was"
                } else {
                    "were"
                },
                moment(since)
            )
        }),
    }
}

/// What the list of changes leaves out, and which of it opens no way in.
fn other_changes(run: &Run) -> String {
    let listed = run.changes.len() as u64;
    let nothing = run.changes.iter().filter(|c| c.opens_nothing()).count() as u64;
    let mut text = match nothing {
        0 => String::new(),
        n => format!(
            "{} of {} {} something away or {} nothing, and {} marked “opens nothing”. ",
            label::count(n),
            label::counted(listed, "change", "changes"),
            if n == 1 { "takes" } else { "take" },
            if n == 1 { "gives" } else { "give" },
            if n == 1 { "is" } else { "are" },
        ),
    };
    if run.service_changes > 0 {
        text.push_str(&format!(
            "Not listed: {} that the service's own account made in flagged sessions. ",
            label::counted(run.service_changes, "change", "changes")
        ));
    }
    text.push_str(&format!(
        "Sessions that were not flagged made {} more; all are in changes.csv.",
        label::count(run.other_changes)
    ));
    text
}

/// The first of a list in a cell, and how many more there are.
fn some_of(list: &str) -> String {
    let all: Vec<&str> = list.split("; ").collect();
    match all.len().saturating_sub(NAMED) {
        0 => all.join(", "),
        more => format!(
            "{} and {} more",
            all[..NAMED].join(", "),
            label::count(more as u64)
        ),
    }
}

fn change_row(change: &run::Change, (style, explained): (&Style, &BTreeSet<String>)) -> ChangeRow {
    let mut what = change.operation.clone();
    for said in [&change.folder, &change.parameters] {
        if !said.is_empty() {
            what.push_str(&format!("; {said}"));
        }
    }
    if !change.succeeded {
        what.push_str("; failed");
    } else if change.opens_nothing() {
        what.push_str("; opens nothing");
    }
    let anchor = evidence::anchor(&change.session_id);
    ChangeRow {
        time: label::moment(change.time, &style.time_zone),
        mailbox: change.mailbox.clone(),
        actor: change.actor.clone(),
        what: label::cut(&what, CHANGE),
        address: change.address.clone(),
        anchor: explained.contains(&anchor).then_some(anchor),
    }
}

/// The mailboxes in the order of their highest-ranked flagged session.
fn exposure_rows(run: &Run, style: &Style) -> Vec<ExposureRow> {
    let mut seen = BTreeSet::new();
    let mailboxes = run.flagged.iter().map(|session| session.mailbox.as_str());
    mailboxes
        .filter(|mailbox| seen.insert(*mailbox))
        .filter_map(|mailbox| {
            let of = run.exposure.by_mailbox.get(mailbox)?;
            let first = of.first.iter().map(|exposed| {
                let time = label::moment(exposed.time, &style.time_zone);
                [time, exposed.folder.clone(), exposed.what()]
            });
            Some(ExposureRow {
                mailbox: mailbox.to_owned(),
                messages: label::count(of.messages.len() as u64),
                unnamed: label::count(of.unnamed),
                synced: label::count(of.synced.len() as u64 + of.unnamed_syncs),
                folders: label::count(of.folders.len() as u64),
                // Of a folder that was downloaded whole no size is known.
                bytes: match of.bytes {
                    0 => "unknown".to_owned(),
                    bytes => label::bytes(bytes as f64),
                },
                first: first.collect(),
                left: of.entries.saturating_sub(of.first.len() as u64),
                entries: label::count(of.entries),
            })
        })
        .collect()
}

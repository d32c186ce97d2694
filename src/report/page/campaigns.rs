//! What the finding says of campaigns.

use super::run::{Campaign, Run};
use crate::chart::{Chart, Style, campaign_map, label};
use crate::report::drawing::ChartFile;

/// Longest quotation of what a campaign shares.
const SHARED: usize = 90;
/// Campaigns of what mostly was not flagged that are named; the rest is counted.
const COMMON: usize = 3;

/// Which flagged sessions belong together, in a sentence.
pub(super) fn belongs_together(run: &Run, (kept, style): (&ChartFile, &Style)) -> String {
    // The campaign of the highest-ranked session, if it is told from ordinary use.
    let told = run.campaigns.iter().find(|campaign| !is_common(campaign));
    let Some(first) = told.or(run.campaigns.first()) else {
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
        "{members} {}, {} as campaign {}{}{}{}",
        label::counted(first.mailboxes, "mailbox", "mailboxes"),
        if told.is_some() {
            "belong together"
        } else {
            "were put together"
        },
        first.campaign_id,
        tie(kept, &first.campaign_id).map_or_else(String::new, |tie| format!(", tied by {tie}")),
        first_of(run, &first.campaign_id, style),
        unflagged(first, style)
    );
    let others = run
        .campaigns
        .iter()
        .filter(|other| other.campaign_id != first.campaign_id);
    let also = mostly_unflagged(&others.clone().collect::<Vec<_>>());
    match others.count() {
        0 => format!("{text}."),
        1 => format!("{text}; another campaign was found{also}."),
        more => format!(
            "{text}; {} more campaigns were found{also}.",
            label::count(more as u64)
        ),
    }
}

/// How many of some campaigns are tied by what mostly was not flagged, with the number of such sessions.
fn mostly_unflagged(campaigns: &[&Campaign]) -> String {
    let common = || campaigns.iter().filter(|campaign| is_common(campaign));
    let mut named: Vec<String> = common()
        .take(COMMON)
        .map(|campaign| {
            let unflagged = label::count(campaign.unflagged_sessions);
            format!("{}: {unflagged}", campaign.campaign_id)
        })
        .collect();
    let (all, of) = (common().count(), campaigns.len());
    if all > COMMON {
        named.push(format!("{} more", label::count((all - COMMON) as u64)));
    }
    label::listed(&named).map_or_else(String::new, |named| {
        let which = match all {
            all if all == of => String::new(),
            all => format!("{} of them ", label::count(all as u64)),
        };
        format!(", {which}tied by what brought more sessions that were not flagged ({named})")
    })
}

/// Whether most of what came through the applications or from the networks that tie a campaign was not flagged: they may be the
/// tenant's own.
fn is_common(campaign: &Campaign) -> bool {
    campaign.unflagged_sessions > campaign.sessions
}

/// Where a campaign began, as far as it was flagged.
fn first_of(run: &Run, campaign: &str, style: &Style) -> String {
    let members = run.flagged.iter().filter(|s| s.campaign_id == campaign);
    members
        .min_by_key(|session| (session.start, session.rank))
        .map_or_else(String::new, |session| {
            format!(
                ", the first on {} in {} (number {})",
                label::moment(session.start, &style.time_zone),
                session.mailbox,
                session.rank
            )
        })
}

/// What a campaign's ties brought besides that was not flagged.
fn unflagged(campaign: &Campaign, style: &Style) -> String {
    let n = campaign.unflagged_sessions;
    if n == 0 {
        return String::new();
    }
    let since = campaign.unflagged_since.map_or_else(String::new, |since| {
        format!(" since {}", label::day(since, &style.time_zone))
    });
    format!(
        "; {} through its applications or from its networks {} not flagged{since}{}",
        label::counted(n, "session", "sessions"),
        if n == 1 { "was" } else { "were" },
        if is_common(campaign) {
            ": they may be in ordinary use, or older than what was judged"
        } else {
            ""
        }
    )
}

/// A campaign as the map has it.
pub(super) fn on_the_map<'a>(
    kept: &'a ChartFile,
    campaign: &str,
) -> Option<&'a campaign_map::Campaign> {
    let maps = kept.charts.iter().filter_map(|(_, chart)| match chart {
        Chart::CampaignMap(map) => Some(&map.campaigns),
        _ => None,
    });
    maps.flatten().find(|of| of.id == campaign)
}

/// The first of what ties a campaign.
fn tie(kept: &ChartFile, campaign: &str) -> Option<String> {
    let tie = on_the_map(kept, campaign)?.ties.first()?;
    Some(label::cut(&label::clean(tie), SHARED))
}

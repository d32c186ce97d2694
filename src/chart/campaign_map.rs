//! Campaigns: which mailboxes were visited on which day, linked by what ties the sessions together.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD};
use super::scale::TimeScale;
use super::theme::size;
use super::typeface::{Align, Font};
use super::{ChartError, Style, label, series, theme};

/// A flagged session of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Mailbox that was accessed.
    pub mailbox: String,
    /// First event, Unix seconds.
    pub start: i64,
    /// Items read.
    pub items: u64,
    /// Folders that were downloaded whole; each counts once.
    pub folders: u64,
}

/// Flagged sessions that share infrastructure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name in `campaigns.csv`.
    pub id: String,
    /// What ties the sessions, in words, the most shared first, such as `network 203.0.113.0/24 (5 of 7 sessions)`.
    pub ties: Vec<String>,
    /// Its sessions, in any order.
    pub visits: Vec<Visit>,
    /// Folders that its sessions downloaded whole. Several of them may have had the same ones, which count once.
    pub folders: u64,
    /// Names of the other campaigns that one of its tying networks ties, too.
    pub same_network: Vec<String>,
}

/// What the campaign map shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignMap {
    /// Start of the first day, Unix seconds.
    pub start: i64,
    /// End of the last day, Unix seconds, exclusive.
    pub end: i64,
    /// Campaigns, the most important first.
    pub campaigns: Vec<Campaign>,
}

/// Most mailboxes with a row of their own; the others share the last row.
const ROWS: usize = 24;
/// Height of a row.
const ROW: f64 = 40.0;
/// Most campaigns drawn and listed; more could not be told apart.
const DRAWN: usize = theme::CATEGORY_COUNT;
/// Height of one listed campaign.
const LIST_ROW: f64 = 62.0;
/// Width of the mailbox labels.
const LABELS: f64 = 360.0;
/// Campaigns of the same network that are named; the rest is counted.
const RELATED: usize = 3;

/// Draws the map into the PNG file `path`, 1600 logical pixels wide; the height grows with mailboxes and campaigns.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &CampaignMap, style: &Style, path: &Path) -> Result<(), ChartError> {
    let rows = Rows::of(data);
    let map = rows.count().max(1) as f64 * ROW + series::TIME_AXIS;
    let listed = data.campaigns.len().min(DRAWN) as f64 * LIST_ROW;
    let more = if data.campaigns.len() > DRAWN {
        36.0
    } else {
        0.0
    };
    let height = HEAD + map + 20.0 + listed + more + FOOT;
    let picture = canvas::render(height, style, |canvas| {
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle(data, style),
            units: "flagged sessions by their start; larger dots: more items and folders",
            times: true,
        };
        let mut area = frame::draw(canvas, style, &around);
        let mut plot = Area {
            left: area.left + LABELS,
            ..area.take_top(map)
        };
        plot.bottom -= series::TIME_AXIS;
        // Dots are up to 15 pixels wide on both sides of their moment.
        let span = (plot.left + 16.0, plot.right - 16.0);
        let time = TimeScale::new((data.start, data.end), span, &style.time_zone);
        draw_rows(canvas, plot, &rows);
        if data.campaigns.is_empty() {
            let font = Font::of(size::BODY).color(theme::MUTED);
            let text = "No flagged sessions share a client, a network or an actor.";
            canvas.text_middle(text, (plot.left + 16.0, plot.top + ROW / 2.0), font);
        }
        series::time_axis(canvas, plot, &time);
        draw_visits(canvas, plot, (data, &rows, &time));
        area.top += 20.0;
        list(canvas, area, data, style);
    })?;
    canvas::save(&picture, path)
}

/// The row of each mailbox.
struct Rows<'a> {
    /// Mailboxes with a row of their own, from the top.
    named: Vec<&'a str>,
    index: BTreeMap<&'a str, usize>,
    /// Mailboxes that share the last row.
    others: usize,
}

impl<'a> Rows<'a> {
    /// Mailboxes by the first campaign that visited them and the time of its first visit, so that a campaign
    /// reads as a staircase; if there are too many, those with the most items keep their rows.
    fn of(data: &'a CampaignMap) -> Rows<'a> {
        let mut first: BTreeMap<&str, (usize, i64, u64)> = BTreeMap::new();
        for (campaign, visit) in data.visits().filter(|(campaign, _)| *campaign < DRAWN) {
            let entry = first
                .entry(visit.mailbox.as_str())
                .or_insert((campaign, visit.start, 0));
            (entry.0, entry.1) = (entry.0, entry.1).min((campaign, visit.start));
            entry.2 = entry.2.saturating_add(visit.amount());
        }
        let mut mailboxes: Vec<(&str, (usize, i64, u64))> = first.into_iter().collect();
        let others = mailboxes.len().saturating_sub(ROWS);
        mailboxes.sort_by(|a, b| b.1.2.cmp(&a.1.2).then(a.0.cmp(b.0)));
        mailboxes.truncate(ROWS);
        mailboxes.sort_by_key(|(name, (campaign, start, _))| (*campaign, *start, *name));
        let named: Vec<&str> = mailboxes.into_iter().map(|(name, _)| name).collect();
        Rows {
            index: named
                .iter()
                .enumerate()
                .map(|(i, name)| (*name, i))
                .collect(),
            named,
            others,
        }
    }

    fn count(&self) -> usize {
        self.named.len() + usize::from(self.others > 0)
    }

    fn row_of(&self, mailbox: &str) -> usize {
        self.index.get(mailbox).copied().unwrap_or(self.named.len())
    }
}

impl CampaignMap {
    fn visits(&self) -> impl Iterator<Item = (usize, &Visit)> {
        let campaigns = self.campaigns.iter().enumerate();
        campaigns.flat_map(|(i, campaign)| campaign.visits.iter().map(move |visit| (i, visit)))
    }
}

impl Campaign {
    fn mailboxes(&self) -> u64 {
        let mut names: Vec<&str> = self.visits.iter().map(|v| v.mailbox.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.len() as u64
    }

    /// First and last visit of every mailbox, in the order in which they were reached.
    fn stays(&self, counts: impl Fn(&Visit) -> bool) -> Vec<(&Visit, &Visit)> {
        let mut of: BTreeMap<&str, (&Visit, &Visit)> = BTreeMap::new();
        for visit in self.visits.iter().filter(|visit| counts(visit)) {
            let (first, last) = of.entry(&visit.mailbox).or_insert((visit, visit));
            if visit.start < first.start {
                *first = visit;
            }
            if visit.start > last.start {
                *last = visit;
            }
        }
        let mut stays: Vec<(&Visit, &Visit)> = of.into_values().collect();
        stays.sort_by(|a, b| (a.0.start, &a.0.mailbox).cmp(&(b.0.start, &b.0.mailbox)));
        stays
    }

    /// What its sessions read, folders each once.
    pub(crate) fn read(&self) -> String {
        let items = self.visits.iter().map(|visit| visit.items);
        label::read(items.fold(0, u64::saturating_add), self.folders)
    }

    /// `same network as C2 and C3`; `None` where no other campaign has one of its networks.
    pub(crate) fn relation(&self) -> Option<String> {
        let named = self.same_network.iter().take(RELATED);
        let mut names: Vec<String> = named.map(|name| label::name(name, 40)).collect();
        let more = self.same_network.len() - names.len();
        if more > 0 {
            names.push(format!("{} more", label::count(more as u64)));
        }
        Some(format!("same network as {}", label::listed(&names)?))
    }
}

impl Visit {
    /// Items and folders: how large its dot is.
    fn amount(&self) -> u64 {
        self.items.saturating_add(self.folders)
    }
}

pub(super) fn title(data: &CampaignMap) -> String {
    let sessions = label::counted(data.visits().count() as u64, "session", "sessions");
    match data.campaigns.as_slice() {
        [] => "No campaign: the flagged sessions have nothing in common".to_owned(),
        [one] => format!(
            "One campaign: {sessions} in {}, tied by {}",
            label::counted(one.mailboxes(), "mailbox", "mailboxes"),
            label::name(&one.ties.join("; "), 70),
        ),
        many => {
            let mut names: Vec<&str> = data.visits().map(|(_, v)| v.mailbox.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let largest = many.iter().map(Campaign::mailboxes).max().unwrap_or(0);
            format!(
                "{} campaigns: {sessions} in {}; the largest reached {}",
                label::count(many.len() as u64),
                label::counted(names.len() as u64, "mailbox", "mailboxes"),
                label::count(largest),
            )
        }
    }
}

fn subtitle(data: &CampaignMap, style: &Style) -> String {
    format!(
        "{} · each dot is a flagged session; a line leads from mailbox to mailbox as its campaign came to them first",
        label::period(data.start, data.end, &style.time_zone)
    )
}

fn draw_rows(canvas: &mut Canvas<'_>, area: Area, rows: &Rows<'_>) {
    let font = Font::of(size::SMALL).align(Align::Right);
    for i in 0..rows.count() {
        let top = area.top + i as f64 * ROW;
        if i % 2 == 0 {
            let stripe = Area {
                top,
                bottom: top + ROW,
                ..area
            };
            canvas.fill(stripe, theme::EMPTY, 1.0);
        }
        let at = (area.left - 14.0, top + ROW / 2.0);
        let room = LABELS - 20.0;
        match rows.named.get(i) {
            Some(name) => canvas.text_middle(&font.fit(&label::name(name, 200), room), at, font),
            None => {
                let others = rows.others as u64;
                let text = label::counted(others, "other mailbox", "other mailboxes");
                canvas.text_middle(&text, at, font.color(theme::MUTED));
            }
        }
    }
}

fn draw_visits(
    canvas: &mut Canvas<'_>,
    area: Area,
    (data, rows, time): (&CampaignMap, &Rows<'_>, &TimeScale),
) {
    let most = data
        .visits()
        .map(|(_, visit)| visit.amount())
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let place = |visit: &Visit| {
        let row = rows.row_of(&visit.mailbox) as f64;
        (time.at(visit.start), area.top + (row + 0.5) * ROW)
    };
    let named = |visit: &Visit| rows.row_of(&visit.mailbox) < rows.named.len();
    let drawn = || data.campaigns.iter().take(DRAWN).enumerate().rev();
    // The most important campaign is drawn last, on top of the others.
    for (i, campaign) in drawn() {
        let link = theme::mix(theme::category(i), theme::PAPER, 0.35);
        // Links to the row that many mailboxes share would say nothing.
        let stays = campaign.stays(named);
        for (first, last) in &stays {
            canvas.path(&[place(first), place(last)], link, 2.0);
        }
        for pair in stays.windows(2) {
            canvas.path(&[place(pair[0].0), place(pair[1].0)], link, 2.0);
        }
    }
    for (i, campaign) in drawn() {
        let mut visits: Vec<&Visit> = campaign.visits.iter().collect();
        visits.sort_by(|a, b| b.amount().cmp(&a.amount()).then(a.start.cmp(&b.start)));
        for visit in visits {
            let share = if named(visit) {
                visit.amount() as f64 / most
            } else {
                0.0
            };
            let radius = 5.0 + 10.0 * share.sqrt();
            canvas.disc(place(visit), radius + 1.5, theme::PAPER);
            canvas.disc(place(visit), radius, theme::category(i));
        }
    }
}

/// The campaigns with their colours, what ties them, and their size.
fn list(canvas: &mut Canvas<'_>, area: Area, data: &CampaignMap, style: &Style) {
    let muted = Font::of(size::SMALL).color(theme::MUTED);
    let mut top = area.top;
    for (i, campaign) in data.campaigns.iter().take(DRAWN).enumerate() {
        let bold = Font::of(size::BODY).bold();
        canvas.disc((area.left + 14.0, top + 16.0), 11.0, theme::category(i));
        let left = area.left + 40.0;
        let room = area.right - left;
        let head = format!(
            "{}: {}",
            label::name(&campaign.id, 40),
            label::name(&campaign.ties.join("; "), 300)
        );
        canvas.text_middle(&bold.fit_end(&head, room), (left, top + 16.0), bold);
        let first = campaign
            .visits
            .iter()
            .map(|v| v.start)
            .min()
            .unwrap_or(data.start);
        let last = campaign
            .visits
            .iter()
            .map(|v| v.start)
            .max()
            .unwrap_or(data.start);
        let size = format!(
            "{} in {} · {} · {}{}",
            label::counted(campaign.visits.len() as u64, "session", "sessions"),
            label::counted(campaign.mailboxes(), "mailbox", "mailboxes"),
            campaign.read(),
            label::period(first, last.saturating_add(1), &style.time_zone),
            campaign
                .relation()
                .map_or_else(String::new, |relation| format!(" · {relation}")),
        );
        canvas.text_middle(&muted.fit_end(&size, room), (left, top + 42.0), muted);
        top += LIST_ROW;
    }
    if data.campaigns.len() > DRAWN {
        let more = (data.campaigns.len() - DRAWN) as u64;
        let more = label::counted(more, "campaign", "campaigns");
        let text = format!("{more} more not drawn, in campaigns.csv");
        canvas.text_middle(&text, (area.left + 40.0, top + 16.0), muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(id: &str, visits: &[(&str, i64, u64)]) -> Campaign {
        Campaign {
            id: id.to_owned(),
            ties: vec!["client x".to_owned()],
            visits: visits
                .iter()
                .map(|(mailbox, start, items)| Visit {
                    mailbox: (*mailbox).to_owned(),
                    start: *start,
                    items: *items,
                    folders: 0,
                })
                .collect(),
            folders: 0,
            same_network: Vec::new(),
        }
    }

    fn map(campaigns: Vec<Campaign>) -> CampaignMap {
        CampaignMap {
            start: 0,
            end: 1_000,
            campaigns,
        }
    }

    #[test]
    fn rows_follow_the_campaigns_in_time() {
        let data = map(vec![
            campaign("c1", &[("b", 50, 1), ("a", 20, 1)]),
            campaign("c2", &[("a", 1, 1), ("z", 2, 1)]),
        ]);
        let rows = Rows::of(&data);
        assert_eq!(rows.named, vec!["a", "b", "z"]);
        assert_eq!(rows.row_of("b"), 1);
        assert_eq!(rows.count(), 3);
    }

    #[test]
    fn the_busiest_mailboxes_keep_their_rows() {
        let names: Vec<String> = (0..5_000).map(|i| format!("m{i:04}")).collect();
        let visits: Vec<(&str, i64, u64)> = names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.as_str(), i as i64, i as u64))
            .collect();
        let data = map(vec![campaign("c1", &visits)]);
        let rows = Rows::of(&data);
        assert_eq!(rows.named.len(), ROWS);
        assert_eq!(rows.named.last(), Some(&"m4999"));
        assert_eq!(rows.others, 5_000 - ROWS);
        assert_eq!(rows.row_of("m0000"), ROWS);
    }

    #[test]
    fn campaigns_of_one_network_name_each_other() {
        let mut one = campaign("C1", &[("a", 1, 1)]);
        assert_eq!(one.relation(), None);
        one.same_network = vec!["C2".to_owned()];
        assert_eq!(one.relation().as_deref(), Some("same network as C2"));
        one.same_network = (2..8).map(|n| format!("C{n}")).collect();
        assert_eq!(
            one.relation().as_deref(),
            Some("same network as C2, C3, C4 and 3 more")
        );
    }

    #[test]
    fn title_counts_campaigns_and_mailboxes() {
        let one = campaign("c1", &[("a", 1, 1), ("b", 2, 1), ("a", 3, 1)]);
        assert_eq!(
            title(&map(vec![one.clone()])),
            "One campaign: 3 sessions in 2 mailboxes, tied by client x"
        );
        let two = campaign("c2", &[("a", 1, 1)]);
        assert_eq!(
            title(&map(vec![one, two])),
            "2 campaigns: 4 sessions in 2 mailboxes; the largest reached 2"
        );
        assert!(title(&map(vec![])).starts_with("No campaign"));
    }
}

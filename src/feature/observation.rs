//! What one session shows: its categories, its measures, and the circumstances that they are judged in.

use serde::{Deserialize, Serialize};

use super::change::Action;
use super::symbols::Symbol;
use crate::event::ClientFamily;

/// A kind of category whose novelty is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum CategoryKind {
    /// `ClientAppId`, else `AppId`.
    Application,
    /// Application with the client string, version numbers removed.
    Client,
    /// Actor with logon type.
    Actor,
    /// Network, IPv4 /24 or IPv6 /48.
    Network,
    /// The provider's block around the network, or its autonomous system where known.
    Block,
    /// Country, where known.
    Country,
    /// The client string whole, with its version numbers, where it has any: an outdated browser is a category of its
    /// own.
    Version,
    /// The application with the block that it comes from, of applications that act by themselves: people travel, services
    /// stay.
    Origin,
}

impl CategoryKind {
    /// How many kinds there are.
    pub const COUNT: usize = 8;
    /// All kinds, in the order of [`Observation::categories`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::Application,
        Self::Client,
        Self::Actor,
        Self::Network,
        Self::Block,
        Self::Country,
        Self::Version,
        Self::Origin,
    ];
}

/// How a session reaches the mailbox: people and machines keep different hours, volumes and networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Channel {
    /// A person at a screen: Outlook, Outlook on the web, and whatever else keeps a session.
    Interactive,
    /// A phone, or a mail program that fetches by itself (IMAP, POP): background refresh, at all hours, from changing networks.
    Mobile,
    /// An application that acts by itself: REST, EWS, Graph, scripts and the services of the datacenter.
    Application,
}

impl Channel {
    /// How many channels there are.
    pub const COUNT: usize = 3;

    pub(super) fn of(family: ClientFamily) -> Self {
        match family {
            ClientFamily::OutlookMobile
            | ClientFamily::ActiveSync
            | ClientFamily::Imap
            | ClientFamily::Pop => Self::Mobile,
            ClientFamily::Rest
            | ClientFamily::Ews
            | ClientFamily::Transport
            | ClientFamily::Smtp
            | ClientFamily::PowerShell
            | ClientFamily::Service => Self::Application,
            _ => Self::Interactive,
        }
    }
}

/// A measured quantity of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Measure {
    /// Items read through Bind.
    Items,
    /// Most items within five minutes.
    Burst,
    /// Bytes of the items read.
    Bytes,
    /// Distinct folders.
    Folders,
    /// Folders synchronised.
    Syncs,
    /// Items and synchronised folders of the same client and network on the same day.
    DayItems,
    /// Messages sent.
    Sends,
    /// Messages deleted.
    Deletes,
    /// Searches and failed operations.
    Searches,
}

/// Every measure, in the order of [`Observation::measures`].
pub const MEASURES: [Measure; 9] = [
    Measure::Items,
    Measure::Burst,
    Measure::Bytes,
    Measure::Folders,
    Measure::Syncs,
    Measure::DayItems,
    Measure::Sends,
    Measure::Deletes,
    Measure::Searches,
];

/// Cells of the week: 24 hours of working days, then 24 hours of weekends.
pub const WEEK_CELLS: usize = 48;

/// The hour of day (0 to 23, UTC) and whether it is a weekend, of a cell of the week.
pub fn week_cell_hour(cell: usize) -> (usize, bool) {
    (cell % 24, cell >= 24)
}

/// What one session showed.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Index of the session in the batch.
    pub session: usize,
    /// Days since 1970 UTC.
    pub day: i32,
    /// Mailbox.
    pub mailbox: Symbol,
    /// How the mailbox was reached.
    pub channel: Channel,
    /// Client family, the finer class for volumes.
    pub family: ClientFamily,
    /// Category of each [`CategoryKind`]; 0 where the log has none.
    pub categories: [Symbol; CategoryKind::COUNT],
    /// Value of each [`Measure`], in its unit.
    pub measures: [f64; MEASURES.len()],
    /// Most serious change of settings.
    pub action: Action,
    /// Cell of the week of the middle event.
    pub week_cell: usize,
    /// Whether the session touched the mailbox at all (sign-ins alone do not).
    pub touches_mailbox: bool,
    /// Whether somebody other than the owner acted: a delegate, an administrator, a service.
    pub delegated: bool,
    /// Whether it only changed settings, through what names no client in the log: an administrator's console, or the service.
    pub administrative: bool,
    /// Whether the service throttled the logging of the mailbox: evidence is missing.
    pub throttled: bool,
    /// Who acted, by name alone; 0 where the log has none.
    pub who: Symbol,
    /// Hash of the `SessionId`; 0 where the log has none.
    pub token: u64,
    /// Whether an analyst has allowed the session.
    pub allowed: bool,
}

impl Observation {
    /// The category of a kind; 0 when absent.
    pub fn category(&self, kind: CategoryKind) -> Symbol {
        self.categories[kind as usize]
    }

    /// The value of a measure.
    pub fn measure(&self, measure: Measure) -> f64 {
        self.measures[measure as usize]
    }
}

#[cfg(test)]
impl Observation {
    /// A person at a screen who opens mailbox 1 on a day, in a network.
    pub(crate) fn visit(day: i32, network: Symbol) -> Self {
        let mut categories = [0; CategoryKind::COUNT];
        categories[CategoryKind::Network as usize] = network;
        Self {
            session: 0,
            day,
            mailbox: 1,
            channel: Channel::Interactive,
            family: ClientFamily::Owa,
            categories,
            measures: [0.0; MEASURES.len()],
            action: Action::None,
            week_cell: 3,
            touches_mailbox: true,
            delegated: false,
            administrative: false,
            throttled: false,
            who: 0,
            token: 0,
            allowed: false,
        }
    }
}

//! Codes to words: how sessions, clients and times are named to people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::event::{Coded, EventColumns, LogonType};
use crate::session::{EXCHANGE_ONLINE, Session, block_name};

/// Names the parts of sessions of one event table, with times in one zone.
pub struct Naming<'a> {
    columns: &'a EventColumns<'a>,
    zone: TimeZone,
    application_name: &'a (dyn Fn(&str) -> Option<&'static str> + Sync),
    later_days: bool,
}

impl<'a> Naming<'a> {
    /// `application_name` knows the well-known application ids.
    pub fn new(
        columns: &'a EventColumns<'a>,
        zone: TimeZone,
        application_name: &'a (dyn Fn(&str) -> Option<&'static str> + Sync),
    ) -> Self {
        Self {
            columns,
            zone,
            application_name,
            later_days: false,
        }
    }

    /// For sessions that were judged by later days as well as by earlier ones.
    #[must_use]
    pub fn judged_by_later_days(mut self, later_days: bool) -> Self {
        self.later_days = later_days;
        self
    }

    /// Days other than the session's, counted, as they are called: earlier ones, unless it was judged by later ones, too.
    pub(crate) fn other_days(&self, days: u32) -> String {
        let kind = if self.later_days { "other" } else { "earlier" };
        let unit = if days == 1 { "day" } else { "days" };
        format!("{days} {kind} {unit}")
    }

    /// The columns that the codes belong to.
    pub fn columns(&self) -> &'a EventColumns<'a> {
        self.columns
    }

    /// The mailbox's address.
    pub fn mailbox(&self, session: &Session) -> &'a str {
        text(&self.columns.mailbox, session.mailbox)
    }

    /// The actor's address or name.
    pub fn actor(&self, session: &Session) -> &'a str {
        text(&self.columns.actor, session.actor)
    }

    /// `ClientAppId`, else `AppId`, as in the log.
    pub fn application_id(&self, session: &Session) -> &'a str {
        match text(&self.columns.client_app_id, session.client_app_id) {
            "" => text(&self.columns.app_id, session.app_id),
            id => id,
        }
    }

    /// The application in words: its well-known name, else its id, shortened.
    pub fn application(&self, session: &Session) -> String {
        let id = self.application_id(session);
        match (self.application_name)(id) {
            Some(name) => format!("application {name}"),
            None if id.is_empty() => "application without an id".to_owned(),
            None => format!("application {}", short_id(id)),
        }
    }

    /// Well-known name of the application; empty when it has none.
    pub fn application_name(&self, session: &Session) -> &'static str {
        (self.application_name)(self.application_id(session)).unwrap_or("")
    }

    /// The client in words: family, and the application where that says more.
    pub fn client(&self, session: &Session) -> String {
        let family = session.client_family.as_str();
        let id = self.application_id(session);
        if id.is_empty() || id == EXCHANGE_ONLINE {
            return family.to_owned();
        }
        match (self.application_name)(id) {
            Some(name) => name.to_owned(),
            None => format!("{family}, application {}", short_id(id)),
        }
    }

    /// The client string as logged.
    pub fn client_info(&self, session: &Session) -> &'a str {
        text(&self.columns.client_info, session.client_info)
    }

    /// The network as the log has it: an address block, or `microsoft`; empty when there is none.
    pub fn network_name(&self, session: &Session) -> &'a str {
        text(&self.columns.network, session.network)
    }

    /// The network with its country and autonomous system where known.
    pub fn network(&self, session: &Session) -> String {
        let network = match text(&self.columns.network, session.network) {
            "" => "an unknown network",
            "microsoft" => "Microsoft's service network",
            network => network,
        };
        let mut name = network.to_owned();
        let country = text(&self.columns.country, session.country);
        match (session.asn, country) {
            (0, "") => {}
            (0, country) => name.push_str(&format!(" ({country})")),
            (asn, "") => name.push_str(&format!(" (AS{asn})")),
            (asn, country) => name.push_str(&format!(" (AS{asn}, {country})")),
        }
        name
    }

    /// The autonomous system or the block that the network belongs to, with the network: what is known of a network is counted by
    /// these.
    pub fn network_in_block(&self, session: &Session) -> String {
        let network = text(&self.columns.network, session.network);
        let block = block_name(network);
        let name = self.network(session);
        if session.asn != 0 {
            match text(&self.columns.country, session.country) {
                "" => format!("AS{} around {network}", session.asn),
                country => format!("AS{} ({country}) around {network}", session.asn),
            }
        } else if block == network {
            name
        } else {
            format!("the block {block} around {name}")
        }
    }

    /// The logon type in words; empty when the log has none.
    pub fn logon_type(&self, session: &Session) -> &'static str {
        if session.logon_type == u8::MAX {
            ""
        } else {
            LogonType::from_u8(session.logon_type).as_str()
        }
    }

    /// Hour and minute in the zone of the run.
    pub fn clock(&self, time_ms: i64) -> String {
        self.at(time_ms, "%H:%M")
    }

    /// Date, hour and minute in the zone of the run.
    pub fn moment(&self, time_ms: i64) -> String {
        self.at(time_ms, "%Y-%m-%d %H:%M")
    }

    /// The zone of the run.
    pub fn time_zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// Name of the zone of the run.
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Whether it was Saturday or Sunday in the zone of the run.
    pub fn is_weekend(&self, time_ms: i64) -> bool {
        matches!(self.at(time_ms, "%u").as_str(), "6" | "7")
    }

    fn at(&self, time_ms: i64, format: &str) -> String {
        Timestamp::from_millisecond(time_ms)
            .map(|time| {
                time.to_zoned_datetime(self.zone.clone())
                    .strftime(format)
                    .to_string()
            })
            .unwrap_or_default()
    }
}

fn text<'a>(coded: &Coded<'a>, code: u32) -> &'a str {
    coded.names.get(code as usize).copied().unwrap_or("")
}

/// An identifier of 36 characters is unreadable; its first eight tell it apart.
fn short_id(id: &str) -> String {
    match id.char_indices().nth(12) {
        Some(_) => format!("{}…", id.chars().take(8).collect::<String>()),
        None => id.to_owned(),
    }
}

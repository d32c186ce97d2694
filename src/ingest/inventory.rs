//! How many events of what: the counts that `mailglass inspect` shows.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::application_name;
use crate::error::Error;
use crate::event::{AccessType, ClientFamily, Coded, Events, LogonType};

/// A name and its number of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The name; empty for events that carry none.
    pub name: String,
    /// Events.
    pub events: u64,
}

/// Counts of events by the columns that tell who did what through which client. Each list is sorted by falling count, then
/// by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Inventory {
    /// By operation; `MailItemsAccessed` with its access type in brackets.
    pub operations: Vec<Tally>,
    /// By mailbox.
    pub mailboxes: Vec<Tally>,
    /// By actor.
    pub actors: Vec<Tally>,
    /// By kind of client.
    pub client_families: Vec<Tally>,
    /// By application (`ClientAppId`), with its name where it is well known.
    pub applications: Vec<Tally>,
    /// By kind of logon.
    pub logon_types: Vec<Tally>,
    /// By network.
    pub networks: Vec<Tally>,
    /// By country.
    pub countries: Vec<Tally>,
}

/// Counts the events.
///
/// # Errors
/// [`Error::Table`] when the table lacks a column, which only a defect can cause.
pub fn inventory(events: &Events) -> Result<Inventory, Error> {
    let columns = events.columns()?;
    let mut operations: FxHashMap<(u32, u8), u64> = FxHashMap::default();
    for (&operation, &access) in columns.operation.codes.iter().zip(columns.access) {
        *operations.entry((operation, access)).or_default() += 1;
    }
    let operations = operations.into_iter().map(|((operation, access), events)| {
        let name = columns
            .operation
            .names
            .get(operation as usize)
            .copied()
            .unwrap_or("");
        let name = match AccessType::from_u8(access) {
            AccessType::None => name.to_owned(),
            access => format!("{name} ({})", access.as_str()),
        };
        Tally { name, events }
    });
    let mut applications = by_name(&columns.client_app_id);
    for tally in &mut applications {
        if let Some(name) = application_name(&tally.name) {
            tally.name = format!("{} ({name})", tally.name);
        }
    }
    Ok(Inventory {
        operations: sorted(operations.collect()),
        mailboxes: by_name(&columns.mailbox),
        actors: by_name(&columns.actor),
        client_families: by_number(columns.client_family, |family| {
            ClientFamily::from_u8(family).as_str()
        }),
        applications,
        logon_types: by_number(columns.logon_type, |logon| {
            LogonType::from_u8(logon).as_str()
        }),
        networks: by_name(&columns.network),
        countries: by_name(&columns.country),
    })
}

fn by_name(column: &Coded<'_>) -> Vec<Tally> {
    let mut counts = vec![0u64; column.names.len()];
    for &code in column.codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let tallies = column
        .names
        .iter()
        .zip(counts)
        .filter(|(_, events)| *events > 0);
    sorted(
        tallies
            .map(|(name, events)| Tally {
                name: (*name).to_owned(),
                events,
            })
            .collect(),
    )
}

fn by_number(column: &[u8], name: impl Fn(u8) -> &'static str) -> Vec<Tally> {
    let mut counts = [0u64; 256];
    for &value in column {
        counts[usize::from(value)] += 1;
    }
    let tallies = (0u8..=255).zip(counts).filter(|(_, events)| *events > 0);
    sorted(
        tallies
            .map(|(value, events)| Tally {
                name: name(value).to_owned(),
                events,
            })
            .collect(),
    )
}

fn sorted(mut tallies: Vec<Tally>) -> Vec<Tally> {
    tallies.sort_by(|left, right| {
        right
            .events
            .cmp(&left.events)
            .then_with(|| left.name.cmp(&right.name))
    });
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn events_are_counted_by_name_the_largest_first() -> Result<(), Error> {
        let event = |id: &str, mailbox: &str, access| Event {
            record_id: id.into(),
            mailbox: mailbox.into(),
            operation: "MailItemsAccessed".into(),
            access,
            client_app_id: "00000003-0000-0000-c000-000000000000".into(),
            ..Event::default()
        };
        let events = Events::from_events([
            event("1", "b@x", AccessType::Bind),
            event("2", "b@x", AccessType::Sync),
            event("3", "a@x", AccessType::Bind),
            event("4", "c@x", AccessType::Bind),
        ])?;
        let inventory = inventory(&events)?;
        let listed = |tallies: &[Tally]| {
            tallies
                .iter()
                .map(|tally| format!("{} {}", tally.name, tally.events))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            listed(&inventory.operations),
            ["MailItemsAccessed (Bind) 3", "MailItemsAccessed (Sync) 1"]
        );
        assert_eq!(listed(&inventory.mailboxes), ["b@x 2", "a@x 1", "c@x 1"]);
        assert_eq!(
            listed(&inventory.applications),
            ["00000003-0000-0000-c000-000000000000 (Microsoft Graph) 4"]
        );
        assert_eq!(listed(&inventory.countries), [" 4"]);
        Ok(())
    }
}

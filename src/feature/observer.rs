//! Sessions to observations.

use rustc_hash::FxHashMap;

use super::change::most_serious_change;
use super::observation::{CategoryKind, Channel, MEASURES, Measure, Observation};
use super::symbols::{Symbol, Symbols};
use crate::event::{ClientFamily, Coded, EventColumns, LogonType, Operation};
use crate::session::{AddressBlocks, EXCHANGE_ONLINE, Session, stable_hash};

/// Observes sessions, in their order. New texts are added to `symbols` in that order, so the numbers are the same
/// for any number of threads.
pub fn observe(
    sessions: &[Session],
    columns: &EventColumns<'_>,
    symbols: &mut Symbols,
) -> Vec<Observation> {
    Observer::new(columns).observe(sessions, symbols)
}

/// Observes the sessions of one log, all at once or day by day.
pub struct Observer<'a> {
    columns: &'a EventColumns<'a>,
    blocks: AddressBlocks,
    operations: Vec<Operation>,
    texts: TextCache,
}

impl<'a> Observer<'a> {
    /// An observer of the sessions that were cut out of these events.
    pub fn new(columns: &'a EventColumns<'a>) -> Self {
        Self {
            columns,
            blocks: AddressBlocks::new(&columns.network),
            operations: columns.operations(),
            texts: TextCache::default(),
        }
    }

    /// As [`observe`]. All sessions of a day must come in one call, because some measures count over the day.
    pub fn observe(&mut self, sessions: &[Session], symbols: &mut Symbols) -> Vec<Observation> {
        let mut observations: Vec<Observation> = sessions
            .iter()
            .enumerate()
            .map(|(index, session)| self.observe_one(index, session, symbols))
            .collect();
        add_day_items(&mut observations);
        observations
    }

    fn observe_one(
        &mut self,
        index: usize,
        session: &Session,
        symbols: &mut Symbols,
    ) -> Observation {
        let Self {
            columns,
            blocks,
            operations,
            texts,
        } = self;
        let application = application_of(session, columns);
        let info = name(&columns.client_info, session.client_info);
        let administrative = info.is_empty() && only_changes(session);
        let client = texts.get(
            symbols,
            (
                Text::Client,
                session.client_app_id,
                session.app_id,
                session.client_info,
            ),
            // What names nothing is nobody in particular.
            || match format!("{application} {}", without_versions(info)) {
                nameless if nameless.trim().is_empty() => String::new(),
                client => client,
            },
        );
        // The application alone is no client.
        let client = if administrative { 0 } else { client };
        let (logon_type, is_owner) = logon_of(session, columns);
        let actor = texts.get(
            symbols,
            (Text::Actor, session.actor, u32::from(logon_type), 0),
            || format!("{} {logon_type}", name(&columns.actor, session.actor)),
        );
        let block = if session.asn != 0 {
            texts.get(symbols, (Text::System, session.asn, 0, 0), || {
                format!("AS{}", session.asn)
            })
        } else {
            texts.get(symbols, (Text::Block, session.network, 0, 0), || {
                blocks.name(blocks.of(session.network))
            })
        };
        let channel = Channel::of(session.client_family);
        let named = (
            Text::Application,
            session.client_app_id,
            session.app_id,
            session.client_family as u32,
        );
        let application_symbol = texts.get(symbols, named, || application);
        let from_somewhere = application_symbol != 0 && block != 0;
        let origin = if channel == Channel::Application && from_somewhere {
            let key = (Text::Origin, application_symbol, block, 0);
            // Never shown, and there may be millions: the symbols of the two name it as well as their texts.
            texts.get(symbols, key, || format!("{application_symbol}@{block}"))
        } else {
            0
        };
        let mut plain = |symbols: &mut Symbols, kind: Text, code: u32| {
            texts.get(symbols, (kind, code, 0, 0), || match kind {
                Text::Mailbox => name(&columns.mailbox, code),
                Text::Who => name(&columns.actor, code),
                Text::Network => name(&columns.network, code),
                Text::Country => name(&columns.country, code),
                // A protocol's name alone tells nobody apart.
                _ if info.contains('/') => info,
                _ => "",
            })
        };
        let middle = session.rows[session.rows.len() / 2] as usize;
        Observation {
            session: index,
            day: session.day,
            mailbox: plain(symbols, Text::Mailbox, session.mailbox),
            channel,
            family: session.client_family,
            categories: [
                application_symbol,
                client,
                actor,
                plain(symbols, Text::Network, session.network),
                block,
                plain(symbols, Text::Country, session.country),
                plain(symbols, Text::Version, session.client_info),
                origin,
            ],
            measures: measures(session),
            action: most_serious_change(session, columns, operations),
            week_cell: week_cell(columns.time[middle]),
            allowed: false,
            touches_mailbox: session.touches_mailbox(),
            administrative,
            throttled: session.throttled,
            who: plain(symbols, Text::Who, session.actor),
            delegated: logon_type != LogonType::Owner as u8 || !is_owner,
            token: match name(&columns.session_id, session.session_key) {
                "" => 0,
                id => stable_hash(id),
            },
        }
    }
}

/// Whether a session changed settings and did nothing else.
fn only_changes(session: &Session) -> bool {
    session.rules > 0 && session.rules + session.sign_ins == session.events
}

/// The measures that a session shows by itself, in the order of [`Measure`]; what counts over the day comes later.
fn measures(session: &Session) -> [f64; MEASURES.len()] {
    [
        session.items as f64,
        f64::from(session.burst),
        session.bytes as f64,
        f64::from(session.folders),
        f64::from(session.syncs),
        0.0,
        f64::from(session.sends),
        f64::from(session.deletes),
        f64::from(session.searches + session.failures),
    ]
}

/// The application that acted; Exchange Online where Outlook on the web names none.
fn application_of<'a>(session: &Session, columns: &EventColumns<'a>) -> &'a str {
    match (session.client_app_id, session.app_id) {
        (0, 0) if session.client_family == ClientFamily::Owa => EXCHANGE_ONLINE,
        (0, app_id) => name(&columns.app_id, app_id),
        (client_app_id, _) => name(&columns.client_app_id, client_app_id),
    }
}

/// The logon type as a number, and whether the actor has the mailbox's name. Records of administration name no logon type; who
/// acts in a mailbox of the same name is its owner.
fn logon_of(session: &Session, columns: &EventColumns<'_>) -> (u8, bool) {
    let is_owner = name(&columns.actor, session.actor) == name(&columns.mailbox, session.mailbox);
    let logon_type = match LogonType::from_u8(session.logon_type) {
        LogonType::Absent if is_owner => LogonType::Owner,
        logon_type => logon_type,
    };
    (logon_type as u8, is_owner)
}

fn name<'a>(coded: &Coded<'a>, code: u32) -> &'a str {
    coded.names[code as usize]
}

/// What a text says of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Text {
    Application,
    Client,
    Actor,
    System,
    Block,
    Origin,
    Mailbox,
    Who,
    Network,
    Country,
    Version,
}

/// The symbols of texts by the codes that they are made of, so that each is built and looked up once.
#[derive(Default)]
struct TextCache(FxHashMap<(Text, u32, u32, u32), Symbol>);

impl TextCache {
    fn get<T: AsRef<str>>(
        &mut self,
        symbols: &mut Symbols,
        key: (Text, u32, u32, u32),
        text: impl FnOnce() -> T,
    ) -> Symbol {
        *self
            .0
            .entry(key)
            .or_insert_with(|| symbols.intern(text().as_ref()))
    }
}

/// Drops digits and the dots between them: browsers update every few weeks, which is no new client.
fn without_versions(info: &str) -> String {
    let mut text = String::with_capacity(info.len());
    let mut in_number = false;
    for c in info.chars() {
        if c.is_ascii_digit() || (in_number && c == '.') {
            in_number = true;
        } else {
            in_number = false;
            text.push(c);
        }
    }
    text
}

/// The same client and network on the same day, over all its sessions: low and slow reading adds up here.
fn add_day_items(observations: &mut [Observation]) {
    let key = |o: &Observation| {
        (
            o.day,
            o.mailbox,
            o.category(CategoryKind::Client),
            o.category(CategoryKind::Block),
        )
    };
    let amount = |o: &Observation| o.measure(Measure::Items) + o.measure(Measure::Syncs);
    let mut totals: FxHashMap<_, f64> = FxHashMap::default();
    for observation in observations.iter() {
        *totals.entry(key(observation)).or_default() += amount(observation);
    }
    for observation in observations.iter_mut() {
        observation.measures[Measure::DayItems as usize] = totals[&key(observation)];
    }
}

/// The cell of the week of a moment, milliseconds since 1970 UTC.
pub(crate) fn week_cell(time_ms: i64) -> usize {
    let hour = time_ms.div_euclid(3_600_000);
    let day = hour.div_euclid(24);
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekend = (day + 3).rem_euclid(7) >= 5;
    hour.rem_euclid(24) as usize + if weekend { 24 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::week_cell_hour;

    #[test]
    fn versions_do_not_make_a_new_client() {
        assert_eq!(
            without_versions("Chrome/112.0.0.0 Safari/537.36"),
            "Chrome/ Safari/"
        );
        assert_eq!(without_versions("Client=REST;;"), "Client=REST;;");
    }

    #[test]
    fn the_week_starts_on_monday() {
        // 2023-05-15 03:12 UTC was a Monday, 2023-05-14 a Sunday.
        let monday = 1_684_120_320_000;
        assert_eq!(week_cell(monday), 3);
        assert_eq!(week_cell(monday - 86_400_000), 24 + 3);
        assert_eq!(week_cell_hour(27), (3, true));
    }
}

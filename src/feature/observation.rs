//! Sessions to observations.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::symbols::{Symbol, Symbols};
use crate::event::{ClientFamily, Coded, EventColumns, LogonType, Operation};
use crate::session::{AddressBlocks, EXCHANGE_ONLINE, Session, stable_hash};

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
    /// A phone: background refresh and changing carrier addresses.
    Mobile,
    /// An application that acts by itself: REST, EWS, Graph.
    Application,
}

impl Channel {
    /// How many channels there are.
    pub const COUNT: usize = 3;

    fn of(family: ClientFamily) -> Self {
        match family {
            ClientFamily::OutlookMobile | ClientFamily::ActiveSync => Self::Mobile,
            ClientFamily::Rest | ClientFamily::Ews | ClientFamily::Transport => Self::Application,
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

/// The most serious change that a session made to the mailbox's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Action {
    /// Nothing was changed.
    None,
    /// A rule without signs of concealment.
    Rule,
    /// A rule that hides or forwards mail, forwarding of the mailbox, or a permission for somebody else.
    Concealing,
}

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
    /// Whether the service throttled the logging of the mailbox: evidence is missing.
    pub throttled: bool,
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
            throttled: false,
            token: 0,
            allowed: false,
        }
    }
}

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
    mailboxes: SymbolCache,
    client_apps: SymbolCache,
    apps: SymbolCache,
    clients: SymbolCache,
    networks: SymbolCache,
    network_blocks: SymbolCache,
    countries: SymbolCache,
}

impl<'a> Observer<'a> {
    /// An observer of the sessions that were cut out of these events.
    pub fn new(columns: &'a EventColumns<'a>) -> Self {
        Self {
            columns,
            blocks: AddressBlocks::new(&columns.network),
            operations: columns.operations(),
            texts: TextCache::default(),
            mailboxes: SymbolCache::new(&columns.mailbox),
            client_apps: SymbolCache::new(&columns.client_app_id),
            apps: SymbolCache::new(&columns.app_id),
            clients: SymbolCache::new(&columns.client_info),
            networks: SymbolCache::new(&columns.network),
            network_blocks: SymbolCache::new(&columns.network),
            countries: SymbolCache::new(&columns.country),
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
            ..
        } = self;
        let application = match (session.client_app_id, session.app_id) {
            (0, 0) if session.client_family == ClientFamily::Owa => EXCHANGE_ONLINE,
            (0, app_id) => name(&columns.app_id, app_id),
            (client_app_id, _) => name(&columns.client_app_id, client_app_id),
        };
        let info = name(&columns.client_info, session.client_info);
        let client = texts.get(
            symbols,
            (
                0,
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
        let is_owner =
            name(&columns.actor, session.actor) == name(&columns.mailbox, session.mailbox);
        // Records of administration name no logon type. Who acts in a mailbox of the same name is its owner.
        let logon_type = match LogonType::from_u8(session.logon_type) {
            LogonType::Absent if is_owner => LogonType::Owner,
            logon_type => logon_type,
        } as u8;
        let actor = texts.get(
            symbols,
            (1, session.actor, u32::from(logon_type), 0),
            || format!("{} {logon_type}", name(&columns.actor, session.actor)),
        );
        let block = if session.asn != 0 {
            texts.get(symbols, (2, session.asn, 0, 0), || {
                format!("AS{}", session.asn)
            })
        } else {
            let block = || blocks.name(blocks.of(session.network));
            self.network_blocks.get(symbols, session.network, block)
        };
        let channel = Channel::of(session.client_family);
        let application_symbol = match (session.client_app_id, session.app_id) {
            (0, 0) => symbols.intern(application),
            (0, app_id) => self.apps.get(symbols, app_id, || application),
            (client_app_id, _) => self.client_apps.get(symbols, client_app_id, || application),
        };
        let from_somewhere = application_symbol != 0 && block != 0;
        let origin = if channel == Channel::Application && from_somewhere {
            let key = (3, application_symbol, block, 0);
            // Never shown, and there may be millions: the symbols of the two name it as well as their texts.
            texts.get(symbols, key, || format!("{application_symbol}@{block}"))
        } else {
            0
        };
        let middle = session.rows[session.rows.len() / 2] as usize;
        Observation {
            session: index,
            day: session.day,
            mailbox: self.mailboxes.get(symbols, session.mailbox, || {
                name(&columns.mailbox, session.mailbox)
            }),
            channel,
            family: session.client_family,
            categories: [
                application_symbol,
                client,
                actor,
                self.networks.get(symbols, session.network, || {
                    name(&columns.network, session.network)
                }),
                block,
                self.countries.get(symbols, session.country, || {
                    name(&columns.country, session.country)
                }),
                // A protocol's name alone tells nobody apart.
                self.clients.get(symbols, session.client_info, || {
                    if info.contains('/') { info } else { "" }
                }),
                origin,
            ],
            measures: [
                session.items as f64,
                f64::from(session.burst),
                session.bytes as f64,
                f64::from(session.folders),
                f64::from(session.syncs),
                0.0,
                f64::from(session.sends),
                f64::from(session.deletes),
                f64::from(session.searches + session.failures),
            ],
            action: most_serious_change(session, columns, operations),
            week_cell: week_cell(columns.time[middle]),
            allowed: false,
            touches_mailbox: session.touches_mailbox(),
            throttled: session.throttled,
            delegated: logon_type != LogonType::Owner as u8 || !is_owner,
            token: match name(&columns.session_id, session.session_key) {
                "" => 0,
                id => stable_hash(id),
            },
        }
    }
}

fn name<'a>(coded: &Coded<'a>, code: u32) -> &'a str {
    coded.names[code as usize]
}

/// Symbols of the texts of a dictionary by their codes, so that each is looked up once.
struct SymbolCache(Vec<Option<Symbol>>);

impl SymbolCache {
    fn new(coded: &Coded<'_>) -> Self {
        Self(vec![None; coded.names.len()])
    }

    fn get<'t>(
        &mut self,
        symbols: &mut Symbols,
        code: u32,
        text: impl FnOnce() -> &'t str,
    ) -> Symbol {
        *self.0[code as usize].get_or_insert_with(|| symbols.intern(text()))
    }
}

/// Formatted texts by the codes that they are made of, so that each is built once.
#[derive(Default)]
struct TextCache(FxHashMap<(u8, u32, u32, u32), Symbol>);

impl TextCache {
    fn get(
        &mut self,
        symbols: &mut Symbols,
        key: (u8, u32, u32, u32),
        text: impl FnOnce() -> String,
    ) -> Symbol {
        *self.0.entry(key).or_insert_with(|| symbols.intern(&text()))
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

fn week_cell(time_ms: i64) -> usize {
    let hour = time_ms.div_euclid(3_600_000);
    let day = hour.div_euclid(24);
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekend = (day + 3).rem_euclid(7) >= 5;
    hour.rem_euclid(24) as usize + if weekend { 24 } else { 0 }
}

fn most_serious_change(
    session: &Session,
    columns: &EventColumns<'_>,
    operations: &[Operation],
) -> Action {
    if session.rules == 0 {
        return Action::None;
    }
    session
        .rows
        .iter()
        .map(|&row| row as usize)
        .map(|row| {
            let operation = columns.operation.codes[row];
            judge_change(
                operations[operation as usize],
                name(&columns.operation, operation),
                name(&columns.parameters, columns.parameters.codes[row]),
            )
        })
        .max()
        .unwrap_or(Action::None)
}

/// Rules that intruders make: they move mail where nobody looks, delete it, or send it out, and carry a name of at most one
/// letter or digit (MITRE ATT&CK T1564.008, T1114.003). Giving a permission opens a way in; taking one away opens none. `called`
/// is the operation's name.
fn judge_change(operation: Operation, called: &str, parameters: &str) -> Action {
    const HIDING_PLACES: [&str; 5] = [
        "rss",
        "conversation history",
        "junk",
        "deleted items",
        "sync issues",
    ];
    let is_rule = operation == Operation::InboxRule;
    let mut action = match operation {
        Operation::Permission if called.to_ascii_lowercase().starts_with("remove") => {
            return Action::None;
        }
        Operation::Permission => return Action::Concealing,
        Operation::InboxRule => Action::Rule,
        Operation::Forwarding => Action::None,
        _ => return Action::None,
    };
    // One character says nothing in Latin letters, and may be a word in others.
    let says_nothing = |name: &str| {
        let mut letters = name.chars().filter(|c| c.is_alphanumeric());
        let first = letters.next();
        letters.next().is_none() && first.is_none_or(|letter| letter.is_ascii())
    };
    for pair in parameters.split("; ") {
        let Some((key, value)) = pair.split_once('=') else {
            continue;
        };
        let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
        let filled = !value.is_empty() && value != "false";
        let concealing = match key.as_str() {
            "deletemessage"
            | "softdeletemessage"
            | "forwardto"
            | "redirectto"
            | "forwardasattachmentto"
            | "forwardingsmtpaddress"
            | "forwardingaddress"
            | "grantsendonbehalfto" => filled,
            "movetofolder" => HIDING_PLACES.iter().any(|place| value.contains(place)),
            "name" => is_rule && says_nothing(&value),
            _ => false,
        };
        if concealing {
            action = Action::Concealing;
        }
    }
    action
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn rules_that_hide_mail_are_told_from_ordinary_ones() {
        let judged =
            |called: &str, said: &str| judge_change(Operation::classify(called), called, said);
        for (called, said, action) in [
            (
                "New-InboxRule",
                "MoveToFolder=Projects; Name=Sort invoices",
                Action::Rule,
            ),
            (
                "New-InboxRule",
                "MoveToFolder=RSS Feeds; Name=sort",
                Action::Concealing,
            ),
            ("New-InboxRule", "Name=.", Action::Concealing),
            ("New-InboxRule", "Name=税", Action::Rule),
            (
                "New-InboxRule",
                "DeleteMessage=False; Name=Newsletters",
                Action::Rule,
            ),
            ("UpdateInboxRules", "", Action::Rule),
            (
                "Set-Mailbox",
                "ForwardingSmtpAddress=smtp:a@b.example",
                Action::Concealing,
            ),
            ("Set-Mailbox", "GrantSendOnBehalfTo=eve", Action::Concealing),
            ("Set-Mailbox", "Languages=en; Name=a", Action::None),
            ("SoftDelete", "Name=.", Action::None),
        ] {
            assert_eq!(judged(called, said), action, "{called} {said}");
        }
        for given in [
            "Add-MailboxPermission",
            "Add-RecipientPermission",
            "Add-MailboxFolderPermission",
            "Set-MailboxFolderPermission",
            "AddFolderPermissions",
            "ModifyFolderPermissions",
            "UpdateFolderPermissions",
            "UpdateCalendarDelegation",
        ] {
            assert_eq!(judged(given, ""), Action::Concealing, "{given}");
        }
        // Taking a permission away opens no way in.
        for taken in [
            "Remove-MailboxPermission",
            "Remove-RecipientPermission",
            "Remove-MailboxFolderPermission",
            "RemoveFolderPermissions",
        ] {
            assert_eq!(
                judged(taken, "AccessRights=FullAccess"),
                Action::None,
                "{taken}"
            );
        }
    }
}

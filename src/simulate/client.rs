//! The mail clients and applications of a tenant, as they name themselves in a log.
//!
//! Strings and application ids: Microsoft's first-party application list, and the client strings counted in a real lab tenant's log of 2021
//! (`Client=REST;Client=RESTSystem;;` the commonest, OWA without a `ClientAppId`, Outlook with a process name). Version numbers advance
//! every four weeks, as browsers' do. Names of third-party add-ins and their ids are invented.

use super::foreign::Foreign;
use super::office::Calendar;
use super::random::{Stream, generator, hashed, token};
use super::record::{Action, Sending};

/// Exchange Online.
pub(super) const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
/// Microsoft Graph.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Client string of records that come through OWA's own proxy.
pub(super) const OWA_PROXY: &str = "Client=OWA;Action=ViaProxy";
const OUTLOOK_MOBILE: &str = "27922004-5251-4030-b22d-91ecd9a37ea4";
const OFFICE: &str = "d3590ed6-52b3-4102-aeff-aad2292ab01c";
const OUTLOOK_WEB: &str = "9199bf20-a13f-4107-85dc-02114787ef48";
const TEAMS: &str = "1fec8e78-bce4-4aaf-ab1b-5451cc387264";
const APPLE_MAIL: &str = "f8d98a96-0999-43f5-8af3-69971c7bb423";

/// How a client appears in records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// `ClientInfoString`.
    pub(super) info: String,
    /// `AppId`: the resource's or the caller's application.
    pub(super) app_id: Option<String>,
    /// `ClientAppId`: the calling application; Outlook and OWA do not log one.
    pub(super) client_app_id: Option<String>,
    /// `ClientProcessName` and `ClientVersion`.
    pub(super) process: Option<(&'static str, String)>,
    /// Whether records carry a `SessionId`.
    pub(super) session: bool,
    /// OWA, whose records are uneven: see [`Client::unevenness`].
    pub(super) web: bool,
    /// User agent of its sign-ins.
    pub(super) user_agent: String,
    /// Application of its sign-ins.
    pub(super) sign_in: String,
    /// `AppAccessContext.ClientAppName`, where the service knows one.
    pub(super) name: Option<&'static str>,
}

/// What OWA does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Unevenness {
    /// The record comes through OWA's own proxy and names no browser.
    pub(super) proxied: bool,
    /// The record carries neither `AppId` nor `SessionId`.
    pub(super) bare: bool,
}

impl Client {
    /// How a record of OWA differs from its neighbours of the same sitting.
    ///
    /// In a real lab log, 20 of 57 OWA reads were proxied and 14 were bare, mixed within one sitting and often within the same minute; mail
    /// was sent through the proxy throughout.
    pub(super) fn unevenness(&self, action: Action, seed: u64) -> Unevenness {
        let reads = matches!(action, Action::Bind { .. });
        let sends = action == Action::Write(Sending::Send);
        Unevenness {
            proxied: self.web
                && (sends && hashed(seed, 31, 3) > 0 || reads && hashed(seed, 31, 3) == 0),
            bare: self.web && reads && hashed(seed, 32, 4) == 0,
        }
    }
}

/// Index of a client in [`Clients::all`].
pub(super) type ClientId = u16;

/// Browsers of OWA users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Browser {
    Edge,
    Chrome,
    Firefox,
    Safari,
}

/// What someone reads mail with. Versions are resolved by day, since programs update themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Outlook on Windows, in one of two update channels.
    Outlook { slow: bool },
    /// Outlook on the web.
    Web(Browser),
    /// A program whose string does not change with its version.
    Fixed(ClientId),
}

/// All clients of the tenant.
pub(super) struct Clients {
    /// Every client string, by number.
    pub(super) all: Vec<Client>,
    outlook: Vec<ClientId>,
    browsers: [Vec<ClientId>; 4],
    first_month: i64,
    pub(super) outlook_ios: ClientId,
    pub(super) outlook_android: ClientId,
    pub(super) outlook_mac: ClientId,
    /// Built-in mail programs of several phone models.
    pub(super) phones: Vec<ClientId>,
    pub(super) imap: ClientId,
    pub(super) teams: ClientId,
    /// Microsoft's own services, the busiest first.
    pub(super) services: Vec<ClientId>,
    /// Third-party add-ins over Graph.
    pub(super) add_ins: Vec<ClientId>,
    pub(super) crm: ClientId,
    pub(super) backup: ClientId,
    /// A first-party application that nobody used before its roll-out.
    pub(super) rolled_out: ClientId,
    /// Clients that only attackers bring.
    pub(super) foreign: Foreign,
}

/// Browser versions and Outlook builds advance about every four weeks.
const RELEASE_DAYS: i64 = 28;

/// The lab log's application ids behind `Client=REST;Client=RESTSystem;;`: `AppId`, `ClientAppId`.
const SERVICES: [(&str, &str); 7] = [
    (
        "8a18aa92-0a1e-4e06-abd0-e118fa4787b1",
        "3c8e478f-21ca-493a-b87c-c7366d664d54",
    ),
    (
        "b6e65498-8dce-4d57-8de9-1269fcfcf6ce",
        "3c8e478f-21ca-493a-b87c-c7366d664d54",
    ),
    (
        "f3f64fec-ecee-4e9a-9eed-a36a5e421300",
        "f3f64fec-ecee-4e9a-9eed-a36a5e421300",
    ),
    (
        "5a2ee4c5-13b8-465b-88d7-75ecf16830ad",
        "3c8e478f-21ca-493a-b87c-c7366d664d54",
    ),
    (
        "7a5fbd1c-3e6d-461a-9075-83049393b3a7",
        "7a5fbd1c-3e6d-461a-9075-83049393b3a7",
    ),
    (
        "13937bba-652e-4c46-b222-3003f4d1ff97",
        "13937bba-652e-4c46-b222-3003f4d1ff97",
    ),
    (
        "66a88757-258c-4c72-893c-3e8bed4d6899",
        "3c8e478f-21ca-493a-b87c-c7366d664d54",
    ),
];
/// Further services, invented: the long tail that any mailbox meets now and then.
const MORE_SERVICES: usize = 14;
/// Add-ins that a tenant's people have consented to at some time.
const ADD_INS: usize = 30;

/// The client strings collected so far.
pub(super) struct Table {
    all: Vec<Client>,
}

impl Table {
    pub(super) fn add(&mut self, client: Client) -> ClientId {
        self.all.push(client);
        (self.all.len() - 1) as ClientId
    }
}

pub(super) fn web(agent: String) -> Client {
    Client {
        info: format!("Client=OWA;{agent};"),
        app_id: Some(EXCHANGE.to_owned()),
        client_app_id: None,
        process: None,
        session: true,
        web: true,
        user_agent: agent,
        sign_in: OUTLOOK_WEB.to_owned(),
        name: None,
    }
}

pub(super) fn application(info: &str, app_id: &str, client_app_id: &str) -> Client {
    Client {
        info: info.to_owned(),
        app_id: Some(app_id.to_owned()),
        client_app_id: Some(client_app_id.to_owned()),
        process: None,
        session: false,
        web: false,
        user_agent: "-".to_owned(),
        sign_in: client_app_id.to_owned(),
        name: None,
    }
}

pub(super) fn chrome(major: i64) -> String {
    format!(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    )
}

/// The user agent of a browser at a version counted in the numbering of Chrome.
fn agent(browser: Browser, major: i64) -> String {
    // Logs from before the numbering began get early versions.
    let major = major.max(40);
    match browser {
        Browser::Chrome => chrome(major),
        Browser::Edge => format!("{} Edg/{major}.0.0.0", chrome(major)),
        // Firefox 121 came with Chrome 120.
        Browser::Firefox => {
            let major = major + 1;
            format!("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0")
        }
        Browser::Safari => {
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15".to_owned()
        }
    }
}

/// An invented GUID as text.
pub(super) fn invented_guid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        (high >> 32) as u32,
        (high >> 16) as u16,
        high & 0xFFF,
        ((low >> 48) as u16 & 0x3FFF) | 0x8000,
        low & 0xFFFF_FFFF_FFFF
    )
}

impl Clients {
    /// The clients of a tenant over a period.
    pub(super) fn new(seed: u64, calendar: &Calendar) -> Self {
        let mut rng = generator(seed, Stream::Clients, [0, 0]);
        let mut guid = || invented_guid(token(&mut rng), token(&mut rng));
        let mut table = Table { all: Vec::new() };
        let first_month = calendar.since_2024(0).div_euclid(RELEASE_DAYS) - 2;
        let months = calendar.since_2024(calendar.days).div_euclid(RELEASE_DAYS) + 2 - first_month;
        let outlook = (0..months)
            .map(|month| table.add(Self::outlook_build(first_month + month)))
            .collect();
        // Chrome 120 was current on 1 January 2024.
        let browsers = [
            Browser::Edge,
            Browser::Chrome,
            Browser::Firefox,
            Browser::Safari,
        ]
        .map(|browser| {
            (0..months)
                .map(|month| table.add(web(agent(browser, 120 + first_month + month))))
                .collect()
        });
        let services = SERVICES
            .iter()
            .map(|&(app, caller)| (app.to_owned(), caller.to_owned()))
            .chain((0..MORE_SERVICES).map(|_| (guid(), SERVICES[0].1.to_owned())))
            .map(|(app, caller)| {
                table.add(application(
                    "Client=REST;Client=RESTSystem;;",
                    &app,
                    &caller,
                ))
            })
            .collect::<Vec<_>>();
        let add_ins = (0..ADD_INS)
            .map(|_| table.add(application("Client=REST;;", GRAPH, &guid())))
            .collect::<Vec<_>>();
        let android = guid();
        let phones = [
            "Apple-iPhone15C2/2102.79",
            "Apple-iPhone14C6/2101.61",
            "Android-SAMSUNG-SM-S911B/101.14",
            "Android-Pixel7/14.0.0",
        ]
        .map(|model| {
            let mut client = application(
                &format!("Client=ActiveSync;UserAgent={model};Action="),
                EXCHANGE,
                if model.starts_with("Apple") {
                    APPLE_MAIL
                } else {
                    android.as_str()
                },
            );
            client.user_agent = model.to_owned();
            table.add(client)
        })
        .to_vec();
        let mobile = |system: &str| {
            let mut client = application(
                &format!("Client=OutlookService;Outlook-{system}/2.0;"),
                OUTLOOK_MOBILE,
                OUTLOOK_MOBILE,
            );
            client.user_agent = format!("Outlook-{system}/2.0");
            client.session = true;
            client.name = Some("Outlook Mobile");
            client
        };
        let mut mac = application(
            "Client=WebServices;MacOutlook/16.80.23121017 (Intelx64 Mac OS X Version 14.2);",
            EXCHANGE,
            OFFICE,
        );
        mac.session = true;
        let mut teams = application("Client=REST;Client=RESTSystem;;", TEAMS, TEAMS);
        teams.name = Some("Microsoft Teams");
        let foreign = Foreign::new(&mut table, &mut guid);
        Self {
            outlook,
            browsers,
            first_month,
            outlook_ios: table.add(mobile("iOS")),
            outlook_android: table.add(mobile("Android")),
            outlook_mac: table.add(mac),
            phones,
            imap: table.add(application(
                "Client=IMAP4;Protocol=IMAP4;",
                EXCHANGE,
                "9e5f94bc-e8a4-4e73-b8be-63364c29d753",
            )),
            teams: table.add(teams),
            services,
            add_ins,
            crm: table.add(application("Client=REST;;", GRAPH, &guid())),
            backup: table.add(application(
                "Client=WebServices;VaultCopy/5.1;",
                EXCHANGE,
                &guid(),
            )),
            rolled_out: table.add(application(
                "Client=REST;Client=RESTSystem;;",
                &guid(),
                &guid(),
            )),
            foreign: foreign.with_variants(&mut table, &mut guid),
            all: table.all,
        }
    }

    fn outlook_build(month: i64) -> Client {
        // Logs from before the numbering began get its first builds.
        let month = month.max(-150);
        let version = format!(
            "16.0.{}.{}",
            17_126 + month * 100,
            20_126 + month.rem_euclid(7) * 8
        );
        Client {
            info: "Client=MSExchangeRPC".to_owned(),
            app_id: None,
            client_app_id: None,
            user_agent: format!(
                "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook {version}; Pro)"
            ),
            process: Some(("OUTLOOK.EXE", version)),
            session: true,
            web: false,
            sign_in: OFFICE.to_owned(),
            name: None,
        }
    }

    /// The client that a program is on a day; `lag` is how many days after a release this installation updates.
    pub(super) fn of(&self, program: Program, calendar: &Calendar, day: i64, lag: i64) -> ClientId {
        let month =
            |lag: i64| (calendar.since_2024(day) - lag).div_euclid(RELEASE_DAYS) - self.first_month;
        let at = |versions: &[ClientId], month: i64| {
            let last = versions.len().saturating_sub(1);
            versions
                .get((month.max(0) as usize).min(last))
                .copied()
                .unwrap_or_default()
        };
        match program {
            Program::Outlook { slow } => at(
                &self.outlook,
                month(lag + if slow { RELEASE_DAYS } else { 0 }),
            ),
            Program::Web(browser) => at(&self.browsers[browser as usize], month(lag)),
            Program::Fixed(client) => client,
        }
    }

    /// A client by its number; the first one for a number that is not there.
    pub(super) fn get(&self, id: ClientId) -> &Client {
        self.all.get(usize::from(id)).unwrap_or(&self.all[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_update_themselves() {
        let calendar = Calendar::new(jiff::civil::date(2024, 1, 8), 60);
        let clients = Clients::new(1, &calendar);
        let chrome = |day, lag| {
            clients
                .get(clients.of(Program::Web(Browser::Chrome), &calendar, day, lag))
                .info
                .clone()
        };
        assert!(chrome(0, 0).contains("Chrome/120."));
        assert!(chrome(21, 0).contains("Chrome/121."));
        assert!(chrome(21, 5).contains("Chrome/120."));
        let outlook = clients.get(clients.of(Program::Outlook { slow: true }, &calendar, 0, 0));
        assert_eq!(outlook.info, "Client=MSExchangeRPC");
        assert_eq!(outlook.client_app_id, None);
        assert!(outlook.process.is_some());
    }

    #[test]
    fn an_invented_guid_is_a_random_one_by_its_form() {
        let guid = invented_guid(u64::MAX, u64::MAX);
        assert_eq!(guid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(invented_guid(0, 0), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn owa_is_as_uneven_as_the_real_log() {
        let clients = Clients::new(1, &Calendar::new(jiff::civil::date(2024, 1, 8), 30));
        let share = |client: &Client, action, of: fn(&Unevenness) -> bool| {
            let drawn = (0..8_000).filter(|&seed| of(&client.unevenness(action, seed)));
            drawn.count() as f64 / 8_000.0
        };
        let bind = Action::Bind {
            newest: 9,
            count: 1,
        };
        let script = clients.get(clients.foreign.script);
        assert!((share(script, bind, |uneven| uneven.proxied) - 20.0 / 57.0).abs() < 0.03);
        assert!((share(script, bind, |uneven| uneven.bare) - 14.0 / 57.0).abs() < 0.03);
        assert_eq!(
            share(script, Action::Sync { folder: 0 }, |uneven| uneven.proxied
                || uneven.bare),
            0.0
        );
        let teams = clients.get(clients.teams);
        assert_eq!(
            share(teams, bind, |uneven| uneven.proxied || uneven.bare),
            0.0
        );
    }
}

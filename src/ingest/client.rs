//! Client strings: which kind of client, which version.
//!
//! Mailbox records say `Client=<protocol>;<agent>;...`; desktop Outlook also gives `ClientProcessName` and
//! `ClientVersion`; sign-ins give the browser's user agent.

use std::borrow::Cow;

use crate::event::ClientFamily;

/// What a record says about its client.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClientText<'a> {
    /// `ClientInfoString` or user agent.
    pub(crate) info: &'a str,
    /// `ClientProcessName`.
    pub(crate) process: &'a str,
    /// `ClientVersion`.
    pub(crate) version: &'a str,
    /// The record is a sign-in, its client string a user agent.
    pub(crate) sign_in: bool,
}

/// Family and version; the version is empty when nothing tells it.
pub(crate) fn parse_client(client: ClientText<'_>) -> (ClientFamily, String) {
    let info = client.info.trim();
    let family = if info.is_empty() {
        process_family(client.process)
    } else {
        string_family(info, client)
    };
    let version = match family {
        ClientFamily::Owa | ClientFamily::Browser => browser(info),
        _ if !client.version.trim().is_empty() => client.version.trim().to_owned(),
        ClientFamily::Rest => rest_kind(info),
        _ => product_version(info),
    };
    (family, version)
}

/// A client string without what was asked for: ActiveSync writes the command of every request behind the device
/// (`Action=/Microsoft-Server-ActiveSync/default.eas?Cmd=Ping`), which is no other client.
pub(crate) fn without_request(info: &str) -> Cow<'_, str> {
    let info = info.trim();
    let protocol = info.split([';', '/']).next().unwrap_or_default();
    if !["Client=ActiveSync", "Client=AirSync"]
        .iter()
        .any(|known| protocol.eq_ignore_ascii_case(known))
    {
        return Cow::Borrowed(info);
    }
    let is_request = |part: &&str| part.trim_start().starts_with("Action=");
    if !info.split(';').any(|part| is_request(&part)) {
        return Cow::Borrowed(info);
    }
    let parts: Vec<&str> = info.split(';').filter(|part| !is_request(part)).collect();
    Cow::Owned(parts.join(";"))
}

fn process_family(process: &str) -> ClientFamily {
    let process = process.trim();
    if process.is_empty() {
        ClientFamily::Unknown
    } else if process.to_ascii_lowercase().contains("outlook") {
        ClientFamily::OutlookDesktop
    } else {
        ClientFamily::Other
    }
}

fn string_family(info: &str, client: ClientText<'_>) -> ClientFamily {
    let lower = info.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("client=") else {
        return agent_family(&lower, client.sign_in);
    };
    let protocol = rest.split([';', '/', ' ']).next().unwrap_or_default();
    // Outlook for phones and for Mac speak general protocols under their own names.
    if lower.contains("outlook-ios")
        || lower.contains("outlook-android")
        || protocol == "outlookservice"
    {
        return ClientFamily::OutlookMobile;
    }
    if lower.contains("macoutlook") || lower.contains("microsoft outlook") {
        return ClientFamily::OutlookDesktop;
    }
    match protocol {
        "owa" | "msexchangeowa" => ClientFamily::Owa,
        "msexchangerpc" | "mapi" | "mapihttp" | "rpc" => ClientFamily::OutlookDesktop,
        "rest" | "restsystem" | "graph" | "microsoft.graph" => ClientFamily::Rest,
        "webservices" | "ews" => ClientFamily::Ews,
        "pop3" if lower.contains("protocol=imap4") => ClientFamily::Imap,
        "imap4" | "imap" => ClientFamily::Imap,
        "pop3" | "pop" => ClientFamily::Pop,
        "activesync" | "airsync" => ClientFamily::ActiveSync,
        "remotepowershell" | "powershell" | "management" | "ecp" | "psws" => {
            ClientFamily::PowerShell
        }
        "hub" | "hubtransport" | "transport" | "storedriver" | "mailboxtransport" => {
            ClientFamily::Transport
        }
        "smtp" | "authenticatedsmtp" => ClientFamily::Smtp,
        "tba"
        | "timebased"
        | "timebasedassistants"
        | "eba"
        | "eventbased"
        | "elc"
        | "ci"
        | "ediscoverysearch"
        | "monitoring"
        | "unifiedaudit"
        | "unifiedpolicy"
        | "publicfoldersystem"
        | "inference"
        | "sharedmailbox"
        | "microsoftsearch"
        | "substrate" => ClientFamily::Service,
        _ => ClientFamily::Other,
    }
}

fn agent_family(lower: &str, sign_in: bool) -> ClientFamily {
    if lower.contains("outlook-ios")
        || lower.contains("outlook-android")
        || lower.contains("outlookmobile")
    {
        ClientFamily::OutlookMobile
    } else if lower.contains("outlook") || lower.starts_with("microsoft office/") {
        ClientFamily::OutlookDesktop
    } else if lower.starts_with("mozilla/") || lower.starts_with("opera/") {
        if sign_in {
            ClientFamily::Browser
        } else {
            ClientFamily::Owa
        }
    } else if lower.contains("exchangeservicesclient") {
        ClientFamily::Ews
    } else if lower.contains("powershell") {
        ClientFamily::PowerShell
    } else if lower.starts_with("apple-") || lower.contains("activesync") {
        ClientFamily::ActiveSync
    } else {
        ClientFamily::Other
    }
}

/// Products of a browser's user agent, the most telling first: all of them also claim to be the later ones.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// Browser and its major version: minor versions change weekly and tell nothing.
fn browser(info: &str) -> String {
    for (token, name) in BROWSERS {
        if let Some((_, after)) = info.split_once(token) {
            let major: String = after.chars().take_while(char::is_ascii_digit).collect();
            return format!("{name} {major}").trim_end().to_owned();
        }
    }
    if info.contains("Trident/") || info.contains("MSIE") {
        "Internet Explorer".to_owned()
    } else {
        String::new()
    }
}

/// The second client of a REST string (`RESTSystem`), or the product in it.
fn rest_kind(info: &str) -> String {
    match info.split(';').nth(1).map(str::trim) {
        Some(part) if part.starts_with("Client=") => part.trim_start_matches("Client=").to_owned(),
        _ => product_version(info),
    }
}

/// The first `name/1.2.3` of a client string, as `name 1.2.3`.
fn product_version(info: &str) -> String {
    for part in info.split([';', ' ', '(', ')', ',']) {
        let part = part.trim().trim_start_matches("UserAgent=");
        if let Some((name, version)) = part.split_once('/')
            && !name.is_empty()
            && !name.contains('=')
            && version.starts_with(|first: char| first.is_ascii_digit())
        {
            return format!("{name} {version}");
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(info: &str) -> (ClientFamily, String) {
        parse_client(ClientText {
            info,
            ..ClientText::default()
        })
    }

    #[test]
    fn client_strings_tell_family_and_version() {
        let chrome = "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/89.0.4389.114 Safari/537.36";
        for (info, family, version) in [
            (
                format!("Client=OWA;{chrome};"),
                ClientFamily::Owa,
                "Chrome 89",
            ),
            (
                format!("Client=OWA;{chrome} Edg/106.0.1;"),
                ClientFamily::Owa,
                "Edge 106",
            ),
            (
                "Client=REST;Client=RESTSystem;;".into(),
                ClientFamily::Rest,
                "RESTSystem",
            ),
            ("Client=REST;;".into(), ClientFamily::Rest, ""),
            (
                "Client=OutlookService;Outlook-iOS/2.0;".into(),
                ClientFamily::OutlookMobile,
                "Outlook-iOS 2.0",
            ),
            (
                "Client=WebServices;ExchangeServicesClient/15.00.0913.015;".into(),
                ClientFamily::Ews,
                "ExchangeServicesClient 15.00.0913.015",
            ),
            (
                "Client=WebServices;MacOutlook/16.49.21050901 (Intelx64 Mac OS X)".into(),
                ClientFamily::OutlookDesktop,
                "MacOutlook 16.49.21050901",
            ),
            (
                "Client=POP3/IMAP4;Protocol=IMAP4".into(),
                ClientFamily::Imap,
                "",
            ),
            (
                "Client=POP3/IMAP4;Protocol=POP3".into(),
                ClientFamily::Pop,
                "",
            ),
            (
                "Client=ActiveSync;UserAgent=Apple-iPhone9C1/1603.60;Action=Ping".into(),
                ClientFamily::ActiveSync,
                "Apple-iPhone9C1 1603.60",
            ),
            ("Client=Hub Transport".into(), ClientFamily::Transport, ""),
            (
                "Client=TBA;Service=MSExchangeMailboxAssistants".into(),
                ClientFamily::Service,
                "",
            ),
            ("Client=Somethingnew;x".into(), ClientFamily::Other, ""),
            (String::new(), ClientFamily::Unknown, ""),
        ] {
            assert_eq!(parse(&info), (family, version.to_owned()), "{info}");
        }
    }

    #[test]
    fn a_request_is_no_part_of_its_client() {
        let phone = "Client=ActiveSync;UserAgent=Apple-iPhone9C1/1603.60";
        for request in [
            "",
            ";Action=/Microsoft-Server-ActiveSync/default.eas?Cmd=Ping",
            ";Action=Sync",
        ] {
            assert_eq!(without_request(&format!("{phone}{request}")), phone);
        }
        let proxied = " Client=OWA;Action=ViaProxy ";
        assert_eq!(without_request(proxied), proxied.trim());
    }

    #[test]
    fn desktop_outlook_is_known_by_its_process() {
        let desktop = ClientText {
            info: "Client=MSExchangeRPC",
            process: "OUTLOOK.EXE",
            version: "16.0.16130.20300",
            sign_in: false,
        };
        assert_eq!(
            parse_client(desktop),
            (ClientFamily::OutlookDesktop, "16.0.16130.20300".to_owned())
        );
        assert_eq!(
            parse_client(ClientText {
                info: "",
                ..desktop
            })
            .0,
            ClientFamily::OutlookDesktop
        );
    }

    #[test]
    fn a_browser_that_signs_in_is_a_browser() {
        let agent = ClientText {
            info: "Mozilla/5.0 (X11) Gecko/20100101 Firefox/112.0",
            sign_in: true,
            ..ClientText::default()
        };
        assert_eq!(
            parse_client(agent),
            (ClientFamily::Browser, "Firefox 112".to_owned())
        );
        assert_eq!(
            parse_client(ClientText {
                info: "Client=OWA;Mozilla/5.0 Firefox/112.0",
                ..agent
            })
            .0,
            ClientFamily::Owa
        );
    }
}

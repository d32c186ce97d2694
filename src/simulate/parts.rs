//! Parts of records: servers, folders, items, sizes, lists of pairs, inbox rules.

use super::json::{decimal, hex, quoted};
use super::random::{hashed, mix};
use super::record::{Action, Draft, Rule};
use super::tenant::Mailbox;

/// Build of the mailbox servers; the last part differs between records, as it does in real logs.
const SERVER_BUILD: &str = "15.20.7159";
/// Median of a message's size in bytes, and its table of log-normal quantiles (sigma 1.2, in 32 steps): sizes of mail are heavy-tailed.
pub(super) const SIZES: [u32; 32] = [
    2_300, 3_600, 4_700, 5_700, 6_700, 7_700, 8_800, 9_900, 11_100, 12_400, 13_800, 15_300, 17_000,
    18_800, 20_800, 23_000, 25_500, 28_300, 31_500, 35_100, 39_300, 44_200, 50_000, 57_000, 65_700,
    76_600, 91_000, 111_000, 141_000, 191_000, 295_000, 780_000,
];

pub(super) fn properties(draft: &Draft, out: &mut Vec<u8>) {
    let access = if matches!(draft.action, Action::Sync { .. }) {
        "Sync"
    } else {
        "Bind"
    };
    let throttled = if draft.throttled { "True" } else { "False" };
    let mut pairs = [("MailAccessType", access), ("IsThrottled", throttled)];
    // Either order occurs.
    if draft.seed & 2 == 0 {
        pairs.swap(0, 1);
    }
    pair_list(&pairs, out);
}

/// Appends a list of `Name`/`Value` objects.
pub(super) fn pair_list(pairs: &[(&str, &str)], out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, (name, value)) in pairs.iter().enumerate() {
        out.extend_from_slice(if place > 0 {
            b",{\"Name\":"
        } else {
            b"{\"Name\":"
        });
        quoted(out, name);
        out.extend_from_slice(b",\"Value\":");
        quoted(out, value);
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends an originating server, with its build and, on item records, the line end that real ones carry.
pub(super) fn server(mailbox: &Mailbox, seed: u64, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(mailbox.server.as_bytes());
    out.extend_from_slice(b" (");
    out.extend_from_slice(SERVER_BUILD.as_bytes());
    out.extend_from_slice(b".0");
    decimal(out, 10 + hashed(seed, 12, 40));
    out.extend_from_slice(b")\\r\\n\"");
}

pub(super) fn server_host(mailbox: &Mailbox, out: &mut Vec<u8>) {
    out.extend_from_slice(mailbox.server.as_bytes());
    out.push(b'.');
    out.extend_from_slice(mailbox.region.as_bytes());
    out.extend_from_slice(b".prod.outlook.com");
}

pub(super) fn size(mailbox: &Mailbox, message: u32) -> u32 {
    let key = mix(mailbox.message_key(message), 13);
    let step = SIZES[(key % 32) as usize];
    // Spread within the step, so that sizes do not repeat.
    step + ((key >> 8) % u64::from(step / 4 + 1)) as u32
}

pub(super) fn path(mailbox: &Mailbox, folder: usize) -> &str {
    mailbox
        .folders
        .get(folder)
        .map_or("\\Inbox", String::as_str)
}

pub(super) fn leaf(mailbox: &Mailbox, folder: usize) -> &str {
    path(mailbox, folder)
        .rsplit('\\')
        .next()
        .unwrap_or_default()
}

pub(super) fn folder_id(mailbox: &Mailbox, folder: usize, out: &mut Vec<u8>) {
    let key = mailbox.message_key(u32::MAX - folder as u32);
    out.extend_from_slice(b"LgAAAAD");
    hex(out, mix(mailbox.message_key(u32::MAX), 14), 12);
    out.extend_from_slice(b"AQBY");
    hex(out, key, 16);
    out.extend_from_slice(b"AAAB");
}

pub(super) fn item_id(key: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"RgAAAAD");
    hex(out, mix(key, 15), 16);
    out.extend_from_slice(b"BwBY");
    hex(out, mix(key, 16), 16);
    out.extend_from_slice(b"AAAJ");
}

pub(super) fn folder_object(mailbox: &Mailbox, folder: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"Id\":\"");
    folder_id(mailbox, folder, out);
    out.extend_from_slice(b"\",\"Path\":");
    quoted(out, path(mailbox, folder));
    out.push(b'}');
}

pub(super) fn parent_folder(mailbox: &Mailbox, folder: usize, known: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"Id\":\"");
    folder_id(mailbox, folder, out);
    out.extend_from_slice(b"\",\"Name\":");
    quoted(out, leaf(mailbox, folder));
    out.extend_from_slice(b",\"Path\":");
    quoted(
        out,
        if known {
            path(mailbox, folder)
        } else {
            "Not Available"
        },
    );
    out.push(b'}');
}

/// Name and values of an inbox rule.
pub(super) fn rule_parameters(rule: Rule, folder: &str) -> Vec<(&'static str, String)> {
    let word = |text: &str| text.to_owned();
    match rule {
        Rule::Tidy(which) => {
            let name =
                ["newsletters", "reports", "build mails", "travel desk"][usize::from(which % 4)];
            vec![
                ("Name", word(name)),
                ("SubjectContainsWords", word(name)),
                ("MoveToFolder", folder.trim_start_matches('\\').to_owned()),
            ]
        }
        Rule::Hide => vec![
            ("AlwaysDeleteOutlookRulesBlob", word("False")),
            ("Force", word("False")),
            ("Name", word(".")),
            ("SubjectOrBodyContainsWords", word("invoice;payment;phish")),
            ("MoveToFolder", word("RSS Feeds")),
            ("MarkAsRead", word("True")),
            ("StopProcessingRules", word("True")),
        ],
        Rule::Forward => vec![
            ("Name", word("..")),
            ("ForwardTo", word("collector@outside.example")),
            ("DeleteMessage", word("True")),
            ("StopProcessingRules", word("True")),
        ],
    }
}

/// Appends the properties of a rule made in Outlook.
pub(super) fn outlook_rule(mailbox: &Mailbox, rule: Rule, out: &mut Vec<u8>) {
    let parameters = rule_parameters(
        rule,
        mailbox.folders.last().map_or("\\Archive", String::as_str),
    );
    let value = |wanted: &str| {
        parameters
            .iter()
            .find(|(name, _)| *name == wanted)
            .map_or("", |(_, value)| value.as_str())
    };
    let folder = value("MoveToFolder");
    let action = if folder.is_empty() {
        "Forward"
    } else {
        "MoveToFolder"
    };
    let actions = format!("[{{\"ActionType\":\"{action}\",\"DestinationFolder\":\"{folder}\"}}]")
        .replace('\\', "\\\\");
    let pairs = [
        ("RuleOperation", "AddMailboxRule"),
        ("RuleName", value("Name")),
        ("RuleState", "Enabled"),
        ("RuleProvider", "RuleOrganizer"),
        ("RuleActions", actions.as_str()),
    ];
    pair_list(&pairs, out);
}

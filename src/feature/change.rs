//! What a session changed in the mailbox's settings, and whether such changes hide something.

use serde::{Deserialize, Serialize};

use crate::event::{EventColumns, Operation, pairs, sets_something};
use crate::session::Session;

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
    /// A rule or forwarding that sends mail to another domain than the mailbox's.
    Outward,
}

/// Windows' LocalSystem, as which the service acts in mailboxes that it sets up.
pub(crate) const LOCAL_SYSTEM: &str = "s-1-5-18";

/// The most serious change of a session; `operations` are the classes of the log's operations, by code.
pub(super) fn most_serious_change(
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
            // What the service's own account sets up is nobody's doing.
            if columns.actor.get(row) == LOCAL_SYSTEM {
                return Action::None;
            }
            let owner = columns.mailbox.get(row);
            let home = domain(owner).or_else(|| domain(columns.actor.get(row)));
            judge_change(
                operations[operation as usize],
                columns.operation.get(row),
                (columns.parameters.get(row), home),
            )
        })
        .max()
        .unwrap_or(Action::None)
}

/// Parameters that send mail on.
pub(crate) const FORWARDS: [&str; 5] = [
    "ForwardTo",
    "ForwardAsAttachmentTo",
    "RedirectTo",
    "ForwardingSmtpAddress",
    "ForwardingAddress",
];

/// Parameters that delete mail.
pub(crate) const DELETES: [&str; 2] = ["DeleteMessage", "SoftDeleteMessage"];

/// Whether nobody looks for mail in a folder.
pub(crate) fn is_hiding_place(folder: &str) -> bool {
    const HIDING_PLACES: [&str; 5] = [
        "rss",
        "conversation history",
        "junk",
        "deleted items",
        "sync issues",
    ];
    let folder = folder.to_lowercase();
    HIDING_PLACES.iter().any(|place| folder.contains(place))
}

/// The part of an address that names whose it is; `None` for what is no address.
pub(crate) fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// The addresses that mail is sent on to.
pub(crate) fn recipients(parameters: &str) -> impl Iterator<Item = &str> {
    pairs(parameters)
        .filter(|(name, value)| {
            FORWARDS.iter().any(|of| name.eq_ignore_ascii_case(of)) && sets_something(value)
        })
        .flat_map(|(_, value)| {
            value.split(|c: char| c.is_whitespace() || ";,[]<>\"'()".contains(c))
        })
        // Of `SMTP:x@y` the address.
        .map(|word| word.rsplit(':').next().unwrap_or(word))
        .filter(|address| address.contains('@'))
}

/// Whether mail is sent on to another domain than `home`, above or below it.
fn leaves(parameters: &str, home: &str) -> bool {
    let is_part = |part: &str, whole: &str| {
        let start = part.len().checked_sub(whole.len());
        start.is_some_and(|at| {
            part.is_char_boundary(at)
                && part[at..].eq_ignore_ascii_case(whole)
                && (at == 0 || part[..at].ends_with('.'))
        })
    };
    recipients(parameters)
        .filter_map(domain)
        .any(|domain| !is_part(domain, home) && !is_part(home, domain))
}

/// Rights that show when somebody is busy, and no mail.
const OF_TIMES: [&str; 6] = [
    "availabilityonly",
    "limiteddetails",
    "freebusytimeonly",
    "freebusytimeandsubjectandlocation",
    "freebusysimple",
    "freebusydetailed",
];

/// The rights that a permission gives, one by one.
pub(crate) fn rights(parameters: &str) -> impl Iterator<Item = &str> {
    pairs(parameters)
        .filter(|(name, _)| {
            name.eq_ignore_ascii_case("MemberRights") || name.eq_ignore_ascii_case("AccessRights")
        })
        .flat_map(|(_, value)| value.split([',', '{', '}']))
        .map(str::trim)
        .filter(|right| !right.is_empty())
}

/// Whether a permission shows no more than when somebody is busy.
pub(crate) fn shows_only_times(parameters: &str) -> bool {
    let mut named = rights(parameters).peekable();
    let of_times = |right: &str| {
        right.eq_ignore_ascii_case("none")
            || OF_TIMES.iter().any(|of| right.eq_ignore_ascii_case(of))
    };
    named.peek().is_some() && named.all(of_times)
}

/// Rules that intruders make: they move mail where nobody looks, delete it, or send it out, and carry a name of at most one
/// letter or digit (MITRE ATT&CK T1564.008, T1114.003). Giving a permission opens a way in; taking one away opens none. `called`
/// is the operation's name, `home` the mailbox's domain.
fn judge_change(
    operation: Operation,
    called: &str,
    (parameters, home): (&str, Option<&str>),
) -> Action {
    let is_rule = operation == Operation::InboxRule;
    let mut action = match operation {
        Operation::Permission if called.to_ascii_lowercase().starts_with("remove") => {
            return Action::None;
        }
        Operation::Permission if gives_nothing(parameters) => return Action::None,
        // What every office does with its calendars.
        Operation::Permission if shows_only_times(parameters) => return Action::Rule,
        Operation::Permission => return Action::Concealing,
        Operation::InboxRule => Action::Rule,
        // What `Set-Mailbox` set is lost; only with forwarding, or without knowing, is it an event at all.
        Operation::Forwarding if parameters.is_empty() => Action::Rule,
        Operation::Forwarding => Action::None,
        _ => return Action::None,
    };
    // One character says nothing in Latin letters, and may be a word in others.
    let says_nothing = |name: &str| {
        let mut letters = name.chars().filter(|c| c.is_alphanumeric());
        let first = letters.next();
        letters.next().is_none() && first.is_none_or(|letter| letter.is_ascii())
    };
    for (name, value) in pairs(parameters) {
        let is = |names: &[&str]| names.iter().any(|of| name.eq_ignore_ascii_case(of));
        let concealing = if is(&FORWARDS) || is(&DELETES) || is(&["GrantSendOnBehalfTo"]) {
            sets_something(value)
        } else if is(&["MoveToFolder"]) {
            is_hiding_place(value)
        } else {
            is_rule && is(&["Name"]) && says_nothing(value)
        };
        if concealing {
            action = Action::Concealing;
        }
    }
    match home {
        Some(home) if leaves(parameters, home) => Action::Outward,
        _ => action,
    }
}

/// Whether the rights of a permission are none at all.
pub(crate) fn gives_nothing(parameters: &str) -> bool {
    let mut rights = rights(parameters).peekable();
    rights.peek().is_some() && rights.all(|value| value.eq_ignore_ascii_case("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_hide_mail_are_told_from_ordinary_ones() {
        let judged = |called: &str, said: &str| {
            let operation = Operation::classify(called);
            judge_change(operation, called, (said, Some("x.example")))
        };
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
                Action::Outward,
            ),
            (
                "Set-Mailbox",
                "ForwardingSmtpAddress=smtp:a@eu.X.example",
                Action::Concealing,
            ),
            (
                "New-InboxRule",
                "ForwardTo=\"A\" [SMTP:a@x.example];\"B\" [SMTP:b@notx.example]; Name=both",
                Action::Outward,
            ),
            (
                "Set-MailboxFolderPermission",
                "AccessRights=LimitedDetails; User=Default",
                Action::Rule,
            ),
            (
                "ModifyFolderPermissions",
                "MemberRights=FreeBusySimple, FreeBusyDetailed; MemberUpn=Everyone",
                Action::Rule,
            ),
            ("Set-Mailbox", "", Action::Rule),
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
        for (given, rights, action) in [
            (
                "ModifyFolderPermissions",
                "MemberRights=None; MemberUpn=Everyone",
                Action::None,
            ),
            (
                "ModifyFolderPermissions",
                "MemberRights=ReadAny; MemberUpn=Everyone",
                Action::Concealing,
            ),
            (
                "Set-MailboxFolderPermission",
                "AccessRights=none; User=Default",
                Action::None,
            ),
        ] {
            assert_eq!(judged(given, rights), action, "{given} {rights}");
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

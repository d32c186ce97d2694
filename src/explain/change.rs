//! What a session changed in its mailbox, as the log names it: which rule, which forwarding, which permission, and for whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::{counted, listed};
use crate::event::{EventColumns, Operation, pairs, sets_something};
use crate::session::Session;

/// Changes that are named; the rest is counted.
const NAMED: usize = 3;
/// Longest value of a parameter that is told, in characters.
const LONGEST: usize = 80;

/// Parameters that say what a change does, in the order in which they are told: what it is called, what it makes of mail, who gets
/// it, and who may do what.
const TELLING: [&str; 16] = [
    "Name",
    "DeleteMessage",
    "SoftDeleteMessage",
    "MoveToFolder",
    "ForwardTo",
    "ForwardAsAttachmentTo",
    "RedirectTo",
    "ForwardingSmtpAddress",
    "ForwardingAddress",
    "DeliverToMailboxAndForward",
    "User",
    "Trustee",
    "MemberUpn",
    "AccessRights",
    "MemberRights",
    "GrantSendOnBehalfTo",
];

/// The changes of a session, each once with how often it was made, in the order of time; `None` without any.
pub(super) fn changes(session: &Session, columns: &EventColumns<'_>) -> Option<String> {
    let mut order: Vec<String> = Vec::new();
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for &row in &session.rows {
        let row = row as usize;
        let operation = columns.operation.names[columns.operation.codes[row] as usize];
        if !Operation::classify(operation).is_rule_change() {
            continue;
        }
        let parameters = columns.parameters.names[columns.parameters.codes[row] as usize];
        let change = change(operation, parameters);
        let n = times.entry(change.clone()).or_default();
        if *n == 0 {
            order.push(change);
        }
        *n += 1;
    }
    let more = order.len().saturating_sub(NAMED);
    order.truncate(NAMED);
    let mut named: Vec<String> = order
        .into_iter()
        .map(|change| match times[&change] {
            1 => change,
            n => format!("{change}, {n} times"),
        })
        .collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| named.join("; "))
}

/// How many changes of which kind were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// Inbox rules made, changed or removed.
    pub rules: u64,
    /// Forwarding of the mailbox.
    pub forwarding: u64,
    /// Permissions on the mailbox or its folders, the right to send on its behalf included.
    pub permissions: u64,
}

impl ChangeCounts {
    /// The changes of a session.
    pub fn of(session: &Session, columns: &EventColumns<'_>) -> Self {
        let mut counts = Self::default();
        if session.rules == 0 {
            return counts;
        }
        for &row in &session.rows {
            let row = row as usize;
            let delegates = || sets(columns.parameters.get(row), "GrantSendOnBehalfTo");
            match Operation::classify(columns.operation.get(row)) {
                Operation::InboxRule => counts.rules += 1,
                Operation::Forwarding if delegates() => counts.permissions += 1,
                Operation::Forwarding => counts.forwarding += 1,
                Operation::Permission => counts.permissions += 1,
                _ => {}
            }
        }
        counts
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            rules: self.rules.saturating_add(other.rules),
            forwarding: self.forwarding.saturating_add(other.forwarding),
            permissions: self.permissions.saturating_add(other.permissions),
        }
    }

    /// `4 changes of permissions`, `2 changes of rules and forwarding`; `None` without any.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let kinds = [
            (self.rules, "rules"),
            (self.forwarding, "forwarding"),
            (self.permissions, "permissions"),
        ];
        let made: Vec<&str> = kinds
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|&(_, name)| name)
            .collect();
        let named = listed(&made)?;
        let all = kinds
            .iter()
            .fold(0, |sum: u64, (n, _)| sum.saturating_add(*n));
        Some(format!("{} of {named}", counted(all, "change", "changes")))
    }
}

/// Whether parameters give one of the name a value.
fn sets(parameters: &str, name: &str) -> bool {
    pairs(parameters).any(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty())
}

/// Whether a session set something of its mailbox, and the log does not say what.
pub(super) fn is_unclear(session: &Session, columns: &EventColumns<'_>) -> bool {
    session.rows.iter().any(|&row| {
        let row = row as usize;
        Operation::classify(columns.operation.get(row)) == Operation::Forwarding
            && columns.parameters.codes[row] == 0
    })
}

/// An operation with those of its parameters that say what it does.
fn change(operation: &str, parameters: &str) -> String {
    let told: Vec<String> = TELLING
        .iter()
        .filter_map(|telling| {
            let (name, value) =
                pairs(parameters).find(|(name, _)| name.eq_ignore_ascii_case(telling))?;
            let value = principal(telling, value);
            sets_something(value).then(|| format!("{name} {}", cut(value)))
        })
        .collect();
    if told.is_empty() {
        operation.to_owned()
    } else {
        format!("{operation} ({})", told.join(", "))
    }
}

/// Who is meant by a path of the directory: its last part.
fn principal<'a>(parameter: &str, value: &'a str) -> &'a str {
    match parameter {
        "User" | "Trustee" | "ForwardingAddress" | "GrantSendOnBehalfTo" => {
            value.rsplit('/').next().unwrap_or(value)
        }
        _ => value,
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_by_kind() {
        let some = ChangeCounts {
            permissions: 4,
            ..ChangeCounts::default()
        };
        assert_eq!(some.words().as_deref(), Some("4 changes of permissions"));
        let rule = ChangeCounts {
            rules: 1,
            ..ChangeCounts::default()
        };
        assert_eq!(rule.words().as_deref(), Some("1 change of rules"));
        assert_eq!(
            some.and(rule).words().as_deref(),
            Some("5 changes of rules and permissions")
        );
        assert_eq!(ChangeCounts::default().words(), None);
        assert!(sets(
            "GrantSendOnBehalfTo=eve; Identity=x",
            "grantsendonbehalfto"
        ));
        assert!(!sets("GrantSendOnBehalfTo=", "GrantSendOnBehalfTo"));
    }

    #[test]
    fn a_change_says_what_it_does_and_for_whom() {
        for (operation, parameters, words) in [
            (
                "New-InboxRule",
                "BodyContainsWords=Invoice; ForwardTo=x@elsewhere.example; Name=Invoice",
                "New-InboxRule (Name Invoice, ForwardTo x@elsewhere.example)",
            ),
            (
                "New-InboxRule",
                "DeleteMessage=True; Name=.; StopProcessingRules=True",
                "New-InboxRule (Name ., DeleteMessage True)",
            ),
            (
                "Set-Mailbox",
                "DeliverToMailboxAndForward=False; ForwardingSmtpAddress=smtp:x@elsewhere.example",
                "Set-Mailbox (ForwardingSmtpAddress smtp:x@elsewhere.example)",
            ),
            (
                "Add-MailboxPermission",
                "AccessRights=FullAccess; Identity=joey; User=eve",
                "Add-MailboxPermission (User eve, AccessRights FullAccess)",
            ),
            (
                "Add-RecipientPermission",
                "AccessRights=SendAs; Trustee=NAM.PROD/Hosted Organizations/x.example/A.Thulile",
                "Add-RecipientPermission (Trustee A.Thulile, AccessRights SendAs)",
            ),
            ("ModifyFolderPermissions", "", "ModifyFolderPermissions"),
            (
                "ModifyFolderPermissions",
                "MemberRights=ReadAny, Visible; MemberUpn=Everyone",
                "ModifyFolderPermissions (MemberUpn Everyone, MemberRights ReadAny, Visible)",
            ),
        ] {
            assert_eq!(change(operation, parameters), words);
        }
        let long = change("New-InboxRule", &format!("Name={}", "é".repeat(200)));
        assert_eq!(
            long,
            format!("New-InboxRule (Name {}…)", "é".repeat(LONGEST))
        );
    }
}

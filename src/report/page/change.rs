//! What a change of rules, forwarding or permissions does to who gets at mail, as its row in `changes.csv` tells it.

use super::run::Change;
use crate::chart::label;
use crate::event::{Operation, pairs, sets_something};
use crate::feature;
use crate::feature::{
    DELETES, FORWARDS, gives_nothing, is_hiding_place, recipients, rights, shows_only_times,
};

/// Longest name of a folder or an address in a sentence.
const NAME: usize = 60;
/// Recipients that are named; the rest is counted.
const NAMED: usize = 3;

/// Parameters that open nothing when they are set to nothing.
const OPENS: [&str; 2] = ["DeliverToMailboxAndForward", "GrantSendOnBehalfTo"];

impl Change {
    /// The values of the parameters of a name; neither empty nor false.
    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        pairs(&self.parameters)
            .filter(move |(key, value)| key.eq_ignore_ascii_case(name) && sets_something(value))
            .map(|(_, value)| value)
    }

    /// Whether it only takes something away, or gives nothing: a permission without rights, a forward that is cleared.
    pub(super) fn opens_nothing(&self) -> bool {
        if self.operation.to_ascii_lowercase().starts_with("remove") {
            return true;
        }
        match Operation::classify(&self.operation) {
            Operation::Permission => gives_nothing(&self.parameters),
            Operation::Forwarding => {
                let opens = |key: &str| {
                    let mut names = FORWARDS.iter().chain(&OPENS);
                    names.any(|name| key.eq_ignore_ascii_case(name))
                };
                let mut set = pairs(&self.parameters)
                    .filter(|(key, _)| opens(key))
                    .map(|(_, value)| value)
                    .peekable();
                set.peek().is_some() && !set.any(sets_something)
            }
            _ => false,
        }
    }

    /// Whether it sends mail on to an address.
    pub(super) fn sends_on(&self) -> bool {
        self.succeeded && recipients(&self.parameters).next().is_some() && !self.opens_nothing()
    }

    /// In words, where mail goes out of the tenant or is hidden, or somebody is let in; `inside` knows the tenant's domains.
    /// `None` for any other change, and for one that failed.
    pub(super) fn way_out(&self, inside: impl Fn(&str) -> bool) -> Option<String> {
        if !self.succeeded || self.opens_nothing() {
            return None;
        }
        let recipients = self.recipients(inside);
        match Operation::classify(&self.operation) {
            Operation::InboxRule => self.rule(recipients),
            Operation::Forwarding => {
                let behalf = self.values("GrantSendOnBehalfTo").next();
                let behalf = behalf.map(|who| format!("sending on its behalf for {}", called(who)));
                let told: Vec<String> = recipients
                    .map(|recipients| format!("forwarding to {recipients}"))
                    .into_iter()
                    .chain(behalf)
                    .collect();
                label::listed(&told)
            }
            Operation::Permission => self.rights(),
            _ => None,
        }
    }

    /// What a permission lets whom do; `None` where the log does not say, and for who may only see when the owner is busy.
    fn rights(&self) -> Option<String> {
        if shows_only_times(&self.parameters) {
            return None;
        }
        let gives = |wanted: &str| {
            let mut named = rights(&self.parameters);
            named.any(|right| right.eq_ignore_ascii_case(wanted))
        };
        let what = if gives("fullaccess") {
            "full access".to_owned()
        } else if gives("sendas") {
            "sending as it".to_owned()
        } else {
            let named: Vec<&str> = rights(&self.parameters).collect();
            let named = (!named.is_empty()).then(|| named.join(", "))?;
            format!("rights to a folder ({})", label::name(&named, NAME))
        };
        let mut who = ["User", "Trustee", "MemberUpn"]
            .into_iter()
            .flat_map(|name| self.values(name));
        let whom = who.next().map_or_else(|| "somebody".to_owned(), called);
        Some(format!("{what} for {whom}"))
    }

    /// In words, where it sends mail out of the tenant; `None` where it does not.
    pub(super) fn sent_out(&self, inside: impl Fn(&str) -> bool) -> Option<String> {
        let recipients = self.recipients(inside)?;
        match Operation::classify(&self.operation) {
            Operation::InboxRule => self.rule(Some(recipients)),
            _ => Some(format!("forwarding to {recipients}")),
        }
    }

    fn rule(&self, recipients: Option<String>) -> Option<String> {
        let mut does: Vec<String> = recipients
            .map(|recipients| format!("forwards to {recipients}"))
            .into_iter()
            .collect();
        let sets = |name: &&str| self.values(name).next().is_some();
        if DELETES.iter().any(sets) {
            does.push("deletes mail".to_owned());
        }
        let mut moves = self.values("MoveToFolder");
        if let Some(folder) = moves.find(|folder| is_hiding_place(folder)) {
            does.push(format!("moves mail to {}", label::name(folder, NAME)));
        }
        Some(format!("a rule that {}", label::listed(&does)?))
    }

    /// Addresses outside of the tenant that mail is sent on to.
    fn recipients(&self, inside: impl Fn(&str) -> bool) -> Option<String> {
        let mut outside: Vec<String> = Vec::new();
        for address in recipients(&self.parameters) {
            let name = label::name(address, NAME);
            if !inside(domain(address)) && !outside.contains(&name) {
                outside.push(name);
            }
        }
        let more = outside.len().saturating_sub(NAMED);
        if more > 0 {
            outside.truncate(NAMED);
            outside.push(format!("{} more", label::count(more as u64)));
        }
        label::listed(&outside)
    }
}

/// Who is meant: by a path of the directory its last part.
fn called(who: &str) -> String {
    label::name(who.rsplit('/').next().unwrap_or(who), NAME)
}

/// The part of an address that names whose it is, or what is no address.
pub(super) fn domain(address: &str) -> &str {
    feature::domain(address).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(operation: &str, parameters: &str) -> Change {
        Change {
            time: 0,
            session_id: String::new(),
            flagged: true,
            mailbox: "a@x.example".to_owned(),
            actor: String::new(),
            operation: operation.to_owned(),
            succeeded: true,
            address: String::new(),
            folder: String::new(),
            parameters: parameters.to_owned(),
        }
    }

    fn way_out(operation: &str, parameters: &str) -> Option<String> {
        change(operation, parameters).way_out(|domain| domain == "x.example")
    }

    #[test]
    fn what_lets_mail_out_or_others_in_is_told() {
        for (operation, parameters, words) in [
            (
                "Set-Mailbox",
                "DeliverToMailboxAndForward=False; ForwardingSmtpAddress=smtp:ex@out.example",
                "forwarding to ex@out.example",
            ),
            (
                "New-InboxRule",
                "BodyContainsWords=Invoice; ForwardTo=\"Eve\" [SMTP:eve@out.example];b@x.example; DeleteMessage=True; Name=.",
                "a rule that forwards to eve@out.example and deletes mail",
            ),
            (
                "New-InboxRule",
                "MoveToFolder=RSS Feeds; Name=sort",
                "a rule that moves mail to RSS Feeds",
            ),
            (
                "Add-MailboxPermission",
                "AccessRights=FullAccess; Identity=joey; User=EURPR04/contoso/eve",
                "full access for eve",
            ),
            (
                "Add-RecipientPermission",
                "AccessRights=SendAs; Identity=joey; Trustee=eve@x.example",
                "sending as it for eve@x.example",
            ),
            (
                "Add-MailboxFolderPermission",
                "AccessRights=Owner; Identity=joey:\\Inbox; User=eve",
                "rights to a folder (Owner) for eve",
            ),
            (
                "ModifyFolderPermissions",
                "MemberRights=ReadAny; MemberUpn=Everyone",
                "rights to a folder (ReadAny) for Everyone",
            ),
            (
                "Set-Mailbox",
                "GrantSendOnBehalfTo=eve",
                "sending on its behalf for eve",
            ),
        ] {
            assert_eq!(way_out(operation, parameters).as_deref(), Some(words));
        }
        for (operation, parameters) in [
            ("Set-Mailbox", "ForwardingSmtpAddress=smtp:b@x.example"),
            ("Set-Mailbox", "ForwardingSmtpAddress="),
            (
                "New-InboxRule",
                "DeleteMessage=False; MoveToFolder=Projects",
            ),
            (
                "Remove-MailboxPermission",
                "AccessRights=FullAccess; User=eve",
            ),
            (
                "Set-MailboxFolderPermission",
                "AccessRights=LimitedDetails; User=Default",
            ),
            ("AddFolderPermissions", ""),
        ] {
            assert_eq!(
                way_out(operation, parameters),
                None,
                "{operation} {parameters}"
            );
        }
        let mut failed = change("Add-MailboxPermission", "AccessRights=FullAccess; User=eve");
        failed.succeeded = false;
        assert_eq!(failed.way_out(|_| false), None);
    }

    #[test]
    fn what_takes_away_or_gives_nothing_opens_nothing() {
        for (operation, parameters, nothing) in [
            (
                "ModifyFolderPermissions",
                "MemberRights=None; MemberUpn=Everyone",
                true,
            ),
            (
                "ModifyFolderPermissions",
                "MemberRights=ReadAny; MemberUpn=Everyone",
                false,
            ),
            ("Remove-MailboxPermission", "AccessRights=FullAccess", true),
            (
                "Set-Mailbox",
                "DeliverToMailboxAndForward=False; ForwardingSmtpAddress=",
                true,
            ),
            (
                "Set-Mailbox",
                "ForwardingSmtpAddress=smtp:a@b.example",
                false,
            ),
            ("Set-Mailbox", "GrantSendOnBehalfTo=eve", false),
            // What was set is lost.
            ("Set-Mailbox", "", false),
            ("New-InboxRule", "Name=Sort", false),
            ("Remove-InboxRule", "Identity=hide", true),
        ] {
            let said = change(operation, parameters).opens_nothing();
            assert_eq!(said, nothing, "{operation} {parameters}");
        }
    }
}

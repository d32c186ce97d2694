//! Whose mailbox a record is about.

use super::{Head, Worker};
use crate::event::{Operation, parse_guid};
use crate::ingest::field::Field;
use crate::ingest::intern::Case;
use crate::ingest::json::Text;
use crate::ingest::record::Record;
use crate::ingest::schema::object_mailbox;
use crate::ingest::segment::column;

/// Stands between the object of an administrative record and its actor, whose mailbox is meant when the object names none.
pub(in crate::ingest) const OR_ELSE: char = '\0';

/// So many names are those of no mailbox in particular.
pub(in crate::ingest) const MOST_NAMES: usize = 8;

impl Worker<'_> {
    /// Whose mailbox: the owner, else the mailbox's GUID; for administration the object, for sign-ins the actor.
    pub(super) fn mailbox(
        &mut self,
        record: &Record<'_>,
        head: Head,
        actor: u32,
        sign_in: bool,
    ) -> u32 {
        let owner = record.text(Field::MailboxOwner);
        let owner_known =
            !owner.says_nothing() && !owner.raw.eq_ignore_ascii_case(b"Not Available");
        if owner_known && !sign_in {
            let code = self.texts[column::MAILBOX].code(owner, Case::Lower);
            if let Some(guid) = parse_guid(record.text(Field::MailboxGuid).raw) {
                self.remember_guid(guid, code);
            }
            return code;
        }
        if !record.text(Field::MailboxGuid).says_nothing() && !sign_in {
            return self.texts[column::MAILBOX].code(record.text(Field::MailboxGuid), Case::Lower);
        }
        let [_, mailboxes, actors, ..] = &mut self.texts;
        let actor = actors.text(actor);
        if head.record_type == 1 || head.operation.is_rule_change() {
            let object = object_mailbox(record.text(Field::ObjectId).decode(&mut self.scratch))
                .to_lowercase();
            if !object.is_empty() {
                return if is_own_rule(record, head.operation) && actor.contains('@') {
                    mailboxes.name(&format!("{object}{OR_ELSE}{actor}"))
                } else {
                    mailboxes.name(&object)
                };
            }
        }
        mailboxes.name(actor)
    }

    /// Keeps the names that a mailbox was met under.
    fn remember_guid(&mut self, guid: u128, mailbox: u32) {
        // Zeros and all bits stand for no mailbox in particular.
        if guid == 0 || guid == u128::MAX {
            return;
        }
        let names = self.mailbox_guids.entry(guid).or_default();
        if !names.contains(&mailbox) && names.len() < MOST_NAMES {
            names.push(mailbox);
        }
    }

    /// Sign-ins name the user's object, and administration may name a mailbox by it.
    pub(super) fn remember_user(&mut self, record: &Record<'_>, actor: u32) {
        let [_, mailboxes, actors, ..] = &mut self.texts;
        let actor = actors.text(actor);
        if let Some(guid) = parse_guid(record.text(Field::UserKey).raw)
            && actor.contains('@')
        {
            let mailbox = mailboxes.name(actor);
            self.remember_guid(guid, mailbox);
        }
    }
}

/// Whether a rule was made in the actor's own mailbox, as far as the record says: who acts on another's has to name it, by `Mailbox`
/// or in front of the rule's `Identity`.
fn is_own_rule(record: &Record<'_>, operation: Operation) -> bool {
    let names_mailbox = |&(name, value): &(Text<'_>, Text<'_>)| {
        let name = name.raw;
        name.eq_ignore_ascii_case(b"Mailbox")
            || name.eq_ignore_ascii_case(b"Identity")
                && value.raw.iter().any(|byte| matches!(byte, b'\\' | b'/'))
    };
    operation == Operation::InboxRule
        && !record.parameters.is_empty()
        && !record.parameters_lost
        && !record.parameters.iter().any(names_mailbox)
}

//! Drafts as audit records: the JSON that `AuditData` holds, field for field as real exports have it.
//!
//! Field names and order follow records of a real tenant's unified audit log and the published schema of the Management Activity API;
//! `AppAccessContext` and `SizeInBytes` as newer tenants log them.

use super::client::OWA_PROXY;
use super::json::{Json, Moment, address, decimal, guid, hex, quoted};
use super::name::SUBJECTS;
use super::parts::{
    SIZES, folder_id, folder_object, item_id, leaf, outlook_rule, parent_folder, path, properties,
    server, server_host, size,
};
use super::random::{hashed, mix};
use super::record::{Action, Draft, Logon, Other};
use super::tenant::{Mailbox, Tenant};

/// One record in fifty writes the user's name in lower case, as mixed-case logs do.
const LOWER_CASE: u64 = 50;

/// Writes records of one tenant.
pub(super) struct Renderer<'a> {
    tenant: &'a Tenant,
}

impl<'a> Renderer<'a> {
    /// A renderer for a tenant.
    pub(super) fn new(tenant: &'a Tenant) -> Self {
        Self { tenant }
    }

    /// The tenant whose records these are.
    pub(super) fn tenant(&self) -> &'a Tenant {
        self.tenant
    }

    /// Writes a draft as the JSON of `AuditData`.
    pub(super) fn record(&self, draft: &Draft, json: &mut Json) {
        json.open();
        self.head(draft, json);
        match draft.action {
            Action::Rule(_)
            | Action::Grant { .. }
            | Action::Configure
            | Action::Other(Other::MailboxPlan) => self.cmdlet(draft, json),
            Action::SignIn { .. } => self.sign_in(draft, json),
            Action::Consent | Action::Other(Other::UpdateUser) => self.directory(draft, json),
            Action::Other(Other::FileAccessed | Other::FileDownloaded) => self.file(draft, json),
            Action::Other(Other::TeamsMember) => self.team(draft, json),
            _ => self.item(draft, json),
        }
        json.close();
    }

    /// `UserId` of a draft.
    pub(super) fn user_id(&self, draft: &Draft) -> String {
        if draft.action == Action::Other(Other::TeamsMember) {
            return "Microsoft Teams Sync".to_owned();
        }
        let name = &self.tenant.actor(draft.context.actor).user_id;
        if hashed(draft.seed, 3, LOWER_CASE) == 0 {
            name.to_lowercase()
        } else {
            name.clone()
        }
    }

    fn head(&self, draft: &Draft, json: &mut Json) {
        let kind = self.kind(draft);
        let actor = self.tenant.actor(draft.context.actor);
        json.raw("CreationTime", |out| {
            out.push(b'"');
            Moment::of(draft.time).iso(out);
            out.push(b'"');
        });
        json.guid("Id", draft.seed);
        json.text_field("Operation", kind.operation);
        json.text_field("OrganizationId", &self.tenant.organization_id);
        json.number("RecordType", u64::from(kind.record_type));
        match kind.record_type {
            1 => json.text_field("ResultStatus", "True"),
            8 | 15 => json.text_field("ResultStatus", "Success"),
            2 | 3 | 50 => json.text_field("ResultStatus", "Succeeded"),
            _ => {}
        }
        let directory = kind.workload == "AzureActiveDirectory";
        json.text_field(
            "UserKey",
            if directory {
                &actor.object_id
            } else {
                &actor.user_key
            },
        );
        json.number(
            "UserType",
            if draft.context.as_application {
                5
            } else {
                u64::from(actor.user_type)
            },
        );
        json.number("Version", 1);
        json.text_field("Workload", kind.workload);
    }

    /// The draft's place in the schema.
    pub(super) fn kind(&self, draft: &Draft) -> super::record::Kind {
        let client = self.tenant.clients.get(draft.context.client);
        draft.action.kind(client.process.is_none())
    }

    fn item(&self, draft: &Draft, json: &mut Json) {
        let context = &draft.context;
        let client = self.tenant.clients.get(context.client);
        let mailbox = self.tenant.mailbox(context.mailbox);
        let owner = self.tenant.actor(context.mailbox);
        let actor = self.tenant.actor(context.actor);
        let ip = |out: &mut Vec<u8>| {
            out.push(b'"');
            address(out, context.address);
            out.push(b'"');
        };
        if self.kind(draft).record_type != 50 {
            json.raw("ClientIP", ip);
        }
        json.text_field("UserId", &self.user_id(draft));
        let uneven = client.unevenness(draft.action, draft.seed);
        if let Some(app) = client.app_id.as_ref().filter(|_| !uneven.bare) {
            json.text_field("AppId", app);
        }
        if let Some(app) = &client.client_app_id {
            json.text_field("ClientAppId", app);
        }
        json.raw("ClientIPAddress", ip);
        json.text_field(
            "ClientInfoString",
            if uneven.proxied {
                OWA_PROXY
            } else {
                &client.info
            },
        );
        if let Some((process, version)) = &client.process {
            json.text_field("ClientProcessName", process);
            json.text_field("ClientVersion", version);
        }
        json.flag("ExternalAccess", false);
        json.number("InternalLogonType", 0);
        json.number("LogonType", context.logon as u64);
        json.text_field(
            "LogonUserSid",
            if context.logon == Logon::Owner && !context.as_application {
                &owner.sid
            } else {
                &actor.sid
            },
        );
        json.text_field("MailboxGuid", &mailbox.guid);
        json.text_field("MailboxOwnerSid", &owner.sid);
        json.text_field("MailboxOwnerUPN", &owner.user_id);
        if matches!(draft.action, Action::Bind { .. } | Action::Sync { .. }) {
            json.raw("OperationProperties", |out| properties(draft, out));
        }
        json.text_field("OrganizationName", &self.tenant.domain);
        json.raw("OriginatingServer", |out| server(mailbox, draft.seed, out));
        if client.session && !uneven.bare {
            json.guid("SessionId", context.session);
            json.raw("AppAccessContext", |out| self.access_context(draft, out));
        }
        self.what(draft, mailbox, json);
    }

    fn access_context(&self, draft: &Draft, out: &mut Vec<u8>) {
        let client = self.tenant.clients.get(draft.context.client);
        out.extend_from_slice(b"{\"AADSessionId\":\"");
        guid(out, draft.context.session);
        if let Some(app) = &client.client_app_id {
            out.extend_from_slice(b"\",\"ClientAppId\":\"");
            out.extend_from_slice(app.as_bytes());
        }
        if let Some(name) = client.name {
            out.extend_from_slice(b"\",\"ClientAppName\":\"");
            out.extend_from_slice(name.as_bytes());
        }
        out.extend_from_slice(b"\",\"CorrelationId\":\"");
        guid(out, mix(draft.seed, 5));
        // Access tokens live about an hour.
        let hour = draft.time.div_euclid(3600);
        out.extend_from_slice(b"\",\"IssuedAtTime\":\"");
        Moment::of(hour * 3600 + hashed(draft.context.session, hour as u64, 60) as i64).iso(out);
        out.extend_from_slice(b"\",\"UniqueTokenId\":\"");
        hex(out, mix(draft.context.session, hour as u64), 16);
        hex(out, mix(draft.context.session, !(hour as u64)), 6);
        out.extend_from_slice(b"\"}");
    }

    fn what(&self, draft: &Draft, mailbox: &Mailbox, json: &mut Json) {
        match draft.action {
            Action::Bind { newest, count } => {
                json.raw("Folders", |out| self.folders(mailbox, newest, count, out));
                json.number("OperationCount", u64::from(count));
            }
            Action::Sync { folder } => json.raw("Item", |out| {
                out.extend_from_slice(b"{\"Id\":\"");
                folder_id(mailbox, usize::from(folder), out);
                out.extend_from_slice(b"\",\"ParentFolder\":");
                parent_folder(
                    mailbox,
                    usize::from(folder),
                    hashed(draft.seed, 6, 8) != 0,
                    out,
                );
                out.push(b'}');
            }),
            Action::Attachment { message } => json.raw("Messages", |out| {
                out.extend_from_slice(b"[{\"MessageItems\":[{\"InternetMessageId\":\"");
                self.message_id(mailbox, message, out);
                out.extend_from_slice(b"\",\"SizeInBytes\":");
                decimal(out, u64::from(size(mailbox, message)) * 3);
                // Attachment sizes appear as floats in part of the records.
                out.extend_from_slice(if draft.seed & 1 == 0 {
                    b".0}]}]"
                } else {
                    b"}]}]"
                });
            }),
            Action::Remove { how, newest, count } => {
                json.raw("AffectedItems", |out| {
                    self.affected(mailbox, newest, count, out)
                });
                json.flag("CrossMailboxOperation", false);
                if matches!(
                    how,
                    super::record::Removal::MoveToDeletedItems | super::record::Removal::Move
                ) {
                    let target = if how == super::record::Removal::Move {
                        5
                    } else {
                        3
                    };
                    json.raw("DestFolder", |out| folder_object(mailbox, target, out));
                }
                json.raw("Folder", |out| {
                    folder_object(mailbox, mailbox.folder_of(newest), out)
                });
            }
            Action::FolderPermission { to } => json.raw("Item", |out| {
                out.extend_from_slice(b"{\"Id\":\"");
                folder_id(mailbox, 0, out);
                out.extend_from_slice(b"\",\"ParentFolder\":{\"Id\":\"");
                folder_id(mailbox, 0, out);
                out.extend_from_slice(
                    b"\",\"MemberRights\":\"ReadAny, FolderVisible\",\"MemberSid\":",
                );
                quoted(out, &self.tenant.actor(to).sid);
                out.extend_from_slice(b",\"MemberUpn\":");
                quoted(out, &self.tenant.actor(to).user_id);
                out.extend_from_slice(b",\"Name\":");
                quoted(out, leaf(mailbox, 0));
                out.extend_from_slice(b",\"Path\":");
                quoted(out, path(mailbox, 0));
                out.extend_from_slice(b"}}");
            }),
            Action::Search => {
                json.text_field(
                    "QueryText",
                    SUBJECTS[hashed(draft.seed, 7, SUBJECTS.len() as u64) as usize],
                );
                json.text_field("QuerySource", "ExchangeOnline");
            }
            Action::OutlookRule(rule) => {
                json.raw("OperationProperties", |out| {
                    outlook_rule(mailbox, rule, out)
                });
                json.raw("Item", |out| {
                    out.extend_from_slice(b"{\"Id\":\"");
                    folder_id(mailbox, 0, out);
                    out.extend_from_slice(b"\",\"ParentFolder\":");
                    parent_folder(mailbox, 0, true, out);
                    out.push(b'}');
                });
            }
            Action::Write(_) => json.raw("Item", |out| self.written(draft, mailbox, out)),
            _ => {}
        }
    }

    fn written(&self, draft: &Draft, mailbox: &Mailbox, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"Id\":\"");
        item_id(draft.seed, out);
        out.extend_from_slice(b"\",\"InternetMessageId\":\"<");
        out.extend_from_slice(mailbox.server.as_bytes());
        hex(out, mix(draft.seed, 8), 16);
        hex(out, mix(draft.seed, 9), 6);
        out.push(b'@');
        server_host(mailbox, out);
        out.extend_from_slice(b">\",\"ParentFolder\":{\"Id\":\"");
        folder_id(mailbox, 2, out);
        out.extend_from_slice(b"\",\"Path\":");
        quoted(out, path(mailbox, 2));
        out.extend_from_slice(b"},\"SizeInBytes\":");
        decimal(out, u64::from(SIZES[hashed(draft.seed, 10, 28) as usize]));
        out.extend_from_slice(b",\"Subject\":");
        quoted(
            out,
            SUBJECTS[hashed(draft.seed, 11, SUBJECTS.len() as u64) as usize],
        );
        out.push(b'}');
    }

    fn folders(&self, mailbox: &Mailbox, newest: u32, count: u16, out: &mut Vec<u8>) {
        let messages = || (0..u32::from(count)).map(|back| newest.saturating_sub(back));
        let mut done = 0_u128;
        out.push(b'[');
        for first in messages() {
            let folder = mailbox.folder_of(first);
            if done & (1 << (folder & 127)) != 0 {
                continue;
            }
            if done != 0 {
                out.push(b',');
            }
            done |= 1 << (folder & 127);
            out.extend_from_slice(b"{\"FolderItems\":[");
            for (place, message) in messages()
                .filter(|&message| mailbox.folder_of(message) == folder)
                .enumerate()
            {
                if place > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(b"{\"InternetMessageId\":\"");
                self.message_id(mailbox, message, out);
                out.push(b'"');
                // A message in sixty has no size.
                if hashed(mailbox.message_key(message), 4, 60) != 0 {
                    out.extend_from_slice(b",\"SizeInBytes\":");
                    decimal(out, u64::from(size(mailbox, message)));
                }
                out.push(b'}');
            }
            out.extend_from_slice(b"],\"Id\":\"");
            folder_id(mailbox, folder, out);
            out.extend_from_slice(b"\",\"Path\":");
            quoted(out, path(mailbox, folder));
            out.push(b'}');
        }
        out.push(b']');
    }

    fn affected(&self, mailbox: &Mailbox, newest: u32, count: u16, out: &mut Vec<u8>) {
        out.push(b'[');
        for back in 0..u32::from(count) {
            let message = newest.saturating_sub(back);
            let key = mailbox.message_key(message);
            out.extend_from_slice(if back > 0 {
                b",{\"Id\":\""
            } else {
                b"{\"Id\":\""
            });
            item_id(key, out);
            out.extend_from_slice(b"\",\"InternetMessageId\":\"");
            self.message_id(mailbox, message, out);
            out.extend_from_slice(b"\",\"ParentFolder\":");
            folder_object(mailbox, mailbox.folder_of(message), out);
            out.extend_from_slice(b",\"Subject\":");
            quoted(
                out,
                SUBJECTS[hashed(key, 11, SUBJECTS.len() as u64) as usize],
            );
            out.push(b'}');
        }
        out.push(b']');
    }

    /// Half of the messages come from the organisation's own servers, the rest from outside.
    fn message_id(&self, mailbox: &Mailbox, message: u32, out: &mut Vec<u8>) {
        let key = mailbox.message_key(message);
        out.push(b'<');
        if key & 1 == 0 {
            out.extend_from_slice(mailbox.server.as_bytes());
            hex(out, mix(key, 1), 16);
            hex(out, mix(key, 2), 6);
            out.push(b'@');
            server_host(mailbox, out);
        } else {
            hex(out, mix(key, 1), 16);
            out.push(b'.');
            decimal(out, hashed(key, 3, 100_000));
            out.extend_from_slice(b"@mail.sender-");
            decimal(out, hashed(key, 5, 400));
            out.extend_from_slice(b".example");
        }
        out.push(b'>');
    }
}

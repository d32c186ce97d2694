//! A record before it is written: who did what, where, when, and the truth about it.

use std::net::IpAddr;

use super::client::ClientId;

/// How the mailbox was opened (`LogonType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logon {
    Owner = 0,
    Admin = 1,
    Delegated = 2,
}

/// What a record really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// Ordinary.
    Benign,
    /// Part of an attack: number of the episode.
    Attack(u32),
    /// Benign, but looks like an attack: number of the occurrence.
    LookAlike(u32),
}

/// Who acts on which mailbox, from where, through what. All records of a visit share it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Context {
    /// Index of the actor.
    pub(super) actor: u32,
    /// Index of the mailbox.
    pub(super) mailbox: u32,
    /// Client.
    pub(super) client: ClientId,
    /// Address as the service saw it.
    pub(super) address: IpAddr,
    /// Key of the sign-in session; its `SessionId` follows from it.
    pub(super) session: u64,
    /// How the mailbox was opened.
    pub(super) logon: Logon,
    /// An application acts with its own permissions (`UserType` 5).
    pub(super) as_application: bool,
    /// The truth.
    pub(super) truth: Truth,
}

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    Send,
    SendAs,
    SendOnBehalf,
    /// A draft is saved.
    Create,
    /// A draft is changed.
    Update,
}

/// How messages disappear or change place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    MoveToDeletedItems,
    SoftDelete,
    HardDelete,
    Move,
}

/// Inbox rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Files newsletters or reports: what people do.
    Tidy(u8),
    /// Hides answers from the owner: what intruders do.
    Hide,
    /// Forwards to the outside.
    Forward,
}

/// Records of other workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    FileAccessed,
    FileDownloaded,
    TeamsMember,
    UpdateUser,
    MailboxPlan,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Single messages were read: `count` messages, from `newest` backwards.
    Bind { newest: u32, count: u16 },
    /// A folder was downloaded.
    Sync { folder: u16 },
    /// An attachment was opened.
    Attachment { message: u32 },
    /// Mail was written.
    Write(Sending),
    /// Messages were removed or filed.
    Remove {
        how: Removal,
        newest: u32,
        count: u16,
    },
    /// An inbox rule was made in a browser (`New-InboxRule`).
    Rule(Rule),
    /// An inbox rule was made in Outlook (`UpdateInboxRules`).
    OutlookRule(Rule),
    /// Somebody was given the mailbox (`Add-MailboxPermission`); the grantee's actor index.
    Grant { to: u32 },
    /// A folder's permissions were changed.
    FolderPermission { to: u32 },
    /// A setting of the mailbox was changed (`Set-Mailbox`).
    Configure,
    /// The mailbox was searched.
    Search,
    /// Someone signed in, or failed to.
    SignIn { failed: bool },
    /// An application was allowed to read mail.
    Consent,
    /// Not about mail.
    Other(Other),
}

impl Action {
    /// `RecordType` and its name, `Workload`, `Operation`. Outlook logs Sync as 2, applications of newer tenants as 50 (`aggregated`).
    pub(super) fn kind(self, aggregated: bool) -> Kind {
        use Action::{
            Attachment, Bind, Configure, Consent, FolderPermission, Grant, Remove, Search, SignIn,
            Sync, Write,
        };
        let exchange = |record_type, operation| Kind {
            record_type,
            workload: "Exchange",
            operation,
        };
        match self {
            Bind { .. } => exchange(50, "MailItemsAccessed"),
            Sync { .. } => exchange(if aggregated { 50 } else { 2 }, "MailItemsAccessed"),
            Attachment { .. } => exchange(50, "AttachmentAccess"),
            Write(Sending::Send) => exchange(2, "Send"),
            Write(Sending::SendAs) => exchange(2, "SendAs"),
            Write(Sending::SendOnBehalf) => exchange(2, "SendOnBehalf"),
            Write(Sending::Create) => exchange(2, "Create"),
            Write(Sending::Update) => exchange(2, "Update"),
            Remove {
                how: Removal::MoveToDeletedItems,
                ..
            } => exchange(3, "MoveToDeletedItems"),
            Remove {
                how: Removal::SoftDelete,
                ..
            } => exchange(3, "SoftDelete"),
            Remove {
                how: Removal::HardDelete,
                ..
            } => exchange(3, "HardDelete"),
            Remove {
                how: Removal::Move, ..
            } => exchange(3, "Move"),
            Action::Rule(_) => exchange(1, "New-InboxRule"),
            Action::OutlookRule(_) => exchange(2, "UpdateInboxRules"),
            Grant { .. } => exchange(1, "Add-MailboxPermission"),
            FolderPermission { .. } => exchange(2, "ModifyFolderPermissions"),
            Configure => exchange(1, "Set-Mailbox"),
            Search => exchange(2, "SearchQueryInitiatedExchange"),
            SignIn { failed } => {
                let operation = if failed {
                    "UserLoginFailed"
                } else {
                    "UserLoggedIn"
                };
                Kind {
                    record_type: 15,
                    workload: "AzureActiveDirectory",
                    operation,
                }
            }
            Consent => Kind {
                record_type: 8,
                workload: "AzureActiveDirectory",
                operation: "Consent to application.",
            },
            Action::Other(other) => match other {
                Other::FileAccessed => Kind {
                    record_type: 6,
                    workload: "SharePoint",
                    operation: "FileAccessed",
                },
                Other::FileDownloaded => Kind {
                    record_type: 6,
                    workload: "OneDrive",
                    operation: "FileDownloaded",
                },
                Other::TeamsMember => Kind {
                    record_type: 25,
                    workload: "MicrosoftTeams",
                    operation: "MemberAdded",
                },
                Other::UpdateUser => Kind {
                    record_type: 8,
                    workload: "AzureActiveDirectory",
                    operation: "Update user.",
                },
                Other::MailboxPlan => exchange(1, "Set-MailboxPlan"),
            },
        }
    }

    /// Whether the record is about a mailbox's items (RecordTypes 2, 3 and 50).
    pub(super) fn is_about_items(self) -> bool {
        !matches!(
            self,
            Self::Rule(_)
                | Self::Grant { .. }
                | Self::Configure
                | Self::SignIn { .. }
                | Self::Consent
                | Self::Other(_)
        )
    }
}

/// The record's place in the log's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) record_type: u16,
    pub(super) workload: &'static str,
    pub(super) operation: &'static str,
}

impl Kind {
    /// The name that stands for the number in cmdlet exports and in Sentinel.
    pub(super) fn record_type_name(self) -> &'static str {
        match self.record_type {
            1 => "ExchangeAdmin",
            2 => "ExchangeItem",
            3 => "ExchangeItemGroup",
            6 => "SharePointFileOperation",
            8 => "AzureActiveDirectory",
            15 => "AzureActiveDirectoryStsLogon",
            25 => "MicrosoftTeams",
            _ => "ExchangeItemAggregated",
        }
    }
}

/// A record, small enough to hold a day of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Draft {
    /// Unix seconds.
    pub(super) time: i64,
    /// Seconds after which the export repeats or lists the record; equal to `time` but for duplicates.
    pub(super) listed: i64,
    /// Everything invented about the record follows from it, its id first.
    pub(super) seed: u64,
    pub(super) context: Context,
    pub(super) action: Action,
    /// The service stopped logging after this record (`IsThrottled`).
    pub(super) throttled: bool,
    /// A repetition of a record that the export holds already.
    pub(super) repeated: bool,
}

impl Draft {
    /// The order of records in an export: by time, then by seed, so that it does not depend on the order of generation.
    pub(super) fn order(&self) -> (i64, u64, bool) {
        (self.listed, self.seed, self.repeated)
    }
}

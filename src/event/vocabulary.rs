//! The closed vocabularies of an event: operation, access type, logon type, client family. Names are Microsoft's
//! (Office 365 Management Activity API schema; "mailbox audit logging" pages), numbers are those of the records.

use serde::{Deserialize, Serialize};

/// How a `MailItemsAccessed` record read the mailbox (`MailAccessType`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum AccessType {
    /// Not a `MailItemsAccessed` record, or one that does not say.
    #[default]
    None = 0,
    /// Single messages were read; up to two minutes of them in one record.
    Bind = 1,
    /// A whole folder was downloaded by a synchronising client.
    Sync = 2,
}

impl AccessType {
    /// The name as Microsoft writes it; empty for [`AccessType::None`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bind => "Bind",
            Self::Sync => "Sync",
        }
    }

    /// Reads a column value; unknown numbers are [`AccessType::None`].
    #[must_use]
    pub fn from_u8(value: u8) -> Self {
        match value {
            1 => Self::Bind,
            2 => Self::Sync,
            _ => Self::None,
        }
    }
}

/// Who signed in to the mailbox (`LogonType`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum LogonType {
    /// The mailbox owner.
    Owner = 0,
    /// An administrator.
    Admin = 1,
    /// A delegate, or a member of a shared mailbox.
    Delegate = 2,
    /// The transport service.
    Transport = 3,
    /// A service account of the datacenter.
    SystemService = 4,
    /// Best access, used for application impersonation.
    BestAccess = 5,
    /// A delegated administrator.
    DelegatedAdmin = 6,
    /// The record does not say.
    #[default]
    Absent = 255,
}

impl LogonType {
    /// The name of the logon type; empty when absent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Delegate => "Delegate",
            Self::Transport => "Transport",
            Self::SystemService => "SystemService",
            Self::BestAccess => "BestAccess",
            Self::DelegatedAdmin => "DelegatedAdmin",
            Self::Absent => "",
        }
    }

    /// Reads a column value; numbers outside the schema are [`LogonType::Absent`].
    #[must_use]
    pub fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Owner,
            1 => Self::Admin,
            2 => Self::Delegate,
            3 => Self::Transport,
            4 => Self::SystemService,
            5 => Self::BestAccess,
            6 => Self::DelegatedAdmin,
            _ => Self::Absent,
        }
    }
}

/// The kind of client behind a `ClientInfoString` (or a sign-in's user agent).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum ClientFamily {
    /// The record names no client.
    #[default]
    Unknown = 0,
    /// Outlook on the web.
    Owa = 1,
    /// Outlook for Windows or Mac.
    OutlookDesktop = 2,
    /// Outlook for iOS or Android.
    OutlookMobile = 3,
    /// The Outlook REST interface and Microsoft Graph.
    Rest = 4,
    /// Exchange Web Services.
    Ews = 5,
    /// IMAP.
    Imap = 6,
    /// POP3.
    Pop = 7,
    /// Exchange ActiveSync.
    ActiveSync = 8,
    /// Remote PowerShell and the administration cmdlets.
    PowerShell = 9,
    /// The transport service.
    Transport = 10,
    /// A service of the datacenter acting on its own (assistants, compliance, search).
    Service = 11,
    /// A browser (sign-ins).
    Browser = 12,
    /// Authenticated SMTP submission.
    Smtp = 13,
    /// A client string that names something else.
    Other = 14,
}

impl ClientFamily {
    /// All families, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Unknown,
        Self::Owa,
        Self::OutlookDesktop,
        Self::OutlookMobile,
        Self::Rest,
        Self::Ews,
        Self::Imap,
        Self::Pop,
        Self::ActiveSync,
        Self::PowerShell,
        Self::Transport,
        Self::Service,
        Self::Browser,
        Self::Smtp,
        Self::Other,
    ];

    /// A short readable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Owa => "Outlook on the web",
            Self::OutlookDesktop => "Outlook desktop",
            Self::OutlookMobile => "Outlook mobile",
            Self::Rest => "REST",
            Self::Ews => "EWS",
            Self::Imap => "IMAP",
            Self::Pop => "POP",
            Self::ActiveSync => "ActiveSync",
            Self::PowerShell => "PowerShell",
            Self::Transport => "transport",
            Self::Service => "service",
            Self::Browser => "browser",
            Self::Smtp => "SMTP",
            Self::Other => "other",
        }
    }

    /// Reads a column value; unknown numbers are [`ClientFamily::Unknown`].
    #[must_use]
    pub fn from_u8(value: u8) -> Self {
        Self::ALL
            .get(usize::from(value))
            .copied()
            .unwrap_or_default()
    }
}

/// What an operation does to a mailbox, read from Microsoft's name of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// `MailItemsAccessed`: messages were read or a folder downloaded.
    MailItemsAccessed,
    /// `AttachmentAccess`.
    AttachmentAccess,
    /// `MessageBind`: a message was read, in the older schema.
    MessageBind,
    /// `FolderBind`: a folder was opened, in the older schema; that reads no message.
    FolderBind,
    /// `Send`, `SendAs`, `SendOnBehalf`.
    Send,
    /// `Create`.
    Create,
    /// `Update`.
    Update,
    /// `Move`, `Copy`.
    Move,
    /// `MoveToDeletedItems`, `SoftDelete`, `HardDelete`.
    Delete,
    /// An inbox rule was made, changed, removed or enabled.
    InboxRule,
    /// Mail of the mailbox is forwarded elsewhere (`Set-Mailbox` with forwarding parameters).
    Forwarding,
    /// Permissions on the mailbox or a folder, delegates, sending rights.
    Permission,
    /// The mailbox was searched.
    Search,
    /// `MailboxLogin`.
    MailboxLogin,
    /// A sign-in that worked.
    SignIn,
    /// A sign-in that failed.
    SignInFailed,
    /// Anything else done to an item or a mailbox.
    Other,
}

impl Operation {
    /// Classifies Microsoft's operation name, whatever its case.
    #[must_use]
    pub fn classify(name: &str) -> Self {
        // The common names come first and compare exactly; the rest fall back to a comparison without case.
        match name {
            "MailItemsAccessed" => return Self::MailItemsAccessed,
            "Send" | "SendAs" | "SendOnBehalf" => return Self::Send,
            "MoveToDeletedItems" | "SoftDelete" | "HardDelete" => return Self::Delete,
            "UserLoggedIn" => return Self::SignIn,
            _ => {}
        }
        match name.to_ascii_lowercase().as_str() {
            "mailitemsaccessed" => Self::MailItemsAccessed,
            "attachmentaccess" => Self::AttachmentAccess,
            "messagebind" => Self::MessageBind,
            "folderbind" => Self::FolderBind,
            "send" | "sendas" | "sendonbehalf" => Self::Send,
            "create" => Self::Create,
            "update" => Self::Update,
            "move" | "copy" => Self::Move,
            "movetodeleteditems" | "softdelete" | "harddelete" | "recorddelete" => Self::Delete,
            "new-inboxrule" | "set-inboxrule" | "remove-inboxrule" | "enable-inboxrule"
            | "disable-inboxrule" | "updateinboxrules" | "new-sweeprule" | "set-sweeprule"
            | "remove-sweeprule" => Self::InboxRule,
            "set-mailbox" => Self::Forwarding,
            "add-mailboxpermission"
            | "remove-mailboxpermission"
            | "add-recipientpermission"
            | "remove-recipientpermission"
            | "add-mailboxfolderpermission"
            | "set-mailboxfolderpermission"
            | "remove-mailboxfolderpermission"
            | "modifyfolderpermissions"
            | "addfolderpermissions"
            | "removefolderpermissions"
            | "updatefolderpermissions"
            | "updatecalendardelegation" => Self::Permission,
            "searchqueryinitiatedexchange" | "searchqueryperformed" => Self::Search,
            "mailboxlogin" => Self::MailboxLogin,
            "userloggedin" => Self::SignIn,
            "userloginfailed" => Self::SignInFailed,
            _ => Self::Other,
        }
    }

    /// Messages, attachments or folders were read.
    #[must_use]
    pub fn is_read(self) -> bool {
        self.is_read_of_items() || self == Self::FolderBind
    }

    /// Messages or attachments were read.
    #[must_use]
    pub fn is_read_of_items(self) -> bool {
        matches!(
            self,
            Self::MailItemsAccessed | Self::AttachmentAccess | Self::MessageBind
        )
    }

    /// Mail left the mailbox.
    #[must_use]
    pub fn is_send(self) -> bool {
        self == Self::Send
    }

    /// Items were deleted, for good or not.
    #[must_use]
    pub fn is_delete(self) -> bool {
        self == Self::Delete
    }

    /// Rules, forwarding or permissions changed: what mail does by itself, or who may read it.
    #[must_use]
    pub fn is_rule_change(self) -> bool {
        matches!(self, Self::InboxRule | Self::Forwarding | Self::Permission)
    }

    /// A sign-in, successful or not.
    #[must_use]
    pub fn is_sign_in(self) -> bool {
        matches!(self, Self::SignIn | Self::SignInFailed)
    }

    /// The mailbox was searched.
    #[must_use]
    pub fn is_search(self) -> bool {
        self == Self::Search
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_columns_read_back() {
        for family in ClientFamily::ALL {
            assert_eq!(ClientFamily::from_u8(family as u8), family);
        }
        assert_eq!(ClientFamily::from_u8(200), ClientFamily::Unknown);
        for logon in 0..=6 {
            assert_eq!(LogonType::from_u8(logon) as u8, logon);
        }
        assert_eq!(LogonType::from_u8(7), LogonType::Absent);
        assert_eq!(AccessType::from_u8(2).as_str(), "Sync");
    }

    #[test]
    fn operations_are_classified_whatever_their_case() {
        assert!(Operation::classify("mailitemsaccessed").is_read());
        assert!(Operation::classify("SENDAS").is_send());
        assert!(Operation::classify("HardDelete").is_delete());
        assert!(Operation::classify("New-InboxRule").is_rule_change());
        assert!(Operation::classify("UserLoginFailed").is_sign_in());
        assert!(Operation::classify("SearchQueryInitiatedExchange").is_search());
        assert_eq!(Operation::classify("FilePreviewed"), Operation::Other);
    }
}

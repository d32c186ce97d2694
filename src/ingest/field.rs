//! Names of the fields of a record that are used.

/// A field of a record whose value is a scalar. Fields that hold objects and lists are recognised by their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Field {
    ActorIpAddress,
    AppId,
    ApplicationId,
    ClientAppId,
    ClientInfoString,
    ClientIp,
    ClientIpAddress,
    ClientProcessName,
    ClientVersion,
    CreationTime,
    ExternalAccess,
    Id,
    LogonError,
    LogonType,
    MailAccessType,
    MailboxGuid,
    MailboxOwner,
    ObjectId,
    Operation,
    OperationCount,
    RecordType,
    ResultStatus,
    SessionId,
    UserAgent,
    UserId,
    UserKey,
    UserType,
    Workload,
    /// `ClientAppId` of the `AppAccessContext`.
    ContextClientAppId,
    /// `AADSessionId` of the `AppAccessContext`.
    ContextSessionId,
    /// `SessionId` of the `DeviceProperties`.
    DeviceSessionId,
    /// `Name` of the `Folder` or the item's `ParentFolder`.
    FolderName,
    /// `Path` of the `Folder` or the item's `ParentFolder`.
    FolderPath,
    /// Of the `OperationProperties`.
    IsThrottled,
    /// Kept like the others, and never looked at: that costs less than a decision.
    #[default]
    Unused,
    AuditData,
    CreationDate,
    /// A list or an object; in some exports it is JSON in a string.
    Nested,
    OfficeWorkload,
    RawEventData,
    ResultCount,
    ResultIndex,
    TimeGenerated,
    Timestamp,
    /// Not Microsoft's: its names begin with a capital letter, those of the systems around it do not.
    Wrapper,
}

impl Field {
    /// Number of fields whose value is kept; the others tell of what is around the record.
    pub(crate) const STORED: usize = Self::Unused as usize + 1;

    /// Grouped by length: one comparison of lengths rules out most of the names that are not used.
    pub(crate) fn of(key: &[u8]) -> Self {
        if !key.first().is_some_and(u8::is_ascii_uppercase) {
            return Self::Wrapper;
        }
        match key.len() {
            2 if key == b"Id" => Self::Id,
            4 if key == b"Item" => Self::Nested,
            5 if key == b"AppId" => Self::AppId,
            6 if key == b"UserId" => Self::UserId,
            7 => match key {
                b"UserKey" => Self::UserKey,
                b"Folders" => Self::Nested,
                _ => Self::Unused,
            },
            8 => match key {
                b"Workload" => Self::Workload,
                b"UserType" => Self::UserType,
                b"ClientIP" => Self::ClientIp,
                b"ObjectId" => Self::ObjectId,
                b"Messages" => Self::Nested,
                _ => Self::Unused,
            },
            9 => match key {
                b"Operation" => Self::Operation,
                b"LogonType" => Self::LogonType,
                b"SessionId" => Self::SessionId,
                b"UserAgent" => Self::UserAgent,
                b"AuditData" => Self::AuditData,
                b"Timestamp" => Self::Timestamp,
                _ => Self::Unused,
            },
            10 => match key {
                b"RecordType" => Self::RecordType,
                b"LogonError" => Self::LogonError,
                b"Parameters" => Self::Nested,
                _ => Self::Unused,
            },
            11 => match key {
                b"ClientAppId" => Self::ClientAppId,
                b"MailboxGuid" => Self::MailboxGuid,
                b"ResultCount" => Self::ResultCount,
                b"ResultIndex" => Self::ResultIndex,
                _ => Self::Unused,
            },
            12 => match key {
                b"CreationTime" => Self::CreationTime,
                b"ResultStatus" => Self::ResultStatus,
                b"RawEventData" => Self::RawEventData,
                b"CreationDate" => Self::CreationDate,
                _ => Self::Unused,
            },
            13 => match key {
                b"TimeGenerated" => Self::TimeGenerated,
                b"ClientVersion" => Self::ClientVersion,
                b"ApplicationId" => Self::ApplicationId,
                b"AffectedItems" => Self::Nested,
                _ => Self::Unused,
            },
            14 => match key {
                b"OperationCount" => Self::OperationCount,
                b"ActorIpAddress" => Self::ActorIpAddress,
                b"ExternalAccess" => Self::ExternalAccess,
                b"MailAccessType" => Self::MailAccessType,
                b"OfficeWorkload" => Self::OfficeWorkload,
                _ => Self::Unused,
            },
            15 => match key {
                b"ClientIPAddress" | b"ClientIpAddress" => Self::ClientIpAddress,
                b"MailboxOwnerUPN" => Self::MailboxOwner,
                _ => Self::Unused,
            },
            16 => match key {
                b"ClientInfoString" => Self::ClientInfoString,
                b"AppAccessContext" | b"DeviceProperties" => Self::Nested,
                _ => Self::Unused,
            },
            17 if key == b"ClientProcessName" => Self::ClientProcessName,
            18 if key == b"ExtendedProperties" => Self::Nested,
            19 if key == b"OperationProperties" => Self::Nested,
            _ => Self::Unused,
        }
    }
}

/// A field of a folder of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FolderField {
    FolderItems,
    Path,
    #[default]
    Unused,
}

impl FolderField {
    pub(crate) fn of(key: &[u8]) -> Self {
        match key {
            b"FolderItems" => Self::FolderItems,
            b"Path" => Self::Path,
            _ => Self::Unused,
        }
    }
}

/// A field of a message in a folder of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ItemField {
    InternetMessageId,
    SizeInBytes,
    #[default]
    Unused,
}

impl ItemField {
    pub(crate) fn of(key: &[u8]) -> Self {
        match key {
            b"InternetMessageId" => Self::InternetMessageId,
            b"SizeInBytes" => Self::SizeInBytes,
            _ => Self::Unused,
        }
    }
}

/// A half of a pair of name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PairField {
    Name,
    Value,
    #[default]
    Unused,
}

impl PairField {
    pub(crate) fn of(key: &[u8]) -> Self {
        match key {
            b"Name" => Self::Name,
            b"Value" => Self::Value,
            _ => Self::Unused,
        }
    }
}

/// A field of the `AppAccessContext` of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ContextField {
    ClientAppId,
    SessionId,
    #[default]
    Unused,
}

impl ContextField {
    pub(crate) fn of(key: &[u8]) -> Self {
        match key {
            b"AADSessionId" => Self::SessionId,
            b"ClientAppId" => Self::ClientAppId,
            _ => Self::Unused,
        }
    }
}

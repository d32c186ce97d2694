//! Leads: records of other kinds that bear on mailboxes. They are not judged, and an investigation asks for them.
//!
//! Names of operations are those of the unified audit log (Microsoft, "Audit log activities"; Exchange cmdlets are logged under
//! their own names).

use std::collections::BTreeMap;

use serde::Serialize;

/// What a record outside the mailboxes may mean for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lead {
    /// An application was given access, a secret or an owner.
    Applications,
    /// A role was given that may open mailboxes.
    Roles,
    /// Mailboxes were searched or exported: that leaves no record of each message.
    Searches,
    /// Mail of the whole organisation is handled otherwise.
    MailFlow,
    /// Who may sign in, or how, was changed.
    SignIn,
    /// What is logged was changed.
    Auditing,
}

impl Lead {
    /// The lead of an operation, in whatever case; `None` for one that says nothing about mailboxes. `Set-Mailbox` and
    /// `Set-OrganizationConfig` are leads only where they set what is audited.
    #[must_use]
    pub fn of(operation: &str) -> Option<Self> {
        let name = operation.trim().trim_end_matches('.').to_lowercase();
        Some(match name.as_str() {
            "consent to application"
            | "add app role assignment to service principal"
            | "add delegated permission grant"
            | "add oauth2permissiongrant"
            | "add delegation entry"
            | "set delegation entry"
            | "add service principal"
            | "add service principal credentials"
            | "add app role assignment grant to user"
            | "update application – certificates and secrets management"
            | "add owner to application"
            | "add owner to service principal" => Self::Applications,
            "add member to role"
            | "add eligible member to role"
            | "new-managementroleassignment"
            | "set-managementroleassignment"
            | "new-rolegroup"
            | "add-rolegroupmember"
            | "update-rolegroupmember"
            | "new-applicationaccesspolicy"
            | "remove-applicationaccesspolicy" => Self::Roles,
            "new-compliancesearch"
            | "new-compliancesearchaction"
            | "searchcreated"
            | "searchstarted"
            | "searchexported"
            | "searchexportdownloaded"
            | "new-mailboxsearch"
            | "search-mailbox"
            | "new-mailboxexportrequest"
            | "new-mailboxrestorerequest" => Self::Searches,
            "new-transportrule"
            | "set-transportrule"
            | "enable-transportrule"
            | "new-inboundconnector"
            | "set-inboundconnector"
            | "new-outboundconnector"
            | "set-outboundconnector"
            | "new-journalrule"
            | "set-journalrule"
            | "new-remotedomain"
            | "set-remotedomain"
            | "set-transportconfig" => Self::MailFlow,
            "set domain authentication"
            | "set federation settings on domain"
            | "add unverified domain"
            | "add domain to company"
            | "disable strong authentication"
            | "user registered security info"
            | "set-casmailbox"
            | "update conditional access policy"
            | "delete conditional access policy" => Self::SignIn,
            // Both set much else: see `Telling`.
            "set-mailbox"
            | "set-organizationconfig"
            | "set-adminauditlogconfig"
            | "set-mailboxauditbypassassociation"
            | "remove-unifiedauditlogretentionpolicy"
            | "set-unifiedauditlogretentionpolicy" => Self::Auditing,
            _ => return None,
        })
    }

    /// What was done, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applications => "applications were given access, secrets or owners",
            Self::Roles => "roles were given that may open mailboxes",
            Self::Searches => {
                "mailboxes were searched or exported, which leaves no record of each message"
            }
            Self::MailFlow => "rules or connectors for all mail were changed",
            Self::SignIn => "who may sign in, or how, was changed",
            Self::Auditing => "what is logged was changed",
        }
    }
}

/// Whether records of an operation are leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    No,
    Yes,
    /// Where a parameter's name begins with `Audit`: `AuditEnabled`, `AuditOwner`, `AuditDisabled`.
    WithAuditing,
}

impl Telling {
    pub(super) fn of(operation: &str) -> Self {
        match (Lead::of(operation), operation.to_ascii_lowercase().trim()) {
            (None, _) => Self::No,
            (Some(_), "set-mailbox" | "set-organizationconfig") => Self::WithAuditing,
            (Some(_), _) => Self::Yes,
        }
    }

    /// For a record that sets these parameters.
    pub(super) fn tells<'a>(self, mut parameters: impl Iterator<Item = &'a [u8]>) -> bool {
        const AUDIT: &[u8] = b"audit";
        let audits = |name: &[u8]| {
            let start = name.get(..AUDIT.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(AUDIT))
        };
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::WithAuditing => parameters.any(audits),
        }
    }
}

/// A record outside the mailboxes that bears on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadRecord {
    /// When, milliseconds since 1970-01-01 UTC.
    #[serde(serialize_with = "super::warning::rfc3339")]
    pub time: i64,
    /// What it may mean.
    pub lead: Lead,
    /// Microsoft's operation name, as logged.
    pub operation: String,
    /// Who acted, lower-case.
    pub actor: String,
    /// What it was done to (`ObjectId`): an application, a role, a rule.
    pub target: String,
    /// What was set: `Name=Value; Name=Value`, sorted by name; empty where the log says it otherwise.
    pub parameters: String,
    /// Network address, as logged.
    pub address: String,
    /// The record's identifier.
    pub record_id: String,
}

/// A lead with the operations that gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadRecords {
    /// What the records may mean.
    pub lead: Lead,
    /// How many there are of each operation, most first.
    pub operations: Vec<(String, u64)>,
}

impl LeadRecords {
    /// What was done and by which operations, in words. The names are those of [`Lead::of`], whatever their case: nothing that a
    /// terminal would obey.
    #[must_use]
    pub fn sentence(&self) -> String {
        let operations: Vec<String> = self
            .operations
            .iter()
            .map(|(operation, records)| format!("{} × {records}", operation.trim_end_matches('.')))
            .collect();
        format!("{} ({})", self.lead.as_str(), operations.join(", "))
    }
}

/// Counts the leads among records of these operations.
#[must_use]
pub fn count_leads<'a>(operations: impl IntoIterator<Item = &'a str>) -> Vec<LeadRecords> {
    let mut found: BTreeMap<Lead, BTreeMap<&str, u64>> = BTreeMap::new();
    for operation in operations {
        if let Some(lead) = Lead::of(operation) {
            *found
                .entry(lead)
                .or_default()
                .entry(operation.trim())
                .or_default() += 1;
        }
    }
    let most_first = |operations: BTreeMap<&str, u64>| {
        let mut operations: Vec<(String, u64)> = operations
            .into_iter()
            .map(|(operation, records)| (operation.to_owned(), records))
            .collect();
        operations.sort_by_key(|&(_, records)| std::cmp::Reverse(records));
        operations
    };
    found
        .into_iter()
        .map(|(lead, operations)| LeadRecords {
            lead,
            operations: most_first(operations),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_however_they_are_written() {
        for written in [
            "Consent to application.",
            "Consent to application",
            "Update application – Certificates and secrets management ",
        ] {
            assert_eq!(Lead::of(written), Some(Lead::Applications), "{written}");
        }
        assert_eq!(Lead::of("New-TransportRule"), Some(Lead::MailFlow));
        assert_eq!(Lead::of("FileAccessed"), None);
    }

    #[test]
    fn settings_are_leads_where_they_are_of_auditing() {
        let tells = |operation, parameters: &[&str]| {
            Telling::of(operation).tells(parameters.iter().map(|name| name.as_bytes()))
        };
        assert!(tells("Set-Mailbox", &["Identity", "AuditEnabled"]));
        assert!(tells("set-organizationconfig ", &["AuditDisabled"]));
        assert!(!tells("Set-Mailbox", &["Identity", "Languages"]));
        assert!(!tells("Set-OrganizationConfig", &[]));
        assert!(tells("Consent to application.", &[]));
        assert!(!tells("FileAccessed", &["AuditEnabled"]));
    }

    #[test]
    fn leads_are_counted_by_operation() {
        let found = count_leads([
            "Add owner to application.",
            "SearchExported",
            "Consent to application.",
            "FileAccessed",
            "Consent to application.",
        ]);
        let sentences: Vec<String> = found.iter().map(LeadRecords::sentence).collect();
        assert_eq!(
            sentences,
            [
                "applications were given access, secrets or owners (Consent to application × 2, Add owner to application × 1)",
                "mailboxes were searched or exported, which leaves no record of each message (SearchExported × 1)",
            ]
        );
    }
}

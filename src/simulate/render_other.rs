//! Records that are not about a mailbox's items: administration, sign-ins, the directory, files, teams.

use super::client::{EXCHANGE, invented_guid};
use super::json::{Json, address, decimal, guid, quoted};
use super::parts::{pair_list, rule_parameters};
use super::random::{hashed, mix};
use super::record::{Action, Draft, Other};
use super::render::Renderer;
use super::tenant::Actor;

/// The error code of a wrong password.
const WRONG_PASSWORD: &str = "50126";

impl Renderer<'_> {
    /// An administration record: a cmdlet with parameters, and the port behind the address.
    pub(super) fn cmdlet(&self, draft: &Draft, json: &mut Json) {
        let context = &draft.context;
        let tenant = self.tenant();
        let owner = tenant.actor(context.mailbox);
        let mailbox = tenant.mailbox(context.mailbox);
        let system = context.actor == tenant.system_actor();
        if !system {
            json.raw("ClientIP", |out| with_port(draft, out));
        }
        let alias = owner.user_id.split('@').next().unwrap_or_default();
        let (object, parameters) = match draft.action {
            Action::Rule(rule) => {
                let parameters = rule_parameters(
                    rule,
                    mailbox.folders.last().map_or("\\Archive", String::as_str),
                );
                let name = parameters
                    .iter()
                    .find(|(name, _)| *name == "Name")
                    .map_or("", |(_, value)| value.as_str());
                (format!("{alias}\\{name}"), parameters)
            }
            Action::Grant { to } => {
                let grantee = tenant.actor(to).user_id.clone();
                let parameters = vec![
                    ("Identity", owner.user_id.clone()),
                    ("User", grantee),
                    ("AccessRights", "FullAccess".to_owned()),
                    ("InheritanceType", "All".to_owned()),
                ];
                (owner.user_id.clone(), parameters)
            }
            Action::Configure => {
                let parameters = vec![
                    ("Identity", owner.user_id.clone()),
                    ("RetainDeletedItemsFor", "30.00:00:00".to_owned()),
                ];
                (owner.user_id.clone(), parameters)
            }
            _ => {
                let parameters = vec![
                    ("Identity", "ExchangeOnlineEnterprise".to_owned()),
                    ("RecoverableItemsQuota", "30 GB".to_owned()),
                ];
                ("ExchangeOnlineEnterprise".to_owned(), parameters)
            }
        };
        json.text_field("ObjectId", &object);
        json.text_field("UserId", &self.user_id(draft));
        json.text_field("AppId", if system { "" } else { EXCHANGE });
        json.text_field("ClientAppId", "");
        json.flag("ExternalAccess", system);
        json.text_field("OrganizationName", tenant.domain());
        json.raw("OriginatingServer", |out| {
            quoted(
                out,
                &format!("{} (15.20.7159.0{})", mailbox.server, 10 + draft.seed % 40),
            )
        });
        json.raw("Parameters", |out| {
            let pairs: Vec<(&str, &str)> = parameters
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            pair_list(&pairs, out);
        });
        if !system {
            json.guid("SessionId", context.session);
        }
    }

    /// A sign-in or a failed one.
    pub(super) fn sign_in(&self, draft: &Draft, json: &mut Json) {
        let context = &draft.context;
        let tenant = self.tenant();
        let client = tenant.clients.get(context.client);
        let failed = draft.action == Action::SignIn { failed: true };
        plain_address(draft, "ClientIP", json);
        json.text_field("ObjectId", EXCHANGE);
        json.text_field("UserId", &self.user_id(draft));
        json.number("AzureActiveDirectoryEventType", 1);
        json.raw("ExtendedProperties", |out| {
            let mut pairs = [
                ("ResultStatusDetail", "Success"),
                ("UserAgent", client.user_agent.as_str()),
                ("UserAuthenticationMethod", "1"),
                (
                    "RequestType",
                    if client.process.is_some() {
                        "OAuth2:Token"
                    } else {
                        "OAuth2:Authorize"
                    },
                ),
            ];
            if draft.seed & 4 == 0 {
                pairs.swap(1, 3);
            }
            pair_list(&pairs, out);
        });
        json.raw("ModifiedProperties", |out| out.extend_from_slice(b"[]"));
        self.actor_fields(draft, json);
        plain_address(draft, "ActorIpAddress", json);
        json.guid("InterSystemsId", mix(draft.seed, 20));
        json.guid("IntraSystemId", draft.seed);
        json.text_field("SupportTicketId", "");
        json.raw("Target", |out| {
            out.extend_from_slice(format!("[{{\"ID\":\"{EXCHANGE}\",\"Type\":0}}]").as_bytes())
        });
        json.text_field("TargetContextId", &tenant.organization_id);
        json.text_field("ApplicationId", &client.sign_in);
        json.raw("DeviceProperties", |out| {
            let (system, browser) = device(&client.user_agent);
            let mut session = Vec::new();
            guid(&mut session, context.session);
            let session = String::from_utf8(session).unwrap_or_default();
            let pairs = [
                ("OS", system),
                ("BrowserType", browser),
                ("IsCompliantAndManaged", "False"),
                ("SessionId", session.as_str()),
            ];
            // Three of ten sign-ins carry no SessionId.
            let known = failed || hashed(draft.seed, 21, 10) < 3;
            pair_list(if known { &pairs[..3] } else { &pairs }, out);
        });
        json.text_field("ErrorNumber", if failed { WRONG_PASSWORD } else { "0" });
        if failed {
            json.text_field("LogonError", "InvalidUserNameOrPassword");
        }
    }

    fn actor_fields(&self, draft: &Draft, json: &mut Json) {
        let actor: &Actor = self.tenant().actor(draft.context.actor);
        json.raw("Actor", |out| {
            out.extend_from_slice(b"[{\"ID\":");
            quoted(out, &actor.object_id);
            out.extend_from_slice(b",\"Type\":0},{\"ID\":");
            quoted(out, &actor.user_id);
            out.extend_from_slice(b",\"Type\":5}]");
        });
        json.text_field("ActorContextId", &self.tenant().organization_id);
    }

    /// A change in the directory.
    pub(super) fn directory(&self, draft: &Draft, json: &mut Json) {
        let client = self.tenant().clients.get(draft.context.client);
        let consent = draft.action == Action::Consent;
        let app = client.client_app_id.clone().unwrap_or_default();
        json.text_field(
            "ObjectId",
            if consent {
                &app
            } else {
                &self.tenant().actor(draft.context.mailbox).user_id
            },
        );
        json.text_field("UserId", &self.user_id(draft));
        json.number("AzureActiveDirectoryEventType", 1);
        json.raw("ExtendedProperties", |out| {
            let category = if consent { "ServicePrincipal" } else { "User" };
            pair_list(
                &[
                    ("additionalDetails", "{}"),
                    ("extendedAuditEventCategory", category),
                ],
                out,
            );
        });
        json.raw("ModifiedProperties", |out| {
            if consent {
                let scopes = b"[{\"Name\":\"ConsentAction.Permissions\",\"NewValue\":\"Scope: Mail.Read offline_access\",\"OldValue\":\"\"}]";
                out.extend_from_slice(scopes);
            } else {
                out.extend_from_slice(b"[{\"Name\":\"Included Updated Properties\",\"NewValue\":\"Department\",\"OldValue\":\"\"}]");
            }
        });
        self.actor_fields(draft, json);
        json.guid("InterSystemsId", mix(draft.seed, 20));
        json.guid("IntraSystemId", draft.seed);
        json.text_field("SupportTicketId", "");
        json.raw("Target", |out| {
            out.extend_from_slice(b"[{\"ID\":");
            quoted(out, client.name.unwrap_or("application"));
            out.extend_from_slice(b",\"Type\":1}]");
        });
        json.text_field("TargetContextId", &self.tenant().organization_id);
    }

    /// A file in SharePoint or OneDrive.
    pub(super) fn file(&self, draft: &Draft, json: &mut Json) {
        let tenant = self.tenant();
        let site = tenant.domain().split('.').next().unwrap_or_default();
        let client = tenant.clients.get(draft.context.client);
        let name = format!("Document {}.docx", hashed(draft.seed, 22, 900));
        plain_address(draft, "ClientIP", json);
        json.text_field(
            "ObjectId",
            &format!("https://{site}.sharepoint.example/sites/work/Shared Documents/{name}"),
        );
        json.text_field("UserId", &self.user_id(draft));
        json.guid("CorrelationId", mix(draft.seed, 23));
        json.text_field("EventSource", "SharePoint");
        json.text_field("ItemType", "File");
        json.guid("ListId", mix(tenant.seed, 24));
        json.guid("ListItemUniqueId", mix(draft.seed, 25));
        json.guid("Site", mix(tenant.seed, 26));
        json.text_field("UserAgent", &client.user_agent);
        json.guid("WebId", mix(tenant.seed, 27));
        if draft.action == Action::Other(Other::FileDownloaded) {
            json.number("FileSizeBytes", 8_000 + hashed(draft.seed, 28, 900_000));
        }
        json.text_field("SourceFileExtension", "docx");
        json.text_field(
            "SiteUrl",
            &format!("https://{site}.sharepoint.example/sites/work/"),
        );
        json.text_field("SourceFileName", &name);
        json.text_field("SourceRelativeUrl", "Shared Documents");
    }

    /// A change of a team's members.
    pub(super) fn team(&self, draft: &Draft, json: &mut Json) {
        let member = &self.tenant().actor(draft.context.mailbox).user_id;
        json.text_field("UserId", &self.user_id(draft));
        json.text_field("AADGroupId", &invented_guid(mix(draft.seed, 29), 0));
        json.text_field("CommunicationType", "Team");
        json.raw("ExtraProperties", |out| out.extend_from_slice(b"[]"));
        json.raw("Members", |out| {
            out.extend_from_slice(b"[{\"DisplayName\":");
            quoted(out, member.split('@').next().unwrap_or_default());
            out.extend_from_slice(b",\"Role\":1,\"UPN\":");
            quoted(out, member);
            out.extend_from_slice(b"}]");
        });
        json.text_field("TeamName", "work");
    }
}

fn plain_address(draft: &Draft, name: &'static str, json: &mut Json) {
    json.raw(name, |out| {
        out.push(b'"');
        address(out, draft.context.address);
        out.push(b'"');
    });
}

/// `1.2.3.4:50123` or `[2001:db8::1]:50123`, as administration records write addresses.
fn with_port(draft: &Draft, out: &mut Vec<u8>) {
    let six = draft.context.address.is_ipv6();
    out.extend_from_slice(if six { b"\"[" } else { b"\"" });
    address(out, draft.context.address);
    out.extend_from_slice(if six { b"]:" } else { b":" });
    decimal(out, 1_024 + hashed(draft.seed, 30, 64_000));
    out.push(b'"');
}

/// Operating system and browser as the sign-in log names them.
fn device(user_agent: &str) -> (&'static str, &'static str) {
    let system = [
        ("Windows", "Windows10"),
        ("iOS", "Ios"),
        ("Apple-iPhone", "Ios"),
        ("Android", "Android"),
        ("Mac OS", "MacOs"),
        ("Linux", "Linux"),
    ]
    .iter()
    .find(|(mark, _)| user_agent.contains(mark))
    .map_or("Other", |(_, name)| name);
    let browser = [
        ("Edg/", "Edge"),
        ("Chrome/", "Chrome"),
        ("Firefox/", "Firefox"),
        ("Safari/", "Safari"),
    ]
    .iter()
    .find(|(mark, _)| user_agent.contains(mark))
    .map_or("Other", |(_, name)| name);
    (system, browser)
}

//! Clients that only attackers bring.
//!
//! Strings and ids are those published for the attack that each belongs to; ids of applications that differ from case to case are invented.

use super::client::{Client, ClientId, EXCHANGE, GRAPH, Table, application, chrome, web};

/// Clients that only attackers bring.
pub(super) struct Foreign {
    /// Forged tokens through OWA: outdated browsers (Chrome 92, Edge 106; published for Storm-0558).
    pub(super) old_browsers: [ClientId; 2],
    rest: Vec<ClientId>,
    ews: Vec<ClientId>,
    /// eM Client, PERFECTDATA SOFTWARE, Mail_Backup.
    pub(super) bulk: [ClientId; 3],
    graph: Vec<ClientId>,
    /// A script with a browser's token.
    pub(super) script: ClientId,
}

/// Applications that campaigns share: enough that a second campaign does not come through the first one's.
const VARIANTS: usize = 8;

fn rest(guid: &mut impl FnMut() -> String) -> Client {
    application("Client=REST;Client=RESTSystem;;", &guid(), &guid())
}

fn ews(guid: &mut impl FnMut() -> String) -> Client {
    let info = "Client=WebServices;ExchangeServicesClient/15.00.0913.015;";
    application(info, EXCHANGE, &guid())
}

fn graph(guid: &mut impl FnMut() -> String) -> Client {
    application("Client=REST;;", GRAPH, &guid())
}

fn of_campaign(variants: &[ClientId], campaign: u32) -> ClientId {
    let which = campaign as usize % variants.len().max(1);
    variants.get(which).copied().unwrap_or_default()
}

impl Foreign {
    /// The clients of a first campaign.
    pub(super) fn new(table: &mut Table, guid: &mut impl FnMut() -> String) -> Self {
        let edge = format!("{} Edg/106.0.1370.34", chrome(106));
        let consented = |id: &str, name| {
            let mut client = application("Client=REST;;", GRAPH, id);
            client.name = Some(name);
            client
        };
        let mut script = web("python-requests/2.28.1".to_owned());
        script.session = true;
        Self {
            old_browsers: [table.add(web(chrome(92))), table.add(web(edge))],
            rest: vec![table.add(rest(guid))],
            ews: vec![table.add(ews(guid))],
            bulk: [
                table.add(consented(
                    "e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd",
                    "eM Client",
                )),
                table.add(consented(
                    "ff8d92dc-3d82-41d6-bcbd-b9174d163620",
                    "PERFECTDATA SOFTWARE",
                )),
                table.add(consented(
                    "2ef68ccc-8a4d-42ff-ae88-2d7bb89ad139",
                    "Mail_Backup",
                )),
            ],
            graph: vec![table.add(graph(guid))],
            script: table.add(script),
        }
    }

    /// Adds the clients of further campaigns.
    pub(super) fn with_variants(
        mut self,
        table: &mut Table,
        guid: &mut impl FnMut() -> String,
    ) -> Self {
        for _ in 1..VARIANTS {
            self.rest.push(table.add(rest(guid)));
            self.ews.push(table.add(ews(guid)));
            self.graph.push(table.add(graph(guid)));
        }
        self
    }

    /// The commonest benign string, with an application that this tenant does not use.
    pub(super) fn rest(&self, campaign: u32) -> ClientId {
        of_campaign(&self.rest, campaign)
    }

    /// A legacy application over EWS.
    pub(super) fn ews(&self, campaign: u32) -> ClientId {
        of_campaign(&self.ews, campaign)
    }

    /// A consented application over Graph.
    pub(super) fn graph(&self, campaign: u32) -> ClientId {
        of_campaign(&self.graph, campaign)
    }
}

//! Clients that only attackers bring.
//!
//! Strings and ids are those published for the attack that each belongs to; ids of applications that differ from case to case are invented.

use super::client::{ClientId, EXCHANGE, GRAPH, Table, application, chrome, web};

/// Clients that only attackers bring.
pub(super) struct Foreign {
    /// Forged tokens through OWA: outdated browsers (Chrome 92, Edge 106; published for Storm-0558).
    pub(super) old_browsers: [ClientId; 2],
    /// The commonest benign string, with an application that this tenant does not use.
    pub(super) rest: ClientId,
    /// Legacy application over EWS.
    pub(super) ews: ClientId,
    /// eM Client, PERFECTDATA SOFTWARE, Mail_Backup.
    pub(super) bulk: [ClientId; 3],
    /// A consented application over Graph.
    pub(super) graph: ClientId,
    /// A script with a browser's token.
    pub(super) script: ClientId,
}

impl Foreign {
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
            rest: table.add(application(
                "Client=REST;Client=RESTSystem;;",
                &guid(),
                &guid(),
            )),
            ews: table.add(application(
                "Client=WebServices;ExchangeServicesClient/15.00.0913.015;",
                EXCHANGE,
                &guid(),
            )),
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
            graph: table.add(application("Client=REST;;", GRAPH, &guid())),
            script: table.add(script),
        }
    }
}

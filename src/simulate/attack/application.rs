//! Attacks by application: Midnight Blizzard's legacy application over EWS, and an illicitly consented one over Graph.
//!
//! Microsoft's guidance for responders of January 2024 describes the first: password spray through residential proxies, then an OAuth
//! application with `full_access_as_app`. How it shows in mailbox records is inferred from the schema: one `ClientAppId`, an EWS client
//! string, many owners, another address every time. The second follows MITRE ATT&CK T1528 with the fields of Graph access in real logs.

use super::Scene;
use crate::simulate::random::{between, chance, dispersed, poisson, token};
use crate::simulate::record::{Action, Context, Logon};
use crate::simulate::visit::Reading;
use rand::Rng;

/// The legacy application reads mailboxes with its own permissions.
pub(super) fn midnight_blizzard(scene: &mut Scene) {
    let tenant = scene.tenant();
    let hidden = scene.campaign.strength < 0.25;
    for victim in scene.campaign.victims.clone() {
        let opening = scene.day == scene.campaign.first;
        if opening && !hidden {
            // The spray: a few guesses from a few homes, never enough to lock the account.
            for _ in 0..1 + poisson(scene.rng, scene.campaign.scale(0.5, 4.0)) {
                let address = scene.residence(victim, false);
                let session = token(scene.rng);
                let context = scene.as_owner(victim, tenant.clients.imap, address, session);
                let time = scene.midnight() + scene.rng.gen_range(0..3 * 3600);
                scene
                    .log
                    .add(scene.rng, time, context, Action::SignIn { failed: true });
            }
        }
        let share = scene.campaign.scale(0.2, 0.8);
        if !opening && !chance(scene.rng, share) {
            continue;
        }
        let address = scene.residence(victim, hidden);
        let context = Context {
            actor: tenant.legacy_actor(scene.campaign.number),
            logon: Logon::Admin,
            as_application: true,
            ..scene.as_owner(
                victim,
                tenant.clients.foreign.ews(scene.campaign.number),
                address,
                0,
            )
        };
        // Hidden: within the victim's working hours.
        let hour = if hidden {
            between(scene.rng, 9.0, 17.0)
        } else {
            between(scene.rng, 3.5, 23.0)
        };
        let start = if hidden {
            scene.local_midnight(victim)
        } else {
            scene.midnight()
        } + (hour * 3600.0) as i64;
        let records = 1 + dispersed(scene.rng, scene.campaign.scale(3.0, 45.0), 2.0);
        let reading = Reading {
            start,
            records,
            messages: scene.campaign.scale(2.0, 14.0),
            gap: 20.0,
            back: 0,
            fast: true,
        };
        scene.log.read(scene.rng, context, reading);
    }
}

/// A new application reads one mailbox in bursts, day and night.
pub(super) fn graph_consent(scene: &mut Scene) {
    let tenant = scene.tenant();
    for victim in scene.campaign.victims.clone() {
        let client = tenant.clients.foreign.graph(scene.campaign.number);
        let hidden = scene.campaign.strength < 0.25;
        let address = scene.server(victim, 2, hidden);
        let context = scene.as_owner(victim, client, address, 0);
        let first = scene.day == scene.campaign.first;
        let opening = scene.local_midnight(victim) + 10 * 3600 + scene.rng.gen_range(0..7200);
        if first {
            // The victim consents at their own desk.
            let (own, session) = scene.own_client(victim, false);
            let office = tenant
                .networks
                .office(tenant.people[victim.mailbox as usize].office, 0);
            let consent = Context {
                client,
                ..scene.as_owner(victim, own, office, session)
            };
            scene
                .log
                .add(scene.rng, opening - 240, consent, Action::Consent);
        }
        for burst in 0..1 + poisson(scene.rng, scene.campaign.scale(0.5, 7.0)) {
            let start = if first {
                opening + i64::from(burst) * 3600
            } else {
                scene.midnight() + scene.rng.gen_range(0..82_800)
            };
            let records = 1 + dispersed(scene.rng, scene.campaign.scale(2.0, 14.0), 3.0);
            let messages = scene.campaign.scale(2.0, 30.0);
            let back = scene.rng.gen_range(0..200);
            scene.log.read(
                scene.rng,
                context,
                Reading {
                    start,
                    records,
                    messages,
                    gap: 10.0,
                    back,
                    fast: true,
                },
            );
        }
    }
}

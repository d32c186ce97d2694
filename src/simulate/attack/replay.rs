//! Replayed tokens: the victim's own client string and session, from somewhere else.
//!
//! Ours, after published token theft (MITRE ATT&CK T1528, T1550.001): a little every night for weeks, or one mobile session emptied at once.

use super::Scene;
use crate::simulate::network::NetworkKind;
use crate::simulate::random::{between, chance, dispersed};
use crate::simulate::visit::Reading;
use rand::Rng;

/// A few messages every night, through the client and in the session that the victim uses by day.
pub(super) fn token_replay(scene: &mut Scene) {
    for victim in scene.campaign.victims.clone() {
        if scene.day != scene.campaign.first && !chance(scene.rng, 0.8) {
            continue;
        }
        let (client, session) = scene.own_client(victim, false);
        let strength = scene.campaign.strength;
        let address = if strength < 0.4 {
            scene.residence(victim, true)
        } else {
            scene.server(victim, 3, strength < 0.7)
        };
        let context = scene.as_owner(victim, client, address, session);
        let hour = between(scene.rng, 1.0, 4.5);
        let start = scene.local_midnight(victim) + (hour * 3600.0) as i64;
        let records = 1 + dispersed(scene.rng, scene.campaign.scale(1.0, 12.0), 3.0);
        let reading = Reading {
            start,
            records,
            messages: scene.campaign.scale(1.3, 4.0),
            gap: 200.0,
            back: 0,
            fast: false,
        };
        scene.log.read(scene.rng, context, reading);
    }
}

/// One session of the victim's phone, read far back within the hour.
pub(super) fn mobile_harvest(scene: &mut Scene) {
    let tenant = scene.tenant();
    for victim in scene.campaign.victims.clone() {
        let (client, session) = scene.own_client(victim, true);
        let strength = scene.campaign.strength;
        let address = if strength < 0.4 {
            // The other carrier of the country, as if on the road.
            let networks = tenant
                .networks
                .of(NetworkKind::Carrier, scene.country(victim));
            let own = tenant.people[victim.mailbox as usize].carrier;
            let other = networks
                .iter()
                .copied()
                .find(|&network| network != own)
                .unwrap_or(own);
            tenant.networks.carrier(scene.rng, other, 9)
        } else {
            scene.server(victim, 1, strength < 0.7)
        };
        let context = scene.as_owner(victim, client, address, session);
        let hour = between(scene.rng, 7.0, 23.0);
        let start = scene.local_midnight(victim) + (hour * 3600.0) as i64;
        let records = 5 + dispersed(scene.rng, scene.campaign.scale(8.0, 150.0), 5.0);
        let back = scene.rng.gen_range(50..400);
        let reading = Reading {
            start,
            records,
            messages: scene.campaign.scale(2.0, 9.0),
            gap: 12.0,
            back,
            fast: true,
        };
        scene.log.read(scene.rng, context, reading);
    }
}

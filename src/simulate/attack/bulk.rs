//! Mass download by a mail client: eM Client, PERFECTDATA SOFTWARE or Mail_Backup is consented to, then every folder is synchronised within
//! minutes. The three applications and the pattern are published by several incident response teams (2023 to 2024).

use super::Scene;
use crate::simulate::random::{between, token};
use crate::simulate::record::{Action, Context};
use crate::simulate::visit::Reading;
use rand::Rng;

pub(super) fn day(scene: &mut Scene) {
    let tenant = scene.tenant();
    let strength = scene.campaign.strength;
    for victim in scene.campaign.victims.clone() {
        let client = tenant.clients.foreign.bulk[(scene.campaign.number % 3) as usize];
        let address = if strength < 0.3 {
            scene.residence(victim, true)
        } else {
            scene.server(victim, 1, false)
        };
        let session = token(scene.rng);
        let context = scene.as_owner(victim, client, address, session);
        let hour = between(scene.rng, 8.0, 19.0);
        let start = scene.local_midnight(victim) + (hour * 3600.0) as i64;
        let (own, _) = scene.own_client(victim, false);
        scene.log.add(
            scene.rng,
            start - 95,
            Context {
                client: own,
                ..context
            },
            Action::SignIn { failed: false },
        );
        scene
            .log
            .add(scene.rng, start - 40, context, Action::Consent);
        let all = tenant.mailbox(victim.mailbox).folders.len() as f64;
        let folders = scene.campaign.scale(3.0_f64.min(all), all * 1.4).round() as usize;
        let until = scene.log.synchronise(
            scene.rng,
            context,
            start,
            folders,
            scene.campaign.scale(150.0, 3.0),
        );
        // Blatant: message by message until the service stops logging.
        let records = if strength > 0.7 {
            1_100
        } else {
            scene.campaign.scale(2.0, 60.0) as u32
        };
        let back = scene.rng.gen_range(0..100);
        scene.log.read(
            scene.rng,
            context,
            Reading {
                start: until + 5,
                records,
                messages: 10.0,
                gap: 2.0,
                back,
                fast: true,
            },
        );
    }
}

//! A delegate who reads more than they should: own account, own client, own office, somebody else's mailbox.
//!
//! Ours, after the pattern that insider-risk guidance describes; nothing about address or client is out of place. Only who reads whom, when
//! and how much can give it away.

use super::Scene;
use crate::simulate::random::{between, chance, dispersed, hashed, mix};
use crate::simulate::record::{Action, Context, Logon};
use crate::simulate::visit::Reading;
use rand::Rng;

pub(super) fn day(scene: &mut Scene) {
    let tenant = scene.tenant();
    let strength = scene.campaign.strength;
    for victim in scene.campaign.victims.clone() {
        let people = tenant.people.len() as u64;
        let first_choice = hashed(scene.campaign.key, 2, people);
        // A colleague of the victim who is at work throughout.
        let insider = (0..people)
            .map(|step| ((first_choice + step) % people) as u32)
            .find(|&person| {
                person != victim.mailbox
                    && tenant.can_be_victim(
                        person as usize,
                        scene.campaign.first,
                        scene.campaign.last,
                    )
            })
            .unwrap_or(if victim.mailbox == 0 { 1 } else { 0 });
        let opening = scene.day == scene.campaign.first;
        if !opening && (tenant.is_day_off(insider as usize, scene.day) || !chance(scene.rng, 0.85))
        {
            continue;
        }
        let someone = super::Victim {
            mailbox: insider,
            episode: victim.episode,
        };
        let (client, session) = scene.own_client(someone, false);
        let address = tenant.networks.office(
            tenant.people[insider as usize].office,
            mix(scene.campaign.key, scene.day as u64),
        );
        let own = scene.as_owner(someone, client, address, session);
        let context = Context {
            mailbox: victim.mailbox,
            logon: Logon::Delegated,
            ..own
        };
        // Hidden: in working hours. Otherwise when the others have gone home.
        let hour = if strength < 0.4 {
            between(scene.rng, 10.0, 16.0)
        } else {
            between(scene.rng, 18.5, 21.5)
        };
        let start = scene.local_midnight(someone) + (hour * 3600.0) as i64;
        if opening {
            let grant = if strength < 0.3 {
                Action::FolderPermission { to: insider }
            } else {
                Action::Grant { to: insider }
            };
            scene.log.add(scene.rng, start - 1_200, context, grant);
        }
        let records = 2 + dispersed(scene.rng, scene.campaign.scale(3.0, 40.0), 2.0);
        let back = scene.rng.gen_range(0..600);
        let reading = Reading {
            start,
            records,
            messages: scene.campaign.scale(1.6, 5.0),
            gap: 60.0,
            back,
            fast: false,
        };
        scene.log.read(scene.rng, context, reading);
    }
}

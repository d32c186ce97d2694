//! Storm-0558, 15 May to 16 June 2023: forged authentication tokens, mail read through OWA by scripts.
//!
//! Published: Microsoft's analysis of July 2023, CISA's advisory AA23-193A, the Cyber Safety Review Board's report of March 2024. Monday to
//! Friday, 00:00 to 09:00 UTC; about 30 rotating proxy hosts; about 250 messages per mailbox and weekday (60,000 from ten mailboxes); the
//! commonest benign client string or outdated browsers (Chrome 92, Edge 106); no rules, nothing sent.

use super::{Scene, Victim};
use crate::simulate::random::{between, chance, log_normal, token};
use crate::simulate::record::Action;
use crate::simulate::visit::Reading;
use rand::Rng;

/// Published addresses.
const PROXIES: u64 = 30;
/// Messages that the scripts read in the two minutes of one record (assumption).
const PER_RECORD: f64 = 8.0;
/// The attackers' working day in UTC hours.
const HOURS: (f64, f64) = (0.0, 9.0);

pub(super) fn day(scene: &mut Scene) {
    let short = scene.campaign.last - scene.campaign.first < 2;
    if scene.tenant().calendar.weekday(scene.day) > 4 && !short {
        return;
    }
    for victim in scene.campaign.victims.clone() {
        let works = chance(scene.rng, scene.campaign.scale(0.6, 1.0));
        // The first and the last day are certain, so that every victim has an episode.
        if works || scene.day == scene.campaign.first || short {
            visit(scene, victim);
        }
    }
}

fn visit(scene: &mut Scene, victim: Victim) {
    let wanted = scene.campaign.scale(20.0, 480.0);
    let messages = log_normal(scene.rng, wanted, 0.35);
    let sittings = if messages > 60.0 {
        scene.rng.gen_range(1..=3)
    } else {
        1
    };
    let records = ((messages / PER_RECORD / f64::from(sittings)).round() as u32).max(1);
    for sitting in 0..sittings {
        let client = client(scene);
        let near = scene.campaign.strength < 0.25;
        let address = scene.server(victim, PROXIES, near);
        let session = token(scene.rng);
        let context = scene.as_owner(victim, client, address, session);
        let hours = records as f64 * 150.0 / 3600.0;
        let hour = between(scene.rng, HOURS.0, (HOURS.1 - hours).max(0.1));
        let start = scene.midnight() + (hour * 3600.0) as i64;
        // Each day the scripts go on where they stopped.
        let back = ((scene.day - scene.campaign.first) as f64 * wanted) as u32
            + sitting * records * PER_RECORD as u32;
        let reading = Reading {
            start,
            records,
            messages: PER_RECORD,
            gap: 12.0,
            back,
            fast: false,
        };
        let until = scene.log.read(scene.rng, context, reading);
        for _ in 0..records / 8 {
            let message = scene
                .log
                .newest(victim.mailbox, start)
                .saturating_sub(back + scene.rng.gen_range(0..records * 8));
            let time = scene.rng.gen_range(start..=until.max(start));
            scene
                .log
                .add(scene.rng, time, context, Action::Attachment { message });
        }
    }
}

/// Hidden: a first-party service that other mailboxes of the tenant meet now and then. Blatant: outdated browsers.
fn client(scene: &mut Scene) -> u16 {
    let tenant = scene.tenant();
    let strength = scene.campaign.strength;
    if strength < 0.25 {
        let services = &tenant.clients.services;
        services[7 + (scene.campaign.key % (services.len() as u64 - 7)) as usize]
    } else if chance(scene.rng, strength * 0.8) {
        tenant.clients.foreign.old_browsers[usize::from(chance(scene.rng, 0.5))]
    } else {
        tenant.clients.foreign.rest(scene.campaign.number)
    }
}

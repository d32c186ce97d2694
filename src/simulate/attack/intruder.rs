//! An intruder with a stolen session in a browser: business e-mail compromise after session theft (adversary in the middle), and the same
//! inside the country that the victim happens to travel in.
//!
//! The first follows Microsoft's and other responders' reports of 2022 to 2024: sign-in, the same session from elsewhere, reading, a search,
//! an inbox rule named "." that moves answers to RSS Feeds, mail sent, traces deleted. The second is our own, to test rules on countries.

use super::{Scene, Victim};
use crate::simulate::client::{Browser, ClientId, Program};
use crate::simulate::network::NetworkKind;
use crate::simulate::random::{between, chance, dispersed, poisson, token};
use crate::simulate::record::{Action, Removal, Rule, Sending};
use crate::simulate::visit::Reading;
use rand::Rng;

fn browser(scene: &Scene, browser: Browser) -> ClientId {
    let tenant = scene.tenant();
    tenant
        .clients
        .of(Program::Web(browser), &tenant.calendar, scene.day, 0)
}

pub(super) fn bec_aitm(scene: &mut Scene) {
    let strength = scene.campaign.strength;
    let first = scene.day == scene.campaign.first;
    for victim in scene.campaign.victims.clone() {
        let (own, stolen) = scene.own_client(victim, false);
        let web = scene.tenant().clients.get(own).app_id.is_some();
        // Hidden: the victim's own browser, a home in the victim's country. Blatant: a script on a rented server.
        let client = if strength < 0.3 && web {
            own
        } else if strength > 0.8 {
            scene.tenant().clients.foreign.script
        } else {
            let choice = if scene.campaign.key & 1 == 0 {
                Browser::Firefox
            } else {
                Browser::Chrome
            };
            browser(scene, choice)
        };
        let address = if strength < 0.4 {
            scene.residence(victim, true)
        } else {
            scene.server(victim, 2, false)
        };
        let session = if first { stolen } else { token(scene.rng) };
        let context = scene.as_owner(victim, client, address, session);
        let hour = if strength < 0.4 {
            between(scene.rng, 9.0, 16.0)
        } else {
            between(scene.rng, 5.0, 22.0)
        };
        let start = scene.local_midnight(victim) + (hour * 3600.0) as i64;
        scene
            .log
            .add(scene.rng, start, context, Action::SignIn { failed: false });
        let records = 3 + dispersed(scene.rng, scene.campaign.scale(4.0, 26.0), 3.0);
        let reading = Reading {
            start: start + 40,
            records,
            messages: 2.4,
            gap: 25.0,
            back: 0,
            fast: true,
        };
        let until = scene.log.read(scene.rng, context, reading);
        if strength > 0.15 {
            scene
                .log
                .add(scene.rng, start + 90, context, Action::Search);
        }
        if first && strength > 0.1 {
            scene
                .log
                .add(scene.rng, until + 300, context, Action::Rule(Rule::Hide));
            if strength > 0.7 {
                scene
                    .log
                    .add(scene.rng, until + 420, context, Action::Rule(Rule::Forward));
            }
        }
        for _ in 0..1 + poisson(scene.rng, scene.campaign.scale(0.3, 9.0)) {
            let time = until + 600 + scene.rng.gen_range(0..2400);
            scene
                .log
                .add(scene.rng, time, context, Action::Write(Sending::Send));
            if chance(scene.rng, 0.7) {
                let newest = scene.log.newest(victim.mailbox, time);
                scene.log.add(
                    scene.rng,
                    time + 45,
                    context,
                    Action::Remove {
                        how: Removal::HardDelete,
                        newest,
                        count: 1,
                    },
                );
            }
        }
    }
}

pub(super) fn travel_shadow(scene: &mut Scene) {
    let tenant = scene.tenant();
    let Some(journey) = scene.campaign.journey else {
        return;
    };
    let country = tenant.destination(&journey);
    for victim in scene.campaign.victims.clone() {
        // Hidden: a café like the victim's own network. Blatant: a server.
        let kind = if scene.campaign.strength < 0.4 {
            NetworkKind::Guest
        } else {
            NetworkKind::Hosting
        };
        let network = tenant.networks.of(kind, country)[0];
        let address = tenant
            .networks
            .get(network)
            .v4(0x9000 | (scene.campaign.key & 0xFFF));
        let client = client_abroad(scene, victim);
        let session = token(scene.rng);
        let context = scene.as_owner(victim, client, address, session);
        let hour = between(scene.rng, 8.0, 22.0);
        let start = scene.local_midnight(victim) + (hour * 3600.0) as i64;
        scene
            .log
            .add(scene.rng, start, context, Action::SignIn { failed: false });
        let records = 4 + dispersed(scene.rng, scene.campaign.scale(4.0, 60.0), 2.5);
        let back = scene.rng.gen_range(0..80);
        scene.log.read(
            scene.rng,
            context,
            Reading {
                start: start + 30,
                records,
                messages: scene.campaign.scale(2.0, 7.0),
                gap: 20.0,
                back,
                fast: true,
            },
        );
    }
}

/// Hidden: what the victim uses, if that is a browser. Otherwise Edge, the commonest.
fn client_abroad(scene: &Scene, victim: Victim) -> ClientId {
    let (own, _) = scene.own_client(victim, false);
    let is_browser = scene
        .tenant()
        .clients
        .get(own)
        .info
        .starts_with("Client=OWA");
    if is_browser && scene.campaign.strength < 0.6 {
        own
    } else {
        browser(scene, Browser::Edge)
    }
}

//! Attacks: which there are, whom they hit and when, and what every one of them leaves in the log.
//!
//! Each attack follows a documented case or, where none is published, the audit schema (marked as inferred in its file). `strength` moves it
//! from hardly visible (0) over the documented form (0.5) to blatant (1).

mod application;
mod bulk;
mod insider;
mod intruder;
mod replay;
mod storm0558;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::client::ClientId;
use super::error::SimulateError;
use super::life::{Event, LookAlike};
use super::network::NetworkKind;
use super::params::SimulateParams;
use super::random::{Generator, Stream, distinct, generator, hashed, mix, token};
use super::record::{Context, Logon, Truth};
use super::tenant::Tenant;
use super::visit::Log;
use super::workday::{PersonDay, Visit};
use rand::Rng;

/// An attack on mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Attack {
    /// Forged tokens, rotating proxies, weekdays 00:00 to 09:00 UTC, several mailboxes, reading only (Storm-0558, 2023).
    Storm0558,
    /// A legacy application reads many mailboxes over EWS from residential proxies (Midnight Blizzard, 2023 to 2024).
    MidnightBlizzard,
    /// A stolen session: reading, a hiding inbox rule, mail sent, traces deleted (business e-mail compromise).
    BecAitm,
    /// A mail client downloads every folder within minutes.
    MassSync,
    /// A consented Graph application reads one mailbox in bursts.
    GraphConsent,
    /// A colleague reads a mailbox that is not theirs to read.
    DelegateInsider,
    /// A stolen token, replayed at night through the user's own client, a little at a time.
    TokenReplay,
    /// A stolen mobile session, emptied once.
    MobileHarvest,
    /// An intruder inside the country that the victim travels in.
    TravelShadow,
}

impl Attack {
    /// Every attack.
    pub const ALL: [Self; 9] = [
        Self::Storm0558,
        Self::MidnightBlizzard,
        Self::BecAitm,
        Self::MassSync,
        Self::GraphConsent,
        Self::DelegateInsider,
        Self::TokenReplay,
        Self::MobileHarvest,
        Self::TravelShadow,
    ];

    /// The name on the command line and in `labels.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Storm0558 => "storm0558",
            Self::MidnightBlizzard => "midnight_blizzard",
            Self::BecAitm => "bec_aitm",
            Self::MassSync => "mass_sync",
            Self::GraphConsent => "graph_consent",
            Self::DelegateInsider => "delegate_insider",
            Self::TokenReplay => "token_replay",
            Self::MobileHarvest => "mobile_harvest",
            Self::TravelShadow => "travel_shadow",
        }
    }

    /// Days from first to last record, before the log's end cuts them short.
    fn days(self, strength: f64) -> i64 {
        let between = |low: f64, high: f64| lerp(low, high, strength).round() as i64;
        match self {
            // 15 May to 16 June 2023 is 33 days.
            Self::Storm0558 => between(19.0, 47.0),
            Self::MidnightBlizzard => between(10.0, 30.0),
            Self::BecAitm => 2,
            Self::MassSync | Self::MobileHarvest => 1,
            Self::GraphConsent => between(2.0, 5.0),
            Self::DelegateInsider => between(5.0, 14.0),
            Self::TokenReplay => between(12.0, 28.0),
            Self::TravelShadow => 3,
        }
    }

    /// Mailboxes hit in a tenant of a size.
    fn victims(self, strength: f64, people: usize) -> usize {
        let most = |share: f64| (people as f64 * share).max(2.0);
        match self {
            // Ten mailboxes of the State Department; a small tenant loses a quarter of its people's.
            Self::Storm0558 => lerp(2.0, most(0.5).min(18.0), strength).round() as usize,
            Self::MidnightBlizzard => lerp(2.0, most(0.6).min(40.0), strength).round() as usize,
            _ => 1,
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Attack {
    type Err = SimulateError;

    /// Reads a name, with hyphens or underscores, in any case.
    fn from_str(text: &str) -> Result<Self, SimulateError> {
        let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
        Self::ALL
            .into_iter()
            .find(|attack| plain(attack.name()) == plain(text))
            .ok_or_else(|| SimulateError::UnknownName {
                what: "attack",
                value: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// What a label names: one mailbox in one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The attack.
    pub attack: Attack,
    /// Number of the campaign among those of its attack.
    pub campaign: u32,
    /// Address of the mailbox.
    pub mailbox: String,
}

impl Episode {
    /// The episode as `labels.csv` names it: `storm0558#0:name@organisation.example`.
    pub fn id(&self) -> String {
        format!("{}#{}:{}", self.attack, self.campaign, self.mailbox)
    }
}

/// A mailbox under attack.
#[derive(Debug, Clone, Copy)]
struct Victim {
    mailbox: u32,
    episode: u32,
}

/// One attack at one time.
#[derive(Debug, Clone)]
struct Campaign {
    attack: Attack,
    number: u32,
    strength: f64,
    victims: Vec<Victim>,
    first: i64,
    last: i64,
    /// A number from which the campaign's infrastructure follows.
    key: u64,
    /// The journey that the campaign follows.
    journey: Option<Event>,
}

impl Campaign {
    /// Between the value for strength 0 and that for strength 1.
    fn scale(&self, hidden: f64, blatant: f64) -> f64 {
        lerp(hidden, blatant, self.strength)
    }
}

/// All campaigns of a simulation.
#[derive(Debug, Clone, Default)]
pub(super) struct Attacks {
    campaigns: Vec<Campaign>,
    /// By number of the episode.
    pub(super) episodes: Vec<Episode>,
}

impl Attacks {
    /// Plans every campaign. An attack on a traveller may plan the journey too.
    pub(super) fn plan(tenant: &mut Tenant, params: &SimulateParams) -> Self {
        let settings = params.settings();
        let mut attacks = Self::default();
        for &attack in &settings.attacks {
            for number in 0..settings.campaigns {
                let mut rng = generator(
                    tenant.seed,
                    Stream::AttackPlan,
                    [attack as u64, u64::from(number)],
                );
                let mut campaign = Campaign {
                    attack,
                    number,
                    strength: settings.strength,
                    victims: Vec::new(),
                    first: 0,
                    last: 0,
                    key: token(&mut rng),
                    journey: None,
                };
                attacks.schedule(
                    tenant,
                    i64::from(params.attack_after()),
                    &mut campaign,
                    &mut rng,
                );
                attacks.campaigns.push(campaign);
            }
        }
        attacks
    }

    fn schedule(
        &mut self,
        tenant: &mut Tenant,
        after: i64,
        campaign: &mut Campaign,
        rng: &mut Generator,
    ) {
        let days = tenant.calendar.days;
        let length = campaign
            .attack
            .days(campaign.strength)
            .clamp(1, days - after);
        campaign.first = after + rng.gen_range(0..=days - after - length);
        if matches!(
            campaign.attack,
            Attack::MassSync | Attack::MobileHarvest | Attack::BecAitm
        ) {
            // These happen while the victim is around: not on the first day of a weekend.
            while tenant.calendar.weekday(campaign.first) > 4 && campaign.first > after {
                campaign.first -= 1;
            }
        }
        campaign.last = campaign.first + length - 1;
        let wanted = campaign
            .attack
            .victims(campaign.strength, tenant.people.len());
        let mut candidates: Vec<usize> = distinct(rng, tenant.people.len(), tenant.people.len())
            .into_iter()
            .filter(|&person| tenant.can_be_victim(person, campaign.first, campaign.last))
            .collect();
        match campaign.attack {
            Attack::MobileHarvest => candidates.sort_by_key(|&person| {
                !tenant.people[person]
                    .devices
                    .iter()
                    .any(|device| device.phone)
            }),
            Attack::TravelShadow => {
                let journeys: Vec<Event> = tenant
                    .life
                    .all_of(LookAlike::Travel)
                    .filter(|event| event.first >= after)
                    .copied()
                    .collect();
                let journey = journeys.get(campaign.number as usize).copied();
                let journey = journey.or_else(|| {
                    let person = candidates.first().copied()?;
                    Some(tenant.life.send_abroad(
                        person,
                        campaign.first,
                        campaign.last,
                        campaign.key,
                    ))
                });
                if let Some(journey) = journey {
                    campaign.first = journey.first;
                    campaign.last = journey.last.min(journey.first + 2);
                    candidates = vec![journey.person];
                }
                campaign.journey = journey;
            }
            _ => {}
        }
        for person in candidates.into_iter().take(wanted.max(1)) {
            let episode = self.episodes.len() as u32;
            let mailbox = tenant.actor(person as u32).user_id.clone();
            self.episodes.push(Episode {
                attack: campaign.attack,
                campaign: campaign.number,
                mailbox,
            });
            campaign.victims.push(Victim {
                mailbox: person as u32,
                episode,
            });
        }
    }

    /// Everything that the attacks leave on a day (UTC).
    pub(super) fn day(&self, log: &mut Log, day: i64) {
        for campaign in self
            .campaigns
            .iter()
            .filter(|campaign| (campaign.first..=campaign.last).contains(&day))
        {
            let key = (campaign.attack as u64) << 32 | u64::from(campaign.number);
            let mut rng = generator(log.tenant.seed, Stream::Attack, [key, day as u64]);
            let mut scene = Scene {
                log: &mut *log,
                campaign,
                day,
                rng: &mut rng,
            };
            match campaign.attack {
                Attack::Storm0558 => storm0558::day(&mut scene),
                Attack::MidnightBlizzard => application::midnight_blizzard(&mut scene),
                Attack::GraphConsent => application::graph_consent(&mut scene),
                Attack::MassSync => bulk::day(&mut scene),
                Attack::BecAitm => intruder::bec_aitm(&mut scene),
                Attack::TravelShadow => intruder::travel_shadow(&mut scene),
                Attack::DelegateInsider => insider::day(&mut scene),
                Attack::TokenReplay => replay::token_replay(&mut scene),
                Attack::MobileHarvest => replay::mobile_harvest(&mut scene),
            }
        }
    }
}

impl Tenant {
    /// Whether an attack on a person's mailbox makes sense: at work from the start, and not on leave or abroad in the days of the attack.
    fn can_be_victim(&self, person: usize, first: i64, last: i64) -> bool {
        let (from, until) = self.people[person].employed;
        let free = |event: &Event| {
            event.kind == LookAlike::Throttled
                || event.last < first
                || event.first > last
                || event.kind == LookAlike::AddIn
        };
        from <= 0 && until > last && (last - first > 7 || self.life.of(person).iter().all(free))
    }
}

/// One campaign on one day.
struct Scene<'a, 'b> {
    log: &'a mut Log<'b>,
    campaign: &'a Campaign,
    day: i64,
    rng: &'a mut Generator,
}

impl<'b> Scene<'_, 'b> {
    fn tenant(&self) -> &'b Tenant {
        self.log.tenant
    }

    /// Midnight UTC.
    fn midnight(&self) -> i64 {
        self.tenant().calendar.midnight(self.day)
    }

    /// Midnight on the victim's clock.
    fn local_midnight(&self, victim: Victim) -> i64 {
        let tenant = self.tenant();
        let office = tenant.people[victim.mailbox as usize].office;
        tenant
            .calendar
            .local_midnight(self.day, &tenant.offices[office])
    }

    /// The country that the victim works in.
    fn country(&self, victim: Victim) -> usize {
        let tenant = self.tenant();
        tenant.offices[tenant.people[victim.mailbox as usize].office].country
    }

    /// A rented server of the campaign, one of `pool`; in the victim's country when `near`.
    fn server(&mut self, victim: Victim, pool: u64, near: bool) -> IpAddr {
        let tenant = self.tenant();
        let which = mix(self.campaign.key, self.rng.gen_range(0..pool.max(1)));
        let networks = if near {
            tenant
                .networks
                .of(NetworkKind::Hosting, self.country(victim))
        } else {
            tenant.networks.anywhere(NetworkKind::Hosting)
        };
        let network = networks[(which % networks.len() as u64) as usize];
        tenant
            .networks
            .get(network)
            .v4(0x8000 | hashed(which, 1, 0x7FFF))
    }

    /// A home somebody else's traffic is led through: in the victim's country when `near`.
    fn residence(&mut self, victim: Victim, near: bool) -> IpAddr {
        let tenant = self.tenant();
        let networks = if near {
            tenant.networks.of(NetworkKind::Home, self.country(victim))
        } else {
            tenant.networks.anywhere(NetworkKind::Home)
        };
        let network = networks[self.rng.gen_range(0..networks.len())];
        tenant.networks.any(self.rng, network)
    }

    /// A context of the attacker in the victim's own name.
    fn as_owner(&self, victim: Victim, client: ClientId, address: IpAddr, session: u64) -> Context {
        Context {
            actor: victim.mailbox,
            mailbox: victim.mailbox,
            client,
            address,
            session,
            logon: Logon::Owner,
            as_application: false,
            truth: Truth::Attack(victim.episode),
        }
    }

    /// Client and sign-in session that the victim uses on the day: the first device that fits, or the first at all.
    fn own_client(&self, victim: Victim, phone: bool) -> (ClientId, u64) {
        let tenant = self.tenant();
        let person = victim.mailbox as usize;
        let someone = &tenant.people[person];
        let number = someone
            .devices
            .iter()
            .position(|device| device.phone == phone)
            .unwrap_or_default();
        let device = &someone.devices[number];
        let client = tenant
            .clients
            .of(device.program, &tenant.calendar, self.day, someone.lag);
        (
            client,
            PersonDay::session_key(
                tenant,
                person,
                device,
                Visit {
                    device: number,
                    ..Visit::FIRST
                },
                self.day,
            ),
        )
    }
}

/// A value between two, `share` of the way.
fn lerp(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::params::SimulateSettings;

    #[test]
    fn names_are_read_back() {
        for attack in Attack::ALL {
            assert_eq!(attack.name().parse::<Attack>().expect("known"), attack);
        }
        assert_eq!(
            "Storm-0558".parse::<Attack>().expect("known"),
            Attack::Storm0558
        );
        let error = "storm".parse::<Attack>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"storm\" is no attack; known are: storm0558, midnight_blizzard"),
            "{error}"
        );
    }

    #[test]
    fn campaigns_lie_in_the_attacked_days_and_have_victims() {
        for seed in 0..10 {
            let settings = SimulateSettings {
                attacks: Attack::ALL.to_vec(),
                campaigns: 2,
                seed,
                ..Default::default()
            };
            let params = settings.check().expect("valid");
            let mut tenant = Tenant::new(&params).expect("a tenant");
            let attacks = Attacks::plan(&mut tenant, &params);
            assert_eq!(attacks.campaigns.len(), 18);
            for campaign in &attacks.campaigns {
                assert!(
                    !campaign.victims.is_empty(),
                    "seed {seed}: {} hits nobody",
                    campaign.attack
                );
                assert!(
                    campaign.first >= 12 && campaign.first <= campaign.last,
                    "{campaign:?}"
                );
            }
        }
    }

    #[test]
    fn the_documented_form_hits_ten_mailboxes_for_33_days() {
        assert_eq!(Attack::Storm0558.days(0.5), 33);
        assert_eq!(Attack::Storm0558.victims(0.5, 100), 10);
    }
}

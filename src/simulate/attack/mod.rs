//! Attacks: which there are, whom they hit and when, and what every one of them leaves in the log.
//!
//! Each attack follows a documented case or, where none is published, the audit schema (marked as inferred in its file). `strength` moves it
//! from hardly visible (0) over the documented form (0.5) to blatant (1).

mod application;
mod bulk;
mod insider;
mod intruder;
mod replay;
mod scene;
mod storm0558;

use std::fmt;
use std::str::FromStr;

use super::error::SimulateError;
use super::life::{Event, LookAlike};
use super::params::SimulateParams;
use super::random::{Generator, Stream, distinct, generator, token};
use super::tenant::Tenant;
use super::visit::Log;
use rand::Rng;
use scene::{Campaign, Scene, Victim, lerp};

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
        let everybody = distinct(rng, tenant.people.len(), tenant.people.len());
        let quiet = |&person: &usize| tenant.can_be_victim(person, campaign.first, campaign.last);
        let mut candidates: Vec<usize> = everybody.iter().copied().filter(quiet).collect();
        if candidates.is_empty() {
            // In a small tenant something happens to everybody.
            candidates.extend(everybody.first());
        }
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

//! The tenant: its people, mailboxes, shared mailboxes and service applications, drawn once from the seed.
//!
//! Assumptions of our own: half of the people work at the headquarters; a mailbox receives about 25 messages a day times its owner's pace and
//! holds some thousands when the log begins; there is a shared mailbox for every 14 people, read by two to five of them.

use super::client::{Clients, invented_guid};
use super::error::SimulateError;
use super::life::Life;
use super::name;
use super::network::{NetworkId, NetworkKind, Networks};
use super::office::{Calendar, LANGUAGES, Office};
use super::params::SimulateParams;
use super::person::{Person, Share};
use super::random::{
    Generator, Stream, chance, distinct, generator, hashed, log_normal, mix, token, weighted,
};
use rand::Rng;
use std::collections::BTreeSet;

/// Someone or something that acts on mailboxes.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// `UserId`.
    pub(super) user_id: String,
    /// `UserKey`.
    pub(super) user_key: String,
    /// Security identifier.
    pub(super) sid: String,
    /// Directory object id.
    pub(super) object_id: String,
    /// `UserType`: 0 regular, 2 administrator, 3 data-centre administrator, 5 application.
    pub(super) user_type: u8,
}

/// A mailbox and the messages it holds. Messages are numbered in order of arrival; everything about one follows from its number.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    /// `MailboxGuid`.
    pub(super) guid: String,
    /// `OriginatingServer` without its version.
    pub(super) server: String,
    /// Region in the server's full name.
    pub(super) region: &'static str,
    /// Folder paths; the first five are Inbox, Sent Items, Drafts, Deleted Items, Junk Email in the mailbox's language.
    pub(super) folders: Vec<String>,
    /// Messages that arrive each day.
    pub(super) arrivals: f64,
    /// Messages that were there before the log began.
    pub(super) stock: f64,
    key: u64,
}

impl Mailbox {
    /// Number of messages that have arrived by a moment, in days since the log's start.
    pub(super) fn newest(&self, days: f64) -> u32 {
        (self.stock + self.arrivals * days.max(0.0)) as u32
    }

    /// The folder that a message lies in: three of five in the Inbox, one of ten among sent mail, the rest filed.
    pub(super) fn folder_of(&self, message: u32) -> usize {
        match hashed(self.key, u64::from(message), 100) {
            0..60 => 0,
            60..70 => 1,
            draw if self.folders.len() > 5 => {
                5 + (mix(self.key, draw ^ u64::from(message)) % (self.folders.len() as u64 - 5))
                    as usize
            }
            _ => 3,
        }
    }

    /// A number from which a message's id and size are derived.
    pub(super) fn message_key(&self, message: u32) -> u64 {
        mix(self.key, u64::from(message) | 1 << 40)
    }
}

/// A simulated organisation.
pub struct Tenant {
    pub(super) seed: u64,
    pub(super) calendar: Calendar,
    pub(super) domain: String,
    pub(super) organization_id: String,
    pub(super) offices: Vec<Office>,
    pub(super) networks: Networks,
    pub(super) clients: Clients,
    /// Owners of [`Tenant::mailboxes`] in the same order, then applications and system accounts.
    pub(super) actors: Vec<Actor>,
    pub(super) mailboxes: Vec<Mailbox>,
    /// People own the first mailboxes, in this order.
    pub(super) people: Vec<Person>,
    /// Mailboxes that several people read.
    pub(super) shared: Vec<u32>,
    pub(super) life: Life,
}

/// People per shared mailbox.
const PEOPLE_PER_SHARED: usize = 14;
/// One member in ten leaves a shared mailbox in the course of the period.
const LEAVES_SHARED: f64 = 0.1;

impl Tenant {
    /// Founds the organisation that the parameters describe.
    ///
    /// # Errors
    /// [`SimulateError::TimeZone`] when the bundled time zone database lacks an office's zone.
    pub fn new(params: &SimulateParams) -> Result<Self, SimulateError> {
        let settings = params.settings();
        let seed = settings.seed;
        let calendar = Calendar::new(settings.start, settings.days);
        let offices = Office::open(params.offices())?;
        let countries: Vec<usize> = offices.iter().map(|office| office.country).collect();
        let mut rng = generator(seed, Stream::Tenant, [0, 0]);
        let domain = name::domain(&mut rng);
        let organization_id = invented_guid(token(&mut rng), token(&mut rng));
        let mut tenant = Self {
            seed,
            calendar,
            domain,
            organization_id,
            offices,
            networks: Networks::new(seed, &countries),
            clients: Clients::new(seed, &calendar),
            actors: Vec::new(),
            mailboxes: Vec::new(),
            people: Vec::new(),
            shared: Vec::new(),
            life: Life::default(),
        };
        tenant.hire(settings.people as usize);
        tenant.share();
        tenant.add_services();
        tenant.life = Life::plan(&tenant, params);
        tenant.follow_life();
        Ok(tenant)
    }

    fn hire(&mut self, people: usize) {
        let mut taken = BTreeSet::new();
        for number in 0..people {
            let mut rng = generator(self.seed, Stream::People, [number as u64, 0]);
            let mut mail_name = name::person(&mut rng);
            if !taken.insert(mail_name.to_lowercase()) {
                mail_name = format!("{mail_name}{number}");
                taken.insert(mail_name.to_lowercase());
            }
            // The headquarters holds half of the people, the other offices share the rest.
            let others = self.offices.len() - 1;
            let office = if others == 0 || chance(&mut rng, 0.5) {
                0
            } else {
                1 + rng.gen_range(0..others)
            };
            let person = self.person(&mut rng, number, office);
            let arrivals = 25.0 * person.pace;
            self.open_mailbox(&mut rng, &mail_name, office, arrivals);
            self.people.push(person);
        }
    }

    /// The hosting network of an add-in: one company runs it for everybody.
    pub(super) fn add_in_network(&self, which: usize) -> NetworkId {
        let hosting = self.networks.anywhere(NetworkKind::Hosting);
        hosting[(mix(self.seed, which as u64) % hosting.len() as u64) as usize]
    }

    fn open_mailbox(&mut self, rng: &mut Generator, mail_name: &str, office: usize, arrivals: f64) {
        let office = &self.offices[office];
        let names = LANGUAGES[weighted(
            rng,
            &if office.country == 0 {
                [0.6, 0.37, 0.03]
            } else {
                [0.95, 0.0, 0.05]
            },
        )];
        let standard = [
            names.inbox,
            names.sent,
            names.drafts,
            names.deleted,
            names.junk,
            names.archive,
        ];
        let mut folders: Vec<String> = standard
            .iter()
            .map(|folder| format!("\\{folder}"))
            .collect();
        let own = (log_normal(rng, 6.0, 0.8) as usize).min(name::FOLDERS.len());
        for index in distinct(rng, own, name::FOLDERS.len()) {
            let folder = name::FOLDERS[index];
            folders.push(if chance(rng, 0.7) {
                format!("\\{}\\{folder}", names.inbox)
            } else {
                format!("\\{folder}")
            });
        }
        let number = self.mailboxes.len();
        self.mailboxes.push(Mailbox {
            guid: invented_guid(token(rng), token(rng)),
            server: format!("{}{}", office.server, 1000 + rng.gen_range(0..9_000_u32)),
            region: office.region,
            folders,
            arrivals,
            stock: log_normal(rng, 6_000.0, 0.8).clamp(400.0, 80_000.0),
            key: token(rng),
        });
        let sid = format!(
            "S-1-5-21-{}-{}-{}-{}",
            1_376_500_000,
            3_565_200_000_u64,
            hashed(self.seed, 1, 2_000_000_000),
            25_600_000 + number
        );
        self.actors.push(Actor {
            user_id: format!("{mail_name}@{}", self.domain),
            user_key: format!("10032001{:08X}", token(rng) as u32),
            sid,
            object_id: invented_guid(token(rng), token(rng)),
            user_type: 0,
        });
    }

    fn share(&mut self) {
        let people = self.people.len();
        for number in 0..1 + people / PEOPLE_PER_SHARED {
            let mut rng = generator(self.seed, Stream::Shared, [number as u64, 0]);
            let base = name::SHARED[number % name::SHARED.len()];
            let round = number / name::SHARED.len();
            let mail_name = if round == 0 {
                base.to_owned()
            } else {
                format!("{base}{}", round + 1)
            };
            let office = rng.gen_range(0..self.offices.len());
            let mailbox = self.mailboxes.len() as u32;
            let arrivals = log_normal(&mut rng, 30.0, 0.5);
            self.open_mailbox(&mut rng, &mail_name, office, arrivals);
            let size = rng.gen_range(2..=5).min(people);
            for person in distinct(&mut rng, size, people) {
                let until = if chance(&mut rng, LEAVES_SHARED) {
                    rng.gen_range(1..=self.calendar.days)
                } else {
                    i64::MAX
                };
                self.people[person].shares.push(Share {
                    mailbox,
                    from: i64::MIN,
                    until,
                });
            }
            self.shared.push(mailbox);
        }
    }

    /// Applications and system accounts that act under their own name.
    fn add_services(&mut self) {
        let mut rng = generator(self.seed, Stream::Services, [u64::MAX, 0]);
        let service = |user_id: String, sid: &str, user_type, object_id| Actor {
            user_key: user_id.clone(),
            user_id,
            sid: sid.to_owned(),
            object_id,
            user_type,
        };
        for _ in 0..3 {
            let object_id = invented_guid(token(&mut rng), token(&mut rng));
            self.actors.push(service(
                format!("ServicePrincipal_{object_id}"),
                "S-1-5-18",
                5,
                object_id,
            ));
        }
        let object_id = invented_guid(0, 0);
        let system = "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)".to_owned();
        self.actors
            .push(service(system, "S-1-5-18", 3, object_id.clone()));
        self.actors.push(Actor {
            user_type: 2,
            ..service(
                format!("admin@{}", self.domain),
                "S-1-5-21-1376500000-500",
                2,
                object_id,
            )
        });
    }

    /// The backup's own account.
    pub(super) fn backup_actor(&self) -> u32 {
        self.mailboxes.len() as u32
    }

    /// The account of an application that an attacker takes over: one of two.
    pub(super) fn legacy_actor(&self, campaign: u32) -> u32 {
        self.mailboxes.len() as u32 + 1 + campaign % 2
    }

    /// Exchange's own system account.
    pub(super) fn system_actor(&self) -> u32 {
        self.mailboxes.len() as u32 + 3
    }

    /// The administrator.
    pub(super) fn admin_actor(&self) -> u32 {
        self.mailboxes.len() as u32 + 4
    }

    /// The mailbox at an index; the first one for an index that is not there.
    pub(super) fn mailbox(&self, index: u32) -> &Mailbox {
        self.mailboxes
            .get(index as usize)
            .unwrap_or(&self.mailboxes[0])
    }

    /// The actor at an index; the first one for an index that is not there.
    pub(super) fn actor(&self, index: u32) -> &Actor {
        self.actors.get(index as usize).unwrap_or(&self.actors[0])
    }

    /// The organisation's mail domain, under `.example`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Number of mailboxes, shared ones included.
    pub fn mailbox_count(&self) -> usize {
        self.mailboxes.len()
    }
}

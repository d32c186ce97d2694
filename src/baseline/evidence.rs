//! The numbers behind a deviation, for the sentences that explain it.

use serde::{Deserialize, Serialize};

use super::hours::hour_class;
use super::mailbox::LadderKind;
use super::novelty::Novelty;
use super::volume::BORROWED_SESSIONS;
use super::{
    Baselines, DELEGATED, Judgement, MailboxBaseline, Persistent, Spread, UNFAMILIAR,
    VOLUME_FEATURES, own_volume, silence_rung, spread_rung,
};
use crate::feature::{
    CategoryKind, Channel, FeatureId, Measure, Observation, Symbol, week_cell_hour,
};

/// What was expected where a feature deviates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expectation {
    /// A category: on how many of the mailbox's days something as new has happened, and who knows it.
    Novelty {
        /// Rung of the ladder of novelty, 0 = familiar, 5 = new to the tenant.
        rung: usize,
        /// Earlier days on which this mailbox met it.
        met_days: u32,
        /// Other mailboxes of the tenant to which it was familiar before today.
        mailboxes: u32,
        /// Mailboxes with a baseline.
        tenant_mailboxes: u32,
        /// Days of the mailbox that brought something at least as new.
        such_days: u32,
        /// Days of the mailbox that are counted: ordinary ones, after its first.
        days: u32,
        /// What is new.
        of: CategoryKind,
    },
    /// A count: what eight in ten sessions have.
    Range(AmountRange),
    /// An hour: sessions of the mailbox within an hour of it, of its sessions of the kind on working days or at weekends.
    Hour {
        /// Sessions within an hour on either side.
        near: u32,
        /// Sessions of the kind that taught the baseline, on such days.
        sessions: u32,
        /// Whether the days are those of weekends, and not working days.
        weekend: bool,
        /// The kind: how the mailbox was reached.
        channel: Channel,
    },
    /// A setting: days of the mailbox on which something as serious was changed.
    Changes {
        /// Such days.
        such_days: u32,
        /// All days that are counted.
        days: u32,
    },
    /// Other mailboxes in which the same thing was unfamiliar within two weeks, or on one day.
    Spread {
        /// Whether on the day of the session alone.
        today: bool,
        /// Number of mailboxes, this one included.
        mailboxes: u32,
        /// What they share.
        kind: CategoryKind,
        /// Its text's symbol.
        symbol: Symbol,
    },
    /// A `SessionId` that went on elsewhere.
    Token {
        /// 1 from another known network, 2 from an unknown one, one more in another browser.
        rung: usize,
        /// Days of the mailbox with something as strange.
        such_days: u32,
        /// All days that are counted.
        days: u32,
    },
    /// Days without a session before.
    Silence {
        /// Number of days.
        silent_days: u32,
        /// Days of the mailbox after as long a silence.
        such_days: u32,
        /// All days that are counted.
        days: u32,
    },
    /// Days on which the service throttled the mailbox's log.
    Throttled {
        /// Such days.
        such_days: u32,
        /// All days that are counted.
        days: u32,
    },
    /// Days of the last two weeks on which the mailbox was opened at an odd hour from a network new to it.
    OddDays {
        /// Number of days, this one included.
        days: u32,
    },
    /// Earlier days on which the same unfamiliar thing came.
    Persistence {
        /// Number of days.
        days: u32,
        /// For a client, on how many of them, at least, it came from other networks; `None` for a network.
        elsewhere: Option<u32>,
    },
}

/// What eight in ten sessions have of an amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmountRange {
    /// One session in ten has less.
    pub low: f64,
    /// One session in ten has as much or more.
    pub high: f64,
    /// Sessions of this mailbox through this client family that taught the baseline...
    pub sessions: u32,
    /// ...of clients that were new to it...
    pub unfamiliar: bool,
    /// ...or of people who are not its owner.
    pub delegated: bool,
    /// What is expected of a mailbox that has none.
    pub elsewhere: Elsewhere,
}

/// Which sessions of the tenant's mailboxes a session without precedent in its own is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Elsewhere {
    /// Those of its application.
    Application,
    /// Those through its client family, as familiar and as delegated as it is.
    Class,
    /// All of them, because hardly any are like it.
    Everything,
}

/// One deviation with the numbers behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which feature.
    pub feature: FeatureId,
    /// Deviation in bans.
    pub bans: f64,
    /// The observed number, in the feature's unit (rung, count, hour of day UTC).
    pub observed: f64,
    /// What was expected.
    pub expectation: Expectation,
}

impl Baselines {
    /// The evidence of every feature of one judged session, in the order of the catalogue. Call it before the day is
    /// taught: afterwards the baseline knows the session.
    pub fn evidence(&self, observation: &Observation, judgement: &Judgement) -> Vec<Evidence> {
        let empty = MailboxBaseline::default();
        let baseline = self
            .mailboxes
            .get(&observation.mailbox)
            .map_or(&empty, |baseline| &**baseline);
        crate::feature::FEATURES
            .iter()
            .map(|feature| {
                let (observed, expectation) =
                    self.expectation(feature.id, baseline, observation, judgement);
                Evidence {
                    feature: feature.id,
                    bans: judgement.deviations[feature.id.index()],
                    observed,
                    expectation,
                }
            })
            .collect()
    }

    fn expectation(
        &self,
        feature: FeatureId,
        baseline: &MailboxBaseline,
        observation: &Observation,
        judgement: &Judgement,
    ) -> (f64, Expectation) {
        let novelty = |kind: CategoryKind| judgement.novelties[kind as usize];
        let of_kind = |kind| self.novelty_evidence(baseline, kind, novelty(kind));
        // One feature speaks of two categories: the sentence is about the one that counted.
        let of_rarer = |kind: CategoryKind, other: CategoryKind| {
            let novel = |kind: CategoryKind| {
                let of = (observation, baseline, &judgement.novelties);
                self.novel(of, LadderKind::of(kind), novelty(kind).rung)
            };
            of_kind(if novel(other) > novel(kind) {
                other
            } else {
                kind
            })
        };
        match feature {
            FeatureId::Application => of_rarer(CategoryKind::Application, CategoryKind::Origin),
            FeatureId::Client => of_rarer(CategoryKind::Client, CategoryKind::Version),
            FeatureId::Actor => of_kind(CategoryKind::Actor),
            FeatureId::Network => {
                self.novelty_evidence(baseline, CategoryKind::Network, judgement.network)
            }
            FeatureId::Hour => hour_evidence(baseline, observation),
            FeatureId::Changes => {
                let rung = observation.action as usize;
                let (such_days, days) = such_days(baseline, LadderKind::Changes, rung);
                (rung as f64, Expectation::Changes { such_days, days })
            }
            FeatureId::Spread => self.spread_evidence(baseline, observation, judgement),
            FeatureId::Persistence => persistence_evidence(judgement),
            FeatureId::Silence => {
                let silent_days = judgement.silence;
                let rung = silence_rung(silent_days);
                let (such_days, days) = such_days(baseline, LadderKind::Silence, rung);
                let expectation = Expectation::Silence {
                    silent_days,
                    such_days,
                    days,
                };
                (f64::from(silent_days), expectation)
            }
            FeatureId::Throttled => {
                let (such_days, days) = such_days(baseline, LadderKind::Throttled, 1);
                let throttled = f64::from(u8::from(observation.throttled));
                (throttled, Expectation::Throttled { such_days, days })
            }
            FeatureId::OddDays => {
                let days = judgement.odd_days;
                (f64::from(days), Expectation::OddDays { days })
            }
            FeatureId::Token => {
                let rung = judgement.token;
                let (such_days, days) = such_days(baseline, LadderKind::Token, rung);
                let expectation = Expectation::Token {
                    rung,
                    such_days,
                    days,
                };
                (rung as f64, expectation)
            }
            _ => self.volume_evidence(feature, baseline, observation, judgement.class),
        }
    }

    fn spread_evidence(
        &self,
        baseline: &MailboxBaseline,
        observation: &Observation,
        judgement: &Judgement,
    ) -> (f64, Expectation) {
        let (lately, today) = (judgement.spread, judgement.spread_today);
        let of = (observation, baseline, &judgement.novelties);
        let rare = |ladder: LadderKind, spread: Spread| {
            self.exceedance(of, ladder, spread_rung(spread.mailboxes))
        };
        let on_day = rare(LadderKind::SpreadToday, today) < rare(LadderKind::Spread, lately);
        let spread = if on_day { today } else { lately };
        let (kind, symbol) = spread.by.unwrap_or((CategoryKind::Application, 0));
        let mailboxes = spread.mailboxes.max(1) as u32;
        let expectation = Expectation::Spread {
            today: on_day,
            mailboxes,
            kind,
            symbol,
        };
        (f64::from(mailboxes), expectation)
    }

    fn novelty_evidence(
        &self,
        baseline: &MailboxBaseline,
        of: CategoryKind,
        novelty: Novelty,
    ) -> (f64, Expectation) {
        let ladder = LadderKind::of(of);
        let expectation = Expectation::Novelty {
            rung: novelty.rung,
            met_days: u32::from(novelty.days),
            mailboxes: novelty.familiar_elsewhere,
            tenant_mailboxes: self.mailboxes.len() as u32,
            such_days: baseline.ladders[ladder as usize].days_at_or_above(novelty.rung.max(1)),
            days: baseline.counted_days(),
            of,
        };
        (novelty.rung as f64, expectation)
    }

    fn elsewhere(&self, observation: &Observation, class: u8, measure: Measure) -> Elsewhere {
        if self
            .application_volume(observation, class, measure)
            .is_some()
        {
            return Elsewhere::Application;
        }
        let class = self.tenant.volumes.get(&class);
        match class.map(|volume| volume[measure as usize].sessions()) {
            Some(sessions) if sessions >= BORROWED_SESSIONS => Elsewhere::Class,
            _ => Elsewhere::Everything,
        }
    }

    fn volume_evidence(
        &self,
        feature: FeatureId,
        baseline: &MailboxBaseline,
        observation: &Observation,
        class: u8,
    ) -> (f64, Expectation) {
        let measure = VOLUME_FEATURES
            .iter()
            .find(|(id, _)| *id == feature)
            .map_or(VOLUME_FEATURES[0].1, |(_, m)| *m);
        let predictive = self.predictive(observation, baseline, class, measure);
        let sessions = own_volume(observation, baseline, class)
            .map_or(0, |volume| volume[measure as usize].sessions() as u32);
        let (low, high) = predictive.range();
        let expectation = Expectation::Range(AmountRange {
            low,
            high,
            sessions,
            unfamiliar: class & UNFAMILIAR != 0,
            delegated: class & DELEGATED != 0,
            elsewhere: self.elsewhere(observation, class, measure),
        });
        (observation.measure(measure), expectation)
    }
}

/// Days of the mailbox that reached a rung of a ladder, or at least its first, of all that are counted.
fn such_days(baseline: &MailboxBaseline, ladder: LadderKind, rung: usize) -> (u32, u32) {
    let such = baseline.ladders[ladder as usize].days_at_or_above(rung.max(1));
    (such, baseline.counted_days())
}

fn hour_evidence(baseline: &MailboxBaseline, observation: &Observation) -> (f64, Expectation) {
    let hours = &baseline.hours[hour_class(observation.channel)];
    let (hour, weekend) = week_cell_hour(observation.week_cell);
    let first = observation.week_cell - hour;
    let days = &hours.cells()[first..first + 24];
    let near = [23, 0, 1].map(|step| days[(hour + step) % 24]);
    let expectation = Expectation::Hour {
        near: near.iter().sum(),
        sessions: days.iter().sum(),
        weekend,
        channel: observation.channel,
    };
    (hour as f64, expectation)
}

fn persistence_evidence(judgement: &Judgement) -> (f64, Expectation) {
    let (days, elsewhere) = match judgement.persistent {
        Some(Persistent::Client { days, elsewhere }) => (days, Some(elsewhere.into())),
        Some(Persistent::Network { days }) => (days, None),
        None => (0, None),
    };
    let days = u32::from(days);
    (
        f64::from(days),
        Expectation::Persistence { days, elsewhere },
    )
}

//! What is learned, and how a day passes through it.
//!
//! A [`Model`] holds the texts met, the baselines and the ranking's memory. A day goes through it in one order: judge
//! by what earlier days taught, rank, explain, teach. A long export is many such days; the daily job is one.

mod file;
mod sound;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use file::{MODEL_VERSION, SavedModel};

use crate::baseline::{Baselines, Evidence, Judgement, Lesson, Manner, Stage, Weight, weigh};
use crate::error::Error;
use crate::feature::{
    Action, CategoryKind, FEATURE_COUNT, FEATURES, Observation, Symbol, Symbols, WEEK_CELLS,
};
use crate::rank::{RankOptions, Ranked, RankedDay, Ranker};

/// Sessions whose strongest deviation is below this many bans are as expected; no evidence is kept for them.
const NOTABLE_BANS: f64 = 1.0;

/// Sessions with more evidence against them than this many bans teach nothing, flagged or not: an intrusion that stays
/// below the alert rate must not become the habit either. About one ordinary session in two hundred weighs as much.
const PROBATION_BANS: f64 = 6.0;
/// A new client or network earns trust on days on which what it did (how much, when, which changes) weighs less than
/// this, and what weighs less altogether is ordinary, flagged or not.
const ORDINARY_BANS: f64 = 2.0;
/// The first days teach whatever they bring: there is nothing yet to be unusual against.
const PROBATION_AFTER_DAYS: u32 = 4;

/// Everything learned from the days so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    /// Last day that passed, days since 1970 UTC.
    last_day: Option<i32>,
    /// Windows without a mailbox's reads that were open when the last log ended.
    pub(crate) throttled: Vec<ThrottledWindow>,
    /// Texts met, by number.
    pub symbols: Symbols,
    baselines: Baselines,
    ranker: Ranker,
}

/// A window in which the service did not log what was read of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ThrottledWindow {
    /// The mailbox.
    pub(crate) mailbox: String,
    /// Start and end, milliseconds since 1970 UTC.
    pub(crate) start: i64,
    /// End.
    pub(crate) end: i64,
    /// Whether a record says so, or a count implies it.
    pub(crate) stated: bool,
}

/// One session after its day has passed.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Score, p-value and flag.
    pub ranked: Ranked,
    /// Whether its day belongs to the warm-up.
    pub warm_up: bool,
    /// Deviations in bans, by feature.
    pub deviations: [f64; FEATURE_COUNT],
    /// What the deviations weigh together.
    pub weight: Weight,
    /// Share of each feature in the score; only flagged sessions are attributed.
    pub contributions: Option<Vec<f64>>,
    /// The numbers behind the deviations; empty for sessions that are as expected.
    pub evidence: Vec<Evidence>,
    /// What may tie a flagged session to others; nothing of the others.
    pub traces: Traces,
}

/// What a session left of whoever came: its application, client, client string and network, and who it was if not the owner.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// All of them that the log names.
    pub all: Vec<(CategoryKind, Symbol)>,
    /// Those that were unfamiliar to the mailbox and to most of the tenant.
    pub unfamiliar: Vec<(CategoryKind, Symbol)>,
    /// Whether the mailbox did not know the application yet, however many others do.
    pub new_application: bool,
}

impl Traces {
    fn of(observation: &Observation, judgement: &Judgement) -> Self {
        let kinds = [
            CategoryKind::Application,
            CategoryKind::Client,
            CategoryKind::Version,
            CategoryKind::Network,
        ];
        let mut traces = Self {
            all: kinds
                .map(|kind| (kind, observation.category(kind)))
                .into_iter()
                .filter(|&(_, symbol)| symbol != 0)
                .collect(),
            unfamiliar: judgement.unfamiliar(observation),
            new_application: judgement.new_application(),
        };
        if observation.delegated && observation.who != 0 {
            traces.all.push((CategoryKind::Actor, observation.who));
        }
        traces
    }
}

/// A day that has passed through the model.
#[derive(Debug, Clone)]
pub struct PassedDay {
    /// Days since 1970 UTC.
    pub day: i32,
    /// One verdict per session, in the order given.
    pub verdicts: Vec<Verdict>,
    /// Score from which sessions were flagged; `None` in the warm-up, where no earlier alerts tell it, and by discoveries on days
    /// without any.
    pub threshold: Option<f64>,
}

/// A judged day, with what teaching it needs.
struct JudgedDay {
    judgements: Vec<Judgement>,
    weights: Vec<Weight>,
    ranked: RankedDay,
    passed: PassedDay,
}

impl Model {
    /// Last day that passed, days since 1970 UTC.
    pub fn last_day(&self) -> Option<i32> {
        self.last_day
    }

    /// Number of mailboxes with a baseline.
    pub fn mailbox_count(&self) -> usize {
        self.baselines.mailbox_count()
    }

    /// Ordinary sessions of a mailbox by cell of the week (UTC), over all that the model has learned; `None` for a mailbox that it
    /// does not know.
    pub(crate) fn ordinary_hours(&self, mailbox: &str) -> Option<[f64; WEEK_CELLS]> {
        self.baselines.ordinary_hours(self.symbols.get(mailbox)?)
    }

    /// Passes one day through the model. `observations` are the sessions of that day, `ids` their identifiers, in the same order.
    ///
    /// # Errors
    /// [`Error::Model`] when an identifier is missing or an observation is of another day, and when the isolation forest cannot be
    /// fitted.
    pub fn pass_day(
        &mut self,
        day: i32,
        observations: &[Observation],
        ids: &[u64],
        options: &RankOptions,
    ) -> Result<PassedDay, Error> {
        let of_day = observations
            .iter()
            .all(|observation| observation.day == day);
        if ids.len() != observations.len() || !of_day {
            return Err(Error::Model {
                action: "taught",
                reason: format!(
                    "{} observations with {} identifiers for day {day}: each needs one, and has to be of that day",
                    observations.len(),
                    ids.len()
                ),
            });
        }
        let judged = self.judge(day, observations, options)?;
        let settled = self.baselines.days() >= PROBATION_AFTER_DAYS
            && !options.without_stages.contains(&Stage::Probation);
        let lessons: Vec<Lesson> = judged
            .passed
            .verdicts
            .iter()
            .zip(observations)
            .map(|(verdict, observation)| {
                if observation.allowed {
                    Lesson::All
                } else {
                    lesson(verdict, settled)
                }
            })
            .collect();
        let teaches: Vec<bool> = lessons
            .iter()
            .map(|lesson| *lesson == Lesson::All)
            .collect();
        let (ranker, baselines) = (&mut self.ranker, &mut self.baselines);
        rayon::join(
            || ranker.teach_day(observations, &judged.weights, &judged.ranked, ids, &teaches),
            || baselines.teach_day(observations, &judged.judgements, &lessons),
        );
        self.last_day = Some(day);
        Ok(judged.passed)
    }

    /// Judges one day that the model does not learn from, be it before or after those that it has learned.
    ///
    /// # Errors
    /// [`Error::Model`] when the isolation forest cannot be fitted.
    pub fn judge_day(
        mut self,
        day: i32,
        observations: &[Observation],
        options: &RankOptions,
    ) -> Result<PassedDay, Error> {
        Ok(self.judge(day, observations, options)?.passed)
    }

    fn judge(
        &mut self,
        day: i32,
        observations: &[Observation],
        options: &RankOptions,
    ) -> Result<JudgedDay, Error> {
        self.baselines.leave_out(&options.without_stages);
        let mut judgements = self.baselines.judge_day(observations);
        for judgement in &mut judgements {
            for feature in &options.without {
                judgement.deviations[feature.index()] = 0.0;
            }
        }
        let weights: Vec<Weight> = judgements
            .par_iter()
            .zip(observations)
            .map(|(judgement, observation)| {
                weigh(
                    &judgement.tempered_deviations(),
                    Manner {
                        channel: observation.channel,
                        delegated: observation.delegated,
                        lately_trusted: judgement.lately_trusted(),
                        sends_out: observation.action == Action::Outward,
                    },
                )
            })
            .collect();
        let ranked = self.ranker.rank_day(observations, &weights, options)?;
        let flagged: Vec<usize> = (0..observations.len())
            .filter(|&i| ranked.sessions[i].flagged)
            .collect();
        let flagged_weights: Vec<Weight> = flagged.iter().map(|&index| weights[index]).collect();
        let contributions = ranked.attribution(&flagged_weights);

        let mut verdicts: Vec<Verdict> = observations
            .par_iter()
            .zip(&judgements)
            .zip(&weights)
            .zip(&ranked.sessions)
            .map(|(((observation, judgement), &weight), &outcome)| Verdict {
                ranked: outcome,
                warm_up: ranked.warm_up,
                deviations: judgement.deviations,
                weight,
                contributions: None,
                evidence: self.evidence_if_notable(observation, judgement, outcome.flagged),
                traces: if outcome.flagged {
                    Traces::of(observation, judgement)
                } else {
                    Traces::default()
                },
            })
            .collect();
        for (row, &index) in flagged.iter().enumerate() {
            verdicts[index].contributions = Some(contributions[row].to_vec());
        }
        let passed = PassedDay {
            day,
            verdicts,
            threshold: ranked.threshold,
        };
        Ok(JudgedDay {
            judgements,
            weights,
            ranked,
            passed,
        })
    }

    fn evidence_if_notable(
        &self,
        observation: &Observation,
        judgement: &Judgement,
        flagged: bool,
    ) -> Vec<Evidence> {
        let strongest = judgement.deviations.iter().copied().fold(0.0, f64::max);
        if flagged || strongest >= NOTABLE_BANS {
            let mut evidence = self.baselines.evidence(observation, judgement);
            if !flagged {
                evidence.retain(|e| e.bans >= NOTABLE_BANS);
                evidence.sort_by(|a, b| b.bans.total_cmp(&a.bans).then(a.feature.cmp(&b.feature)));
                evidence.truncate(2);
                evidence.shrink_to_fit();
            }
            evidence
        } else {
            Vec::new()
        }
    }
}

/// What a session may teach. What was flagged, or weighs nearly as much, must not become the habit; but where nothing is odd at all,
/// what was flagged is the least regular of what is ordinary, and would be so for ever if it taught nothing.
fn lesson(verdict: &Verdict, settled: bool) -> Lesson {
    let habit = verdict.weight.total
        < if verdict.ranked.flagged {
            ORDINARY_BANS
        } else {
            PROBATION_BANS
        };
    if !settled || habit {
        return Lesson::All;
    }
    let conduct: f64 = FEATURES
        .iter()
        .filter(|f| f.group.is_conduct())
        .map(|f| verdict.weight.shares[f.id.index()])
        .sum();
    if conduct < ORDINARY_BANS {
        Lesson::Acquaintance
    } else {
        Lesson::Nothing
    }
}

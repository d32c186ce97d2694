//! The whole way, readable in one screen: files to events to sessions to a ranked, explained analysis.

use std::collections::BTreeMap;
use std::time::Instant;

pub use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::allow::AllowList;
use crate::error::Error;
use crate::event::EventColumns;
use crate::explain::{Campaign, Naming, Reason, TiedSession, campaigns, reasons};
use crate::feature::{Observation, observe};
use crate::ingest::{self, IngestOptions, Ingested, Input, Progress};
use crate::model::{Model, PassedDay, Verdict};
use crate::rank::RankOptions;
use crate::session::{Session, SessionOptions, sessionize};

/// Everything that decides what an analysis says, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What to read.
    pub inputs: Vec<Input>,
    /// How to read it.
    pub ingest: IngestOptions,
    /// How events are cut into sessions.
    pub session: SessionOptions,
    /// How sessions are ranked and flagged.
    pub rank: RankOptions,
    /// What an analyst has found in order.
    pub allow: AllowList,
    /// Zone in which times are shown to people; files and scores are UTC.
    pub time_zone: TimeZone,
}

impl Config {
    /// The defaults of the command line, for these inputs. [`RankOptions::default`] allows two alerts a day.
    #[must_use]
    pub fn new(inputs: Vec<Input>) -> Self {
        Self {
            inputs,
            ingest: IngestOptions::default(),
            session: SessionOptions::default(),
            rank: RankOptions::default(),
            allow: AllowList::default(),
            time_zone: TimeZone::UTC,
        }
    }
}

/// Seconds spent in each stage.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Reading and normalising.
    pub ingest: f64,
    /// Events to sessions.
    pub session: f64,
    /// Sessions to observations.
    pub feature: f64,
    /// Baselines, forest, ranking, day by day.
    pub model: f64,
    /// Reasons, campaigns.
    pub explain: f64,
}

/// One session of an analysis.
#[derive(Debug, Clone)]
pub struct AnalyzedSession {
    /// The session.
    pub session: Session,
    /// Place in the ranking, from 1.
    pub rank: usize,
    /// Score, flag, deviations and evidence.
    pub verdict: Verdict,
    /// Identifier of its campaign, if it belongs to one.
    pub campaign: Option<String>,
    /// Why, the strongest first; for unflagged sessions at most two.
    pub reasons: Vec<Reason>,
}

/// The result of an analysis.
pub struct Analysis {
    /// What was read, with rejects and coverage.
    pub ingested: Ingested,
    /// Sessions by rank.
    pub sessions: Vec<AnalyzedSession>,
    /// Groups of flagged sessions. Their indexes point into `sessions`.
    pub campaigns: Vec<Campaign>,
    /// Day (since 1970 UTC) and the score from which it was flagged; `None` in the warm-up.
    pub thresholds: Vec<(i32, Option<f64>)>,
    /// Mailboxes with at least one session.
    pub mailboxes: usize,
    /// Seconds per stage.
    pub timings: Timings,
    /// The model after the last day.
    pub model: Model,
}

impl Analysis {
    /// The flagged sessions, by rank.
    pub fn flagged(&self) -> impl Iterator<Item = &AnalyzedSession> {
        self.sessions
            .iter()
            .filter(|session| session.verdict.ranked.flagged)
    }
}

/// Reads, judges, ranks and explains.
///
/// # Errors
/// When nothing can be read, or a model cannot be fitted. Single bad rows and files are reported in
/// [`Analysis::ingested`] and do not stop the rest.
pub fn analyze(config: &Config, progress: &dyn Progress) -> Result<Analysis, Error> {
    analyze_with(Model::default(), config, progress)
}

/// The same, going on from a model that has learned earlier days.
///
/// # Errors
/// As [`analyze`], and [`Error::Config`] when the exports begin before the day after the model's last.
pub fn analyze_with(
    mut model: Model,
    config: &Config,
    progress: &dyn Progress,
) -> Result<Analysis, Error> {
    let mut timings = Timings::default();
    let mut clock = Stopwatch(Instant::now());

    let ingested = ingest::read(&config.inputs, &config.ingest, progress)?;
    timings.ingest = clock.lap();
    let columns = ingested.events.columns()?;

    let sessions = sessionize(&columns, &config.session)?;
    timings.session = clock.lap();

    check_order(&model, &sessions)?;
    let mut observations = observe(&sessions, &columns, &mut model.symbols);
    for (observation, session) in observations.iter_mut().zip(&sessions) {
        observation.allowed = config.allow.allows(session, &columns);
    }
    timings.feature = clock.lap();

    let days = pass_days(&mut model, &sessions, &observations, &config.rank)?;
    timings.model = clock.lap();

    let thresholds = days.iter().map(|day| (day.day, day.threshold)).collect();
    let verdicts: Vec<Verdict> = days.into_iter().flat_map(|day| day.verdicts).collect();
    let (sessions, campaigns) =
        explain(config, &model, &columns, sessions, &observations, verdicts);
    timings.explain = clock.lap();

    let mailboxes = sessions
        .iter()
        .map(|s| s.session.mailbox)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    Ok(Analysis {
        ingested,
        sessions,
        campaigns,
        thresholds,
        mailboxes,
        timings,
        model,
    })
}

/// A day is judged once, by the days before it.
fn check_order(model: &Model, sessions: &[Session]) -> Result<(), Error> {
    let (Some(last), Some(first)) = (
        model.last_day(),
        sessions.first().map(|session| session.day),
    ) else {
        return Ok(());
    };
    if first > last {
        return Ok(());
    }
    let date = |day: i32| {
        jiff::civil::Date::constant(1970, 1, 1)
            .checked_add(jiff::Span::new().days(day))
            .map_or_else(|_| day.to_string(), |date| date.to_string())
    };
    Err(Error::Config {
        name: "--model".to_owned(),
        reason: format!("it has learned up to {}, and these exports begin on {}", date(last), date(first)),
        remedy: "score only days after the model's last, each once; or learn a new model with `mailglass fit`".to_owned(),
    })
}

/// Sessions come ordered by start, so days are runs of them.
fn pass_days(
    model: &mut Model,
    sessions: &[Session],
    observations: &[Observation],
    options: &RankOptions,
) -> Result<Vec<PassedDay>, Error> {
    let mut days = Vec::new();
    let mut start = 0;
    for run in observations.chunk_by(|a, b| a.day == b.day) {
        let ids: Vec<u64> = sessions[start..start + run.len()]
            .iter()
            .map(|session| session.id)
            .collect();
        days.push(model.pass_day(run[0].day, run, &ids, options)?);
        start += run.len();
    }
    Ok(days)
}

/// Ranks all days together and puts verdicts into words.
fn explain(
    config: &Config,
    model: &Model,
    columns: &EventColumns<'_>,
    sessions: Vec<Session>,
    observations: &[Observation],
    verdicts: Vec<Verdict>,
) -> (Vec<AnalyzedSession>, Vec<Campaign>) {
    let naming = Naming::new(columns, config.time_zone.clone(), &ingest::application_name);
    let mut analyzed: Vec<(u32, AnalyzedSession)> = sessions
        .into_par_iter()
        .zip(verdicts)
        .zip(observations)
        .map(|((session, verdict), observation)| {
            let shares = verdict.contributions.as_deref().unwrap_or_default();
            let mut reasons = reasons(&session, &verdict.evidence, shares, &naming, &model.symbols);
            if verdict.ranked.flagged && reasons.len() > 8 {
                reasons.truncate(8);
            }
            (
                observation.mailbox,
                AnalyzedSession {
                    session,
                    rank: 0,
                    verdict,
                    campaign: None,
                    reasons,
                },
            )
        })
        .collect();
    analyzed.par_sort_unstable_by(|(_, a), (_, b)| {
        let key = |s: &AnalyzedSession| (s.verdict.ranked.score, s.verdict.weight.total);
        let (a_key, b_key) = (key(a), key(b));
        b_key
            .0
            .total_cmp(&a_key.0)
            .then(b_key.1.total_cmp(&a_key.1))
            .then(a.session.id.cmp(&b.session.id))
    });
    let tied: Vec<TiedSession> = analyzed
        .iter()
        .enumerate()
        .filter(|(_, (_, s))| s.verdict.ranked.flagged)
        .map(|(index, (mailbox, s))| TiedSession {
            index,
            mailbox: *mailbox,
            day: s.session.day,
            span: (s.session.start, s.session.end),
            items: s.session.items + u64::from(s.session.syncs),
            unfamiliar: s.verdict.unfamiliar.clone(),
        })
        .collect();
    let campaigns = campaigns(&tied, &model.symbols);
    let member_of: BTreeMap<usize, &str> = campaigns
        .iter()
        .flat_map(|c| c.sessions.iter().map(|&index| (index, c.id.as_str())))
        .collect();
    let sessions = analyzed
        .into_iter()
        .enumerate()
        .map(|(index, (_, session))| AnalyzedSession {
            rank: index + 1,
            campaign: member_of.get(&index).map(|id| (*id).to_owned()),
            ..session
        })
        .collect();
    (sessions, campaigns)
}

struct Stopwatch(Instant);

impl Stopwatch {
    fn lap(&mut self) -> f64 {
        let seconds = self.0.elapsed().as_secs_f64();
        self.0 = Instant::now();
        seconds
    }
}

//! The whole way: files to events to sessions to a ranked, explained analysis.

mod allowed;
mod passed;
mod scope;
mod throttled;
mod window;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

pub use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::allow::AllowList;
use crate::baseline::Evidence;
use crate::error::Error;
use crate::event::EventColumns;
use crate::explain::{Campaign, Naming, Reason, TiedSession, campaigns, reasons};
use crate::feature::{FEATURE_COUNT, Observation, Observer, Symbol, Symbols};
use crate::ingest::{self, HashedFile, IngestOptions, Ingested, Input, Progress};
use crate::model::{Model, PassedDay, Traces, Verdict};
use crate::rank::{RankOptions, Ranked};
use crate::session::{Session, SessionOptions, sessionize};

pub use allowed::Allowed;
pub use passed::{LeftOut, left_out_sentence, passed_over_sentence, refuse_leaps};
use window::ObservedDay;

/// Everything that decides what an analysis says. [`analyze`] checks it first.
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
    /// Which days a session is judged by.
    pub baseline: BaselineDays,
    /// What an analyst has found in order.
    pub allow: AllowList,
    /// Zone in which times are shown to people; files and scores are UTC.
    pub time_zone: TimeZone,
    /// Where the model comes from that [`analyze_with`] goes on from, for the summary; `None` for none or an unknown file.
    pub model_file: Option<HashedFile>,
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
            baseline: BaselineDays::default(),
            allow: AllowList::default(),
            time_zone: TimeZone::UTC,
            model_file: None,
        }
    }
}

/// Which days a session is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineDays {
    /// Those before its own: what comes later changes no score.
    #[default]
    Past,
    /// Those of the whole export but the stretch around its own: for short exports, and for what is older than the export.
    Window,
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
    /// Tables and chart data, up to `summary.json` itself; 0 before they are written. Drawing comes after it and is not counted.
    #[serde(default)]
    pub report: f64,
}

/// One session of an analysis.
#[derive(Debug, Clone)]
pub struct AnalyzedSession {
    /// The session.
    pub session: Session,
    /// Place in the ranking, from 1.
    pub rank: usize,
    /// Score, flag and deviations; what the evidence said is in the reasons.
    pub verdict: Box<Assessment>,
    /// Identifier of its campaign, if it belongs to one.
    pub campaign: Option<String>,
    /// Why it was flagged, the strongest first; empty for other sessions, see [`Analysis::reasons_of`].
    pub reasons: Vec<Reason>,
}

/// What stays of a [`Verdict`] when its day is over: there are millions of them.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Score, p-value and flag.
    pub ranked: Ranked,
    /// Whether its day belongs to the warm-up.
    pub warm_up: bool,
    /// What the deviations weigh together, in bans.
    pub weight: f64,
    /// Deviations in bans, by feature.
    pub deviations: [f32; FEATURE_COUNT],
    /// Share of each feature in the score; only flagged sessions are attributed.
    pub contributions: Option<Box<[f64]>>,
    /// What the reasons of sessions that are not flagged are made of; `None` for those that are as expected.
    grounds: Option<Box<Grounds>>,
}

#[derive(Debug, Clone)]
struct Grounds {
    evidence: Vec<Evidence>,
    traces: Traces,
}

impl From<Verdict> for Assessment {
    fn from(verdict: Verdict) -> Self {
        let grounds = Grounds {
            evidence: verdict.evidence,
            traces: verdict.traces,
        };
        let empty = grounds.evidence.is_empty() && grounds.traces.all.is_empty();
        Self {
            ranked: verdict.ranked,
            warm_up: verdict.warm_up,
            weight: verdict.weight.total,
            deviations: verdict.deviations.map(|bans| bans as f32),
            contributions: verdict.contributions.map(Vec::into_boxed_slice),
            grounds: (!empty).then(|| Box::new(grounds)),
        }
    }
}

/// The result of an analysis.
pub struct Analysis {
    /// What was read, with rejects and coverage.
    pub ingested: Ingested,
    /// Sessions by rank.
    pub sessions: Vec<AnalyzedSession>,
    /// Groups of flagged sessions. Their indexes point into `sessions`.
    pub campaigns: Vec<Campaign>,
    /// Day (since 1970 UTC) and the score from which it was flagged ([`PassedDay::threshold`]).
    pub thresholds: Vec<(i32, Option<f64>)>,
    /// What is not in `sessions`, by day: sessions of days that the model had passed before. Empty without such a model.
    pub left_out: Vec<LeftOut>,
    /// What each entry of the allow-list let pass, in the list's order.
    pub allowed: Vec<Allowed>,
    /// Mailboxes with at least one session.
    pub mailboxes: usize,
    /// Seconds per stage.
    pub timings: Timings,
    /// Sessions up to the last flagged one; so that not all have to be gone through for the flagged.
    down_to_flagged: usize,
    /// The model after the last day; after [`BaselineDays::Window`], which learns a model for every stretch, the one before
    /// the first.
    pub model: Model,
}

impl Analysis {
    /// The flagged sessions, by rank.
    pub fn flagged(&self) -> impl Iterator<Item = &AnalyzedSession> {
        self.sessions[..self.down_to_flagged]
            .iter()
            .filter(|session| session.verdict.ranked.flagged)
    }

    /// Why a session deviates: all reasons of a flagged one, the two strongest of any other. Those are put into words when they are
    /// asked for: there are millions. `naming` is of the events that were read.
    pub fn reasons_of<'a>(
        &self,
        analyzed: &'a AnalyzedSession,
        naming: &Naming<'_>,
    ) -> Cow<'a, [Reason]> {
        match &analyzed.verdict.grounds {
            Some(grounds) if !analyzed.verdict.ranked.flagged => Cow::Owned(reasons(
                &analyzed.session,
                false,
                &grounds.evidence,
                &[],
                naming,
                &self.model.symbols,
            )),
            _ => Cow::Borrowed(&analyzed.reasons),
        }
    }

    /// The sessions that the allow-list kept from being flagged, by rank.
    pub fn spared(&self) -> impl Iterator<Item = &AnalyzedSession> {
        self.sessions
            .iter()
            .filter(|session| session.verdict.ranked.spared)
    }

    /// The days that were judged, days since 1970 UTC, in order, each with its number of sessions.
    pub fn sessions_by_day(&self) -> impl Iterator<Item = (i32, usize)> {
        let mut count: BTreeMap<i32, usize> = self.days().map(|day| (day, 0)).collect();
        for analyzed in &self.sessions {
            *count.entry(analyzed.session.day).or_default() += 1;
        }
        count.into_iter()
    }

    /// The days that were judged, days since 1970 UTC, in order.
    pub fn days(&self) -> impl Iterator<Item = i32> {
        self.thresholds.iter().map(|&(day, _)| day)
    }
}

/// How the sessions of an analysis are put into words.
pub(crate) fn naming<'a>(config: &Config, columns: &'a EventColumns<'a>) -> Naming<'a> {
    Naming::new(columns, config.time_zone.clone(), &ingest::application_name)
        .judged_by_later_days(config.baseline == BaselineDays::Window)
}

/// Reads, judges, ranks and explains.
///
/// # Errors
/// [`Error::Config`] when an option is out of range; others when nothing can be read, or a model cannot be fitted. Single bad rows and files are reported in
/// [`Analysis::ingested`] and do not stop the rest.
pub fn analyze(config: &Config, progress: &dyn Progress) -> Result<Analysis, Error> {
    analyze_with(Model::default(), config, progress)
}

/// The same, going on from a model that has learned earlier days. Sessions up to the model's last day are left out and
/// counted ([`Analysis::left_out`]): a day is judged once, by the days before it.
///
/// # Errors
/// As [`analyze`], and [`Error::Config`] when the exports hold sessions and none of them is after the model's last day.
pub fn analyze_with(
    mut model: Model,
    config: &Config,
    progress: &dyn Progress,
) -> Result<Analysis, Error> {
    config.session.check()?;
    config.rank.check()?;
    let mut timings = Timings::default();
    let mut clock = Stopwatch(Instant::now());

    let mut ingested = ingest::read(&config.inputs, &config.ingest, progress)?;
    throttled::carry_over(&mut model, &mut ingested.coverage);
    timings.ingest = clock.lap();
    let columns = ingested.events.columns()?;

    let mut sessions = sessionize(&columns, &config.session)?;
    let left_out = passed::leave_out(model.last_day(), &mut sessions)?;
    timings.session = clock.lap();

    let judge = match config.baseline {
        BaselineDays::Past => pass_days,
        BaselineDays::Window => judge_in_window,
    };
    let (judged, thresholds) = judge(&mut model, config, &columns, sessions, &mut timings)?;
    clock.lap();

    let (sessions, campaigns) = explain(config, &model, &columns, judged);
    let last_flagged = sessions.iter().rposition(|s| s.verdict.ranked.flagged);
    let allowed = allowed::count(&config.allow, &sessions, &columns);
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
        left_out,
        allowed,
        mailboxes,
        timings,
        down_to_flagged: last_flagged.map_or(0, |last| last + 1),
        model,
    })
}

/// Sessions of all days, each with its mailbox and its verdict.
#[expect(
    clippy::vec_box,
    reason = "ranking moves pointers, and each is given back when it is explained"
)]
#[derive(Default)]
struct Judged {
    sessions: Vec<Session>,
    mailboxes: Vec<Symbol>,
    verdicts: Vec<Box<Assessment>>,
}

impl Judged {
    fn extend(&mut self, day: PassedDay, observations: &[Observation]) {
        let assessments = day.verdicts.into_iter().map(Assessment::from);
        self.verdicts.extend(assessments.map(Box::new));
        self.mailboxes
            .extend(observations.iter().map(|observation| observation.mailbox));
    }
}

/// A day (since 1970 UTC) and the score from which it was flagged ([`PassedDay::threshold`]).
type Threshold = (i32, Option<f64>);

/// Observes and judges day by day. Sessions come ordered by start, so days are runs of them.
fn pass_days(
    model: &mut Model,
    config: &Config,
    columns: &EventColumns<'_>,
    sessions: Vec<Session>,
    timings: &mut Timings,
) -> Result<(Judged, Vec<Threshold>), Error> {
    let mut judged = Judged::default();
    let mut thresholds = Vec::new();
    let mut observer = Observer::new(columns);
    let mut symbols = std::mem::take(&mut model.symbols);
    let mut observe = |day: &[Session]| {
        let clock = Instant::now();
        let observations = observe_day(&mut observer, day, &mut symbols, (&config.allow, columns));
        (observations, clock.elapsed().as_secs_f64())
    };
    let mut days = sessions.chunk_by(|a, b| a.day == b.day);
    let mut next = days.next().map(|day| (day, observe(day)));
    while let Some((day, (observations, seconds))) = next {
        timings.feature += seconds;
        let clock = Instant::now();
        let ids: Vec<u64> = day.iter().map(|session| session.id).collect();
        // Observing goes through the sessions one by one; the next day's meanwhile costs no time of its own.
        let following = days.next();
        let (passed, observed) = rayon::join(
            || model.pass_day(day[0].day, &observations, &ids, &config.rank),
            || following.map(|day| (day, observe(day))),
        );
        next = observed;
        let passed = passed?;
        thresholds.push((passed.day, passed.threshold));
        judged.extend(passed, &observations);
        timings.model += clock.elapsed().as_secs_f64();
    }
    model.symbols = symbols;
    judged.sessions = sessions;
    Ok((judged, thresholds))
}

/// Observes all days, then judges each by the others.
fn judge_in_window(
    model: &mut Model,
    config: &Config,
    columns: &EventColumns<'_>,
    sessions: Vec<Session>,
    timings: &mut Timings,
) -> Result<(Judged, Vec<Threshold>), Error> {
    let mut clock = Stopwatch(Instant::now());
    let mut observer = Observer::new(columns);
    let days: Vec<ObservedDay> = sessions
        .chunk_by(|a, b| a.day == b.day)
        .map(|day| ObservedDay {
            day: day[0].day,
            observations: observe_day(
                &mut observer,
                day,
                &mut model.symbols,
                (&config.allow, columns),
            ),
            ids: day.iter().map(|session| session.id).collect(),
        })
        .collect();
    timings.feature = clock.lap();
    let passed = window::judge_days(model, &days, &config.rank)?;
    let thresholds = passed.iter().map(|day| (day.day, day.threshold)).collect();
    let mut judged = Judged::default();
    for (passed, day) in passed.into_iter().zip(&days) {
        judged.extend(passed, &day.observations);
    }
    judged.sessions = sessions;
    timings.model = clock.lap();
    Ok((judged, thresholds))
}

fn observe_day(
    observer: &mut Observer<'_>,
    day: &[Session],
    symbols: &mut Symbols,
    (allow, columns): (&AllowList, &EventColumns<'_>),
) -> Vec<Observation> {
    let mut observations = observer.observe(day, symbols);
    for (observation, session) in observations.iter_mut().zip(day) {
        observation.allowed = allow.allows(session, columns);
    }
    observations
}

/// Sessions that change from judged to explained at a time, and so exist twice.
const EXPLAINED_AT_A_TIME: usize = 1 << 16;

/// Ranks all days together and puts verdicts into words.
fn explain(
    config: &Config,
    model: &Model,
    columns: &EventColumns<'_>,
    judged: Judged,
) -> (Vec<AnalyzedSession>, Vec<Campaign>) {
    let Judged {
        sessions,
        mailboxes,
        verdicts,
    } = judged;
    let naming = naming(config, columns);
    let mut order = best_first(&sessions, &verdicts);
    let tied: Vec<TiedSession> = order
        .iter()
        .enumerate()
        .map(|(index, &of)| (index, of as usize))
        .filter(|&(_, of)| verdicts[of].ranked.flagged)
        .map(|(index, of)| {
            let session = &sessions[of];
            TiedSession {
                index,
                mailbox: mailboxes[of],
                day: session.day,
                span: (session.start, session.end),
                items: session.items + u64::from(session.syncs),
                traces: verdicts[of]
                    .grounds
                    .as_ref()
                    .map(|grounds| grounds.traces.clone())
                    .unwrap_or_default(),
            }
        })
        .collect();
    let mut campaigns = campaigns(&tied, &model.symbols);
    let member_of: BTreeMap<usize, &str> = campaigns
        .iter()
        .flat_map(|c| c.sessions.iter().map(|&index| (index, c.id.as_str())))
        .collect();
    // The best ranked last, so that portions can be taken, and their room given back, from the end.
    order.reverse();
    let (mut unranked, mut verdicts) = (sessions, verdicts);
    arrange(&mut order, |a, b| {
        unranked.swap(a, b);
        verdicts.swap(a, b);
    });
    let mut sessions = Vec::with_capacity(unranked.len());
    while !unranked.is_empty() {
        let before = sessions.len();
        let left = unranked.len().saturating_sub(EXPLAINED_AT_A_TIME);
        let ranked: Vec<(Session, Box<Assessment>)> = unranked
            .split_off(left)
            .into_iter()
            .zip(verdicts.split_off(left))
            .rev()
            .collect();
        unranked.shrink_to_fit();
        sessions.par_extend(ranked.into_par_iter().enumerate().map(
            |(index, (session, mut verdict))| {
                let index = before + index;
                let mut told = Vec::new();
                if verdict.ranked.flagged {
                    let grounds = verdict.grounds.take();
                    let evidence = grounds.map(|grounds| grounds.evidence).unwrap_or_default();
                    let shares = verdict.contributions.as_deref().unwrap_or_default();
                    let symbols = &model.symbols;
                    told = reasons(&session, true, &evidence, shares, &naming, symbols);
                }
                AnalyzedSession {
                    session,
                    rank: index + 1,
                    verdict,
                    campaign: member_of.get(&index).map(|id| (*id).to_owned()),
                    reasons: told,
                }
            },
        ));
    }
    scope::count(&mut campaigns, &sessions, &naming);
    (sessions, campaigns)
}

/// The places of sessions by rank: the highest score first, among equal ones the greater weight.
fn best_first(sessions: &[Session], verdicts: &[Box<Assessment>]) -> Vec<u32> {
    // Numbers are sorted instead of sessions, which are large, with the score at hand: most comparisons need no more.
    let mut keys: Vec<(f64, u32)> = (verdicts.par_iter().with_min_len(1 << 12))
        .map(|verdict| verdict.ranked.score)
        .zip(0u32..verdicts.len() as u32)
        .collect();
    keys.par_sort_unstable_by(|&(a_score, a), &(b_score, b)| {
        b_score.total_cmp(&a_score).then_with(|| {
            let (a, b) = (a as usize, b as usize);
            let weights = verdicts[b].weight.total_cmp(&verdicts[a].weight);
            weights.then_with(|| sessions[a].id.cmp(&sessions[b].id))
        })
    });
    keys.into_iter().map(|(_, place)| place).collect()
}

/// Brings things into an order by swapping them: what stands at `order[i]` comes to stand at `i`. Afterwards the order is that
/// of the natural numbers.
fn arrange(order: &mut [u32], mut swap: impl FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let next = std::mem::replace(&mut order[at], at as u32) as usize;
            if next == start {
                break;
            }
            swap(at, next);
            at = next;
        }
    }
}

struct Stopwatch(Instant);

impl Stopwatch {
    fn lap(&mut self) -> f64 {
        let seconds = self.0.elapsed().as_secs_f64();
        self.0 = Instant::now();
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_arranged_in_place() {
        for order in [
            vec![],
            vec![0],
            vec![2, 0, 1],
            vec![3, 2, 1, 0],
            vec![1, 0, 3, 2, 4],
        ] {
            let mut things: Vec<u32> = (10..).take(order.len()).collect();
            let expected: Vec<u32> = order.iter().map(|&of| 10 + of).collect();
            arrange(&mut order.clone(), |a, b| things.swap(a, b));
            assert_eq!(things, expected);
        }
    }
}

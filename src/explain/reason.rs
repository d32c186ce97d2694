//! Reasons in words, with the numbers that an analyst would ask for next.

mod words;

use serde::{Deserialize, Serialize};

use self::words::Words;
use super::Naming;
use crate::baseline::Evidence;
use crate::feature::{FeatureId, Symbols};
use crate::session::Session;

/// A feature below this deviation is nobody's reason: one session in ten shows as much.
const MIN_BANS: f64 = 1.0;

/// Why a session was flagged: one feature in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The feature.
    pub feature: FeatureId,
    /// What was observed, with its unit.
    pub observed: String,
    /// What was expected, with its unit.
    pub expected: String,
    /// Both in numbers.
    pub comparison: Comparison,
    /// Share in the score before follow-ups are drawn down: of its weight, and of what the forest attributes to it; the forest's
    /// shares sum to its excess over the average.
    pub contribution: f64,
    /// Deviation in bans.
    pub bans: f64,
    /// A sentence for people.
    pub sentence: String,
}

/// What was observed against what was expected, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Comparison {
    /// Something happened (something new, a rare hour, a change of settings): the like happened on so many of the mailbox's days,
    /// or in so many of its sessions where hours are compared.
    Once {
        /// Days or sessions with the like.
        such: u32,
        /// Of all that are counted; 0 where there is no history yet.
        of: u32,
    },
    /// An amount, in the unit of the feature.
    Amount {
        /// What the session showed.
        observed: f64,
        /// The most that was expected.
        expected: f64,
    },
    /// What happened is told for its own sake.
    Nothing,
}

/// Reasons of a flagged session in which no feature stands out by itself.
const AT_LEAST: usize = 3;
/// Most reasons of a session: what comes after adds nothing that an analyst could use.
const AT_MOST: usize = 8;

/// Puts evidence into words, the largest contribution first. `contributions` are by feature. A `flagged` session in which
/// nothing stands out by itself says what adds up, and one that changed rules, forwarding or permissions says so in any case: how
/// rare such changes are in the mailbox is one question, what an analyst has to undo is another.
pub fn reasons(
    session: &Session,
    flagged: bool,
    evidence: &[Evidence],
    contributions: &[f64],
    naming: &Naming<'_>,
    symbols: &Symbols,
) -> Vec<Reason> {
    let changed =
        |feature: FeatureId| flagged && session.rules > 0 && feature == FeatureId::Changes;
    let mut telling: Vec<&Evidence> = evidence
        .iter()
        .filter(|e| e.bans >= MIN_BANS || changed(e.feature))
        .collect();
    if flagged && telling.iter().all(|e| e.bans < MIN_BANS) {
        let mut rest: Vec<&Evidence> = evidence
            .iter()
            .filter(|e| e.bans > 0.0 && !changed(e.feature))
            .collect();
        rest.sort_by(|a, b| b.bans.total_cmp(&a.bans).then(a.feature.cmp(&b.feature)));
        telling.extend(rest.into_iter().take(AT_LEAST));
    }
    let mut reasons: Vec<Reason> = telling
        .into_iter()
        .map(|evidence| {
            let words = Words {
                session,
                evidence,
                naming,
                symbols,
            };
            let said = words.say();
            Reason {
                feature: evidence.feature,
                observed: said.observed,
                expected: said.expected,
                comparison: said.comparison,
                contribution: contributions
                    .get(evidence.feature.index())
                    .copied()
                    .unwrap_or(0.0),
                bans: evidence.bans,
                sentence: said.sentence,
            }
        })
        .collect();
    reasons.sort_by(|a, b| {
        b.contribution
            .total_cmp(&a.contribution)
            .then(b.bans.total_cmp(&a.bans))
            .then(a.feature.cmp(&b.feature))
    });
    if let Some(at) = reasons.iter().position(|reason| changed(reason.feature))
        && at >= AT_MOST
    {
        reasons.swap(AT_MOST - 1, at);
    }
    reasons.truncate(AT_MOST);
    reasons
}

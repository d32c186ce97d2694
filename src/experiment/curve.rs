//! The curves behind the measures, thinned to what a picture can show.

use std::collections::BTreeSet;

use serde::Serialize;

use super::metrics::Evaluation;
use super::ranking::{Ranking, alerts};
use super::truth::Truth;

/// Most points of a curve: about one per pixel of its chart.
const MOST_POINTS: usize = 1200;
/// Alerts a day up to which recall is drawn; nobody reads more.
const MOST_ALERTS: usize = 10;

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Horizontal.
    pub x: f64,
    /// Vertical.
    pub y: f64,
}

/// The curves of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curves {
    /// Recall (x) and precision (y) over sessions, at every attack session in the order of scores.
    pub precision_recall: Vec<Point>,
    /// Alerts a day (x) and share of the episodes found (y); steps that begin at each point.
    pub recall_by_alerts: Vec<Point>,
    /// Days since the first labelled record (x) and share of the episodes flagged by then (y); steps.
    pub detection_by_flags: Vec<Point>,
    /// The same for a reader of the two highest alerts of every day.
    pub detection_by_reading: Vec<Point>,
}

/// The curves of a ranking whose evaluation is `evaluation`.
#[must_use]
pub fn curves(truth: &Truth, ranking: &Ranking, evaluation: &Evaluation) -> Curves {
    let outcomes = &evaluation.episode_outcomes;
    Curves {
        precision_recall: precision_recall(truth, ranking),
        recall_by_alerts: recall_by_alerts(truth, ranking),
        detection_by_flags: detection(outcomes.iter().map(|o| o.days_to_flag)),
        detection_by_reading: detection(outcomes.iter().map(|o| o.days_to_reading)),
    }
}

fn precision_recall(truth: &Truth, ranking: &Ranking) -> Vec<Point> {
    let all = truth.sessions.iter().filter(|s| s.attack).count();
    let mut points = Vec::new();
    for (place, index) in ranking.order().into_iter().enumerate() {
        if truth.sessions.get(index).is_some_and(|s| s.attack) {
            let hits = (points.len() + 1) as f64;
            points.push(Point {
                x: hits / all as f64,
                y: hits / (place + 1) as f64,
            });
        }
    }
    thin(points)
}

fn recall_by_alerts(truth: &Truth, ranking: &Ranking) -> Vec<Point> {
    let mut points = vec![Point { x: 0.0, y: 0.0 }];
    let mut found: BTreeSet<usize> = BTreeSet::new();
    if truth.days == 0 || truth.episodes.is_empty() {
        return points;
    }
    let (days, all) = (f64::from(truth.days), truth.episodes.len() as f64);
    let read = MOST_ALERTS * truth.days as usize;
    for (place, (_, episodes)) in alerts(&ranking.order(), truth)
        .into_iter()
        .take(read)
        .enumerate()
    {
        let before = found.len();
        found.extend(episodes);
        if found.len() > before {
            points.push(Point {
                x: (place + 1) as f64 / days,
                y: found.len() as f64 / all,
            });
        }
    }
    points.push(Point {
        x: MOST_ALERTS as f64,
        y: found.len() as f64 / all,
    });
    thin(points)
}

fn detection(delays: impl Iterator<Item = Option<f64>>) -> Vec<Point> {
    let delays: Vec<Option<f64>> = delays.collect();
    let mut sorted: Vec<f64> = delays.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let all = delays.len() as f64;
    let steps = sorted.iter().enumerate().map(|(index, &x)| Point {
        x,
        y: (index + 1) as f64 / all,
    });
    std::iter::once(Point { x: 0.0, y: 0.0 })
        .chain(steps)
        .collect()
}

/// Every n-th point and the last.
fn thin(points: Vec<Point>) -> Vec<Point> {
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index % step == 0 || *index == last)
        .map(|(_, p)| p)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_rises_with_every_found_episode() {
        let points = detection([Some(2.0), None, Some(0.5), None].into_iter());
        let pairs: Vec<(f64, f64)> = points.iter().map(|p| (p.x, p.y)).collect();
        assert_eq!(pairs, [(0.0, 0.0), (0.5, 0.25), (2.0, 0.5)]);
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let points: Vec<Point> = (0..5000)
            .map(|i| Point {
                x: f64::from(i),
                y: 0.0,
            })
            .collect();
        let thinned = thin(points);
        assert!(thinned.len() <= MOST_POINTS + 1);
        assert_eq!((thinned[0].x, thinned[thinned.len() - 1].x), (0.0, 4999.0));
    }
}

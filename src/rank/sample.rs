//! The sessions that the forest learns from: a weighted reservoir.
//!
//! Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir": each session gets the key u^(1/w), with
//! w doubling every half-life, and the largest keys stay. Here u is a hash of the session's id, so the sample is the
//! same whatever the batches, and samples of parts merge in any order.

use serde::{Deserialize, Serialize};

/// Sessions that the forest learns from.
const SIZE: usize = 4096;
/// Sessions lose half their weight in this many days.
const HALF_LIFE_DAYS: f64 = 21.0;

/// A sample of earlier sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sample {
    sessions: Vec<SampledSession>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SampledSession {
    key: f64,
    id: u64,
    row: Vec<f32>,
}

impl Sample {
    /// Adds sessions (id, day, and what makes the row of the forest's matrix) and keeps the largest keys.
    pub(super) fn extend<R: FnOnce() -> Vec<f32>>(
        &mut self,
        sessions: impl Iterator<Item = (u64, i32, R)>,
    ) {
        // Of millions few stay: the others' rows are not made.
        let least = match self.sessions.last() {
            Some(last) if self.sessions.len() >= SIZE => last.key,
            _ => f64::NEG_INFINITY,
        };
        self.sessions.extend(sessions.filter_map(|(id, day, row)| {
            let key = key(id, day);
            (key >= least).then(|| SampledSession {
                key,
                id,
                row: row(),
            })
        }));
        self.sessions
            .sort_unstable_by(|a, b| b.key.total_cmp(&a.key).then(a.id.cmp(&b.id)));
        self.sessions.truncate(SIZE);
    }

    /// Number of sessions.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Row of the forest's matrix of one session.
    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.sessions[index].row
    }
}

/// A monotone form of the reservoir's key that needs no reference day: −log(−log u) grows linearly with time.
fn key(id: u64, day: i32) -> f64 {
    let u = ((id >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    f64::from(day) * std::f64::consts::LN_2 / HALF_LIFE_DAYS - (-u.ln()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::stable_hash;

    #[test]
    fn newer_sessions_stay_longer() {
        let wins = (0..2000u64)
            .filter(|&i| {
                key(stable_hash(&format!("a{i}")), 21) > key(stable_hash(&format!("b{i}")), 0)
            })
            .count();
        // Twice the weight wins two times of three.
        assert!((1240..1430).contains(&wins), "{wins}");
    }

    #[test]
    fn the_sample_does_not_depend_on_the_batches() {
        let sessions: Vec<(u64, i32, Vec<f32>)> = (0..6000u64)
            .map(|i| {
                (
                    stable_hash(&i.to_string()),
                    (i / 200) as i32,
                    vec![i as f32],
                )
            })
            .collect();
        let (mut once, mut daily) = (Sample::default(), Sample::default());
        let rows = |(id, day, row): &(u64, i32, Vec<f32>)| {
            let row = row.clone();
            (*id, *day, move || row)
        };
        once.extend(sessions.iter().map(rows));
        sessions
            .chunks(200)
            .for_each(|day| daily.extend(day.iter().map(rows)));
        assert_eq!(once.sessions, daily.sessions);
        assert_eq!(once.len(), SIZE);
    }
}

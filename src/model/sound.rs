//! Whether a model that was read is one that could have been written. Its digest tells damage by chance; whoever makes a model file
//! makes the digest as well.

use super::SavedModel;
use crate::session::DAY_MS;

/// Days from 1970 within which every date can be written, with room to count in both directions.
const CALENDAR: i32 = 1_000_000;

impl SavedModel {
    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let Self {
            session,
            rank,
            model,
        } = self;
        let in_calendar = |day: i64| day.abs() <= i64::from(CALENDAR);
        let mut windows = model.throttled.iter();
        let checks = [
            (session.check().is_ok(), "its session options"),
            (rank.check().is_ok(), "its rank options"),
            (
                model.last_day.is_none_or(|day| in_calendar(day.into())),
                "its last day",
            ),
            (
                windows.all(|of| {
                    [of.start, of.end]
                        .iter()
                        .all(|time| in_calendar(time / DAY_MS))
                }),
                "a throttled window",
            ),
            (model.baselines.is_sound(), "the hours of a mailbox"),
            (model.ranker.is_sound(), "what sessions are ranked by"),
        ];
        let fault = checks.into_iter().find(|(sound, _)| !sound);
        fault.map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests {
    use linfa::DatasetBase;
    use linfa::traits::Fit;
    use ndarray::Array2;
    use serde_json::{Value, json};

    use super::*;
    use crate::error::Error;
    use crate::isolation::IsolationForest;
    use crate::model::Model;
    use crate::rank::{COLUMNS, RankOptions};
    use crate::session::SessionOptions;

    /// What reading a model file says whose value at a place was changed before it was written.
    fn with(place: &str, value: Value) -> Result<(), Error> {
        let saved = SavedModel {
            session: SessionOptions::default(),
            rank: RankOptions::default(),
            model: Model::default(),
        };
        let mut changed = serde_json::to_value(&saved).expect("JSON");
        *changed.pointer_mut(place).expect("such a place") = value;
        let changed: SavedModel = serde_json::from_value(changed).expect("a model");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model");
        changed.write(&path)?;
        SavedModel::read(&path).map(drop)
    }

    #[test]
    fn a_model_that_would_be_indexed_beyond_its_end_is_refused() {
        let ranker = |place: &str| format!("/model/ranker/{place}");
        let row = |length: usize| json!([{"key": 0.5, "id": 1, "row": vec![0.0; length]}]);
        let bins = ranker("calibration/mailbox_days/bins");
        assert!(with(&bins, json!({"4095": 1.0})).is_ok());
        assert!(with(&ranker("sample/sessions"), row(COLUMNS)).is_ok());
        let data = DatasetBase::from(Array2::from_shape_fn((20, 2), |(row, column)| {
            (row + column) as f64
        }));
        let forest = IsolationForest::params()
            .n_trees(2)
            .fit(&data)
            .expect("a forest");
        for (place, value, what) in [
            (bins, json!({"4096": 1.0}), "ranked"),
            (
                ranker("calibration/channels"),
                json!({"Mobile": {"total": 1.0, "bins": {"65535": 1.0}}}),
                "ranked",
            ),
            (ranker("sample/sessions"), row(COLUMNS - 1), "ranked"),
            (
                ranker("forest"),
                json!({"day": 0, "forest": forest}),
                "ranked",
            ),
            (
                "/model/baselines/tenant/hours/0/cells".to_owned(),
                json!([1]),
                "hours",
            ),
            ("/model/last_day".to_owned(), json!(i32::MAX), "last day"),
            (
                "/model/throttled".to_owned(),
                json!([{"mailbox": "a", "start": 0, "end": i64::MIN, "stated": true}]),
                "window",
            ),
            (
                "/session/silence_ms".to_owned(),
                json!(0),
                "session options",
            ),
            (
                "/rank/flags".to_owned(),
                json!({"alerts_per_day": -1.0}),
                "rank options",
            ),
        ] {
            let refused = with(&place, value).expect_err(&place).to_string();
            assert!(
                refused.contains("damaged: ") && refused.contains(what),
                "{place}: {refused}"
            );
        }
    }
}

//! `labels.csv`: which records of a log belong to an attack.

use std::fs::File;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::error::Error;
use crate::event::{IrregularIds, record_key};

/// What was expected of a file of labels, for messages.
const REMEDY: &str = "labels are a CSV file with the columns record_id, scenario and episode, one row per record of an attack";

/// An attack on one mailbox, as the labels name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledEpisode {
    /// Name of the episode: `campaign:mailbox` in simulated tenants.
    pub name: String,
    /// Kind of attack.
    pub scenario: String,
}

impl LabelledEpisode {
    /// The campaign that the episode belongs to: its name up to the colon.
    #[must_use]
    pub fn campaign(&self) -> &str {
        self.name
            .split_once(':')
            .map_or(self.name.as_str(), |(campaign, _)| campaign)
    }
}

/// The labels of a log.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    episodes: Vec<LabelledEpisode>,
    /// Index of the episode by the record's key.
    records: FxHashMap<u128, usize>,
}

#[derive(Deserialize)]
struct Row {
    record_id: String,
    scenario: String,
    episode: String,
}

impl Labels {
    /// Reads a file of labels.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Io`] when the file cannot be read, [`Error::Input`] when it is no table of
    /// labels, or names one record in two episodes.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
        let name = path.display().to_string();
        let mut labels = Self::default();
        let mut numbers: FxHashMap<String, usize> = FxHashMap::default();
        let mut rows = csv::Reader::from_reader(file);
        let header = rows
            .headers()
            .map_err(|error| refuse_file(&name, &error.to_string()))?;
        for column in ["record_id", "scenario", "episode"] {
            if !header.iter().any(|given| given == column) {
                return Err(refuse_file(
                    &name,
                    &format!("the first line names no column {column}"),
                ));
            }
        }
        for (index, row) in rows.deserialize().enumerate() {
            let row: Row = row.map_err(|error| refuse(&name, index, &error.to_string()))?;
            labels
                .add(row, &mut numbers)
                .map_err(|reason| refuse(&name, index, &reason))?;
        }
        Ok(labels)
    }

    fn add(&mut self, row: Row, numbers: &mut FxHashMap<String, usize>) -> Result<(), String> {
        let Row {
            record_id,
            scenario,
            episode,
        } = row;
        for (column, value) in [("record_id", &record_id), ("episode", &episode)] {
            if value.trim().is_empty() {
                return Err(format!("{column} is empty"));
            }
        }
        if let Some(known) = numbers.get(&episode).and_then(|&n| self.episodes.get(n))
            && known.scenario != scenario
        {
            return Err(format!(
                "the episode \"{episode}\" is \"{}\" above and \"{scenario}\" here",
                known.scenario
            ));
        }
        let number = *numbers.entry(episode).or_insert_with_key(|name| {
            self.episodes.push(LabelledEpisode {
                name: name.clone(),
                scenario,
            });
            self.episodes.len() - 1
        });
        let before = self.records.insert(key_of(&record_id), number);
        match before.and_then(|other| self.episodes.get(other)) {
            Some(other) if before != Some(number) => Err(format!(
                "record {record_id} belongs to the episode \"{}\" already",
                other.name
            )),
            _ => Ok(()),
        }
    }

    /// The episodes, in the order in which the file names them.
    #[must_use]
    pub fn episodes(&self) -> &[LabelledEpisode] {
        &self.episodes
    }

    /// Number of labelled records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True when nothing is labelled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Index of the episode of a record, by the key that [`crate::event::RecordIds::keys`] gives.
    pub(super) fn episode_of(&self, key: u128) -> Option<usize> {
        self.records.get(&key).copied()
    }
}

/// The key of a record's identifier, as the events have it.
pub(super) fn key_of(record_id: &str) -> u128 {
    record_key(record_id.trim(), &mut IrregularIds::default())
}

fn refuse(file: &str, index: usize, reason: &str) -> Error {
    refuse_file(file, &format!("row {}: {reason}", index + 1))
}

fn refuse_file(file: &str, reason: &str) -> Error {
    Error::Input {
        input: file.to_owned(),
        reason: reason.to_owned(),
        remedy: REMEDY.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Labels, Error> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Labels::read(file.path())
    }

    #[test]
    fn records_find_their_episode_whatever_their_case() {
        let labels = read(
            "record_id,scenario,episode\n\
             F12C6C27-8688-4074-edbf-08d91a41cb3b,storm0558,storm0558#0:a@x\nr2,bec,bec#1:b@x\nr3,bec,bec#1:b@x\n",
        )
        .expect("labels");
        assert_eq!((labels.len(), labels.episodes().len()), (3, 2));
        assert_eq!(
            labels.episode_of(key_of("f12c6c27-8688-4074-edbf-08d91a41cb3b")),
            Some(0)
        );
        assert_eq!(labels.episode_of(key_of("r3")), Some(1));
        assert_eq!(labels.episode_of(key_of("r4")), None);
        assert_eq!(labels.episodes()[1].campaign(), "bec#1");
    }

    #[test]
    fn what_is_no_table_of_labels_is_refused_with_its_row() {
        for text in [
            "record_id,scenario\nr1,bec\n",
            "",
            "record_id;scenario;episode\n",
        ] {
            let error = read(text).expect_err("a column is missing");
            assert!(
                error.is_input() && error.to_string().contains("names no column"),
                "{error}"
            );
        }
        let head = "record_id,scenario,episode\n";
        for (rows, said) in [
            ("r1,bec,\n", "row 1: episode is empty"),
            ("r1,bec,a\n ,bec,a\n", "row 2: record_id is empty"),
            (
                "r1,bec,a\nr2,spray,a\n",
                "row 2: the episode \"a\" is \"bec\" above",
            ),
        ] {
            let error = read(&format!("{head}{rows}")).expect_err("no label");
            assert!(error.to_string().contains(said), "{error}");
        }
        let error =
            read("record_id,scenario,episode\nr1,bec,a\nr1,bec,b\n").expect_err("two episodes");
        assert!(
            error
                .to_string()
                .contains("row 2: record r1 belongs to the episode \"a\" already"),
            "{error}"
        );
        assert!(
            Labels::read(Path::new("no/such/labels.csv"))
                .expect_err("missing")
                .is_not_found()
        );
        assert!(
            read("record_id,scenario,episode\n")
                .expect("no attack at all")
                .is_empty()
        );
    }
}

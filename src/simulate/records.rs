//! The log in memory, record by record.

use super::engine::Engine;
use super::error::SimulateError;
use super::json::{Json, guid};
use super::params::SimulateParams;
use super::record::{Draft, Truth};
use super::render::Renderer;

/// One record with the truth about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedRecord {
    /// `Id`.
    pub id: String,
    /// `CreationTime` in Unix seconds, UTC.
    pub time: i64,
    /// The record as JSON text (what `AuditData` holds).
    pub json: String,
    /// The attack that the record belongs to.
    pub scenario: Option<&'static str>,
    /// The episode of that attack, as in `labels.csv`.
    pub episode: Option<String>,
    /// The benign look-alike that the record belongs to.
    pub look_alike: Option<&'static str>,
    /// Whether the export holds the record already.
    pub repeated: bool,
}

/// Iterator over the records of a simulation, in the order of the export.
pub struct Records {
    engine: Engine,
    batch: Vec<Draft>,
    next: usize,
    json: Json,
}

/// Simulates a tenant in memory, a day at a time; damaged rows are left out, because they are a property of files.
///
/// # Errors
/// [`SimulateError::TimeZone`] when the bundled time zone database lacks an office's zone.
pub fn records(params: &SimulateParams) -> Result<Records, SimulateError> {
    Ok(Records {
        engine: Engine::new(params)?,
        batch: Vec::new(),
        next: 0,
        json: Json::default(),
    })
}

impl Iterator for Records {
    type Item = SimulatedRecord;

    fn next(&mut self) -> Option<SimulatedRecord> {
        while self.next >= self.batch.len() {
            if !self.engine.next_batch(&mut self.batch) {
                return None;
            }
            self.next = 0;
        }
        let draft = *self.batch.get(self.next)?;
        self.next += 1;
        Renderer::new(&self.engine.tenant).record(&draft, &mut self.json);
        let mut id = Vec::with_capacity(36);
        guid(&mut id, draft.seed);
        let (episode, look_alike) = match draft.context.truth {
            Truth::Benign => (None, None),
            Truth::Attack(number) => (self.engine.attacks.episodes.get(number as usize), None),
            Truth::LookAlike(number) => (None, self.engine.tenant.life.kinds.get(number as usize)),
        };
        Some(SimulatedRecord {
            id: String::from_utf8_lossy(&id).into_owned(),
            time: draft.time,
            json: String::from_utf8_lossy(self.json.text()).into_owned(),
            scenario: episode.map(|episode| episode.attack.name()),
            episode: episode.map(super::attack::Episode::id),
            look_alike: look_alike.map(|kind| kind.name()),
            repeated: draft.repeated,
        })
    }
}

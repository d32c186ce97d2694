//! Writing an export: files of rows, labels, look-alikes, networks, and a description of the simulation.
//!
//! The directory appears whole or not at all: everything is written beside it and moved into place at the end.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::engine::{Engine, REPEAT_WITHIN};
use super::envelope::{Compression, Damage, Envelope, Format, Row, damage_of};
use super::error::SimulateError;
use super::json::{Json, guid};
use super::network::Network;
use super::office::COUNTRIES;
use super::params::SimulateParams;
use super::record::{Draft, Truth};
use super::render::Renderer;
use super::sink::Output;
use crate::staging::{Staging, parent_of, sweep};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Export files, in order, relative to the directory.
    pub files: Vec<String>,
    /// Rows in all files, repetitions and damaged rows included.
    pub rows: u64,
    /// Rows that repeat an earlier record.
    pub duplicates: u64,
    /// Rows whose record is empty or cut.
    pub damaged: u64,
    /// Distinct records about items of a mailbox (RecordTypes 2, 3, 50).
    pub mailbox_records: u64,
    /// Distinct records that belong to an attack.
    pub attack_records: u64,
    /// Distinct records that belong to a benign look-alike.
    pub look_alike_records: u64,
    /// Reads that happened but were not logged, because the mailbox was throttled.
    pub unlogged_reads: u64,
    /// Mailboxes of the tenant, shared ones included.
    pub mailboxes: u64,
    /// Attack episodes: one mailbox in one campaign.
    pub episodes: Vec<String>,
    /// Benign look-alikes by kind and number, as in `lookalikes.csv`.
    pub look_alikes: Vec<String>,
}

/// Simulates a tenant and writes its export into a new directory.
///
/// The directory then holds the export (`audit.csv` or as the envelope asks; `audit-001.csv` and so on for several files), `labels.csv`
/// (`record_id, scenario, episode`), `lookalikes.csv` (`record_id, look_alike, occurrence`), `networks.csv` (`network, asn, kind, country`) and
/// `simulation.json` (settings and counts). The same parameters give the same bytes.
///
/// # Errors
/// [`SimulateError::OutputExists`] when the directory is there and not empty, [`SimulateError::Write`] when something cannot be written.
pub fn simulate(params: &SimulateParams, out_dir: &Path) -> Result<Summary, SimulateError> {
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| SimulateError::Write { path, source }
    };
    if fs::read_dir(out_dir).is_ok_and(|mut entries| entries.next().is_some()) || out_dir.is_file()
    {
        return Err(SimulateError::OutputExists {
            path: out_dir.to_owned(),
        });
    }
    let engine = Engine::new(params)?;
    let parent = parent_of(out_dir);
    fs::create_dir_all(&parent).map_err(write_error(&parent))?;
    sweep(&parent);
    let staging = Staging::beside(out_dir).map_err(write_error(out_dir))?;
    let place = staging.output();
    fs::create_dir(&place).map_err(write_error(&place))?;
    let summary = Export::new(params, &place, engine)?.run()?;
    staging.publish(out_dir).map_err(write_error(out_dir))?;
    Ok(summary)
}

struct Export<'a> {
    params: &'a SimulateParams,
    directory: &'a Path,
    engine: Engine,
    format: Box<dyn Format>,
    labels: Output,
    look_alikes: Output,
    summary: Summary,
}

/// An export file under construction. The one before it stays open until nothing is listed any more that repeats its records:
/// a repetition is listed hours later, and belongs to the day of its record.
struct Part {
    number: usize,
    output: Output,
    is_empty: bool,
}

impl<'a> Export<'a> {
    fn new(
        params: &'a SimulateParams,
        directory: &'a Path,
        engine: Engine,
    ) -> Result<Self, SimulateError> {
        let settings = params.settings();
        let mut labels = Output::create(directory.join("labels.csv"), Compression::None)?;
        labels.write(b"record_id,scenario,episode\n")?;
        let mut look_alikes = Output::create(directory.join("lookalikes.csv"), Compression::None)?;
        look_alikes.write(b"record_id,look_alike,occurrence\n")?;
        let kinds = engine.tenant.life.kinds.iter().enumerate();
        let summary = Summary {
            files: (1..=settings.files)
                .map(|number| {
                    file_name(
                        settings.envelope,
                        settings.compression,
                        (number, settings.files),
                    )
                })
                .collect(),
            rows: 0,
            duplicates: 0,
            damaged: 0,
            mailbox_records: 0,
            attack_records: 0,
            look_alike_records: 0,
            unlogged_reads: 0,
            mailboxes: engine.tenant.mailbox_count() as u64,
            episodes: engine
                .attacks
                .episodes
                .iter()
                .map(super::attack::Episode::id)
                .collect(),
            look_alikes: kinds
                .map(|(number, kind)| format!("{}#{number}", kind.name()))
                .collect(),
        };
        Ok(Self {
            params,
            directory,
            engine,
            format: settings.envelope.format(),
            labels,
            look_alikes,
            summary,
        })
    }

    fn run(mut self) -> Result<Summary, SimulateError> {
        let mut buffer = Vec::with_capacity(1 << 16);
        let mut json = Json::default();
        let mut batch: Vec<Draft> = Vec::new();
        let mut current = self.open(0, &mut buffer)?;
        let mut earlier: Option<Part> = None;
        while self.engine.next_batch(&mut batch) {
            let rows = batch.len();
            for (place, draft) in batch.iter().enumerate() {
                if let Some(part) = earlier.take_if(|_| self.no_more_repeats(current.number, draft))
                {
                    self.close(part, &mut buffer)?;
                }
                let number = self.file_of(draft.time);
                if current.number < number {
                    self.skip(current.number + 1..number, &mut buffer)?;
                    let next = self.open(number, &mut buffer)?;
                    let before = earlier.replace(std::mem::replace(&mut current, next));
                    if let Some(part) = before {
                        self.close(part, &mut buffer)?;
                    }
                }
                let part = match &mut earlier {
                    Some(earlier) if number < current.number => earlier,
                    _ => &mut current,
                };
                buffer.clear();
                self.row(
                    draft,
                    (place + 1, rows),
                    (&mut json, &mut part.is_empty),
                    &mut buffer,
                )?;
                part.output.write(&buffer)?;
            }
        }
        self.skip(
            current.number + 1..self.params.settings().files as usize,
            &mut buffer,
        )?;
        for part in earlier.into_iter().chain([current]) {
            self.close(part, &mut buffer)?;
        }
        self.summary.unlogged_reads = self.engine.unlogged;
        self.write_networks()?;
        self.describe()?;
        let Self {
            labels,
            look_alikes,
            summary,
            ..
        } = self;
        labels.finish()?;
        look_alikes.finish()?;
        Ok(summary)
    }

    /// The file that a record of a moment belongs into: files are cut at midnight UTC.
    fn file_of(&self, time: i64) -> usize {
        let calendar = &self.engine.tenant.calendar;
        let day = calendar.day_of(time).clamp(0, calendar.days - 1);
        (day * i64::from(self.params.settings().files) / calendar.days) as usize
    }

    /// Whether whatever is listed from here on repeats nothing of the files before `number`.
    fn no_more_repeats(&self, number: usize, draft: &Draft) -> bool {
        self.file_of(draft.listed - REPEAT_WITHIN as i64) >= number
    }

    /// Writes files that no day falls on: there may be more files than days.
    fn skip(&self, numbers: Range<usize>, buffer: &mut Vec<u8>) -> Result<(), SimulateError> {
        for number in numbers {
            let part = self.open(number, buffer)?;
            self.close(part, buffer)?;
        }
        Ok(())
    }

    fn open(&self, number: usize, buffer: &mut Vec<u8>) -> Result<Part, SimulateError> {
        let name = self
            .summary
            .files
            .get(number)
            .map_or("audit", String::as_str);
        let mut output = Output::create(
            self.directory.join(name),
            self.params.settings().compression,
        )?;
        buffer.clear();
        self.format.header(buffer);
        output.write(buffer)?;
        Ok(Part {
            number,
            output,
            is_empty: true,
        })
    }

    fn close(&self, mut part: Part, buffer: &mut Vec<u8>) -> Result<(), SimulateError> {
        buffer.clear();
        self.format.footer(buffer);
        part.output.write(buffer)?;
        part.output.finish()
    }

    fn row(
        &mut self,
        draft: &Draft,
        place: (usize, usize),
        (json, is_first): (&mut Json, &mut bool),
        out: &mut Vec<u8>,
    ) -> Result<(), SimulateError> {
        let renderer = Renderer::new(&self.engine.tenant);
        let kind = renderer.kind(draft);
        if !self.format.accepts(kind) {
            return Ok(());
        }
        let damage = if self.engine.is_damaged(draft) {
            damage_of(draft.seed)
        } else {
            Damage::None
        };
        renderer.record(draft, json);
        let user_id = renderer.user_id(draft);
        let row = Row {
            tenant: &self.engine.tenant,
            draft,
            kind,
            user_id: &user_id,
            json,
            place,
            damage,
        };
        self.format.row(&row, *is_first, out);
        *is_first = false;
        self.summary.rows += 1;
        if damage != Damage::None {
            self.summary.damaged += 1;
        }
        if draft.repeated {
            self.summary.duplicates += 1;
            return Ok(());
        }
        self.summary.mailbox_records += u64::from(draft.action.is_about_items());
        self.label(draft)
    }

    fn label(&mut self, draft: &Draft) -> Result<(), SimulateError> {
        let mut line = Vec::with_capacity(128);
        guid(&mut line, draft.seed);
        match draft.context.truth {
            Truth::Benign => Ok(()),
            Truth::Attack(number) => {
                self.summary.attack_records += 1;
                let scenario = self
                    .engine
                    .attacks
                    .episodes
                    .get(number as usize)
                    .map_or("", |episode| episode.attack.name());
                let episode = self
                    .summary
                    .episodes
                    .get(number as usize)
                    .map_or("", String::as_str);
                line.extend_from_slice(format!(",{scenario},{episode}\n").as_bytes());
                self.labels.write(&line)
            }
            Truth::LookAlike(number) => {
                self.summary.look_alike_records += 1;
                let kind = self
                    .engine
                    .tenant
                    .life
                    .kinds
                    .get(number as usize)
                    .map_or("", |kind| kind.name());
                line.extend_from_slice(format!(",{kind},{kind}#{number}\n").as_bytes());
                self.look_alikes.write(&line)
            }
        }
    }

    fn write_networks(&self) -> Result<(), SimulateError> {
        let mut networks = Output::create(self.directory.join("networks.csv"), Compression::None)?;
        networks.write(b"network,asn,kind,country\n")?;
        for Network {
            base,
            base6,
            kind,
            country,
            asn,
        } in &self.engine.tenant.networks.all
        {
            let rest = format!("{asn},{},{}\n", kind.name(), COUNTRIES[*country]);
            networks.write(format!("{}/16,{rest}", std::net::Ipv4Addr::from(*base)).as_bytes())?;
            networks.write(format!("{}/32,{rest}", std::net::Ipv6Addr::from(*base6)).as_bytes())?;
        }
        networks.finish()
    }

    /// Settings and counts, so that a directory says by itself what it is.
    fn describe(&self) -> Result<(), SimulateError> {
        let settings = self.params.settings();
        let text = serde_json::json!({
            "generator": "mailglass simulate",
            "settings": {
                "people": settings.people, "days": settings.days, "start": settings.start.to_string(), "seed": settings.seed,
                "attacks": settings.attacks.iter().map(|attack| attack.name()).collect::<Vec<_>>(),
                "strength": settings.strength, "episodes": settings.campaigns, "attack_after": self.params.attack_after(),
                "intensity": settings.intensity, "offices": self.params.offices(), "look_alikes": settings.look_alikes,
                "duplicates": settings.duplicates, "broken": settings.broken, "other_workloads": settings.other_workloads,
                "envelope": settings.envelope.name(), "compression": settings.compression.name(),
            },
            "domain": self.engine.tenant.domain(),
            "summary": self.summary,
        });
        let mut output = Output::create(self.directory.join("simulation.json"), Compression::None)?;
        output.write(format!("{text:#}\n").as_bytes())?;
        output.finish()
    }
}

/// `audit.csv.gz`, or `audit-001.csv.gz` and so on.
fn file_name(envelope: Envelope, compression: Compression, (number, files): (u32, u32)) -> String {
    let extension = envelope.extension();
    let suffix = compression.suffix();
    if files == 1 {
        format!("audit.{extension}{suffix}")
    } else {
        format!("audit-{number:03}.{extension}{suffix}")
    }
}

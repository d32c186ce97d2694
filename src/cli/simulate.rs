//! `mailglass simulate`: a labelled tenant on disk.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::Outcome;
use super::terminal::print;
use crate::amount::counted;
use crate::error::Error;
use crate::simulate::{
    Attack, Compression, Envelope, SimulateError, SimulateSettings, Summary, simulate,
};

pub(super) const LONG_ABOUT: &str = "\
Write a synthetic tenant's audit log with known attacks in it.

The log comes in the envelope of your choice, together with labels.csv (which records are an attack), lookalikes.csv \
(which are benign but look like one: travel, new devices, roll-outs), networks.csv (whose address is whose) and \
simulation.json (settings and counts). The same options give the same bytes.";

/// Arguments of `mailglass simulate`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "\
Examples:
  A small tenant with one attack like Storm-0558, then the analysis of it:
    mailglass simulate --out tenant
    mailglass analyze tenant/audit.csv --out run
  Every attack, hardly visible, in a larger tenant, compressed:
    mailglass simulate --out hard --people 200 --days 42 --attack all --strength 0.1 --compress zstd
  A log without any attack, to count false alarms:
    mailglass simulate --out quiet --attack none

Attacks: storm0558, midnight_blizzard, bec_aitm, mass_sync, graph_consent, delegate_insider, token_replay, mobile_harvest, travel_shadow
Benign look-alikes: rollout, new_device, provider_change, travel, return_from_leave, resync, new_starter, shared_new_member, assistant, \
nightly_crm, weekly_backup, throttled, add_in, night_work, vpn
Envelopes: purview-csv, search-csv, management-jsonl, management-json, graph-jsonl, graph-json, sentinel-csv, sentinel-jsonl, defender-csv, elastic-ndjson, splunk-jsonl, splunk-csv")]
pub struct SimulateArgs {
    /// Directory to write; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// People with a mailbox (shared mailboxes come on top)
    #[arg(
        long,
        value_name = "N",
        default_value_t = 40,
        allow_negative_numbers = true
    )]
    pub people: u32,
    /// Length of the log in days
    #[arg(
        long,
        value_name = "D",
        default_value_t = 28,
        allow_negative_numbers = true
    )]
    pub days: u32,
    /// First day of the log
    #[arg(long, value_name = "DATE", default_value = "2024-01-08")]
    pub start: Date,
    /// Seed of every random step
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub seed: u64,
    /// Attacks to hide, separated by commas; `all`, or `none`
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "storm0558"
    )]
    pub attack: Vec<String>,
    /// How visible the attacks are: 0 hardly, 0.5 as documented, 1 blatant
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub strength: f64,
    /// Campaigns of each attack; each may hit several mailboxes
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    pub episodes: u32,
    /// Days without attacks at the start [default: 12, or half of a period under 24 days]
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    pub attack_after: Option<u32>,
    /// Volume: 1 is about 30 mailbox records per person and working day, 5 about 150
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub intensity: f64,
    /// Offices, each in its own time zone [default: 1, and one more for every 40 people, at most 4]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub offices: Option<u32>,
    /// Leave the benign look-alikes out
    #[arg(long)]
    pub no_look_alikes: bool,
    /// Leave records of other workloads out
    #[arg(long)]
    pub mailbox_only: bool,
    /// Share of records that the export repeats
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.02,
        allow_negative_numbers = true
    )]
    pub duplicates: f64,
    /// Share of rows with an empty or cut record; rows that carry a label stay whole
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub broken: f64,
    /// Shape of the export (see the list below)
    #[arg(long, value_name = "E", default_value_t = Envelope::PurviewCsv)]
    pub envelope: Envelope,
    /// Number of export files; each holds a run of days
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    pub files: u32,
    /// Compression of the export: none, gzip or zstd
    #[arg(long, value_name = "C", default_value_t = Compression::None)]
    pub compress: Compression,
}

impl SimulateArgs {
    /// The settings that the arguments stand for, not yet checked.
    ///
    /// # Errors
    /// [`SimulateError::UnknownName`] for an attack that does not exist.
    pub fn settings(&self) -> Result<SimulateSettings, SimulateError> {
        let attacks = match self.attack.as_slice() {
            [only] if only == "none" => Vec::new(),
            names => {
                let named: Vec<Attack> = names
                    .iter()
                    .filter(|name| *name != "all")
                    .map(|name| name.parse())
                    .collect::<Result<_, _>>()?;
                if named.len() < names.len() {
                    Attack::ALL.to_vec()
                } else {
                    named
                }
            }
        };
        Ok(SimulateSettings {
            people: self.people,
            days: self.days,
            start: self.start,
            seed: self.seed,
            attacks,
            strength: self.strength,
            campaigns: self.episodes,
            attack_after: self.attack_after,
            intensity: self.intensity,
            offices: self.offices,
            look_alikes: !self.no_look_alikes,
            duplicates: self.duplicates,
            broken: self.broken,
            other_workloads: !self.mailbox_only,
            envelope: self.envelope,
            files: self.files,
            compression: self.compress,
        })
    }
}

/// Writes the tenant and says on standard output what was written.
///
/// # Errors
/// Whatever [`SimulateSettings::check`] or [`simulate`] refuse.
pub(crate) fn run(args: &SimulateArgs) -> Result<Outcome, Error> {
    let summary = write(args).map_err(|error| Error::Simulate {
        reason: explained(&error),
    })?;
    print(&in_words(args, &summary))?;
    Ok(Outcome::Done)
}

fn write(args: &SimulateArgs) -> Result<Summary, SimulateError> {
    simulate(&args.settings()?.check()?, &args.out)
}

/// The message with what lies behind it, such as the system's reason why a file cannot be written.
fn explained(error: &SimulateError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(behind) = cause {
        text.push_str(": ");
        text.push_str(&behind.to_string());
        cause = behind.source();
    }
    text
}

fn in_words(args: &SimulateArgs, summary: &Summary) -> String {
    let mut text = format!(
        "{}: {} rows in {}, {}\n",
        args.out.display(),
        summary.rows,
        counted(summary.files.len() as u64, "file", "files"),
        counted(summary.mailboxes, "mailbox", "mailboxes")
    );
    text += &format!("  mailbox records  {:>10}\n", summary.mailbox_records);
    text += &format!("  duplicates       {:>10}\n", summary.duplicates);
    text += &format!("  damaged rows     {:>10}\n", summary.damaged);
    text += &format!(
        "  attack records   {:>10}  in {}, see labels.csv\n",
        summary.attack_records,
        counted(summary.episodes.len() as u64, "episode", "episodes")
    );
    text += &format!(
        "  look-alikes      {:>10}  in {}, see lookalikes.csv",
        summary.look_alike_records,
        counted(
            summary.look_alikes.len() as u64,
            "occurrence",
            "occurrences"
        )
    );
    text
}

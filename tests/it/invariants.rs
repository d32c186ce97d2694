//! No look-ahead, and incremental equals one-shot, as properties of simulated tenants: to the bit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mailglass::allow::AllowList;
use mailglass::ingest::{IngestOptions, Input, Progress};
use mailglass::model::{Model, SavedModel};
use mailglass::pipeline::{Analysis, BaselineDays, Config, analyze_with};
use mailglass::rank::RankOptions;
use mailglass::session::SessionOptions;
use mailglass::simulate::{Attack, SimulateSettings, simulate};
use proptest::prelude::*;

struct Silent;

impl Progress for Silent {}

/// A tenant's export, one file per day, in the order of the days.
fn days(dir: &Path, people: u32, days: u32, seed: u64) -> Vec<PathBuf> {
    let settings = SimulateSettings {
        people,
        days,
        seed,
        attacks: vec![Attack::BecAitm, Attack::GraphConsent],
        attack_after: Some(days / 2),
        ..Default::default()
    };
    let out = dir.join("tenant");
    simulate(&settings.check().expect("valid"), &out).expect("simulated");
    let text = fs::read_to_string(out.join("audit.csv")).expect("an export");
    let (header, body) = text.split_once('\n').expect("a header");
    let mut by_day: BTreeMap<&str, String> = BTreeMap::new();
    for line in body.lines() {
        let date = line.split(',').nth(1).expect("a date").trim_matches('"');
        let rows = by_day
            .entry(&date[..10])
            .or_insert_with(|| format!("{header}\n"));
        rows.push_str(line);
        rows.push('\n');
    }
    by_day
        .iter()
        .map(|(day, rows)| {
            let path = dir.join(format!("{day}.csv"));
            fs::write(&path, rows).expect("written");
            path
        })
        .collect()
}

fn config(files: &[PathBuf]) -> Config {
    Config {
        inputs: files.iter().map(Input::new).collect(),
        ingest: IngestOptions::default(),
        session: SessionOptions::default(),
        rank: RankOptions {
            warm_up_days: 4,
            ..RankOptions::default()
        },
        baseline: BaselineDays::Past,
        allow: AllowList::default(),
        time_zone: jiff::tz::TimeZone::UTC,
        model_file: None,
    }
}

/// Everything that is said about each session, numbers to the bit.
fn verdicts(analysis: &Analysis) -> BTreeMap<u64, (String, i64, Vec<u64>, bool)> {
    let columns = analysis.ingested.events.columns().expect("columns");
    let mailbox = |code: u32| columns.mailbox.names[code as usize].to_owned();
    analysis
        .sessions
        .iter()
        .map(|s| {
            let ranked = s.verdict.ranked;
            let numbers = [ranked.score, ranked.p_value, s.verdict.weight];
            let bits = numbers
                .iter()
                .copied()
                .chain(s.verdict.deviations.map(f64::from))
                .map(|number| number.to_bits())
                .collect();
            let owner = mailbox(s.session.mailbox);
            (s.session.id, (owner, s.session.start, bits, ranked.flagged))
        })
        .collect()
}

fn run(model: Model, files: &[PathBuf]) -> Analysis {
    analyze_with(model, &config(files), &Silent).expect("analyzed")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn later_days_change_nothing_and_day_by_day_equals_one_run(
        seed in any::<u32>(), people in 8_u32..20, length in 8_u32..14, cut in 0.2_f64..0.9,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let files = days(dir.path(), people, length, u64::from(seed));
        let whole = verdicts(&run(Model::default(), &files));
        prop_assert!(whole.len() > 100);
        let cut = ((files.len() as f64 * cut) as usize).max(1);

        // No look-ahead: a log that ends with a day judges the sessions up to it as the whole log does.
        let until = run(Model::default(), &files[..cut]);
        let earlier = verdicts(&until);
        prop_assert!(!earlier.is_empty());
        for (session, verdict) in &earlier {
            prop_assert_eq!(Some(verdict), whole.get(session));
        }

        // A day that has passed is left out when it comes again, beside a later one, and changes nothing.
        if cut < files.len() {
            let passed = &files[cut - 1..=cut];
            let again = run(until.model.clone(), passed);
            let left_out: u64 = again.left_out.iter().map(|of| of.events).sum();
            let judged: u64 = again.sessions.iter().map(|s| u64::from(s.session.events)).sum();
            prop_assert!(left_out > 0);
            prop_assert_eq!(again.ingested.counts.events, judged + left_out);
            for (session, verdict) in &verdicts(&again) {
                prop_assert_eq!(Some(verdict), whole.get(session));
            }
        }

        // Incremental: learned up to the day, saved, and gone on with day by day from the file.
        let mut sessions = earlier.len();
        let mut model = until.model;
        let path = dir.path().join("model");
        for file in &files[cut..] {
            let saved = SavedModel {
                session: SessionOptions::default(),
                rank: config(&[]).rank,
                model,
            };
            saved.write(&path).expect("written");
            let read = SavedModel::read(&path).expect("read");
            let day = run(read.model, std::slice::from_ref(file));
            for (session, verdict) in &verdicts(&day) {
                prop_assert_eq!(Some(verdict), whole.get(session));
            }
            sessions += day.sessions.len();
            model = day.model;
        }
        prop_assert_eq!(sessions, whole.len());
    }
}

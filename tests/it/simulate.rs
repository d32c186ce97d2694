//! The simulated tenant: every attack and look-alike, volumes, order, throttling.

use std::collections::{BTreeMap, BTreeSet};

use mailglass::simulate::{Attack, LookAlike, SimulateSettings, SimulatedRecord, records};
use serde_json::Value;

pub(crate) fn small(seed: u64) -> SimulateSettings {
    SimulateSettings {
        people: 12,
        days: 21,
        seed,
        attack_after: Some(12),
        ..Default::default()
    }
}

pub(crate) fn in_memory(settings: SimulateSettings) -> Vec<SimulatedRecord> {
    records(&settings.check().expect("valid settings"))
        .expect("a simulation")
        .collect()
}

fn owner(record: &SimulatedRecord) -> String {
    let json: Value = serde_json::from_str(&record.json).expect("JSON");
    json["MailboxOwnerUPN"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn is_throttled(record: &SimulatedRecord) -> bool {
    record.json.contains("\"IsThrottled\",\"Value\":\"True\"")
}

#[test]
fn every_attack_leaves_records_after_the_quiet_days_at_any_strength() {
    for strength in [0.0, 0.5, 1.0] {
        let settings = SimulateSettings {
            attacks: Attack::ALL.to_vec(),
            strength,
            ..small(9)
        };
        let quiet_until = 1_704_672_000 + 12 * 86_400;
        let all = in_memory(settings);
        for attack in Attack::ALL {
            let mine: Vec<_> = all
                .iter()
                .filter(|record| record.scenario == Some(attack.name()))
                .collect();
            assert!(!mine.is_empty(), "{attack} at {strength} leaves nothing");
            // Local days begin before UTC's in the east.
            assert!(
                mine.iter()
                    .all(|record| record.time >= quiet_until - 14 * 3600),
                "{attack} at {strength} begins early"
            );
        }
    }
}

#[test]
fn strength_makes_an_attack_larger() {
    let count = |strength| {
        let attacks = Attack::ALL.to_vec();
        let mut counts = BTreeMap::new();
        for record in in_memory(SimulateSettings {
            people: 24,
            days: 30,
            attacks,
            strength,
            campaigns: 5,
            ..small(2)
        }) {
            if let Some(scenario) = record.scenario {
                *counts.entry(scenario).or_insert(0) += 1;
            }
        }
        counts
    };
    let (hidden, documented, blatant) = (count(0.0), count(0.5), count(1.0));
    for name in Attack::ALL.map(Attack::name) {
        let (low, middle, high) = (hidden[name], documented[name], blatant[name]);
        assert!(
            low < middle && middle < high,
            "{name}: {low}, {middle}, {high}"
        );
    }
}

#[test]
fn storm_0558_keeps_its_published_hours_and_volume() {
    let settings = SimulateSettings {
        people: 24,
        days: 47,
        seed: 3,
        ..Default::default()
    };
    let mut messages: BTreeMap<(String, i64), u64> = BTreeMap::new();
    for record in in_memory(settings)
        .into_iter()
        .filter(|record| record.scenario.is_some() && !record.repeated)
    {
        let json: Value = serde_json::from_str(&record.json).expect("JSON");
        // 8 January 2024 was a Monday.
        let day = (record.time - 1_704_672_000).div_euclid(86_400);
        assert!(day % 7 < 5, "on a weekend");
        assert!(
            record.time.rem_euclid(86_400) < 9 * 3600 + 1_800,
            "after 09:00 UTC: {}",
            json["CreationTime"]
        );
        *messages
            .entry((record.episode.expect("an episode"), day))
            .or_default() += json["OperationCount"].as_u64().unwrap_or(0);
    }
    let mean = messages.values().sum::<u64>() as f64 / messages.len() as f64;
    assert!(
        (200.0..320.0).contains(&mean),
        "{mean} messages per mailbox and day, 250 are published"
    );
}

#[test]
fn every_look_alike_is_there_and_can_be_left_out() {
    let all: BTreeSet<&str> = LookAlike::ALL.iter().map(|kind| kind.name()).collect();
    for seed in 0..8 {
        let records = in_memory(small(seed));
        let found: BTreeSet<&str> = records
            .iter()
            .filter_map(|record| record.look_alike)
            .collect();
        assert_eq!(found, all, "seed {seed}");
    }
    let without = SimulateSettings {
        look_alikes: false,
        ..small(6)
    };
    assert!(
        in_memory(without)
            .iter()
            .all(|record| record.look_alike.is_none())
    );
}

#[test]
fn an_attack_leaves_the_other_records_as_they_were() {
    let run = |attacks| {
        in_memory(SimulateSettings {
            attacks,
            ..small(8)
        })
    };
    let (quiet, attacked) = (
        run(Vec::new()),
        run(vec![Attack::Storm0558, Attack::TokenReplay]),
    );
    let throttled = |all: &[SimulatedRecord]| -> BTreeSet<String> {
        all.iter()
            .filter(|record| is_throttled(record))
            .map(owner)
            .collect()
    };
    // An attack's reads count towards throttling, so a mailbox that is throttled anyway falls silent earlier.
    let excepted: BTreeSet<String> = throttled(&quiet)
        .union(&throttled(&attacked))
        .cloned()
        .collect();
    let comparable = |all: Vec<SimulatedRecord>| -> Vec<SimulatedRecord> {
        all.into_iter()
            .filter(|record| record.scenario.is_none() && !excepted.contains(&owner(record)))
            .collect()
    };
    let (quiet, attacked) = (comparable(quiet), comparable(attacked));
    // A failed comparison of the records themselves would print megabytes.
    assert!(
        quiet.len() > 5_000 && quiet == attacked,
        "{} records without, {} with attacks",
        quiet.len(),
        attacked.len()
    );
}

#[test]
fn volumes_are_those_of_an_office() {
    let settings = SimulateSettings {
        people: 28,
        days: 14,
        attacks: Vec::new(),
        look_alikes: false,
        ..Default::default()
    };
    let per_working_day = |intensity| {
        let all = in_memory(SimulateSettings {
            intensity,
            duplicates: 0.0,
            other_workloads: false,
            ..settings.clone()
        });
        let working =
            |record: &&SimulatedRecord| (record.time - 1_704_672_000).div_euclid(86_400) % 7 < 5;
        let about_items = |record: &&SimulatedRecord| record.json.contains("\"MailboxOwnerUPN\"");
        all.iter().filter(working).filter(about_items).count() as f64 / 10.0 / 31.0
    };
    let (one, five) = (per_working_day(1.0), per_working_day(5.0));
    assert!(
        (22.0..38.0).contains(&one),
        "{one} records per mailbox and working day at intensity 1"
    );
    assert!(
        (115.0..185.0).contains(&five),
        "{five} records per mailbox and working day at intensity 5"
    );
}

#[test]
fn records_come_in_order_and_agree_with_themselves() {
    let mut last = i64::MIN;
    for record in in_memory(SimulateSettings {
        offices: Some(8),
        ..small(3)
    }) {
        let json: Value = serde_json::from_str(&record.json).expect("JSON");
        assert_eq!(json["Id"], record.id.as_str());
        let time: jiff::Timestamp = format!("{}Z", json["CreationTime"].as_str().expect("a time"))
            .parse()
            .expect("a time");
        assert_eq!(time.as_second(), record.time);
        if !record.repeated {
            assert!(record.time >= last, "out of order at {time}");
            last = record.time;
        }
        if let Some(folders) = json["Folders"].as_array() {
            let items = folders
                .iter()
                .map(|folder| folder["FolderItems"].as_array().map_or(0, Vec::len))
                .sum::<usize>();
            assert_eq!(json["OperationCount"], items);
        }
    }
}

#[test]
fn a_throttled_mailbox_falls_silent_for_a_day() {
    let all = in_memory(small(7));
    let throttled: Vec<_> = all
        .iter()
        .filter(|record| is_throttled(record) && !record.repeated)
        .collect();
    let [mark] = throttled.as_slice() else {
        panic!("{} throttled records", throttled.len())
    };
    let mailbox = owner(mark);
    let reads_in = |period: std::ops::Range<i64>| {
        let reads = all
            .iter()
            .filter(|record| record.json.contains("\"Value\":\"Bind\"") && !record.repeated);
        reads
            .filter(|record| period.contains(&record.time) && owner(record) == mailbox)
            .count()
    };
    assert_eq!(reads_in(mark.time + 1..mark.time + 86_400), 0);
    assert_eq!(reads_in(mark.time - 86_399..mark.time), 1_000);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// Whatever the settings, records are JSON, ids are unique, and times lie in the period.
    #[test]
    fn any_settings_give_a_sound_log(
        size in (4_u32..16, 2_u32..12, 1_u32..=8),
        start in (1970_i16..2200, 1_i8..=12, 1_i8..=28),
        seed: u64,
        (strength, intensity) in (0.0..=1.0, 0.2..2.0),
        (campaigns, look_alikes) in (1_u32..4, proptest::bool::ANY),
    ) {
        let (people, days, offices) = size;
        let start = jiff::civil::date(start.0, start.1, start.2);
        let settings = SimulateSettings {
            people, days, offices: Some(offices), start, seed, strength, intensity, campaigns, look_alikes,
            attacks: Attack::ALL.to_vec(), ..Default::default()
        };
        let first: jiff::Timestamp = format!("{start}T00:00:00Z").parse().expect("a moment");
        let period = first.as_second()..first.as_second() + i64::from(days) * 86_400;
        let mut ids = BTreeSet::new();
        for record in in_memory(settings) {
            let json: Value = serde_json::from_str(&record.json).expect("JSON");
            proptest::prop_assert_eq!(json["Id"].as_str(), Some(record.id.as_str()));
            proptest::prop_assert!(period.contains(&record.time));
            proptest::prop_assert!(!(record.scenario.is_some() && record.look_alike.is_some()));
            proptest::prop_assert!(ids.insert(record.id) != record.repeated);
        }
    }
}

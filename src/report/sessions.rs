//! `sessions.csv` and `sessions.parquet`: every session, ranked, one column per deviation.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use polars::prelude::{Column, DataFrame};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use super::tables::{rfc3339, safe_cell};
use crate::chart::label;
use crate::error::Error;
use crate::event::{Coded, EventColumns};
use crate::explain::Naming;
use crate::feature::FEATURES;
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::session::{Session, date_of};
use crate::turn::in_order;

/// Reasons shown in one cell.
const REASONS_IN_CELL: usize = 3;

/// Sessions written at a time: the table of all of them would take more memory than the events.
const CHUNK: usize = 1 << 13;

pub(super) fn write(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let csv_path = dir.join("sessions.csv");
    let mut csv = create(&csv_path)?;
    let parquet_path = dir.join("sessions.parquet");
    // The format writes its page headers byte by byte.
    let mut parquet_file = BufWriter::new(create(&parquet_path)?);
    let fail = |error| Error::table_at(&parquet_path, error);
    let head = frame(&[], (analysis, naming))?;
    csv.write_all(&as_csv(head.clone(), true)?)
        .map_err(|source| Error::io("write", &csv_path, source))?;
    let mut parquet = ParquetWriter::new(&mut parquet_file)
        .with_compression(ParquetCompression::Lz4Raw)
        .batched(head.schema())
        .map_err(fail)?;
    let chunks: Vec<&[AnalyzedSession]> = analysis.sessions.chunks(CHUNK).collect();
    in_order(
        chunks.len(),
        || (),
        |(), chunk| {
            let frame = frame(chunks[chunk], (analysis, naming))?;
            let text = as_csv(frame.clone(), false)?;
            Ok((frame, text))
        },
        |(frame, text)| {
            csv.write_all(&text)
                .map_err(|source| Error::io("write", &csv_path, source))?;
            parquet.write_batch(&frame).map_err(fail)
        },
    )?;
    parquet.finish().map_err(fail)?;
    drop(parquet);
    parquet_file
        .flush()
        .map_err(|source| Error::io("write", &parquet_path, source))
}

/// Addresses of a session besides the one in its own column.
const ADDRESSES: usize = 10;

/// The other addresses that a session's records came from, the most used first, with their records.
fn other_addresses(session: &Session, columns: &EventColumns<'_>) -> String {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for &row in &session.rows {
        let address = columns.address.codes[row as usize];
        if address != 0 && address != session.address {
            *counts.entry(address).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let mut counts: Vec<(u32, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|&(address, records)| (Reverse(records), address));
    let more = counts.len().saturating_sub(ADDRESSES);
    let mut words: Vec<String> = counts
        .iter()
        .take(ADDRESSES)
        .map(|&(address, records)| {
            let address = columns.address.names[address as usize];
            format!(
                "{address} ({})",
                label::counted(records, "record", "records")
            )
        })
        .collect();
    if more > 0 {
        words.push(format!("{} more", label::count(more as u64)));
    }
    words.join("; ")
}

fn as_csv(mut frame: DataFrame, header: bool) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    CsvWriter::new(&mut text)
        .include_header(header)
        .n_threads(1)
        .finish(&mut frame)
        .map_err(|error| Error::table("sessions.csv", error))?;
    Ok(text)
}

fn create(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|source| Error::io("create", path, source))
}

fn frame<'a>(
    sessions: &'a [AnalyzedSession],
    (analysis, naming): (&Analysis, &'a Naming<'_>),
) -> Result<DataFrame, Error> {
    let text = |name: &str, of: &dyn Fn(&'a AnalyzedSession) -> Cow<'a, str>| {
        let cells: Vec<Cow<'a, str>> = sessions.iter().map(|s| safe_cell(of(s))).collect();
        Column::new(name.into(), cells)
    };
    let whole = |name: &str, of: &dyn Fn(&AnalyzedSession) -> u64| {
        Column::new(name.into(), sessions.iter().map(of).collect::<Vec<u64>>())
    };
    let real = |name: &str, of: &dyn Fn(&AnalyzedSession) -> f64| {
        Column::new(name.into(), sessions.iter().map(of).collect::<Vec<f64>>())
    };
    let truth = |name: &str, of: &dyn Fn(&AnalyzedSession) -> bool| {
        Column::new(name.into(), sessions.iter().map(of).collect::<Vec<bool>>())
    };
    let named = |coded: &'a Coded<'_>, code: u32| Cow::Borrowed(coded.names[code as usize]);
    let columns = naming.columns();
    let mut table = vec![
        whole("rank", &|s| s.rank as u64),
        text("session_id", &|s| s.session.id_text().into()),
        text("mailbox", &|s| naming.mailbox(&s.session).into()),
        text("actor", &|s| naming.actor(&s.session).into()),
        text("start", &|s| rfc3339(s.session.start).into()),
        text("end", &|s| rfc3339(s.session.end).into()),
        real("score", &|s| s.verdict.ranked.score),
        real("p_value", &|s| s.verdict.ranked.p_value),
        real("isolation", &|s| s.verdict.ranked.isolation),
        real("weight", &|s| s.verdict.weight),
        truth("flagged", &|s| s.verdict.ranked.flagged),
        truth("follow_up", &|s| s.verdict.ranked.follow_up.is_some()),
        text("follows", &|s| {
            s.verdict
                .ranked
                .follow_up
                .map_or_else(String::new, date_of)
                .into()
        }),
        truth("warm_up", &|s| s.verdict.warm_up),
        truth("allowed", &|s| s.verdict.ranked.spared),
        text("campaign_id", &|s| {
            s.campaign.as_deref().unwrap_or_default().into()
        }),
        text("reasons", &|s| {
            let reasons = analysis.reasons_of(s, naming);
            let sentences: Vec<&str> = reasons
                .iter()
                .take(REASONS_IN_CELL)
                .map(|r| r.sentence.as_str())
                .collect();
            sentences.join(" | ").into()
        }),
        text("client_app_id", &|s| {
            named(&columns.client_app_id, s.session.client_app_id)
        }),
        text("app_id", &|s| named(&columns.app_id, s.session.app_id)),
        text("client_app", &|s| {
            naming.application_name(&s.session).into()
        }),
        text("client_family", &|s| {
            s.session.client_family.as_str().into()
        }),
        text("client_info", &|s| naming.client_info(&s.session).into()),
        text("network", &|s| named(&columns.network, s.session.network)),
        text("address", &|s| named(&columns.address, s.session.address)),
        text("other_addresses", &|s| {
            other_addresses(&s.session, columns).into()
        }),
        whole("asn", &|s| u64::from(s.session.asn)),
        text("country", &|s| named(&columns.country, s.session.country)),
        text("logon_type", &|s| naming.logon_type(&s.session).into()),
        text("log_session_id", &|s| {
            named(&columns.session_id, s.session.session_key)
        }),
        whole("events", &|s| u64::from(s.session.events)),
        whole("items", &|s| s.session.items),
        whole("syncs", &|s| u64::from(s.session.syncs)),
        whole("folders", &|s| u64::from(s.session.folders)),
        whole("bytes", &|s| s.session.bytes),
        whole("burst", &|s| u64::from(s.session.burst)),
        whole("sends", &|s| u64::from(s.session.sends)),
        whole("deletes", &|s| u64::from(s.session.deletes)),
        whole("rules", &|s| u64::from(s.session.rules)),
        whole("searches", &|s| u64::from(s.session.searches)),
        whole("sign_ins", &|s| u64::from(s.session.sign_ins)),
        whole("failures", &|s| u64::from(s.session.failures)),
        truth("throttled", &|s| s.session.throttled),
    ];
    for feature in FEATURES {
        let name = format!("deviation_{}", feature.name);
        let deviation = |s: &AnalyzedSession| s.verdict.deviations[feature.id.index()];
        let bans: Vec<f32> = sessions.iter().map(deviation).collect();
        table.push(Column::new(name.as_str().into(), bans));
    }
    DataFrame::new(sessions.len(), table).map_err(|error| Error::table("sessions", error))
}

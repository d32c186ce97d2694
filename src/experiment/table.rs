//! The tables of an experiment: `cells.csv` and `cells.parquet` with one row per cell, `summary.csv` with one row per
//! place and measure.

use std::fs::File;
use std::path::Path;

use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::parquet::write::ParquetWriter;

use super::interval::PlaceSummary;
use super::matrix::FinishedCell;
use super::measure::MEASURES;
use super::spec::Place;
use crate::error::Error;

/// Writes the table of cells as CSV and Parquet.
///
/// # Errors
/// [`Error::Io`] when a file cannot be created, [`Error::Table`] when the table cannot be written.
pub fn write_cells(cells: &[FinishedCell], folder: &Path) -> Result<(), Error> {
    let places: Vec<&Place> = cells.iter().map(|cell| &cell.place).collect();
    let mut columns = vec![column("cell", cells.iter().map(|cell| cell.id.clone()))];
    columns.extend(place_columns(&places));
    columns.push(column("seed", cells.iter().map(|cell| cell.seed)));
    for measure in MEASURES {
        columns.push(column(
            measure.name,
            cells
                .iter()
                .map(|cell| cell.measures.get(measure.name).copied()),
        ));
    }
    let mut frame =
        DataFrame::new(cells.len(), columns).map_err(|error| Error::table("cells", error))?;
    write_csv(&mut frame, &folder.join("cells.csv"))?;
    let path = folder.join("cells.parquet");
    let file = File::create(&path).map_err(|source| Error::io("create", &path, source))?;
    ParquetWriter::new(file)
        .finish(&mut frame)
        .map_err(|error| Error::table("cells.parquet", error))?;
    Ok(())
}

/// Writes the estimates over seeds.
///
/// # Errors
/// As [`write_cells`].
pub fn write_summary(summaries: &[PlaceSummary], folder: &Path) -> Result<(), Error> {
    let rows: Vec<_> = summaries
        .iter()
        .flat_map(|summary| {
            summary
                .estimates
                .iter()
                .map(move |(name, estimate)| (&summary.place, *name, estimate))
        })
        .collect();
    let places: Vec<&Place> = rows.iter().map(|(place, _, _)| *place).collect();
    let mut columns = place_columns(&places);
    columns.push(column(
        "measure",
        rows.iter().map(|(_, name, _)| (*name).to_owned()),
    ));
    columns.push(column(
        "seeds",
        rows.iter().map(|(_, _, estimate)| estimate.n as u64),
    ));
    columns.push(column(
        "mean",
        rows.iter().map(|(_, _, estimate)| estimate.mean),
    ));
    columns.push(column(
        "low_95",
        rows.iter()
            .map(|(_, _, estimate)| estimate.interval.map(|(low, _)| low)),
    ));
    columns.push(column(
        "high_95",
        rows.iter()
            .map(|(_, _, estimate)| estimate.interval.map(|(_, high)| high)),
    ));
    let mut frame =
        DataFrame::new(rows.len(), columns).map_err(|error| Error::table("summary", error))?;
    write_csv(&mut frame, &folder.join("summary.csv"))
}

fn write_csv(frame: &mut DataFrame, path: &Path) -> Result<(), Error> {
    let mut file = File::create(path).map_err(|source| Error::io("create", path, source))?;
    CsvWriter::new(&mut file)
        .finish(frame)
        .map_err(|error| Error::table(path.display().to_string(), error))
}

fn place_columns(places: &[&Place]) -> Vec<Column> {
    vec![
        column("tenant", places.iter().map(|place| place.tenant.clone())),
        column("strength", places.iter().map(|place| place.strength)),
        column(
            "alerts_per_day_asked",
            places.iter().map(|place| place.alerts_per_day),
        ),
        column(
            "warm_up_days",
            places.iter().map(|place| place.warm_up_days),
        ),
        column("without", places.iter().map(|place| place.without.clone())),
        column(
            "detector",
            places
                .iter()
                .map(|place| place.detector.as_str().to_owned()),
        ),
    ]
}

fn column<T, P: ?Sized>(name: &str, values: impl Iterator<Item = T>) -> Column
where
    Series: NamedFrom<Vec<T>, P>,
{
    Column::new(name.into(), values.collect::<Vec<T>>())
}

//! Row groups of the Parquet file: encoded and compressed apart from each other, written in their order.
//!
//! polars would write the table just as well, but tries to build a dictionary of every text column, and identifiers and
//! message lists hardly ever repeat; and it compresses under the writer's lock.

use std::sync::{Condvar, Mutex, PoisonError};

use polars::prelude::{CompatLevel, DataFrame, PolarsError, PolarsResult};
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, Encoding,
    RowGroupIterColumns, SchemaDescriptor, StatisticsOptions, Version, WriteOptions,
    array_to_columns, compress, fallible_streaming_iterator,
};

/// How pages are encoded and compressed, unless [`storage`] says otherwise.
pub(super) const OPTIONS: WriteOptions = WriteOptions {
    statistics: StatisticsOptions {
        min_value: false,
        max_value: false,
        distinct_count: false,
        null_count: false,
        binary_statistics_truncate_length: None,
    },
    version: Version::V1,
    compression: CompressionOptions::Lz4Raw,
    data_page_size: None,
};

/// Encoding and compression of a column. Identifiers are random digits, which no compression makes smaller.
fn storage(column: &str) -> (Encoding, CompressionOptions) {
    match column {
        "record_id" => (Encoding::Plain, CompressionOptions::Uncompressed),
        "messages" => (Encoding::Plain, OPTIONS.compression),
        _ => (Encoding::RleDictionary, OPTIONS.compression),
    }
}

/// Compressed pages, column by column.
pub(super) type RowGroup = Vec<Vec<CompressedPage>>;

/// Encodes and compresses a table of one chunk.
///
/// # Errors
/// What polars says of a column that cannot be encoded.
pub(super) fn encode(frame: &DataFrame, schema: &SchemaDescriptor) -> PolarsResult<RowGroup> {
    let mut columns = Vec::new();
    for batch in frame.iter_chunks(CompatLevel::newest(), false) {
        for (array, field) in batch.columns().iter().zip(schema.fields()) {
            let (encoding, compression) = storage(&field.get_field_info().name);
            for pages in array_to_columns(array, field.clone(), OPTIONS, &[encoding])? {
                let pages = pages.map(|page| {
                    compress(page?, Vec::new(), compression).map_err(PolarsError::from)
                });
                columns.push(pages.collect::<PolarsResult<Vec<_>>>()?);
            }
        }
    }
    Ok(columns)
}

/// The pages as the writer takes them.
pub(super) fn columns(group: &RowGroup) -> RowGroupIterColumns<'_, PolarsError> {
    DynIter::new(group.iter().map(|pages| {
        Ok(DynStreamingIterator::new(
            fallible_streaming_iterator::convert(pages.iter().map(PolarsResult::Ok)),
        ))
    }))
}

/// Lets threads do something in the order of their numbers. The first failure ends it for all.
#[derive(Debug)]
pub(super) struct Turn {
    /// Whose turn it is; `None` after a failure.
    number: Mutex<Option<usize>>,
    changed: Condvar,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self {
            number: Mutex::new(Some(0)),
            changed: Condvar::new(),
        }
    }

    /// True after a failure.
    pub(super) fn is_off(&self) -> bool {
        self.number
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// Waits for its turn, acts, and gives the turn to the next. Does nothing once another has failed.
    ///
    /// # Errors
    /// That of the act.
    pub(super) fn take<E>(&self, own: usize, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = self
            .changed
            .wait_while(number, |turn| turn.is_some_and(|turn| turn != own))
            .unwrap_or_else(PoisonError::into_inner);
        if number.is_none() {
            return Ok(());
        }
        // Off until the act is done: should it panic, nobody waits for it.
        *number = None;
        let result = act();
        *number = result.is_ok().then_some(own + 1);
        drop(number);
        self.changed.notify_all();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_order_and_end_with_the_first_failure() {
        let turn = Turn::new();
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for own in (0..8).rev() {
                let (turn, done) = (&turn, &done);
                scope.spawn(move || {
                    turn.take(own, || {
                        done.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(own);
                        if own == 5 { Err(()) } else { Ok(()) }
                    })
                });
            }
        });
        assert!(turn.is_off());
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    }
}

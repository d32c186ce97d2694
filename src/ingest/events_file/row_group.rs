//! Row groups of the Parquet file: encoded and compressed apart from each other, written in their order.
//!
//! polars would write the table just as well, but tries to build a dictionary of every text column, and identifiers and
//! message lists hardly ever repeat; it looks up every code of the other columns in a hash table; and it compresses under
//! the writer's lock.

use polars::prelude::{
    ArrowDataType, Categorical32Type, CategoricalChunked, Column, CompatLevel, DataFrame,
    PolarsError, PolarsResult,
};
use polars_arrow::array::{
    Array, BinaryArray, DictionaryArray, MutableBinaryViewArray, PrimitiveArray,
};
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

/// Encoding and compression of a column. Identifiers are random digits, which no compression makes smaller; times and sizes
/// repeat too seldom for a dictionary.
fn storage(column: &str) -> (Encoding, CompressionOptions) {
    match column {
        "record_id" => (Encoding::Plain, CompressionOptions::Uncompressed),
        "messages" | "time" | "bytes" => (Encoding::Plain, OPTIONS.compression),
        _ => (Encoding::RleDictionary, OPTIONS.compression),
    }
}

/// Compressed pages, column by column.
pub(super) type RowGroup = Vec<Vec<CompressedPage>>;

/// Texts one after another, to become a column. They are UTF-8.
#[derive(Debug)]
pub(super) struct Texts {
    text: Vec<u8>,
    offsets: Vec<i64>,
}

impl Texts {
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            text: Vec::new(),
            offsets,
        }
    }

    /// Appends the text of a row, which `write` appends to what is there.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.text);
        let end = i64::try_from(self.text.len()).unwrap_or(i64::MAX);
        self.offsets.push(end);
    }

    fn into_array(self) -> PolarsResult<Box<dyn Array>> {
        let (offsets, text) = (self.offsets.try_into()?, self.text.into());
        BinaryArray::<i64>::try_new(ArrowDataType::LargeBinary, offsets, text, None)
            .map(|array| array.boxed())
    }
}

/// A row group before it is encoded. The table is of one chunk.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) record_id: Texts,
    pub(super) table: DataFrame,
    pub(super) messages: Texts,
}

/// Encodes and compresses row groups, one after another.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// For each code of a text column its place in the dictionary of the row group, [`NOWHERE`] for those not met yet.
    places: Vec<u32>,
}

/// Place of a code that has none.
const NOWHERE: u32 = u32::MAX;

impl Encoder {
    /// Encodes and compresses a row group.
    ///
    /// # Errors
    /// What polars says of a column that cannot be encoded.
    pub(super) fn encode(
        &mut self,
        rows: Rows,
        schema: &SchemaDescriptor,
    ) -> PolarsResult<RowGroup> {
        let mut arrays = vec![rows.record_id.into_array()?];
        for column in rows.table.columns() {
            arrays.push(self.array(column)?);
        }
        arrays.push(rows.messages.into_array()?);
        let mut columns = Vec::new();
        for (array, field) in arrays.into_iter().zip(schema.fields()) {
            let (encoding, compression) = storage(&field.get_field_info().name);
            for pages in array_to_columns(array, field.clone(), OPTIONS, &[encoding])? {
                let pages = pages.map(|page| {
                    compress(page?, Vec::new(), compression).map_err(PolarsError::from)
                });
                columns.push(pages.collect::<PolarsResult<Vec<_>>>()?);
            }
        }
        Ok(columns)
    }

    fn array(&mut self, column: &Column) -> PolarsResult<Box<dyn Array>> {
        match column.cat32() {
            Ok(texts) => self.dictionary(texts),
            Err(_) => {
                let series = column.as_materialized_series();
                Ok(series.to_arrow(0, CompatLevel::newest()))
            }
        }
    }

    /// The codes of a text column with the texts they mean, in the order in which they first come.
    fn dictionary(
        &mut self,
        texts: &CategoricalChunked<Categorical32Type>,
    ) -> PolarsResult<Box<dyn Array>> {
        let mapping = texts.get_mapping();
        let bound = mapping.num_cats_upper_bound();
        if self.places.len() < bound {
            self.places.resize(bound, NOWHERE);
        }
        let mut met: Vec<u32> = Vec::new();
        let mut names = MutableBinaryViewArray::<str>::new();
        let codes = texts.physical().cont_slice()?;
        let mut keys = Vec::with_capacity(codes.len());
        for &code in codes {
            let Some(place) = self.places.get_mut(code as usize) else {
                continue;
            };
            if *place == NOWHERE {
                *place = u32::try_from(met.len()).unwrap_or(NOWHERE);
                met.push(code);
                names.push_value_ignore_validity(mapping.cat_to_str(code).unwrap_or(""));
            }
            keys.push(*place);
        }
        for code in met {
            if let Some(place) = self.places.get_mut(code as usize) {
                *place = NOWHERE;
            }
        }
        let keys = PrimitiveArray::from_vec(keys);
        DictionaryArray::try_from_keys(keys, names.freeze().boxed(), false)
            .map(|array| array.boxed())
    }
}

/// The pages as the writer takes them.
pub(super) fn columns(group: &RowGroup) -> RowGroupIterColumns<'_, PolarsError> {
    DynIter::new(group.iter().map(|pages| {
        Ok(DynStreamingIterator::new(
            fallible_streaming_iterator::convert(pages.iter().map(PolarsResult::Ok)),
        ))
    }))
}

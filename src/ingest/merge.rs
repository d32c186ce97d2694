//! Segments of all workers to one table: duplicates dropped, rows sorted, dictionaries united.
//!
//! Which record is kept of several with one `Id` depends on their content only, never on the order of files: an event
//! before any other record, then the smallest by its columns.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::gather::gather;
use super::segment::{Dictionaries, Segment, column};
use crate::error::Error;
use crate::event::{Events, NO_ITEMS, guid_text};

/// What became of the rows of one file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FileTally {
    pub(crate) events: u64,
    pub(crate) other: u64,
    pub(crate) duplicates: u64,
}

/// The table and what was counted on the way.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) events: Events,
    pub(crate) tallies: Vec<FileTally>,
    /// Workload, operation, number of records that are no events.
    pub(crate) other: Vec<(String, String, u64)>,
    /// Times of the other records, in no particular order.
    pub(crate) other_time: Vec<i64>,
}

/// A row of some segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: u128,
    /// Rows that are no events come after those that are.
    is_other: bool,
    segment: u32,
    row: u32,
}

/// Unites the segments, which must be in the order of files and blocks.
///
/// # Errors
/// [`Error::Table`] when the table cannot be built.
pub(crate) fn merge(
    segments: Vec<Segment>,
    dictionaries: Vec<Dictionaries>,
    files: usize,
) -> Result<Merged, Error> {
    let mut tallies = vec![FileTally::default(); files];
    let (kept, other) = {
        let table = Table {
            segments: &segments,
            dictionaries: &dictionaries,
        };
        table.deduplicate(&mut tallies)
    };
    let (other, other_time) = count_other(&segments, &dictionaries, &other);
    let rows: Vec<(u32, u32)> = kept
        .iter()
        .map(|place| (place.segment, place.row))
        .collect();
    drop(kept);
    let parts = gather(segments, &dictionaries, &rows);
    Ok(Merged {
        events: Events::from_parts(parts)?,
        tallies,
        other,
        other_time,
    })
}

struct Table<'a> {
    segments: &'a [Segment],
    dictionaries: &'a [Dictionaries],
}

impl Table<'_> {
    /// The rows to keep: events sorted by time and id, and the other records.
    fn deduplicate(&self, tallies: &mut [FileTally]) -> (Vec<Place>, Vec<Place>) {
        let mut places = self.places();
        places.par_sort_unstable();
        let mut events = Vec::with_capacity(places.len());
        let mut other = Vec::new();
        for group in places.chunk_by(|left, right| left.key == right.key) {
            let Some(best) = group.iter().copied().reduce(|best, place| {
                if self.compare(place, best).is_lt() {
                    place
                } else {
                    best
                }
            }) else {
                continue;
            };
            for place in group {
                let Some(tally) = self.file(*place).and_then(|file| tallies.get_mut(file)) else {
                    continue;
                };
                if *place != best {
                    tally.duplicates += 1;
                } else if best.is_other {
                    tally.other += 1;
                } else {
                    tally.events += 1;
                }
            }
            if best.is_other {
                other.push(best)
            } else {
                events.push(best)
            }
        }
        drop(places);
        let mut timed: Vec<(i64, Place)> = events
            .into_iter()
            .map(|place| (self.time(place), place))
            .collect();
        timed.par_sort_unstable_by(|(left_time, left), (right_time, right)| {
            left_time
                .cmp(right_time)
                .then_with(|| self.compare_ids(left.key, right.key))
                .then_with(|| left.cmp(right))
        });
        (timed.into_iter().map(|(_, place)| place).collect(), other)
    }

    fn places(&self) -> Vec<Place> {
        let total = self
            .segments
            .iter()
            .map(|segment| segment.keys.len() + segment.other_keys.len())
            .sum();
        let mut places = Vec::with_capacity(total);
        for (number, segment) in (0u32..).zip(self.segments) {
            let events = segment.keys.iter().zip(0u32..).map(|(&key, row)| Place {
                key,
                is_other: false,
                segment: number,
                row,
            });
            places.extend(events);
            let other = segment
                .other_keys
                .iter()
                .zip(0u32..)
                .map(|(&key, row)| Place {
                    key,
                    is_other: true,
                    segment: number,
                    row,
                });
            places.extend(other);
        }
        places
    }

    fn segment(&self, place: Place) -> Option<&Segment> {
        self.segments.get(place.segment as usize)
    }

    fn file(&self, place: Place) -> Option<usize> {
        self.segment(place).map(|segment| segment.file)
    }

    fn time(&self, place: Place) -> i64 {
        self.segment(place)
            .and_then(|segment| segment.time.get(place.row as usize))
            .copied()
            .unwrap_or(0)
    }

    /// Orders identifiers as their texts: GUIDs compare as numbers, others by their text.
    fn compare_ids(&self, left: u128, right: u128) -> Ordering {
        let text = |key: u128| {
            self.dictionaries
                .iter()
                .find_map(|dictionary| dictionary.irregular.get(&key))
        };
        if self
            .dictionaries
            .iter()
            .all(|dictionary| dictionary.irregular.is_empty())
        {
            return left.cmp(&right);
        }
        let named = |key: u128| text(key).map_or_else(|| guid_text(key), |text| text.to_string());
        named(left).cmp(&named(right))
    }

    /// Orders records with one id by their content.
    fn compare(&self, left: Place, right: Place) -> Ordering {
        let by_kind = left.is_other.cmp(&right.is_other);
        let (Some(left_segment), Some(right_segment)) = (self.segment(left), self.segment(right))
        else {
            return by_kind;
        };
        if left.is_other != right.is_other {
            return by_kind;
        }
        if left.is_other {
            let content = |segment: &Segment, row: u32| {
                let dictionary = self.dictionaries.get(segment.worker)?;
                let (workload, operation) = *dictionary
                    .kinds
                    .get(*segment.other_kind.get(row as usize)? as usize)?;
                let texts = dictionary.texts.get(column::OPERATION)?;
                Some((
                    segment.other_time.get(row as usize).copied(),
                    dictionary.workloads.get(workload as usize).cloned(),
                    texts.get(operation as usize).cloned(),
                ))
            };
            return content(left_segment, left.row)
                .cmp(&content(right_segment, right.row))
                .then_with(|| left.cmp(&right));
        }
        numbers(left_segment, left.row)
            .cmp(&numbers(right_segment, right.row))
            .then_with(|| {
                self.texts(left_segment, left.row)
                    .cmp(self.texts(right_segment, right.row))
            })
            .then_with(|| {
                self.messages(left_segment, left.row)
                    .cmp(&self.messages(right_segment, right.row))
            })
            .then_with(|| left.cmp(&right))
    }

    fn texts<'t>(
        &'t self,
        segment: &'t Segment,
        row: u32,
    ) -> impl Iterator<Item = Option<&'t str>> + 't {
        let dictionary = self.dictionaries.get(segment.worker);
        segment.text.iter().enumerate().map(move |(column, codes)| {
            let code = *codes.get(row as usize)?;
            dictionary?
                .texts
                .get(column)?
                .get(code as usize)
                .map(|name| &**name)
        })
    }

    fn messages(&self, segment: &Segment, row: u32) -> Vec<(String, String, Option<u64>)> {
        let span = segment.spans.get(row as usize).copied().unwrap_or(NO_ITEMS);
        let Some(dictionary) = self.dictionaries.get(segment.worker) else {
            return Vec::new();
        };
        crate::event::items_in(&segment.messages, &dictionary.folders, span)
            .map(|item| {
                (
                    item.folder.to_owned(),
                    item.internet_message_id.to_owned(),
                    item.bytes,
                )
            })
            .collect()
    }
}

/// The numeric columns of a row, for comparison.
fn numbers(segment: &Segment, row: u32) -> Option<[i128; 12]> {
    let row = row as usize;
    Some([
        i128::from(*segment.time.get(row)?),
        i128::from(*segment.record_type.get(row)?),
        i128::from(*segment.access.get(row)?),
        i128::from(*segment.user_type.get(row)?),
        i128::from(*segment.logon_type.get(row)?),
        i128::from(*segment.client_family.get(row)?),
        i128::from(*segment.asn.get(row)?),
        i128::from(*segment.items.get(row)?),
        i128::from(*segment.bytes.get(row)?),
        i128::from(*segment.folders.get(row)?),
        i128::from(*segment.flags.get(row)?),
        0,
    ])
}

fn count_other(
    segments: &[Segment],
    dictionaries: &[Dictionaries],
    other: &[Place],
) -> (Vec<(String, String, u64)>, Vec<i64>) {
    let mut by_code: FxHashMap<(usize, u32), u64> = FxHashMap::default();
    let mut times = Vec::with_capacity(other.len());
    for place in other {
        let Some(segment) = segments.get(place.segment as usize) else {
            continue;
        };
        times.extend(segment.other_time.get(place.row as usize));
        if let Some(&kind) = segment.other_kind.get(place.row as usize) {
            *by_code.entry((segment.worker, kind)).or_default() += 1;
        }
    }
    let mut by_name: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((worker, kind), count) in by_code {
        let Some(dictionary) = dictionaries.get(worker) else {
            continue;
        };
        let Some(&(workload, operation)) = dictionary.kinds.get(kind as usize) else {
            continue;
        };
        let workload = dictionary
            .workloads
            .get(workload as usize)
            .map_or("", |name| name);
        let operation = dictionary
            .texts
            .first()
            .and_then(|names| names.get(operation as usize))
            .map_or("", |name| name);
        *by_name.entry((workload, operation)).or_default() += count;
    }
    (
        by_name
            .into_iter()
            .map(|((workload, operation), count)| {
                (workload.to_owned(), operation.to_owned(), count)
            })
            .collect(),
        times,
    )
}

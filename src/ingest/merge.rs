//! Segments of all workers to one table: duplicates dropped, rows sorted, dictionaries united.
//!
//! Which record is kept of several with one `Id` depends on their content only, never on the order of files: an event
//! before any other record, then the smallest by its columns.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::gather::{Kept, gather};
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
    let Chosen {
        events,
        other,
        tallies,
    } = {
        let table = Table {
            segments: &segments,
            dictionaries: &dictionaries,
        };
        table.deduplicate(files)
    };
    let (other, other_time) = count_other(&segments, &dictionaries, &other);
    let parts = gather(segments, &dictionaries, &events);
    Ok(Merged {
        events: Events::from_parts(parts)?,
        tallies,
        other,
        other_time,
    })
}

/// What is kept of the rows (segment and row), and how many of each file were what.
struct Chosen {
    events: Vec<Kept>,
    other: Vec<Kept>,
    tallies: Vec<FileTally>,
}

/// Rows of a segment, events and others.
fn rows_of(segment: &Segment) -> usize {
    segment.keys.len() + segment.other_keys.len()
}

/// A number to sort by and a place in one integer, because integers sort several times faster than structs: the place in the
/// last bits, as many as it needs, and the first bits of the number in the rest.
#[derive(Debug, Clone, Copy)]
struct Packing {
    row_bits: u32,
    place_bits: u32,
}

impl Packing {
    fn of(segments: &[Segment]) -> Self {
        let bits = |number: usize| usize::BITS - number.leading_zeros();
        let row_bits = bits(segments.iter().map(rows_of).max().unwrap_or(0));
        Self {
            row_bits,
            place_bits: row_bits + bits(segments.len()),
        }
    }

    fn pack(self, rank: u128, (segment, row): (u32, u32)) -> u128 {
        let place = u128::from(segment).unbounded_shl(self.row_bits) | u128::from(row);
        rank.unbounded_shr(self.place_bits)
            .unbounded_shl(self.place_bits)
            | place
    }

    fn rank(self, packed: u128) -> u128 {
        packed.unbounded_shr(self.place_bits)
    }

    fn unpack(self, packed: u128) -> (u32, u32) {
        let mask = |bits: u32| 1u128.unbounded_shl(bits).wrapping_sub(1);
        let part = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        (
            part((packed & mask(self.place_bits)).unbounded_shr(self.row_bits)),
            part(packed & mask(self.row_bits)),
        )
    }
}

struct Table<'a> {
    segments: &'a [Segment],
    dictionaries: &'a [Dictionaries],
}

impl Table<'_> {
    /// The rows to keep: events sorted by time and id, and the other records.
    /// The rows to keep: events sorted by time and identifier, and the other records.
    fn deduplicate(&self, files: usize) -> Chosen {
        let packing = Packing::of(self.segments);
        let mut packed = self.packed_by_key(&packing);
        packed.par_sort_unstable();
        // Only rows that share the first bits of their identifiers with others are looked at: reading all of them in this
        // order would miss the cache at every step.
        let doubles: Vec<Kept> = packed
            .par_chunk_by(|left, right| packing.rank(*left) == packing.rank(*right))
            .filter(|run| run.len() > 1)
            .flat_map_iter(|run| self.doubles(run.iter().map(|&packed| packing.unpack(packed))))
            .collect();
        drop(packed);
        let mut kept: Vec<Vec<bool>> = self
            .segments
            .iter()
            .map(|segment| vec![true; rows_of(segment)])
            .collect();
        for (segment, row) in doubles {
            if let Some(kept) = kept
                .get_mut(segment as usize)
                .and_then(|kept| kept.get_mut(row as usize))
            {
                *kept = false;
            }
        }
        Chosen {
            events: self.sorted_by_time(&kept, &packing),
            other: self.others(&kept),
            tallies: self.tallies(&kept, files),
        }
    }

    /// Of rows that may have an identifier in common, those that another one stands for.
    fn doubles(&self, run: impl Iterator<Item = (u32, u32)>) -> Vec<Kept> {
        let mut places: Vec<Place> = run.map(|row| self.place(row)).collect();
        places.sort_unstable();
        let mut doubles = Vec::new();
        for same in places.chunk_by(|left, right| left.key == right.key) {
            let best = same.iter().copied().reduce(|best, place| {
                if self.compare(place, best).is_lt() {
                    place
                } else {
                    best
                }
            });
            let others = same.iter().filter(|place| Some(**place) != best);
            doubles.extend(others.map(|place| self.number(*place)));
        }
        doubles
    }

    fn tallies(&self, kept: &[Vec<bool>], files: usize) -> Vec<FileTally> {
        let mut tallies = vec![FileTally::default(); files];
        for (segment, kept) in self.segments.iter().zip(kept) {
            let Some(tally) = tallies.get_mut(segment.file) else {
                continue;
            };
            let (events, other) = kept
                .split_at_checked(segment.keys.len())
                .unwrap_or((kept, &[]));
            let count = |rows: &[bool]| rows.iter().filter(|kept| **kept).count() as u64;
            tally.events += count(events);
            tally.other += count(other);
            tally.duplicates += kept.len() as u64 - count(kept);
        }
        tallies
    }

    fn others(&self, kept: &[Vec<bool>]) -> Vec<Kept> {
        let mut others = Vec::new();
        for ((number, segment), kept) in (0u32..).zip(self.segments).zip(kept) {
            let kept = kept.iter().skip(segment.keys.len()).zip(0u32..);
            others.extend(
                kept.filter(|(kept, _)| **kept)
                    .map(|(_, row)| (number, row)),
            );
        }
        others
    }

    /// All rows, each as the first bits of its identifier and its place.
    fn packed_by_key(&self, packing: &Packing) -> Vec<u128> {
        let total = self.segments.iter().map(rows_of).sum();
        let mut packed = Vec::with_capacity(total);
        for (number, segment) in (0u32..).zip(self.segments) {
            let keys = segment.keys.iter().chain(&segment.other_keys);
            packed.extend(
                keys.zip(0u32..)
                    .map(|(&key, row)| packing.pack(key, (number, row))),
            );
        }
        packed
    }

    /// The kept events by time, then by identifier.
    fn sorted_by_time(&self, kept: &[Vec<bool>], packing: &Packing) -> Vec<Kept> {
        let times = || self.segments.iter().flat_map(|segment| &segment.time);
        let (Some(&earliest), Some(&latest)) = (times().min(), times().max()) else {
            return Vec::new();
        };
        // Time first, then as many bits of the identifier as there is room for.
        let time_bits = u64::BITS - latest.abs_diff(earliest).leading_zeros();
        let mut packed: Vec<u128> = self
            .segments
            .par_iter()
            .zip(kept)
            .enumerate()
            .flat_map_iter(|(number, (segment, kept))| {
                let rows = segment.time.iter().zip(&segment.keys).zip(kept).zip(0u32..);
                rows.filter(|((_, kept), _)| **kept)
                    .map(move |(((&time, &key), _), row)| {
                        let since = u128::from(time.abs_diff(earliest));
                        let rank = since.unbounded_shl(u128::BITS - time_bits)
                            | key.unbounded_shr(time_bits);
                        let number = u32::try_from(number).unwrap_or(u32::MAX);
                        packing.pack(rank, (number, row))
                    })
            })
            .collect();
        packed.par_sort_unstable();
        let tied = packed.windows(2).any(
            |pair| matches!(pair, [left, right] if packing.rank(*left) == packing.rank(*right)),
        );
        let mut rows: Vec<Kept> = packed
            .par_iter()
            .map(|&packed| packing.unpack(packed))
            .collect();
        drop(packed);
        if tied || !self.all_guids() {
            rows.par_sort_by_cached_key(|row| {
                let place = self.place(*row);
                (self.time(place), self.ordered_id(place.key))
            });
        }
        rows
    }

    fn all_guids(&self) -> bool {
        self.dictionaries
            .iter()
            .all(|dictionary| dictionary.irregular.is_empty())
    }

    /// The place behind a row number that counts events first and other records after them.
    fn place(&self, (segment, row): (u32, u32)) -> Place {
        let found = self.segments.get(segment as usize).map(|segment| {
            let events = segment.keys.len();
            let row = row as usize;
            match segment.keys.get(row) {
                Some(&key) => (key, false, row),
                None => {
                    let row = row.saturating_sub(events);
                    let key = segment.other_keys.get(row).copied().unwrap_or(0);
                    (key, true, row)
                }
            }
        });
        let (key, is_other, row) = found.unwrap_or((0, false, 0));
        Place {
            key,
            is_other,
            segment,
            row: u32::try_from(row).unwrap_or(u32::MAX),
        }
    }

    fn segment(&self, place: Place) -> Option<&Segment> {
        self.segments.get(place.segment as usize)
    }

    /// The number of a row within its segment, events first.
    fn number(&self, place: Place) -> Kept {
        let before = match self.segment(place) {
            Some(segment) if place.is_other => segment.keys.len(),
            _ => 0,
        };
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        (place.segment, place.row.saturating_add(before))
    }

    fn time(&self, place: Place) -> i64 {
        self.segment(place)
            .and_then(|segment| segment.time.get(place.row as usize))
            .copied()
            .unwrap_or(0)
    }

    /// What identifiers are ordered by: GUIDs as numbers, and as texts where some are no GUIDs.
    fn ordered_id(&self, key: u128) -> (u128, String) {
        if self.all_guids() {
            return (key, String::new());
        }
        let text = self
            .dictionaries
            .iter()
            .find_map(|dictionary| dictionary.irregular.get(&key));
        (
            0,
            text.map_or_else(|| guid_text(key), |text| text.to_string()),
        )
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
                    .cmp(self.messages(right_segment, right.row))
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

    fn messages<'t>(
        &'t self,
        segment: &'t Segment,
        row: u32,
    ) -> impl Iterator<Item = (&'t str, &'t str, Option<u64>)> + 't {
        let span = segment.spans.get(row as usize).copied().unwrap_or(NO_ITEMS);
        let folders = self
            .dictionaries
            .get(segment.worker)
            .map_or(&[][..], |dictionary| dictionary.folders.as_slice());
        crate::event::items_in(&segment.messages, folders, span)
            .map(|item| (item.folder, item.internet_message_id, item.bytes))
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
    other: &[Kept],
) -> (Vec<(String, String, u64)>, Vec<i64>) {
    let mut by_code: FxHashMap<(usize, u32), u64> = FxHashMap::default();
    let mut times = Vec::with_capacity(other.len());
    for &(number, row) in other {
        let Some(segment) = segments.get(number as usize) else {
            continue;
        };
        times.extend(segment.other_time.get(row as usize));
        if let Some(&kind) = segment.other_kind.get(row as usize) {
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

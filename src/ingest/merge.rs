//! Columns of all workers to one table: duplicates dropped, rows sorted, dictionaries united.
//!
//! Which record is kept of several with one `Id` depends on their content only, never on the order of files: an event
//! before any other record, then the one that says most (exports of other systems leave fields out), then the smallest by its
//! columns.

mod leads;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::gather::{Kept, gather, renamed};
use super::lead::LeadRecord;
use super::packing::Packing;
use super::segment::{Columns, Dictionaries, LEAD_TEXTS, Segment, column};
use crate::error::Error;
use crate::event::{AccessType, Events, NO_ITEMS, PackedItem, guid_text};

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
    /// Other records that bear on mailboxes, in the order of time.
    pub(crate) leads: Vec<LeadRecord>,
    /// The addresses of each mailbox that has more than one.
    pub(crate) renamed: Vec<Vec<String>>,
}

/// In the place of a packed row that is not kept; it sorts last. No row is packed to it: there are fewer rows than their bits
/// could number.
const DROPPED: u128 = u128::MAX;

/// A row of some worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: u128,
    /// Rows that are no events come after those that are.
    is_other: bool,
    worker: u32,
    row: u32,
}

/// Unites the columns of all workers.
///
/// # Errors
/// [`Error::Table`] when the table cannot be built.
pub(crate) fn merge(
    segments: &[Segment],
    leavings: Vec<(Columns, Dictionaries)>,
    files: usize,
) -> Result<Merged, Error> {
    let (columns, dictionaries): (Vec<Columns>, Vec<Dictionaries>) = leavings.into_iter().unzip();
    let Chosen {
        events,
        other,
        tallies,
    } = Table::new(segments, &columns, &dictionaries).deduplicate(files);
    let leads = leads::leads(&columns, &dictionaries, &other);
    let (other, other_time) = count_other(&columns, &dictionaries, &other);
    let parts = gather(columns, &dictionaries, &events);
    let renamed = renamed(&dictionaries);
    drop(dictionaries);
    Ok(Merged {
        renamed,
        events: Events::from_parts(parts)?,
        tallies,
        other,
        other_time,
        leads,
    })
}

/// What is kept of the rows (worker and row), and how many of each file were what.
struct Chosen {
    events: Vec<Kept>,
    other: Vec<Kept>,
    tallies: Vec<FileTally>,
}

struct Table<'a> {
    /// Segments of each worker, in the order of its rows.
    segments: Vec<Vec<&'a Segment>>,
    columns: &'a [Columns],
    dictionaries: &'a [Dictionaries],
}

impl<'a> Table<'a> {
    fn new(
        segments: &'a [Segment],
        columns: &'a [Columns],
        dictionaries: &'a [Dictionaries],
    ) -> Self {
        let mut by_worker: Vec<Vec<&Segment>> = vec![Vec::new(); columns.len()];
        for segment in segments {
            if let Some(of) = by_worker.get_mut(segment.worker) {
                of.push(segment);
            }
        }
        for of in &mut by_worker {
            of.sort_unstable_by_key(|segment| (segment.events.start, segment.other.start));
        }
        Self {
            segments: by_worker,
            columns,
            dictionaries,
        }
    }

    /// The rows to keep: events sorted by time and identifier, and the other records.
    fn deduplicate(&self, files: usize) -> Chosen {
        let packing = Packing::of(self.columns);
        let mut packed = self.packed_by_key(&packing);
        let mut kept = self.of_segments();
        if kept.iter().any(|rows| rows.contains(&false)) {
            packed.retain(|&packed| {
                let (worker, row) = packing.unpack(packed);
                let rows = kept.get(worker as usize);
                rows.and_then(|rows| rows.get(row as usize)) == Some(&true)
            });
        }
        packed.par_sort_unstable();
        // Only rows that share the first bits of their identifiers with others are looked at: reading all of them in this
        // order would miss the cache at every step.
        let mut runs: Vec<&[u128]> = packed
            .par_chunk_by(|left, right| packing.rank(*left) == packing.rank(*right))
            .filter(|run| run.len() > 1)
            .collect();
        // In the order of their first rows, which lie close together.
        runs.par_sort_unstable_by_key(|run| run.first().map(|&packed| packing.unpack(packed)));
        let doubles: Vec<Kept> = runs
            .par_iter()
            .flat_map_iter(|run| self.doubles(run.iter().map(|&packed| packing.unpack(packed))))
            .collect();
        drop(runs);
        drop(packed);
        for (worker, row) in doubles {
            if let Some(kept) = kept
                .get_mut(worker as usize)
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

    /// Which rows of each worker stand in a segment. Of a file that was read again, only those of the second time do.
    fn of_segments(&self) -> Vec<Vec<bool>> {
        let workers = self.segments.iter().zip(self.columns);
        let of_worker = |(segments, columns): (&Vec<&Segment>, &Columns)| {
            let events = columns.keys.len();
            let mut stands = vec![false; columns.rows()];
            for segment in segments {
                let other = segment.other.start + events..segment.other.end + events;
                for rows in [segment.events.clone(), other] {
                    stands.get_mut(rows).unwrap_or_default().fill(true);
                }
            }
            stands
        };
        workers.map(of_worker).collect()
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
        for ((segments, columns), kept) in self.segments.iter().zip(self.columns).zip(kept) {
            let events = columns.keys.len();
            let count = |rows: Range<usize>| {
                let rows = kept.get(rows).unwrap_or_default();
                rows.iter().filter(|kept| **kept).count() as u64
            };
            for segment in segments {
                let Some(tally) = tallies.get_mut(segment.file) else {
                    continue;
                };
                let other = segment.other.start + events..segment.other.end + events;
                let rows = segment.events.len() + other.len();
                let (events, other) = (count(segment.events.clone()), count(other));
                tally.events += events;
                tally.other += other;
                tally.duplicates += rows as u64 - events - other;
            }
        }
        tallies
    }

    fn others(&self, kept: &[Vec<bool>]) -> Vec<Kept> {
        let mut others = Vec::new();
        for ((number, columns), kept) in (0u32..).zip(self.columns).zip(kept) {
            let kept = kept.iter().skip(columns.keys.len()).zip(0u32..);
            others.extend(
                kept.filter(|(kept, _)| **kept)
                    .map(|(_, row)| (number, row)),
            );
        }
        others
    }

    /// All rows, each as the first bits of its identifier and its place.
    fn packed_by_key(&self, packing: &Packing) -> Vec<u128> {
        let total = self.columns.iter().map(Columns::rows).sum();
        let mut packed = Vec::with_capacity(total);
        for (number, columns) in (0u32..).zip(self.columns) {
            let keys = columns.keys.par_iter().chain(&columns.other_keys);
            packed.par_extend(
                keys.enumerate()
                    .map(|(row, &key)| packing.pack(key, (number, row as u32))),
            );
        }
        packed
    }

    /// The kept events by time, then by identifier.
    fn sorted_by_time(&self, kept: &[Vec<bool>], packing: &Packing) -> Vec<Kept> {
        let times = || self.columns.iter().flat_map(|columns| &columns.time);
        let (Some(&earliest), Some(&latest)) = (times().min(), times().max()) else {
            return Vec::new();
        };
        // Time first, then as many bits of the identifier as there is room for.
        let time_bits = u64::BITS - latest.abs_diff(earliest).leading_zeros();
        let mut packed: Vec<u128> = Vec::with_capacity(kept.iter().map(Vec::len).sum());
        for ((number, columns), kept) in (0u32..).zip(self.columns).zip(kept) {
            let rows = columns.time.par_iter().zip(&columns.keys).zip(kept);
            packed.par_extend(rows.enumerate().map(|(row, ((&time, &key), &kept))| {
                let since = u128::from(time.abs_diff(earliest));
                let rank =
                    since.unbounded_shl(u128::BITS - time_bits) | key.unbounded_shr(time_bits);
                if kept {
                    packing.pack(rank, (number, row as u32))
                } else {
                    DROPPED
                }
            }));
        }
        packed.par_sort_unstable();
        packed.truncate(packed.partition_point(|&packed| packed != DROPPED));
        let tied = packed.windows(2).any(
            |pair| matches!(pair, [left, right] if packing.rank(*left) == packing.rank(*right)),
        );
        let mut rows: Vec<Kept> = packed
            .par_iter()
            .map(|&packed| packing.unpack(packed))
            .collect();
        drop(packed);
        if tied || !self.all_guids() {
            // Only what happened at one time: the text of an identifier is made for those that have to be compared.
            let time = |row: Kept| self.time(self.place(row));
            rows.par_chunk_by_mut(|&left, &right| time(left) == time(right))
                .filter(|at_once| at_once.len() > 1)
                .for_each(|at_once| {
                    at_once.sort_by_cached_key(|&row| self.ordered_id(self.place(row).key));
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
    fn place(&self, (worker, row): Kept) -> Place {
        let found = self.columns.get(worker as usize).map(|columns| {
            let row = row as usize;
            match columns.keys.get(row) {
                Some(&key) => (key, false, row),
                None => {
                    let row = row.saturating_sub(columns.keys.len());
                    let key = columns.other_keys.get(row).copied().unwrap_or(0);
                    (key, true, row)
                }
            }
        });
        let (key, is_other, row) = found.unwrap_or((0, false, 0));
        Place {
            key,
            is_other,
            worker,
            row: u32::try_from(row).unwrap_or(u32::MAX),
        }
    }

    fn columns(&self, place: Place) -> Option<&Columns> {
        self.columns.get(place.worker as usize)
    }

    /// The number of a row within its worker, events first.
    fn number(&self, place: Place) -> Kept {
        let before = match self.columns(place) {
            Some(columns) if place.is_other => columns.keys.len(),
            _ => 0,
        };
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        (place.worker, place.row.saturating_add(before))
    }

    /// Where a row was read: file, block, and the row's number there. Which worker read it depends on
    /// chance, and must not decide anything.
    fn origin(&self, place: Place) -> Option<(usize, u64, usize)> {
        let row = place.row as usize;
        let rows = |segment: &Segment| {
            if place.is_other {
                segment.other.clone()
            } else {
                segment.events.clone()
            }
        };
        let segments = self.segments.get(place.worker as usize)?;
        let next = segments.partition_point(|segment| rows(segment).end <= row);
        let segment = segments.get(next)?;
        let (file, block) = (segment.file, segment.block);
        Some((file, block, row.saturating_sub(rows(segment).start)))
    }

    fn time(&self, place: Place) -> i64 {
        self.columns(place)
            .and_then(|columns| columns.time.get(place.row as usize))
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
        let (Some(left_columns), Some(right_columns)) = (self.columns(left), self.columns(right))
        else {
            return by_kind;
        };
        let by_content = || {
            if left.is_other {
                return self.other(left).cmp(&self.other(right));
            }
            self.richness(right)
                .cmp(&self.richness(left))
                .then_with(|| {
                    numbers(left_columns, left.row).cmp(&numbers(right_columns, right.row))
                })
                .then_with(|| self.texts(left).cmp(self.texts(right)))
                .then_with(|| self.messages(left).cmp(self.messages(right)))
        };
        if left.is_other != right.is_other {
            return by_kind;
        }
        by_content().then_with(|| self.origin(left).cmp(&self.origin(right)))
    }

    /// How much an event says: whether it tells how mail was read, how many messages it names, how many of its fields hold
    /// something, and how many bytes it counts.
    fn richness(&self, place: Place) -> (bool, usize, usize, u64) {
        let row = place.row as usize;
        let number = |column: fn(&Columns) -> &Vec<u8>| {
            let columns = self.columns(place);
            columns.and_then(|columns| column(columns).get(row).copied())
        };
        let access = number(|columns| &columns.access);
        let texts = self
            .texts(place)
            .filter(|text| text.is_some_and(|text| !text.is_empty()));
        let known = [
            number(|columns| &columns.user_type),
            number(|columns| &columns.logon_type),
        ];
        let known = known.into_iter().filter(|value| *value != Some(u8::MAX));
        let named = self
            .messages(place)
            .filter(|item| !item.internet_message_id.is_empty());
        let columns = self.columns(place);
        let bytes = columns.and_then(|columns| columns.bytes.get(row).copied());
        (
            access != Some(AccessType::None as u8),
            named.count(),
            texts.count() + known.count(),
            bytes.unwrap_or(0),
        )
    }

    /// Time, workload, operation and the texts of a lead, of a record that is no event.
    fn other(&self, place: Place) -> Option<(i64, &str, &str, Option<[&str; LEAD_TEXTS]>)> {
        let (columns, row) = (self.columns(place)?, place.row as usize);
        let dictionary = self.dictionaries.get(place.worker as usize)?;
        let kind = *columns.other_kind.get(row)?;
        let (workload, operation) = *dictionary.kinds.get(kind as usize)?;
        Some((
            columns.other_time.get(row).copied()?,
            dictionary.workloads.get(workload as usize)?,
            dictionary
                .texts
                .get(column::OPERATION)?
                .get(operation as usize)?,
            leads::lead_texts(columns, dictionary, row),
        ))
    }

    fn texts(&self, place: Place) -> impl Iterator<Item = Option<&str>> {
        let dictionary = self.dictionaries.get(place.worker as usize);
        let columns = self.columns(place).map_or(&[][..], |columns| &columns.text);
        columns.iter().enumerate().map(move |(column, codes)| {
            let code = *codes.get(place.row as usize)?;
            dictionary?
                .texts
                .get(column)?
                .get(code as usize)
                .map(|name| &**name)
        })
    }

    fn messages(&self, place: Place) -> impl Iterator<Item = PackedItem<'_>> {
        let columns = self.columns(place);
        let span = columns
            .and_then(|columns| columns.spans.get(place.row as usize))
            .copied()
            .unwrap_or(NO_ITEMS);
        let data = columns
            .and_then(|columns| columns.messages.get(span.0 as usize))
            .map_or(&[][..], Vec::as_slice);
        let folders = self
            .dictionaries
            .get(place.worker as usize)
            .map_or(&[][..], |dictionary| dictionary.folders.as_slice());
        crate::event::items_in(data, folders, span).with_folders()
    }
}

/// The numeric columns of a row, for comparison.
fn numbers(columns: &Columns, row: u32) -> Option<[i128; 11]> {
    let row = row as usize;
    Some([
        i128::from(*columns.time.get(row)?),
        i128::from(*columns.record_type.get(row)?),
        i128::from(*columns.access.get(row)?),
        i128::from(*columns.user_type.get(row)?),
        i128::from(*columns.logon_type.get(row)?),
        i128::from(*columns.client_family.get(row)?),
        i128::from(*columns.asn.get(row)?),
        i128::from(*columns.items.get(row)?),
        i128::from(*columns.bytes.get(row)?),
        i128::from(*columns.folders.get(row)?),
        i128::from(*columns.flags.get(row)?),
    ])
}

fn count_other(
    columns: &[Columns],
    dictionaries: &[Dictionaries],
    other: &[Kept],
) -> (Vec<(String, String, u64)>, Vec<i64>) {
    let mut by_code: FxHashMap<(usize, u32), u64> = FxHashMap::default();
    let mut times = Vec::with_capacity(other.len());
    for &(worker, row) in other {
        let Some(columns) = columns.get(worker as usize) else {
            continue;
        };
        times.extend(columns.other_time.get(row as usize));
        if let Some(&kind) = columns.other_kind.get(row as usize) {
            *by_code.entry((worker as usize, kind)).or_default() += 1;
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

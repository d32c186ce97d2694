//! Columns of the kept rows, out of the segments of all workers, with one dictionary for each text column.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::segment::{Dictionaries, Segment, TEXTS, column};
use crate::event::{
    EventParts, IrregularIds, ItemBlock, ItemStore, NO_ITEMS, TextColumn, parse_guid,
};

/// A kept row: its segment and its row there.
pub(super) type Kept = (u32, u32);

/// Collects the kept rows, in the order given.
pub(super) fn gather(
    mut segments: Vec<Segment>,
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> EventParts {
    let blocks = take_messages(&mut segments, dictionaries);
    let (mut parts, text) = rayon::join(
        || gather_numbers(&segments, rows),
        || gather_texts(&segments, dictionaries, rows),
    );
    parts.items_of.blocks = blocks;
    parts.irregular = irregular(dictionaries, &parts.keys);
    parts.text = text;
    parts
}

/// One column of all segments, in the order of the kept rows.
fn collect<T: Copy + Default>(
    segments: &[Segment],
    rows: &[Kept],
    column: fn(&Segment) -> &[T],
) -> Vec<T> {
    let columns: Vec<&[T]> = segments.iter().map(column).collect();
    let value = |&(segment, row): &Kept| columns.get(segment as usize)?.get(row as usize).copied();
    rows.iter()
        .map(|kept| value(kept).unwrap_or_default())
        .collect()
}

fn gather_numbers(segments: &[Segment], rows: &[Kept]) -> EventParts {
    let flags = collect(segments, rows, |segment| &segment.flags);
    let bit = |bit: u8| {
        flags
            .iter()
            .map(|flags| (flags >> bit) & 1)
            .collect::<Vec<u8>>()
    };
    let spans = rows.iter().map(|&(segment, row)| {
        let span = segments
            .get(segment as usize)
            .and_then(|of| of.spans.get(row as usize))
            .copied()
            .unwrap_or(NO_ITEMS);
        if span == NO_ITEMS {
            span
        } else {
            (segment, span.1)
        }
    });
    EventParts {
        items_of: ItemStore {
            blocks: Vec::new(),
            spans: spans.collect(),
        },
        keys: collect(segments, rows, |segment| &segment.keys),
        time: collect(segments, rows, |segment| &segment.time),
        record_type: collect(segments, rows, |segment| &segment.record_type),
        access: collect(segments, rows, |segment| &segment.access),
        user_type: collect(segments, rows, |segment| &segment.user_type),
        logon_type: collect(segments, rows, |segment| &segment.logon_type),
        client_family: collect(segments, rows, |segment| &segment.client_family),
        asn: collect(segments, rows, |segment| &segment.asn),
        items: collect(segments, rows, |segment| &segment.items),
        bytes: collect(segments, rows, |segment| &segment.bytes),
        folders: collect(segments, rows, |segment| &segment.folders),
        throttled: bit(0),
        succeeded: bit(1),
        external: bit(2),
        ..EventParts::default()
    }
}

/// The texts of kept identifiers that are not GUIDs.
fn irregular(dictionaries: &[Dictionaries], keys: &[u128]) -> IrregularIds {
    let mut irregular = IrregularIds::default();
    if dictionaries
        .iter()
        .all(|dictionary| dictionary.irregular.is_empty())
    {
        return irregular;
    }
    for key in keys {
        if let Some(text) = dictionaries
            .iter()
            .find_map(|dictionary| dictionary.irregular.get(key))
        {
            irregular.insert(*key, text.clone());
        }
    }
    irregular
}

/// The packed messages, one block per segment.
fn take_messages(segments: &mut [Segment], dictionaries: &[Dictionaries]) -> Vec<ItemBlock> {
    segments
        .iter_mut()
        .map(|segment| {
            let folders = dictionaries
                .get(segment.worker)
                .map(|of| of.folders.clone())
                .unwrap_or_default();
            segment.take_messages(&folders)
        })
        .collect()
}

/// The text columns: codes of all workers to codes of one sorted dictionary, holding the names of kept rows only.
fn gather_texts(
    segments: &[Segment],
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> Vec<TextColumn> {
    let columns: Vec<(usize, Vec<u32>)> = (0..TEXTS)
        .into_par_iter()
        .map(|number| (number, united_codes(segments, dictionaries, (number, rows))))
        .collect();
    let aliases = mailbox_aliases(dictionaries, &columns);
    columns
        .into_par_iter()
        .map(|(number, codes)| unite(number, codes, dictionaries, &aliases))
        .collect()
}

/// The codes of a column, made unique across workers by adding the size of the dictionaries before theirs.
fn united_codes(
    segments: &[Segment],
    dictionaries: &[Dictionaries],
    (number, rows): (usize, &[Kept]),
) -> Vec<u32> {
    let columns: Vec<(u32, &[u32])> = segments
        .iter()
        .map(|segment| {
            let before: usize = dictionaries
                .iter()
                .take(segment.worker)
                .map(|of| of.names(number).len())
                .sum();
            let codes = segment.text.get(number).map_or(&[][..], Vec::as_slice);
            (u32::try_from(before).unwrap_or(u32::MAX), codes)
        })
        .collect();
    let code = |&(segment, row): &Kept| {
        let (offset, codes) = columns.get(segment as usize)?;
        codes
            .get(row as usize)
            .map(|code| code.saturating_add(*offset))
    };
    rows.iter().map(|kept| code(kept).unwrap_or(0)).collect()
}

impl Dictionaries {
    fn names(&self, column: usize) -> &[Box<str>] {
        self.texts.get(column).map_or(&[], Vec::as_slice)
    }
}

fn unite(
    number: usize,
    mut codes: Vec<u32>,
    dictionaries: &[Dictionaries],
    aliases: &FxHashMap<String, String>,
) -> TextColumn {
    let all: Vec<&str> = dictionaries
        .iter()
        .flat_map(|dictionary| dictionary.names(number))
        .map(|name| &**name)
        .collect();
    let resolve = |name: &'_ str| -> Option<String> {
        if number == column::MAILBOX {
            aliases.get(name).cloned()
        } else {
            None
        }
    };
    let resolved: Vec<Option<String>> = if number == column::MAILBOX {
        all.iter().map(|name| resolve(name)).collect()
    } else {
        vec![None; 0]
    };
    let name_of = |code: usize| -> &str {
        match resolved.get(code) {
            Some(Some(name)) => name,
            _ => all.get(code).copied().unwrap_or(""),
        }
    };
    let mut used = vec![false; all.len()];
    for &code in &codes {
        if let Some(used) = used.get_mut(code as usize) {
            *used = true;
        }
    }
    let mut names: Vec<&str> = used
        .iter()
        .enumerate()
        .filter(|(_, used)| **used)
        .map(|(code, _)| name_of(code))
        .collect();
    names.push("");
    names.sort_unstable();
    names.dedup();
    let mapping: Vec<u32> = used
        .iter()
        .enumerate()
        .map(|(code, used)| {
            if *used {
                names
                    .binary_search(&name_of(code))
                    .ok()
                    .and_then(|code| u32::try_from(code).ok())
                    .unwrap_or(0)
            } else {
                0
            }
        })
        .collect();
    for code in &mut codes {
        *code = mapping.get(*code as usize).copied().unwrap_or(0);
    }
    TextColumn {
        codes,
        names: names.into_iter().map(Into::into).collect(),
    }
}

/// Names of mailboxes that are not addresses (aliases of administration, GUIDs), with the address they mean where the export
/// shows it unmistakably.
fn mailbox_aliases(
    dictionaries: &[Dictionaries],
    columns: &[(usize, Vec<u32>)],
) -> FxHashMap<String, String> {
    let mut by_local: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut unresolved = Vec::new();
    for number in [column::MAILBOX, column::ACTOR] {
        let all: Vec<&str> = dictionaries
            .iter()
            .flat_map(|dictionary| dictionary.names(number))
            .map(|name| &**name)
            .collect();
        let mut used = vec![false; all.len()];
        for &code in columns.get(number).map_or(&[][..], |(_, codes)| codes) {
            if let Some(used) = used.get_mut(code as usize) {
                *used = true;
            }
        }
        for (name, _) in all.iter().zip(used).filter(|(_, used)| *used) {
            match name.split_once('@') {
                Some((local, _)) => {
                    let known = by_local.entry(local).or_insert(Some(name));
                    // Two addresses with one local part: the alias could mean either.
                    if known.is_some_and(|known| known != *name) {
                        *known = None;
                    }
                }
                None if number == column::MAILBOX && !name.is_empty() => unresolved.push(*name),
                None => {}
            }
        }
    }
    let mut aliases = FxHashMap::default();
    for name in unresolved {
        let by_guid = parse_guid(name.as_bytes()).and_then(|guid| {
            let known = dictionaries.iter().filter_map(|dictionary| {
                let code = *dictionary.mailbox_guids.get(&guid)?;
                dictionary
                    .names(column::MAILBOX)
                    .get(code as usize)
                    .map(|name| &**name)
            });
            known.min()
        });
        if let Some(address) = by_guid.or_else(|| by_local.get(name).copied().flatten()) {
            aliases.insert(name.to_owned(), address.to_owned());
        }
    }
    aliases
}

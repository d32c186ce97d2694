//! Columns of the kept rows, out of the columns of all workers, with one dictionary for each text column.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::segment::{Columns, Dictionaries, TEXTS, column};
use super::worker::{MOST_NAMES, OR_ELSE};
use crate::event::{
    EventParts, IrregularIds, ItemBlock, ItemStore, NO_ITEMS, TextColumn, parse_guid,
};
use crate::seeded::SeededMap;

/// A kept row: its worker and its row there.
pub(super) type Kept = (u32, u32);

/// Codes of one text column, by worker.
type Codes = Vec<Vec<u32>>;

/// Collects the kept rows, in the order given. Every column of the workers is given back as soon as it has been read.
pub(super) fn gather(
    mut columns: Vec<Columns>,
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> EventParts {
    let texts: Vec<Codes> = (0..TEXTS)
        .map(|number| {
            let of = |columns: &mut Columns| columns.text.get_mut(number).map(std::mem::take);
            columns
                .iter_mut()
                .map(|columns| of(columns).unwrap_or_default())
                .collect()
        })
        .collect();
    let (mut parts, text) = rayon::join(
        || gather_numbers(columns, dictionaries, rows),
        || gather_texts(texts, dictionaries, rows),
    );
    parts.irregular = irregular(dictionaries, &parts.keys);
    parts.text = text;
    parts
}

/// One column of all workers, in the order of the kept rows.
fn collect<T: Copy + Default>(
    columns: &mut [Columns],
    rows: &[Kept],
    column: fn(&mut Columns) -> &mut Vec<T>,
) -> Vec<T> {
    let columns: Vec<Vec<T>> = columns
        .iter_mut()
        .map(|columns| std::mem::take(column(columns)))
        .collect();
    let value = |&(worker, row): &Kept| columns.get(worker as usize)?.get(row as usize).copied();
    rows.iter()
        .map(|kept| value(kept).unwrap_or_default())
        .collect()
}

fn gather_numbers(
    mut columns: Vec<Columns>,
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> EventParts {
    let columns = &mut columns[..];
    let items_of = gather_messages(columns, dictionaries, rows);
    let flags = collect(columns, rows, |columns| &mut columns.flags);
    let bit = |bit: u8| {
        flags
            .iter()
            .map(|flags| (flags >> bit) & 1)
            .collect::<Vec<u8>>()
    };
    EventParts {
        items_of,
        keys: collect(columns, rows, |columns| &mut columns.keys),
        time: collect(columns, rows, |columns| &mut columns.time),
        record_type: collect(columns, rows, |columns| &mut columns.record_type),
        access: collect(columns, rows, |columns| &mut columns.access),
        user_type: collect(columns, rows, |columns| &mut columns.user_type),
        logon_type: collect(columns, rows, |columns| &mut columns.logon_type),
        client_family: collect(columns, rows, |columns| &mut columns.client_family),
        asn: collect(columns, rows, |columns| &mut columns.asn),
        items: collect(columns, rows, |columns| &mut columns.items),
        bytes: collect(columns, rows, |columns| &mut columns.bytes),
        folders: collect(columns, rows, |columns| &mut columns.folders),
        throttled: bit(0),
        succeeded: bit(1),
        external: bit(2),
        ..EventParts::default()
    }
}

/// The packed messages, which stay where they are, and where each row's are.
fn gather_messages(
    columns: &mut [Columns],
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> ItemStore {
    let mut blocks: Vec<ItemBlock> = Vec::new();
    let mut first = Vec::new();
    for (columns, dictionary) in columns.iter_mut().zip(dictionaries) {
        first.push(u32::try_from(blocks.len()).unwrap_or(u32::MAX));
        blocks.extend(
            std::mem::take(&mut columns.messages)
                .into_iter()
                .map(|mut data| {
                    data.shrink_to_fit();
                    ItemBlock {
                        data,
                        folders: dictionary.folders.clone(),
                    }
                }),
        );
    }
    let spans = collect(columns, rows, |columns| &mut columns.spans);
    let spans = rows.iter().zip(spans).map(|(&(worker, _), span)| {
        let first = first.get(worker as usize).copied().unwrap_or(0);
        if span == NO_ITEMS {
            span
        } else {
            (span.0.saturating_add(first), span.1)
        }
    });
    ItemStore {
        spans: spans.collect(),
        blocks,
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

/// The text columns: codes of all workers to codes of one sorted dictionary, holding the names of kept rows only.
fn gather_texts(
    texts: Vec<Codes>,
    dictionaries: &[Dictionaries],
    rows: &[Kept],
) -> Vec<TextColumn> {
    let columns: Vec<(usize, Vec<u32>)> = texts
        .into_par_iter()
        .enumerate()
        .map(|(number, codes)| (number, united_codes(codes, dictionaries, (number, rows))))
        .collect();
    let aliases = mailbox_aliases(dictionaries, &columns);
    columns
        .into_par_iter()
        .map(|(number, codes)| unite(number, codes, dictionaries, &aliases))
        .collect()
}

/// The codes of a column, made unique across workers by adding the size of the dictionaries before theirs.
fn united_codes(
    codes: Codes,
    dictionaries: &[Dictionaries],
    (number, rows): (usize, &[Kept]),
) -> Vec<u32> {
    let mut before = 0u32;
    let mut columns: Vec<(u32, Vec<u32>)> = Vec::with_capacity(codes.len());
    for (codes, dictionary) in codes.into_iter().zip(dictionaries) {
        columns.push((before, codes));
        let names = u32::try_from(dictionary.names(number).len()).unwrap_or(u32::MAX);
        before = before.saturating_add(names);
    }
    let code = |&(worker, row): &Kept| {
        let (offset, codes) = columns.get(worker as usize)?;
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
    aliases: &SeededMap<String, String>,
) -> TextColumn {
    let all: Vec<&str> = dictionaries
        .iter()
        .flat_map(|dictionary| dictionary.names(number))
        .map(|name| &**name)
        .collect();
    let resolved: Vec<Option<&str>> = if number == column::MAILBOX {
        let names = all.iter();
        names
            .map(|name| aliases.get(*name).map(String::as_str))
            .collect()
    } else {
        Vec::new()
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
    let mut by_name: Vec<(&str, usize)> = used
        .iter()
        .enumerate()
        .filter(|(_, used)| **used)
        .map(|(code, _)| (name_of(code), code))
        .collect();
    by_name.par_sort_unstable();
    // The empty name sorts before every other and is always there.
    let mut names: Vec<&str> = vec![""];
    let mut mapping = vec![0u32; all.len()];
    for (name, code) in by_name {
        if names.last() != Some(&name) {
            names.push(name);
        }
        mapping[code] = u32::try_from(names.len() - 1).unwrap_or(0);
    }
    for code in &mut codes {
        *code = mapping.get(*code as usize).copied().unwrap_or(0);
    }
    TextColumn {
        codes,
        names: names.into_iter().map(Into::into).collect(),
    }
}

/// What names of mailboxes stand for that are no addresses (aliases of administration, GUIDs), where the export shows it
/// unmistakably. Addresses stand for themselves: one can pass to a successor, and a mailbox can have several.
fn mailbox_aliases(
    dictionaries: &[Dictionaries],
    columns: &[(usize, Vec<u32>)],
) -> SeededMap<String, String> {
    let names_of = mailbox_names(dictionaries);
    let mut by_local: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut unresolved = Vec::new();
    for number in [column::MAILBOX, column::ACTOR] {
        for name in used_names(number, dictionaries, columns) {
            match name.split_once('@') {
                _ if number == column::MAILBOX && name.contains(OR_ELSE) => unresolved.push(name),
                Some((local, _)) => {
                    let known = by_local.entry(local).or_insert(Some(name));
                    // Two addresses with one local part: the alias could mean either.
                    if known.is_some_and(|known| known != name) {
                        *known = None;
                    }
                }
                None if number == column::MAILBOX && !name.is_empty() => unresolved.push(name),
                None => {}
            }
        }
    }
    let mut aliases = SeededMap::default();
    for name in unresolved {
        let (object, or_else) = match name.split_once(OR_ELSE) {
            Some((object, actor)) => (object, Some(actor)),
            None => (name, None),
        };
        let by_guid =
            parse_guid(object.as_bytes()).and_then(|guid| names_of.get(&guid)?.first().copied());
        let address = by_guid
            .or_else(|| by_local.get(object).copied().flatten())
            .or_else(|| object.contains('@').then_some(object))
            .or(or_else);
        if let Some(address) = address {
            aliases.insert(name.to_owned(), address.to_owned());
        }
    }
    aliases
}

/// The names of every mailbox, and of every user's object, that the export gives with its GUID, sorted. A GUID that goes by many
/// names is no mailbox in particular.
fn mailbox_names(dictionaries: &[Dictionaries]) -> SeededMap<u128, Vec<&str>> {
    let mut names_of: SeededMap<u128, Vec<&str>> = SeededMap::default();
    for dictionary in dictionaries {
        let names = dictionary.names(column::MAILBOX);
        for (&guid, codes) in &dictionary.mailbox_guids {
            let of = names_of.entry(guid).or_default();
            of.extend(
                codes
                    .iter()
                    .filter_map(|&code| Some(&**names.get(code as usize)?)),
            );
        }
    }
    names_of.retain(|_, names| {
        names.sort_unstable();
        names.dedup();
        names.len() < MOST_NAMES
    });
    names_of
}

/// The addresses of mailboxes that have more than one, sorted.
pub(super) fn renamed(dictionaries: &[Dictionaries]) -> Vec<Vec<String>> {
    let names = mailbox_names(dictionaries);
    let addresses = names.into_values().map(|names| {
        let addresses = names.into_iter().filter(|name| name.contains('@'));
        addresses.map(str::to_owned).collect::<Vec<_>>()
    });
    let mut renamed: Vec<_> = addresses.filter(|names| names.len() > 1).collect();
    renamed.sort_unstable();
    renamed.dedup();
    renamed
}

/// The names of a column that kept rows have.
fn used_names<'a>(
    number: usize,
    dictionaries: &'a [Dictionaries],
    columns: &[(usize, Vec<u32>)],
) -> Vec<&'a str> {
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
    let names = all.into_iter().zip(used);
    names
        .filter(|(_, used)| *used)
        .map(|(name, _)| name)
        .collect()
}

//! The leads among the records that are no events.

use crate::event::guid_text;
use crate::ingest::gather::Kept;
use crate::ingest::lead::{Lead, LeadRecord};
use crate::ingest::segment::{Columns, Dictionaries, LEAD_TEXTS, column};

/// Leads that are kept with who did what; an export made to exhaust memory may hold any number, which all are counted as other
/// records.
const MOST_LEADS: usize = 1 << 20;

/// What is kept of a lead; `None` for any other record.
pub(super) fn lead_texts<'a>(
    columns: &Columns,
    dictionary: &'a Dictionaries,
    row: usize,
) -> Option<[&'a str; LEAD_TEXTS]> {
    let place = (*columns.other_lead.get(row)? as usize).checked_sub(1)?;
    let codes = dictionary.leads.get(place)?;
    let text = |code: u32| {
        dictionary
            .lead_texts
            .get(code as usize)
            .map_or("", |text| text)
    };
    Some(codes.map(text))
}

/// The leads in the order of time and identifier, at most [`MOST_LEADS`].
pub(super) fn leads(
    columns: &[Columns],
    dictionaries: &[Dictionaries],
    other: &[Kept],
) -> Vec<LeadRecord> {
    let place = |&(worker, row): &Kept| {
        let columns = columns.get(worker as usize)?;
        let at = row as usize;
        (*columns.other_lead.get(at)? > 0).then_some(())?;
        Some((
            *columns.other_time.get(at)?,
            *columns.other_keys.get(at)?,
            (worker, row),
        ))
    };
    let mut places: Vec<(i64, u128, Kept)> = other.iter().filter_map(place).collect();
    places.sort_unstable();
    places.truncate(MOST_LEADS);
    let lead = |(time, key, (worker, row)): (i64, u128, Kept)| {
        let (worker, row) = (worker as usize, row as usize);
        let (columns, dictionary) = (columns.get(worker)?, dictionaries.get(worker)?);
        let [actor, target, parameters, address] = lead_texts(columns, dictionary, row)?;
        let kind = *columns.other_kind.get(row)?;
        let (_, operation) = *dictionary.kinds.get(kind as usize)?;
        let operation = dictionary
            .texts
            .get(column::OPERATION)?
            .get(operation as usize)?;
        Some(LeadRecord {
            time,
            lead: Lead::of(operation)?,
            operation: operation.to_string(),
            actor: actor.to_owned(),
            target: target.to_owned(),
            parameters: parameters.to_owned(),
            address: address.to_owned(),
            record_id: match dictionary.irregular.get(&key) {
                Some(id) => id.to_string(),
                None => guid_text(key),
            },
        })
    };
    places.into_iter().filter_map(lead).collect()
}

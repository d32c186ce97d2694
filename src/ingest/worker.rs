//! One worker: takes records, normalises their fields, and fills its columns.

mod fields;
mod owner;

use std::sync::Arc;

use super::address::parse_address;
use super::bytes::is_plain;
use super::client::{ClientText, parse_client, without_request};
use super::field::Field;
use super::geo::Geo;
use super::intern::{ByText, Case, Interner};
use super::json::Text;
use super::lead::Telling;
use super::record::Record;
use super::reject::{Fault, MOST_REJECTS};
use super::schema::{is_forwarding, logon_type, record_type, record_type_of, user_type};
use super::segment::{
    Columns, Dictionaries, EnvelopeFields, LEAD_TEXTS, Segment, SegmentReject, TEXTS, column,
};
use super::time::{Time, read_time};
use crate::event::{
    ClientFamily, IrregularIds, ItemSpan, NO_ITEMS, Operation, parse_guid, push_item, push_number,
    record_key,
};
use crate::seeded::SeededMap;
use fields::{
    access_type, applications, bytes, flags, folder_count, item_count, parameters, session,
};
pub(super) use owner::{MOST_NAMES, OR_ELSE};

/// How the names of the service's own accounts begin.
const SERVICE: &[u8] = b"NT AUTHORITY";

/// Longest text of a field, in bytes; the longest real ones, client strings, have some hundred. Longer ones would be kept in
/// dictionaries and written with every session.
const LONGEST_NAME: usize = 64 << 10;

#[derive(Debug, Clone, Copy)]
struct AddressCodes {
    address: u32,
    network: u32,
    country: u32,
    asn: u32,
}

#[derive(Debug, Clone, Copy)]
struct ClientCodes {
    info: u32,
    family: ClientFamily,
    version: u32,
}

/// Dictionaries and columns of one worker, and the segment it is at.
#[derive(Debug)]
pub(crate) struct Worker<'g> {
    number: usize,
    geo: &'g Geo,
    pub(crate) texts: [Interner; TEXTS],
    pub(crate) folders: Interner,
    pub(crate) workloads: Interner,
    pub(crate) irregular: IrregularIds,
    /// Codes of the names of a mailbox by its GUID, for records that give only the GUID.
    pub(crate) mailbox_guids: SeededMap<u128, Vec<u32>>,
    /// Workload and operation codes of records that are no events.
    pub(crate) kinds: Vec<(u32, u32)>,
    kind_codes: SeededMap<(u32, u32), u32>,
    leads: Vec<[u32; LEAD_TEXTS]>,
    lead_texts: Interner,
    operations: Vec<(Operation, Telling)>,
    addresses: ByText<AddressCodes>,
    clients: ByText<ClientCodes>,
    /// Clients that are known by their text alone.
    lone_clients: ByText<ClientCodes>,
    key: Vec<u8>,
    scratch: String,
    pub(crate) columns: Columns,
    pub(crate) segment: Segment,
    /// Rejects that are kept of all segments.
    rejects: usize,
}

impl<'g> Worker<'g> {
    pub(crate) fn new(number: usize, geo: &'g Geo) -> Self {
        Self {
            number,
            geo,
            texts: std::array::from_fn(|_| Interner::default()),
            folders: Interner::default(),
            workloads: Interner::default(),
            irregular: IrregularIds::default(),
            mailbox_guids: SeededMap::default(),
            kinds: Vec::new(),
            kind_codes: SeededMap::default(),
            leads: Vec::new(),
            lead_texts: Interner::default(),
            operations: Vec::new(),
            addresses: ByText::default(),
            clients: ByText::default(),
            lone_clients: ByText::default(),
            key: Vec::new(),
            scratch: String::new(),
            columns: Columns::default(),
            segment: Segment::default(),
            rejects: 0,
        }
    }

    /// Begins a segment.
    pub(crate) fn begin(&mut self, file: usize, block: u64) {
        let (events, other) = (self.columns.keys.len(), self.columns.other_keys.len());
        self.segment = Segment {
            worker: self.number,
            file,
            block,
            events: events..events,
            other: other..other,
            ..Segment::default()
        };
    }

    /// Ends the segment and hands it over.
    pub(crate) fn finish(&mut self) -> Segment {
        self.segment.events.end = self.columns.keys.len();
        self.segment.other.end = self.columns.other_keys.len();
        std::mem::take(&mut self.segment)
    }

    /// The columns and their dictionaries, when all segments are done.
    pub(crate) fn into_parts(self) -> (Columns, Dictionaries) {
        let dictionaries = Dictionaries {
            texts: self.texts.map(Interner::into_names),
            folders: Arc::new(self.folders.into_names()),
            workloads: self.workloads.into_names(),
            irregular: self.irregular,
            mailbox_guids: self.mailbox_guids,
            kinds: self.kinds,
            leads: self.leads,
            lead_texts: self.lead_texts.into_names(),
        };
        (self.columns, dictionaries)
    }

    /// Counts a row that cannot be used.
    pub(crate) fn reject(&mut self, fault: Fault, text: &[u8]) {
        self.segment.rows += 1;
        self.reject_row(self.segment.rows, fault, text);
    }

    /// Takes a row that has been counted for one that cannot be used. Blocks come in the order of files and rows, so that the first
    /// of all files are among the first of each worker.
    pub(crate) fn reject_row(&mut self, row: u64, fault: Fault, text: &[u8]) {
        self.segment.rejected += 1;
        if self.rejects >= MOST_REJECTS {
            *self.segment.counted.entry(fault).or_default() += 1;
            return;
        }
        self.rejects += 1;
        self.segment.rejects.push(SegmentReject {
            row,
            fault,
            excerpt: super::reject::excerpt(text),
        });
    }

    /// Takes a record: it becomes an event, one of the other records, or (the error) a reject the caller has to count.
    pub(crate) fn push(
        &mut self,
        record: &Record<'_>,
        envelope: EnvelopeFields<'_>,
    ) -> Result<(), Fault> {
        let id = record.text(Field::Id).or(envelope.id);
        if id.raw.is_empty() {
            return Err(
                if record.text(Field::Operation).is_empty()
                    && record.text(Field::CreationTime).is_empty()
                {
                    Fault::NotARecord
                } else {
                    Fault::NoId
                },
            );
        }
        let operation = record.text(Field::Operation).or(envelope.operation);
        if operation.is_empty() {
            return Err(Fault::NoOperation);
        }
        let time = read_time(record.text(Field::CreationTime).raw)
            .or_else(|| read_time(envelope.time.raw))
            .ok_or(Fault::NoTime)?;
        let Time { at: time, slashes } = time;
        if record.has_text_longer_than(LONGEST_NAME) {
            return Err(Fault::LongName);
        }
        let key = match parse_guid(id.raw) {
            Some(key) => key,
            None => record_key(id.decode(&mut self.scratch).trim(), &mut self.irregular),
        };
        self.segment.rows += 1;
        let operation_code = self.texts[column::OPERATION].code(operation, Case::Keep);
        let (operation, telling) = self.operation(operation_code);
        let record_type = record_type(record.text(Field::RecordType))
            .or_else(|| record_type_of(envelope.record_type))
            .unwrap_or(0);
        let is_event = self.is_event(record, record_type, operation);
        if let Some(date) = slashes {
            let row = if is_event {
                self.columns.keys.len()
            } else {
                self.columns.other_keys.len()
            };
            self.columns.dates.push(date, (row, is_event));
        }
        if is_event {
            self.push_event(
                record,
                envelope,
                Head {
                    key,
                    time,
                    operation_code,
                    operation,
                    record_type,
                },
            );
        } else {
            let names = record.parameters.iter().map(|(name, _)| name.raw);
            let lead = if telling.tells(names) {
                self.lead(record, envelope)
            } else {
                0
            };
            let kind = (record.text(Field::Workload), operation_code);
            self.push_other(kind, key, time, lead);
        }
        Ok(())
    }

    /// What an operation does to a mailbox, and whether it is a lead where it does nothing to any.
    fn operation(&mut self, code: u32) -> (Operation, Telling) {
        while self.operations.len() <= code as usize {
            let next = u32::try_from(self.operations.len()).unwrap_or(u32::MAX);
            let name = self.texts[column::OPERATION].text(next);
            let of = (Operation::classify(name), Telling::of(name));
            self.operations.push(of);
        }
        self.operations
            .get(code as usize)
            .copied()
            .unwrap_or((Operation::Other, Telling::No))
    }

    /// Keeps who did what of a lead; gives its place, from 1. What the service itself does is none.
    fn lead(&mut self, record: &Record<'_>, envelope: EnvelopeFields<'_>) -> u32 {
        let actor = record.text(Field::UserId).or(envelope.user);
        if actor.raw.starts_with(SERVICE) {
            return 0;
        }
        let parameters = parameters(record);
        let texts = &mut self.lead_texts;
        self.leads.push([
            texts.code(actor, Case::Lower),
            texts.code(record.text(Field::ObjectId), Case::Keep),
            texts.name(&parameters),
            texts.code(record.text(Field::ClientIp), Case::Keep),
        ]);
        u32::try_from(self.leads.len()).unwrap_or(0)
    }

    fn is_event(&self, record: &Record<'_>, record_type: u16, operation: Operation) -> bool {
        match record_type {
            2 | 3 | 50 | 15 => true,
            101 => operation.is_search(),
            // What the service itself does to the mailboxes it runs on is maintenance.
            1 if record.text(Field::UserId).raw.starts_with(SERVICE) => false,
            1 if operation == Operation::Forwarding => {
                let mut names = record.parameters.iter().map(|(name, _)| name.raw);
                names.any(is_forwarding) || record.parameters_lost
            }
            1 => operation.is_rule_change(),
            0 => operation != Operation::Other && operation != Operation::Forwarding,
            _ => false,
        }
    }

    /// Takes a record that is no event: workload and operation, and the place of its lead, 0 for none.
    fn push_other(
        &mut self,
        (workload, operation): (Text<'_>, u32),
        key: u128,
        time: i64,
        lead: u32,
    ) {
        let kind = (self.workloads.code(workload, Case::Keep), operation);
        let code = *self.kind_codes.entry(kind).or_insert_with(|| {
            self.kinds.push(kind);
            u32::try_from(self.kinds.len() - 1).unwrap_or(u32::MAX)
        });
        self.columns.other_keys.push(key);
        self.columns.other_time.push(time);
        self.columns.other_kind.push(code);
        self.columns.other_lead.push(lead);
    }

    fn push_event(&mut self, record: &Record<'_>, envelope: EnvelopeFields<'_>, head: Head) {
        let sign_in = head.record_type == 15 || head.operation.is_sign_in();
        let access = access_type(record, head.operation);
        let actor = self.texts[column::ACTOR].code(
            record
                .text(Field::UserId)
                .or(envelope.user)
                .or(record.text(Field::UserKey))
                .or(Text::default()),
            Case::Lower,
        );
        if sign_in {
            self.remember_user(record, actor);
        }
        let mailbox = self.mailbox(record, head, actor, sign_in);
        let address = self.address(
            record
                .text(Field::ClientIpAddress)
                .or(record.text(Field::ClientIp))
                .or(record.text(Field::ActorIpAddress))
                .or(Text::default()),
        );
        let client = self.client(record, sign_in);
        let (application, interface) = applications(record, sign_in);
        let session = session(record);
        let codes = [
            head.operation_code,
            mailbox,
            actor,
            self.texts[column::CLIENT_APP_ID].code(application, Case::Lower),
            self.texts[column::APP_ID].code(interface, Case::Lower),
            client.info,
            client.version,
            address.address,
            address.network,
            address.country,
            self.texts[column::SESSION_ID].code(session, Case::Lower),
            self.folder(record),
            self.parameters(record, head.operation),
        ];
        let span = self.messages(record, head.operation);
        let columns = &mut self.columns;
        for (codes_of, code) in columns.text.iter_mut().zip(codes) {
            codes_of.push(code);
        }
        columns.keys.push(head.key);
        columns.time.push(head.time);
        columns.record_type.push(head.record_type);
        columns.access.push(access as u8);
        columns
            .user_type
            .push(user_type(record.text(Field::UserType)));
        columns
            .logon_type
            .push(logon_type(record.text(Field::LogonType)));
        columns.client_family.push(client.family as u8);
        columns.asn.push(address.asn);
        columns
            .items
            .push(item_count(record, head.operation, access, sign_in));
        columns.bytes.push(bytes(record));
        columns.folders.push(folder_count(record));
        columns.flags.push(flags(record, head.operation));
        columns.spans.push(span);
    }

    fn address(&mut self, text: Text<'_>) -> AddressCodes {
        if let Some(codes) = self.addresses.get(text.raw) {
            return codes;
        }
        let address = parse_address(text.decode(&mut self.scratch));
        let place = address.ip.map(|ip| self.geo.locate(ip)).unwrap_or_default();
        let codes = AddressCodes {
            address: self.texts[column::ADDRESS].name(&address.text),
            network: self.texts[column::NETWORK].name(&address.network),
            country: self.texts[column::COUNTRY].name(&place.country),
            asn: place.asn,
        };
        self.addresses.insert(text.raw, codes);
        codes
    }

    fn client(&mut self, record: &Record<'_>, sign_in: bool) -> ClientCodes {
        let info = record
            .text(Field::ClientInfoString)
            .or(record.text(Field::UserAgent));
        let process = record.text(Field::ClientProcessName);
        let version = record.text(Field::ClientVersion);
        // Most records have the one text only, which then is the key as it stands.
        let alone = process.is_empty() && version.is_empty() && !sign_in;
        if alone {
            if let Some(codes) = self.lone_clients.get(info.raw) {
                return codes;
            }
        } else {
            self.key.clear();
            self.key.extend_from_slice(info.raw);
            for part in [
                process.raw,
                version.raw,
                if sign_in { b"s".as_slice() } else { b"" },
            ] {
                self.key.push(0);
                self.key.extend_from_slice(part);
            }
            if let Some(codes) = self.clients.get(&self.key) {
                return codes;
            }
        }
        let (mut first, mut second, mut third) = (String::new(), String::new(), String::new());
        let client = ClientText {
            info: info.decode(&mut first),
            process: process.decode(&mut second),
            version: version.decode(&mut third),
            sign_in,
        };
        let (family, version) = parse_client(client);
        let codes = ClientCodes {
            info: self.texts[column::CLIENT_INFO].name(&without_request(client.info)),
            family,
            version: self.texts[column::CLIENT_VERSION].name(&version),
        };
        if alone {
            self.lone_clients.insert(info.raw, codes);
        } else {
            self.clients.insert(&self.key, codes);
        }
        codes
    }

    fn folder(&mut self, record: &Record<'_>) -> u32 {
        let path = record
            .folders
            .first()
            .map_or(record.text(Field::FolderPath), |folder| {
                folder.path.or(record.text(Field::FolderPath))
            });
        let unusable = path.is_empty() || path.raw.eq_ignore_ascii_case(b"Not Available");
        self.texts[column::FOLDER].code(
            if unusable {
                record.text(Field::FolderName)
            } else {
                path
            },
            Case::Keep,
        )
    }

    fn parameters(&mut self, record: &Record<'_>, operation: Operation) -> u32 {
        if record.parameters.is_empty() || !operation.is_rule_change() {
            return 0;
        }
        self.texts[column::PARAMETERS].name(&parameters(record))
    }

    /// Packs the messages of a record that read them, with the folders of which it names none. A lone folder without messages
    /// is in its column already.
    fn messages(&mut self, record: &Record<'_>, operation: Operation) -> ItemSpan {
        let lists = !record.items.is_empty() || record.folders.len() > 1;
        if !operation.is_read() || !lists {
            return NO_ITEMS;
        }
        let (span, data) = self.columns.next_messages();
        push_number(data, record.folders.len() as u64);
        let mut items = record.items.as_slice();
        for folder in &record.folders {
            push_number(data, u64::from(self.folders.code(folder.path, Case::Keep)));
            let (these, rest) = items.split_at_checked(folder.items).unwrap_or((items, &[]));
            items = rest;
            push_number(data, these.len() as u64);
            for item in these {
                let id = item.internet_message_id;
                let id = if is_plain(id.raw) {
                    id.raw
                } else {
                    id.decode(&mut self.scratch).as_bytes()
                };
                push_item(data, id, item.bytes);
            }
        }
        span
    }
}

/// What is known of a record before its columns are filled.
#[derive(Debug, Clone, Copy)]
struct Head {
    key: u128,
    time: i64,
    operation_code: u32,
    operation: Operation,
    record_type: u16,
}

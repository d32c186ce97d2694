//! What a worker leaves behind: columns that hold all its rows, the dictionaries their codes point into, and which of the rows
//! came from which block. Columns grow over all blocks of a worker instead of one set a block: large memory is given back
//! whole, and moves without copies when it grows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::date_order::SlashDates;
use super::envelope::Envelope;
use super::json::Text;
use super::reject::Fault;
use super::window::Windows;
use crate::event::{IrregularIds, ItemSpan, TEXT_COLUMNS};
use crate::seeded::SeededMap;

/// Positions of the text columns, in the order of [`TEXT_COLUMNS`].
pub(crate) mod column {
    pub(crate) const OPERATION: usize = 0;
    pub(crate) const MAILBOX: usize = 1;
    pub(crate) const ACTOR: usize = 2;
    pub(crate) const CLIENT_APP_ID: usize = 3;
    pub(crate) const APP_ID: usize = 4;
    pub(crate) const CLIENT_INFO: usize = 5;
    pub(crate) const CLIENT_VERSION: usize = 6;
    pub(crate) const ADDRESS: usize = 7;
    pub(crate) const NETWORK: usize = 8;
    pub(crate) const COUNTRY: usize = 9;
    pub(crate) const SESSION_ID: usize = 10;
    pub(crate) const FOLDER: usize = 11;
    pub(crate) const PARAMETERS: usize = 12;
}

/// Number of text columns.
pub(crate) const TEXTS: usize = TEXT_COLUMNS.len();

/// A row that was rejected: its number within the segment, the fault, the beginning of its text.
#[derive(Debug)]
pub(crate) struct SegmentReject {
    pub(crate) row: u64,
    pub(crate) fault: Fault,
    pub(crate) excerpt: Box<str>,
}

/// What one block of one file held: ranges of the rows of its worker.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) worker: usize,
    pub(crate) file: usize,
    /// Position of the block in its file.
    pub(crate) block: u64,
    pub(crate) rows: u64,
    /// A header with other columns stands in the block: those of the blocks behind it are not the file's first.
    pub(crate) other_columns: bool,
    pub(crate) windows: Windows,
    /// The envelope, once a row has told it.
    pub(crate) envelope: Option<Envelope>,
    pub(crate) events: Range<usize>,
    pub(crate) other: Range<usize>,
    pub(crate) rejects: Vec<SegmentReject>,
    /// Rejects behind them that are only counted: their worker has kept as many as all files may have.
    pub(crate) counted: BTreeMap<Fault, u64>,
    /// Number of rejects, kept and counted.
    pub(crate) rejected: u64,
}

/// Columns of all rows of a worker. Text columns hold codes of its dictionaries.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) keys: Vec<u128>,
    pub(crate) time: Vec<i64>,
    pub(crate) record_type: Vec<u16>,
    pub(crate) access: Vec<u8>,
    pub(crate) user_type: Vec<u8>,
    pub(crate) logon_type: Vec<u8>,
    pub(crate) client_family: Vec<u8>,
    pub(crate) asn: Vec<u32>,
    pub(crate) items: Vec<u32>,
    pub(crate) bytes: Vec<u64>,
    pub(crate) folders: Vec<u16>,
    /// Bit 0 throttled, bit 1 succeeded, bit 2 external.
    pub(crate) flags: Vec<u8>,
    pub(crate) text: [Vec<u32>; TEXTS],
    /// Where a row's messages are: the number of the message block and the offset in it.
    pub(crate) spans: Vec<ItemSpan>,
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) other_keys: Vec<u128>,
    pub(crate) other_time: Vec<i64>,
    pub(crate) other_kind: Vec<u32>,
    /// Place of an other record's lead in [`Dictionaries::leads`], from 1; 0 for none.
    pub(crate) other_lead: Vec<u32>,
    pub(crate) dates: SlashDates,
}

/// A message block that is longer than this is full: offsets stay well within 32 bits.
const MESSAGE_BLOCK: usize = 1 << 28;

impl Columns {
    /// Number of rows, events and others.
    pub(crate) fn rows(&self) -> usize {
        self.keys.len() + self.other_keys.len()
    }

    /// Where the messages of the next row go, and what to append them to.
    pub(crate) fn next_messages(&mut self) -> (ItemSpan, &mut Vec<u8>) {
        if self
            .messages
            .last()
            .is_none_or(|block| block.len() > MESSAGE_BLOCK)
        {
            self.messages.push(Vec::new());
        }
        let number = self.messages.len() - 1;
        let block = &mut self.messages[number];
        let span = (
            u32::try_from(number).unwrap_or(u32::MAX),
            u32::try_from(block.len()).unwrap_or(u32::MAX),
        );
        (span, block)
    }
}

/// What the envelope around a record says, for records that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EnvelopeFields<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) time: Text<'a>,
    pub(crate) operation: Text<'a>,
    pub(crate) record_type: Text<'a>,
    pub(crate) user: Text<'a>,
}

/// The dictionaries that the columns of a worker point into.
#[derive(Debug)]
pub(crate) struct Dictionaries {
    pub(crate) texts: [Vec<Box<str>>; TEXTS],
    pub(crate) folders: Arc<Vec<Box<str>>>,
    pub(crate) workloads: Vec<Box<str>>,
    pub(crate) irregular: IrregularIds,
    pub(crate) mailbox_guids: SeededMap<u128, Vec<u32>>,
    pub(crate) kinds: Vec<(u32, u32)>,
    /// Who did what of the leads ([`LEAD_TEXTS`]), as codes of `lead_texts`.
    pub(crate) leads: Vec<[u32; LEAD_TEXTS]>,
    pub(crate) lead_texts: Vec<Box<str>>,
}

/// Texts that are kept of a lead: actor, target, parameters, address.
pub(crate) const LEAD_TEXTS: usize = 4;

//! The events that are cut into sessions, and what is known of their dictionaries before the first row is looked at.

use super::SessionOptions;
use super::address_blocks::AddressBlocks;
use crate::event::{ClientFamily, EventColumns, Operation};

/// The record type of sign-ins (`AzureActiveDirectoryStsLogon`).
const SIGN_IN: u16 = 15;

pub(super) struct Log<'a> {
    pub(super) columns: &'a EventColumns<'a>,
    pub(super) options: &'a SessionOptions,
    pub(super) blocks: AddressBlocks,
    /// What each operation does, by code.
    operations: Vec<Operation>,
    /// Whether each client string names a browser, by code.
    browsers: Vec<bool>,
}

impl<'a> Log<'a> {
    pub(super) fn new(columns: &'a EventColumns<'a>, options: &'a SessionOptions) -> Self {
        let clients = columns.client_info.names.iter();
        Self {
            columns,
            options,
            blocks: AddressBlocks::new(&columns.network),
            operations: columns.operations(),
            browsers: clients.map(|name| name.contains("Mozilla")).collect(),
        }
    }

    pub(super) fn operation(&self, row: u32) -> Operation {
        self.operations[self.columns.operation.codes[row as usize] as usize]
    }

    pub(super) fn family(&self, row: u32) -> ClientFamily {
        ClientFamily::from_u8(self.columns.client_family[row as usize])
    }

    /// Whether a record is about signing in and not about a mailbox: all of that type are, whatever their operation (sign-outs,
    /// say).
    pub(super) fn is_sign_in(&self, row: u32) -> bool {
        self.columns.record_type[row as usize] == SIGN_IN || self.operation(row).is_sign_in()
    }

    /// Whether a record of Outlook on the web says which browser.
    pub(super) fn names_browser(&self, row: u32) -> bool {
        let info = self.columns.client_info.codes[row as usize];
        self.family(row) == ClientFamily::Owa && self.browsers[info as usize]
    }

    /// Records that name no client, or only half of one, look for the session that caused them.
    pub(super) fn is_guest(&self, row: u32) -> bool {
        let columns = self.columns;
        let at = row as usize;
        if self.family(row) == ClientFamily::Owa {
            return !self.names_browser(row) || columns.session_id.codes[at] == 0;
        }
        let operation = self.operation(row);
        self.is_sign_in(row)
            || (operation.is_rule_change()
                && columns.client_info.codes[at] == 0
                && columns.client_app_id.codes[at] == 0)
    }
}

//! What must agree within a session.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::{EXCHANGE_ONLINE, day_of};
use crate::event::{ClientFamily, EventColumns};

/// The part of an event that must agree within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Context {
    mailbox: u32,
    actor: u32,
    client_app_id: u32,
    app_id: u32,
    client_info: u32,
    logon_type: u8,
    session_key: u32,
    day: i32,
}

impl Context {
    /// A number of 64 bits, equal for equal contexts, and hardly ever for others: numbers sort several times faster than contexts,
    /// whose parts lie in eight columns.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        // FxHash leaves the low bits weak; the finaliser of MurmurHash3 spreads them.
        let mut hash = hasher.finish();
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

pub(super) fn context(columns: &EventColumns<'_>, row: u32) -> Context {
    let row = row as usize;
    Context {
        mailbox: columns.mailbox.codes[row],
        actor: columns.actor.codes[row],
        client_app_id: columns.client_app_id.codes[row],
        app_id: application_called(columns, row),
        client_info: columns.client_info.codes[row],
        logon_type: columns.logon_type[row],
        session_key: columns.session_id.codes[row],
        day: day_of(columns.time[row]),
    }
}

/// `AppId`, except that Outlook on the web may leave Exchange Online's own id out (a quarter of its reads do).
fn application_called(columns: &EventColumns<'_>, row: usize) -> u32 {
    let app_id = columns.app_id.codes[row];
    let own = columns.app_id.names[app_id as usize] == EXCHANGE_ONLINE;
    if own && ClientFamily::from_u8(columns.client_family[row]) == ClientFamily::Owa {
        0
    } else {
        app_id
    }
}

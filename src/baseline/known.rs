//! Who and what a mailbox and its tenant know: by which name, since when, and whether they trust it.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::mailbox::ordered;
use super::odd_days::SETTLED_DAYS;
use crate::feature::{CategoryKind, Channel, Observation, Symbol};

/// Different days on which a mailbox must meet a category before it is familiar.
pub(crate) const TRUST_DAYS: u16 = 3;
/// What a mailbox trusted and has not seen for so many days by its own clock ([`super::mailbox::MailboxBaseline::clock`]) is not its
/// own any more: forgotten applications and old clients are ways in.
pub(crate) const FORGOTTEN_DAYS: i32 = 90;
/// Days after which the tenant notes again that a category is in use. Every day would be a note for everything that anybody uses.
const NOTED_AFTER_DAYS: u32 = 7;
/// An application acts from a fixed place when it has been met on this many mailbox-days for every block that it came from.
/// Another block is then as rare as one in so many (the rule of succession).
const DAYS_AT_ONE_PLACE: u32 = 10;

/// A category with its kind.
pub(crate) type Category = (CategoryKind, Symbol);

/// Marks the places of applications: symbols are numbered from below.
pub(super) const OF_APPLICATIONS: Symbol = 1 << 31;

/// Under which name a session's category is known. Where applications come from is known by itself: a service in somebody's cloud does
/// not make all its hosts places for people to come from.
pub(crate) fn known_as(observation: &Observation, kind: CategoryKind) -> Category {
    let symbol = observation.category(kind);
    let place = matches!(
        kind,
        CategoryKind::Network | CategoryKind::Block | CategoryKind::Country
    );
    if place && symbol != 0 && observation.channel == Channel::Application {
        (kind, symbol | OF_APPLICATIONS)
    } else {
        (kind, symbol)
    }
}

/// Under which other name a category may be known to be familiar as well: applications may come from where people do.
pub(crate) fn or_known_as((kind, symbol): Category) -> Option<Category> {
    (symbol & OF_APPLICATIONS != 0).then_some((kind, symbol & !OF_APPLICATIONS))
}

/// How a mailbox knows a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acquaintance {
    /// First and last day, days since 1970.
    pub(crate) first: i32,
    pub(crate) last: i32,
    /// When a session that may teach brought it last, by the mailbox's clock.
    pub(crate) trusted: i32,
    /// Different days on which a session that may teach brought it, since it was new or had been forgotten.
    pub(crate) days: u16,
    /// Different days on which any session brought it.
    pub(crate) met: u16,
    /// Rung on the first of those days.
    pub(crate) origin: u8,
    /// Whether the tenant counts this mailbox among those to which it is familiar.
    pub(crate) settled: bool,
}

impl Acquaintance {
    /// Whether it has been met often enough to be familiar.
    pub(super) fn is_trusted(&self) -> bool {
        self.days >= TRUST_DAYS
    }

    /// Whether it was familiar and has not been seen for too long, by the mailbox's clock.
    pub(super) fn is_forgotten(&self, clock: i32) -> bool {
        self.is_trusted() && clock.saturating_sub(self.trusted) > FORGOTTEN_DAYS
    }
}

/// What a mailbox knows on a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) known: &'a FxHashMap<Category, Acquaintance>,
    /// Whether its owner has used it for a few days at most.
    pub(crate) young: bool,
    /// The mailbox's own time: who comes back from a long leave has forgotten nothing.
    pub(crate) clock: i32,
}

impl Memory<'_> {
    /// Whether a category is familiar to it.
    pub(super) fn is_familiar(&self, category: &Category) -> bool {
        let known = self.known.get(category);
        known.is_some_and(|known| known.is_trusted() && !known.is_forgotten(self.clock))
    }
}

/// How the tenant knows a category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantAcquaintance {
    pub(crate) first: i32,
    /// Mailboxes that have begun to trust it.
    pub(crate) mailboxes: u32,
    /// Mailboxes to which it has become familiar.
    pub(crate) familiar: u32,
    /// Days that the tenant had learned when a session that may teach brought it last, to a week.
    pub(crate) last: u32,
}

impl TenantAcquaintance {
    /// Whether no mailbox has used it for as long as a mailbox remembers, after so many learned days.
    fn is_forgotten(&self, days: u32) -> bool {
        days.saturating_sub(self.last) > FORGOTTEN_DAYS.unsigned_abs()
    }

    /// Whether it is time to note that it is still in use.
    pub(super) fn is_due(&self, days: u32) -> bool {
        days.saturating_sub(self.last) >= NOTED_AFTER_DAYS
    }
}

/// The tenant's side of novelty.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TenantKnown {
    #[serde(with = "ordered")]
    categories: FxHashMap<Category, TenantAcquaintance>,
    /// Where each application comes from.
    #[serde(with = "ordered")]
    whereabouts: FxHashMap<Symbol, Whereabouts>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Whereabouts {
    /// Different blocks.
    blocks: u32,
    /// Mailboxes times days, by block.
    days: u32,
}

impl TenantKnown {
    /// What the tenant has not forgotten after so many learned days.
    pub(super) fn get(&self, category: &Category, days: u32) -> Option<&TenantAcquaintance> {
        let known = self.categories.get(category);
        known.filter(|known| !known.is_forgotten(days))
    }

    /// Another mailbox has begun to trust a category, that `application` brought, after so many learned days.
    pub(crate) fn begin(
        &mut self,
        category: Category,
        application: Symbol,
        (first, days): (i32, u32),
    ) {
        let new = !self.categories.contains_key(&category);
        if new && category.0 == CategoryKind::Origin && category.1 != 0 {
            self.whereabouts.entry(application).or_default().blocks += 1;
        }
        let met = TenantAcquaintance {
            first,
            mailboxes: 0,
            familiar: 0,
            last: days,
        };
        let known = self.categories.entry(category).or_insert(met);
        if known.is_forgotten(days) {
            *known = met;
        }
        known.mailboxes += 1;
        known.last = days;
    }

    /// A category has become familiar to another mailbox.
    pub(crate) fn settle(&mut self, category: &Category) {
        if let Some(known) = self.categories.get_mut(category) {
            known.familiar += 1;
        }
    }

    /// The first day on which it was met, since 1970.
    pub(crate) fn first_day(&self, category: &Category) -> Option<i32> {
        self.categories.get(category).map(|known| known.first)
    }

    /// A category is still in use after so many learned days.
    pub(crate) fn note(&mut self, category: &Category, days: u32) {
        if let Some(known) = self.categories.get_mut(category) {
            known.last = days;
        }
    }

    /// An application came to a mailbox on a day from somewhere, as it should.
    pub(crate) fn visit(&mut self, application: Symbol) {
        self.whereabouts.entry(application).or_default().days += 1;
    }

    /// Whether an application has been here for a while and nearly always comes from the same blocks, as a service does. The
    /// mail program of a person travels.
    pub(super) fn stays(&self, application: Symbol, day: i32, days: u32) -> bool {
        let settled = self
            .get(&(CategoryKind::Application, application), days)
            .is_some_and(|known| day - known.first >= SETTLED_DAYS as i32);
        let known = self.whereabouts.get(&application);
        settled && known.is_some_and(|known| known.days >= known.blocks * DAYS_AT_ONE_PLACE)
    }
}

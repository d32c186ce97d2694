//! Invented names: people from syllables, folders and subjects from everyday words. None is a real person's.

use super::random::{Generator, pick};

const GIVEN: [&str; 24] = [
    "bra", "cor", "del", "fen", "gal", "hel", "ira", "jor", "kel", "lum", "mar", "nev", "ori",
    "pel", "quil", "ros", "sel", "tam", "uli", "ver", "wen", "yor", "zan", "dor",
];
const GIVEN_END: [&str; 10] = ["a", "en", "is", "o", "ik", "elle", "in", "us", "ette", "an"];
const FAMILY: [&str; 20] = [
    "alder", "birch", "cliff", "dale", "ember", "fallow", "glen", "heath", "iron", "juniper",
    "kettle", "larch", "moss", "north", "oak", "pine", "quarry", "reed", "stone", "thorn",
];
const FAMILY_END: [&str; 12] = [
    "ley", "by", "ford", "er", "wick", "man", "ton", "worth", "ham", "sen", "stra", "field",
];

/// Names of folders that people make.
pub(super) const FOLDERS: [&str; 40] = [
    "Projects",
    "Travel",
    "Finance",
    "Invoices",
    "Clients",
    "Suppliers",
    "Personnel",
    "Contracts",
    "Legal",
    "Reports",
    "Board",
    "Committee",
    "Press",
    "Events",
    "Training",
    "Facilities",
    "IT",
    "Security",
    "Planning",
    "Research",
    "Grants",
    "Newsletters",
    "Receipts",
    "Orders",
    "Returns",
    "Audit",
    "Budget 2023",
    "Budget 2024",
    "Q1",
    "Q2",
    "Q3",
    "Q4",
    "Follow up",
    "Done",
    "Waiting",
    "Family",
    "Health",
    "Union",
    "Partners",
    "Tenders",
];

/// Subjects of messages.
pub(super) const SUBJECTS: [&str; 16] = [
    "Re: agenda for Thursday",
    "Minutes of the meeting",
    "Re: draft for review",
    "Invoice attached",
    "FW: planning next quarter",
    "Question about the order",
    "Re: room booking",
    "Travel itinerary",
    "Weekly report",
    "Re: contract, second version",
    "Reminder: timesheets",
    "Re: lunch?",
    "Feedback on the proposal",
    "Delivery on Monday",
    "FW: note from the board",
    "Re: re: numbers for March",
];

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A mail name in the form `Given.Family`, perhaps one that was given out before.
pub(super) fn person(rng: &mut Generator) -> String {
    let mut part = |choices: &[&'static str]| pick(rng, choices).unwrap_or_default();
    let given = format!("{}{}", part(&GIVEN), part(&GIVEN_END));
    let family = format!("{}{}", part(&FAMILY), part(&FAMILY_END));
    format!("{}.{}", capital(&given), capital(&family))
}

/// A domain under `.example` (reserved: RFC 2606).
pub(super) fn domain(rng: &mut Generator) -> String {
    let mut part = |choices: &[&'static str]| pick(rng, choices).unwrap_or_default();
    format!(
        "{}{}-{}.example",
        part(&FAMILY),
        part(&FAMILY_END),
        part(&GIVEN)
    )
}

/// Names of shared mailboxes.
pub(super) const SHARED: [&str; 12] = [
    "info",
    "support",
    "invoices",
    "sales",
    "press",
    "jobs",
    "reception",
    "orders",
    "helpdesk",
    "events",
    "legal",
    "facilities",
];

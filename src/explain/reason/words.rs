//! Evidence to sentences: one way to say it for each kind of expectation.

use std::collections::BTreeSet;

use super::Comparison;
use crate::amount::{bytes, count as number};
use crate::baseline::{AmountRange, Elsewhere, Evidence, Expectation};
use crate::event::{AccessType, ClientFamily, Operation};
use crate::explain::Naming;
use crate::explain::amount::{count, duration, plural, probability, whole};
use crate::explain::change::{changes, is_unclear};
use crate::feature::{CategoryKind, Channel, FeatureId, Symbols};
use crate::session::Session;

/// A mailbox with fewer sessions than this is judged by what others do as much as by its own.
const FEW_SESSIONS: u32 = 10;

/// A session and one piece of evidence against it, to be put into words.
pub(super) struct Words<'a> {
    pub(super) session: &'a Session,
    pub(super) evidence: &'a Evidence,
    pub(super) naming: &'a Naming<'a>,
    pub(super) symbols: &'a Symbols,
}

/// A reason's parts in words, and its numbers.
pub(super) struct Said {
    pub(super) observed: String,
    pub(super) expected: String,
    pub(super) comparison: Comparison,
    pub(super) sentence: String,
}

const HOUR_MS: i64 = 3_600_000;

/// Said where a mailbox has no days to compare with.
const NO_HISTORY: &str = "too little history of this mailbox to compare with";

/// What happened, set against how many of the mailbox's days saw `such`.
fn against_days(what: &str, such: &str, such_days: u32, days: u32) -> Said {
    if days == 0 {
        return without_history(what);
    }
    let expected = format!("{such} on {such_days} of {}", count(days, "ordinary day"));
    Said {
        observed: what.to_owned(),
        sentence: format!("{what}; this mailbox saw {expected}"),
        expected,
        comparison: Comparison::Once {
            such: such_days,
            of: days,
        },
    }
}

/// What happened in a mailbox whose days are not counted yet.
fn without_history(what: &str) -> Said {
    Said {
        observed: what.to_owned(),
        expected: NO_HISTORY.to_owned(),
        comparison: Comparison::Once { such: 0, of: 0 },
        sentence: format!("{what}; {NO_HISTORY}"),
    }
}

fn silence(silent_days: u32, such_days: u32, days: u32) -> Said {
    let expected = format!(
        "as long a silence before {such_days} of {}",
        count(days, "ordinary day")
    );
    let silence = count(silent_days, "day");
    Said {
        sentence: format!("nobody had opened the mailbox for {silence}; {expected}"),
        observed: silence,
        expected,
        comparison: Comparison::Amount {
            observed: f64::from(silent_days),
            expected: 0.0,
        },
    }
}

/// Days on which something was seen that is expected on none.
fn days_seen(days: u32, unit: &str, sentence: impl Fn(&str) -> String) -> Said {
    let seen = count(days, unit);
    Said {
        sentence: sentence(&seen),
        observed: seen,
        expected: count(0, unit),
        comparison: Comparison::Amount {
            observed: f64::from(days),
            expected: 0.0,
        },
    }
}

/// Who was here on earlier days (`seen` in words), and on how many of them from other networks.
fn persistence(seen: &str, days: u32, elsewhere: Option<u32>) -> String {
    match elsewhere {
        None => format!("networks of the same unfamiliar block were here on {seen}"),
        Some(elsewhere) if elsewhere < days => format!(
            "the same unfamiliar client was here on {seen}, on at least {} from other networks",
            number(u64::from(elsewhere))
        ),
        Some(_) => {
            format!("the same unfamiliar client was here on {seen}, from other networks")
        }
    }
}

impl Words<'_> {
    pub(super) fn say(&self) -> Said {
        match &self.evidence.expectation {
            Expectation::Novelty {
                rung,
                met_days,
                mailboxes,
                tenant_mailboxes,
                such_days,
                days,
                of,
            } => {
                let known = Known {
                    rung: *rung,
                    met_days: *met_days,
                    mailboxes: *mailboxes,
                    tenant_mailboxes: *tenant_mailboxes,
                };
                self.novelty(&known, (*such_days, *days), *of)
            }
            Expectation::Range(range) => self.range(range),
            Expectation::Hour {
                near,
                sessions,
                weekend,
                channel,
            } => self.hour((*near, *sessions), *weekend, *channel),
            Expectation::Changes { such_days, days } => self.changes(*such_days, *days),
            Expectation::Token {
                rung,
                such_days,
                days,
            } => self.token(*rung, *such_days, *days),
            Expectation::Spread {
                today,
                mailboxes,
                kind,
                symbol,
            } => {
                let within = if *today {
                    "on this day"
                } else {
                    "within two weeks"
                };
                self.spread((*mailboxes, within), *kind, self.symbols.name(*symbol))
            }
            Expectation::Silence {
                silent_days,
                such_days,
                days,
            } => silence(*silent_days, *such_days, *days),
            Expectation::Throttled { such_days, days } => against_days(
                "the service stopped logging reads of this mailbox (throttled): what followed is not in the log",
                "the like",
                *such_days,
                *days,
            ),
            Expectation::OddDays { days } => days_seen(*days, "day", |days| {
                format!(
                    "on {days} of the last two weeks the mailbox was opened at an hour unusual for it from a network new to it"
                )
            }),
            Expectation::Persistence { days, elsewhere } => {
                let said = days_seen(*days, "day", |_| {
                    persistence(&self.naming.other_days(*days), *days, *elsewhere)
                });
                Said {
                    observed: self.naming.other_days(*days),
                    expected: self.naming.other_days(0),
                    ..said
                }
            }
        }
    }

    fn novelty(&self, known: &Known, (such_days, days): (u32, u32), of: CategoryKind) -> Said {
        let subject = match of {
            CategoryKind::Application => self.naming.application(self.session),
            CategoryKind::Origin => format!(
                "{} from {}",
                self.naming.application(self.session),
                self.naming.network_in_block(self.session)
            ),
            CategoryKind::Version => format!(
                "client string \"{}\"",
                self.naming.client_info(self.session)
            ),
            CategoryKind::Client => {
                let application = self.naming.application(self.session);
                match self.naming.client_info(self.session) {
                    "" if self.naming.application_id(self.session).is_empty() => {
                        "a client without application id and client string".to_owned()
                    }
                    "" => format!("{application} without a client string"),
                    info => format!("{application} with client \"{info}\""),
                }
            }
            CategoryKind::Actor => match self.naming.logon_type(self.session) {
                "" => format!("actor {}", self.naming.actor(self.session)),
                logon => format!(
                    "actor {} as {}",
                    self.naming.actor(self.session),
                    logon.to_lowercase()
                ),
            },
            _ => self.networks(),
        };
        let observed = known.in_words(|days| self.naming.other_days(days));
        let (expected, basis) = if days == 0 {
            (NO_HISTORY.to_owned(), NO_HISTORY.to_owned())
        } else {
            let expected = format!(
                "something as new on {such_days} of {}",
                count(days, "ordinary day")
            );
            let basis = format!("this mailbox met {expected}");
            (expected, basis)
        };
        Said {
            sentence: format!("{subject} {observed}; {basis}"),
            observed,
            expected,
            comparison: Comparison::Once {
                such: such_days,
                of: days,
            },
        }
    }

    /// The network, and how many others the session came from.
    fn networks(&self) -> String {
        let network = self.naming.network_in_block(self.session);
        let codes = self.naming.columns().network.codes;
        let rows = self.session.rows.iter().map(|&row| codes[row as usize]);
        let all: BTreeSet<u32> = rows.filter(|&code| code != 0).collect();
        match all.len().saturating_sub(1) {
            0 => network,
            others => format!(
                "{network}, with {} besides,",
                count(others as u32, "other network")
            ),
        }
    }

    /// Minutes between the first and the last read; `None` when they are one.
    fn reading_minutes(&self) -> Option<f64> {
        let columns = self.naming.columns();
        let mut reads = self
            .session
            .rows
            .iter()
            .map(|&row| row as usize)
            .filter(|&row| {
                // Most reads say how they read; these need no look at the operation's name.
                columns.access[row] != AccessType::None as u8
                    || Operation::classify(columns.operation.get(row)).is_read_of_items()
            })
            .map(|row| columns.time[row]);
        let first = reads.next()?;
        let last = reads.next_back()?;
        (last > first).then(|| (last - first) as f64 / 60_000.0)
    }

    fn client_words(&self) -> String {
        let info = self.naming.client_info(self.session);
        if info.is_empty() {
            self.naming.client(self.session)
        } else {
            format!("\"{info}\"")
        }
    }

    fn range(&self, range: &AmountRange) -> Said {
        let observed = self.evidence.observed;
        let (what, unit) = self.measured();
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(" {what}")
        };
        let span = match (self.evidence.feature, self.reading_minutes()) {
            (FeatureId::Items, Some(minutes)) => format!(" in {}", duration(minutes)),
            _ => String::new(),
        };
        let observed_words = match unit {
            "byte" => bytes(observed),
            unit => format!("{} {}", number(whole(observed)), plural(observed, unit)),
        };
        let amount = |value: f64| match unit {
            "byte" => bytes(value),
            _ => number(whole(value)),
        };
        // The range reaches up to `high`, which is told from it: whole numbers below.
        let high = (range.high.ceil() - 1.0).max(0.0);
        let expected = if high == 0.0 {
            "none".to_owned()
        } else {
            format!(
                "{} to {}",
                amount(range.low.floor().min(high)),
                amount(high)
            )
        };
        let basis = self.compared_with(range, &expected);
        let alone =
            (range.sessions == 0).then(|| "nothing in this mailbox to compare with".to_owned());
        let odds =
            (self.evidence.bans >= 2.0).then(|| format!("p = {}", probability(self.evidence.bans)));
        let notes: Vec<String> = alone.into_iter().chain(odds).collect();
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!(" ({})", notes.join("; ")),
        };
        Said {
            sentence: format!("{observed_words}{what}{span}; {basis}{notes}"),
            observed: observed_words,
            expected,
            comparison: Comparison::Amount {
                observed,
                expected: high,
            },
        }
    }

    /// What was done with what is counted, and one of it.
    fn measured(&self) -> (&'static str, &'static str) {
        // Both count a synchronised folder like an item.
        let item = if self.session.syncs > 0 {
            "item or folder"
        } else {
            "item"
        };
        match self.evidence.feature {
            FeatureId::Items => ("read", "item"),
            FeatureId::Burst => ("read within five minutes", item),
            FeatureId::Bytes => ("read", "byte"),
            FeatureId::Folders => ("touched", "folder"),
            FeatureId::Syncs => ("", "folder synchronisation"),
            FeatureId::DayItems => (
                "read by this client through this provider on this day",
                item,
            ),
            FeatureId::Sends => ("sent", "message"),
            FeatureId::Deletes => ("deleted", "message"),
            _ => ("", "search or failed operation"),
        }
    }

    /// Whose sessions have the expected amount, as a clause.
    fn compared_with(&self, range: &AmountRange, expected: &str) -> String {
        let through = match self.session.client_family {
            ClientFamily::Unknown | ClientFamily::Other => "such clients".to_owned(),
            family => family.as_str().to_owned(),
        };
        let who = if range.delegated {
            " of others than the owner"
        } else {
            ""
        };
        if range.sessions == 0 {
            let compared = match range.elsewhere {
                Elsewhere::Application => "sessions of this application".to_owned(),
                Elsewhere::Class if range.unfamiliar => {
                    format!("new clients through {through}{who}")
                }
                Elsewhere::Class => format!("sessions{who} through {through}"),
                Elsewhere::Everything => "all sessions".to_owned(),
            };
            return format!("{compared} in the tenant have {expected}");
        }
        let own = format!(
            "this mailbox's {}{who} through {through}{}",
            count(range.sessions, "ordinary session"),
            if range.unfamiliar {
                " by clients new to it"
            } else {
                ""
            }
        );
        if range.sessions < FEW_SESSIONS {
            format!("{own} and those of other mailboxes make {expected} likely")
        } else {
            format!("{own} mostly have {expected}")
        }
    }

    fn hour(&self, (near, sessions): (u32, u32), weekend: bool, channel: Channel) -> Said {
        let clock = if self.session.end - self.session.start < 60_000 {
            self.naming.clock(self.session.start)
        } else {
            format!(
                "{} to {}",
                self.naming.clock(self.session.start),
                self.naming.clock(self.session.end)
            )
        };
        let zone = self.naming.zone();
        let kind = match channel {
            Channel::Interactive => "at a screen",
            Channel::Mobile => "on phones and in mail programs",
            Channel::Application => "of applications",
        };
        // Hours are counted by the middle of a session, and by the days of UTC, which may not be those of the clock.
        let columns = self.naming.columns();
        let middle = columns.time[self.session.rows[self.session.rows.len() / 2] as usize];
        let days = match (weekend, weekend == self.naming.is_weekend(middle)) {
            (true, true) => "at weekends",
            (true, false) => "at weekends (of UTC)",
            (false, true) => "on working days",
            (false, false) => "on working days (of UTC)",
        };
        let long = self.session.end - self.session.start > HOUR_MS;
        let it = if long {
            self.naming.clock(middle)
        } else {
            "it".to_owned()
        };
        let expected = if sessions == 0 {
            format!("no ordinary sessions {kind} {days} to compare")
        } else {
            format!(
                "{near} of {} {kind} {days} within an hour of {it}",
                count(sessions, "ordinary session")
            )
        };
        Said {
            observed: format!("{clock} {zone}"),
            sentence: format!("{clock} {zone}; {expected}"),
            expected,
            comparison: Comparison::Once {
                such: near,
                of: sessions,
            },
        }
    }

    fn token(&self, rung: usize, such_days: u32, days: u32) -> Said {
        let what = match rung {
            0 | 1 => "the sign-in session goes on from another network or in another browser",
            2 => "the sign-in session goes on from a network that this mailbox does not know",
            _ => "the sign-in session goes on from an unknown network in another browser",
        };
        against_days(what, "the like", such_days, days)
    }

    fn changes(&self, such_days: u32, days: u32) -> Said {
        let named = changes(self.session, self.naming.columns());
        let named = named.as_deref().unwrap_or("a change of settings");
        let what = match self.evidence.observed {
            rung if rung >= 3.0 => format!("{named}: sends mail on to another domain"),
            rung if rung >= 2.0 => format!("{named}: hides mail, sends it on, or lets others in"),
            rung if rung >= 1.0 && is_unclear(self.session, self.naming.columns()) => {
                format!("{named}: what was set is not in the log")
            }
            rung if rung >= 1.0 => {
                format!("{named}: hides nothing, sends nothing on, shows nobody mail")
            }
            _ => format!("{named}: hides nothing, sends nothing on, lets nobody in"),
        };
        let what = what.as_str();
        if self.evidence.observed < 1.0 {
            return Said {
                observed: what.to_owned(),
                expected: String::new(),
                comparison: Comparison::Nothing,
                sentence: what.to_owned(),
            };
        }
        against_days(what, "such a change", such_days, days)
    }

    fn spread(&self, (mailboxes, within): (u32, &str), kind: CategoryKind, name: &str) -> Said {
        let unfamiliar = |what: String| {
            format!("the same unfamiliar {what} opened {mailboxes} mailboxes {within}")
        };
        let sentence = match kind {
            // The tenant may know it well: a service in mailboxes that it was never in.
            CategoryKind::Application => format!(
                "{} opened {mailboxes} mailboxes {within}, to none of which it is familiar",
                self.naming.application(self.session)
            ),
            CategoryKind::Client | CategoryKind::Version => {
                unfamiliar(format!("client {}", self.client_words()))
            }
            CategoryKind::Actor => unfamiliar(format!("actor {name}")),
            CategoryKind::Block => unfamiliar(format!("block {name}")),
            _ => unfamiliar(format!("network {name}")),
        };
        Said {
            observed: count(mailboxes, "mailbox"),
            expected: "1 mailbox".to_owned(),
            comparison: Comparison::Amount {
                observed: f64::from(mailboxes),
                expected: 1.0,
            },
            sentence,
        }
    }
}

/// How well a category is known.
struct Known {
    rung: usize,
    met_days: u32,
    mailboxes: u32,
    tenant_mailboxes: u32,
}

impl Known {
    /// `other_days` counts days and says whether they are earlier ones.
    fn in_words(&self, other_days: impl Fn(u32) -> String) -> String {
        let tenant = match self.mailboxes {
            0 => match self.tenant_mailboxes.saturating_sub(1) {
                0 | 1 => "familiar to no other mailbox".to_owned(),
                others => format!("familiar to none of the other {others} mailboxes"),
            },
            n => format!(
                "familiar to {n} of {} mailboxes",
                self.tenant_mailboxes.max(n)
            ),
        };
        match (self.met_days, self.rung) {
            (0, 1) => "is new to this mailbox; many others know it or meet it now".to_owned(),
            (0, _) => format!("is new to this mailbox and {tenant}"),
            (days, _) => format!(
                "came to this mailbox on {} and is {tenant}",
                other_days(days)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiarity_is_that_of_other_mailboxes() {
        let new = Known {
            rung: 5,
            met_days: 0,
            mailboxes: 0,
            tenant_mailboxes: 80,
        };
        assert_eq!(
            new.in_words(|_| String::new()),
            "is new to this mailbox and familiar to none of the other 79 mailboxes"
        );
        let again = Known {
            rung: 5,
            met_days: 2,
            mailboxes: 0,
            tenant_mailboxes: 80,
        };
        assert_eq!(
            again.in_words(|days| format!("{days} earlier days")),
            "came to this mailbox on 2 earlier days and is familiar to none of the other 79 mailboxes"
        );
    }
}

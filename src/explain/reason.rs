//! Reasons in words, with the numbers that an analyst would ask for next.

use serde::{Deserialize, Serialize};

use super::Naming;
use super::amount::{bytes, count, duration, number, plural, probability, whole};
use super::change::changes;
use crate::baseline::{Elsewhere, Evidence, Expectation};
use crate::event::{AccessType, ClientFamily};
use crate::feature::{CategoryKind, Channel, FeatureId, Symbols};
use crate::session::Session;

/// A feature below this deviation is nobody's reason: one session in ten shows as much.
const MIN_BANS: f64 = 1.0;

/// Why a session was flagged: one feature in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The feature.
    pub feature: FeatureId,
    /// What was observed, with its unit.
    pub observed: String,
    /// What was expected, with its unit.
    pub expected: String,
    /// The observed number; 1 for what happened once (something new, a rare hour, a change of settings).
    pub observed_value: f64,
    /// The most that was expected, in the same unit; for what happened once, the share of the mailbox's days or
    /// sessions that show the like.
    pub expected_value: f64,
    /// Share in the score before follow-ups are drawn down: of its weight, and of what the forest attributes to it; the forest's
    /// shares sum to its excess over the average.
    pub contribution: f64,
    /// Deviation in bans.
    pub bans: f64,
    /// A sentence for people.
    pub sentence: String,
}

/// Reasons of a flagged session in which no feature stands out by itself.
const AT_LEAST: usize = 3;
/// Most reasons of a session: what comes after adds nothing that an analyst could use.
const AT_MOST: usize = 8;
/// A mailbox with fewer sessions than this is judged by what others do as much as by its own.
const FEW_SESSIONS: u32 = 10;

/// Puts evidence into words, the largest contribution first. `contributions` are by feature. A `flagged` session in which
/// nothing stands out by itself says what adds up, and one that changed rules, forwarding or permissions says so in any case: how
/// rare such changes are in the mailbox is one question, what an analyst has to undo is another.
pub fn reasons(
    session: &Session,
    flagged: bool,
    evidence: &[Evidence],
    contributions: &[f64],
    naming: &Naming<'_>,
    symbols: &Symbols,
) -> Vec<Reason> {
    let changed =
        |feature: FeatureId| flagged && session.rules > 0 && feature == FeatureId::Changes;
    let mut telling: Vec<&Evidence> = evidence
        .iter()
        .filter(|e| e.bans >= MIN_BANS || changed(e.feature))
        .collect();
    if flagged && telling.iter().all(|e| e.bans < MIN_BANS) {
        let mut rest: Vec<&Evidence> = evidence
            .iter()
            .filter(|e| e.bans > 0.0 && !changed(e.feature))
            .collect();
        rest.sort_by(|a, b| b.bans.total_cmp(&a.bans).then(a.feature.cmp(&b.feature)));
        telling.extend(rest.into_iter().take(AT_LEAST));
    }
    let mut reasons: Vec<Reason> = telling
        .into_iter()
        .map(|evidence| {
            let words = Words {
                session,
                evidence,
                naming,
                symbols,
            };
            let (observed, expected, expected_value, sentence) = words.say();
            // What is new or at a rare hour happened once; expected is how often the like happens.
            let once = matches!(
                evidence.expectation,
                Expectation::Novelty { .. }
                    | Expectation::Hour { .. }
                    | Expectation::Changes { .. }
                    | Expectation::Token { .. }
                    | Expectation::Throttled { .. }
            );
            Reason {
                feature: evidence.feature,
                observed,
                expected,
                observed_value: if once { 1.0 } else { evidence.observed },
                expected_value,
                contribution: contributions
                    .get(evidence.feature.index())
                    .copied()
                    .unwrap_or(0.0),
                bans: evidence.bans,
                sentence,
            }
        })
        .collect();
    reasons.sort_by(|a, b| {
        b.contribution
            .total_cmp(&a.contribution)
            .then(b.bans.total_cmp(&a.bans))
            .then(a.feature.cmp(&b.feature))
    });
    if let Some(at) = reasons.iter().position(|reason| changed(reason.feature))
        && at >= AT_MOST
    {
        reasons.swap(AT_MOST - 1, at);
    }
    reasons.truncate(AT_MOST);
    reasons
}

struct Words<'a> {
    session: &'a Session,
    evidence: &'a Evidence,
    naming: &'a Naming<'a>,
    symbols: &'a Symbols,
}

/// Observed, expected, expected number, sentence.
type Said = (String, String, f64, String);

/// Said where a mailbox has no days to compare with.
const NO_HISTORY: &str = "too little history of this mailbox to compare with";

/// What happened, set against how many of the mailbox's days saw the like.
fn the_like(what: &str, such_days: u32, days: u32) -> Said {
    if days == 0 {
        return without_history(what);
    }
    let expected = format!("the like on {such_days} of {}", count(days, "ordinary day"));
    let rate = f64::from(such_days) / f64::from(days.max(1));
    let sentence = format!("{what}; this mailbox saw {expected}");
    (what.to_owned(), expected, rate, sentence)
}

/// What happened in a mailbox whose days are not counted yet.
fn without_history(what: &str) -> Said {
    let expected = NO_HISTORY.to_owned();
    let sentence = format!("{what}; {expected}");
    (what.to_owned(), expected, 0.0, sentence)
}

fn silence(silent_days: u32, such_days: u32, days: u32) -> Said {
    let expected = format!(
        "as long a silence before {such_days} of {}",
        count(days, "ordinary day")
    );
    let silence = count(silent_days, "day");
    let sentence = format!("nobody had opened the mailbox for {silence}; {expected}");
    (silence, expected, 0.0, sentence)
}

/// Days on which something was seen that is expected on none.
fn days_seen(days: u32, unit: &str, sentence: impl Fn(&str) -> String) -> Said {
    let seen = count(days, unit);
    let sentence = sentence(&seen);
    (seen, count(0, unit), 0.0, sentence)
}

/// Who was here on earlier days (`seen` in words), and on how many of them from other networks.
fn persistence(seen: &str, days: u32, elsewhere: Option<u32>) -> String {
    match elsewhere {
        None => format!("the same unfamiliar network was here on {seen}"),
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
    fn say(&self) -> Said {
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
            Expectation::Range {
                low,
                high,
                sessions,
                unfamiliar,
                delegated,
                elsewhere,
            } => self.range(
                (*low, *high),
                *sessions,
                (*unfamiliar, *delegated),
                *elsewhere,
            ),
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
                    "within a week"
                };
                self.spread((*mailboxes, within), *kind, self.symbols.name(*symbol))
            }
            Expectation::Silence {
                silent_days,
                such_days,
                days,
            } => silence(*silent_days, *such_days, *days),
            Expectation::Throttled { such_days, days } => the_like(
                "the service stopped logging reads of this mailbox (throttled): what followed is not in the log",
                *such_days,
                *days,
            ),
            Expectation::OddDays { days } => days_seen(*days, "day", |days| {
                format!(
                    "on {days} of the last two weeks the mailbox was opened at an hour unusual for it from a network new to it"
                )
            }),
            Expectation::Persistence { days, elsewhere } => {
                days_seen(*days, "earlier day", |seen| {
                    persistence(seen, *days, *elsewhere)
                })
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
            _ => self.naming.network_in_block(self.session),
        };
        let observed = known.in_words();
        let (expected, rate) = if days == 0 {
            (NO_HISTORY.to_owned(), 0.0)
        } else {
            let words = format!(
                "something as new on {such_days} of {}",
                count(days, "ordinary day")
            );
            (words, f64::from(such_days) / f64::from(days))
        };
        let basis = if days == 0 {
            expected.clone()
        } else {
            format!("this mailbox met {expected}")
        };
        let sentence = format!("{subject} {observed}; {basis}");
        (observed, expected, rate, sentence)
    }

    /// Minutes between the first and the last read; `None` when they are one.
    fn reading_minutes(&self) -> Option<f64> {
        let columns = self.naming.columns();
        let mut reads = self
            .session
            .rows
            .iter()
            .map(|&row| row as usize)
            .filter(|&row| columns.access[row] != AccessType::None as u8)
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

    fn range(
        &self,
        (low, high): (f64, f64),
        sessions: u32,
        (unfamiliar, delegated): (bool, bool),
        elsewhere: Elsewhere,
    ) -> Said {
        let observed = self.evidence.observed;
        // Both count a synchronised folder like an item.
        let item = if self.session.syncs > 0 {
            "item or folder"
        } else {
            "item"
        };
        let (what, unit) = match self.evidence.feature {
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
        };
        let amount = |value: f64| {
            if unit == "byte" {
                bytes(value)
            } else {
                number(whole(value))
            }
        };
        let plural = |value: f64| {
            if unit == "byte" {
                String::new()
            } else {
                format!(" {}", plural(value, unit))
            }
        };
        let span = if self.evidence.feature == FeatureId::Items
            && let Some(minutes) = self.reading_minutes()
        {
            format!(" in {}", duration(minutes))
        } else {
            String::new()
        };
        let observed_words = format!("{}{}", amount(observed), plural(observed));
        // The range reaches up to `high`, which is told from it: whole numbers below.
        let high = (high.ceil() - 1.0).max(0.0);
        let expected = if high == 0.0 {
            "none".to_owned()
        } else {
            format!("{} to {}", amount(low.floor().min(high)), amount(high))
        };
        let through = match self.session.client_family {
            ClientFamily::Unknown | ClientFamily::Other => "such clients".to_owned(),
            family => family.as_str().to_owned(),
        };
        let who = if delegated {
            " of others than the owner"
        } else {
            ""
        };
        let basis = if sessions == 0 {
            let compared = match elsewhere {
                Elsewhere::Application => "sessions of this application".to_owned(),
                Elsewhere::Class if unfamiliar => format!("new clients through {through}{who}"),
                Elsewhere::Class => format!("sessions{who} through {through}"),
                Elsewhere::Everything => "all sessions".to_owned(),
            };
            format!("{compared} in the tenant have {expected}")
        } else {
            let own = format!(
                "this mailbox's {}{who} through {through}{}",
                count(sessions, "ordinary session"),
                if unfamiliar {
                    " by clients new to it"
                } else {
                    ""
                }
            );
            if sessions < FEW_SESSIONS {
                format!("{own} and those of other mailboxes make {expected} likely")
            } else {
                format!("{own} mostly have {expected}")
            }
        };
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(" {what}")
        };
        let alone = (sessions == 0).then(|| "nothing in this mailbox to compare with".to_owned());
        let odds =
            (self.evidence.bans >= 2.0).then(|| format!("p = {}", probability(self.evidence.bans)));
        let notes: Vec<String> = alone.into_iter().chain(odds).collect();
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!(" ({})", notes.join("; ")),
        };
        (
            observed_words.clone(),
            expected,
            high,
            format!("{observed_words}{what}{span}; {basis}{notes}"),
        )
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
            Channel::Mobile => "on phones",
            Channel::Application => "of applications",
        };
        let days = if weekend {
            "at weekends"
        } else {
            "on working days"
        };
        let expected = if sessions == 0 {
            format!("no ordinary sessions {kind} {days} to compare")
        } else {
            format!(
                "{near} of {} {kind} {days} within an hour of it",
                count(sessions, "ordinary session")
            )
        };
        let share = if sessions == 0 {
            0.0
        } else {
            f64::from(near) / f64::from(sessions)
        };
        let sentence = format!("{clock} {zone}; {expected}");
        (format!("{clock} {zone}"), expected, share, sentence)
    }

    fn token(&self, rung: usize, such_days: u32, days: u32) -> Said {
        let what = match rung {
            0 | 1 => "the sign-in session goes on from another network or in another browser",
            2 => "the sign-in session goes on from a network that this mailbox does not know",
            _ => "the sign-in session goes on from an unknown network in another browser",
        };
        the_like(what, such_days, days)
    }

    fn changes(&self, such_days: u32, days: u32) -> Said {
        let named = changes(self.session, self.naming.columns());
        let named = named.as_deref().unwrap_or("a change of settings");
        let what = match self.evidence.observed {
            rung if rung >= 2.0 => format!("{named}: hides mail, sends it on, or lets others in"),
            rung if rung >= 1.0 => format!("{named}: an inbox rule was changed"),
            _ => format!("{named}: hides nothing, sends nothing on, lets nobody in"),
        };
        let what = what.as_str();
        if self.evidence.observed < 1.0 {
            return (what.to_owned(), String::new(), 0.0, what.to_owned());
        }
        if days == 0 {
            return without_history(what);
        }
        let expected = format!(
            "such a change on {such_days} of {}",
            count(days, "ordinary day")
        );
        (
            what.to_owned(),
            expected.clone(),
            f64::from(such_days) / f64::from(days.max(1)),
            format!("{what}; this mailbox saw {expected}"),
        )
    }

    fn spread(&self, (mailboxes, within): (u32, &str), kind: CategoryKind, name: &str) -> Said {
        let shared = match kind {
            CategoryKind::Application => self.naming.application(self.session),
            CategoryKind::Client | CategoryKind::Version => {
                format!("client {}", self.client_words())
            }
            CategoryKind::Actor => "actor".to_owned(),
            _ => format!("network {name}"),
        };
        let sentence =
            format!("the same unfamiliar {shared} opened {mailboxes} mailboxes {within}");
        (
            count(mailboxes, "mailbox"),
            "1 mailbox".to_owned(),
            1.0,
            sentence,
        )
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
    fn in_words(&self) -> String {
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
                "came to this mailbox on {} before and is {tenant}",
                count(days, "day")
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
            new.in_words(),
            "is new to this mailbox and familiar to none of the other 79 mailboxes"
        );
        let again = Known {
            rung: 5,
            met_days: 2,
            mailboxes: 0,
            tenant_mailboxes: 80,
        };
        assert_eq!(
            again.in_words(),
            "came to this mailbox on 2 days before and is familiar to none of the other 79 mailboxes"
        );
    }
}

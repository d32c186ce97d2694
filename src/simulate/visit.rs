//! Visits: runs of records that someone leaves while they are in a mailbox. People, applications and attackers all use these.

use super::office::DAY;
use super::random::{Generator, chance, dispersed, exponential, token, weighted};
use super::record::{Action, Context, Draft, Removal, Rule, Sending};
use super::tenant::Tenant;
use rand::Rng;

/// Where records of a day are collected.
pub(super) struct Log<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) drafts: &'a mut Vec<Draft>,
}

/// A run of reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Unix time of the first record.
    pub(super) start: i64,
    /// Number of records; each aggregates up to two minutes of reads.
    pub(super) records: u32,
    /// Mean number of messages in a record, at least 1.
    pub(super) messages: f64,
    /// Mean number of seconds between records beyond the two minutes of aggregation (one second for programs).
    pub(super) gap: f64,
    /// How many messages behind the newest one reading starts.
    pub(super) back: u32,
    /// Whether records may follow each other within two minutes (several folders, programs).
    pub(super) fast: bool,
}

/// The service aggregates single reads over two minutes into one record.
const AGGREGATION: f64 = 120.0;
/// Most messages in one record: what a program reads in two minutes.
const MOST_MESSAGES: u32 = 60;

impl Log<'_> {
    /// Adds one record.
    pub(super) fn add(&mut self, rng: &mut Generator, time: i64, context: Context, action: Action) {
        let seed = token(rng);
        self.drafts.push(Draft {
            time,
            listed: time,
            seed,
            context,
            action,
            throttled: false,
            repeated: false,
        });
    }

    /// Number of the newest message in a mailbox at a moment.
    pub(super) fn newest(&self, mailbox: u32, time: i64) -> u32 {
        let days = (time - self.tenant.calendar.start) as f64 / DAY as f64;
        self.tenant.mailbox(mailbox).newest(days)
    }

    /// Adds a run of reads and returns the moment of the last one.
    pub(super) fn read(&mut self, rng: &mut Generator, context: Context, reading: Reading) -> i64 {
        let mut time = reading.start as f64;
        let mut next = self
            .newest(context.mailbox, reading.start)
            .saturating_sub(reading.back);
        let mut last = reading.start;
        for _ in 0..reading.records {
            let count = (1 + dispersed(rng, (reading.messages - 1.0).max(0.0), 1.2))
                .min(MOST_MESSAGES)
                .min(next.max(1));
            last = time as i64;
            self.add(
                rng,
                last,
                context,
                Action::Bind {
                    newest: next,
                    count: count as u16,
                },
            );
            // The same message is not logged again within the hour, so a visit moves on through the mailbox.
            next = next.saturating_sub(count + u32::from(rng.gen_range(0..3_u8)));
            if next == 0 {
                next = self.newest(context.mailbox, reading.start);
            }
            time += if reading.fast { 1.0 } else { AGGREGATION } + exponential(rng, reading.gap);
        }
        last
    }

    /// Adds the download of some folders, the Inbox first, and returns the moment of the last one.
    pub(super) fn synchronise(
        &mut self,
        rng: &mut Generator,
        context: Context,
        start: i64,
        folders: usize,
        gap: f64,
    ) -> i64 {
        let all = self.tenant.mailbox(context.mailbox).folders.len();
        let mut time = start as f64;
        for folder in 0..folders.min(all) {
            self.add(
                rng,
                time as i64,
                context,
                Action::Sync {
                    folder: folder as u16,
                },
            );
            time += 1.0 + exponential(rng, gap);
        }
        time as i64
    }

    /// What people do besides reading: answer, tidy, open attachments, now and then search or make a rule.
    ///
    /// Shares follow the order of magnitude of real logs: about one mail sent and one removal for every six records of reading; rules are rare.
    pub(super) fn act(
        &mut self,
        rng: &mut Generator,
        context: Context,
        from: i64,
        until: i64,
        reads: u32,
    ) {
        let moment = |rng: &mut Generator| from + rng.gen_range(0..=(until - from).max(60));
        for _ in 0..dispersed(rng, f64::from(reads) / 6.0, 2.0) {
            let time = moment(rng);
            if chance(rng, 0.4) {
                self.add(rng, time - 40, context, Action::Write(Sending::Create));
            }
            if chance(rng, 0.1) {
                self.add(rng, time - 20, context, Action::Write(Sending::Update));
            }
            self.add(rng, time, context, Action::Write(Sending::Send));
        }
        for _ in 0..dispersed(rng, f64::from(reads) / 7.0, 1.5) {
            let time = moment(rng);
            let how = [
                Removal::MoveToDeletedItems,
                Removal::SoftDelete,
                Removal::HardDelete,
                Removal::Move,
            ][weighted(rng, &[0.6, 0.1, 0.1, 0.2])];
            let newest = self
                .newest(context.mailbox, time)
                .saturating_sub(rng.gen_range(0..30));
            let count = 1 + dispersed(rng, 0.7, 0.6).min(20) as u16;
            self.add(rng, time, context, Action::Remove { how, newest, count });
        }
        for _ in 0..dispersed(rng, f64::from(reads) / 25.0, 1.0) {
            let time = moment(rng);
            let message = self
                .newest(context.mailbox, time)
                .saturating_sub(rng.gen_range(0..40));
            self.add(rng, time, context, Action::Attachment { message });
        }
        if chance(rng, 0.012) {
            let time = moment(rng);
            let rule = Rule::Tidy(rng.gen_range(0..4));
            // Outlook stores rules itself; browsers and phones call the cmdlet.
            let outlook = self.tenant.clients.get(context.client).process.is_some();
            self.add(
                rng,
                time,
                context,
                if outlook {
                    Action::OutlookRule(rule)
                } else {
                    Action::Rule(rule)
                },
            );
        }
        if chance(rng, 0.02) {
            let time = moment(rng);
            self.add(rng, time, context, Action::Search);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::params::SimulateSettings;
    use crate::simulate::random::{Stream, generator};
    use crate::simulate::record::{Logon, Truth};
    use std::collections::BTreeSet;

    fn read(reading: Reading) -> Vec<(i64, u32, u16)> {
        let params = SimulateSettings::default().check().expect("valid");
        let tenant = Tenant::new(&params).expect("a tenant");
        let mut drafts = Vec::new();
        let mut log = Log {
            tenant: &tenant,
            drafts: &mut drafts,
        };
        let mut rng = generator(1, Stream::Workday, [0, 0]);
        let context = Context {
            actor: 3,
            mailbox: 3,
            client: 0,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            session: 1,
            logon: Logon::Owner,
            as_application: false,
            truth: Truth::Benign,
        };
        let start = tenant.calendar.start + 5 * DAY;
        log.read(&mut rng, context, Reading { start, ..reading });
        let bind = |draft: &Draft| match draft.action {
            Action::Bind { newest, count } => Some((draft.time, newest, count)),
            _ => None,
        };
        drafts.iter().filter_map(bind).collect()
    }

    const CALM: Reading = Reading {
        start: 0,
        records: 60,
        messages: 3.0,
        gap: 30.0,
        back: 10,
        fast: false,
    };

    #[test]
    fn a_visit_never_reads_a_message_twice() {
        let mut seen = BTreeSet::new();
        for (_, newest, count) in read(CALM) {
            assert!((0..u32::from(count)).all(|back| seen.insert(newest - back)));
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn records_of_one_client_are_two_minutes_apart_unless_it_hurries() {
        let gaps = |reading| -> Vec<i64> {
            read(reading)
                .windows(2)
                .map(|pair| pair[1].0 - pair[0].0)
                .collect()
        };
        assert!(gaps(CALM).iter().all(|&gap| gap >= 119));
        let hurried = gaps(Reading {
            fast: true,
            gap: 2.0,
            ..CALM
        });
        assert!(hurried.iter().sum::<i64>() < 59 * 10);
    }
}

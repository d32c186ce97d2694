//! Stretches without any record where some were to be expected.

use std::ops::Range;

use super::warning::Gap;

/// Milliseconds.
const HOUR: i64 = 3_600_000;

/// Hours.
const WEEK: i64 = 168;
/// Hours of the week from Monday on that belong to working days.
const WORKING_HOURS: i64 = 120;
/// The first hour since 1970 began a Thursday: this many hours after a Monday.
const FIRST_HOUR_OF_WEEK: i64 = 72;

/// Expected visits to mailboxes in a silent stretch, at most one an hour for each mailbox, from which the silence is no chance.
/// At a steady rate the chance of none is e^-20; people rest together, so the bar stands higher than a Poisson process needs.
const SURPRISING: f64 = 20.0;

/// Hours of activity on either side from which a silence that is longer than any activity of the log lies within the log. Less is a
/// record with a wrong date.
const WORKING_DAY: i64 = 8;

/// Hours without a silence of a week from which a stretch of the log tells what its hours usually hold.
const TELLING: i64 = 72;

/// Stretches without any record that are surprising for their hours of the week: at least [`SURPRISING`] visits were to be
/// expected in the stretch, from the hours of the other weeks. And whether no stretch up to a week could be that.
///
/// Mailboxes are counted, not records: a hundred messages that one person reads are one reason why an hour is not empty, and a
/// small tenant's nights would be full of gaps otherwise. `time` ascends.
pub(super) fn gaps(time: &[i64], mailbox: &[u32], other_time: &[i64]) -> (Vec<Gap>, bool) {
    let hour_of = |time: &i64| time.div_euclid(HOUR);
    let hours = || time.iter().chain(other_time).map(hour_of);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else {
        return (Vec::new(), true);
    };
    let span = last - first + 1;
    // Damaged clocks could claim centuries; a log is at most some years.
    if !(48..=24 * 366 * 20).contains(&span) {
        return (Vec::new(), true);
    }
    let place = |hour: i64| usize::try_from(hour - first).unwrap_or(0);
    let mut silent = vec![true; place(last) + 1];
    for hour in hours() {
        silent[place(hour)] = false;
    }
    let mut visited = vec![0u32; silent.len()];
    let mailboxes = mailbox.iter().max().map_or(0, |&last| last as usize + 1);
    let mut last_visit = vec![None; mailboxes];
    for (time, &mailbox) in time.iter().zip(mailbox) {
        let hour = hour_of(time);
        if last_visit[mailbox as usize].replace(hour) != Some(hour) {
            visited[place(hour)] += 1;
        }
    }
    let active = active_stretches(&silent);
    let rate = typical_hours(&visited, first, &active);
    let longest = active.iter().map(Range::len).max().unwrap_or(0);
    // Before and after a long silence stands activity, of which a single record is none.
    let is_inside = |begin: usize, end: usize| {
        let working_day =
            |of: Option<&Range<usize>>| of.is_some_and(|of| of.len() as i64 >= WORKING_DAY);
        end - begin <= longest
            || working_day(active.iter().find(|of| of.end == begin))
                && working_day(active.iter().find(|of| of.start == end))
    };
    let mut gaps = Vec::new();
    let mut end = 0;
    for stretch in silent.chunk_by(|a, b| a == b) {
        let begin = end;
        end += stretch.len();
        let hours = first + begin as i64..first + end as i64;
        if stretch[0]
            && hours.clone().map(&rate).sum::<f64>() >= SURPRISING
            && is_inside(begin, end)
        {
            gaps.push(Gap {
                start: hours.start * HOUR,
                end: hours.end * HOUR,
            });
        }
    }
    let week: f64 = (0..WEEK).map(rate).sum();
    (gaps, week < SURPRISING)
}

/// The stretches between silences of a week and more.
fn active_stretches(silent: &[bool]) -> Vec<Range<usize>> {
    let mut active: Vec<Range<usize>> = Vec::new();
    let mut end = 0;
    for stretch in silent.chunk_by(|a, b| a == b) {
        let begin = end;
        end += stretch.len();
        if stretch[0] && stretch.len() as i64 >= WEEK {
            continue;
        }
        match active.last_mut() {
            Some(last) if last.end == begin => last.end = end,
            _ => active.push(begin..end),
        }
    }
    active
}

/// Mailboxes to be expected in an hour: the median of the same hour of the other weeks, or of other days of the kind (working
/// days, weekends) where there are fewer than three weeks. A median, so that neither gaps nor bursts move it; where the `active`
/// stretches of some days make a week, it is that of their hours, since two months that are missing outweigh one that is there.
fn typical_hours(counts: &[u32], first: i64, active: &[Range<usize>]) -> impl Fn(i64) -> f64 {
    let telling = active.iter().filter(|of| of.len() as i64 >= TELLING);
    let telling: Vec<Range<usize>> = telling.cloned().collect();
    let told = telling.iter().map(Range::len).sum::<usize>();
    let is_part = told as i64 >= WEEK && told < counts.len();
    let whole = 0..counts.len();
    let (sample, hours) = if is_part {
        (telling, told)
    } else {
        (vec![whole], counts.len())
    };
    let by_week = hours as i64 >= 3 * WEEK;
    let slot_of = move |hour: i64| {
        let of_week = (hour + FIRST_HOUR_OF_WEEK).rem_euclid(WEEK);
        let slot = match of_week {
            _ if by_week => of_week,
            weekend if weekend >= WORKING_HOURS => WORKING_HOURS + weekend % 24,
            working => working % 24,
        };
        slot as usize
    };
    let mut slots: Vec<Vec<u32>> = vec![Vec::new(); WEEK as usize];
    for stretch in sample {
        let hours = first + stretch.start as i64..;
        for (hour, &count) in hours.zip(counts.get(stretch).unwrap_or_default()) {
            slots[slot_of(hour)].push(count);
        }
    }
    let medians: Vec<f64> = slots
        .into_iter()
        .map(|mut slot| {
            slot.sort_unstable();
            // Of an even number the greater one, but of the few weeks beside long silences.
            let middle = (slot.len() - usize::from(is_part && !slot.is_empty())) / 2;
            slot.get(middle).map_or(0.0, |&count| f64::from(count))
        })
        .collect();
    move |hour| medians[slot_of(hour)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;

    /// Visits to so many mailboxes in each of three hours of each of so many days, but for one day.
    fn visits(days: i64, mailboxes: u32, without: i64) -> (Vec<i64>, Vec<u32>) {
        (0..days)
            .filter(|day| *day != without)
            .flat_map(|day| (9..12).map(move |hour| day * DAY + hour * HOUR))
            .flat_map(|time| (0..mailboxes).map(move |mailbox| (time, mailbox)))
            .unzip()
    }

    fn only(visits: (Vec<i64>, Vec<u32>), days: impl Fn(i64) -> bool) -> (Vec<i64>, Vec<u32>) {
        let (time, mailbox) = visits;
        time.into_iter()
            .zip(mailbox)
            .filter(|(time, _)| days(time.div_euclid(DAY)))
            .unzip()
    }

    fn found(visits: &(Vec<i64>, Vec<u32>)) -> (usize, bool) {
        let (gaps, too_sparse) = gaps(&visits.0, &visits.1, &[]);
        (gaps.len(), too_sparse)
    }

    #[test]
    fn too_few_records_tell_no_gap_from_a_quiet_day() {
        assert_eq!(found(&visits(28, 9, 16)), (1, false));
        let rare = only(visits(28, 9, 16), |day| day % 9 == 0);
        assert_eq!(found(&rare), (0, true));
        assert_eq!(gaps(&[], &[], &[]), (Vec::new(), true));
    }

    #[test]
    fn one_busy_reader_is_no_reason_to_expect_records() {
        let (time, mailbox) = visits(28, 9, 16);
        // As many records, all of them of one mailbox: 3 visits a day.
        let one = (time, vec![0; mailbox.len()]);
        assert_eq!(found(&one), (0, false));
    }

    #[test]
    fn free_weekends_of_a_short_log_are_no_gaps() {
        // Day 4 was a Monday, day 16 a Saturday.
        let working = only(visits(18, 9, 16), |day| (day - 4).rem_euclid(7) < 5);
        assert_eq!(found(&working), (0, false));
        let without_wednesday = only(working, |day| day != 13);
        assert_eq!(found(&without_wednesday), (1, false));
    }

    #[test]
    fn a_silence_that_is_longer_than_the_log_around_it_is_a_gap() {
        for hole in [10, 60, 180] {
            let days = 30 + hole;
            let split = only(visits(days, 9, -1), |day| !(15..15 + hole).contains(&day));
            assert_eq!(found(&split), (1, false), "{hole} days");
        }
        // A record with a wrong date is no log.
        let (mut time, mut mailbox) = visits(30, 9, -1);
        time.push(400 * DAY);
        mailbox.push(0);
        assert_eq!(found(&(time, mailbox)), (0, false));
    }
}

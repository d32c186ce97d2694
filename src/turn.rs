//! Work that threads do side by side, and hand over in order: encoded parts of a file, written one after another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Makes the parts `0..count` on all threads of the pool and hands them over in their order: `work` makes a part of its number,
/// `hand_over` takes it. No thread is more than one part ahead of what has been handed over, so that memory stays bounded. State of a
/// thread comes from `begin`.
///
/// # Errors
/// The first error, in the order of parts, of making or handing over; nothing is handed over after it.
pub(crate) fn in_order<S, T, E: Send>(
    count: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
    hand_over: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let hand_over = Mutex::new(hand_over);
    let next = AtomicUsize::new(0);
    let turn = Turn::new();
    let run = || -> Result<(), E> {
        let _guard = OffOnPanic(&turn);
        let mut state = begin();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= count || turn.is_off() {
                return Ok(());
            }
            let made = work(&mut state, part);
            turn.take(part, || {
                let mut hand_over = hand_over.lock().unwrap_or_else(PoisonError::into_inner);
                hand_over(made?)
            })?;
        }
    };
    std::thread::scope(|scope| {
        let threads = rayon::current_num_threads().min(count);
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        others.into_iter().fold(run(), |so_far, other| {
            let result = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            so_far.and(result)
        })
    })
}

/// Lets threads do something in the order of their numbers. The first failure ends it for all.
#[derive(Debug)]
struct Turn {
    /// Whose turn it is; `None` after a failure.
    number: Mutex<Option<usize>>,
    changed: Condvar,
}

impl Turn {
    fn new() -> Self {
        Self {
            number: Mutex::new(Some(0)),
            changed: Condvar::new(),
        }
    }

    /// True after a failure.
    fn is_off(&self) -> bool {
        self.number
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// Waits for its turn, acts, and gives the turn to the next. Does nothing once another has failed.
    ///
    /// # Errors
    /// That of the act.
    fn take<E>(&self, own: usize, act: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = self
            .changed
            .wait_while(number, |turn| turn.is_some_and(|turn| turn != own))
            .unwrap_or_else(PoisonError::into_inner);
        if number.is_none() {
            return Ok(());
        }
        // Off until the act is done.
        *number = None;
        let result = act();
        *number = result.is_ok().then_some(own + 1);
        drop(number);
        self.changed.notify_all();
        result
    }

    /// Nobody gets a turn any more.
    fn switch_off(&self) {
        *self.number.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_all();
    }
}

/// Switches the turns off when a thread panics, which would have the others wait for it forever.
struct OffOnPanic<'a>(&'a Turn);

impl Drop for OffOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.switch_off();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_ends_the_work_and_is_passed_on() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build();
        let pool = pool.expect("a pool");
        for (makes, takes) in [(7, 99), (99, 7)] {
            let panicked = pool.install(|| {
                let work = |_: &mut (), part: usize| {
                    assert_ne!(part, makes, "as it should");
                    Ok::<usize, ()>(part)
                };
                let hand_over = |part: usize| {
                    assert_ne!(part, takes, "as it should");
                    Ok(())
                };
                catch_unwind(AssertUnwindSafe(|| in_order(50, || (), work, hand_over)))
            });
            assert!(panicked.is_err());
        }
    }

    #[test]
    fn turns_come_in_order_and_end_with_the_first_failure() {
        let turn = Turn::new();
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for own in (0..8).rev() {
                let (turn, done) = (&turn, &done);
                scope.spawn(move || {
                    turn.take(own, || {
                        done.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(own);
                        if own == 5 { Err(()) } else { Ok(()) }
                    })
                });
            }
        });
        assert!(turn.is_off());
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn parts_are_handed_over_in_order_until_one_fails() {
        let squares = |fails: usize| {
            let mut taken = Vec::new();
            let make = |_: &mut (), part: usize| {
                if part == fails {
                    Err(part)
                } else {
                    Ok(part * part)
                }
            };
            let result = in_order(
                20,
                || (),
                make,
                |square| {
                    taken.push(square);
                    Ok(())
                },
            );
            (result, taken)
        };
        let (result, taken) = squares(99);
        assert_eq!(
            (result, taken.len(), taken.last()),
            (Ok(()), 20, Some(&361))
        );
        assert!(taken.is_sorted());
        assert_eq!(
            squares(7),
            (Err(7), (0..7).map(|part| part * part).collect())
        );
    }
}

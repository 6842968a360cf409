//! Takes completions out of a queue: one, or several in one call.

use crate::engine::{AT_ONCE, RanUserCode, TakeError};
use crate::error::RecvError;
use crate::platform::port::Timeout;
use crate::rust::completion::Completion;
use crate::rust::completions::Completions;
use crate::rust::pool_core::AnyPool;
use crate::rust::queued_closure::take_outcome;
use crate::rust::time_limit::TimeLimit;
use crate::util::unwind::drop_ignoring_panic;
use core::mem::MaybeUninit;
use core::slice;

impl<T: Send + 'static, P: AnyPool> Completions<'_, T, P> {
    /// Receives at most `most` jobs that have finished, in the order in which they did, and appends them to `into`: a
    /// `Vec`, a `VecDeque`, or any other collection. Waits until there is one, as [`recv`](Completions::recv) does, and then
    /// takes what is there. Returns the number: 0 only if `most` is 0.
    ///
    /// A thread that receives many small jobs is faster with it than with one `recv` each. It does not reserve room in `into`.
    ///
    /// ```
    /// use jobring::{Pool, RecvError, TimeLimit};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let queue = pool.completions()?;
    /// for n in 0..100 {
    ///     queue.submit(n, move || n * n)?;
    /// }
    /// let mut squares = Vec::with_capacity(100);
    /// while squares.len() < 100 {
    ///     queue.recv_many(&mut squares, 32, TimeLimit::NONE)?;
    /// }
    /// assert!(squares.into_iter().all(|square| square.result.unwrap() == square.tag * square.tag));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`recv`](Completions::recv) and [`recv_timeout`](Completions::recv_timeout), if there was none.
    ///
    /// # Panics
    /// If `into` panics. Then the completions that it was about to get, at most eight, are dropped.
    pub fn recv_many(
        &self,
        into: &mut impl Extend<Completion<T>>,
        most: usize,
        limit: impl Into<TimeLimit>,
    ) -> Result<usize, RecvError> {
        let mut places = [const { MaybeUninit::uninit() }; AT_ONCE];
        let mut received = 0;
        let mut timeout = limit.into().timeout();
        while received < most {
            let room = AT_ONCE.min(most - received);
            let taken = match self.take(timeout, &mut places[..room]) {
                Err(error) if received == 0 => return Err(error),
                Err(_) => break,
                Ok(taken) => taken,
            };
            // The pool is left: user code runs from here on.
            into.extend(Filled(places[..taken].iter_mut()));
            received += taken;
            if taken < room {
                break;
            }
            timeout = Timeout::Poll;
        }
        Ok(received)
    }

    pub(super) fn take_one(&self, timeout: Timeout) -> Result<Completion<T>, RecvError> {
        let mut place = MaybeUninit::uninit();
        self.take(timeout, slice::from_mut(&mut place))?;
        // SAFETY:
        // - it was filled.
        Ok(unsafe { place.assume_init() })
    }

    /// Takes as many jobs as are there, and fills the first places with them. Returns how many, which is not 0 if there are places.
    fn take(&self, timeout: Timeout, places: &mut [MaybeUninit<Completion<T>>]) -> Result<usize, RecvError> {
        let most = places.len();
        let mut free = places.iter_mut();
        let outcome =
            self.pool.raw.take_completions(self.queue(), timeout, most, &mut |_, _, payload, ended| {
                let place = free.next().expect("a take gives no more than it was asked for");
                // SAFETY:
                // - 1: every job of the queue was submitted by `hand_over`, with this T. 2: the engine gives each job once.
                unsafe { take_outcome(payload, ended, place) };
                RanUserCode::No
            });
        match outcome {
            Ok(taken) => Ok(taken),
            Err(TakeError::Empty) => Err(RecvError::Empty),
            Err(TakeError::TimedOut) => Err(RecvError::Pending),
            Err(TakeError::NoWorkers) => Err(RecvError::NoWorkers),
            Err(TakeError::Deadlock) => Err(RecvError::Deadlock),
            Err(TakeError::Forked) => Err(RecvError::Forked),
            Err(TakeError::Interrupted) => Err(RecvError::Interrupted),
        }
    }
}

/// Moves completions out of places that are filled. Drops what is left.
// INVARIANT: every place of the iterator is filled, and no other code reads it.
struct Filled<'a, T>(slice::IterMut<'a, MaybeUninit<Completion<T>>>);

impl<T> Iterator for Filled<'_, T> {
    type Item = Completion<T>;

    fn next(&mut self) -> Option<Completion<T>> {
        // SAFETY:
        // - the place is filled, and has left the iterator: it is read once.
        self.0.next().map(|place| unsafe { place.assume_init_read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> Drop for Filled<'_, T> {
    fn drop(&mut self) {
        self.for_each(drop_ignoring_panic);
    }
}

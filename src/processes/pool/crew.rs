//! Which process has which worker's number. A process that ends is replaced.

use super::layout::WorkerSide;
use super::outcome::Failure;
use super::shared::{Phase, Place, State, UNKNOWN};
use crate::platform::process::{Found, Process};

/// The delay before a worker is made that failed to get ready, at first; twice as long each time, up to a thousand times.
const DELAY: u64 = 1_000_000;

/// How many times in a row each worker's number, or the zygote, has failed to get ready.
pub(super) struct Failures {
    most: u32,
    count: u32,
    /// How many times in a row the system refused a process.
    refusals: u32,
}

impl Failures {
    pub(super) const fn new(most: u32) -> Self {
        Self { most, count: 0, refusals: 0 }
    }

    pub(super) fn forget(&mut self) {
        (self.count, self.refusals) = (0, 0);
    }

    /// Counts one more: how long to wait before the next try. None: no more tries.
    pub(super) fn next_delay(&mut self) -> Option<u64> {
        self.count += 1;
        (self.count <= self.most).then(|| delay(self.count))
    }

    /// The system refused a process: how long to wait before the next try. There is no last one, because a shortage ends.
    pub(super) fn delay_of_refusal(&mut self) -> u64 {
        self.refusals = self.refusals.saturating_add(1);
        delay(self.refusals)
    }
}

fn delay(times: u32) -> u64 {
    DELAY << (times - 1).min(10)
}

impl State {
    /// Workers that live.
    pub(super) fn alive(&self) -> usize {
        self.crew.iter().filter(|place| matches!(place, Place::Alive(_))).count()
    }

    /// No process is left, and none is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.crew.iter().all(|place| matches!(place, Place::Vacant(_) | Place::GivenUp))
    }

    /// Does a worker live for which there is no descriptor?
    pub(super) fn has_unwatched(&self) -> bool {
        self.crew.iter().any(|place| matches!(place, Place::Unwatched(_)))
    }

    /// There will never be a worker again.
    pub(super) fn is_without_workers(&self) -> bool {
        self.crew.iter().all(|place| matches!(place, Place::GivenUp))
    }

    /// Are workers replaced that end?
    pub(super) fn needs_workers(&self) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Closing => self.parent.in_flight() > 0,
            Phase::Closed | Phase::Killed => false,
        }
    }

    /// The zygote has made this worker; `number` is its process's, or 0. True if it has ended already, and the program's own `wait` has
    /// collected it: what it leaves is to be swept. Without a descriptor for it this is called again, after a while.
    #[must_use]
    pub(super) fn adopt(
        &mut self,
        worker: usize,
        number: i32,
        side: &WorkerSide,
        now: u64,
        failures: &mut Failures,
    ) -> bool {
        if !matches!(self.crew.get(worker), Some(Place::Requested | Place::Unwatched(_))) {
            return false;
        }
        let found = if number > 0 { Some(Process::find(number)) } else { None };
        let is_gone = matches!(found, Some(Found::Gone));
        self.counts.made += u64::from(is_gone);
        self.counts.deaths += u64::from(is_gone);
        self.crew[worker] = match found {
            Some(Found::Process(process)) => {
                self.counts.made += 1;
                // It may have begun a job before its process was known.
                if self.parent.is_doomed(worker) {
                    process.kill();
                }
                Place::Alive(process)
            }
            Some(Found::NotNow) => Place::Unwatched(number),
            // It was made, and has ended in a way that nobody knows.
            Some(Found::Gone) if side.was_ready() => {
                failures.forget();
                Place::Vacant(now)
            }
            Some(Found::Gone) => {
                failures.next_delay().map_or(Place::GivenUp, |delay| Place::Vacant(now + delay))
            }
            None => Place::Vacant(now + failures.delay_of_refusal()),
        };
        is_gone
    }

    /// Collects this worker's process, which has ended: how. Its number is vacant from `now` on, or later, and is not used before
    /// what it leaves was swept.
    pub(super) fn reap(
        &mut self,
        worker: usize,
        side: &WorkerSide,
        now: u64,
        failures: &mut Failures,
    ) -> Option<i32> {
        if !matches!(self.crew[worker], Place::Alive(_)) {
            return None;
        }
        let delay = if side.was_ready() {
            failures.forget();
            Some(0)
        } else {
            failures.next_delay()
        };
        // The lock is held, so no signal is sent to the process meanwhile.
        let place = delay.map_or(Place::GivenUp, |delay| Place::Vacant(now + delay));
        let Place::Alive(process) = core::mem::replace(&mut self.crew[worker], place) else { return None };
        let status = process.wait().unwrap_or(UNKNOWN);
        if status != 0 {
            self.counts.deaths += 1;
        }
        Some(status)
    }

    /// Kills every worker.
    pub(super) fn kill_all(&self) {
        for place in &self.crew {
            if let Place::Alive(process) = place {
                process.kill();
            }
        }
    }

    /// Gives up each number that nobody has: no worker can be made any more.
    pub(super) fn give_up_vacant(&mut self) {
        for place in &mut self.crew {
            if matches!(place, Place::Vacant(_)) {
                *place = Place::GivenUp;
            }
        }
    }

    /// If there will never be a worker again, ends the jobs that wait for one. True then: a submitter may wait too.
    pub(super) fn end_without_workers(&mut self) -> Result<bool, Failure> {
        if !self.is_without_workers() {
            return Ok(false);
        }
        for slot in 0..self.jobs.len() {
            // All are queued: nobody has one.
            if self.parent.cancel(slot)? {
                self.jobs[slot].without_workers = true;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_delay_the_next_try_and_end_the_tries() {
        let mut failures = Failures::new(2);
        assert_eq!((failures.next_delay(), failures.next_delay()), (Some(DELAY), Some(2 * DELAY)));
        failures.forget();
        assert_eq!((failures.next_delay(), failures.next_delay()), (Some(DELAY), Some(2 * DELAY)));
        assert_eq!(failures.next_delay(), None);
        assert_eq!(Failures::new(0).next_delay(), None);
        let mut long = Failures::new(u32::MAX);
        assert_eq!((0..100).map(|_| long.next_delay()).max(), Some(Some(DELAY << 10)));
    }

    #[test]
    fn refusals_of_the_system_delay_the_next_try_and_count_for_nothing() {
        let mut failures = Failures::new(1);
        assert_eq!((failures.delay_of_refusal(), failures.delay_of_refusal()), (DELAY, 2 * DELAY));
        assert_eq!((0..100).map(|_| failures.delay_of_refusal()).max(), Some(DELAY << 10));
        assert_eq!((failures.next_delay(), failures.next_delay()), (Some(DELAY), None));
        failures.forget();
        assert_eq!(failures.delay_of_refusal(), DELAY);
    }
}

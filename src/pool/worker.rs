//! The loop of a worker: run while there is something, search, sleep, leave when the pool is closed and empty.

use super::RawPool;
use super::activity::{Activity, Doing};
use super::run::Claimed;
use crate::frame::Frame;
use crate::port::Port;
use crate::storage::Storage;
use crate::sync::{Bug, bug, spin_loop};

/// A worker that polls lets others have its CPU at its first poll, and again after so many: who was woken by its last job may
/// wait for this CPU.
const TURN: u32 = 64;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Counts a worker in before its thread exists, so that the pool has it from the start. False if there are
    /// as many as allowed. Each success is followed by `work` on some thread, or by `Lifecycle::leave`.
    pub(crate) fn admit_worker(&self) -> bool {
        self.lifecycle.enter(self.limits().workers)
    }

    /// A number for a thread that enters as a worker.
    pub(crate) fn number_worker(&self) -> usize {
        self.entered.add()
    }

    /// Works on the calling thread, which `admit_worker` counted in, until the pool is closed and nothing is
    /// queued. `stack_low` is the lowest address of the thread's stack, or 0.
    pub(crate) fn work(&self, number: usize, stack_low: usize) {
        let frame = Frame::of_worker(self.id(), number, stack_low, self.port.current());
        self.work_between(&frame, &Activity::new(false), || {}, || {});
    }

    /// As `work`, with the frame that the thread is to have, and a record to keep; calls `started` before the first job,
    /// and `stopped` after the last, on this thread and as this worker: the pool is there for both, and cannot be ended
    /// from inside of them.
    pub(crate) fn work_between(
        &self,
        frame: &Frame,
        activity: &Activity,
        started: impl FnOnce(),
        stopped: impl FnOnce(),
    ) {
        self.port.set_current(frame);
        started();
        activity.set(Doing::Searching);
        let untold = self.work_until_closed(activity);
        activity.set(Doing::Stopped);
        stopped();
        self.port.set_current(frame.outer);
        self.lifecycle.leave(untold, &self.port);
    }

    /// True if it ended a job of which a closer may not know.
    fn work_until_closed(&self, activity: &Activity) -> bool {
        // So may have the thread that this one replaced.
        let mut untold = true;
        // A worker polls where a job has just been; none has been before the first.
        let mut polls = 0;
        loop {
            while let Some(claimed) = self.claim_next() {
                polls = self.run_and_poll(activity, claimed);
            }
            if !self.search(activity, &mut polls, &mut untold) {
                return untold;
            }
        }
    }

    /// Runs a job. How often to poll for the next: not at all if somebody slept for this one, who may have been woken on this
    /// CPU, and submits when it has it.
    #[inline]
    fn run_and_poll(&self, activity: &Activity, claimed: Claimed) -> u32 {
        let mut woke = false;
        activity.during(&self.port, || woke = self.execute(claimed));
        if woke { 0 } else { self.limits().spin }
    }

    /// Searches, and sleeps, until a job is found, and runs it. False when the pool is closed and empty.
    fn search(&self, activity: &Activity, polls: &mut u32, untold: &mut bool) -> bool {
        let is_empty = || self.ready().is_empty();
        let mut search = self.idle.search();
        loop {
            for poll in 0..=*polls {
                if poll > 0 {
                    // However often it is to poll, a closed pool does not wait for it.
                    if self.is_closed() {
                        break;
                    }
                    if poll % TURN == 1 {
                        self.port.stand_aside();
                    } else {
                        spin_loop();
                    }
                }
                if let Some(claimed) = self.claim_next() {
                    self.idle.found(search, &self.port, is_empty);
                    *untold = true;
                    *polls = self.run_and_poll(activity, claimed);
                    return true;
                }
            }
            let asleep = self.idle.register(search);
            // CLOSED is read before the ring, so that nothing published before it is left behind, but where memory shows
            // the ring late; then the closer has seen it, and runs what the last worker left (wait/README.md).
            let closed = self.is_closed();
            if !is_empty() && !bug(Bug::SleepsWithoutALook) {
                search = self.idle.cancel(asleep);
            } else if closed {
                let search = self.idle.cancel(asleep);
                self.idle.found(search, &self.port, is_empty);
                return false;
            } else {
                // Not closed after the fence in `register`: whoever closes looks at what was done before (E5).
                *untold = false;
                activity.set(Doing::Sleeping);
                search = self.idle.sleep(asleep, &self.port);
                *polls = 0;
                activity.set(Doing::Searching);
            }
        }
    }
}

//! The loop of a worker: run while there is something, search, sleep, leave when the pool is closed and empty.

use super::RawPool;
use super::run::Claimed;
use super::worker_state::{Activity, Doing};
use crate::job::context::Frame;
use crate::platform::port::Port;
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug, spin_loop};
use crate::util::backoff::SPINS;

/// A worker that polls lets others have its CPU before its first poll, and again after so many: who was woken by its last job
/// may wait for this CPU.
const TURN: u32 = 64;
/// How often it polls behind a job that came out of the blue, at most: some 1 µs, in which a submitter that is awake can answer.
const FIRST: u32 = 24;
/// How long a sentry sleeps before it looks again, nanoseconds: 1 ms, then 2 ms while jobs come.
const NAPS: (u64, u64) = (1_000_000, 2_000_000);
/// A worker that slept for less than so many nanoseconds, twice of what it polls by default, was wrong to sleep.
const NAP: u64 = 50_000;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Counts a worker in before its thread exists, so that the pool has it from the start. False if there are
    /// as many as allowed. Each success is followed by `work` on some thread, or by `Lifecycle::leave`.
    pub(crate) fn admit_worker(&self) -> bool {
        self.lifecycle.settle_in(self.port.forks());
        self.lifecycle.enter(self.limits().workers)
    }

    /// A number for a thread that enters as a worker.
    pub(crate) fn number_worker(&self) -> usize {
        self.entered.add()
    }

    /// Works on the calling thread, which `admit_worker` counted in, until the pool is closed and nothing is
    /// queued.
    pub(crate) fn work(&self, number: usize) {
        let frame = Frame::of_worker(self.id(), number, None, self.port.current());
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
        // Of the last job: did somebody sleep for it, did it come after a while of nothing? A worker polls where a job has just
        // been; none has been before the first.
        let (mut woke, mut sparse) = (true, false);
        loop {
            let claimed = match self.claim_next_apart() {
                Some(claimed) => {
                    sparse = false;
                    claimed
                }
                None => match self.search(activity, self.polls(woke, sparse), &mut sparse, &mut untold) {
                    Some(claimed) => claimed,
                    None => return untold,
                },
            };
            let begun = activity.begin(&self.port);
            woke = self.execute(claimed);
            activity.end(begun, &self.port);
        }
    }

    /// How often to poll behind a job: not at all if somebody slept for it, who may have been woken on this CPU, and submits when
    /// it has it; a little if it came after a while of nothing.
    fn polls(&self, woke: bool, sparse: bool) -> u32 {
        match (woke, sparse) {
            (true, _) => 0,
            (false, true) if SPINS => self.limits().spin.min(FIRST),
            (false, _) => self.limits().spin,
        }
    }

    /// Between two polls.
    fn await_turn(&self, polled: &mut u32) {
        if polled.is_multiple_of(TURN) {
            self.port.stand_aside();
        } else {
            spin_loop();
        }
        *polled += 1;
    }

    /// Searches, and sleeps, until a job is found. None when the pool is closed and empty. `sparse`: did it sleep for long?
    #[inline(never)]
    fn search(
        &self,
        activity: &Activity,
        mut polls: u32,
        sparse: &mut bool,
        untold: &mut bool,
    ) -> Option<Claimed> {
        let is_empty = || self.ready().is_empty();
        let mut polled = 0;
        *sparse = false;
        // While nobody sleeps, nobody counts on searchers.
        while SPINS && polled < polls && self.idle.counts().all_awake() {
            self.await_turn(&mut polled);
            if let Some(claimed) = self.claim_next() {
                return Some(claimed);
            }
        }
        let mut search = self.idle.search();
        loop {
            loop {
                if let Some(claimed) = self.claim_next() {
                    self.idle.found(search, &self.port, is_empty);
                    *untold = true;
                    return Some(claimed);
                }
                // However often it is to poll, a closed pool does not wait for it.
                if polled >= polls || self.is_closed() {
                    break;
                }
                self.await_turn(&mut polled);
            }
            let begun = if SPINS && self.limits().spin > 0 { self.port.now() } else { None };
            let mut asleep = self.idle.register(search, self.port.naps());
            let mut popped = if asleep.is_sentry() { self.ready().popped() } else { 0 };
            let (mut nap, mut slept) = (NAPS.0, false);
            search = loop {
                // Before the ring: whoever leaves leaves nothing behind that was published while the pool was open.
                let closed = self.idle.is_closed_for_sleeper();
                if !is_empty() && !bug(Bug::SleepsWithoutALook) {
                    break self.idle.cancel(asleep);
                }
                if closed {
                    let search = self.idle.cancel(asleep);
                    self.idle.found(search, &self.port, is_empty);
                    return None;
                }
                // Not closed after the fence in `register`: whoever closes looks at what was done before (E5).
                *untold = false;
                self.tell_blocked();
                slept = true;
                activity.set(Doing::Sleeping);
                asleep = match self.idle.sleep(asleep, &self.port, nap) {
                    Ok(search) => break search,
                    Err(late) => {
                        let before = popped;
                        (popped, nap) = (self.ready().popped(), NAPS.1);
                        self.idle.look_again(late, popped == before)
                    }
                };
            };
            if slept {
                let slept = begun.and_then(|begun| Some(self.port.now()?.saturating_sub(begun)));
                *sparse = slept.is_none_or(|slept| slept > NAP);
                polls = 0;
                activity.set(Doing::Searching);
            }
        }
    }
}

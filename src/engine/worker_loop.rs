//! The loop of a worker: run jobs while there are any, search, sleep, leave when the pool is closed and
//! empty.

use super::RawPool;
use super::run::Claimed;
use super::worker_state::{WorkerActivity, WorkerState};
use crate::job::context::CallContext;
use crate::platform::port::{Origin, Port};
use crate::ring::Popper;
use crate::sleep::HAS_THREADS;
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug, spin_loop};
use crate::util::backoff::SPINS;
use core::cell::Cell;

/// A worker that polls yields its CPU before its first poll, and again after this many: a thread that its
/// last job woke may wait for this CPU.
const POLLS_PER_YIELD: u32 = 64;
/// The most polls after a job that came after a long sleep: some 1 µs, in which a submitter that is awake can
/// submit again.
const POLLS_AFTER_SLEEP: u32 = 24;
/// How long a sentry sleeps before it looks again, nanoseconds: 1 ms, then 2 ms while jobs come.
const SENTRY_SLEEPS: (u64, u64) = (1_000_000, 2_000_000);
/// A worker that slept for fewer nanoseconds than this, twice its default time of polling, should have polled
/// instead.
const LONG_SLEEP: u64 = 50_000;

/// What a worker finds between two jobs.
enum Notice {
    None,
    Paused,
    Leave,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Counts a worker before its thread exists, so that the pool has it from the start. False if the pool
    /// has as many as it may. After each success the caller calls `work` on some thread, or
    /// `Lifecycle::leave`.
    pub(crate) fn admit_worker(&self) -> bool {
        self.lifecycle.set_process(self.port.forks());
        self.lifecycle.enter(self.config().workers)
    }

    /// A number for a thread that enters as a worker.
    pub(crate) fn number_worker(&self) -> usize {
        self.lifecycle.entered.add()
    }

    /// Works on the calling thread, which `admit_worker` has counted, until the pool is closed and no job is
    /// queued.
    pub(crate) fn work(&self, number: usize) {
        let context = CallContext::of_worker(self.id(), number, None, self.port.current());
        self.work_between(&context, &WorkerActivity::new(false, false), None::<fn() -> bool>, || {});
    }

    /// As `work`, with this context for the thread and a record to keep. Calls `started` before the first job and `stopped`
    /// after the last, on this thread and as this worker. The pool exists during both, and cannot be ended from inside of them.
    /// A worker whose `started` fails (false) leaves, and does not call `stopped`.
    pub(crate) fn work_between(
        &self,
        context: &CallContext,
        activity: &WorkerActivity,
        started: Option<impl FnOnce() -> bool>,
        stopped: impl FnOnce(),
    ) {
        self.port.set_current(context);
        if let Some(started) = started {
            let has_failed = !started();
            if has_failed {
                activity.set(WorkerState::Stopped);
                self.port.set_current(context.outer);
                if activity.is_own {
                    self.lifecycle.headcount.lose();
                }
                // The thread that this one replaced may have ended a job.
                self.lifecycle.leave(true, &self.port);
            }
            self.lifecycle.end_start_hook(has_failed, &self.port);
            if has_failed {
                return;
            }
        }
        activity.set(WorkerState::Searching);
        let is_asked = Cell::new(false);
        let must_notify = self.work_until_closed(activity, &is_asked);
        activity.set(WorkerState::Stopped);
        stopped();
        self.port.set_current(context.outer);
        if HAS_THREADS && is_asked.get() {
            self.end_leave();
        } else {
            self.lifecycle.leave(must_notify, &self.port);
        }
    }

    /// True if it has ended a job that a closer may not know of. `is_asked`: set if it leaves an open pool.
    fn work_until_closed(&self, activity: &WorkerActivity, is_asked: &Cell<bool>) -> bool {
        // The thread that this one replaced may have ended one.
        let mut must_notify = true;
        // Of the last job: did a thread sleep for it, and did it come after a long sleep? A worker polls only
        // after a job, so not before its first.
        let (mut woke, mut after_idle) = (true, false);
        let mut paused = !self.notices.are_clear() && self.is_paused();
        loop {
            let next = if paused { None } else { self.claim_next(Popper::Worker) };
            let claimed = match next {
                Some(claimed) => {
                    after_idle = false;
                    claimed
                }
                None => match self.search(
                    activity,
                    self.polls(woke, after_idle),
                    &mut after_idle,
                    &mut must_notify,
                    is_asked,
                ) {
                    Some(claimed) => claimed,
                    None => return must_notify,
                },
            };
            let started_at = if self.notices.are_clear() { None } else { activity.begin_timed(&self.port) };
            activity.begin(claimed.index);
            woke = self.execute(claimed);
            activity.end();
            paused = false;
            if !self.notices.are_clear() {
                match self.look_up(activity, started_at) {
                    Notice::None => {}
                    Notice::Paused => paused = true,
                    Notice::Leave => {
                        is_asked.set(true);
                        return true;
                    }
                }
            }
        }
    }

    /// The rare part of a worker's round, for a pool with a notice.
    #[cold]
    fn look_up(&self, activity: &WorkerActivity, started_at: Option<u64>) -> Notice {
        if let Some(started_at) = started_at {
            activity.end_timed(started_at, &self.port);
        }
        let counts = self.idle.counts();
        if counts.asks_to_leave() && activity.is_own && !counts.is_closed() && self.begin_leave() {
            Notice::Leave
        } else if counts.is_paused() {
            Notice::Paused
        } else {
            Notice::None
        }
    }

    /// How often to poll after a job. Not at all if a thread slept for it: that thread may have been woken on
    /// this CPU, and submits when it gets the CPU. A little if the job came after a long sleep.
    fn polls(&self, woke: bool, after_idle: bool) -> u32 {
        match (woke, after_idle) {
            (true, _) => 0,
            (false, true) if SPINS => self.config().spin.min(POLLS_AFTER_SLEEP),
            (false, _) => self.config().spin,
        }
    }

    /// Spins or yields between two polls.
    fn rest(&self, polled: &mut u32) {
        if polled.is_multiple_of(POLLS_PER_YIELD) {
            self.port.yield_now();
        } else {
            spin_loop();
        }
        *polled += 1;
    }

    /// Searches and sleeps until it finds a job. None when the pool is closed and empty, or the worker leaves because it
    /// `is_asked`. `after_idle`: did it sleep for long?
    #[inline(never)]
    fn search(
        &self,
        activity: &WorkerActivity,
        mut polls: u32,
        after_idle: &mut bool,
        must_notify: &mut bool,
        is_asked: &Cell<bool>,
    ) -> Option<Claimed> {
        let is_empty = || self.ready().is_empty();
        let mut polled = 0;
        *after_idle = false;
        // While no worker sleeps, no submitter relies on searchers.
        while SPINS && polled < polls && self.idle.counts().is_open_and_awake() {
            self.rest(&mut polled);
            if let Some(claimed) = self.claim_next(Popper::Unpaced) {
                return Some(claimed);
            }
        }
        let mut search = self.idle.search();
        loop {
            loop {
                if search.is_paused() {
                    break;
                }
                if let Some(claimed) = self.claim_next(Popper::Unpaced) {
                    self.idle.end_search(search, &self.port, is_empty);
                    *must_notify = true;
                    return Some(claimed);
                }
                // On a closed pool it stops polling at once.
                if polled >= polls || self.is_closed() {
                    break;
                }
                self.rest(&mut polled);
            }
            let started_at = if SPINS && self.config().spin > 0 { self.port.now() } else { None };
            let was_paused = search.is_paused();
            let mut asleep = self.idle.register(search, self.port.has_timed_sleep());
            let mut popped = if asleep.is_sentry() { self.ready().popped() } else { 0 };
            let (mut limit, mut slept) = (SENTRY_SLEEPS.0, false);
            search = loop {
                // Read before the ring: a worker that leaves leaves no job behind that was published while
                // the pool was open.
                let counts = self.idle.counts_for_sleeper();
                let is_paused = if bug(Bug::LooksForThePauseOnce) { was_paused } else { counts.is_paused() };
                if !is_paused && !is_empty() && !bug(Bug::SleepsWithoutRecheck) {
                    break self.idle.cancel(asleep);
                }
                if counts.is_closed() {
                    let search = self.idle.cancel(asleep);
                    self.idle.end_search(search, &self.port, is_empty);
                    return None;
                }
                if counts.asks_to_leave() && activity.is_own {
                    if self.begin_leave() {
                        let search = self.idle.cancel(asleep);
                        if !bug(Bug::LeavesWithoutALook) {
                            self.idle.end_search(search, &self.port, is_empty);
                        }
                        is_asked.set(true);
                        return None;
                    }
                    continue;
                }
                // Not closed after the fence in `register`: a later closer's look sees what was done before
                // (E5).
                *must_notify = false;
                self.notify_blocked(Origin::Thread);
                if counts.has_idle_wait() {
                    self.lifecycle.notify_closers(&self.port, Origin::Thread);
                }
                slept = true;
                activity.set(WorkerState::Sleeping);
                asleep = match self.idle.sleep(asleep, &self.port, limit, activity.is_own) {
                    Ok(search) => break search,
                    Err(late) => {
                        let before = popped;
                        (popped, limit) = (self.ready().popped(), SENTRY_SLEEPS.1);
                        self.idle.end_timed_sleep(late, popped == before)
                    }
                };
            };
            if slept {
                let slept =
                    started_at.and_then(|started_at| Some(self.port.now()?.saturating_sub(started_at)));
                *after_idle = slept.is_none_or(|slept| slept > LONG_SLEEP);
                polls = 0;
                activity.set(WorkerState::Searching);
            }
        }
    }
}

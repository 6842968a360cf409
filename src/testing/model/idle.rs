//! The idle word, with a job count in place of rings and slots.

use crate::engine::headcount::Headcount;
use crate::platform::port::{Origin, Port};
use crate::platform::{Clock, ModelPort};
use crate::sleep::{Idle, NotifyOutcome};
use crate::sync::{AtomicUsize, Bug, Flags, Relaxed, bug};

/// How long a sentry sleeps.
const SENTRY_SLEEP: u64 = 1;

/// The idle word, with a job count in place of rings and slots.
pub struct Workers<P = ModelPort> {
    idle: Idle,
    port: P,
    jobs: AtomicUsize,
    /// As in `engine/pause.rs`.
    notices: Flags,
    heads: Headcount,
}

impl Workers {
    /// No workers, and no jobs.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self::with_clock(Clock::None)
    }

    /// The same with a clock, so that there are sentries.
    pub fn with_clock(clock: Clock) -> Self {
        Self::on(ModelPort::new(clock))
    }

    /// Advances the clock by a sentry's sleep.
    pub fn pass(&self) {
        self.port.pass(SENTRY_SLEEP);
    }

    /// As `give`, but if it would wake a worker, stops for ever before the wake-up.
    pub fn give_and_freeze(&self, position: usize) {
        self.jobs.fetch_add(1, Relaxed);
        let _ = self.idle.notify(&self.port.muted(), position, false, Origin::Thread, || position);
    }
}

impl<P: Port> Workers<P> {
    /// As `new`, on the given port.
    pub fn on(port: P) -> Self {
        Self {
            idle: Idle::new(),
            port,
            jobs: AtomicUsize::new(0),
            notices: Flags::new(),
            heads: Headcount::new(),
        }
    }

    /// Publishes a job as the push at `position`, and notifies the workers. Was the pool closed by then?
    pub fn give(&self, position: usize) -> bool {
        self.publish();
        self.notify_workers(position)
    }

    /// Publishes a job, and notifies nobody.
    pub fn publish(&self) {
        self.jobs.fetch_add(1, Relaxed);
    }

    /// Notifies the workers of jobs that were published up to `position`. Was the pool closed by then?
    pub fn notify_workers(&self, position: usize) -> bool {
        self.idle.notify(&self.port, position, false, Origin::Thread, || position) == NotifyOutcome::Closed
    }

    /// Starts a search and never ends it.
    pub fn freeze_searching(&self) {
        let _forgotten = self.idle.search();
    }

    /// Registers as sleeping, as a sentry, and then does nothing.
    pub fn freeze_sleeping(&self) {
        let search = self.idle.search();
        let _forgotten = self.idle.register(search, true);
    }

    /// What a waiter does when it has waited too long.
    pub fn reset_searchers(&self) {
        self.idle.reset_searchers(&self.port, Origin::Thread);
    }

    /// A spurious wake-up.
    pub fn wake_for_no_reason(&self) {
        self.port.wake_all(self.idle.word());
    }

    /// Pauses the pool.
    pub fn pause(&self) {
        self.idle.pause();
        self.notices.set(1);
    }

    /// One more worker that may be asked to leave.
    pub fn add_own(&self) {
        let wanted = self.heads.heads().wanted();
        self.heads.want(wanted + 1);
        self.heads.add();
    }

    /// Asks these workers to leave.
    pub fn ask(&self) {
        self.heads.want(0);
        self.idle.ask_to_leave(&self.port);
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.idle.resume(&self.port, || self.left() == 0);
    }

    fn is_paused(&self) -> bool {
        !self.notices.are_clear() && self.idle.counts().is_paused()
    }

    /// Closes the pool.
    pub fn close(&self) {
        self.idle.close(&self.port);
    }

    /// The number of jobs that nobody took, as the calling thread sees it.
    pub fn left(&self) -> usize {
        self.jobs.load(Relaxed)
    }

    /// Does the word count no tokens, searchers and sleepers?
    pub fn settled(&self) -> bool {
        let counts = self.idle.counts();
        counts.tokens() + counts.searching() + counts.sleeping() == 0
    }

    fn take(&self) -> bool {
        let mut jobs = self.jobs.load(Relaxed);
        while jobs > 0 {
            match self.jobs.compare_exchange(jobs, jobs - 1, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => jobs = now,
            }
        }
        false
    }

    /// The loop of `engine/worker_loop.rs`, step by step, until `most` jobs are taken, or the pool is closed
    /// and no job is left. Returns how many were taken.
    pub fn work(&self, most: usize) -> usize {
        self.work_as(most, false)
    }

    /// The same, for a worker that `add_own` counted in, until it is asked to leave.
    pub fn work_until_asked(&self) -> usize {
        self.work_as(usize::MAX, true)
    }

    fn work_as(&self, most: usize, is_own: bool) -> usize {
        let is_empty = || self.jobs.load(Relaxed) == 0;
        let mut taken = 0;
        let mut paused = self.is_paused();
        while taken < most {
            if !paused && self.take() {
                taken += 1;
                paused = self.is_paused();
                continue;
            }
            let mut search = self.idle.search();
            loop {
                let was_paused = search.is_paused();
                if !was_paused && self.take() {
                    self.idle.end_search(search, &self.port, is_empty);
                    taken += 1;
                    paused = self.is_paused();
                    break;
                }
                let mut asleep = self.idle.register(search, self.port.has_timed_sleep());
                search = loop {
                    let counts = self.idle.counts_for_sleeper();
                    let is_paused =
                        if bug(Bug::LooksForThePauseOnce) { was_paused } else { counts.is_paused() };
                    if !is_paused && !is_empty() {
                        break self.idle.cancel(asleep);
                    }
                    if is_own && counts.asks_to_leave() && self.heads.begin_leave() {
                        let search = self.idle.cancel(asleep);
                        if !bug(Bug::LeavesWithoutALook) {
                            self.idle.end_search(search, &self.port, is_empty);
                        }
                        return taken;
                    }
                    if counts.is_closed() {
                        let search = self.idle.cancel(asleep);
                        self.idle.end_search(search, &self.port, is_empty);
                        return taken;
                    }
                    asleep = match self.idle.sleep(asleep, &self.port, SENTRY_SLEEP, is_own) {
                        Ok(search) => break search,
                        // It has seen that nothing happens.
                        Err(late) => self.idle.end_timed_sleep(late, true),
                    };
                };
            }
        }
        taken
    }
}

//! The idle word, with a number of jobs in place of rings and slots.

use crate::platform::port::{Origin, Port};
use crate::platform::{Clock, ModelPort};
use crate::sleep::{Idle, NotifyOutcome};
use crate::sync::{AtomicUsize, Relaxed};

/// How long a sentry sleeps.
const NAP: u64 = 1;

/// The idle word, with a number of jobs in place of rings and slots.
pub struct Workers<P = ModelPort> {
    idle: Idle,
    port: P,
    jobs: AtomicUsize,
}

impl Workers {
    /// Nobody works, nothing is to be done.
    #[allow(clippy::new_without_default, reason = "it belongs to one execution of a model")]
    pub fn new() -> Self {
        Self::with_clock(Clock::None)
    }

    /// The same, with a clock: then there are sentries.
    pub fn with_clock(clock: Clock) -> Self {
        Self::on(ModelPort::new(clock))
    }

    /// Lets as much time pass as a sentry sleeps.
    pub fn pass(&self) {
        self.port.pass(NAP);
    }

    /// As `give`, but stops for ever before the wake-up, if it was to be one.
    pub fn give_and_freeze(&self, position: usize) {
        self.jobs.fetch_add(1, Relaxed);
        let _ = self.idle.notify(&self.port.muted(), position, false, Origin::Thread, || position);
    }
}

impl<P: Port> Workers<P> {
    /// As `new`, on some port.
    pub fn on(port: P) -> Self {
        Self { idle: Idle::new(), port, jobs: AtomicUsize::new(0) }
    }

    /// Publishes a job as the push at `position`, and tells of it. Was the pool closed by then?
    pub fn give(&self, position: usize) -> bool {
        self.publish();
        self.notify_workers(position)
    }

    /// Publishes a job, and tells nobody.
    pub fn publish(&self) {
        self.jobs.fetch_add(1, Relaxed);
    }

    /// Tells of what was published up to `position`. Was the pool closed by then?
    pub fn notify_workers(&self, position: usize) -> bool {
        self.idle.notify(&self.port, position, false, Origin::Thread, || position) == NotifyOutcome::Closed
    }

    /// Begins a search and never ends it.
    pub fn freeze_searching(&self) {
        let _forgotten = self.idle.search();
    }

    /// Registers as sleeping, as a sentry, and does nothing any more.
    pub fn freeze_sleeping(&self) {
        let search = self.idle.search();
        let _forgotten = self.idle.register(search, true);
    }

    /// What a waiter does when its patience is over.
    pub fn reset_searchers(&self) {
        self.idle.reset_searchers(&self.port, Origin::Thread);
    }

    /// A wake-up for no reason.
    pub fn wake_for_no_reason(&self) {
        self.port.wake_all(self.idle.word());
    }

    /// Closes.
    pub fn close(&self) {
        self.idle.close(&self.port);
    }

    /// Jobs that nobody took, as the calling thread sees them.
    pub fn left(&self) -> usize {
        self.jobs.load(Relaxed)
    }

    /// Are no tokens, searchers and sleepers on the books?
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

    /// The loop of `engine/worker_loop.rs`, step by step, until `most` jobs are taken or the end. How many were taken.
    pub fn work(&self, most: usize) -> usize {
        let is_empty = || self.jobs.load(Relaxed) == 0;
        let mut taken = 0;
        while taken < most {
            if self.take() {
                taken += 1;
                continue;
            }
            let mut search = self.idle.search();
            loop {
                if self.take() {
                    self.idle.end_search(search, &self.port, is_empty);
                    taken += 1;
                    break;
                }
                let mut asleep = self.idle.register(search, self.port.naps());
                search = loop {
                    let closed = self.idle.is_closed_for_sleeper();
                    if !is_empty() {
                        break self.idle.cancel(asleep);
                    }
                    if closed {
                        let search = self.idle.cancel(asleep);
                        self.idle.end_search(search, &self.port, is_empty);
                        return taken;
                    }
                    asleep = match self.idle.sleep(asleep, &self.port, NAP) {
                        Ok(search) => break search,
                        // It has seen that nothing happens.
                        Err(late) => self.idle.end_nap(late, true),
                    };
                };
            }
        }
        taken
    }
}

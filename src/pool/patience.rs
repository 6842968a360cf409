//! How long a thread that sleeps in a call trusts that it will be woken, and when it may not sleep at all because every
//! worker would.

use super::RawPool;
use crate::frame::Frame;
use crate::lifecycle::{Lifecycle, Visit};
use crate::port::{Deadline, Port, Timeout};
use crate::relax::{SPINS, spin_until};
use crate::slot::Slot;
use crate::slot::state::{State, Status};
use crate::storage::Storage;
use crate::sync::dying;

/// How long a sleeping thread trusts that what it waits for will be seen to: 1 ms, doubling to 50 ms. Then it forces
/// a wake-up.
pub(super) struct Patience(u64);

impl Patience {
    const FIRST: u64 = 1_000_000;
    const MOST: u64 = 50_000_000;

    pub(super) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// How long to sleep, if `left` is left.
    pub(super) fn nap(&self, left: Option<u64>) -> Option<u64> {
        Some(left.map_or(self.0, |left| left.min(self.0)))
    }

    pub(super) fn lose(&mut self) {
        self.0 = (self.0 * 2).min(Self::MOST);
    }

    /// Has it slept at least once in vain?
    pub(super) fn worn(&self) -> bool {
        self.0 > Self::FIRST
    }
}

/// A worker's job sleeps without end in a call of its pool; while it does, its worker runs nothing.
pub(super) struct Blocked<'a>(Option<&'a Lifecycle>);

impl<'a> Blocked<'a> {
    /// Counts the calling thread, if it is a worker inside a job and its sleep has no end.
    pub(super) fn begin<S: Storage, P: Port + Clone>(pool: &'a RawPool<S, P>, deadline: Deadline) -> Self {
        let counted = matches!(deadline, Deadline::Never)
            && pool.frames_here() > 0
            && pool.here().and_then(Frame::worker).is_some();
        if counted {
            pool.lifecycle.block();
        }
        Self(counted.then_some(&*pool.lifecycle))
    }

    /// Would sleeping on leave nobody to run a job? Not before a first sleep in vain, unless this worker is the only
    /// one: another, counted still, may just have been woken.
    #[inline(always)]
    pub(super) fn is_hopeless<S: Storage, P: Port + Clone>(
        &self,
        pool: &RawPool<S, P>,
        patience: &Patience,
    ) -> bool {
        self.0.is_some() && pool.lifecycle.all_blocked() && (patience.worn() || pool.lifecycle.live() == 1)
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        if let Some(lifecycle) = self.0
            && !dying()
        {
            lifecycle.unblock();
        }
    }
}

/// How often a waiter looks for the end of its job before it goes to sleep: some 2 µs, less than a sleep and a wake-up cost
/// the two sides. Whoever spins for as long as a sleep costs pays at most double (A. Karlin et al., "Empirical Studies of
/// Competitive Spinning for a Shared-Memory Multiprocessor", SOSP 1991).
const LOOKS: u32 = 50;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Watches the word of a job that a worker may be about to finish. The word, if it has moved on from `state`.
    /// Not while all workers sleep or are being woken: that takes longer. Then stands aside once, if one is awake that may wait for
    /// this CPU.
    pub(super) fn watch(&self, slot: Slot<'_>, state: State) -> Option<State> {
        if !SPINS {
            return None;
        }
        let counts = self.idle.counts();
        let mut now = state;
        if self.lifecycle.live() > counts.sleeping() + counts.tokens() {
            spin_until(LOOKS, || {
                now = slot.state();
                now != state
            });
        }
        if now == state && self.lifecycle.live() > counts.sleeping() {
            self.port.stand_aside();
            now = slot.state();
        }
        (now != state).then_some(now)
    }
}

/// One thread's wait for one job.
pub(super) struct Waiting<'a, P: Port> {
    deadline: Deadline,
    patience: Patience,
    blocked: Blocked<'a>,
    _visit: Visit<P>,
}

/// What came of one sleep.
pub(super) enum Slept {
    /// The job's word now.
    Now(State),
    /// The time is over.
    TimedOut,
    /// Nobody is left to run the job.
    Hopeless,
}

impl<'a, P: Port + Clone> Waiting<'a, P> {
    pub(super) fn new<S: Storage>(pool: &'a RawPool<S, P>, timeout: Timeout) -> Self {
        let deadline = Deadline::after(&pool.port, timeout);
        Self {
            deadline,
            patience: Patience::new(),
            blocked: Blocked::begin(pool, deadline),
            _visit: pool.lifecycle.visit(&pool.port),
        }
    }

    /// Sleeps until the job's word moves on from `state`, or a while.
    pub(super) fn sleep<S: Storage>(&mut self, pool: &RawPool<S, P>, slot: Slot<'_>, state: State) -> Slept {
        let queued = state.status() == Status::Queued;
        // A job that runs will end; one that is queued needs somebody.
        if queued && self.blocked.is_hopeless(pool, &self.patience) {
            return Slept::Hopeless;
        }
        let Ok(left) = self.deadline.left(&pool.port) else { return Slept::TimedOut };
        let awaited = state.await_by();
        if awaited != state
            && let Err(now) = slot.flag(state, awaited)
        {
            return Slept::Now(now);
        }
        let impatient = queued && pool.port.now().is_some();
        let nap = if impatient { self.patience.nap(left) } else { left };
        pool.port.wait(slot.word(), awaited.0, nap);
        let now = slot.state();
        if impatient && now == awaited {
            pool.idle.force(&pool.port);
            self.patience.lose();
        }
        Slept::Now(now)
    }
}

//! How a thread sleeps in a call, and how long it trusts that another thread wakes it.

use super::RawPool;
use super::deadlock::Outlook;
use super::interrupt::Listening;
use crate::engine::lifecycle::Visit;
use crate::engine::wait_graph::Awaits;
use crate::job::id::JobId;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::slot::Slot;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::util::backoff::{SPINS, spin_until};

/// How long a sleeping thread trusts that another thread does what it waits for: 1 ms, doubling to 50 ms. Then it forces a
/// wake-up.
pub(super) struct Patience(u64);

impl Patience {
    const FIRST: u64 = 1_000_000;
    const MOST: u64 = 50_000_000;

    pub(super) fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(super) fn lose(&mut self) {
        self.0 = (self.0 * 2).min(Self::MOST);
    }
}

/// How often a waiter looks for the end of its job before it goes to sleep: some 2 µs, less than a sleep and a wake-up cost
/// the two sides. A thread that spins for as long as a sleep costs pays at most double (A. Karlin et al., "Empirical Studies
/// of Competitive Spinning for a Shared-Memory Multiprocessor", SOSP 1991).
const LOOKS: u32 = 50;

/// How long to sleep, and whether the patience limits it.
pub(super) struct Nap {
    pub(super) time: Option<u64>,
    pub(super) is_impatient: bool,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// How long to sleep until another thread acts, when `left` of the timeout is left. None: do not sleep, look again.
    /// `distrusts`: that other thread may have been stopped.
    pub(super) fn nap(
        &self,
        patience: &Patience,
        left: Option<u64>,
        distrusts: bool,
        outlook: Outlook,
    ) -> Option<Nap> {
        let unsettled = outlook == Outlook::Unsettled;
        if !distrusts && !unsettled {
            return Some(Nap { time: left, is_impatient: false });
        }
        if self.port.now().is_some() {
            let time = left.map_or(patience.0, |left| left.min(patience.0));
            return Some(Nap { time: Some(time), is_impatient: true });
        }
        if unsettled {
            self.port.pause();
            return None;
        }
        Some(Nap { time: left, is_impatient: false })
    }

    /// Watches the word of a job that a worker may be about to finish. Returns the word if it is no longer `state`. It does not
    /// spin while all workers sleep or are being woken, which takes longer. Then it yields once, if some worker does not sleep:
    /// that worker may wait for this CPU.
    pub(super) fn watch(&self, slot: Slot<'_>, state: State) -> Option<State> {
        let mut now = state;
        self.watch_for(|| {
            now = slot.state();
            now != state
        });
        (now != state).then_some(now)
    }

    /// The same for anything that a worker may be about to do. True if it has happened.
    pub(super) fn watch_for(&self, mut has_happened: impl FnMut() -> bool) -> bool {
        if !SPINS {
            return false;
        }
        let counts = self.idle.counts();
        let mut happened = false;
        if self.lifecycle.live() > counts.sleeping() + counts.tokens() {
            spin_until(LOOKS, || {
                happened = has_happened();
                happened
            });
        }
        if !happened && self.lifecycle.live() > counts.sleeping() {
            self.port.yield_now();
            happened = has_happened();
        }
        happened
    }
}

/// One thread's wait for a job, or for one after the other.
pub(super) struct Waiting<P: Port> {
    deadline: Deadline,
    patience: Patience,
    /// What to register, if the wait is registered.
    pub(super) awaits: Option<Awaits>,
    /// May it end before the job has finished?
    gives_up: bool,
    _visit: Visit<P>,
}

/// The result of one sleep.
pub(super) enum Slept {
    /// The job's word now.
    Now(State),
    /// The timeout has passed.
    TimedOut,
    /// An interrupt was raised.
    Interrupted,
    /// No thread is left that could end the wait.
    Hopeless(Outlook),
}

impl<P: Port + Clone> Waiting<P> {
    pub(super) fn new<S: Storage>(
        pool: &RawPool<S, P>,
        job: JobId,
        timeout: Timeout,
        gives_up: bool,
    ) -> Self {
        let awaits = pool.registers(timeout).then_some(Awaits::Job { job, gives_up });
        Self { awaits, gives_up, ..Self::until(pool, Deadline::after(&pool.port, timeout)) }
    }

    /// A wait until the deadline, which is not registered.
    pub(super) fn until<S: Storage>(pool: &RawPool<S, P>, deadline: Deadline) -> Self {
        let visit = pool.lifecycle.visit(&pool.port, Origin::Thread);
        Self { deadline, patience: Patience::new(), awaits: None, gives_up: true, _visit: visit }
    }

    /// Sleeps until the job's word is no longer `state`, or until the nap ends.
    pub(super) fn sleep<S: Storage>(&mut self, pool: &RawPool<S, P>, slot: Slot<'_>, state: State) -> Slept {
        let Ok(left) = self.deadline.left(&pool.port) else { return Slept::TimedOut };
        let listening = if self.gives_up { pool.listen() } else { Listening::Not };
        if listening.is_ended() {
            return Slept::Interrupted;
        }
        let awaited = state.with_waiter();
        if awaited != state
            && let Err(now) = slot.flag(state, awaited)
        {
            return Slept::Now(now);
        }
        let outlook = pool.sleep_for(self.awaits, |outlook| {
            self.nap(pool, slot, awaited, left, outlook, listening);
        });
        if outlook.is_hopeless() { Slept::Hopeless(outlook) } else { Slept::Now(slot.state()) }
    }

    fn nap<S: Storage>(
        &mut self,
        pool: &RawPool<S, P>,
        slot: Slot<'_>,
        awaited: State,
        left: Option<u64>,
        outlook: Outlook,
        listening: Listening,
    ) {
        // A job that runs ends by itself. A queued job needs a thread to run it.
        let queued = awaited.status() == Status::Queued;
        let Some(nap) = pool.nap(&self.patience, left, queued, outlook) else { return };
        pool.sleep_on(slot.word(), awaited.0, nap.time, listening);
        if nap.is_impatient && slot.state() == awaited {
            if queued {
                pool.idle.reset_searchers(&pool.port, Origin::Thread);
            }
            self.patience.lose();
        }
    }
}

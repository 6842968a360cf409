//! Submitting: takes a free slot, fills it and pushes it to the ready ring. Also gives slots back, and waits for one.

use super::RawPool;
use super::blocking_wait::Patience;
use super::deadlock::Outlook;
use super::interrupt::Listening;
use super::request::{Request, WhenFull};
use crate::engine::lifecycle::Visit;
use crate::engine::wait_graph::Awaits;
use crate::job::id::JobId;
use crate::platform::keeping_errno;
use crate::platform::port::{Deadline, Origin, Port, Timeout};
use crate::ring::{Mark, Popper};
use crate::sleep::NotifyOutcome;
use crate::slot::state::{Recipient, State};
use crate::slot::storage::Storage;
use crate::slot::{Popped, Slot, Vacated};
use crate::sync::{AtomicUsize, Bug, SeqCst, Site, bug, fence, fence_behind_rmw, ordering, stop_point};
use crate::util::backoff::SPINS;

/// Why a submit got no slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReserveError {
    Full,
    Shutdown,
    TimedOut,
    /// No thread is left that could free a slot.
    Deadlock,
    /// An interrupt was raised.
    Interrupted,
}

/// The index of a free slot that the caller owns, fills and publishes.
#[must_use = "a reserved slot that is not published is lost"]
pub(crate) struct Reserved(pub(super) usize);

/// A microcontroller has one copy of the whole submit and no separate fast path.
const SMALL: bool = cfg!(all(target_os = "none", target_pointer_width = "32"));

/// A free slot wakes every thread that waits for one. So a thread that finds the pool full while others wait yields its CPU
/// this often first, perhaps to a worker. (A guess: the count of visitors includes threads that wait for a result, and each
/// submit where destroy waits for submits.)
const ASIDES: u32 = 2;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Hands a job over: the one way into a pool. The job is accepted when its entry is published. If it is refused, the
    /// request comes back, and nothing has changed.
    ///
    /// With a free slot it is lock-free and neither blocks nor locks nor allocates. With `Fail` that is always so: it may be
    /// called from a signal handler, and from an interrupt with [`Origin::Isr`].
    ///
    /// # Safety
    /// 1. The request was made for this pool, and what its job borrows outlives the job.
    #[inline(always)]
    pub(crate) unsafe fn submit<R: Request, W: WhenFull>(
        &self,
        request: R,
        recipient: Recipient,
        when_full: W,
        origin: Origin,
    ) -> Result<JobId, (ReserveError, R)> {
        let mut first = None;
        if !SMALL && !self.storage.counts_submits() {
            match self.reserve_now(W::POPPER) {
                Ok(reserved) => {
                    // SAFETY:
                    // - 1: just reserved from this pool. 2: the caller's.
                    return Ok(unsafe { self.publish(reserved, request, recipient, origin) });
                }
                Err(refused) => first = Some(refused),
            }
        }
        // SAFETY:
        // - the caller's.
        unsafe { self.submit_slowly(request, recipient, when_full, origin, first) }
    }

    /// The whole of `submit`. `first`: the error of the first attempt to reserve a slot, if there was one.
    ///
    /// # Safety
    /// As submit.
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), cold, inline(never))]
    unsafe fn submit_slowly<R: Request, W: WhenFull>(
        &self,
        request: R,
        recipient: Recipient,
        when_full: W,
        origin: Origin,
        first: Option<ReserveError>,
    ) -> Result<JobId, (ReserveError, R)> {
        let _counted = self.storage.counts_submits().then(|| self.lifecycle.visit(&self.port, origin));
        let found = match first {
            None => self.try_reserve(W::POPPER, origin),
            Some(ReserveError::Full) => self.reserve_reaped(W::POPPER, origin),
            Some(refused) => Err(refused),
        };
        let reserved = match found {
            Ok(reserved) => Ok((reserved, None)),
            // A job that the caller runs here may change errno. The visit ends after the job is published: destroy waits for it.
            Err(ReserveError::Full) if W::WAITS => keeping_errno(|| self.reserve_slow(when_full.timeout())),
            Err(refused) => Err(refused),
        };
        match reserved {
            // SAFETY:
            // - 1: just reserved from this pool. 2: the caller's.
            Ok((reserved, _visit)) => Ok(unsafe { self.publish(reserved, request, recipient, origin) }),
            Err(refused) => Err((refused, request)),
        }
    }

    /// Reserves a free slot without waiting. It is lock-free, allocates nothing and runs no user code: safe in a signal handler
    /// and in an interrupt, which are unpaced.
    pub(crate) fn try_reserve(&self, by: Popper, origin: Origin) -> Result<Reserved, ReserveError> {
        match self.reserve_now(by) {
            Err(ReserveError::Full) => self.reserve_reaped(by, origin),
            reserved => reserved,
        }
    }

    /// The first attempt of `try_reserve`: the path of most submits.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(always))]
    fn reserve_now(&self, by: Popper) -> Result<Reserved, ReserveError> {
        if self.refuses_jobs() {
            return Err(ReserveError::Shutdown);
        }
        let has_peer = || self.lifecycle.live() > 0;
        let index = self.free().pop_as(by, has_peer, |index| self.slot(index).fetch());
        index.map(Reserved).ok_or(ReserveError::Full)
    }

    /// As `try_reserve`, for a caller that found no free slot: cancelled jobs may still hold their slots.
    #[cold]
    #[inline(never)]
    pub(super) fn reserve_reaped(&self, by: Popper, origin: Origin) -> Result<Reserved, ReserveError> {
        while self.reap(origin) {
            match self.reserve_now(by) {
                Err(ReserveError::Full) => {}
                reserved => return reserved,
            }
        }
        // The pool is full, or a closer took the free slots since we looked.
        Err(if self.refuses_jobs() { ReserveError::Shutdown } else { ReserveError::Full })
    }

    /// Waits for a free slot. On a pool without workers the caller runs the oldest queued job instead of waiting. Returns the
    /// slot together with the caller's visit.
    pub(crate) fn reserve_slow(
        &self,
        timeout: Timeout,
    ) -> Result<(Reserved, Option<Visit<P>>), ReserveError> {
        if bug(Bug::JobMakesNoRoom) && self.nesting_depth() > 0 && self.lifecycle.live() == 0 {
            return Err(ReserveError::Full);
        }
        let deadline = Deadline::after(&self.port, timeout);
        let visit = self.lifecycle.visit(&self.port, Origin::Thread);
        let mut patience = Patience::new();
        let awaits = self.registers(timeout).then_some(Awaits::Slot);
        let mut asides = 0;
        loop {
            match self.try_reserve(Popper::Submitter, Origin::Thread) {
                Err(ReserveError::Full) => {}
                Ok(reserved) => {
                    return Ok((reserved, (!bug(Bug::VisitEndsTooSoon)).then_some(visit)));
                }
                Err(refused) => return Err(refused),
            }
            let late = if bug(Bug::WaitsPastTheDeadline) { Ok(None) } else { Err(ReserveError::TimedOut) };
            let left = deadline.left(&self.port).or(late)?;
            if self.is_copy() {
                return Err(ReserveError::Shutdown);
            }
            let listening = self.listen();
            if listening.is_ended() {
                return Err(ReserveError::Interrupted);
            }
            if self.lifecycle.live() == 0 {
                if !self.stack_suffices() || !self.run_one() {
                    // The last worker may have freed slots since we looked, and left.
                    let found = if self.notices.are_clear() {
                        Err(ReserveError::Full)
                    } else {
                        self.try_reserve(Popper::Submitter, Origin::Thread)
                    };
                    return found.map(|reserved| (reserved, Some(visit)));
                }
            } else if SPINS && asides < ASIDES && self.lifecycle.visitors() > 1 {
                asides += 1;
                self.port.yield_now();
            } else if self.await_slot(left, &mut patience, awaits, listening).is_hopeless() {
                return Err(ReserveError::Deadlock);
            }
        }
    }

    /// Sleeps until a slot is given back or the pool closes, but no longer than its patience lasts: a full pool makes no
    /// more pushes that could trigger a wake-up, and the thread that should wake this one may be stopped before it does.
    /// `awaits`: what to register, if the wait is registered.
    fn await_slot(
        &self,
        left: Option<u64>,
        patience: &mut Patience,
        awaits: Option<Awaits>,
        listening: Listening,
    ) -> Outlook {
        let Some(marked) = self.free().mark_empty(Mark::Waiter) else { return Outlook::Hopeful };
        // ORDERING: pairs with the fence in Idle::close: either we see CLOSED here, or the closer sees our mark,
        // clears it and wakes us (E5).
        fence(ordering(Site::AwaitSlotFence, SeqCst));
        if self.is_closed() {
            return Outlook::Hopeful;
        }
        // After the mark: a thread that frees a slot from here on wakes this one.
        self.sleep_for(awaits, |outlook| {
            let Some(nap) = self.nap(patience, left, true, outlook) else { return };
            self.sleep_on(marked.word, marked.value, nap.time, listening);
            if nap.is_impatient && self.free().mark_empty(Mark::Waiter).is_some_and(|now| now == marked) {
                self.idle.reset_searchers(&self.port, Origin::Thread);
                patience.lose();
            }
        })
    }

    /// Fills a reserved slot and hands its job over. After this the job is accepted.
    ///
    /// # Safety
    /// 1. `reserved` is of this pool. 2. As submit.
    #[inline(always)]
    pub(crate) unsafe fn publish(
        &self,
        reserved: Reserved,
        request: impl Request,
        recipient: Recipient,
        origin: Origin,
    ) -> JobId {
        // SAFETY:
        // - the caller's.
        let (job, position) = unsafe { self.enqueue(reserved, request, recipient) };
        self.notify_workers(position, false, origin);
        job
    }

    /// The first half of publish: the job is accepted, but no sleeping worker is notified yet. The caller notifies the workers
    /// of it, or of a later job, before it does anything else that takes time.
    ///
    /// # Safety
    /// As publish.
    #[inline(always)]
    pub(crate) unsafe fn enqueue(
        &self,
        reserved: Reserved,
        request: impl Request,
        recipient: Recipient,
    ) -> (JobId, usize) {
        let Reserved(index) = reserved;
        let vtable = request.vtable();
        // SAFETY:
        // - 1: the index came out of our free ring and went nowhere else. 2: a request writes what its functions take.
        let state = unsafe { self.slot(index).fill(vtable, recipient, |payload| request.write(payload)) };
        let position = self.ready().push(index).position;
        (Slot::handle(self.tag(), index, state), position)
    }

    /// The second half: wakes a worker (two if `several`) for the jobs placed up to `position`, or notifies the closer.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(always))]
    pub(crate) fn notify_workers(&self, position: usize, several: bool, origin: Origin) {
        let outcome = self.idle.notify(&self.port, position, several, origin, || self.ready().popped());
        if outcome == NotifyOutcome::Closed && !bug(Bug::CloserIsNotNotified) {
            self.lifecycle.notify_closers(&self.port, origin);
        }
    }

    /// Puts the index of a vacant slot into the free ring and wakes the threads that wait for one.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(always))]
    pub(super) fn give_back(&self, index: usize, origin: Origin) {
        if let Some(word) = self.free().push(index).marked {
            self.tell_of_free_slot(word, origin);
        }
    }

    #[cold]
    fn tell_of_free_slot(&self, word: *const AtomicUsize, origin: Origin) {
        stop_point(Site::FreeSlotWake);
        self.wake_waiters(word, origin);
        self.notify_closers_if_closed(origin);
    }

    /// Called after a read-modify-write of something that a closer, a thread in wait_idle, or a job that sleeps in submit may wait
    /// for; but not where a worker goes to sleep or leaves its loop. (A worker notifies closers when it leaves, if it has ended a
    /// job, and the others before it sleeps itself.)
    #[inline]
    pub(super) fn notify_closers_if_closed(&self, origin: Origin) {
        // ORDERING: pairs with the fences in Idle::close and Idle::begin_idle_wait: either the other's look sees what we did before this
        // fence, or we see CLOSED or IDLE_WAIT (E5).
        fence_behind_rmw(ordering(Site::NotifyIfClosedFence, SeqCst));
        self.notify_blocked(origin);
        let counts = self.idle.counts();
        if counts.is_closed() || counts.has_idle_wait() && !bug(Bug::OnlyWorkersEndIdleWaits) {
            self.lifecycle.notify_closers(&self.port, origin);
        }
    }

    /// Must a slot whose result the caller has just taken (TAKING) be retired instead of given back? A closer may have counted
    /// its job as finished and returned: then no thread would see the slot filled again.
    pub(super) fn must_retire(&self) -> bool {
        // ORDERING: pairs with the fence in Idle::close: either the closer's look at this slot sees TAKING, or what
        // came after, or we see CLOSED (E5). TAKING came by a read-modify-write.
        fence_behind_rmw(ordering(Site::TakerFence, SeqCst));
        self.is_closed()
    }

    /// Gives back the slot of a job that has finished, or retires it. The caller was its runner or taker.
    pub(super) fn vacate(&self, index: usize, state: State, retire: bool) {
        let slot = self.slot(index);
        let word = core::ptr::from_ref(slot.word());
        let (vacated, old) = slot.vacate(state, retire);
        if old.has_waiter() {
            stop_point(Site::VacateWake);
            self.wake_waiters_without_end(word);
        }
        self.pass_on(index, vacated);
    }

    /// The index of a slot that was given back goes to where it is waited for.
    #[inline(always)]
    pub(super) fn pass_on(&self, index: usize, vacated: Vacated) {
        match vacated {
            Vacated::Push => self.give_back(index, Origin::Thread),
            Vacated::Tombstone => {
                self.reap(Origin::Thread);
            }
            Vacated::Retired => self.lifecycle.notify_closers(&self.port, Origin::Thread),
        }
    }

    /// Recycles tombstones at the head of the ready ring. True if there was one. Called by a thread that made a tombstone or
    /// found no free slot. (A tombstone behind a live job stays until a thread finds no free slot, or pops it.)
    pub(super) fn reap(&self, origin: Origin) -> bool {
        let mut reaped = false;
        loop {
            // ORDERING: pairs with itself in another thread: of two threads that make a tombstone, or pop the entry before
            // one, the later sees what the earlier did. So no tombstone stays at the head unseen by both (E6).
            fence(ordering(Site::TombstoneFence, SeqCst));
            let Some((position, index)) = self.ready().peek() else { return reaped };
            // The entry at head was pushed for the slot's present generation: a tombstone remains one until its entry is
            // popped.
            if !self.slot(index).state().is_tombstone() {
                return reaped;
            }
            if self.ready().pop_if_at(position) {
                match self.slot(index).claim_popped() {
                    Popped::Vacant => self.give_back(index, origin),
                    Popped::Nothing | Popped::Job(_) => debug_assert!(false, "a tombstone came to life"),
                }
            }
            reaped = true;
        }
    }
}

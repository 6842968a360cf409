//! Claiming the next job and running it.

use super::RawPool;
#[cfg(feature = "capi")]
use crate::job::context::CallChain;
use crate::job::context::CallContext;
use crate::job::vtable::{DiscardReason, RunResult};
use crate::platform::port::{Origin, Port};
use crate::ring::Pacing;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::slot::{Popped, Slot};
use crate::sync::{Bug, Site, bug, stop_point};

/// A job claimed by the calling thread, to be run or dropped.
#[must_use = "a claimed job that is neither run nor dropped is lost"]
pub(super) struct Claimed {
    pub(super) index: usize,
    pub(super) state: State,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// The oldest queued job, claimed. Clears away tombstones on the way.
    #[inline(always)]
    pub(super) fn claim_next(&self) -> Option<Claimed> {
        self.claim(false)
    }

    /// The same, for a worker's loop, which keeps its distance from submitters.
    #[inline(always)]
    pub(super) fn claim_next_apart(&self) -> Option<Claimed> {
        self.claim(true)
    }

    // Inlined where frames of a debug build don't add up to more than a worker may take of its stack.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(
        not(any(debug_assertions, all(target_os = "none", target_pointer_width = "32"))),
        inline(always)
    )]
    fn claim(&self, paced: bool) -> Option<Claimed> {
        loop {
            let (at, index) = self.ready().pop_expecting(|index| self.slot(index).fetch())?;
            if paced {
                // Not claimed yet: whoever waits for it may still run it. One job may be all there is.
                let there = || self.config().spin > 0 && !self.ready().is_empty();
                self.ready().pace(at, Pacing::OF_WORKER, there);
            }
            if let Popped::Job(state) = self.claim_or_clear(index) {
                return Some(Claimed { index, state });
            }
        }
    }

    #[inline(always)]
    fn claim_or_clear(&self, index: usize) -> Popped {
        let popped = self.slot(index).claim_popped();
        if let Popped::Vacant = popped {
            self.clear(index);
        }
        popped
    }

    #[cold]
    #[inline(never)]
    fn clear(&self, index: usize) {
        self.give_back(index);
    }

    /// Runs a claimed job and resolves its slot, which is not touched afterwards. Did somebody sleep for it?
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(
        not(any(debug_assertions, all(target_os = "none", target_pointer_width = "32"))),
        inline(always)
    )]
    pub(super) fn execute(&self, claimed: Claimed) -> bool {
        let Claimed { index, state } = claimed;
        let slot = self.slot(index);
        // SAFETY:
        // - the job is claimed: RUNNING is ours, and so is the body (state.rs).
        let vtable = unsafe { slot.vtable() };
        // SAFETY:
        // - as above. run is called once, here.
        let (outcome, retire) = self.in_job_context(index, state, |frame| unsafe {
            slot.with_payload(|payload| (vtable.run)(payload, frame))
        });
        let nothing_left = outcome == RunResult::Done && !vtable.drops_result;
        if nothing_left && !retire && state.is_detached() && !state.is_in_ring() {
            slot.vacate_owned(state);
            self.give_back(index);
            return false;
        }
        self.resolve(index, state, outcome.into(), retire)
    }

    /// The innermost job of this thread ended the thread: it is over, as one that failed, and the thread outside of it.
    /// False if that job may not do so. Called while the stack is still there.
    #[cfg(feature = "capi")]
    pub(crate) fn end_exited(&self) -> bool {
        let Some(frame) = CallChain(self.port.current()).next() else { return false };
        let found = frame.job().and_then(|job| job.resolve(self.tag(), self.storage.capacity()));
        // Locals are there while the job's own code runs; its callbacks must return.
        let may = frame.pool == self.id() && frame.may_end_thread() && !frame.vtable_data.get().is_null();
        let (Some((index, _)), true) = (found, may) else { return false };
        let slot = self.slot(index);
        // SAFETY:
        // - this thread runs the job: the body is ours (state.rs), and run will not go on.
        let outcome = unsafe {
            let Some(exited) = slot.vtable().exited else { return false };
            slot.with_payload(|payload| exited(payload, frame))
        };
        self.port.set_current(frame.outer);
        self.resolve(index, slot.state(), outcome.into(), frame.closed_inside.get());
        true
    }

    /// Drops a claimed job instead of running it.
    pub(super) fn drop_claimed(&self, claimed: Claimed, why: DiscardReason) {
        let Claimed { index, state } = claimed;
        let slot = self.slot(index);
        let job = Slot::handle(self.tag(), index, state);
        // SAFETY:
        // - as in execute, with discard in place of run.
        let ((), retire) = self.in_job_context(index, state, |_| unsafe {
            let vtable = slot.vtable();
            slot.with_payload(|payload| (vtable.discard)(payload, job, why));
        });
        self.resolve(index, state, Status::Cancelled, retire);
    }

    /// The job is over. `retire`: a closer may be gone that did not wait for it, so that nobody would look for a job in
    /// its slot any more. Did somebody sleep for it?
    fn resolve(&self, index: usize, state: State, to: Status, retire: bool) -> bool {
        let slot = self.slot(index);
        if state.is_detached() && !state.is_in_ring() {
            if self.drop_result(index, to) || retire {
                self.vacate(index, state, true);
            } else {
                slot.vacate_owned(state);
                self.give_back(index);
            }
            return false;
        }
        let word = core::ptr::from_ref(slot.word());
        match slot.resolve(state, to) {
            // From here on the slot is its takers'.
            Ok(old) if old.has_waiter() => {
                stop_point(Site::ResolveWake);
                if bug(Bug::WakesOneWaiter) {
                    self.port.wake_one(word);
                    return true;
                }
                self.port.wake_all(word);
                #[cfg(feature = "future")]
                self.wake_task(index, state.generation());
                true
            }
            Ok(_) => false,
            Err(now) => {
                let retire = self.drop_result(index, to) || retire;
                self.vacate(index, now, retire);
                false
            }
        }
    }

    /// Drops the result of a job that is over. The caller has the body. True if the slot is to be taken out of use, as
    /// in resolve.
    pub(super) fn drop_result(&self, index: usize, status: Status) -> bool {
        let outcome = match status {
            Status::Done => RunResult::Done,
            Status::Failed => RunResult::Failed,
            Status::Cancelled if bug(Bug::ForgetsWhatWasDiscarded) => RunResult::Done,
            _ => return false,
        };
        let slot = self.slot(index);
        // SAFETY:
        // - the caller is the runner of a detached job or a taker, so the body is its own (state.rs).
        let vtable = unsafe { slot.vtable() };
        if outcome == RunResult::Done && !vtable.drops_result {
            return false;
        }
        // SAFETY:
        // - as above; nobody takes the result after it.
        let ((), retire) = self.in_job_context(index, slot.state(), |_| unsafe {
            slot.with_payload(|payload| (vtable.drop_result)(payload, outcome));
        });
        retire
    }

    /// Lets `f` call user code for a job on this thread: from in there, the thread is inside of the job. True if it
    /// waited for the pool's end in there.
    #[inline]
    fn in_job_context<R>(&self, index: usize, state: State, f: impl FnOnce(&CallContext) -> R) -> (R, bool) {
        let frame = CallContext::of_job(self.id(), index, state.generation(), self.port.current());
        self.port.set_current(&frame);
        let result = f(&frame);
        self.port.set_current(frame.outer);
        (result, frame.closed_inside.get())
    }

    /// Lets `f` run user code on this thread that is no job of the pool, though the thread may be inside one.
    #[cfg(feature = "capi")]
    pub(crate) fn without_job<R>(&self, f: impl FnOnce() -> R) -> R {
        let frame = CallContext::of_caller(self.id(), self.port.current());
        self.port.set_current(&frame);
        let result = f();
        self.port.set_current(frame.outer);
        result
    }

    /// Lets `f` call user code that is no job, for the pool: a waker, a hook. A call on the pool in there is as one in a job: a
    /// wait runs the queued job that it waits for, and what would sleep for ever is refused. `f` does not unwind.
    #[cfg(any(feature = "std", feature = "pthread", feature = "capi", feature = "future"))]
    pub(crate) fn call_back<R>(&self, f: impl FnOnce() -> R) -> R {
        let frame = CallContext::of_callback(self.id(), self.port.current());
        self.port.set_current(&frame);
        let result = f();
        self.port.set_current(frame.outer);
        result
    }

    /// Runs the oldest queued job on the calling thread. False if there was none, or too little stack is left inside a job.
    pub(crate) fn run_one(&self) -> bool {
        // What is queued in a copy is its parent's to run.
        if self.is_copy() || !self.stack_suffices() {
            return false;
        }
        let Some(claimed) = self.claim_next() else { return false };
        self.execute(claimed);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }
}

//! Claims the next job and runs it.

use super::RawPool;
#[cfg(all(feature = "capi", target_os = "linux"))]
use crate::job::context::CallChain;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, RunResult};
use crate::platform::port::{Origin, Port};
use crate::ring::Popper;
use crate::slot::state::{State, Status};
use crate::slot::storage::Storage;
use crate::slot::{Owner, Popped, Slot};
use crate::sync::{Bug, Site, bug, stop_point};

/// A job that the calling thread has claimed and must run or drop.
#[must_use = "a claimed job that is neither run nor dropped is lost"]
pub(super) struct Claimed {
    pub(super) index: usize,
    pub(super) state: State,
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Claims the oldest queued job. Recycles the tombstones that it pops before it.
    // Not forced inline in debug builds: their stack frames would add up to more than a worker may use of its
    // stack.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(
        not(any(debug_assertions, all(target_os = "none", target_pointer_width = "32"))),
        inline(always)
    )]
    pub(super) fn claim_next(&self, by: Popper) -> Option<Claimed> {
        loop {
            let has_peer = || self.config().spin > 0;
            let index = self.ready().pop_as(by, has_peer, |index| self.slot(index).fetch())?;
            match self.slot(index).claim_popped() {
                Popped::Job(state) => return Some(Claimed { index, state }),
                Popped::Vacant => self.clear(index),
                Popped::Nothing => {}
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn clear(&self, index: usize) {
        self.give_back(index, Origin::Thread);
    }

    /// Runs a claimed job and resolves its slot, which is not touched afterwards. True if a thread slept for
    /// it.
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(never))]
    #[cfg_attr(
        not(any(debug_assertions, all(target_os = "none", target_pointer_width = "32"))),
        inline(always)
    )]
    pub(super) fn execute(&self, claimed: Claimed) -> bool {
        let Claimed { index, state } = claimed;
        let slot = self.slot(index);
        // SAFETY:
        // - 1: the job is claimed: RUNNING is ours, and so is the body (state.rs). run is called once, here.
        let (outcome, retire) = self.in_job_context(index, state, |context| unsafe {
            slot.with_body(|vtable, payload| (vtable.run)(payload, context))
        });
        if outcome == RunResult::Empty && !retire && state.is_nobodys() && !state.is_in_ring() {
            slot.vacate_owned(state);
            self.give_back(index, Origin::Thread);
            return false;
        }
        self.resolve(index, state, outcome.into(), retire)
    }

    /// The innermost job of this thread has ended the thread. The job has finished, as failed, and the thread
    /// is no longer inside of it. False if that job may not end its thread. Called while the stack is still
    /// there.
    #[cfg(all(feature = "capi", target_os = "linux"))]
    pub(crate) fn end_exited(&self) -> bool {
        // A scope that the job began and did not end goes with its thread.
        let innermost = CallChain(self.port.current()).find(|context| !context.is_scope());
        let Some(context) = innermost else { return false };
        let found = context.job().and_then(|job| self.find(job).ok());
        // The vtable's data is set while the job's own code runs. Its callbacks must return.
        let may_end =
            context.pool == self.id() && context.may_end_thread() && !context.vtable_data.get().is_null();
        let (Some((index, _)), true) = (found, may_end) else { return false };
        let slot = self.slot(index);
        // SAFETY:
        // - 1: this thread runs the job: the body is ours (state.rs), and run will not go on.
        let outcome =
            unsafe { slot.with_body(|vtable, payload| vtable.exited.map(|exited| exited(payload, context))) };
        let Some(outcome) = outcome else { return false };
        self.port.set_current(context.outer);
        self.resolve(index, slot.state(), outcome.into(), context.closed_inside.get());
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
            slot.with_body(|vtable, payload| (vtable.discard)(payload, job, why));
        });
        self.resolve(index, state, Status::Cancelled, retire);
    }

    /// The job has finished. `retire`: a closer that did not wait for it may have returned, so no thread
    /// would look for a job in its slot any more. True if a thread slept for it.
    fn resolve(&self, index: usize, state: State, to: Status, retire: bool) -> bool {
        let slot = self.slot(index);
        if state.is_detached() {
            if state.is_owned() {
                return self.pass_to_owner(index, to);
            }
            if !state.is_in_ring() {
                if self.drop_result(index, to) || retire {
                    self.vacate(index, state, true);
                } else {
                    slot.vacate_owned(state);
                    self.give_back(index, Origin::Thread);
                }
                return false;
            }
        }
        let word = core::ptr::from_ref(slot.word());
        if bug(Bug::CountsTheEventTooEarly) && slot.state().has_waiter() && self.lifecycle.has_listeners() {
            self.lifecycle.notify_closers(&self.port, Origin::Thread);
        }
        match slot.resolve(state, to) {
            // From here on the slot belongs to its takers.
            Ok(old) if old.has_waiter() => {
                stop_point(Site::ResolveWake);
                if bug(Bug::WakesOneWaiter) {
                    self.port.wake_one(word);
                    return true;
                }
                // First the task: a job that a task awaits has no other waiter, and the exchange that takes its
                // waker needs no fence.
                #[cfg(feature = "future")]
                self.wake_task(index, state.generation());
                self.wake_waiters(word, Origin::Thread);
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

    /// Passes a job that has finished on to its owner, which gives the slot back. True if a thread slept for
    /// it.
    #[cold]
    fn pass_to_owner(&self, index: usize, to: Status) -> bool {
        // SAFETY:
        // - 1: the runner's: the job has not been resolved. A submit for an owner stored it in the last word
        //   of the payload, and
        //   it lives as long as the pool, which is of the type that it was made for.
        unsafe {
            let owner = self
                .slot(index)
                .with_body(|_, payload| payload.word_from_end(1).cast::<*const Owner>().read());
            ((*owner).receive)(owner, core::ptr::from_ref(self).cast(), index, to)
        }
    }

    /// Drops the result of a job that has finished. The caller owns the body. True if the slot must be
    /// retired, as in resolve.
    pub(super) fn drop_result(&self, index: usize, status: Status) -> bool {
        let outcome = match status {
            Status::Done => RunResult::Done,
            Status::Failed => RunResult::Failed,
            Status::Cancelled if bug(Bug::DropsDiscardedJobsTwice) => RunResult::Done,
            _ => return false,
        };
        let slot = self.slot(index);
        // SAFETY:
        // - 1: the caller is the runner of a detached job or a taker, so the body is its own (state.rs). No
        //   thread takes the
        //   result after it.
        unsafe {
            slot.with_body(|vtable, payload| {
                let is_left = outcome != RunResult::Done || vtable.drops_result;
                let call = |_: &CallContext| (vtable.drop_result)(payload, outcome);
                is_left && self.in_job_context(index, slot.state(), call).1
            })
        }
    }

    /// Lets `f` call user code for a job on this thread. During the call the thread is inside of the job.
    /// True if a closer returned meanwhile that did not wait for the job.
    #[inline]
    fn in_job_context<R>(&self, index: usize, state: State, f: impl FnOnce(&CallContext) -> R) -> (R, bool) {
        let context = CallContext::of_job(self.id(), index, state.generation(), self.port.current());
        let result = self.inside(&context, || f(&context));
        (result, context.closed_inside.get())
    }

    /// Calls `f` with the context as the innermost of this thread. `f` does not unwind.
    #[inline(always)]
    fn inside<R>(&self, context: &CallContext, f: impl FnOnce() -> R) -> R {
        self.port.set_current(context);
        let result = f();
        self.port.set_current(context.outer);
        result
    }

    /// Lets `f` run user code on this thread that is not a job of the pool, though the thread may be inside
    /// one.
    #[cfg(feature = "capi")]
    pub(crate) fn without_job<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside(&CallContext::of_caller(self.id(), self.port.current()), f)
    }

    /// Lets `f` build a job in a slot that this thread fills, by user code.
    #[cfg(feature = "capi")]
    pub(crate) fn fill_by<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside(&CallContext::of_fill(self.id(), self.port.current()), f)
    }

    /// Lets `f` call user code for a job whose outcome this thread takes. During the call the thread is inside of the job: a shutdown
    /// in there does not wait for its slot, which the taker then retires, because the pool is closed.
    pub(crate) fn taking<R>(&self, job: JobId, f: impl FnOnce() -> R) -> R {
        match self.find(job) {
            Ok((index, _)) => self.in_job_context(index, self.slot(index).state(), |_| f()).0,
            // Not of this pool, which no taker has.
            Err(_) => f(),
        }
    }

    /// Lets `f` call user code for the pool that is not a job: a waker, a hook. In there a call on the pool
    /// behaves as in a job: a wait runs the queued job that it waits for, and a call that would sleep for
    /// ever is refused. `f` does not unwind.
    #[cfg(any(feature = "std", feature = "pthread", feature = "capi", feature = "future"))]
    pub(crate) fn call_back<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside(&CallContext::of_callback(self.id(), self.port.current()), f)
    }

    /// Runs the oldest queued job on the calling thread. False if there was none, or if the thread is inside
    /// a job and has too little stack left.
    pub(crate) fn run_one(&self) -> bool {
        // The parent process runs what is queued in a copy.
        if self.is_copy() || !self.stack_suffices() {
            return false;
        }
        let Some(claimed) = self.claim_next(Popper::Unpaced) else { return false };
        self.execute(claimed);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }
}

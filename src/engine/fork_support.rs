//! Jobs that are lent to the pool: their submitter takes back a job that no thread has started, and waits for
//! one that was started. It gives the handle to no other thread, and nothing of the job outlives its call.

use super::RawPool;
use super::request::Request;
use super::run::Claimed;
use super::{Disposition, Receiver, WaitOptions};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Origin, Port, Timeout};
use crate::slot::Claim;
use crate::slot::state::Claimable;
use crate::slot::storage::Storage;
use crate::util::backoff::spin_until;

/// How often a thread looks for the end of a started job before it goes to sleep: some 25 µs, less than it
/// takes to wake the thread.
const POLLS_BEFORE_SLEEP: u32 = 1000;

/// A job whose input is a pointer to a value that its submitter keeps on its stack until the job has
/// finished.
pub(crate) struct LentJob<T> {
    pub(crate) vtable: &'static JobVTable,
    pub(crate) pointer: *const T,
}

impl<T> Request for LentJob<T> {
    fn vtable(&self) -> &'static JobVTable {
        self.vtable
    }

    unsafe fn write(self, payload: Payload) {
        // SAFETY:
        // - 1; the code that makes a LentJob checks that a payload has room for a pointer.
        unsafe { payload.at.cast::<*const T>().write(self.pointer) };
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Claims the job if no thread has started it: then the caller runs or drops it.
    fn claim_lent(&self, job: JobId) -> Option<Claimed> {
        let (index, generation) = self.find(job).ok()?;
        match self.slot(index).claim(generation, Claimable::TO_RUN) {
            Claim::Claimed(state) => Some(Claimed { index, state }),
            Claim::Stale | Claim::TooLate(_) => None,
        }
    }

    /// Takes back a job that no thread has started: it will not run, its payload is forgotten without a drop,
    /// and its slot is free. False: a thread has started it, or the pool dropped it.
    pub(crate) fn take_back(&self, job: JobId) -> bool {
        let Some(Claimed { index, state }) = self.claim_lent(job) else { return false };
        // A closer waits for a claimed job as for a running one, so the slot need not be retired.
        self.vacate(index, state, false);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }

    /// Runs a job here if no thread has started it, however little stack is left, as a plain call would. True
    /// if it ran.
    pub(crate) fn run_lent(&self, job: JobId) -> bool {
        let Some(claimed) = self.claim_lent(job) else { return false };
        self.execute(claimed);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }

    /// Waits until a job that was started, or dropped by the pool, has finished, then gives what it left to
    /// `deliver`.
    pub(crate) fn await_lent(&self, job: JobId, mut deliver: Receiver<'_>) {
        spin_until(POLLS_BEFORE_SLEEP, || self.is_finished(job));
        let options = WaitOptions { is_lender: true, ..Default::default() };
        let taken = self.wait(job, Timeout::Forever, options, &mut deliver);
        if taken.is_err() && self.is_copy() {
            forked_inside();
        }
        debug_assert!(taken.is_ok(), "a lent job's handle is its submitter's alone");
    }

    /// Takes a job back, or waits until it has finished. For jobs that leave no result.
    pub(crate) fn take_back_or_await(&self, job: JobId) {
        if !self.take_back(job) {
            self.await_lent(job, &mut |_, _, _| Disposition::Take);
        }
    }

    /// The number of workers besides the calling thread. 0 if the pool is closed.
    pub(crate) fn other_workers(&self) -> usize {
        if self.refuses_jobs() {
            return 0;
        }
        self.lifecycle.live().saturating_sub(usize::from(self.is_worker()))
    }

    /// Is there a worker without a job? This reads one word, which changes when a worker goes to sleep,
    /// starts to search, or finds a job.
    #[inline(always)]
    pub(crate) fn has_idle_workers(&self) -> bool {
        self.idle.counts().has_idle_workers()
    }

    /// Is a job (or a tombstone) in the ready ring?
    pub(crate) fn has_queued(&self) -> bool {
        !self.ready().is_empty()
    }

    /// Would a submit now have to wake a worker? That costs the submitter a system call.
    pub(crate) fn workers_sleep(&self) -> bool {
        let counts = self.idle.counts();
        counts.sleeping() > 0 && counts.searching() == 0
    }
}

/// This process was forked inside a call that lent a job, which another thread had started. That thread does
/// not exist here, and the caller cannot continue without what the job was to do.
#[cold]
fn forked_inside() -> ! {
    panic!(
        "jobring: a child by fork() left a join, a loop or a scope of its parent's, of which another thread had a part"
    );
}

//! Jobs that are only lent to the pool: their submitter takes back what nobody has begun, and waits for what somebody
//! has. It leaves the handle to nobody, and nothing of the job outlives its call.

use super::RawPool;
use super::request::Request;
use super::run::Claimed;
use super::{Disposition, Receiver};
use crate::job::context::CallContext;
use crate::job::id::Job;
use crate::job::vtable::{JobVTable, Payload};
use crate::platform::port::{Origin, Port};
use crate::slot::Claim;
use crate::slot::storage::Storage;
use crate::util::backoff::spin_until;

/// How often a thread looks for the end of a job that was begun before it goes to sleep: some 25 µs, less than it takes
/// to wake it.
const LOOKS: u32 = 1000;

/// A job whose input is a pointer to what its submitter keeps on its stack until the job has finished.
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
        // - 1; whoever makes it checks that a payload has room for a pointer.
        unsafe { payload.at.cast::<*const T>().write(self.pointer) };
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// The job, if nobody has begun it: then it is the caller's to run or to drop.
    fn claim_lent(&self, job: Job) -> Option<Claimed> {
        let (index, generation) = job.resolve(self.tag(), self.capacity())?;
        match self.slot(index).claim(generation) {
            Claim::Claimed(state) => Some(Claimed { index, state }),
            Claim::Stale | Claim::TooLate(_) => None,
        }
    }

    /// Takes a job back that nobody has begun: it will not run, what lies in its payload is forgotten, and its slot is
    /// free. False: somebody has begun it, or the pool dropped it.
    pub(crate) fn take_back(&self, job: Job) -> bool {
        let Some(Claimed { index, state }) = self.claim_lent(job) else { return false };
        // A closer waits for what is claimed as it does for what runs, so the slot need not be taken out of use.
        self.vacate(index, state, false);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }

    /// Runs a job here that nobody has begun, however little stack is left: so would a plain call.
    /// True if it was run.
    pub(crate) fn run_lent(&self, job: Job) -> bool {
        let Some(claimed) = self.claim_lent(job) else { return false };
        self.execute(claimed);
        self.notify_closers_if_closed(Origin::Thread);
        true
    }

    /// Returns when a job that was begun, or dropped by the pool, is over, and lets `deliver` have what it left.
    pub(crate) fn await_lent(&self, job: Job, mut deliver: Receiver<'_>) {
        spin_until(LOOKS, || self.is_finished(job));
        let over = self.wait_for_lent(job, &mut deliver);
        if over.is_err() && self.is_copy() {
            forked_inside();
        }
        debug_assert!(over.is_ok(), "a lent job's handle is its submitter's alone");
    }

    /// Takes a job back, or waits until it is over. For jobs that leave nothing.
    pub(crate) fn take_back_or_await(&self, job: Job) {
        if !self.take_back(job) {
            self.await_lent(job, &mut |_, _, _| Disposition::Take);
        }
    }

    /// How many workers there are besides the calling thread. 0 if the pool is closed.
    pub(crate) fn other_workers(&self) -> usize {
        if self.refuses_jobs() {
            return 0;
        }
        let own = self.current_context().and_then(CallContext::worker).is_some();
        self.lifecycle.live().saturating_sub(usize::from(own))
    }

    /// Is there a worker that has nothing to do? One look at one word, which changes when a worker goes to sleep, begins to
    /// search, or finds a job.
    #[inline(always)]
    pub(crate) fn has_idle_workers(&self) -> bool {
        self.idle.counts().has_idle_workers()
    }

    /// Is a job queued (or what is left of one)?
    pub(crate) fn has_queued(&self) -> bool {
        !self.ready().is_empty()
    }

    /// Would a job that is submitted now have to wake its worker? That costs its submitter a system call.
    pub(crate) fn workers_sleep(&self) -> bool {
        let counts = self.idle.counts();
        counts.sleeping() > 0 && counts.searching() == 0
    }
}

/// This process was forked inside of a call that lent a job, which another thread had begun: here that thread is not, and the
/// caller cannot go on without what the job was to do.
#[cold]
fn forked_inside() -> ! {
    panic!(
        "jobring: a child by fork() left a join, a loop or a scope of its parent's, of which another thread had a part"
    );
}

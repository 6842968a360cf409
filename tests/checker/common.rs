//! What the threads of a walk have in common: chance, copies of handles, and counts of how jobs ended. They are coroutines, on one
//! thread.

use crate::dice::Dice;
use crate::stage;
use jobring_frozen::{JobHandle, JobId, ShutdownMode, StaticPool, SubmitError};
use std::cell::{Cell, RefCell};

pub struct Common {
    dice: RefCell<Dice>,
    handles: RefCell<Vec<JobId>>,
    pub made: Cell<usize>,
    pub ran: Cell<usize>,
    pub dropped: Cell<usize>,
    pub refused: Cell<usize>,
    pub cancelled: Cell<usize>,
}

pub fn add(to: &Cell<usize>) {
    to.set(to.get() + 1);
}

/// The job of a handle, which is forgotten.
pub fn kept<T: Send>(handle: JobHandle<'_, T>) -> JobId {
    let job = handle.id().expect("it is in the pool");
    std::mem::forget(handle);
    job
}

pub fn mode(discards: bool) -> ShutdownMode {
    if discards { ShutdownMode::Discard } else { ShutdownMode::Drain }
}

/// Closes the pool. Other threads have this many turns first, if the scheduler chooses so.
pub fn close<const N: usize, const R: usize, const B: usize>(
    pool: &StaticPool<N, R, B>,
    late: u64,
    discards: bool,
) {
    (0..=late).for_each(|_| stage::begin());
    let report = pool.shutdown(mode(discards), None).expect("without a time limit");
    // A result may be in the hands of its taker, which counts as in submission.
    assert_eq!((report.queued(), report.running()), (0, 0), "{report:?}");
}

impl Common {
    pub fn new(seed: u64) -> Self {
        Self {
            dice: RefCell::new(Dice::new(seed ^ u64::MAX)),
            handles: RefCell::default(),
            made: Cell::default(),
            ran: Cell::default(),
            dropped: Cell::default(),
            refused: Cell::default(),
            cancelled: Cell::default(),
        }
    }

    pub fn below(&self, n: u64) -> u64 {
        self.dice.borrow_mut().below(n)
    }

    /// None: it was refused, which is counted.
    pub fn accepted<T, F>(&self, submitted: Result<T, SubmitError<F>>) -> Option<T> {
        if submitted.is_err() {
            add(&self.refused);
        }
        submitted.ok()
    }

    /// Other threads may get a copy of this handle.
    pub fn share(&self, job: JobId) {
        self.handles.borrow_mut().push(job);
    }

    /// A copy of some handle, if there is one.
    pub fn any_handle(&self) -> Option<JobId> {
        let handles = self.handles.borrow();
        handles.get(self.below(handles.len() as u64) as usize).copied()
    }

    /// Each job ran or was dropped, and its submitter knows of each drop, except of those by a close (`drops`).
    pub fn add_up(&self, drops: bool) {
        let dropped = self.dropped.get();
        assert_eq!(self.made.get(), self.ran.get() + dropped, "jobs made, and run or dropped");
        let returned = self.refused.get() + self.cancelled.get();
        assert!(
            if drops { dropped >= returned } else { dropped == returned },
            "dropped {dropped}, returned {returned}"
        );
    }
}

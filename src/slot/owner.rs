//! What a job's outcome goes to in place of a handle.

use super::state::Status;

/// Receives the jobs that were submitted for it when they have finished. Its code is linked only where an
/// owner is made.
#[repr(C)]
pub(crate) struct Owner {
    pub(crate) receive: Receive,
}

impl Owner {
    /// The owner of waits: no job has it.
    pub(crate) const OF_NO_JOB: Self = Self { receive: receive_nothing };
}

unsafe fn receive_nothing(_: *const Owner, _: *const (), _: usize, _: Status) -> bool {
    false
}

/// An owner whose consumers sleep until it has received something.
#[repr(C)]
pub(crate) struct AwaitedOwner {
    // INVARIANT: first, so that its address is that of the whole.
    pub(crate) owner: Owner,
    /// Can no thread bring what a consumer of this owner sleeps for? Called with the pool and the locked
    /// wait-for graph.
    pub(crate) is_stuck: unsafe fn(*const AwaitedOwner, *const (), *const ()) -> bool,
    /// Wakes the consumers that sleep. Called with the pool.
    pub(crate) wake: unsafe fn(*const AwaitedOwner, *const ()),
}

/// Called once for each job of an owner by its runner, with that owner, the pool that it was made for, the
/// index of the job's slot, and how the job ended. It resolves the slot, which is the owner's from there on, or
/// gives it back. True if a thread slept for it.
pub(crate) type Receive = unsafe fn(*const Owner, *const (), usize, Status) -> bool;

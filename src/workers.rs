//! The workers of one pool: starts them, undoes a start that got stuck, joins them.

use crate::error::BuildError;
use crate::lifecycle::Queued;
use crate::pool::RawPool;
use crate::port::Timeout;
use crate::storage::Storage;
use crate::system::System;
use crate::thread::{Backend, Start, Thread, ThreadOptions, stack};
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

/// Called on each worker's thread, before its first job and after its last. Must not unwind.
pub(crate) trait Hooks: Sync {
    fn start(&self, worker: usize);
    fn stop(&self, worker: usize);
}

/// What the workers are to be like.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) backend: Backend,
    /// How many, and how few are acceptable if the system refuses more.
    pub(crate) workers: usize,
    pub(crate) fewest: usize,
    /// Bytes, checked by `stack::effective`.
    pub(crate) stack_size: usize,
    /// Prefix of the threads' names; the worker's number follows.
    pub(crate) name: &'a str,
    /// Bytes below each stack that trap. None: as the system does it.
    pub(crate) guard_size: Option<usize>,
    /// The first of the workers' stacks, which lie one behind the other. None: the system finds places.
    pub(crate) stacks: Option<NonNull<u8>>,
    /// The CPUs that the workers are put on, in turn. Empty: any.
    pub(crate) cpus: &'a [u32],
    /// Do the workers take the process's signals?
    pub(crate) inherit_signals: bool,
}

impl<'a> Plan<'a> {
    /// Workers with nothing special about them.
    pub(crate) fn plain(backend: Backend, workers: usize, stack_size: usize, name: &'a str) -> Self {
        Self {
            backend,
            workers,
            fewest: workers,
            stack_size,
            name,
            guard_size: None,
            stacks: None,
            cpus: &[],
            inherit_signals: false,
        }
    }

    /// Where the stack of one worker lies, if the plan says so.
    fn stack_of(&self, worker: usize) -> Option<NonNull<u8>> {
        // SAFETY:
        // - the stacks are `workers` times `stack_size` bytes long (WorkerSet::start).
        self.stacks.map(|first| unsafe { first.add(worker * self.stack_size) })
    }
}

/// One worker's place: what its thread is told, and the thread.
pub(crate) struct Seat {
    start: Start,
    pool: *const (),
    hooks: *const (dyn Hooks + 'static),
    worker: usize,
    stack_size: usize,
    /// Where its stack lies, if that was the plan's to say.
    stack: Option<NonNull<u8>>,
    thread: Option<Thread>,
}

// SAFETY:
// - a seat is reached through its WorkerSet alone (see there); its pointers lead to a pool and to hooks that are
//   Sync, its Thread may be joined and asked from any thread.
unsafe impl Send for Seat {}
// SAFETY:
// - as for Send.
unsafe impl Sync for Seat {}

/// The workers of one pool, in seats that do not move.
pub(crate) struct WorkerSet {
    seats: *mut Seat,
    count: usize,
    backend: Backend,
    stack_size: usize,
}

// SAFETY:
// - the seats are written by start and join alone, which have the set for themselves; what threads share of them
//   (Start, pool, hooks) is not written while they run.
unsafe impl Send for WorkerSet {}
// SAFETY:
// - as for Send: by & only numbers are read.
unsafe impl Sync for WorkerSet {}

impl WorkerSet {
    /// Starts the workers of `pool`.
    ///
    /// # Errors
    /// [`BuildError::Thread`] if the system refuses more than the plan accepts. Then none runs, and the pool is
    /// closed.
    ///
    /// # Safety
    /// 1. `pool`, `hooks` and `seats` (room for `plan.workers`) do not move and live until `join` returned; nobody
    ///    else touches the seats, nor the plan's stacks, which are `workers` times `stack_size` bytes.
    pub(crate) unsafe fn start<S: Storage>(
        pool: &RawPool<S, System>,
        seats: *mut MaybeUninit<Seat>,
        hooks: *const (dyn Hooks + 'static),
        plan: Plan<'_>,
    ) -> Result<Self, BuildError> {
        let mut set =
            Self { seats: seats.cast(), count: 0, backend: plan.backend, stack_size: plan.stack_size };
        for worker in 0..plan.workers {
            // Counted in before the thread exists, so that nobody sees a pool without workers meanwhile.
            let admitted = pool.admit_worker();
            debug_assert!(admitted, "a plan has no more workers than the pool's limit");
            // SAFETY:
            // - 1: there is room for this seat.
            let seat = unsafe { seats.add(worker) }.cast::<Seat>();
            let start = Start { run: begin::<S>, arg: seat.cast_const().cast() };
            let stack_size = plan.stack_size;
            let pool_at = ptr::from_ref(pool).cast();
            let stack = plan.stack_of(worker);
            // SAFETY:
            // - as above; nobody else has the seat yet.
            unsafe {
                seat.write(Seat { start, pool: pool_at, hooks, worker, stack_size, stack, thread: None })
            };
            let name = Name::of(plan.name, worker);
            let options = ThreadOptions {
                name: name.as_str(),
                stack_size,
                guard_size: plan.guard_size,
                stack,
                cpu: (!plan.cpus.is_empty()).then(|| plan.cpus[worker % plan.cpus.len()]),
                inherit_signals: plan.inherit_signals,
            };
            // SAFETY:
            // - the seat is written, stays (1), and is not moved until the thread was joined.
            match unsafe { Thread::spawn(plan.backend, options, &raw const (*seat).start) } {
                Ok(thread) => {
                    // SAFETY:
                    // - the thread reads other fields of the seat, never this one.
                    unsafe { (&raw mut (*seat).thread).write(Some(thread)) };
                    set.count += 1;
                }
                Err(error) => {
                    pool.lifecycle().leave(pool.port());
                    if set.count < plan.fewest.max(1) {
                        let _ = pool.shutdown(Queued::Discard, Timeout::Forever);
                        pool.await_workers();
                        set.join();
                        return Err(error);
                    }
                    break;
                }
            }
        }
        Ok(set)
    }

    /// Waits until all threads are over. The workers have left their loops (RawPool::await_workers), so that nobody asks
    /// for them any more. On a thread that is one of them (in a destructor of its thread-locals, say) that one is left to
    /// end by itself: it is done with the pool.
    pub(crate) fn join(self) {
        for worker in 0..self.count {
            // SAFETY:
            // - start wrote this seat; its thread field is ours alone.
            let thread = unsafe { (&raw mut (*self.seats.add(worker)).thread).replace(None) };
            if let Some(thread) = thread {
                thread.join();
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// The size that the workers' stacks were given, bytes.
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size
    }

    /// The stack of one worker as the system has it, bytes. None for a number that is no started worker's.
    pub(crate) fn stack_of(&self, worker: usize) -> Option<usize> {
        if worker >= self.count {
            return None;
        }
        // SAFETY:
        // - start wrote this seat, and only join, which has the set for itself, changes the field.
        let thread = unsafe { &(*self.seats.add(worker)).thread };
        thread.as_ref().and_then(Thread::stack_size)
    }
}

/// A worker's thread.
unsafe fn begin<S: Storage>(seat: *const ()) {
    let seat: *const Seat = seat.cast();
    // SAFETY:
    // - start's obligation: the seat stays until this thread was joined; these fields are not written meanwhile.
    let (pool, hooks, worker, size, stack) = unsafe {
        let pool = &*(*seat).pool.cast::<RawPool<S, System>>();
        (pool, &*(*seat).hooks, (*seat).worker, (*seat).stack_size, (*seat).stack)
    };
    let top = core::hint::black_box(0u8);
    let low =
        stack.map_or_else(|| stack::low_end(&raw const top as usize, size), |stack| stack.as_ptr() as usize);
    pool.work_between(worker, low, || hooks.start(worker), || hooks.stop(worker));
}

/// A thread's name: a prefix cut to fit, a dash and a number, within the 15 bytes that Linux shows.
struct Name {
    text: [u8; 15],
    len: usize,
}

impl Name {
    fn of(prefix: &str, worker: usize) -> Self {
        let digits = worker.checked_ilog10().unwrap_or(0) as usize + 1;
        let mut keep = prefix.len().min(15usize.saturating_sub(digits + 1));
        while !prefix.is_char_boundary(keep) {
            keep -= 1;
        }
        let mut name = Self { text: [0; 15], len: 0 };
        // What does not fit is left out, which write_str says by an error that nobody needs.
        let _ = write!(name, "{}-{}", &prefix[..keep], worker);
        name
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text[..self.len]).unwrap_or("jobring")
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.text.get_mut(self.len..self.len + text.len()).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_keep_the_number() {
        assert_eq!(Name::of("io", 0).as_str(), "io-0");
        assert_eq!(Name::of("a-very-long-prefix", 1999).as_str(), "a-very-lon-1999");
        assert_eq!(Name::of("ééééééééé", 10).as_str(), "éééééé-10");
        assert_eq!(Name::of("", 65_534).as_str(), "-65534");
    }
}

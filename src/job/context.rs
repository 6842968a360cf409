//! Who am I: the chain of jobs that one thread is inside of, innermost first.
//!
//! A thread that runs a job has a [`CallContext`] on its stack and its port points to the innermost one. A frame is
//! written and read by its own thread only.

use crate::job::id::Job;
use core::cell::Cell;
use core::ptr;

/// Where a thread's stack lies: the lowest address, and the one behind the highest.
#[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stack {
    pub(crate) low: usize,
    pub(crate) high: usize,
}

/// Without threads none is known, and firmware has no code for it.
#[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {}

impl Stack {
    /// Does `at`, an address in the innermost frame, leave this many bytes of this stack? Not if it lies on another one.
    pub(crate) fn leaves(&self, _at: usize, _bytes: usize) -> bool {
        #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
        return (self.low..self.high).contains(&_at) && _at - self.low >= _bytes;
        #[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
        match *self {}
    }
}

/// What a thread does in a frame.
#[derive(Clone, Copy)]
enum Of {
    /// It runs the job of this slot and generation.
    Job { index: usize, generation: usize },
    /// It is in the loop of the worker with this number; its stack, if whoever made the thread knows it.
    Worker { number: usize, stack: Option<Stack> },
    /// It runs user code that is no job of the pool's.
    Caller,
    /// The pool calls user code that is no job: a waker, a hook. The thread goes on when it returns, as behind a job.
    Callback,
}

/// One job being run, or the thread's stay in a worker loop. What is written further out on the chain is not written again
/// for each job.
pub struct CallContext {
    /// The identity of its pool: an address, compared and never followed.
    pub(crate) pool: *const (),
    of: Of,
    /// The frame that was innermost before.
    pub(crate) outer: *const CallContext,
    /// What the running kind wants to find again from inside the job.
    pub(crate) vtable_data: Cell<*const ()>,
    /// Of a worker's loop: is the worker counted among those inside a shutdown?
    pub(crate) closing: Cell<bool>,
    /// May a job right inside this frame end the thread? Then it is a worker's that would be replaced.
    pub(crate) replaceable: bool,
    /// The halves of joins that this thread is inside of, right inside this frame. Null outside of joins.
    pub(crate) joins: Cell<*const Joins>,
    /// Has a shutdown returned that did not wait for this job? Set by a closer, which holds the lock of the wait-for graph
    /// while this thread is registered there.
    pub(crate) closed_inside: Cell<bool>,
}

impl CallContext {
    /// The thread runs the job in slot `index` that has this `generation`.
    #[inline(always)]
    pub(crate) fn of_job(
        pool: *const (),
        index: usize,
        generation: usize,
        outer: *const CallContext,
    ) -> Self {
        Self::new(pool, Of::Job { index, generation }, outer)
    }

    /// The thread runs user code that is no job of the pool's.
    pub(crate) fn of_caller(pool: *const (), outer: *const CallContext) -> Self {
        Self::new(pool, Of::Caller, outer)
    }

    /// The pool calls user code on the thread that is no job.
    #[cfg(any(feature = "std", feature = "pthread", feature = "capi", feature = "future"))]
    pub(crate) fn of_callback(pool: *const (), outer: *const CallContext) -> Self {
        Self::new(pool, Of::Callback, outer)
    }

    /// The thread is a worker.
    pub(crate) fn of_worker(
        pool: *const (),
        number: usize,
        stack: Option<Stack>,
        outer: *const CallContext,
    ) -> Self {
        Self::new(pool, Of::Worker { number, stack }, outer)
    }

    #[inline(always)]
    fn new(pool: *const (), of: Of, outer: *const CallContext) -> Self {
        Self {
            pool,
            of,
            outer,
            vtable_data: Cell::new(ptr::null()),
            closing: Cell::new(false),
            replaceable: false,
            joins: Cell::new(ptr::null()),
            closed_inside: Cell::new(false),
        }
    }

    /// The job that it is of.
    pub(crate) fn job(&self) -> Option<Job> {
        match self.of {
            Of::Job { index, generation } => Some(Job::new(Job::tag_of(self.pool), generation, index)),
            Of::Worker { .. } | Of::Caller | Of::Callback => None,
        }
    }

    /// Is it a job's?
    pub(crate) fn is_of_job(&self) -> bool {
        matches!(self.of, Of::Job { .. })
    }

    /// Does the pool call what runs in it, so that it holds the thread up?
    pub(crate) fn is_call_of_pool(&self) -> bool {
        matches!(self.of, Of::Job { .. } | Of::Callback)
    }

    /// Is it a worker's loop?
    pub(crate) fn is_of_worker(&self) -> bool {
        matches!(self.of, Of::Worker { .. })
    }

    /// If it is a worker's loop: the worker's number, and its stack if known.
    fn loop_of(&self) -> Option<(usize, Option<Stack>)> {
        match self.of {
            Of::Worker { number, stack } => Some((number, stack)),
            Of::Job { .. } | Of::Caller | Of::Callback => None,
        }
    }

    /// The worker of this frame's pool whose thread this is.
    pub(crate) fn worker(&self) -> Option<usize> {
        let mut mine = CallChain(self).filter(|frame| frame.pool == self.pool);
        mine.find_map(Self::loop_of).map(|(number, _)| number)
    }

    /// This thread's stack, if a pool made the thread and so knows it.
    pub(crate) fn stack(&self) -> Option<Stack> {
        CallChain(self).filter_map(Self::loop_of).find_map(|(_, stack)| stack)
    }

    /// How many jobs, wakers and hooks run inside each other on this thread.
    pub(crate) fn depth(&self) -> usize {
        CallChain(self).filter(|frame| frame.is_call_of_pool()).count()
    }

    /// May the code that this frame calls end the thread?
    pub(crate) fn may_end_thread(&self) -> bool {
        CallChain(self.outer).next().is_some_and(|outer| outer.replaceable)
    }
}

/// The halves of joins (`fork_join/join.rs`) that one thread is inside of and has not published: a list on its stack.
pub(crate) struct Joins {
    pub(crate) newest: Cell<*const Pending>,
    /// How many they are.
    pub(crate) len: Cell<usize>,
    /// So many joins do not ask whether a worker is idle.
    pub(crate) skip: Cell<u32>,
    /// How many they were the last time; 0 after a success.
    pub(crate) last_skip: Cell<u32>,
    /// When a worker was woken last.
    pub(crate) last_wake: Cell<Option<u64>>,
}

impl Joins {
    pub(crate) fn new() -> Self {
        Self {
            newest: Cell::new(ptr::null()),
            len: Cell::new(0),
            skip: Cell::new(0),
            last_skip: Cell::new(0),
            last_wake: Cell::new(None),
        }
    }

    /// A worker is idle: is it this join's turn to offer something?
    #[inline(always)]
    pub(crate) fn is_turn_to_offer(&self) -> bool {
        let skip = self.skip.get();
        self.skip.set(skip.saturating_sub(1));
        skip == 0
    }

    /// Puts one in: the whole half's pointer, since who runs it follows it to more than its head.
    ///
    /// # Safety
    /// 1. It points to a half of this thread's, which stays where it is until it is taken off.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, pending: *const Pending) {
        // SAFETY:
        // - 1.
        unsafe { &*pending }.older.set(self.newest.get());
        self.newest.set(pending);
        self.len.set(self.len.get() + 1);
    }

    /// Takes the newest off.
    #[inline(always)]
    pub(crate) fn pop(&self, newest: &Pending) {
        self.newest.set(newest.older.get());
        self.len.set(self.len.get() - 1);
    }
}

/// The head of one half. Touched by its own thread only, but for `run`, which is never written.
pub(crate) struct Pending {
    /// The one that was put into the list before.
    pub(crate) older: Cell<*const Pending>,
    /// Its job, if it was published: then it is in no list.
    pub(crate) job: Cell<Option<Job>>,
    /// Runs it. To be called once, by who claimed the job.
    pub(crate) run: unsafe fn(*const Pending),
}

impl Pending {
    pub(crate) fn new(run: unsafe fn(*const Pending)) -> Self {
        Self { older: Cell::new(ptr::null()), job: Cell::new(None), run }
    }
}

/// The frames of this thread from one on outwards.
pub(crate) struct CallChain(pub(crate) *const CallContext);

impl Iterator for CallChain {
    type Item = &'static CallContext;

    fn next(&mut self) -> Option<&'static CallContext> {
        // SAFETY:
        // - a port's current pointer is null or points to a frame on this thread's own stack, which is taken off
        //   the chain before it is left (engine/run.rs, engine/worker_loop.rs), so it lives while code above it on the stack runs.
        // - the chain of another thread is followed only while that thread cannot leave it (engine/wait_graph.rs).
        let frame = unsafe { self.0.as_ref() }?;
        self.0 = frame.outer;
        Some(frame)
    }
}

//! What a thread is inside of: a chain of jobs, callbacks and worker loops, innermost first.
//!
//! A thread that runs a job has a [`CallContext`] on its stack, and its port points to the innermost one.
//! Only the thread itself uses its contexts, except as `CallChain` says.

use crate::job::id::JobId;
use crate::job::interrupt::Interrupt;
use core::cell::Cell;
use core::ptr;

/// The bounds of a thread's stack: its lowest address, and the first address above it.
#[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stack {
    pub(crate) low: usize,
    pub(crate) high: usize,
}

/// Without threads no stack is known, and firmware needs no code for it.
#[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {}

impl Stack {
    /// Are at least this many bytes of the stack left below `at`, an address in the innermost frame? False if
    /// `at` is on another stack.
    pub(crate) fn leaves(&self, _at: usize, _bytes: usize) -> bool {
        #[cfg(any(feature = "std", feature = "pthread", jobring_loom))]
        return (self.low..self.high).contains(&_at) && _at - self.low >= _bytes;
        #[cfg(not(any(feature = "std", feature = "pthread", jobring_loom)))]
        match *self {}
    }
}

/// What a context stands for.
#[derive(Clone, Copy)]
enum ContextKind {
    /// The job with this slot and generation.
    Job { index: usize, generation: usize },
    /// The loop of the worker with this number; and its stack, if the creator of the thread knows it.
    Worker { number: usize, stack: Option<Stack> },
    /// User code that is no job of the pool.
    Caller,
    /// User code that the pool calls and that is no job: a waker, a hook. The pool continues when it returns,
    /// as after a job.
    Callback,
    /// The caller's own code, whose blocking calls on the pool this interrupt ends.
    Interruptible(*const Interrupt),
    /// The code of a job of this lane.
    Lane(*const LaneScope),
}

/// A stay inside a job of a lane.
pub(crate) struct LaneScope {
    /// The lane's address.
    pub(crate) lane: *const (),
    /// Does the job have a place of the lane? Not if it is dropped while the lane holds it back.
    pub(crate) has_place: bool,
    /// Does the lane hold the job in this slot back, and have marked threads all of its places? Called with the lane, the locked
    /// wait-for graph, and the slot's index. None: it is not known now.
    pub(crate) holds_back: unsafe fn(*const (), *const (), usize) -> Option<bool>,
}

/// One job, callback or worker loop that a thread is inside of. A fact that an outer context states is not
/// repeated for each job.
pub struct CallContext {
    /// The identity of its pool: an address that is only compared.
    pub(crate) pool: *const (),
    kind: ContextKind,
    /// The next context outwards.
    pub(crate) outer: *const CallContext,
    /// A pointer that the running job's `run` function leaves for calls from inside the job.
    pub(crate) vtable_data: Cell<*const ()>,
    /// In a worker's loop: is the worker counted as being inside a shutdown? In a callback: does it build a job, which a shutdown
    /// would wait for?
    pub(crate) closing: Cell<bool>,
    /// May a job directly inside this context end the thread? True for a worker that the pool would replace.
    pub(crate) replaceable: bool,
    /// The halves of the joins directly inside this context. Null outside of joins.
    pub(crate) joins: Cell<*const Joins>,
    /// Has a shutdown returned that did not wait for this job? A closer sets it. It holds the lock of the
    /// wait-for graph while this thread is registered there.
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
        Self::new(pool, ContextKind::Job { index, generation }, outer)
    }

    /// The thread runs user code that is no job of the pool.
    pub(crate) fn of_caller(pool: *const (), outer: *const CallContext) -> Self {
        Self::new(pool, ContextKind::Caller, outer)
    }

    /// The pool calls user code that is no job.
    #[cfg(any(feature = "std", feature = "pthread", feature = "capi", feature = "future"))]
    pub(crate) fn of_callback(pool: *const (), outer: *const CallContext) -> Self {
        Self::new(pool, ContextKind::Callback, outer)
    }

    /// The pool calls user code that builds a job in its slot.
    #[cfg(feature = "capi")]
    pub(crate) fn of_fill(pool: *const (), outer: *const CallContext) -> Self {
        let fill = Self::new(pool, ContextKind::Callback, outer);
        fill.closing.set(true);
        fill
    }

    /// The thread is in a scope of this interrupt.
    pub(crate) fn of_interruptible(
        pool: *const (),
        interrupt: *const Interrupt,
        outer: *const CallContext,
    ) -> Self {
        Self::new(pool, ContextKind::Interruptible(interrupt), outer)
    }

    /// The thread is in a job of a lane.
    #[inline]
    pub(crate) fn of_lane(scope: &LaneScope, pool: *const (), outer: *const CallContext) -> Self {
        Self::new(pool, ContextKind::Lane(scope), outer)
    }

    /// The thread is a worker.
    pub(crate) fn of_worker(
        pool: *const (),
        number: usize,
        stack: Option<Stack>,
        outer: *const CallContext,
    ) -> Self {
        Self::new(pool, ContextKind::Worker { number, stack }, outer)
    }

    #[inline(always)]
    fn new(pool: *const (), kind: ContextKind, outer: *const CallContext) -> Self {
        Self {
            pool,
            kind,
            outer,
            vtable_data: Cell::new(ptr::null()),
            closing: Cell::new(false),
            replaceable: false,
            joins: Cell::new(ptr::null()),
            closed_inside: Cell::new(false),
        }
    }

    /// The context's job, if it is a job's.
    pub(crate) fn job(&self) -> Option<JobId> {
        match self.kind {
            ContextKind::Job { index, generation } => {
                Some(JobId::new(JobId::tag_of(self.pool), generation, index))
            }
            _ => None,
        }
    }

    /// Is it a job's?
    pub(crate) fn is_of_job(&self) -> bool {
        matches!(self.kind, ContextKind::Job { .. })
    }

    /// Did the pool call what runs in it, so that the pool's thread waits for its return?
    pub(crate) fn is_call_of_pool(&self) -> bool {
        matches!(self.kind, ContextKind::Job { .. } | ContextKind::Callback)
    }

    /// Is it a callback that builds a job?
    #[cfg(feature = "capi")]
    pub(crate) fn is_of_fill(&self) -> bool {
        matches!(self.kind, ContextKind::Callback) && self.closing.get()
    }

    /// Is it a worker's loop?
    pub(crate) fn is_of_worker(&self) -> bool {
        matches!(self.kind, ContextKind::Worker { .. })
    }

    /// Is it a scope of an interrupt, or of a lane? Code in there is inside the job or callback that the scope is in.
    pub(crate) fn is_scope(&self) -> bool {
        matches!(self.kind, ContextKind::Interruptible(_) | ContextKind::Lane(_))
    }

    /// The stay inside a job of a lane, if it is one.
    pub(crate) fn lane_scope(&self) -> Option<&LaneScope> {
        match self.kind {
            // SAFETY:
            // - it stands on the stack beside the context, and lives as long.
            ContextKind::Lane(scope) => Some(unsafe { &*scope }),
            _ => None,
        }
    }

    /// The address of the lane, if it is a stay inside a job of a lane. Else null.
    pub(crate) fn lane(&self) -> *const () {
        self.lane_scope().map_or(ptr::null(), |scope| scope.lane)
    }

    /// The interrupt whose scope on this pool the code directly inside `innermost` is in. The pool's calls of user code, and
    /// a worker's loop, are not in the scopes that lie around them.
    pub(crate) fn interrupt(innermost: *const Self, pool: *const ()) -> Option<*const Interrupt> {
        CallChain(innermost)
            .take_while(|context| !context.is_call_of_pool() && !context.is_of_worker())
            .filter(|context| context.pool == pool)
            .find_map(|context| match context.kind {
                ContextKind::Interruptible(interrupt) => Some(interrupt),
                _ => None,
            })
    }

    /// The worker's number, and its stack if known, if this is a worker's loop.
    fn loop_of(&self) -> Option<(usize, Option<Stack>)> {
        match self.kind {
            ContextKind::Worker { number, stack } => Some((number, stack)),
            _ => None,
        }
    }

    /// The number of the worker of this context's pool that the thread is, if any.
    pub(crate) fn worker(&self) -> Option<usize> {
        let mut mine = CallChain(self).filter(|context| context.pool == self.pool);
        mine.find_map(Self::loop_of).map(|(number, _)| number)
    }

    /// This thread's stack, if a pool created the thread.
    pub(crate) fn stack(&self) -> Option<Stack> {
        CallChain(self).filter_map(Self::loop_of).find_map(|(_, stack)| stack)
    }

    /// The number of jobs, wakers and hooks that run inside each other on this thread.
    pub(crate) fn depth(&self) -> usize {
        CallChain(self).filter(|context| context.is_call_of_pool()).count()
    }

    /// May the code that this context calls end the thread?
    pub(crate) fn may_end_thread(&self) -> bool {
        CallChain(self.outer).next().is_some_and(|outer| outer.replaceable)
    }
}

/// A list on one thread's stack: the halves of its current joins that it has not published
/// (`fork_join/join.rs`).
pub(crate) struct Joins {
    pub(crate) newest: Cell<*const Pending>,
    pub(crate) len: Cell<usize>,
    /// The next `skip` joins offer nothing, even if a worker is idle.
    pub(crate) skip: Cell<u32>,
    /// The value that `skip` last started from; 0 after an offer that succeeded.
    pub(crate) last_skip: Cell<u32>,
    /// When an offer last woke a worker.
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

    /// Is it this join's turn to offer a half? Called when a worker is idle.
    #[inline(always)]
    pub(crate) fn is_turn_to_offer(&self) -> bool {
        let skip = self.skip.get();
        self.skip.set(skip.saturating_sub(1));
        skip == 0
    }

    /// Adds a half. The pointer must be valid for the whole half, because the thread that runs it uses more
    /// than its head.
    ///
    /// # Safety
    /// 1. It points to a half of this thread, which does not move until it is removed.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, pending: *const Pending) {
        // SAFETY:
        // - 1.
        unsafe { &*pending }.older.set(self.newest.get());
        self.newest.set(pending);
        self.len.set(self.len.get() + 1);
    }

    /// Removes the newest half.
    #[inline(always)]
    pub(crate) fn pop(&self, newest: &Pending) {
        self.newest.set(newest.older.get());
        self.len.set(self.len.get() - 1);
    }
}

/// The head of one half. Only its own thread uses it, except `run`, which is never written.
pub(crate) struct Pending {
    /// The next older half of the list.
    pub(crate) older: Cell<*const Pending>,
    /// The half's job, if it was published. Then it is in no list.
    pub(crate) job: Cell<Option<JobId>>,
    /// Runs the half. Called once, by the thread that claimed the job.
    pub(crate) run: unsafe fn(*const Pending),
}

impl Pending {
    pub(crate) fn new(run: unsafe fn(*const Pending)) -> Self {
        Self { older: Cell::new(ptr::null()), job: Cell::new(None), run }
    }
}

/// Iterates over a thread's contexts, from one of them outwards.
pub(crate) struct CallChain(pub(crate) *const CallContext);

impl Iterator for CallChain {
    type Item = &'static CallContext;

    fn next(&mut self) -> Option<&'static CallContext> {
        // SAFETY:
        // - a port's current pointer is null or points to a context on this thread's own stack. A context
        //   leaves the chain before its function returns (engine/run.rs, engine/worker_loop.rs), so it lives
        //   while code above it on the stack runs.
        // - the chain of another thread is followed only while that thread cannot leave it
        //   (engine/wait_graph.rs).
        let context = unsafe { self.0.as_ref() }?;
        self.0 = context.outer;
        Some(context)
    }
}

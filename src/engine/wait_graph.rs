//! The wait-for graph of one pool: which of its threads wait without a timeout, and for what (E. G. Coffman,
//! M. J. Elphick, A. Shoshani, "System Deadlocks", ACM Computing Surveys 3(2), 1971).
//!
//! A thread that runs jobs of the pool (a worker, or any thread inside a job) is registered while it sleeps
//! without a timeout in a wait or a submit, and while it is inside a shutdown or wait_idle. Other threads do not register:
//! they are inside no job that another thread could wait for.
//!
//! ```text
//! word    first node | CONTENDED | LOCKED
//!
//! lock    LOCKED clear: CAS sets it (Acquire). Set: CAS sets CONTENDED, sleep on the word
//! unlock  swap to the first node (Release); CONTENDED was set: wake all
//! ```
//!
//! The lock makes an answer exact: while it is held, no registered thread can leave its call, so none of the
//! jobs that such a thread is inside of can end. Only a thread that runs jobs takes it, when it sleeps
//! without a timeout, shuts the pool down, or waits until it is idle. A thread that is stopped while it holds the lock can stop only
//! others that do the same. EDGES.md (E8) has the argument.

use crate::job::context::{CallChain, CallContext};
use crate::job::id::JobId;
use crate::platform::port::Port;
use crate::slot::AwaitedOwner;
use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, Site, UnsafeCell, const_fn, ordering};
use core::cell::Cell;
use core::ptr;

const LOCKED: usize = 1;
const CONTENDED: usize = 2;
const _: () = assert!(align_of::<Node>() > (LOCKED | CONTENDED), "an address leaves room for both bits");

/// What a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Awaits {
    /// A free slot.
    Slot,
    /// The end of this job. `gives_up`: the wait may return a deadlock.
    Job { job: JobId, gives_up: bool },
    /// The end of every job, inside wait_idle. The owner's functions judge the wait.
    All(*const AwaitedOwner),
    /// The end of one of several jobs, or of a job of a completion queue. The owner's functions judge the wait. `is_held`: does
    /// it need a job that a marked thread is inside of? Called as they are.
    OneOf {
        owner: *const AwaitedOwner,
        is_held: unsafe fn(*const AwaitedOwner, *const (), *const ()) -> bool,
    },
    /// Nothing by itself: the thread is inside a shutdown or wait_idle, which do not wait for each other.
    End,
}

/// One thread's registration, on that thread's stack.
pub(crate) struct Node {
    pub(crate) awaits: Awaits,
    /// The pool's identity in contexts.
    pool: *const (),
    /// The thread's innermost context. The chain from it outwards stays as it is until the thread leaves its
    /// call.
    frames: *const CallContext,
    is_worker: bool,
    // INVARIANT: touched only by the holder of the lock, once the node is registered.
    links: UnsafeCell<Links>,
}

struct Links {
    next: *const Node,
    marked: bool,
    /// Does it wait for a queued job, and so for a worker?
    awaits_worker: bool,
}

impl Node {
    /// The registration of a thread whose innermost context is `frames`.
    pub(crate) fn new(awaits: Awaits, pool: *const (), frames: *const CallContext) -> Self {
        let is_worker = CallChain(frames).any(|context| context.pool == pool && context.is_of_worker());
        Self {
            awaits,
            pool,
            frames,
            is_worker,
            links: UnsafeCell::new(Links { next: ptr::null(), marked: false, awaits_worker: false }),
        }
    }

    /// Does it wait for a job that was queued at the last look? Called by the holder of the lock.
    pub(crate) fn awaits_worker(&self) -> bool {
        // SAFETY:
        // - called through Locked: the lock is held.
        self.links.with(|links| unsafe { (*links).awaits_worker })
    }

    /// The contexts of this pool that the thread is inside of.
    fn frames<'a>(&'a self) -> impl Iterator<Item = &'a CallContext> {
        CallChain(self.frames)
            .map(|context| -> &'a CallContext { context })
            .filter(|context| context.pool == self.pool)
    }
}

/// The registered threads of one pool.
pub(crate) struct WaitGraph {
    word: AtomicUsize,
}

impl WaitGraph {
    const_fn! {
        pub(crate) fn new() -> Self {
            Self { word: AtomicUsize::new(0) }
        }
    }

    /// Is a thread registered, or does one look at the graph?
    #[inline(always)]
    pub(crate) fn is_used(&self) -> bool {
        // ORDERING: Relaxed: the fences on both sides decide (E8).
        self.word.load(ordering(Site::GraphPeek, Relaxed)) != 0
    }

    /// Locks the graph. Blocks while another thread holds it, which lasts for one look at most.
    pub(crate) fn lock<'a, P: Port>(&'a self, port: &'a P) -> Locked<'a, P> {
        // ORDERING: Relaxed: the CAS decides.
        let mut now = self.word.load(ordering(Site::GraphLook, Relaxed));
        loop {
            if now & LOCKED == 0 {
                // ORDERING: Acquire pairs with the Release in `drop`: the nodes are as the previous holder
                // left them. Relaxed on failure: it is tried again.
                match self.word.compare_exchange(
                    now,
                    now | LOCKED,
                    ordering(Site::GraphLock, Acquire),
                    ordering(Site::GraphLockLost, Relaxed),
                ) {
                    Ok(_) => {
                        let first = ptr::with_exposed_provenance(now & !(LOCKED | CONTENDED));
                        return Locked { graph: self, port, first, unsettled: Cell::new(false) };
                    }
                    Err(found) => now = found,
                }
                continue;
            }
            let contended = now | CONTENDED;
            if contended != now {
                // ORDERING: Relaxed: guards no data. The holder's swap reads the bit on this same word.
                if let Err(found) = self.word.compare_exchange(
                    now,
                    contended,
                    ordering(Site::GraphContend, Relaxed),
                    ordering(Site::GraphContendLost, Relaxed),
                ) {
                    now = found;
                    continue;
                }
            }
            port.wait(&self.word, contended, None);
            // ORDERING: Relaxed, as above.
            now = self.word.load(ordering(Site::GraphLook, Relaxed));
        }
    }
}

/// The graph, locked.
pub(crate) struct Locked<'a, P: Port> {
    graph: &'a WaitGraph,
    port: &'a P,
    first: *const Node,
    /// Was a question asked to which there was no answer now?
    unsettled: Cell<bool>,
}

impl<P: Port> Drop for Locked<'_, P> {
    fn drop(&mut self) {
        let word = &self.graph.word;
        // ORDERING: Release: what was done to the nodes comes before what the next holder does.
        let old = word.swap(self.first.expose_provenance(), ordering(Site::GraphUnlock, Release));
        if old & CONTENDED != 0 {
            self.port.wake_all(word);
        }
    }
}

impl<P: Port> Locked<'_, P> {
    /// Unlocks the graph, as its drop does.
    pub(crate) fn unlock(self) {}

    /// Registers a thread.
    ///
    /// # Safety
    /// 1. The node stays where it is until `remove`, and so do its contexts.
    pub(crate) unsafe fn insert(&mut self, node: *const Node) {
        let next = self.first;
        // SAFETY:
        // - 1, and the lock is held.
        unsafe { &*node }
            .links
            .with_mut(|links| unsafe { *links = Links { next, marked: false, awaits_worker: false } });
        self.first = node;
    }

    /// Removes a registration.
    pub(crate) fn remove(&mut self, node: &Node) {
        let after = next_of(node);
        let before = self.nodes().find(|other| ptr::eq(next_of(other), node));
        match before {
            // SAFETY:
            // - the lock is held.
            Some(before) => before.links.with_mut(|links| unsafe { (*links).next = after }),
            None => self.first = after,
        }
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        // SAFETY:
        // - insert's obligation: a node stays until it is removed, which takes the lock; we hold it.
        let node = |at: *const Node| unsafe { at.as_ref() };
        core::iter::successors(node(self.first), move |before| node(next_of(before)))
    }

    pub(crate) fn marked(&self) -> impl Iterator<Item = &Node> {
        self.nodes().filter(|node| is_marked(node))
    }

    /// Marks the nodes for which `which` is true, and no others.
    pub(crate) fn mark(&self, which: impl Fn(&Node) -> bool) {
        self.nodes().for_each(|node| set_mark(node, which(node)));
    }

    /// Marks the nodes for which `which` is true, besides those that are marked, until nothing changes.
    pub(crate) fn spread(&self, which: impl Fn(&Node) -> bool) {
        while let Some(node) = self.nodes().find(|node| !is_marked(node) && which(node)) {
            set_mark(node, true);
        }
    }

    /// Clears the mark of the nodes for which `which` is true, until nothing changes.
    pub(crate) fn shrink(&self, which: impl Fn(&Node) -> bool) {
        while let Some(node) = self.marked().find(|node| which(node)) {
            set_mark(node, false);
        }
    }

    /// Notes whether a thread waits for a queued job.
    pub(crate) fn note_worker(&self, node: &Node, awaits_worker: bool) {
        // SAFETY:
        // - the lock is held.
        node.links.with_mut(|links| unsafe { (*links).awaits_worker = awaits_worker });
    }

    /// Is a marked thread inside this job?
    pub(crate) fn holds(&self, job: JobId) -> bool {
        self.marked().any(|node| node.frames().any(|context| context.job() == Some(job)))
    }

    /// Is a thread inside this job that is marked, or waits for this owner?
    pub(crate) fn holds_for(&self, owner: *const AwaitedOwner, job: JobId) -> bool {
        let awaits =
            |node: &Node| matches!(node.awaits, Awaits::OneOf { owner: of, .. } if ptr::eq(of, owner));
        let mut inside = self.nodes().filter(|node| is_marked(node) || awaits(node));
        inside.any(|node| node.frames().any(|context| context.job() == Some(job)))
    }

    /// What marked threads are inside of.
    pub(crate) fn marked_frames(&self) -> impl Iterator<Item = &CallContext> {
        self.marked().flat_map(Node::frames)
    }

    /// Does a lane hold the job in this slot back, of which marked threads have all places?
    #[cold]
    #[inline(never)]
    pub(crate) fn is_held_back(&self, index: usize) -> bool {
        for scope in self.marked_frames().filter_map(CallContext::lane_scope) {
            // SAFETY:
            // - the thread is inside a job of that lane, and cannot leave its call while the graph is locked.
            match unsafe { (scope.holds_back)(scope.lane, ptr::from_ref(self).cast(), index) } {
                Some(true) => return true,
                Some(false) => {}
                None => self.unsettled.set(true),
            }
        }
        false
    }

    /// Was it not known, of some job, whether its lane holds it back?
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unsettled.get()
    }

    /// Is a thread inside this job that is inside a shutdown or wait_idle?
    pub(crate) fn is_inside_end(&self, job: JobId) -> bool {
        let mut inside = self.nodes().filter(|node| matches!(node.awaits, Awaits::End));
        inside.any(|node| node.frames().any(|context| context.job() == Some(job)))
    }

    /// Does a marked thread wait for a free slot?
    pub(crate) fn awaits_slot(&self) -> bool {
        self.marked().any(|node| matches!(node.awaits, Awaits::Slot))
    }

    /// The number of marked workers. (A worker that sleeps in a job that its own shutdown runs counts twice.)
    pub(crate) fn workers(&self) -> usize {
        self.marked().filter(|node| node.is_worker).count()
    }

    /// The jobs that a marked thread is inside of mark_outliving a closer.
    pub(crate) fn mark_outliving(&self) {
        self.marked().flat_map(Node::frames).for_each(|context| context.closed_inside.set(true));
    }
}

fn is_marked(node: &Node) -> bool {
    // SAFETY:
    // - called through Locked: the lock is held.
    node.links.with(|links| unsafe { (*links).marked })
}

fn set_mark(node: &Node, marked: bool) {
    // SAFETY:
    // - as above.
    node.links.with_mut(|links| unsafe { (*links).marked = marked });
}

fn next_of(node: &Node) -> *const Node {
    // SAFETY:
    // - as above.
    node.links.with(|links| unsafe { (*links).next })
}

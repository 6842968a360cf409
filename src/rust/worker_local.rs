//! A value for each thread. The values are nodes of a list, each with the id of its thread: a node is added at the end and stays
//! until the whole list goes. A thread finds its node by walking, so a list of N threads takes up to N steps.

extern crate std;

use crate::util::unwind::drop_ignoring_panic;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;
use std::thread::{self, ThreadId};

/// A value for each thread that asks for it: each worker, and each thread that takes part in a loop, a join or a scope (feature
/// `std`). A thread's first [`get`](WorkerLocal::get) makes its value; no other thread sees it, so a `Cell` or a `RefCell` will do
/// for what changes. At the end [`into_inner`](WorkerLocal::into_inner) gives them all.
///
/// `F` is the function that makes the values, as for the standard library's `LazyLock`.
///
/// ```
/// use jobring::{Pool, WorkerLocal};
/// use std::cell::Cell;
///
/// let pool = Pool::new(2)?;
/// let sums = WorkerLocal::new(|| Cell::new(0));
/// pool.parallel_for(0..1_000_000, 1000, |share| {
///     let sum = sums.get();
///     sum.set(sum.get() + share.sum::<usize>());
/// });
/// let sum: usize = sums.into_inner().into_iter().map(Cell::into_inner).sum();
/// assert_eq!(sum, 499_999_500_000);
/// # Ok::<(), jobring::BuildError>(())
/// ```
///
/// What a job needs again and again, such as a buffer or a connection, lies in a `static` (or in an `Arc`). To make it when a
/// worker starts, and not in its first job, call `get` in [`on_start`](crate::Builder::on_start):
///
/// ```
/// use jobring::{Pool, WorkerLocal};
/// use std::cell::RefCell;
///
/// static BUFFER: WorkerLocal<RefCell<Vec<u8>>> = WorkerLocal::new(|| RefCell::new(vec![0; 1 << 16]));
///
/// let pool = Pool::builder().workers(2).on_start(|_| _ = BUFFER.get()).build()?;
/// let job = pool.submit(|| BUFFER.get().borrow().len())?;
/// assert_eq!(job.wait()?, 1 << 16);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A job that waits may run another job on the same thread: hold no `RefMut` over a wait. The value of a thread that has ended
/// stays until the end; no other thread gets it. For values that die with their threads there is `thread_local!`.
pub struct WorkerLocal<T, F = fn() -> T> {
    first: Link<T>,
    make: F,
}

type Link<T> = OnceLock<Box<Node<T>>>;

struct Node<T> {
    /// No two threads of a process have the same, and no thread gets that of one that has ended.
    owner: ThreadId,
    // INVARIANT: used through a shared reference by its owner alone.
    value: T,
    next: Link<T>,
}

// SAFETY:
// - `get` gives a thread its own value alone (the invariant). So a T may move to another thread, with the whole, but is not
//   shared. `make` is shared, and is Sync.
unsafe impl<T: Send, F: Sync> Sync for WorkerLocal<T, F> {}

impl<T, F> WorkerLocal<T, F> {
    /// No values yet. `make` makes each.
    ///
    /// ```
    /// use jobring::WorkerLocal;
    /// use std::cell::Cell;
    ///
    /// static COUNT: WorkerLocal<Cell<u32>> = WorkerLocal::new(|| Cell::new(0));
    ///
    /// COUNT.get().set(1);
    /// assert_eq!(std::thread::spawn(|| COUNT.get().get()).join().unwrap(), 0);
    /// assert_eq!(COUNT.get().get(), 1);
    /// ```
    pub const fn new(make: F) -> Self {
        Self { first: OnceLock::new(), make }
    }

    /// All values, in the order in which they were made.
    ///
    /// ```
    /// let threads = jobring::WorkerLocal::new(|| std::thread::current().id());
    /// threads.get();
    /// assert_eq!(threads.into_inner(), [std::thread::current().id()]);
    /// ```
    #[must_use]
    pub fn into_inner(mut self) -> Vec<T> {
        let mut values = Vec::new();
        let mut link = self.first.take();
        while let Some(node) = link {
            let Node { value, mut next, .. } = *node;
            values.push(value);
            link = next.take();
        }
        values
    }
}

impl<T: Send, F: Fn() -> T> WorkerLocal<T, F> {
    /// The calling thread's value. Its first call makes it, which allocates one block.
    ///
    /// ```
    /// use jobring::WorkerLocal;
    /// use std::cell::Cell;
    ///
    /// let calls = WorkerLocal::new(|| Cell::new(0));
    /// calls.get().set(calls.get().get() + 1);
    /// assert_eq!(calls.get().get(), 1);
    /// ```
    ///
    /// The function that makes it must not call `get` of the same value: it would call itself without end.
    ///
    /// # Panics
    /// With a panic of the function that makes it. Nothing was made then, and the next call tries again.
    pub fn get(&self) -> &T {
        let owner = thread::current().id();
        let mut link = &self.first;
        while let Some(node) = link.get() {
            if node.owner == owner {
                return &node.value;
            }
            link = &node.next;
        }
        let mut new = Box::new(Node { owner, value: (self.make)(), next: OnceLock::new() });
        // The values that `make` or other threads have added meanwhile come before this one.
        while let Err(refused) = link.set(new) {
            new = refused;
            link = link.get().map_or(link, |node| &node.next);
        }
        &link.get().expect("it was just set").value
    }
}

impl<T, F> Drop for WorkerLocal<T, F> {
    /// One by one, since a list that drops itself would take stack for each node.
    fn drop(&mut self) {
        let mut link = self.first.take();
        while let Some(mut node) = link {
            link = node.next.take();
            drop_ignoring_panic(node);
        }
    }
}

impl<T, F> fmt::Debug for WorkerLocal<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut link = &self.first;
        let nodes = core::iter::from_fn(|| link.get().map(|node| link = &node.next));
        f.debug_struct("WorkerLocal").field("len", &nodes.count()).finish_non_exhaustive()
    }
}

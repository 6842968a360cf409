//! Callbacks for jobs, added at any time: `job/watchers.rs` has the list.

use crate::engine::{Fail, Recipient, Request, Wait, WhenFull};
use crate::error::SubmitError;
use crate::job::context::CallContext;
use crate::job::id::JobId;
use crate::job::vtable::{DiscardReason, JobVTable, Payload, RunResult};
use crate::job::watchers::{Link, Watchers};
use crate::platform::port::{Origin, Timeout};
use crate::rust::closure::{Call, ClosureRequest, Fits};
use crate::rust::fits::{Added, JobNeeds};
use crate::rust::handle::JobHandle;
use crate::rust::job_state::JobState;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::util::unwind::call_ignoring_panic;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Calls functions when a job has ended (feature `alloc`, on targets that compare and swap): see [`PoolCore::submit_watched`]. It may be
/// cloned, used by any thread, and dropped at any time.
///
/// ```
/// use jobring::{Pool, Watch};
///
/// fn log(name: &'static str, watch: &Watch) {
///     watch.on_done(move |end| println!("{name}: {end:?}"));
/// }
///
/// let pool = Pool::builder().workers(1).build()?;
/// let (job, watch) = pool.submit_watched(|| 42).expect("the pool is open");
/// log("the answer", &watch);
/// assert_eq!(job.wait().unwrap(), 42);
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Watch(Arc<Watchers<JobState>>);

/// A callback in the list of a job, on the heap.
#[repr(C)]
struct Node<C> {
    head: Head,
    callback: C,
}

/// The beginning of a node, whatever its callback is.
#[repr(C)]
struct Head {
    link: Link,
    /// Calls the callback and frees the node.
    call: unsafe fn(NonNull<Link>, JobState),
}

impl<C: FnOnce(JobState)> Node<C> {
    /// A panic of the callback is dropped.
    ///
    /// # Safety
    /// 1. The node was a box's, and is the caller's.
    unsafe fn call(node: NonNull<Link>, end: JobState) {
        // SAFETY:
        // - 1: the link is the first field of the node.
        let node = unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) };
        let callback = node.callback;
        call_ignoring_panic(|| callback(end));
    }
}

impl Watch {
    /// Calls `callback` once when the job has ended, or at once if it has. It gets [`JobState::Done`], `Failed` or `Cancelled`.
    ///
    /// The callbacks that were added before the job ended are called in the order in which they were added, on
    /// the thread that ended the job, before the waits for the job return: the thread is still inside the job. A
    /// callback that is added later is called by this function, on the calling thread; earlier ones may still be
    /// running then.
    ///
    /// A callback may use the pool as a job may; a wait for its own job is refused
    /// ([`Deadlock`](crate::JobError::Deadlock)). A panic in it is caught and dropped, and the others are called
    /// all the same. Allocates.
    ///
    /// ```
    /// use jobring::{JobState, Pool};
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, ends) = channel();
    /// let (job, watch) = pool.submit_watched(|| 6 * 7).expect("the pool is open");
    /// for n in 0..3 {
    ///     let send = send.clone();
    ///     watch.on_done(move |end| send.send((n, end)).unwrap());
    /// }
    /// assert_eq!(job.wait()?, 42);
    /// let ended = [0, 1, 2].map(|n| (n, JobState::Done));
    /// assert!(ends.iter().take(3).eq(ended));
    /// // It has ended, so this is called at once.
    /// watch.on_done(move |end| send.send((3, end)).unwrap());
    /// assert_eq!(ends.recv()?, (3, JobState::Done));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_done(&self, callback: impl FnOnce(JobState) + Send + 'static) {
        self.add(Box::new(Node { head: Head { link: Link::new(), call: call_of(&callback) }, callback }));
    }

    fn add<C: FnOnce(JobState) + Send + 'static>(&self, node: Box<Node<C>>) {
        let node = NonNull::from(Box::leak(node)).cast::<Link>();
        // SAFETY:
        // - 1: it was a box's, its callback is Send, and only `call` frees it.
        if let Some(end) = unsafe { self.0.add(node) } {
            // SAFETY:
            // - 1: it was not added.
            unsafe { Node::<C>::call(node, end) };
        }
    }
}

fn call_of<C: FnOnce(JobState)>(_: &C) -> unsafe fn(NonNull<Link>, JobState) {
    Node::<C>::call
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// The kind of jobs that call an `F`, leave a `T`, and have a `Watch`. The last word of the payload owns a
/// count of the list, until the job ends.
struct WatchedCall<F, T>(PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> WatchedCall<F, T> {
    const VTABLE: &'static JobVTable =
        &JobVTable::new(Self::run, Self::discard, core::mem::needs_drop::<T>(), Call::<F, T>::drop_result);

    unsafe fn run(payload: Payload, context: &CallContext) -> RunResult {
        // SAFETY:
        // - the caller's; nothing that it leaves reaches the last word (WatchedFits).
        let outcome = unsafe { Call::<F, T>::run(payload, context) };
        let end = if outcome == RunResult::Failed { JobState::Failed } else { JobState::Done };
        // SAFETY:
        // - 1: called once in place of discard.
        unsafe { tell(payload, end) };
        outcome
    }

    unsafe fn discard(payload: Payload, job: JobId, why: DiscardReason) {
        // SAFETY:
        // - the caller's. 1: called once in place of run.
        unsafe {
            Call::<F, T>::discard(payload, job, why);
            tell(payload, JobState::Cancelled);
        }
    }
}

/// Calls the callbacks of a job that has ended.
///
/// # Safety
/// 1. A `WatchedRequest` wrote the payload, and this is called once.
unsafe fn tell(payload: Payload, end: JobState) {
    // SAFETY:
    // - 1: the word owns a count.
    let watchers =
        unsafe { Arc::from_raw(payload.word_from_end(1).cast::<*const Watchers<JobState>>().read()) };
    // SAFETY:
    // - 1: the count keeps the list.
    for node in unsafe { Watchers::close(Arc::as_ptr(&watchers), end) } {
        // SAFETY:
        // - 1: `Watch::add` made it from a box, and it is this thread's.
        unsafe { (node.cast::<Head>().as_ref().call)(node, end) };
    }
}

/// Proof that a closure, its result and the word of the list fit into a slot: see `Fits`.
struct WatchedFits<F, T>(Fits<F, T>);

impl<F: FnOnce() -> T, T> WatchedFits<F, T> {
    /// Fails to compile if they do not fit.
    const fn asserted(payload: usize) -> Self {
        let owner = Added { bytes: size_of::<*const Watchers<JobState>>(), by: "its watch" };
        JobNeeds { owner, ..Call::<F, T>::NEEDS }.assert_fits(payload);
        Self(Fits::asserted(payload))
    }
}

/// A closure that will be watched.
struct WatchedRequest<F, T> {
    closure: ClosureRequest<F, T>,
    watchers: Arc<Watchers<JobState>>,
}

impl<F: FnOnce() -> T, T> Request for WatchedRequest<F, T> {
    fn vtable(&self) -> &'static JobVTable {
        WatchedCall::<F, T>::VTABLE
    }

    unsafe fn write(self, payload: Payload) {
        let watchers = Arc::into_raw(self.watchers);
        // SAFETY:
        // - 1; both fit beside each other (WatchedFits).
        unsafe {
            payload.word_from_end(1).cast::<*const Watchers<JobState>>().write(watchers);
            self.closure.write(payload);
        }
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// As [`submit`](PoolCore::submit), for a job to which callbacks can be added at any time:
    /// [`Watch::on_done`]. Allocates the watch, also for a submit that is refused.
    ///
    /// The closure must fit into a slot, as for submit, less one word.
    ///
    /// ```
    /// use jobring::{JobState, Pool};
    /// use std::sync::mpsc::channel;
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, ends) = channel();
    /// let (job, watch) = pool.submit_watched(|| panic!("out of paper")).expect("the pool is open");
    /// // The callback stays, whatever becomes of handle and watch.
    /// watch.on_done(move |end| send.send(end).unwrap());
    /// drop((job, watch));
    /// assert_eq!(ends.recv()?, JobState::Failed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for submit.
    pub fn submit_watched<F, T>(&self, job: F) -> Result<(JobHandle<'_, T>, Watch), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { WatchedFits::<F, T>::asserted(P::PAYLOAD) };
        self.submit_watched_as(job, Wait(Timeout::Forever), fits)
    }

    /// [`submit_watched`](PoolCore::submit_watched) if there is a free slot. Unlike
    /// [`try_submit`](PoolCore::try_submit) it allocates: not in an interrupt or a signal handler.
    ///
    /// ```
    /// use jobring::{StaticPool, SubmitError};
    ///
    /// static POOL: StaticPool<1, 0, 48> = StaticPool::new();
    ///
    /// let (job, watch) = POOL.try_submit_watched(|| 42).expect("there is room");
    /// assert!(matches!(POOL.try_submit_watched(|| 43), Err(SubmitError::Full(_))));
    /// watch.on_done(|end| println!("{end:?}"));
    /// assert_eq!(job.wait().unwrap(), 42);
    /// ```
    ///
    /// # Errors
    /// As for try_submit.
    pub fn try_submit_watched<F, T>(&self, job: F) -> Result<(JobHandle<'_, T>, Watch), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fits = const { WatchedFits::<F, T>::asserted(P::PAYLOAD) };
        self.submit_watched_as(job, Fail, fits)
    }

    fn submit_watched_as<F, T>(
        &self,
        job: F,
        when_full: impl WhenFull,
        fits: WatchedFits<F, T>,
    ) -> Result<(JobHandle<'_, T>, Watch), SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let watchers = Arc::new(Watchers::new());
        let request =
            WatchedRequest { closure: ClosureRequest::new(job, fits.0), watchers: watchers.clone() };
        // SAFETY:
        // - 1: it fits into a payload of this pool, and both types are 'static.
        match unsafe { self.raw.submit(request, Recipient::HANDLE, when_full, Origin::Thread) } {
            Ok(job) => Ok((JobHandle::new(&self.raw, job), Watch(watchers))),
            Err((why, request)) => Err(ClosureRequest::refused((why, request.closure))),
        }
    }
}

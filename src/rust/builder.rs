//! The settings of a pool on the heap.

use super::pool::{Callbacks, DEFAULT_CAPACITY, DEFAULT_PAYLOAD, Inner, Pool};
use super::pool_core::PoolCore;
use crate::engine::{POLLS, RawPool, RuntimeConfig, defaults};
use crate::error::BuildError;
use crate::platform::port::Port;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::platform::thread::stack_size;
use crate::platform::{Backend, system};
use crate::slot::storage::{Boxed, SlotLayout, boxed};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{Hooks, WorkerSet, WorkerSetConfig};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::mem::MaybeUninit;

/// The settings of a [`Pool`]. Each method takes the builder and returns it; [`build`](Builder::build) makes the pool.
///
/// ```
/// use jobring::Builder;
///
/// let pool = Builder::new().workers(2).capacity(64).name("io").build()?;
/// assert_eq!((pool.workers(), pool.capacity()), (2, 64));
/// # Ok::<(), jobring::BuildError>(())
/// ```
#[must_use = "a builder does nothing until build()"]
pub struct Builder<const PAYLOAD: usize = DEFAULT_PAYLOAD> {
    workers: Option<usize>,
    min_workers: Option<usize>,
    max_workers: Option<usize>,
    grow_to: usize,
    capacity: usize,
    spin: u32,
    pub(super) threads: ThreadSettings,
}

/// How the threads are made, and what is known of them.
pub(super) struct ThreadSettings {
    pub(super) stack_size: usize,
    /// Bytes. None: the system's default.
    pub(super) guard_size: Option<usize>,
    pub(super) cpus: Vec<u32>,
    pub(super) name: String,
    pub(super) backend: Backend,
    pub(super) hooks: Callbacks,
    pub(super) timed: bool,
    pub(super) painted: bool,
}

impl Default for ThreadSettings {
    fn default() -> Self {
        Self {
            stack_size: 0,
            guard_size: None,
            cpus: Vec::new(),
            name: String::from("jobring"),
            backend: Backend::DEFAULT,
            hooks: Callbacks::default(),
            timed: false,
            painted: false,
        }
    }
}

impl Pool {
    /// A pool with this many workers, and all other settings at their defaults: [`builder`](Pool::builder) sets those. 0: none,
    /// as [`Builder::workers`] says. For one worker for each CPU, leave [`Builder::workers`] out.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::new(2)?;
    /// assert_eq!(pool.workers(), 2);
    /// assert_eq!(pool.submit(|| 6 * 7)?.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Builder::build`]: the system may refuse a thread.
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// The settings of a new pool, all at their defaults: [`Builder::new`].
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).build()?;
    /// assert_eq!(pool.submit(|| 42).expect("the pool is open").wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// All settings at their defaults.
    ///
    /// ```
    /// let pool = jobring::Builder::new().build()?;
    /// assert!(pool.workers() > 0);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn new() -> Self {
        Self {
            workers: None,
            min_workers: None,
            max_workers: None,
            grow_to: 0,
            capacity: DEFAULT_CAPACITY,
            spin: POLLS,
            threads: ThreadSettings::default(),
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl<const PAYLOAD: usize> Builder<PAYLOAD> {
    /// The number of worker threads. Default: the number of CPUs that the calling thread may use, by
    /// `std::thread::available_parallelism` where there is std. The workers inherit that thread's CPU mask. 0: none; then callers of
    /// [`run_one`](PoolCore::run_one), [`enter_worker`](PoolCore::enter_worker) and wait run the jobs. More workers than the
    /// [`capacity`](Builder::capacity) are allowed but useless: each running job has a slot, so the other workers sleep.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(0).build()?;
    /// let job = pool.submit(|| 42).expect("the pool is open");
    /// assert!(pool.run_one());
    /// assert_eq!(job.wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// The fewest workers with which the pool may start if the system refuses more threads, or if start hooks panic. Default:
    /// all of them.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(4).min_workers(1).build()?;
    /// assert!((1..=4).contains(&pool.workers()));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn min_workers(mut self, min_workers: usize) -> Self {
        self.min_workers = Some(min_workers);
        self
    }

    /// The most workers at a time, including threads that enter. Default: 16 more than [`workers`](Builder::workers) or
    /// [`grow_to`](Builder::grow_to).
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).max_workers(1).build()?;
    /// assert!(!pool.enter_worker(), "there is no room for another");
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
        self
    }

    /// The most threads that [`set_workers`](Pool::set_workers) may ask for. The pool has memory for that many workers from the start, but no
    /// threads and no stacks. Default, and at least: [`workers`](Builder::workers).
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).grow_to(4).build()?;
    /// pool.set_workers(4, None).expect("threads");
    /// assert_eq!(pool.workers(), 4);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn grow_to(mut self, workers: usize) -> Self {
        self.grow_to = workers;
        self
    }

    /// The number of slots. A job holds a slot from its submit until its result is taken or, if it is detached, until it has
    /// finished. So a result that nobody has taken holds a slot. Default: 1,024. No more jobs than that run at a time; if all of
    /// them wait in [`submit`](PoolCore::submit) for a slot, some get [`SubmitError::Deadlock`](crate::SubmitError::Deadlock).
    /// Slots that were never used take no pages of memory until the pool is shut down.
    ///
    /// ```
    /// use jobring::{Pool, SubmitError};
    ///
    /// let pool = Pool::builder().workers(1).capacity(1).build()?;
    /// let job = pool.submit(|| 42).expect("the pool is open");
    /// assert!(matches!(pool.try_submit(|| 43), Err(SubmitError::Full(_))));
    /// assert_eq!(job.wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = jobs;
        self
    }

    /// The largest closure and the largest result that fit into a slot, in bytes: a multiple of 16 (8 on 32-bit targets).
    /// Default: 48, which makes a slot 64 bytes on 64-bit targets.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).payload::<128>().build()?;
    /// let numbers = [7u64; 16];
    /// let job = pool.submit(move || numbers.iter().sum::<u64>()).expect("the pool is open");
    /// assert_eq!(job.wait().unwrap(), 112);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn payload<const BYTES: usize>(self) -> Builder<BYTES> {
        Builder {
            workers: self.workers,
            min_workers: self.min_workers,
            max_workers: self.max_workers,
            grow_to: self.grow_to,
            capacity: self.capacity,
            spin: self.spin,
            threads: self.threads,
        }
    }

    /// How often a worker that has run a job polls for the next one before it sleeps. Default: 1,000, about 25 µs; 0 without
    /// threads. After 50 µs without a job a worker polls at most 24 times. An idle pool sleeps, whatever this number is.
    ///
    /// When jobs come as fast as they are run, threads pause to reduce cache-line contention. A worker may delay one job in eight
    /// by up to 8 µs, unless this is 0. Whatever this is, a submit that may wait pauses for up to about 30 µs when the pool is
    /// nearly full and workers free slots; [`try_submit`](PoolCore::try_submit) never pauses.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).spin(0).build()?;
    /// # assert_eq!(pool.submit(|| 42).expect("the pool is open").wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn spin(mut self, polls: u32) -> Self {
        self.spin = polls;
        self
    }

    /// Makes the pool and starts its workers.
    ///
    /// ```
    /// use jobring::{BuildError, Pool};
    ///
    /// let pool = Pool::builder().build()?;
    /// let error = Pool::builder().workers(2).max_workers(1).build().expect_err("2 are more than 1");
    /// assert_eq!(error, BuildError::Invalid("max_workers"));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError`], which names the setting that is wrong. Nothing is left behind: threads that had started were joined. A payload that is not a multiple of 16 bytes
    /// (8 on 32-bit targets) is a compile-time error.
    pub fn build(self) -> Result<Pool<PAYLOAD>, BuildError> {
        const {
            assert!(
                PAYLOAD.is_multiple_of(crate::slot::storage::PAYLOAD_ALIGN),
                "the payload must be a multiple of 16 bytes (8 on 32-bit targets)"
            )
        };
        SlotLayout::new(1, PAYLOAD).ok_or(BuildError::Invalid("payload"))?;
        let shape = SlotLayout::new(self.capacity, PAYLOAD).ok_or(BuildError::Invalid("capacity"))?;
        if self.threads.backend != Backend::DEFAULT && !self.threads.backend.is_available() {
            return Err(BuildError::Unsupported("backend"));
        }
        let workers = self.workers.unwrap_or_else(defaults::workers);
        let most = self.grow_to.max(workers);
        let max_workers = self.max_workers.unwrap_or_else(|| defaults::max_workers(most));
        if workers > crate::sleep::MAX_WORKERS {
            return Err(BuildError::Invalid("workers"));
        }
        if self.grow_to > crate::sleep::MAX_WORKERS {
            return Err(BuildError::Invalid("grow_to"));
        }
        if max_workers < most || max_workers > crate::sleep::MAX_WORKERS {
            return Err(BuildError::Invalid("max_workers"));
        }
        if self.min_workers.is_some_and(|min_workers| min_workers > workers) {
            return Err(BuildError::Invalid("min_workers"));
        }
        let config = RuntimeConfig { workers: max_workers, spin: self.spin, ..RuntimeConfig::default() };
        let port = system();
        if !port.prepare() {
            return Err(BuildError::NoMemory);
        }
        let storage = Boxed::new(shape, port.forks()).ok_or(BuildError::NoMemory)?;
        let core = PoolCore::from_raw(RawPool::over(storage, port, config));
        self.start(core, workers)
    }

    #[cfg(any(feature = "std", feature = "pthread"))]
    fn start(self, core: PoolCore<Pool<PAYLOAD>>, workers: usize) -> Result<Pool<PAYLOAD>, BuildError> {
        let threads = self.threads;
        let guard_size = threads.guard_size.map(stack_size::guard);
        if guard_size == Some(None) {
            return Err(BuildError::Invalid("guard_size"));
        }
        let stack_size = stack_size::effective(threads.stack_size)?;
        let mut places = Vec::new();
        let most = self.grow_to.max(workers);
        places.try_reserve_exact(most).map_err(|_| BuildError::NoMemory)?;
        places.resize_with(most, MaybeUninit::uninit);
        let mut inner = boxed(Inner { core, workers: None, _places: places, hooks: threads.hooks })
            .ok_or(BuildError::NoMemory)?;
        let min_workers = self.min_workers.unwrap_or(workers);
        let plan = WorkerSetConfig {
            most,
            min_workers,
            guard_size: guard_size.flatten(),
            cpus: &threads.cpus,
            timed: threads.timed,
            painted: threads.painted,
            ..WorkerSetConfig::plain(threads.backend, workers, stack_size, &threads.name)
        };
        let hooks: *const (dyn Hooks + 'static) = &raw const inner.hooks;
        let places = inner._places.as_mut_ptr();
        // SAFETY:
        // - 1: all three are behind the Box, which is not opened before the workers are joined (Pool's drop).
        inner.workers = Some(unsafe { WorkerSet::start(inner.core.raw(), places, hooks, plan) }?);
        Ok(Pool { inner: core::mem::ManuallyDrop::new(inner) })
    }

    #[cfg(not(any(feature = "std", feature = "pthread")))]
    fn start(self, core: PoolCore<Pool<PAYLOAD>>, workers: usize) -> Result<Pool<PAYLOAD>, BuildError> {
        if workers > 0 {
            return Err(BuildError::Unsupported("workers"));
        }
        Ok(Pool { inner: core::mem::ManuallyDrop::new(boxed(Inner { core }).ok_or(BuildError::NoMemory)?) })
    }
}

impl<const PAYLOAD: usize> fmt::Debug for Builder<PAYLOAD> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("payload", &PAYLOAD)
            .field("workers", &self.workers)
            .field("min_workers", &self.min_workers)
            .field("max_workers", &self.max_workers)
            .field("grow_to", &self.grow_to)
            .field("capacity", &self.capacity)
            .field("spin", &self.spin)
            .field("stack_size", &self.threads.stack_size)
            .field("name", &self.threads.name)
            .field("backend", &self.threads.backend)
            .finish_non_exhaustive()
    }
}

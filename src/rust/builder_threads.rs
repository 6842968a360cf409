//! The settings of a pool's worker threads.

use super::builder::Builder;
use crate::platform::Backend;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

impl<const PAYLOAD: usize> Builder<PAYLOAD> {
    /// The size of each worker's stack in bytes, rounded up to a page. Default: 2 MiB.
    ///
    /// ```
    /// use jobring::{BuildError, Pool};
    ///
    /// let smallest = match Pool::builder().workers(1).stack_size(1).build() {
    ///     Err(BuildError::StackTooSmall(bytes)) => bytes,
    ///     other => unreachable!("{other:?}"),
    /// };
    /// let pool = Pool::builder().workers(1).stack_size(smallest).build()?;
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.threads.stack_size = bytes;
        self
    }

    /// The size of the guard below each stack in bytes, rounded up to a page: an access there ends the process. Default: one
    /// page. 0: no guard. On pthreads only: another backend gives [`BuildError::Unsupported`](crate::BuildError::Unsupported).
    ///
    /// ```
    /// use jobring::{Backend, BuildError, Pool};
    ///
    /// let pool = Pool::builder().workers(1).backend(Backend::Pthread).guard_size(1 << 16).build();
    /// assert!(pool.is_ok() || pool.is_err_and(|error| matches!(error, BuildError::Unsupported(_))));
    /// ```
    pub fn guard_size(mut self, bytes: usize) -> Self {
        self.threads.guard_size = Some(bytes);
        self
    }

    /// The CPUs to bind the workers to, in turn. Default: none, so that the workers inherit the CPU mask of the thread that
    /// makes the pool. On pthreads only: another backend gives [`BuildError::Unsupported`](crate::BuildError::Unsupported). A
    /// worker's CPU that this process may not use gives [`BuildError::Invalid`](crate::BuildError::Invalid), whatever
    /// [`min_workers`](Builder::min_workers) is.
    ///
    /// ```
    /// use jobring::{Backend, BuildError, Pool};
    ///
    /// let nowhere = Pool::builder().workers(1).backend(Backend::Pthread).cpus([1 << 20]).build();
    /// assert!(matches!(nowhere, Err(BuildError::Invalid("cpus") | BuildError::Unsupported(_))));
    /// ```
    pub fn cpus(mut self, cpus: impl Into<Vec<u32>>) -> Self {
        self.threads.cpus = cpus.into();
        self
    }

    /// Times each job, for [`Pool::worker`](crate::Pool::worker): two reads of the clock for each job. Default: false.
    ///
    /// ```
    /// use jobring::{Pool, ShutdownMode, WorkerState};
    /// use std::time::Duration;
    ///
    /// let pool = Pool::builder().workers(1).timed(true).build()?;
    /// pool.submit_detached(|| std::thread::sleep(Duration::from_millis(2)))?;
    /// pool.shutdown(ShutdownMode::Drain, None)?;
    /// let worker = || pool.worker(0).expect("a worker");
    /// // A worker counts a job just after it has ended.
    /// while worker().state() != WorkerState::Stopped {
    ///     std::thread::yield_now();
    /// }
    /// let worker = worker();
    /// assert!(worker.jobs() == 1 && worker.longest_run() >= Duration::from_millis(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timed(mut self, timed: bool) -> Self {
        self.threads.timed = timed;
        self
    }

    /// Fills each worker's stack with a pattern, for [`Pool::worker_stack_used`](crate::Pool::worker_stack_used). This touches
    /// all pages of the stack. Default: false.
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(1).paint_stacks(true).build()?;
    /// pool.submit(|| 42)?.wait()?;
    /// assert!(pool.worker_stack_used(0).is_some_and(|bytes| bytes > 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn paint_stacks(mut self, paint: bool) -> Self {
        self.threads.painted = paint;
        self
    }

    /// The prefix of the threads' names: worker 3 of `io` is `io-3`. A name has at most 15 bytes. Default: `jobring`. On the pthread
    /// backend only the system knows the name: `std::thread::current().name()` is None, and a panic is reported from `<unnamed>`.
    ///
    /// ```
    /// use jobring::{Backend, Pool};
    ///
    /// let pool = Pool::builder().workers(1).backend(Backend::Std).name("io").build()?;
    /// let name = pool.submit(|| std::thread::current().name() == Some("io-0")).expect("the pool is open");
    /// assert!(name.wait().unwrap());
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn name(mut self, prefix: impl Into<String>) -> Self {
        self.threads.name = prefix.into();
        self
    }

    /// The backend that makes the threads. Default: pthreads where this build has them, else std. A backend that this build
    /// lacks gives [`BuildError::Unsupported`](crate::BuildError::Unsupported): see [`Backend`].
    ///
    /// ```
    /// use jobring::{Backend, Pool};
    ///
    /// let pool = Pool::builder().workers(1).backend(Backend::Std).build()?;
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn backend(mut self, backend: Backend) -> Self {
        self.threads.backend = backend;
        self
    }

    /// Sets a hook that is called on each worker's thread before its first job, with the worker's number.
    /// [`build`](Builder::build) returns when all start hooks have returned, so a hook that waits for something that the
    /// caller does after it waits for ever; without a start hook it does not wait for the threads. A worker whose hook panics
    /// ends at once, without [`on_stop`](Builder::on_stop). If fewer than [`min_workers`](Builder::min_workers) are left, the
    /// error is [`BuildError::StartHook`](crate::BuildError::StartHook).
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// let (tell, told) = channel();
    /// let started = tell.clone();
    /// let pool = jobring::Pool::builder()
    ///     .workers(1)
    ///     .on_start(move |worker| started.send(format!("worker {worker} starts")).unwrap())
    ///     .on_stop(move |worker| tell.send(format!("worker {worker} stops")).unwrap())
    ///     .build()?;
    /// drop(pool);
    /// assert_eq!(told.iter().collect::<Vec<_>>(), ["worker 0 starts", "worker 0 stops"]);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.threads.hooks.start = Some(Box::new(hook));
        self
    }

    /// Sets a hook that is called on each worker's thread after its last job, with the worker's number: see the example of
    /// [`on_start`](Builder::on_start). A panic in it is dropped. It may do what a job may.
    pub fn on_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.threads.hooks.stop = Some(Box::new(hook));
        self
    }
}

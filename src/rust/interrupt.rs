//! Ending the blocking calls of a thread from outside.

use crate::error::JobError;
use crate::job::interrupt::Interrupt;
use crate::platform::port::Timeout;
use crate::rust::handle::JobHandle;
use crate::rust::pool_core::{AnyPool, PoolCore};

impl<P: AnyPool> PoolCore<P> {
    /// Calls `f` in a *scope* of the interrupt. Once that is [raised](PoolCore::raise), a blocking call that `f` makes on this pool
    /// ends instead of sleeping or running a job. It changes nothing, and can be made again.
    ///
    /// | Call | After an interrupt |
    /// |---|---|
    /// | [`JobHandle::wait_interruptible`], [`wait_timeout`](JobHandle::wait_timeout) | the handle comes back |
    /// | [`JobHandle::wait`] | [`JobError::Interrupted`]; the claim on the result is given up |
    /// | [`submit`](PoolCore::submit) on a full pool, or at the limit of a queue | [`SubmitError::Interrupted`](crate::SubmitError::Interrupted) with the job |
    /// | [`wait_idle`](PoolCore::wait_idle), [`wait_many`](PoolCore::wait_many) | their errors' `Interrupted` |
    /// | `Completions::recv`, and its iterator | `RecvError::Interrupted`; the iterator ends |
    /// | [`shutdown`](PoolCore::shutdown) | [`ShutdownError`](crate::ShutdownError): the pool is closed, and can be shut down again |
    /// | [`join`](PoolCore::join), [`parallel_for`](PoolCore::parallel_for), [`scope`](PoolCore::scope) | not interrupted: jobs use the caller's data |
    /// | [`enter_worker`](PoolCore::enter_worker) | refused inside the scope |
    ///
    /// A job that such a call runs on this thread is not interrupted, unless it begins its own scope. Scopes nest; the
    /// innermost counts. On a user-defined port that keeps no context ([`UserPort::current`](crate::UserPort::current)),
    /// and in a build without an operating system, no call is interrupted.
    ///
    /// ```
    /// use jobring::{Interrupt, Pool};
    /// use std::sync::mpsc::channel;
    ///
    /// static STOP: Interrupt = Interrupt::new();
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (_send, receive) = channel::<()>();
    /// let endless = pool.submit(move || drop(receive.recv())).expect("the pool is open");
    /// std::thread::scope(|s| {
    ///     s.spawn(|| pool.raise(&STOP));
    ///     let stopped = pool.interruptible(&STOP, || endless.wait_interruptible());
    ///     assert!(stopped.is_err() && STOP.is_raised());
    /// });
    /// # drop(_send);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn interruptible<R>(&self, interrupt: &Interrupt, f: impl FnOnce() -> R) -> R {
        self.raw().interruptible(interrupt, f)
    }

    /// Raises the interrupt: the blocking calls of threads inside its scopes on this pool end, now and until it is
    /// [reset](Interrupt::reset). What the caller did before happens before what such a thread does after its call.
    ///
    /// Any thread may call it, and on Linux a signal handler. (Elsewhere the wake of a thread takes a lock, which the
    /// interrupted thread may hold. On a user-defined port it calls `unpark`.) It neither blocks nor allocates. It does not wake
    /// threads that sleep in calls on another pool: raise the interrupt there too.
    ///
    /// ```
    /// use jobring::{Interrupt, Pool, SubmitError};
    ///
    /// let pool = Pool::builder().workers(1).capacity(1).build()?;
    /// let stop = Interrupt::new();
    /// let held = pool.submit(|| 42).expect("the pool is open");
    /// pool.raise(&stop);
    /// let refused = pool.interruptible(&stop, || pool.submit(|| 43));
    /// assert!(matches!(refused, Err(SubmitError::Interrupted(_))));
    /// assert_eq!(held.wait().unwrap(), 42);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn raise(&self, interrupt: &Interrupt) {
        self.raw().raise(interrupt);
    }
}

impl<T: Send> JobHandle<'_, T> {
    /// As [`wait`](JobHandle::wait). After an interrupt ([`PoolCore::interruptible`](crate::PoolCore::interruptible)) the
    /// handle is returned, and nothing has changed.
    ///
    /// ```
    /// use jobring::{Interrupt, Pool};
    /// use std::sync::mpsc::channel;
    ///
    /// static STOP: Interrupt = Interrupt::new();
    ///
    /// let pool = Pool::builder().workers(1).build()?;
    /// let (send, receive) = channel();
    /// let job = pool.submit(move || receive.recv().unwrap()).expect("the pool is open");
    /// // A signal handler, say.
    /// pool.raise(&STOP);
    /// let job = pool.interruptible(&STOP, || job.wait_interruptible()).expect_err("nothing was sent");
    /// send.send(42)?;
    /// assert_eq!(job.wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle, if an interrupt was raised and the job has not finished.
    ///
    /// # Panics
    /// If a task has already awaited the job to its end (feature `future`): then the result was taken.
    pub fn wait_interruptible(self) -> Result<Result<T, JobError>, Self> {
        self.wait_within(Timeout::Forever)
    }
}

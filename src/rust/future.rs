//! A job's handle as a future: a task awaits the job instead of a thread.

use super::handle::{HandleState, JobHandle};
use crate::error::JobError;
use crate::platform::port::Timeout;
use crate::rust::job_state::JobState;
use core::future::Future;
use core::mem::replace;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

// Nothing in a handle is pinned: a result is moved out.
impl<T> Unpin for JobHandle<'_, T> {}

impl<T: Send> JobHandle<'_, T> {
    pub(super) fn take_waker_back(&mut self) -> Option<Waker> {
        match self.state {
            HandleState::InPool(pool, job) => pool.take_waker_back(job, &mut self.left),
            _ => None,
        }
    }
}

/// Awaits the job (feature `future`): the output is what [`wait`](JobHandle::wait) gives. No alloc, no OS,
/// any executor.
///
/// ```
/// use jobring::StaticPool;
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Wake, Waker};
/// use std::thread;
///
/// static POOL: StaticPool<16, 1, 48> = StaticPool::new();
///
/// // Any executor will do; this one parks its thread.
/// struct Unpark(thread::Thread);
/// impl Wake for Unpark {
///     fn wake(self: Arc<Self>) {
///         self.0.unpark();
///     }
/// }
/// fn block_on<F: Future>(future: F) -> F::Output {
///     let waker = Waker::from(Arc::new(Unpark(thread::current())));
///     let mut future = pin!(future);
///     loop {
///         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
///             Poll::Ready(output) => return output,
///             Poll::Pending => thread::park(),
///         }
///     }
/// }
///
/// let worker = thread::spawn(|| POOL.enter_worker());
/// let sum = block_on(async {
///     let six = POOL.try_submit(|| 6).expect("there is room");
///     let seven = POOL.try_submit(|| 7).expect("there is room");
///     six.await.unwrap() * seven.await.unwrap()
/// });
/// assert_eq!(sum, 42);
/// POOL.shutdown(jobring::ShutdownMode::Drain, None).unwrap();
/// worker.join().unwrap();
/// ```
///
/// - The task is woken when the job has finished, whether it was run, cancelled, or discarded by a shutdown.
///   Spurious wake-ups are possible. The waker of the last poll is woken; the handle may move from one task
///   or executor to another.
/// - **The thread that ends the job calls [`Waker::wake`]**: a worker, a thread that cancels or shuts down,
///   or an interrupt that calls [`run_one`](crate::PoolCore::run_one) (then the waker must be one that an
///   interrupt may wake; a pool on a user-defined port allows interrupts only
///   [`try_submit_isr`](crate::PoolCore::try_submit_isr)). The thread holds no lock then, and no longer
///   touches the job. A panic in the waker is dropped (without `std` it ends the process).
/// - **A wake may do** everything that a job may. On a worker the thread counts as being inside a job: a wait
///   for a queued job runs that job there, and a [`submit`](crate::PoolCore::submit) to a full pool gets
///   [`SubmitError::Deadlock`](crate::SubmitError::Deadlock) if it would sleep for ever. A wake may shut the
///   pool down, and drop it. An executor whose wake submits the task's next poll should use
///   [`try_submit`](crate::PoolCore::try_submit), and keep a refused job for later.
/// - A panic while a waker is cloned leaves the poll, and changes nothing. A panic while a waker is dropped
///   is dropped.
/// - A poll neither blocks nor runs a job; an interrupt handler may poll on a pool without a user-defined port. On a
///   pool without workers no job finishes until a thread calls [`run_one`](crate::PoolCore::run_one) or
///   waits. An executor that blocks a job's thread (`block_on` inside a job) may leave no thread to run the
///   job that it awaits; [`wait`](JobHandle::wait) would run that job or return an error.
/// - If the system stops the worker that was woken for a job, a thread that waits for the job helps out; a
///   task that awaits it does not. Then the job may stay queued until that worker goes on, a thread waits, or
///   one more job is submitted.
/// - Dropping the handle gives up the claim, as without a task, and drops the waker that was stored in the
///   pool: at once, unless the job has just ended and the waker is being woken. A leaked handle keeps its
///   waker until the slot's next task or the end of the pool.
/// - The feature costs three words for each slot (24 bytes; 12 on 32-bit targets) and one for each handle. A
///   job that no task awaits costs nothing more at run time, unless a thread had to sleep for it: then three
///   atomic operations beside the wake.
///
/// # Panics
/// If it is polled again after it was ready. [`wait`](JobHandle::wait) panics then too.
impl<T: Send> Future for JobHandle<'_, T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let HandleState::InPool(pool, job) = this.state
            && pool.poll_job(job, &mut this.left, cx.waker()).is_pending()
        {
            return Poll::Pending;
        }
        let over = replace(this, JobHandle::at(HandleState::Taken(JobState::Running)));
        match over.wait_within(Timeout::Poll) {
            Ok(result) => {
                this.state = HandleState::Taken(JobState::of_result(&result));
                Poll::Ready(result)
            }
            Err(pending) => {
                debug_assert!(false, "the job was over");
                *this = pending;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

//! A completion queue as a stream: a task polls it instead of a thread that receives.

use crate::error::RecvError;
use crate::rust::completion::Completion;
use crate::rust::completions::Completions;
use crate::rust::pool_core::AnyPool;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use futures_core::Stream;

impl<T, P: AnyPool> Completions<'_, T, P> {
    pub(super) fn take_waker_back(&mut self) -> Option<Waker> {
        // SAFETY:
        // - it lives as long as the pool, which we borrow.
        unsafe { self.queue.as_ref() }.take_waker_back(&mut self.left)
    }
}

/// The completions as a stream (feature `future`; the trait is that of the crate `futures-core`). The items are what
/// [`recv`](Completions::recv) gives. It ends, with None, when no job is pending; after a further submit it goes on.
///
/// ```
/// use futures_core::Stream;
/// use jobring::Pool;
/// use std::future::poll_fn;
/// use std::pin::Pin;
/// # use std::sync::Arc;
/// # use std::task::{Context, Poll, Wake, Waker};
/// # struct Unpark(std::thread::Thread);
/// # impl Wake for Unpark {
/// #     fn wake(self: Arc<Self>) {
/// #         self.0.unpark();
/// #     }
/// # }
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
/// #             Poll::Ready(output) => return output,
/// #             Poll::Pending => std::thread::park(),
/// #         }
/// #     }
/// # }
///
/// let pool = Pool::builder().workers(2).build()?;
/// let mut squares = pool.completions()?;
/// for n in 0..10u64 {
///     squares.submit(n, move || n * n)?;
/// }
/// let sum = block_on(async {
///     let mut sum = 0;
///     // As `squares.next().await` of the crate futures.
///     while let Some(square) = poll_fn(|cx| Pin::new(&mut squares).poll_next(cx)).await {
///         sum += square.result.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 285);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - One task polls a queue: the waker of the last poll is woken, when a job arrives or when another consumer has
///   taken the last pending one. Spurious wake-ups are possible. Other threads may receive meanwhile.
/// - The thread that ends the job, or takes the last one, calls [`Waker::wake`], as for an awaited
///   [`JobHandle`](crate::JobHandle), with the same rules.
/// - A poll neither blocks nor runs a job. On a pool without workers no job arrives until a thread runs it.
/// - Dropping the queue drops the waker that was stored in it.
/// - A queue that no task polls costs nothing more, unless a thread had to sleep for it.
impl<T: Send + 'static, P: AnyPool> Stream for Completions<'_, T, P> {
    type Item = Completion<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Completion<T>>> {
        let this = self.get_mut();
        loop {
            match this.try_recv() {
                Ok(completion) => return Poll::Ready(Some(completion)),
                Err(RecvError::Pending) => {}
                Err(_) => return Poll::Ready(None),
            }
            // SAFETY:
            // - it lives as long as the pool, which we borrow.
            let queue = unsafe { this.queue.as_ref() };
            if this.pool.raw.poll_completions(queue, &mut this.left, cx.waker()).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, None)
    }
}

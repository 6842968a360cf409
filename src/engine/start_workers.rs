//! Starts the threads of a pool, whatever creates them.

use super::RawPool;
use super::lifecycle::ShutdownMode;
use crate::platform::port::{Port, Timeout};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug};

/// The workers of a pool that has started, in one word: a pool on a port has its exact size in the header.
#[cfg(all(feature = "capi", not(any(feature = "std", feature = "pthread"))))]
#[derive(Clone, Copy)]
pub(crate) struct Started {
    threads: u16,
    workers: u16,
}

#[cfg(all(feature = "capi", not(any(feature = "std", feature = "pthread"))))]
const _: () = assert!(crate::sleep::MAX_WORKERS <= u16::MAX as usize);

#[cfg(all(feature = "capi", not(any(feature = "std", feature = "pthread"))))]
impl Started {
    pub(crate) const fn new(threads: usize, workers: usize) -> Self {
        Self { threads: threads as u16, workers: workers as u16 }
    }

    /// The threads that were made.
    pub(crate) const fn threads(self) -> usize {
        self.threads as usize
    }

    /// Those of them that work: their start hook did not fail.
    pub(crate) const fn workers(self) -> usize {
        self.workers as usize
    }
}

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Starts workers 0 to `max` - 1, each by `spawn`, until one cannot be made. Returns how many threads were made, and how many
    /// of them work. With a `hook_error` each worker calls a start hook, and this returns when all of them have returned. If fewer than `min` workers are left, or none, or if the error
    /// `is_shortage` is false, it returns the number of threads and the error: then the caller calls
    /// [`undo_start`](Self::undo_start) and joins them. A shortage: the system has no more threads or memory.
    pub(crate) fn start_workers<E>(
        &self,
        max: usize,
        min: usize,
        hook_error: Option<E>,
        is_shortage: impl Fn(&E) -> bool,
        spawn: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(usize, usize), (usize, E)> {
        let threads = self.spawn_workers(max, min, is_shortage, spawn)?;
        let Some(hook_error) = hook_error else { return Ok((threads, threads)) };
        let workers = threads - self.lifecycle().await_start_hooks(threads, self.port());
        if workers < min.max(1).min(threads) { Err((threads, hook_error)) } else { Ok((threads, workers)) }
    }

    fn spawn_workers<E>(
        &self,
        max: usize,
        min: usize,
        is_shortage: impl Fn(&E) -> bool,
        mut spawn: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<usize, (usize, E)> {
        for worker in 0..max {
            // Counted before the thread exists, so that no thread sees a pool without workers meanwhile.
            let admitted = self.admit_worker();
            debug_assert!(admitted, "no more workers are asked for than the pool may have");
            if let Err(error) = spawn(worker) {
                if !bug(Bug::CountsAThreadThatFailedToStart) {
                    self.lifecycle().leave(false, self.port());
                }
                let is_enough = worker >= min.max(1) && is_shortage(&error);
                return if is_enough { Ok(worker) } else { Err((worker, error)) };
            }
        }
        Ok(max)
    }

    /// Closes a pool that has too few workers, and waits until those that were started have left.
    pub(crate) fn undo_start(&self) {
        let _ = self.shutdown(ShutdownMode::Discard, Timeout::Forever);
        self.await_workers();
    }
}

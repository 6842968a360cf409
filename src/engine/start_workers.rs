//! Starts the threads of a pool, whatever creates them.

use super::RawPool;
use super::lifecycle::ShutdownMode;
use crate::platform::port::{Port, Timeout};
use crate::slot::storage::Storage;
use crate::sync::{Bug, bug};

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Starts workers 0 to `max` - 1, each by `spawn`, until one cannot be made. Returns how many there are.
    /// If they are fewer than `min`, or none, or if the error `is_shortage` is false, it returns their number
    /// and the error: then the caller calls [`undo_start`](Self::undo_start) and joins them. A shortage: the
    /// system has no more threads or memory.
    pub(crate) fn start_workers<E>(
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

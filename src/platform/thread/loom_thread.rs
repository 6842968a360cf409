//! Threads in a model: they are the checker's, whatever the backend.

use super::{Start, ThreadOptions};
use crate::error::BuildError;
use crate::platform::Backend;

/// A thread of the model checker's.
pub(crate) struct Thread(loom::thread::JoinHandle<()>);

impl Thread {
    /// Creates a thread that runs `start`. The options mean nothing to the checker.
    ///
    /// # Safety
    /// 1. `start` and what it points to stay valid until the thread was joined.
    pub(crate) unsafe fn spawn(
        _: Backend,
        _: ThreadOptions<'_>,
        start: *const Start,
    ) -> Result<Self, BuildError> {
        // SAFETY:
        // - 1: valid until join.
        let start = unsafe { *start };
        // SAFETY:
        // - 1, in the new thread too.
        Ok(Self(loom::thread::spawn(move || unsafe { (start.run)(start.arg) })))
    }

    pub(crate) fn name_self(_: Backend, _: &str) {}

    pub(crate) fn join(self) {
        if self.0.thread().id() != loom::thread::current().id() {
            let _ = self.0.join();
        }
    }

    pub(crate) fn id(&self) -> u64 {
        0
    }

    pub(crate) fn try_join(self) -> Result<(), Self> {
        Err(self)
    }

    /// The checker does not know it.
    pub(crate) fn stack_size(&self) -> Option<usize> {
        None
    }
}

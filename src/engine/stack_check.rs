//! Checks whether enough stack is left to run a job inside a job.

use super::RawPool;
use crate::job::context::{CallChain, CallContext};
use crate::platform::port::Port;
use crate::slot::storage::Storage;

/// How many jobs may run inside each other on a thread whose stack is not known, because no pool made the
/// thread and the port does not know its stack. The documentation of `stack_reserve` and of `JobHandle::wait`
/// names this number.
const MAX_DEPTH: usize = 64;

impl<S: Storage, P: Port + Clone> RawPool<S, P> {
    /// Is enough of this thread's stack left to run a job on top of it? Outside of jobs the answer is always
    /// yes: there, running a job is a plain call.
    #[inline(always)]
    pub(crate) fn stack_suffices(&self) -> bool {
        CallChain(self.port.current()).next().is_none_or(|context| self.stack_suffices_inside(context))
    }

    #[cold]
    #[inline(never)]
    fn stack_suffices_inside(&self, context: &CallContext) -> bool {
        let depth = context.depth();
        if depth == 0 {
            return true;
        }
        match context.stack().or_else(|| self.port.stack()) {
            Some(stack) => {
                let local = core::hint::black_box(0u8);
                stack.leaves(&raw const local as usize, self.config().stack_reserve)
            }
            None => depth < MAX_DEPTH,
        }
    }
}

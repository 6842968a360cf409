//! Keeps the process's signals away from workers: a new thread inherits its creator's signal mask.

use core::mem::MaybeUninit;

/// Signals that a thread causes itself, or that profilers and debuggers need. They stay unblocked.
const OPEN: [i32; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGPROF,
];

/// Blocks all other signals on the calling thread until it is dropped.
pub(crate) struct BlockedSignals {
    before: Option<libc::sigset_t>,
}

impl BlockedSignals {
    /// Blocks the signals, for threads that are created until it is dropped.
    pub(crate) fn for_new_threads() -> Self {
        let mut mask = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY:
        // - sigfillset initialises `mask`; sigdelset takes valid signal numbers; pthread_sigmask reads `mask`
        //   and, when it returns 0, has written `before`.
        let before = unsafe {
            libc::sigfillset(mask.as_mut_ptr());
            for signal in OPEN {
                libc::sigdelset(mask.as_mut_ptr(), signal);
            }
            let done = libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), before.as_mut_ptr()) == 0;
            done.then(|| before.assume_init())
        };
        Self { before }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // SAFETY:
            // - `before` came from pthread_sigmask.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, core::ptr::null_mut()) };
        }
    }
}

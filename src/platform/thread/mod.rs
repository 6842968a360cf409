//! Threads for workers: one trait, with a backend over std and one over pthreads.

pub(crate) mod cancel;
#[cfg(all(feature = "capi", target_os = "linux"))]
pub(crate) mod exit;
#[cfg(jobring_loom)]
mod loom_thread;
#[cfg(all(feature = "pthread", unix))]
mod pthread;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "no_signals.rs"]
mod signals;
pub(crate) mod stack_size;
pub(crate) mod stack_watermark;
#[cfg(feature = "std")]
mod std_thread;

use super::Backend;
use crate::error::BuildError;
use core::ptr::NonNull;

/// The options of a new thread.
#[derive(Clone, Copy)]
pub(crate) struct ThreadOptions<'a> {
    /// Linux shows at most 15 bytes.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "a pthread names itself"))]
    pub(crate) name: &'a str,
    /// Bytes, already rounded and checked (`stack_size::effective`).
    pub(crate) stack_size: usize,
    /// Bytes below the stack that trap. None: the system's default.
    pub(crate) guard_size: Option<usize>,
    /// The lowest address of the stack. None: the system allocates it.
    pub(crate) stack: Option<NonNull<u8>>,
    /// The CPU that it runs on. None: any.
    pub(crate) cpu: Option<u32>,
}

/// What a thread does: `run(arg)`, once. It does not unwind.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) run: unsafe fn(*const ()),
    pub(crate) arg: *const (),
}

// SAFETY:
// - only the new thread gets `arg`; the spawner promises that it may be used there.
unsafe impl Send for Start {}

/// A backend that creates threads.
pub(crate) trait Spawn: Sized {
    /// Creates a thread that runs `start`.
    ///
    /// # Safety
    /// 1. `start.arg` is what `start.run` takes, valid until the thread was joined.
    unsafe fn spawn(options: ThreadOptions<'_>, start: *const Start) -> Result<Self, BuildError>;

    /// Waits for the thread's end. If it is the calling thread, it is detached instead.
    fn join(self);

    /// The number that `current_id` gives on it.
    fn id(&self) -> u64;

    /// Joins it if it has ended. Err: it has not, or the system cannot tell.
    fn try_join(self) -> Result<(), Self>;

    /// The size of its stack according to the system, bytes; None if the system does not tell.
    fn stack_size(&self) -> Option<usize>;
}

#[cfg(jobring_loom)]
pub(crate) use loom_thread::Thread;
pub(crate) use signals::BlockedSignals;

/// A thread of either backend.
#[cfg(not(jobring_loom))]
pub(crate) enum Thread {
    #[cfg(all(feature = "pthread", unix))]
    Pthread(pthread::Pthread),
    #[cfg(feature = "std")]
    Std(std_thread::StdThread),
}

#[cfg(not(jobring_loom))]
impl Thread {
    /// Names the calling thread. A thread of `backend` calls it first.
    pub(crate) fn name_self(backend: Backend, name: &str) {
        match backend {
            #[cfg(all(feature = "pthread", unix))]
            Backend::Pthread => pthread::name_self(name),
            // std names it at creation.
            _ => {
                let _ = name;
            }
        }
    }

    /// Creates a thread of `backend` that runs `start`, with the caller's signal mask.
    ///
    /// # Safety
    /// 1. `start` and what it points to stay valid until the thread was joined.
    pub(crate) unsafe fn spawn(
        backend: Backend,
        options: ThreadOptions<'_>,
        start: *const Start,
    ) -> Result<Self, BuildError> {
        match backend {
            // SAFETY:
            // - 1: the caller's.
            #[cfg(all(feature = "pthread", unix))]
            Backend::Pthread => unsafe { Spawn::spawn(options, start) }.map(Self::Pthread),
            // SAFETY:
            // - 1: the caller's.
            #[cfg(feature = "std")]
            Backend::Std => unsafe { Spawn::spawn(options, start) }.map(Self::Std),
            #[cfg(not(all(feature = "std", feature = "pthread", unix)))]
            _ => Err(BuildError::Unsupported("backend")),
        }
    }

    pub(crate) fn join(self) {
        cancel::with_cancel_disabled(|| match self {
            #[cfg(all(feature = "pthread", unix))]
            Self::Pthread(thread) => thread.join(),
            #[cfg(feature = "std")]
            Self::Std(thread) => thread.join(),
        });
    }

    /// Joins the thread if it has ended, otherwise detaches it.
    #[cfg(all(feature = "capi", target_os = "linux"))]
    pub(crate) fn join_if_ended(self) {
        match self {
            #[cfg(all(feature = "pthread", unix))]
            Self::Pthread(thread) => cancel::with_cancel_disabled(|| thread.join_if_ended()),
            // No thread of std's is replaced (`is_replaceable`). A drop detaches it.
            #[cfg(feature = "std")]
            Self::Std(_) => {}
        }
    }

    /// The number that `current_id` gives on it.
    pub(crate) fn id(&self) -> u64 {
        match self {
            #[cfg(all(feature = "pthread", unix))]
            Self::Pthread(thread) => thread.id(),
            #[cfg(feature = "std")]
            Self::Std(thread) => thread.id(),
        }
    }

    /// Joins the thread if it has ended. Err: it has not, or the system cannot tell.
    pub(crate) fn try_join(self) -> Result<(), Self> {
        match self {
            #[cfg(all(feature = "pthread", unix))]
            Self::Pthread(thread) => {
                cancel::with_cancel_disabled(|| thread.try_join()).map_err(Self::Pthread)
            }
            #[cfg(feature = "std")]
            Self::Std(thread) => cancel::with_cancel_disabled(|| thread.try_join()).map_err(Self::Std),
        }
    }

    pub(crate) fn stack_size(&self) -> Option<usize> {
        match self {
            #[cfg(all(feature = "pthread", unix))]
            Self::Pthread(thread) => thread.stack_size(),
            #[cfg(feature = "std")]
            Self::Std(thread) => thread.stack_size(),
        }
    }
}

/// A number that no other living thread has; 0 where the system gives none. It works in destructors of thread-locals too.
#[cfg(all(unix, not(jobring_loom)))]
pub(crate) fn current_id() -> u64 {
    // SAFETY:
    // - has no preconditions.
    unsafe { libc::pthread_self() as u64 }
}

/// As above.
#[cfg(not(all(unix, not(jobring_loom))))]
pub(crate) fn current_id() -> u64 {
    0
}

/// The number of CPUs that this process may use, by its affinity mask and its cgroup's quota. 1 if unknown.
#[cfg(feature = "std")]
pub(crate) fn available_cpus() -> usize {
    cancel::with_cancel_disabled(|| std::thread::available_parallelism().map_or(1, core::num::NonZero::get))
}

/// The number of CPUs in the calling thread's affinity mask; 1 if unknown. Without std it does not read the
/// quota.
#[cfg(not(feature = "std"))]
pub(crate) fn available_cpus() -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY:
        // - a cpu_set_t is plain bits, for which zero is valid; the call writes at most its size.
        let count = unsafe {
            let mut set: libc::cpu_set_t = core::mem::zeroed();
            (libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) == 0).then(|| libc::CPU_COUNT(&set))
        };
        count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).max(1)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        // SAFETY:
        // - has no preconditions.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }).unwrap_or(1).max(1)
    }
}

//! One worker's place: what its thread is to be like, the thread, and what is known of it.
//!
//! A seat is filled with a thread before it is shared. If a job ends that thread (`thread::exit`), the thread, on its way
//! out, fills its own seat again, and touches neither seat nor pool afterwards. Then destructors of its thread-locals run,
//! which are user code: they may wait for the pool, or end it. So no thread of the pool waits for an ended one. The seat keeps it until the
//! next thread of this seat ends, or the pool. The next that ends joins it if it has come to its end, and else detaches it;
//! who ends the pool joins both, except itself, which it detaches. Each thread is so joined or detached once, and a seat
//! has at most one that ended and is not joined.
//!
//! The memory is safe (E7): who ends the pool joins the last two, and what one before them did to seat and pool came before
//! it released the lock, which the next took.

use super::name::WorkerName;
use crate::engine::{RawPool, WorkerActivity, WorkerStats};
use crate::error::BuildError;
use crate::job::context::{CallContext, Stack};
use crate::platform::port::Port;
#[cfg(all(feature = "capi", target_os = "linux"))]
use crate::platform::thread::{BlockedSignals, exit};
use crate::platform::thread::{Start, Thread, ThreadOptions, stack_size, stack_watermark};
use crate::platform::{Backend, Lock, System};
use crate::slot::storage::Storage;
use core::ptr::{self, NonNull};

/// Called on each worker's thread, before its first job and after its last. Must not unwind.
pub(crate) trait Hooks: Sync {
    fn start(&self, worker: usize);
    fn stop(&self, worker: usize);
}

/// What a worker's thread is to be like.
pub(crate) struct WorkerConfig {
    pub(super) backend: Backend,
    pub(super) name: WorkerName,
    pub(super) stack_size: usize,
    /// The bytes of it that lie above the frame of the thread's start function.
    pub(super) above_start: usize,
    pub(super) guard_size: Option<usize>,
    /// Where its stack lies, if that was the plan's to say.
    pub(super) stack: Option<NonNull<u8>>,
    pub(super) cpu: Option<u32>,
    pub(super) inherit_signals: bool,
    pub(super) painted: bool,
}

/// One worker's place.
pub(crate) struct WorkerThread {
    /// What its threads do.
    start: Start,
    pool: *const (),
    hooks: *const (dyn Hooks + 'static),
    worker: usize,
    config: WorkerConfig,
    /// Held while a thread is made: no first thread takes it on its way to the loop, where it would wait until its maker
    /// has the CPU again.
    threads: Lock<Threads>,
    /// The stack of the one that sits there now, if it was painted.
    painted: Lock<Option<stack_watermark::PaintedStack>>,
    activity: WorkerActivity,
}

/// Who sits in a seat.
struct Threads {
    /// To be joined once. None before and after.
    current: Option<Thread>,
    /// The thread before it, which a job ended. It may still run destructors of its thread-locals.
    previous: Option<Thread>,
}

// SAFETY:
// - `start` points to the seat, `pool` and `hooks` to what is Sync and stays until the threads were joined; a Thread may be
//   joined and asked from any thread; a Painted is a range of a stack that lies still while its thread does.
unsafe impl Send for WorkerThread {}
// SAFETY:
// - as for Send; what changes is behind the lock, or in the Activity, which is atomic.
unsafe impl Sync for WorkerThread {}

impl WorkerThread {
    pub(super) fn new<S: Storage>(
        pool: &RawPool<S, System>,
        hooks: *const (dyn Hooks + 'static),
        worker: usize,
        config: WorkerConfig,
        timed: bool,
    ) -> Self {
        Self {
            start: Start { run: run_worker::<S>, arg: ptr::null() },
            pool: ptr::from_ref(pool).cast(),
            hooks,
            worker,
            config,
            threads: Lock::new(Threads { current: None, previous: None }),
            painted: Lock::new(None),
            activity: WorkerActivity::new(timed),
        }
    }

    /// Makes the thread.
    ///
    /// # Safety
    /// 1. The seat, its pool and its hooks stay where they are until `join` returned, and nobody has the seat yet.
    pub(super) unsafe fn start_thread(seat: *mut Self) -> Result<(), BuildError> {
        // SAFETY:
        // - 1.
        let seat = unsafe {
            (&raw mut (*seat).start.arg).write(seat.cast_const().cast());
            &*seat
        };
        // SAFETY:
        // - 1.
        seat.threads.with(|threads| unsafe { seat.spawn_locked(threads) })
    }

    /// Makes a thread with the lock held, so that it is joined, or replaced, by who finds it here, however soon it is over.
    ///
    /// # Safety
    /// 1. As start_thread, except that others may have the seat.
    unsafe fn spawn_locked(&self, threads: &mut Threads) -> Result<(), BuildError> {
        let WorkerConfig { stack_size, guard_size, stack, cpu, .. } = self.config;
        let options = ThreadOptions { name: self.config.name.as_str(), stack_size, guard_size, stack, cpu };
        // SAFETY:
        // - 1: `start` is written, and stays until the thread was joined.
        threads.current = Some(unsafe { Thread::spawn(self.config.backend, options, &self.start) }?);
        Ok(())
    }

    /// Waits until its threads have ended, except the calling one.
    pub(super) fn join(&self) {
        let (current, previous) =
            self.threads.with(|threads| (threads.current.take(), threads.previous.take()));
        [current, previous].into_iter().flatten().for_each(Thread::join);
    }

    /// The stack as the system has it, bytes.
    pub(crate) fn stack_size(&self) -> Option<usize> {
        self.threads.with(|threads| threads.current.as_ref().and_then(Thread::stack_size))
    }

    /// How much of its stack the worker has used so far, bytes. None if the stack is not painted; 0 before the worker began.
    pub(crate) fn stack_used(&self) -> Option<usize> {
        let used =
            || self.painted.with(|painted| painted.as_ref().map_or(0, stack_watermark::PaintedStack::used));
        self.config.painted.then(used)
    }

    pub(crate) fn name(&self) -> &str {
        self.config.name.as_str()
    }

    pub(crate) fn record(&self) -> WorkerStats {
        self.activity.record()
    }
}

/// A worker's thread.
unsafe fn run_worker<S: Storage>(seat: *const ()) {
    // SAFETY:
    // - start_thread's obligation: the seat stays until this thread was joined.
    let seat = unsafe { &*seat.cast::<WorkerThread>() };
    Thread::name_self(seat.config.backend, seat.name());
    // SAFETY:
    // - the same, for the pool, which is one of this type (new), and the hooks.
    let (pool, hooks) = unsafe { (&*seat.pool.cast::<RawPool<S, System>>(), &*seat.hooks) };
    let top = core::hint::black_box(0u8);
    if seat.config.painted {
        let now = stack_watermark::PaintedStack::below(&raw const top);
        seat.painted.with(|painted| *painted = now);
    }
    let size = seat.config.stack_size;
    let stack = match seat.config.stack.map(|stack| stack.as_ptr() as usize) {
        Some(low) => Some(Stack { low, high: low + size }),
        None => stack_size::around(&raw const top as usize, seat.config.above_start, size),
    };
    let mut frame = CallContext::of_worker(pool.id(), seat.worker, stack, pool.port().current());
    frame.replaceable = is_replaceable(&seat.config);
    let started = || pool.call_back(|| hooks.start(seat.worker));
    let stopped = || pool.call_back(|| hooks.stop(seat.worker));
    let work = || pool.work_between(&frame, &seat.activity, started, stopped);
    #[cfg(all(feature = "capi", target_os = "linux"))]
    // SAFETY:
    // - 1: `exited` takes this seat, and `work` runs with the frame. 2: hooks and kinds do not unwind.
    unsafe {
        exit::with_exit_handler(exited::<S>, ptr::from_ref(seat).cast_mut().cast(), work);
    }
    #[cfg(not(all(feature = "capi", target_os = "linux")))]
    work();
}

/// May a job end this worker's thread? The new thread has to have a stack while the old one is on its own.
fn is_replaceable(config: &WorkerConfig) -> bool {
    #[cfg(all(feature = "capi", feature = "pthread", target_os = "linux"))]
    return config.backend == Backend::Pthread && config.stack.is_none();
    #[cfg(not(all(feature = "capi", feature = "pthread", target_os = "linux")))]
    {
        let _ = config;
        false
    }
}

/// A worker's thread ends in the middle. Its stack is still there from the frame in `run_worker` on outwards, and so is the
/// frame of the job that it is right inside of.
#[cfg(all(feature = "capi", target_os = "linux"))]
unsafe extern "C" fn exited<S: Storage>(seat: *mut core::ffi::c_void) {
    use crate::engine::WorkerState;
    // SAFETY:
    // - as in run_worker.
    let seat = unsafe { &*seat.cast::<WorkerThread>().cast_const() };
    // SAFETY:
    // - as in run_worker.
    let (pool, hooks) = unsafe { (&*seat.pool.cast::<RawPool<S, System>>(), &*seat.hooks) };
    if !pool.end_exited() {
        exit::end_process();
    }
    pool.call_back(|| hooks.stop(seat.worker));
    pool.port().set_current(ptr::null());
    seat.activity.set(WorkerState::Starting);
    seat.painted.with(|painted| *painted = None);
    let (replaced, older) = seat.threads.with(|threads| {
        let older = threads.previous.take();
        threads.previous = threads.current.take();
        let _blocked = (!seat.config.inherit_signals).then(BlockedSignals::for_new_threads);
        // SAFETY:
        // - the seat is filled: all that stays with it stays.
        let seated = unsafe { seat.spawn_locked(threads) };
        if seated.is_err() {
            // Nobody sits here any more; this thread is joined when the pool is destroyed.
            threads.current = threads.previous.take();
            seat.activity.set(WorkerState::Stopped);
        }
        (seated.is_ok(), older)
    });
    if !replaced {
        pool.lifecycle().leave(true, pool.port());
    }
    if let Some(older) = older {
        older.join_if_ended();
    }
}

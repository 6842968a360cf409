//! One worker's place: the configuration of its thread, the thread, and its activity.
//!
//! A place gets its first thread before it is shared. If a job ends that thread (`thread::exit`), the thread creates its own
//! successor on its way out, and then uses neither place nor pool. After that, the destructors of its thread-locals run. They are
//! user code: they may wait for the pool, or destroy it. So no thread of the pool waits for a thread that a job ended.
//!
//! The place keeps that thread until a job ends its successor too, or the pool is destroyed. The successor joins it if it has
//! ended, and otherwise detaches it. The thread that destroys the pool joins the last two; if one is itself, it detaches that one.
//! So each thread is joined or detached once, and a place has at most one ended thread that is not joined.
//!
//! A worker that was asked to leave (`engine/resize.rs`), or whose start hook failed, marks its place as left. A call that sets the
//! number of workers then takes the place's threads and joins them, and the place can get a new first thread: it is vacant.
//!
//! The memory is safe (E7): the thread that destroys the pool joins the last two threads of a place. What an earlier thread did to
//! place and pool comes before it released the lock, which its successor took.

use super::name::WorkerName;
use crate::engine::{RawPool, WorkerActivity, WorkerState, WorkerStats};
use crate::error::BuildError;
use crate::job::context::{CallContext, Stack};
use crate::platform::port::Port;
#[cfg(all(feature = "capi", target_os = "linux"))]
use crate::platform::thread::{BlockedSignals, exit};
use crate::platform::thread::{Start, Thread, ThreadOptions, current_id, stack_size, stack_watermark};
use crate::platform::{Backend, Lock, System};
use crate::slot::storage::Storage;
use crate::sync::StatCell;
use core::ptr::{self, NonNull};

/// User code that each worker's thread calls before its first job and after its last. Must not unwind.
pub(crate) trait Hooks: Sync {
    /// Is there a start hook?
    fn has_start(&self) -> bool;
    /// False if the hook failed: then the thread does not work.
    fn start(&self, worker: usize) -> bool;
    fn stop(&self, worker: usize);
}

/// The configuration of one worker's thread.
pub(crate) struct WorkerConfig {
    pub(super) backend: Backend,
    pub(super) name: WorkerName,
    pub(super) stack_size: usize,
    /// The bytes of the stack above the frame of the thread's start function.
    pub(super) above_start: usize,
    pub(super) guard_size: Option<usize>,
    /// The lowest address of its stack, if the user gave one.
    pub(super) stack: Option<NonNull<u8>>,
    pub(super) cpu: Option<u32>,
    /// Only Linux replaces a thread, which then asks for this.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) inherit_signals: bool,
    pub(super) painted: bool,
}

/// It has had a thread. Its thread has left the pool, and its end is near. One thread that failed in its start hook.
const MADE: u64 = 1;
const LEFT: u64 = 2;
const FAILURE: u64 = 4;

/// One worker's place.
pub(crate) struct WorkerThread {
    /// What its threads do.
    start: Start,
    pool: *const (),
    hooks: *const (dyn Hooks + 'static),
    worker: usize,
    config: WorkerConfig,
    /// Held while a thread is created. A first thread takes it after its start hook at the earliest, since it might wait there
    /// until its creator gets the CPU again.
    threads: Lock<Threads>,
    /// The stack of the current thread, if it was painted.
    painted: Lock<Option<stack_watermark::PaintedStack>>,
    activity: WorkerActivity,
    /// MADE, LEFT, and how many of its threads failed in their start hooks. Written by the one thread of the place, and while it
    /// has none by the thread that makes one.
    history: StatCell,
}

/// The threads of a place.
struct Threads {
    /// The worker. None before its start and after its join.
    current: Option<Thread>,
    /// Its predecessor, which a job ended. It may still run destructors of its thread-locals.
    previous: Option<Thread>,
    /// No thread uses the place and its stack: none was made, or all were joined.
    vacant: bool,
    /// Which thread is its worker, or was: `Thread::id`.
    id: u64,
}

impl Threads {
    /// Is the calling thread its worker, or was it?
    fn is_mine(&self) -> bool {
        self.id != 0 && self.id == current_id()
    }
}

// SAFETY:
// - `start` points to the place; `pool` and `hooks` point to what is Sync and stays valid until the threads were joined; a
//   Thread may be joined and queried from any thread; a PaintedStack is a range of a stack that stays mapped until its
//   thread ends.
unsafe impl Send for WorkerThread {}
// SAFETY:
// - as for Send; what changes is behind a lock, or in the WorkerActivity, which is atomic.
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
            threads: Lock::new(Threads { current: None, previous: None, vacant: true, id: 0 }),
            painted: Lock::new(None),
            activity: WorkerActivity::new(timed, true),
            history: StatCell::new(),
        }
    }

    /// Writes a place, which has no thread yet.
    ///
    /// # Safety
    /// 1. There is room at `place`, which nothing else uses yet. The place, its pool and its hooks do not move until `join` returned.
    pub(super) unsafe fn write(place: *mut Self, new: Self) {
        // SAFETY:
        // - 1.
        unsafe {
            place.write(new);
            (&raw mut (*place).start.arg).write(place.cast_const().cast());
        }
    }

    /// Creates a first thread, if the place is vacant. None: it is not.
    pub(super) fn start_thread(&self) -> Option<Result<(), BuildError>> {
        self.threads.with(|threads| {
            if !threads.vacant {
                return None;
            }
            self.activity.set(WorkerState::Starting);
            self.history.set(self.history.get() & !LEFT);
            // SAFETY:
            // - 1: the promise of `write`.
            let spawned = unsafe { self.spawn_locked(threads) };
            if spawned.is_ok() {
                threads.vacant = false;
                self.history.set(self.history.get() | MADE);
            }
            Some(spawned)
        })
    }

    /// Joins the threads of a worker that has left, and makes the place vacant. False if a thread uses it afterwards; it does not
    /// wait for one that is still in its loop, nor for the calling thread, nor, unless it `waits`, for one that has not ended.
    pub(super) fn join_left(&self, waits: bool) -> bool {
        let taken = self.threads.with(|threads| {
            if threads.vacant {
                return None;
            }
            if !self.is_left() || threads.is_mine() {
                return Some((None, None));
            }
            // The system unmaps the stack when the thread is joined.
            self.painted.with(|painted| *painted = None);
            Some((threads.current.take(), threads.previous.take()))
        });
        let (mut current, mut previous) = match taken {
            None => return true,
            Some((None, None)) => return false,
            Some(threads) => threads,
        };
        for thread in [&mut current, &mut previous] {
            *thread = thread.take().and_then(|thread| match waits {
                true => {
                    thread.join();
                    None
                }
                false => thread.try_join().err(),
            });
        }
        let vacant = current.is_none() && previous.is_none();
        self.threads.with(|threads| {
            (threads.current, threads.previous, threads.vacant) = (current, previous, vacant);
        });
        vacant
    }

    /// Its thread has left the pool.
    fn leave(&self) {
        self.history.set(self.history.get() | LEFT);
    }

    fn is_left(&self) -> bool {
        self.history.get() & LEFT != 0
    }

    pub(super) fn is_vacant(&self) -> bool {
        self.threads.with(|threads| threads.vacant)
    }

    /// Has its worker left, and is its thread not joined yet? Not if that is the calling thread.
    pub(super) fn has_left(&self) -> bool {
        self.is_left() && self.threads.with(|threads| !threads.vacant && !threads.is_mine())
    }

    /// Is it the calling thread's, which has left? Also while another thread joins it.
    pub(super) fn is_mine(&self) -> bool {
        self.is_left() && self.threads.with(|threads| threads.is_mine())
    }

    /// Its worker has called its start hook to the end. Under the lock, which brings what the hook did to a thread that looks.
    fn end_start(&self) {
        self.threads.with(|_| self.activity.set(WorkerState::Searching));
    }

    /// Has its worker not called its start hook to the end?
    pub(super) fn is_starting(&self) -> bool {
        self.threads
            .with(|threads| threads.current.is_some() && !self.is_left() && self.activity.is_starting())
    }

    /// How many of its threads failed in their start hooks.
    pub(super) fn failures(&self) -> u64 {
        self.history.get() / FAILURE
    }

    /// Has it ever had a thread?
    pub(super) fn is_made(&self) -> bool {
        self.history.get() & MADE != 0
    }

    /// Creates a thread while the lock is held. So the thread that joins or replaces it finds it here, however soon it
    /// ends.
    ///
    /// # Safety
    /// 1. The promise of `write` holds.
    unsafe fn spawn_locked(&self, threads: &mut Threads) -> Result<(), BuildError> {
        let WorkerConfig { stack_size, guard_size, stack, cpu, .. } = self.config;
        let options = ThreadOptions { name: self.config.name.as_str(), stack_size, guard_size, stack, cpu };
        // SAFETY:
        // - 1: `start` is written, and stays valid until the thread was joined.
        let thread = unsafe { Thread::spawn(self.config.backend, options, &self.start) }?;
        threads.id = thread.id();
        threads.current = Some(thread);
        Ok(())
    }

    /// Waits until its threads have ended, except the calling thread.
    pub(super) fn join(&self) {
        let (current, previous) =
            self.threads.with(|threads| (threads.current.take(), threads.previous.take()));
        [current, previous].into_iter().flatten().for_each(Thread::join);
    }

    /// The size of the stack according to the system, bytes.
    pub(crate) fn stack_size(&self) -> Option<usize> {
        self.threads.with(|threads| threads.current.as_ref().and_then(Thread::stack_size))
    }

    /// The stack's high-water mark, bytes. None if the stack is not painted; 0 before the worker has started.
    pub(crate) fn stack_used(&self) -> Option<usize> {
        let used =
            || self.painted.with(|painted| painted.as_ref().map_or(0, stack_watermark::PaintedStack::used));
        self.config.painted.then(used)
    }

    pub(crate) fn name(&self) -> &str {
        self.config.name.as_str()
    }

    /// `pool`: the worker's.
    pub(crate) fn stats<S: Storage>(&self, pool: &RawPool<S, System>) -> WorkerStats {
        pool.worker_stats(&self.activity)
    }
}

/// A worker's thread.
unsafe fn run_worker<S: Storage>(place: *const ()) {
    // SAFETY:
    // - the promise of `write`: the place stays until this thread was joined.
    let place = unsafe { &*place.cast::<WorkerThread>() };
    Thread::name_self(place.config.backend, place.name());
    // SAFETY:
    // - the same, for the hooks and for the pool, which has this type (new).
    let (pool, hooks) = unsafe { (&*place.pool.cast::<RawPool<S, System>>(), &*place.hooks) };
    let top = core::hint::black_box(0u8);
    if place.config.painted {
        let now = stack_watermark::PaintedStack::below(&raw const top);
        place.painted.with(|painted| *painted = now);
    }
    let size = place.config.stack_size;
    let stack = match place.config.stack.map(|stack| stack.as_ptr() as usize) {
        Some(low) => Some(Stack { low, high: low + size }),
        None => stack_size::around(&raw const top as usize, place.config.above_start, size),
    };
    let mut context = CallContext::of_worker(pool.id(), place.worker, stack, pool.port().current());
    context.replaceable = is_replaceable(&place.config);
    let started = hooks.has_start().then_some(|| {
        let has_started = pool.call_back(|| hooks.start(place.worker));
        if has_started {
            place.end_start();
        } else {
            place.history.set(place.history.get() + FAILURE);
            place.leave();
        }
        has_started
    });
    let stopped = || {
        pool.call_back(|| hooks.stop(place.worker));
        place.leave();
    };
    let work = || pool.work_between(&context, &place.activity, started, stopped);
    #[cfg(all(feature = "capi", target_os = "linux"))]
    // SAFETY:
    // - 1: `exited` takes this place, and `work` runs with the context. 2: hooks and jobs' functions do not unwind.
    unsafe {
        exit::with_exit_handler(exited::<S>, ptr::from_ref(place).cast_mut().cast(), work);
    }
    #[cfg(not(all(feature = "capi", target_os = "linux")))]
    work();
}

/// May a job end this worker's thread? The successor needs its own stack while the old thread still uses its stack.
fn is_replaceable(config: &WorkerConfig) -> bool {
    #[cfg(all(feature = "capi", feature = "pthread", target_os = "linux"))]
    return config.backend == Backend::Pthread && config.stack.is_none();
    #[cfg(not(all(feature = "capi", feature = "pthread", target_os = "linux")))]
    {
        let _ = config;
        false
    }
}

/// A worker's thread ends in the middle of a job. Its stack is intact from the frame of `run_worker` outwards, and so is the
/// context of the innermost job.
#[cfg(all(feature = "capi", target_os = "linux"))]
unsafe extern "C" fn exited<S: Storage>(place: *mut core::ffi::c_void) {
    // SAFETY:
    // - as in run_worker.
    let place = unsafe { &*place.cast::<WorkerThread>().cast_const() };
    // SAFETY:
    // - as in run_worker.
    let (pool, hooks) = unsafe { (&*place.pool.cast::<RawPool<S, System>>(), &*place.hooks) };
    if !pool.end_exited() {
        exit::end_process();
    }
    pool.call_back(|| hooks.stop(place.worker));
    pool.port().set_current(ptr::null());
    place.activity.set(WorkerState::Starting);
    place.painted.with(|painted| *painted = None);
    let (replaced, older) = place.threads.with(|threads| {
        let older = threads.previous.take();
        threads.previous = threads.current.take();
        let _blocked = (!place.config.inherit_signals).then(BlockedSignals::for_new_threads);
        // SAFETY:
        // - the promise of `write` still holds.
        let spawned = unsafe { place.spawn_locked(threads) };
        if spawned.is_err() {
            // The place has no worker any more; this thread is joined when the pool is destroyed.
            threads.current = threads.previous.take();
            place.activity.set(WorkerState::Stopped);
        }
        (spawned.is_ok(), older)
    });
    if !replaced {
        place.leave();
        pool.headcount().lose();
        pool.lifecycle().leave(true, pool.port());
    }
    if let Some(older) = older {
        older.join_if_ended();
    }
}

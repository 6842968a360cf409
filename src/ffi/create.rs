//! Making a pool.

use super::call::{done_out, optional, output};
#[cfg(any(feature = "std", feature = "pthread"))]
use super::completion_queue::QueueList;
use super::config::jobring_config;
use super::config_check::CheckedConfig;
#[cfg(not(any(feature = "std", feature = "pthread")))]
use super::config_check::MAKES_WORKERS;
use super::pool::CPool;
#[cfg(not(any(feature = "std", feature = "pthread")))]
use super::port_workers::{self, WorkerArg};
use super::status::{
    JOBRING_E_INVALID, JOBRING_E_NOMEM, JOBRING_E_SIZE, JOBRING_E_UNSUPPORTED, StatusError, jobring_status,
};
use super::types::jobring_pool;
use crate::engine::RawPool;
use crate::platform::port::Port;
use crate::slot::storage::{BLOCK_ALIGN, Block};
use crate::util::memory;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{WorkerSet, WorkerThread};
use core::alloc::Layout;
use core::ffi::c_void;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::mem::MaybeUninit;
use core::ptr::NonNull;

// JOBRING_POOL_BYTES (in jobring.h.in) relies on this. 2,048 bytes hold the head of a pool, and the padding that aligns it and the
// slots. A worker's place takes 64 bytes and 40 words. A slot takes 6 words: its header and its share of the rings (the next power of two
// of n is below 2 n).
const _: () = assert!(size_of::<CPool>() + 2 * align_of::<CPool>() + BLOCK_ALIGN <= 2048);
// JOBRING_BARE_POOL_BYTES relies on this: 192 bytes, and no places.
#[cfg(all(target_os = "none", target_pointer_width = "32"))]
const _: () = assert!(size_of::<CPool>() + 2 * align_of::<CPool>() + BLOCK_ALIGN <= 192);
const _: () = assert!(size_of::<WorkerThread>() <= 64 + 40 * size_of::<usize>());
// JOBRING_PORT_POOL_BYTES relies on this: JOBRING_PORT_HEAD_, which is exact on most targets, and two words for each worker.
#[cfg(all(feature = "port", not(any(feature = "std", feature = "pthread"))))]
const _: () = {
    let (head, align) = match (size_of::<usize>(), BLOCK_ALIGN) {
        (8, _) => (1280, 128),
        (_, 64) => (640, 64),
        _ => (128, 8),
    };
    assert!(size_of::<CPool>() <= head && align_of::<CPool>() <= align && BLOCK_ALIGN <= align);
    assert!(size_of::<CPool>() == head || size_of::<usize>() == 8 && align_of::<CPool>() < align);
    assert!(size_of::<WorkerThread>() == 2 * size_of::<usize>());
};

/// Where the parts of a pool lie in its memory block.
pub(super) struct PoolLayout {
    layout: Layout,
    places: usize,
    slots: usize,
}

/// What each worker needs.
#[cfg(not(any(feature = "std", feature = "pthread")))]
use WorkerArg as WorkerThread;

impl PoolLayout {
    fn of(settings: &CheckedConfig<'_>) -> Result<Self, StatusError> {
        let too_large = |_| StatusError(JOBRING_E_NOMEM);
        let layout = Layout::new::<CPool>();
        #[cfg(any(feature = "std", feature = "pthread"))]
        let workers = settings.most;
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        let workers = if MAKES_WORKERS { settings.workers } else { 0 };
        let (layout, places) =
            layout.extend(Layout::array::<WorkerThread>(workers).map_err(too_large)?).map_err(too_large)?;
        let bytes = settings.shape.bytes().ok_or(StatusError(JOBRING_E_NOMEM))?;
        let block = Layout::from_size_align(bytes, BLOCK_ALIGN).map_err(too_large)?;
        let (layout, slots) = layout.extend(block).map_err(too_large)?;
        debug_assert_eq!(Some(layout.pad_to_align()), Self::layout(layout.pad_to_align().size()));
        Ok(Self { layout: layout.pad_to_align(), places, slots })
    }

    /// The layout of a block of this many bytes.
    pub(super) fn layout(bytes: usize) -> Option<Layout> {
        let align = align_of::<CPool>().max(align_of::<WorkerThread>()).max(BLOCK_ALIGN);
        Layout::from_size_align(bytes, align).ok()
    }
}

/// Borrows the settings from what `read` returned. Moving them out would be a firmware's only memcpy.
fn where_it_is<'a, 'b>(
    read: &'a Result<CheckedConfig<'b>, StatusError>,
) -> Result<&'a CheckedConfig<'b>, StatusError> {
    match read {
        Ok(settings) => Ok(settings),
        Err(StatusError(status)) => Err(StatusError(*status)),
    }
}

/// Makes a pool in memory that the library allocates, and starts its workers.
///
/// - `config`: the configuration, or NULL for all defaults.
/// - `pool`: where the pool is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also if a field of `config` is out of its range.
/// - JOBRING_E_NOMEM: also if pthread_atfork() gets no memory.
/// - JOBRING_E_THREAD: the system refused threads, and fewer than `min_workers` (0: `workers`) were made.
///   Those were joined.
/// - JOBRING_E_FAILED: `on_start` failed on so many workers that fewer than `min_workers` are left.
/// - JOBRING_E_STACK: `stack_size` is below jobring_stack_min().
/// - JOBRING_E_SIZE: `stack_memory_size` is too small.
/// - JOBRING_E_UNSUPPORTED: this build lacks the backend, the threads, the ports or the memory that are
///   asked for.
///
/// From any thread, including inside a job; not from a signal handler. Allocates. Blocks while the threads
/// are made, and until `on_start` has returned on all of them.
///
/// # Safety
/// `config` is NULL or a configuration; `pool` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_create(
    config: *const jobring_config,
    pool: *mut *mut jobring_pool,
) -> jobring_status {
    done_out(|| {
        output(pool)?;
        // SAFETY:
        // - the caller's.
        let settings = unsafe { CheckedConfig::read(config) };
        let settings = where_it_is(&settings)?;
        let parts = PoolLayout::of(settings)?;
        if !memory::AVAILABLE {
            return Err(StatusError(JOBRING_E_UNSUPPORTED));
        }
        let memory = memory::get(parts.layout).ok_or(StatusError(JOBRING_E_NOMEM))?;
        // SAFETY:
        // - just allocated with that layout, and zeroed.
        let made = unsafe { make(memory.at, settings, &parts, Some(memory.raw)) };
        if made.is_err() {
            // SAFETY:
            // - it comes from `get`, and make left nothing in it.
            unsafe { memory::give_back(memory.raw, parts.layout) };
        }
        // SAFETY:
        // - checked above.
        unsafe { pool.write(made?) };
        Ok(())
    })
}

/// Tells how much memory jobring_init() needs for a pool.
///
/// - `config`: as for jobring_create().
/// - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to
///   `align` - 1 bytes more.
/// - `align`: where the alignment is written. Both may be NULL.
///
/// Returns what jobring_create() returns for a wrong configuration, as far as that is known before threads
/// are made; else JOBRING_OK. JOBRING_E_INVALID also for a misaligned `size` or `align`.
///
/// From any thread, including inside a job; not from a signal handler. Does not block. Does not allocate,
/// except that Rust's standard library does to count the CPUs if `workers` is 0.
///
/// # Safety
/// `config` is NULL or a configuration; `size` and `align` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_layout(
    config: *const jobring_config,
    size: *mut usize,
    align: *mut usize,
) -> jobring_status {
    done_out(|| {
        optional(size)?;
        optional(align)?;
        // SAFETY:
        // - the caller's.
        let settings = unsafe { CheckedConfig::read(config) };
        let parts = PoolLayout::of(where_it_is(&settings)?)?;
        if !size.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { size.write(parts.layout.size()) };
        }
        if !align.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { align.write(parts.layout.align()) };
        }
        Ok(())
    })
}

/// Makes a pool in the caller's memory, and starts its workers.
///
/// The pool lies in that memory, aligned; the library writes no byte outside of it.
///
/// - `config`: as for jobring_create().
/// - `memory`: the memory, of any alignment, in use until jobring_destroy() has returned.
/// - `size`: its bytes: see jobring_layout().
/// - `pool`: where the pool is written.
///
/// Returns what jobring_create() returns, and:
/// - JOBRING_E_INVALID: also if `memory` is NULL.
/// - JOBRING_E_SIZE: also if `memory` is too small.
/// - JOBRING_E_THREAD, JOBRING_E_FAILED, JOBRING_E_UNSUPPORTED, JOBRING_E_NOMEM, JOBRING_E_INVALID: the
///   memory may have been written to.
///
/// From any thread, including inside a job; not from a signal handler. Does not allocate, except that
/// Rust's standard library does to make its threads, and to count the CPUs if `workers` is 0. Blocks while
/// the threads are made, and until `on_start` has returned on all of them.
///
/// # Safety
/// `config` is NULL or a configuration; `memory` is writable for `size` bytes and touched by nobody else; `pool` is
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_init(
    config: *const jobring_config,
    memory: *mut c_void,
    size: usize,
    pool: *mut *mut jobring_pool,
) -> jobring_status {
    done_out(|| {
        output(pool)?;
        let memory = NonNull::new(memory.cast::<u8>()).ok_or(StatusError(JOBRING_E_INVALID))?;
        // SAFETY:
        // - the caller's.
        let settings = unsafe { CheckedConfig::read(config) };
        let settings = where_it_is(&settings)?;
        let parts = PoolLayout::of(settings)?;
        let skip = memory.addr().get().wrapping_neg() & (parts.layout.align() - 1);
        if skip.checked_add(parts.layout.size()).is_none_or(|needed| needed > size) {
            return Err(StatusError(JOBRING_E_SIZE));
        }
        // SAFETY:
        // - skip < size: within the caller's memory; its alignment and size were just checked.
        unsafe {
            let made = make(memory.add(skip), settings, &parts, None)?;
            pool.write(made);
        }
        Ok(())
    })
}

/// # Safety
/// 1. `at` is aligned and writable as `parts` says, and belongs to the pool until destroy.
/// 2. If it is `owned`, its bytes are zero.
unsafe fn make(
    at: NonNull<u8>,
    settings: &CheckedConfig<'_>,
    parts: &PoolLayout,
    owned: Option<memory::Raw>,
) -> Result<*mut jobring_pool, StatusError> {
    let pool: *mut CPool = at.cast().as_ptr();
    if !settings.port.prepare() {
        return Err(StatusError(JOBRING_E_NOMEM));
    }
    // SAFETY:
    // - 1: the slots' part of the block. 2.
    let block =
        unsafe { Block::format(at.add(parts.slots), settings.shape, memory::AVAILABLE && owned.is_some()) };
    // SAFETY:
    // - 1: the beginning of the block; nobody else has it yet. Every field is written, except those that may be zero.
    unsafe {
        // The write is volatile, so that this stays a loop: a memset that nothing else in a firmware needs is larger.
        for word in 0..size_of::<CPool>() / size_of::<usize>() {
            pool.cast::<usize>().add(word).write_volatile(0);
        }
        let block = block.counting_submits(settings.destroy_waits);
        RawPool::init_in_place(&raw mut (*pool).raw, block, settings.port, settings.runtime);
        #[cfg(any(feature = "std", feature = "pthread"))]
        {
            (&raw mut (*pool).workers).write(None);
            (&raw mut (*pool).queues).write(QueueList::new());
        }
        (&raw mut (*pool).hooks).write(settings.hooks);
        (&raw mut (*pool).bytes).write(parts.layout.size());
        (&raw mut (*pool).owned).write(owned);
        #[cfg(all(unix, any(feature = "std", feature = "pthread")))]
        (&raw mut (*pool).forks).write(settings.port.forks());
    }
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    {
        // SAFETY:
        // - 1: the places' part of the block. Pool and places stay until destroy has waited for the workers to leave.
        let workers = unsafe {
            port_workers::start(
                pool,
                at.add(parts.places).cast().as_ptr(),
                settings.workers,
                settings.min_workers,
            )?
        };
        // SAFETY:
        // - the workers read fields other than this one; nobody else has the pool yet.
        unsafe { (&raw mut (*pool).workers).write(workers) };
    }
    #[cfg(any(feature = "std", feature = "pthread"))]
    {
        // SAFETY:
        // - 1: the places' part of the block. Pool, hooks and places stay until destroy has joined the workers.
        let workers = unsafe {
            let places: *mut MaybeUninit<WorkerThread> = at.add(parts.places).cast().as_ptr();
            WorkerSet::start(&(*pool).raw, places, &raw const (*pool).hooks, settings.plan())?
        };
        // SAFETY:
        // - the workers read fields other than these two; nobody else has the pool yet.
        unsafe { (&raw mut (*pool).workers).write(Some(workers)) };
    }
    // SAFETY:
    // - as above.
    unsafe { (&raw mut (*pool).mark).write(!(pool as usize)) };
    Ok(pool.cast())
}

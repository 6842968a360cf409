//! A configuration that was checked, with its defaults filled in.

use super::abi_struct::known;
use super::c_port::{self, CPort};
#[cfg(any(feature = "std", feature = "pthread"))]
use super::callback;
use super::config::{
    DEFAULTS, FIRST_SIZE, JOBRING_BACKEND_DEFAULT, JOBRING_BACKEND_STD, JOBRING_FLAG_DESTROY_WAITS,
    JOBRING_FLAG_PAINT_STACKS, JOBRING_FLAG_TIMED, JOBRING_SIGNALS_INHERIT, JOBRING_SPIN_NONE,
    JOBRING_WORKERS_NONE, jobring_config, jobring_start_fn, jobring_stop_fn,
};
#[cfg(any(feature = "std", feature = "pthread"))]
use super::config::{JOBRING_BACKEND_PTHREAD, JOBRING_GUARD_NONE};
#[cfg(any(feature = "std", feature = "pthread"))]
use super::status::JOBRING_E_SIZE;
use super::status::{JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError};
use crate::engine::{POLLS, RuntimeConfig, STACK_RESERVE, defaults};
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::platform::{Backend, thread::stack_size};
use crate::sleep::{HAS_THREADS, MAX_WORKERS};
use crate::slot::storage::SlotLayout;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::workers::{Hooks, WorkerSetConfig};
use core::ffi::c_void;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
#[cfg(any(feature = "std", feature = "pthread"))]
use core::ptr::NonNull;

/// The number of words that a C job's argument, function, contents and one callback take.
const FEWEST_WORDS: usize = 4;

/// Can this build make a pool's worker threads, by the system or by a port?
pub(super) const MAKES_WORKERS: bool = cfg!(any(feature = "std", feature = "pthread", feature = "port"));

/// What a configuration means.
pub(super) struct CheckedConfig<'a> {
    pub(super) workers: usize,
    /// The most threads that the pool can have later.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) most: usize,
    pub(super) shape: SlotLayout,
    pub(super) runtime: RuntimeConfig,
    pub(super) hooks: HookTable,
    pub(super) port: CPort,
    /// Does destroy wait for threads inside a submit?
    pub(super) destroy_waits: bool,
    #[cfg(any(feature = "std", feature = "pthread"))]
    threads: Threads<'a>,
    /// The pool may start with this few workers.
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    pub(super) min_workers: usize,
    #[cfg(not(any(feature = "std", feature = "pthread")))]
    nothing: core::marker::PhantomData<&'a ()>,
}

impl<'a> CheckedConfig<'a> {
    /// # Safety
    /// 1. `config` is NULL, or readable for its `size`; its name is NULL or a C string; its CPUs are readable during 'a; its stack
    ///    memory and its port are as the header says.
    pub(super) unsafe fn read(config: *const jobring_config) -> Result<Self, StatusError> {
        let mut room = MaybeUninit::uninit();
        let config = if config.is_null() {
            &DEFAULTS
        } else {
            // SAFETY:
            // - obligation 1; every field of the structure is valid when zero.
            unsafe { known(config, &DEFAULTS, FIRST_SIZE, &mut room)? }
        };
        let or = |value: usize, default| if value == 0 { default } else { value };
        let workers = match config.workers {
            JOBRING_WORKERS_NONE => 0,
            _ if !MAKES_WORKERS => return Err(StatusError(JOBRING_E_UNSUPPORTED)),
            0 => defaults::workers(),
            workers => workers as usize,
        };
        let most = if HAS_THREADS { workers.max(config.grow_to as usize) } else { workers };
        let max_workers = or(config.max_workers as usize, defaults::max_workers(most));
        let payload = or(config.payload as usize, defaults::PAYLOAD);
        let shape = SlotLayout::new(or(config.capacity as usize, defaults::CAPACITY), payload);
        let spin = match config.spin {
            JOBRING_SPIN_NONE => 0,
            0 => POLLS,
            polls => polls,
        };
        let stack_reserve = or(config.stack_reserve, STACK_RESERVE);
        let runtime = RuntimeConfig { workers: max_workers, spin, stack_reserve };
        let right = most <= max_workers
            && if HAS_THREADS { config.reserved } else { config.grow_to | config.reserved } == 0
            && max_workers <= MAX_WORKERS
            && config.min_workers as usize <= workers
            && config.signals <= JOBRING_SIGNALS_INHERIT
            && config.backend <= JOBRING_BACKEND_STD
            && config.flags & !(JOBRING_FLAG_TIMED | JOBRING_FLAG_PAINT_STACKS | JOBRING_FLAG_DESTROY_WAITS)
                == 0
            && config.cpus.is_null() == (config.cpu_count == 0)
            && config.stack_memory.is_null() == (config.stack_memory_size == 0)
            && payload >= FEWEST_WORDS * size_of::<usize>();
        let (Some(shape), true) = (shape, right) else { return Err(StatusError(JOBRING_E_INVALID)) };
        let hooks = HookTable { on_start: config.on_start, on_stop: config.on_stop, arg: config.hook_arg };
        // SAFETY:
        // - obligation 1.
        let port = unsafe { c_port::read(config.port) }?;
        Ok(Self {
            workers,
            #[cfg(any(feature = "std", feature = "pthread"))]
            most,
            shape,
            runtime,
            hooks,
            port,
            destroy_waits: config.flags & JOBRING_FLAG_DESTROY_WAITS != 0,
            // SAFETY:
            // - obligation 1.
            #[cfg(any(feature = "std", feature = "pthread"))]
            threads: unsafe { Threads::read(config, workers, most)? },
            #[cfg(not(any(feature = "std", feature = "pthread")))]
            min_workers: fewest_spawned(config, port)?,
            #[cfg(not(any(feature = "std", feature = "pthread")))]
            nothing: core::marker::PhantomData,
        })
    }

    /// The settings of the workers.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) fn plan(&self) -> WorkerSetConfig<'_> {
        let threads = &self.threads;
        WorkerSetConfig {
            most: self.most,
            min_workers: threads.min_workers,
            guard_size: threads.guard_size,
            stacks: threads.stacks,
            cpus: threads.cpus,
            inherit_signals: threads.inherit_signals,
            timed: threads.flags & JOBRING_FLAG_TIMED != 0,
            painted: threads.flags & JOBRING_FLAG_PAINT_STACKS != 0,
            ..WorkerSetConfig::plain(threads.backend, self.workers, threads.stack_size, threads.name.as_str())
        }
    }
}

impl CheckedConfig<'_> {
    /// A thread of Rust's standard library takes no guard size, stack memory or CPU. Its creation refuses them; this refuses
    /// them before a thread is created.
    pub(super) fn suit_the_backend(&self) -> Result<(), StatusError> {
        #[cfg(any(feature = "std", feature = "pthread"))]
        {
            let threads = &self.threads;
            let is_plain =
                threads.guard_size.is_none() && threads.stacks.is_none() && threads.cpus.is_empty();
            if self.workers > 0 && threads.backend == Backend::Std && !is_plain {
                return Err(StatusError(JOBRING_E_UNSUPPORTED));
            }
        }
        Ok(())
    }
}

/// A build without threads takes a configuration that asks for no threads, or for threads that its port makes.
#[cfg(not(any(feature = "std", feature = "pthread")))]
fn fewest_spawned(config: &jobring_config, port: CPort) -> Result<usize, StatusError> {
    let can = match config.workers {
        JOBRING_WORKERS_NONE => true,
        0 => false,
        _ => c_port::given(&port).is_some_and(|port| port.spawn.is_some()),
    };
    if !can || config.backend != JOBRING_BACKEND_DEFAULT {
        return Err(StatusError(JOBRING_E_UNSUPPORTED));
    }
    let all = if config.workers == JOBRING_WORKERS_NONE { 0 } else { config.workers };
    Ok(if config.min_workers == 0 { all } else { config.min_workers } as usize)
}

/// The part of a configuration that is about threads.
#[cfg(any(feature = "std", feature = "pthread"))]
struct Threads<'a> {
    backend: Backend,
    min_workers: usize,
    stack_size: usize,
    guard_size: Option<usize>,
    stacks: Option<NonNull<u8>>,
    cpus: &'a [u32],
    inherit_signals: bool,
    flags: u32,
    name: NamePrefix,
}

#[cfg(any(feature = "std", feature = "pthread"))]
impl Threads<'_> {
    /// # Safety
    /// As for CheckedConfig::read.
    unsafe fn read(config: &jobring_config, workers: usize, most: usize) -> Result<Self, StatusError> {
        let stack_size = stack_size::effective(config.stack_size)?;
        let guard_size = match config.guard_size {
            0 => None,
            JOBRING_GUARD_NONE => Some(0),
            bytes => Some(stack_size::guard(bytes).ok_or(StatusError(JOBRING_E_INVALID))?),
        };
        let cpus = if config.cpus.is_null() {
            &[]
        } else if config.cpus.is_aligned() && config.cpu_count <= MAX_WORKERS {
            // SAFETY:
            // - the caller's: readable for `cpu_count` numbers.
            unsafe { core::slice::from_raw_parts(config.cpus, config.cpu_count) }
        } else {
            return Err(StatusError(JOBRING_E_INVALID));
        };
        let stacks = NonNull::new(config.stack_memory.cast::<u8>())
            .map(|memory| place_stacks(memory, config.stack_memory_size, most, stack_size))
            .transpose()?;
        Ok(Self {
            backend: backend_of(config.backend)?,
            min_workers: if config.min_workers == 0 { workers } else { config.min_workers as usize },
            stack_size,
            guard_size,
            stacks,
            cpus,
            inherit_signals: config.signals == JOBRING_SIGNALS_INHERIT,
            flags: config.flags,
            // SAFETY:
            // - the caller's.
            name: unsafe { NamePrefix::copy(config.name) },
        })
    }
}

/// The first whole page of the caller's memory, if one stack for each worker fits from there on.
#[cfg(any(feature = "std", feature = "pthread"))]
fn place_stacks(
    memory: NonNull<u8>,
    size: usize,
    workers: usize,
    stack_size: usize,
) -> Result<NonNull<u8>, StatusError> {
    let skip = memory.as_ptr().align_offset(stack_size::page_size());
    let needed = workers.checked_mul(stack_size).and_then(|bytes| bytes.checked_add(skip));
    match needed {
        // SAFETY:
        // - skip <= needed <= size: within the caller's memory.
        Some(needed) if needed <= size => Ok(unsafe { memory.add(skip) }),
        _ => Err(StatusError(JOBRING_E_SIZE)),
    }
}

#[cfg(any(feature = "std", feature = "pthread"))]
fn backend_of(number: u32) -> Result<Backend, StatusError> {
    match number {
        JOBRING_BACKEND_DEFAULT => Ok(Backend::DEFAULT),
        JOBRING_BACKEND_PTHREAD => available(Backend::Pthread),
        JOBRING_BACKEND_STD => available(Backend::Std),
        _ => Err(StatusError(JOBRING_E_INVALID)),
    }
}

#[cfg(any(feature = "std", feature = "pthread"))]
fn available(backend: Backend) -> Result<Backend, StatusError> {
    if backend.is_available() { Ok(backend) } else { Err(StatusError(JOBRING_E_UNSUPPORTED)) }
}

#[cfg(any(feature = "std", feature = "pthread"))]
pub(super) fn number_of(backend: Backend) -> u32 {
    match backend {
        Backend::Pthread => JOBRING_BACKEND_PTHREAD,
        Backend::Std => JOBRING_BACKEND_STD,
    }
}

/// The callbacks of a configuration.
#[derive(Clone, Copy)]
pub(super) struct HookTable {
    pub(super) on_start: jobring_start_fn,
    pub(super) on_stop: jobring_stop_fn,
    pub(super) arg: *mut c_void,
}

// SAFETY:
// - the header says it: the functions may be called on any worker's thread with the argument.
unsafe impl Sync for HookTable {}

#[cfg(any(feature = "std", feature = "pthread"))]
impl Hooks for HookTable {
    fn has_start(&self) -> bool {
        self.on_start.is_some()
    }

    fn start(&self, worker: usize) -> bool {
        // SAFETY:
        // - the configuration's promise: callable with this argument on any thread.
        unsafe { callback::start(self.on_start, self.arg, worker as u32) }
    }

    fn stop(&self, worker: usize) {
        // SAFETY:
        // - as above.
        unsafe { callback::stop(self.on_stop, self.arg, worker as u32) };
    }
}

/// A copy of a name's first bytes: more than a thread's name can show.
#[cfg(any(feature = "std", feature = "pthread"))]
struct NamePrefix {
    bytes: [u8; 16],
    len: usize,
}

#[cfg(any(feature = "std", feature = "pthread"))]
impl NamePrefix {
    /// # Safety
    /// 1. `text` is NULL or a C string.
    unsafe fn copy(text: *const c_char) -> Self {
        let text = if text.is_null() {
            c"jobring"
        } else {
            // SAFETY:
            // - obligation 1.
            unsafe { CStr::from_ptr(text) }
        };
        let mut name = Self { bytes: [0; 16], len: 0 };
        for &byte in text.to_bytes().iter().take(16) {
            name.bytes[name.len] = byte;
            name.len += 1;
        }
        name
    }

    /// The longest prefix that is UTF-8.
    fn as_str(&self) -> &str {
        let bytes = &self.bytes[..self.len];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

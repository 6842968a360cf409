//! The configuration, and what it comes to.

use super::guard::known_prefix;
#[cfg(not(all(feature = "pthread", feature = "std")))]
use super::status::JOBRING_E_UNSUPPORTED;
use super::status::{Failed, JOBRING_E_INVALID, JOBRING_OK, jobring_status};
use crate::pool::{Limits, STACK_RESERVE};
use crate::storage::Shape;
#[cfg(any(feature = "std", feature = "pthread"))]
use crate::thread::{Backend, stack};
use crate::wait::MAX_WORKERS;
use core::ffi::{CStr, c_char, c_void};

/// In jobring_config.workers: no threads. jobring_run_one(), jobring_enter_worker() and waiters run the jobs.
pub const JOBRING_WORKERS_NONE: u32 = u32::MAX;
/// In jobring_config.spin: none, said aloud. 0 means it too, for now.
pub const JOBRING_SPIN_NONE: u32 = u32::MAX;

/// In jobring_config.backend: pthreads where there are any, else the standard library's threads.
pub const JOBRING_BACKEND_DEFAULT: u32 = 0;
/// In jobring_config.backend: pthreads, made through libc.
pub const JOBRING_BACKEND_PTHREAD: u32 = 1;
/// In jobring_config.backend: threads of Rust's standard library.
pub const JOBRING_BACKEND_STD: u32 = 2;

/// Called on a worker's own thread: `hook_arg` of the configuration, and the worker's number from 0.
pub type jobring_hook_fn = Option<unsafe extern "C" fn(hook_arg: *mut c_void, worker: u32)>;

/// How a pool is to be. Zero means the default in every field. Begin with JOBRING_CONFIG_INIT or
/// jobring_config_init(). The structure is copied during the call, the text too.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct jobring_config {
    /// sizeof (jobring_config), so that a program built against an older header is understood.
    pub size: u32,
    /// JOBRING_BACKEND_.
    pub backend: u32,
    /// Worker threads. 0: as many as CPUs that this process may use. JOBRING_WORKERS_NONE: none.
    pub workers: u32,
    /// Start with as few as this if the system refuses more threads. 0: all or none.
    pub min_workers: u32,
    /// The most workers at a time, threads that enter included. 0: `workers` + 16. At most 65,535, on 32-bit
    /// targets 255.
    pub max_workers: u32,
    /// Jobs that fit in, queued, running and over but not taken together: exactly so many. 0: 1,024. At most
    /// 1,048,575.
    pub capacity: u32,
    /// Bytes of a slot, besides its 16 bytes of header (8 on 32-bit targets), rounded up to 16 (8). 0: 48. At least
    /// 4 words. What of it data can take: see jobring_submit_copy().
    pub payload: u32,
    /// How often an idle worker polls before it sleeps. 0: not at all.
    pub spin: u32,
    /// Each worker's stack, bytes, rounded up to a page. 0: 2 MiB. Too small is JOBRING_E_STACK: the floor is what
    /// the system and its thread-local storage need, and 8 KiB.
    pub stack_size: usize,
    /// Prefix of the threads' names; a dash and the number follow. NULL: "jobring".
    pub name: *const c_char,
    /// Called on each worker's thread before its first job. NULL: nothing.
    pub on_start: jobring_hook_fn,
    /// Called on each worker's thread after its last job. NULL: nothing.
    pub on_stop: jobring_hook_fn,
    /// Handed to both.
    pub hook_arg: *mut c_void,
}

const DEFAULTS: jobring_config = jobring_config {
    size: size_of::<jobring_config>() as u32,
    backend: JOBRING_BACKEND_DEFAULT,
    workers: 0,
    min_workers: 0,
    max_workers: 0,
    capacity: 0,
    payload: 0,
    spin: 0,
    stack_size: 0,
    name: core::ptr::null(),
    on_start: None,
    on_stop: None,
    hook_arg: core::ptr::null_mut(),
};

/// The smallest structure that was ever published.
const FIRST_SIZE: usize = core::mem::offset_of!(jobring_config, hook_arg) + size_of::<*mut c_void>();

/// Fills `config` with defaults, for languages without JOBRING_CONFIG_INIT. `size` is sizeof (jobring_config) as the
/// caller knows it; bytes beyond what this library knows are set to zero.
///
/// Returns JOBRING_OK; JOBRING_E_INVALID if `config` is NULL or `size` is smaller than any published structure or
/// above 4,096.
///
/// From anywhere. Does not block or allocate.
///
/// # Safety
/// `config` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_config_init(config: *mut jobring_config, size: usize) -> jobring_status {
    if config.is_null() || !config.is_aligned() || !(FIRST_SIZE..=4096).contains(&size) {
        return JOBRING_E_INVALID;
    }
    let mut defaults = DEFAULTS;
    defaults.size = size as u32;
    // SAFETY:
    // - the caller's: writable for `size` bytes.
    unsafe {
        config.cast::<u8>().write_bytes(0, size);
        let known = size.min(size_of::<jobring_config>());
        config.cast::<u8>().copy_from_nonoverlapping((&raw const defaults).cast(), known);
    }
    JOBRING_OK
}

/// A configuration, checked, its defaults filled in.
pub(super) struct Settings {
    pub(super) workers: usize,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) fewest: usize,
    pub(super) shape: Shape,
    pub(super) limits: Limits,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) backend: Backend,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) stack_size: usize,
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) name: Name,
    pub(super) hooks: Hooked,
}

/// The callbacks of a configuration.
#[derive(Clone, Copy)]
pub(super) struct Hooked {
    on_start: jobring_hook_fn,
    on_stop: jobring_hook_fn,
    arg: *mut c_void,
}

// SAFETY:
// - the functions may be called on any worker's thread with the argument: the header says so.
unsafe impl Sync for Hooked {}

#[cfg(any(feature = "std", feature = "pthread"))]
impl crate::workers::Hooks for Hooked {
    fn start(&self, worker: usize) {
        if let Some(hook) = self.on_start {
            // SAFETY:
            // - the configuration's promise: callable with this argument on any thread.
            unsafe { hook(self.arg, worker as u32) };
        }
    }

    fn stop(&self, worker: usize) {
        if let Some(hook) = self.on_stop {
            // SAFETY:
            // - as above.
            unsafe { hook(self.arg, worker as u32) };
        }
    }
}

/// A name's beginning, copied: more than a thread's name can show.
pub(super) struct Name {
    bytes: [u8; 16],
    len: usize,
}

impl Name {
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

    /// The longest beginning that is UTF-8.
    #[cfg(any(feature = "std", feature = "pthread"))]
    pub(super) fn as_str(&self) -> &str {
        let bytes = &self.bytes[..self.len];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

/// The words that a C job's callbacks and argument take at most.
const FEWEST_WORDS: usize = 4;

impl Settings {
    /// # Safety
    /// 1. `config` is NULL, or readable for what its `size` says, and its name is NULL or a C string.
    pub(super) unsafe fn read(config: *const jobring_config) -> Result<Self, Failed> {
        let config = if config.is_null() {
            DEFAULTS
        } else {
            // SAFETY:
            // - obligation 1.
            unsafe { known_prefix(config, DEFAULTS, FIRST_SIZE)? }
        };
        let invalid = Failed(JOBRING_E_INVALID);
        let none = config.workers == JOBRING_WORKERS_NONE;
        let workers = match config.workers {
            JOBRING_WORKERS_NONE => 0,
            0 => default_workers(),
            workers => workers as usize,
        };
        let most = match config.max_workers {
            0 => (workers + ENTERED).min(MAX_WORKERS.max(workers)),
            most => most as usize,
        };
        if workers > most || most > MAX_WORKERS || config.min_workers as usize > workers {
            return Err(invalid);
        }
        let capacity = if config.capacity == 0 { 1024 } else { config.capacity as usize };
        let payload = if config.payload == 0 { 48 } else { config.payload as usize };
        if payload < FEWEST_WORDS * size_of::<usize>() {
            return Err(invalid);
        }
        let Some(shape) = Shape::new(capacity, payload) else { return Err(invalid) };
        let spin = if config.spin == JOBRING_SPIN_NONE { 0 } else { config.spin };
        let limits = Limits { workers: most, spin, stack_reserve: STACK_RESERVE };
        // SAFETY:
        // - obligation 1.
        let name = unsafe { Name::copy(config.name) };
        let hooks = Hooked { on_start: config.on_start, on_stop: config.on_stop, arg: config.hook_arg };
        #[cfg(any(feature = "std", feature = "pthread"))]
        {
            let backend = backend_of(config.backend)?;
            let fewest = if config.min_workers == 0 { workers } else { config.min_workers as usize };
            let stack_size = stack::effective(config.stack_size)?;
            let _ = none;
            Ok(Self { workers, fewest, shape, limits, backend, stack_size, name, hooks })
        }
        #[cfg(not(any(feature = "std", feature = "pthread")))]
        {
            let _ = name;
            if !none || config.backend != JOBRING_BACKEND_DEFAULT {
                return Err(Failed(JOBRING_E_UNSUPPORTED));
            }
            Ok(Self { workers, shape, limits, hooks })
        }
    }
}

/// Threads that may enter beside a pool's own, where the limit was not chosen.
const ENTERED: usize = 16;

#[cfg(any(feature = "std", feature = "pthread"))]
fn default_workers() -> usize {
    crate::thread::available_cpus()
}

#[cfg(not(any(feature = "std", feature = "pthread")))]
fn default_workers() -> usize {
    0
}

#[cfg(any(feature = "std", feature = "pthread"))]
fn backend_of(number: u32) -> Result<Backend, Failed> {
    match number {
        JOBRING_BACKEND_DEFAULT => Ok(Backend::DEFAULT),
        #[cfg(feature = "pthread")]
        JOBRING_BACKEND_PTHREAD => Ok(Backend::Pthread),
        #[cfg(feature = "std")]
        JOBRING_BACKEND_STD => Ok(Backend::Std),
        #[cfg(not(feature = "pthread"))]
        JOBRING_BACKEND_PTHREAD => Err(Failed(JOBRING_E_UNSUPPORTED)),
        #[cfg(not(feature = "std"))]
        JOBRING_BACKEND_STD => Err(Failed(JOBRING_E_UNSUPPORTED)),
        _ => Err(Failed(JOBRING_E_INVALID)),
    }
}

#[cfg(any(feature = "std", feature = "pthread"))]
pub(super) fn number_of(backend: Backend) -> u32 {
    match backend {
        #[cfg(feature = "pthread")]
        Backend::Pthread => JOBRING_BACKEND_PTHREAD,
        #[cfg(feature = "std")]
        Backend::Std => JOBRING_BACKEND_STD,
    }
}

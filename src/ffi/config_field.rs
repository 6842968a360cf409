//! Which field of a configuration is wrong. The rules stand in `config_check.rs` alone: here they are asked about the defaults with
//! one field of the configuration after the other, until they refuse.

use super::call::{done_out, optional};
use super::config::{DEFAULTS, JOBRING_WORKERS_NONE, jobring_config};
use super::config_check::CheckedConfig;
use super::status::{StatusError, jobring_status};
use core::ffi::{CStr, c_char};

/// Takes a field over, with those that mean something together with it alone.
type Take = fn(&mut jobring_config, &jobring_config);

macro_rules! fields {
    ($($name:ident $(with $other:ident)?,)*) => {
        [$(
            const {
                let Ok(name) = CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) else { panic!() };
                let take: Take = |to, from| {
                    to.$name = from.$name;
                    $(to.$other = from.$other;)?
                };
                (name, take)
            },
        )*]
    };
}

/// The fields that may be wrong. Each comes after those that its bounds depend on.
const FIELDS: &[(&CStr, Take)] = &fields![
    port,
    backend,
    workers,
    min_workers,
    grow_to,
    max_workers,
    capacity,
    payload,
    signals,
    flags,
    stack_size,
    guard_size,
    stack_memory_size with stack_memory,
    cpus with cpu_count,
    reserved,
];

/// Checks a configuration without making a pool, and tells which of its fields is wrong.
///
/// - `config`: as for jobring_create().
/// - `field`: where the name of the first wrong field is written, such as "max_workers": a text that lives as long as
///   the program. NULL is written if none is wrong. Of fields that need each other it is one: the one that does not
///   fit the others. May be NULL.
///
/// Returns what jobring_create() returns for a wrong field, as far as that is known before memory is allocated and
/// threads are made; else JOBRING_OK. (A CPU of `cpus` that this process may not use is known when its thread is
/// made.) JOBRING_E_INVALID also for a misaligned `config`, with NULL for its field, and for a misaligned `field`.
///
/// From any thread, including inside a job; not from a signal handler. Does not block. Does not allocate,
/// except that Rust's standard library does to count the CPUs if `workers` is 0.
///
/// # Safety
/// `config` is NULL or a configuration; `field` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_config_check(
    config: *const jobring_config,
    field: *mut *const c_char,
) -> jobring_status {
    done_out(|| {
        optional(field)?;
        // SAFETY:
        // - the caller's.
        let (checked, wrong) = unsafe { check(config) };
        if !field.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { field.write(wrong.map_or(core::ptr::null(), CStr::as_ptr)) };
        }
        checked
    })
}

/// The verdict on a configuration, and the field that it is about.
///
/// # Safety
/// 1. As for `CheckedConfig::read`.
unsafe fn check(config: *const jobring_config) -> (Result<(), StatusError>, Option<&'static CStr>) {
    // SAFETY:
    // - 1.
    let Err(error) = (unsafe { accept(config) }) else { return (Ok(()), None) };
    if !config.is_aligned() {
        return (Err(error), None);
    }
    let mut given = DEFAULTS;
    if !config.is_null() {
        // SAFETY:
        // - 1: readable for its size, which is its first field; any bytes are valid for the fields. (Not by `known`: a second caller
        //   would be a call in every firmware.)
        unsafe {
            let size = (config.cast::<u32>().read() as usize).min(size_of::<jobring_config>());
            (&raw mut given).cast::<u8>().copy_from_nonoverlapping(config.cast(), size);
        }
    }
    // So that it is right in a build without threads too.
    let mut tried = jobring_config { workers: JOBRING_WORKERS_NONE, ..DEFAULTS };
    for &(name, take) in FIELDS {
        take(&mut tried, &given);
        // SAFETY:
        // - 1: its pointers are the caller's or NULL.
        if let Err(error) = unsafe { accept(&raw const tried) } {
            return (Err(error), Some(name));
        }
    }
    // What is left: it is too short or too long, or its tail is not zero.
    (Err(error), Some(c"size"))
}

/// # Safety
/// 1. As for `CheckedConfig::read`.
unsafe fn accept(config: *const jobring_config) -> Result<(), StatusError> {
    // SAFETY:
    // - 1.
    unsafe { CheckedConfig::read(config) }?.suit_the_backend()
}

//! How the process pools of C are made.

use super::calls::CProcesses;
use crate::ffi::abi_struct::known;
use crate::ffi::call::{done_out, output};
use crate::ffi::processes_types::{
    JOBRING_PROCESSES_FD, JOBRING_PROCESSES_SPAWN, JOBRING_PROCESSES_START, jobring_process_fn,
    jobring_process_limit, jobring_processes, jobring_processes_config,
};
use crate::ffi::status::{
    JOBRING_E_INVALID, JOBRING_E_NO_WORKERS, JOBRING_E_NOMEM, JOBRING_E_THREAD, StatusError, jobring_status,
};
use crate::platform::thread::cancel::with_cancel_disabled;
use crate::processes::pool::{
    Config, CreateError, Function, MAX_LIMITS, Origin, ProcessPool, ResourceLimit, Return, take_over,
};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::{ptr, slice};
use std::boxed::Box;
use std::io::ErrorKind;

impl From<CreateError> for StatusError {
    fn from(error: CreateError) -> Self {
        Self(match error {
            CreateError::Config(_) | CreateError::IsZygote => JOBRING_E_INVALID,
            CreateError::NoZygote => JOBRING_E_NO_WORKERS,
            CreateError::System(error) if error.kind() == ErrorKind::WouldBlock => JOBRING_E_THREAD,
            CreateError::System(_) => JOBRING_E_NOMEM,
        })
    }
}

type ProcessFn = unsafe extern "C" fn(*const c_void, usize, *mut c_void, usize, *mut usize) -> i32;

/// Calls a function of the C program's. An exception ends the worker: its caller does not unwind.
///
/// # Safety
/// 1. `code` is a [`ProcessFn`].
unsafe fn call_function(code: *const (), input: &[u8], result: &mut [u8]) -> Return {
    type Throwing = unsafe extern "C-unwind" fn(*const c_void, usize, *mut c_void, usize, *mut usize) -> i32;
    // SAFETY:
    // - 1; the types differ only in whether the function may unwind.
    let function = unsafe { core::mem::transmute::<*const (), Throwing>(code) };
    let mut length = 0;
    // SAFETY:
    // - the function was registered for such arguments.
    let code = unsafe {
        function(
            input.as_ptr().cast(),
            input.len(),
            result.as_mut_ptr().cast(),
            result.len(),
            &raw mut length,
        )
    };
    if code == 0 { Return::Done(length) } else { Return::Failed(code) }
}

/// # Safety
/// 1. `functions` is NULL or has `count` elements.
unsafe fn table(functions: *const jobring_process_fn, count: u32) -> Result<Box<[Function]>, StatusError> {
    let invalid = StatusError(JOBRING_E_INVALID);
    if functions.is_null() || !functions.is_aligned() || count == 0 {
        return Err(invalid);
    }
    // SAFETY:
    // - 1.
    let functions = unsafe { slice::from_raw_parts(functions, count as usize) };
    let known = |function: &jobring_process_fn| {
        let code = (*function)? as ProcessFn as *const ();
        // SAFETY:
        // - 1: it is a ProcessFn; the workers abort where one unwinds.
        Some(unsafe { Function::new(code, call_function) })
    };
    functions.iter().map(known).collect::<Option<_>>().ok_or(invalid)
}

/// # Safety
/// As for jobring_processes_take_over().
pub(in crate::ffi) unsafe fn become_zygote(
    functions: *const jobring_process_fn,
    count: u32,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let functions = unsafe { table(functions, count) }?;
        take_over(|| functions);
        Ok(())
    })
}

const DEFAULT_CONFIG: jobring_processes_config = jobring_processes_config {
    size: size_of::<jobring_processes_config>() as u32,
    flags: 0,
    workers: 0,
    capacity: 0,
    data_size: 0,
    result_size: 0,
    functions: ptr::null(),
    function_count: 0,
    jobs_per_worker: 0,
    restarts: 0,
    limit_count: 0,
    limits: ptr::null(),
    stack_size: 0,
};

/// The number, or what 0 stands for.
fn or(number: u32, default: usize) -> usize {
    if number == 0 { default } else { number as usize }
}

/// # Safety
/// 1. The lists of the configuration are readable.
unsafe fn checked(config: &jobring_processes_config) -> Result<Config, StatusError> {
    let invalid = StatusError(JOBRING_E_INVALID);
    let all = JOBRING_PROCESSES_SPAWN | JOBRING_PROCESSES_FD | JOBRING_PROCESSES_START;
    let has = |flag| config.flags & flag != 0;
    let limits = config.limit_count as usize;
    let has_functions = !config.functions.is_null() || config.function_count != 0;
    if config.flags & !all != 0
        || has(JOBRING_PROCESSES_SPAWN) && has_functions
        || limits > MAX_LIMITS
        || (limits > 0) == config.limits.is_null()
        || !config.limits.is_aligned()
        || config.stack_size > isize::MAX as usize
    {
        return Err(invalid);
    }
    let limits = if limits == 0 {
        &[][..]
    } else {
        // SAFETY:
        // - 1.
        unsafe { slice::from_raw_parts(config.limits, limits) }
    };
    if limits.iter().any(|limit| limit.reserved != 0 || limit.soft > limit.hard) {
        return Err(invalid);
    }
    let origin = if has(JOBRING_PROCESSES_SPAWN) {
        Origin::Spawn
    } else {
        // SAFETY:
        // - 1.
        Origin::Fork(unsafe { table(config.functions, config.function_count) }?)
    };
    let limit =
        |&jobring_process_limit { resource, soft, hard, .. }: &_| ResourceLimit { resource, soft, hard };
    let defaults = Config::new(origin);
    Ok(Config {
        workers: or(config.workers, defaults.workers),
        capacity: or(config.capacity, defaults.capacity),
        input: or(config.data_size, defaults.input),
        result: or(config.result_size, defaults.result),
        initializer: has(JOBRING_PROCESSES_START).then_some(0),
        jobs_per_worker: (config.jobs_per_worker > 0).then_some(config.jobs_per_worker as usize),
        limits: limits.iter().map(limit).collect(),
        restarts: if config.restarts == 0 { defaults.restarts } else { config.restarts },
        descriptor: has(JOBRING_PROCESSES_FD),
        stack: if config.stack_size == 0 { defaults.stack } else { config.stack_size },
        ..defaults
    })
}

/// # Safety
/// As for jobring_processes_create().
pub(in crate::ffi) unsafe fn create(
    config: *const jobring_processes_config,
    pool: *mut *mut jobring_processes,
) -> jobring_status {
    // The number of CPUs is read from files.
    let make = || {
        output(pool)?;
        let mut room = MaybeUninit::uninit();
        // SAFETY:
        // - the caller's.
        let config = unsafe { known(config, &DEFAULT_CONFIG, size_of_val(&DEFAULT_CONFIG), &mut room) }?;
        // SAFETY:
        // - the caller's.
        let config = unsafe { checked(config) }?;
        let made = CProcesses::into_c(ProcessPool::create(config)?);
        // SAFETY:
        // - checked above.
        unsafe { pool.write(made) };
        Ok(())
    };
    done_out(|| with_cancel_disabled(make))
}

//! Interrupts: the calls that end a thread's blocking calls.

use super::call::{call, done, done_out, output, pool, visit};
use super::status::{JOBRING_E_BUSY, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED, StatusError, jobring_status};
use super::types::jobring_pool;
use crate::job::context::{CallChain, CallContext};
use crate::job::interrupt::Interrupt;
use crate::platform::port::Port;
use core::ffi::c_void;
use core::ptr;

/// A flag that ends the blocking calls of the threads inside its scopes. All zero at first; it may be static.
///
/// Once raised it stays raised until jobring_interrupt_reset().
#[repr(C)]
pub struct jobring_interrupt {
    /// The library's. 0 at first.
    pub reserved: [*mut c_void; 2],
}

/// A thread's stay in a scope of an interrupt. It need not be set to anything before jobring_interrupt_begin().
#[repr(C)]
pub struct jobring_interrupt_scope {
    /// The library's.
    pub reserved: [*mut c_void; 14],
}

const _: () = {
    assert!(size_of::<Interrupt>() <= size_of::<jobring_interrupt>());
    assert!(align_of::<Interrupt>() <= align_of::<jobring_interrupt>());
    assert!(size_of::<CallContext>() <= size_of::<jobring_interrupt_scope>());
    assert!(align_of::<CallContext>() <= align_of::<jobring_interrupt_scope>());
};

/// Begins a scope: until jobring_interrupt_end(), an interrupt that is raised ends the calling thread's blocking calls on the pool.
///
/// Such a call returns JOBRING_E_INTERRUPTED where it would sleep or run a job. It has changed nothing, and can be made again.
/// (The exception is jobring_shutdown(), which has closed the pool.) A call that need not wait succeeds as ever.
///
/// These calls are interrupted: jobring_wait(), jobring_wait_opts(), jobring_wait_many(), jobring_wait_idle(),
/// jobring_completions_take(), a submit on a full pool or at a queue's limit, jobring_shutdown(). Not jobring_parallel_for(),
/// whose jobs use the caller's data. jobring_enter_worker() and jobring_destroy() return JOBRING_E_BUSY inside a scope.
///
/// A job or a callback that runs on this thread meanwhile is not in the scope; it may begin its own. Scopes nest, and the
/// innermost counts. Several threads may be in scopes of one interrupt.
///
/// - `interrupt`: the interrupt. It must stay where it is until the scope has ended.
/// - `scope`: memory for the scope. It must stay where it is until the scope has ended. A job that returns or ends its
///   thread inside a scope ends the scope too.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_BUSY: the thread is in this very scope.
/// - JOBRING_E_UNSUPPORTED: the pool's port keeps no pointer for each thread (`get_self` of jobring_port), or the build has no
///   threads and the pool no port.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block. Does not
/// allocate; the system's library may, in a build without std.
///
/// # Safety
/// `pool` is a pool or NULL; `interrupt` and `scope` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_interrupt_begin(
    pool: *mut jobring_pool,
    interrupt: *mut jobring_interrupt,
    scope: *mut jobring_interrupt_scope,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(interrupt)?;
        output(scope)?;
        let (port, context) = (pool.raw.port(), scope.cast::<CallContext>());
        if CallChain(port.current()).any(|other| ptr::eq(other, context)) {
            return Err(StatusError(JOBRING_E_BUSY));
        }
        // SAFETY:
        // - the caller's; checked above. A context owns nothing.
        unsafe {
            context.write(CallContext::of_interruptible(pool.raw.id(), interrupt.cast(), port.current()));
        }
        port.set_current(context);
        if ptr::eq(port.current(), context) { Ok(()) } else { Err(StatusError(JOBRING_E_UNSUPPORTED)) }
    })
}

/// Ends the scope that the calling thread began last.
///
/// - `scope`: that scope.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also if a scope that this thread began later has not ended, on whatever pool, or if the scope is of
///   another pool, or was begun outside of the job or callback that calls this.
///
/// From the thread that began it. Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `scope` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_interrupt_end(
    pool: *mut jobring_pool,
    scope: *mut jobring_interrupt_scope,
) -> jobring_status {
    done(|| {
        // SAFETY:
        // - the caller's.
        let pool = unsafe { self::pool(pool) }?;
        output(scope)?;
        let port = pool.raw.port();
        let innermost = CallChain(port.current()).next();
        let context =
            innermost.filter(|context| ptr::eq(*context, scope.cast()) && context.pool == pool.raw.id());
        port.set_current(context.ok_or(StatusError(JOBRING_E_INVALID))?.outer);
        Ok(())
    })
}

/// Raises an interrupt: the blocking calls of threads inside its scopes on this pool end, now and until it is reset.
///
/// What the caller did before happens before what such a thread does after its call. An interrupt that is used with several
/// pools is raised on each.
///
/// - `interrupt`: the interrupt. It is used even if no thread is in a scope of it.
///
/// Returns:
/// - JOBRING_OK, also if it was raised already.
/// - JOBRING_E_INVALID.
///
/// From any thread, including inside a job, a hook or a callback; on Linux from a signal handler. (Elsewhere the wake of a
/// thread takes a lock. On a pool with a port it is the port's `unpark`, with `from_isr` 0.) Does not block or allocate.
///
/// # Safety
/// `pool` is a pool or NULL; `interrupt` is NULL or an interrupt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_interrupt_raise(
    pool: *mut jobring_pool,
    interrupt: *mut jobring_interrupt,
) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        let (pool, _visit) = unsafe { visit(pool) }?;
        output(interrupt)?;
        // SAFETY:
        // - the caller's: all zero at first, and only these calls change it.
        pool.raw.raise(unsafe { &*interrupt.cast::<Interrupt>() });
        Ok(())
    })
}

/// Ends the effect of an interrupt: calls inside its scopes sleep again.
///
/// Reset it first, and then look at what the raiser left: so no raise is missed.
///
/// - `interrupt`: the interrupt.
///
/// Returns:
/// - 1 if it was raised, 0 if not.
/// - JOBRING_E_INVALID.
///
/// From any thread, and from a signal handler. Does not block or allocate.
///
/// # Safety
/// `interrupt` is NULL or an interrupt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_interrupt_reset(interrupt: *mut jobring_interrupt) -> i32 {
    call(|| {
        output(interrupt)?;
        // SAFETY:
        // - as in jobring_interrupt_raise.
        Ok(i32::from(unsafe { (*interrupt.cast::<Interrupt>()).reset() }))
    })
}

//! Queues of items: a bounded FIFO between threads and interrupts, in the caller's memory, without a pool.

use super::call::{done, done_out, optional, output, timeout};
use super::status::{
    JOBRING_E_EMPTY, JOBRING_E_FULL, JOBRING_E_INVALID, JOBRING_E_SHUTDOWN, JOBRING_E_SIZE,
    JOBRING_E_TIMEDOUT, StatusError, jobring_status,
};
use super::types::jobring_queue;
use crate::platform::port::Timeout;
use crate::platform::system;
use crate::queue::{ByteQueue, Refused};
use core::alloc::Layout;
use core::ffi::c_void;
use core::ptr::NonNull;

/// The memory that a queue needs.
fn layout(capacity: usize, item_size: usize) -> Result<Layout, StatusError> {
    if !capacity.is_power_of_two() || item_size == 0 {
        return Err(StatusError(JOBRING_E_INVALID));
    }
    ByteQueue::layout(capacity, item_size).ok_or(StatusError(JOBRING_E_SIZE))
}

/// The queue behind a pointer, if it is one.
///
/// # Safety
/// As for ByteQueue::find().
unsafe fn queue<'a>(at: *const jobring_queue) -> Result<&'a ByteQueue, StatusError> {
    // SAFETY:
    // - the caller's.
    unsafe { ByteQueue::find(at.cast()) }.ok_or_else(|| StatusError::refuse(JOBRING_E_INVALID))
}

/// The status of a call that was refused; `late`: because no place was free, or no item there, in time.
fn refused(refused: Refused, late: jobring_status) -> StatusError {
    StatusError::refuse(match refused {
        Refused::TimedOut => late,
        Refused::Closed => JOBRING_E_SHUTDOWN,
    })
}

/// The place of an item.
fn item<T>(at: *const T) -> Result<(), StatusError> {
    if at.is_null() { Err(StatusError::refuse(JOBRING_E_INVALID)) } else { Ok(()) }
}

/// Tells how much memory jobring_queue_init() needs.
///
/// - `capacity`: the most items that the queue holds, a power of two.
/// - `item_size`: the bytes of an item, at least 1.
/// - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to `align` - 1
///   bytes more.
/// - `align`: where the alignment is written. Both may be NULL.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_SIZE: no memory is so large.
/// - JOBRING_E_INVALID: also if `capacity` is not a power of two, or `item_size` is 0.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
///
/// # Safety
/// `size` and `align` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_layout(
    capacity: usize,
    item_size: usize,
    size: *mut usize,
    align: *mut usize,
) -> jobring_status {
    done(|| {
        optional(size)?;
        optional(align)?;
        let layout = layout(capacity, item_size)?;
        if !size.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { size.write(layout.size()) };
        }
        if !align.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { align.write(layout.align()) };
        }
        Ok(())
    })
}

/// Makes an empty queue in the caller's memory.
///
/// Any number of threads may use it at once. It is no part of a pool: jobs may use it as any thread does, but a job that
/// waits at a queue takes a worker away, and no JOBRING_E_DEADLOCK warns of it. A child made by fork() has a copy of the
/// queue; processes do not share one.
///
/// The queue owns nothing besides that memory, so nothing ends it: the memory can be used for something else once no
/// call on the queue is in progress, not even one whose item another thread has popped already.
///
/// - `capacity`: the most items that the queue holds, a power of two. A thread, or an interrupt, that is stopped
///   inside a push or a pop keeps one of these places until it continues, and delays no item but its own.
/// - `item_size`: the bytes of an item, at least 1.
/// - `memory`: the memory, of any alignment.
/// - `size`: its bytes: see jobring_queue_layout().
/// - `queue`: where the queue is written.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_SIZE: `memory` is too small.
/// - JOBRING_E_INVALID: also if `memory` is NULL, `capacity` is not a power of two, or `item_size` is 0.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
///
/// # Safety
/// `memory` is writable for `size` bytes and touched by nobody else; `queue` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_init(
    capacity: usize,
    item_size: usize,
    memory: *mut c_void,
    size: usize,
    queue: *mut *mut jobring_queue,
) -> jobring_status {
    done(|| {
        output(queue)?;
        let memory = NonNull::new(memory.cast::<u8>()).ok_or(StatusError(JOBRING_E_INVALID))?;
        let layout = layout(capacity, item_size)?;
        let skip = memory.addr().get().wrapping_neg() & (layout.align() - 1);
        if skip.checked_add(layout.size()).is_none_or(|needed| needed > size) {
            return Err(StatusError(JOBRING_E_SIZE));
        }
        // SAFETY:
        // - skip < size: within the caller's memory; its alignment and size were just checked. The output was checked
        //   above.
        unsafe { queue.write(ByteQueue::make(memory.add(skip), capacity, item_size).as_ptr().cast()) };
        Ok(())
    })
}

/// Appends a copy of an item.
///
/// Items are popped in the order in which they were pushed: if one push returned before another began, its item comes
/// first. What a thread did before a push is visible to the thread that pops the item. Lock-free: a thread that is
/// stopped anywhere in a push or a pop does not keep others from completing theirs.
///
/// - `item`: `item_size` bytes, which are copied. They may have any alignment.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_FULL: at some moment during the call each place held an item, or belonged to a call in progress.
/// - JOBRING_E_SHUTDOWN: the queue is closed.
/// - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
///
/// It wakes a thread that sleeps in jobring_queue_pop() by at most one system call, which takes no lock on Linux.
///
/// From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
///
/// # Safety
/// `queue` is a queue or NULL; `item` is NULL or readable for an item, outside of the queue's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_try_push(
    queue: *mut jobring_queue,
    item: *const c_void,
) -> jobring_status {
    done(|| {
        self::item(item)?;
        // SAFETY:
        // - the caller's.
        let pushed = unsafe { self::queue(queue)?.push(&system(), item.cast(), Timeout::Poll) };
        pushed.map_err(|why| refused(why, JOBRING_E_FULL))
    })
}

/// As jobring_queue_try_push(), and waits for a free place.
///
/// - `item`: as for jobring_queue_try_push().
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_TIMEDOUT: no place became free in time.
/// - JOBRING_E_SHUTDOWN: the queue is closed, or was closed meanwhile.
/// - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
///
/// After an error the item was not pushed.
///
/// From any thread, including inside a job, a hook or a callback; not from a signal handler or an interrupt. Blocks: it
/// sleeps, or in a build without an operating system it spins, and a time limit ends at once. Does not allocate.
///
/// # Safety
/// As for jobring_queue_try_push().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_push(
    queue: *mut jobring_queue,
    item: *const c_void,
    timeout_ns: i64,
) -> jobring_status {
    done_out(|| {
        self::item(item)?;
        let timeout = timeout(timeout_ns)?;
        // SAFETY:
        // - the caller's.
        let pushed = unsafe { self::queue(queue)?.push(&system(), item.cast(), timeout) };
        pushed.map_err(|why| refused(why, JOBRING_E_TIMEDOUT))
    })
}

/// Removes the oldest item.
///
/// - `item`: where its `item_size` bytes are copied to, of any alignment.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_EMPTY: at some moment during the call no item was in the queue.
/// - JOBRING_E_SHUTDOWN: the queue is closed, and every item that was pushed was popped.
/// - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
///
/// It wakes a thread that sleeps in jobring_queue_push() by at most one system call, which takes no lock on Linux. (The pop
/// of the last item of a closed queue wakes all that sleep in jobring_queue_pop().)
///
/// From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
///
/// # Safety
/// `queue` is a queue or NULL; `item` is NULL or writable for an item, outside of the queue's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_try_pop(
    queue: *mut jobring_queue,
    item: *mut c_void,
) -> jobring_status {
    done(|| {
        self::item(item)?;
        // SAFETY:
        // - the caller's.
        let popped = unsafe { self::queue(queue)?.pop(&system(), item.cast(), Timeout::Poll) };
        popped.map_err(|why| refused(why, JOBRING_E_EMPTY))
    })
}

/// As jobring_queue_try_pop(), and waits for an item.
///
/// - `item`: as for jobring_queue_try_pop().
/// - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_TIMEDOUT: no item came in time.
/// - JOBRING_E_SHUTDOWN: the queue is closed, and every item that was pushed was popped.
/// - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
///
/// From where jobring_queue_push() may be called. Blocks as that does. Does not allocate.
///
/// # Safety
/// As for jobring_queue_try_pop().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_pop(
    queue: *mut jobring_queue,
    item: *mut c_void,
    timeout_ns: i64,
) -> jobring_status {
    done_out(|| {
        self::item(item)?;
        let timeout = timeout(timeout_ns)?;
        // SAFETY:
        // - the caller's.
        let popped = unsafe { self::queue(queue)?.pop(&system(), item.cast(), timeout) };
        popped.map_err(|why| refused(why, JOBRING_E_TIMEDOUT))
    })
}

/// Closes a queue: pushes are refused from now on, and pops go on until it is empty.
///
/// Pushes that wait end with JOBRING_E_SHUTDOWN. So does each pop once every item is popped that a push has accepted. What
/// a thread did before it closed the queue is visible to a thread that gets JOBRING_E_SHUTDOWN. A second close changes nothing.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also if `queue` is no queue.
///
/// From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
///
/// # Safety
/// `queue` is a queue or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_close(queue: *mut jobring_queue) -> jobring_status {
    done_out(|| {
        // SAFETY:
        // - the caller's.
        unsafe { self::queue(queue) }?.close(&system());
        Ok(())
    })
}

/// Tells how many items are in a queue, and how many it can hold.
///
/// The number is exact while nobody else uses the queue. Otherwise it may be out of date, and may miss some items.
///
/// - `len`: where the number of items is written.
/// - `capacity`: where the capacity is written. Both may be NULL.
///
/// Returns:
/// - JOBRING_OK.
/// - JOBRING_E_INVALID: also if `queue` is no queue.
///
/// From anywhere, including a signal handler and an interrupt. Does not block or allocate.
///
/// # Safety
/// `queue` is a queue or NULL; `len` and `capacity` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobring_queue_len(
    queue: *const jobring_queue,
    len: *mut usize,
    capacity: *mut usize,
) -> jobring_status {
    done(|| {
        optional(len)?;
        optional(capacity)?;
        // SAFETY:
        // - the caller's.
        let queue = unsafe { self::queue(queue) }?;
        if !len.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { len.write(queue.len()) };
        }
        if !capacity.is_null() {
            // SAFETY:
            // - checked above.
            unsafe { capacity.write(queue.capacity()) };
        }
        Ok(())
    })
}

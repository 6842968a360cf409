//! A job's outcome, for a wait or a take: written to the caller's structure, which has room for a text or data.

use super::abi_struct::{MOST, write_prefix};
use super::callback;
use super::failure::{Failure, failure};
use super::job::{arg, copied, result, why_dropped};
use super::pool::CPool;
use super::request::copies_bytes;
use super::status::{JOBRING_E_FAILED, JOBRING_E_INVALID, JOBRING_E_SIZE, JOBRING_OK, StatusError};
use super::types::{MoveFn, jobring_job, jobring_outcome};
use crate::engine::{Completion, RanUserCode};
use crate::job::id::JobId;
use crate::job::vtable::{JobVTable, Payload};
use core::ffi::c_void;

/// The size of the smallest structure that was ever published.
const FIRST_SIZE: usize = size_of::<jobring_outcome>();

/// The caller's outcome structure after a check, or none.
pub(super) struct Room {
    at: *mut jobring_outcome,
    data: *mut u8,
    capacity: usize,
    moves: Option<MoveFn>,
}

impl Room {
    /// # Safety
    /// 1. `at` is NULL or a jobring_outcome, which stays valid and which nobody else changes as long as this
    ///    lives.
    pub(super) unsafe fn of(at: *mut jobring_outcome) -> Result<Self, StatusError> {
        if at.is_null() {
            return Ok(Self { at, data: core::ptr::null_mut(), capacity: 0, moves: None });
        }
        if !at.is_aligned() {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        // SAFETY:
        // - 1: readable for its size, which covers the fields.
        let (data, capacity, moves) = unsafe {
            let size = (&raw const (*at).size).read() as usize;
            if !(FIRST_SIZE..=MOST).contains(&size) {
                return Err(StatusError(JOBRING_E_INVALID));
            }
            (
                (&raw const (*at).data).read(),
                (&raw const (*at).capacity).read(),
                (&raw const (*at).r#move).read(),
            )
        };
        if data.is_null() && (capacity > 0 || moves.is_some()) {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        Ok(Self { at, data: data.cast(), capacity, moves })
    }

    /// Can a job's data be too long for it? Never if the caller wants none, or moves them.
    pub(super) fn may_be_too_small(&self) -> bool {
        !self.data.is_null() && !self.moves()
    }

    /// The fields that the caller sets, as it set them.
    pub(super) fn fields(&self) -> (*mut c_void, usize, Option<MoveFn>) {
        (self.data.cast(), self.capacity, self.moves)
    }

    /// Are a job's data moved there?
    pub(super) fn moves(&self) -> bool {
        self.moves.is_some()
    }

    /// The outcome of a job that has finished; its text or data are copied to the caller's room. Err: the
    /// data do not fit, and this is their length.
    ///
    /// # Safety
    /// 1. As for `of`; the caller has the body of the job, a C job of this pool that ended as `taken` says.
    pub(super) unsafe fn read(
        &self,
        pool: &CPool,
        job: jobring_job,
        vtable: &JobVTable,
        payload: Payload,
        taken: Completion,
    ) -> Result<jobring_outcome, u32> {
        let mut outcome = jobring_outcome::new(job, JOBRING_OK);
        (outcome.data, outcome.capacity, outcome.r#move) = self.fields();
        match taken {
            // SAFETY:
            // - 1: it is done, and run stored this.
            Completion::Done => unsafe {
                outcome.result = result(payload);
                let length = copied(vtable, payload);
                outcome.length = length as u32;
                if length == 0 {
                    outcome.arg = arg(payload);
                } else if !self.data.is_null() {
                    if self.moves() {
                        self.move_out(pool, job, payload, length);
                    } else if length > self.capacity {
                        return Err(outcome.length);
                    } else {
                        self.data.copy_from_nonoverlapping(payload.at, length);
                    }
                    outcome.arg = outcome.data;
                }
            },
            Completion::Failed => {
                outcome.status = JOBRING_E_FAILED;
                // SAFETY:
                // - 1: it failed.
                let Failure { code, text, arg, error } = unsafe { failure(payload) };
                (outcome.arg, outcome.result) = (arg, error);
                (outcome.code, outcome.length) = (code, text.len() as u32);
                if self.capacity > 0 {
                    let cut = text.len().min(self.capacity - 1);
                    // SAFETY:
                    // - 1: writable for `capacity` bytes, and no part of a slot.
                    unsafe {
                        self.data.copy_from_nonoverlapping(text.as_ptr(), cut);
                        self.data.add(cut).write(0);
                    }
                }
            }
            // SAFETY:
            // - 1: it was dropped.
            Completion::Cancelled => unsafe {
                outcome.status = why_dropped(payload);
                if copied(vtable, payload) == 0 {
                    outcome.arg = arg(payload);
                }
            },
        }
        Ok(outcome)
    }

    /// # Safety
    /// As for `read`; `length` is that of the job's data, and `move` is given.
    #[cold]
    #[inline(never)]
    unsafe fn move_out(&self, pool: &CPool, job: jobring_job, payload: Payload, length: usize) {
        let (to, from) = (self.data.cast(), payload.at.cast());
        match self.moves.filter(|_| !copies_bytes(self.moves)) {
            // SAFETY:
            // - the caller's.
            Some(moves) => pool.raw.taking(JobId::from_bits(job), || unsafe {
                callback::move_value(moves, to, from, length);
            }),
            // SAFETY:
            // - the caller's: there is room for the data, no part of a slot.
            None => unsafe { self.data.copy_from_nonoverlapping(payload.at, length) },
        }
    }

    /// As `read`, except that data that do not fit are cut.
    ///
    /// # Safety
    /// As for `read`.
    unsafe fn read_cut(
        &self,
        pool: &CPool,
        job: jobring_job,
        vtable: &JobVTable,
        payload: Payload,
        taken: Completion,
    ) -> jobring_outcome {
        // SAFETY:
        // - the caller's.
        unsafe {
            match self.read(pool, job, vtable, payload, taken) {
                Ok(outcome) => outcome,
                Err(length) => {
                    self.data.copy_from_nonoverlapping(payload.at, self.capacity);
                    let (data, result) = (self.data.cast(), result(payload));
                    let capacity = self.capacity;
                    jobring_outcome {
                        arg: data,
                        result,
                        data,
                        capacity,
                        length,
                        ..jobring_outcome::new(job, JOBRING_OK)
                    }
                }
            }
        }
    }

    /// Writes the outcome, if the caller wants it.
    ///
    /// # Safety
    /// 1. As for `of`.
    pub(super) unsafe fn write(&self, outcome: jobring_outcome) -> Result<(), StatusError> {
        // SAFETY:
        // - 1; `of` checked its alignment.
        if self.at.is_null() { Ok(()) } else { unsafe { write_prefix(self.at, outcome, FIRST_SIZE) } }
    }

    /// Writes the length of the data that do not fit.
    ///
    /// # Safety
    /// 1. As for `of`.
    pub(super) unsafe fn too_small(&self, length: u32) -> StatusError {
        // SAFETY:
        // - 1: data are too long only for a structure, so there is one.
        unsafe { (&raw mut (*self.at).length).write(length) };
        StatusError(JOBRING_E_SIZE)
    }
}

/// The caller's array of outcome structures after a check.
pub(super) struct Rooms {
    first: *mut jobring_outcome,
    stride: usize,
    count: usize,
}

impl Rooms {
    /// At most the first `most`; the others are not looked at.
    ///
    /// # Safety
    /// 1. `first` is NULL, or there are `count` structures of the size that the first one states, which stay valid and which
    ///    nobody else changes as long as this lives.
    pub(super) unsafe fn of(
        first: *mut jobring_outcome,
        count: usize,
        most: usize,
    ) -> Result<Self, StatusError> {
        if first.is_null() || count == 0 {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        // SAFETY:
        // - 1; its alignment was just checked.
        let stride = unsafe {
            Room::of(first)?;
            size(first)
        };
        if count > isize::MAX as usize / stride {
            return Err(StatusError(JOBRING_E_INVALID));
        }
        let rooms = Self { first, stride, count: count.min(most) };
        for n in 1..rooms.count {
            // SAFETY:
            // - 1; its alignment was just checked.
            unsafe {
                Room::of(rooms.at(n))?;
                if size(rooms.at(n)) != stride {
                    return Err(StatusError(JOBRING_E_INVALID));
                }
            }
        }
        Ok(rooms)
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn at(&self, n: usize) -> *mut jobring_outcome {
        self.first.wrapping_byte_add(n * self.stride)
    }

    /// Fills in the outcome of a job.
    ///
    /// # Safety
    /// 1. As for `of` and `Room::read`; n < count.
    pub(super) unsafe fn fill(
        &self,
        n: usize,
        pool: &CPool,
        job: jobring_job,
        vtable: &JobVTable,
        payload: Payload,
        taken: Completion,
    ) -> RanUserCode {
        // SAFETY:
        // - 1. `of` found no error in it.
        unsafe {
            let Ok(room) = Room::of(self.at(n)) else { return RanUserCode::No };
            let _ = room.write(room.read_cut(pool, job, vtable, payload, taken));
            if room.moves() { RanUserCode::Yes } else { RanUserCode::No }
        }
    }
}

/// The size that a structure states.
///
/// # Safety
/// 1. It is aligned, and readable for 4 bytes.
unsafe fn size(at: *const jobring_outcome) -> usize {
    // SAFETY:
    // - 1.
    unsafe { (&raw const (*at).size).read() as usize }
}
